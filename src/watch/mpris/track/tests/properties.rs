//! Whatever a player says, in whatever order.

use proptest::prelude::*;

use super::*;

fn anything() -> impl Strategy<Value = Properties> {
    let status = prop::option::of(prop_oneof![
        Just(Transport::Playing),
        Just(Transport::Paused),
        Just(Transport::Stopped),
    ]);
    let metadata = (
        prop::option::of("[ab]"),
        prop::option::of(prop_oneof![
            Just("file:///v/a"),
            Just("/v/b"),
            Just("c.mkv")
        ]),
        prop::option::of(1.0..1e5),
        any::<bool>(),
    );
    let metadata = metadata.prop_map(|(title, url, length, in_seconds)| Metadata {
        title,
        url: url.map(str::to_owned),
        length,
        in_seconds,
        ..Metadata::default()
    });
    let number = prop_oneof![Just(0.0), Just(-1.0), Just(f64::MAX), 0.0..1e10];
    let rest = (
        prop::option::of(0.0..3.0),
        prop::option::of(number),
        any::<bool>(),
        prop::option::of(any::<bool>()),
    );
    (status, prop::option::of(metadata), rest).prop_map(
        |(status, metadata, (rate, position, can_seek, loops))| Properties {
            status,
            metadata,
            rate,
            position,
            can_seek,
            loops,
        },
    )
}

proptest! {
    #[test]
    fn every_item_is_opened_before_anything_is_said_of_it_and_ends_at_most_once(
        steps in prop::collection::vec((anything(), 0..400u64, any::<u8>()), 1..80)
    ) {
        for name in ["x", "haruna", "firefox", "plexamp"] {
            let (mut player, mut ms, mut open) = (Player::new(name), 0, false);
            for (properties, wait, then) in steps.clone() {
                ms += wait;
                match then % 4 {
                    0 => player.0.changed(properties, at(ms)),
                    1 => player.0.read_all(properties, at(ms)),
                    2 => player.0.seeked(properties.position, at(ms)),
                    3 if !player.0.lookups().is_empty() => {
                        let film = format!("/v/{}.mkv", then / 4 % 3);
                        player.0.found(Found::OpenFilm(film), at(ms));
                    }
                    _ => player.0.answered(Answer::Position(properties.position.unwrap_or(0.0)), at(ms)),
                }
                if then > 128 && let Some(due) = player.0.deadline() {
                    ms = ms.max(u64::try_from(due.as_millis()).unwrap() + 1);
                    player.0.timeout(at(ms));
                    prop_assert!(player.0.deadline().is_none_or(|next| next > due), "it spins");
                }
                for signal in player.0.signals() {
                    match signal {
                        Signal::Opened(_) => open = true,
                        Signal::Ended(_) => { prop_assert!(open); open = false; }
                        Signal::Refined(_) | Signal::PositionUnknown => prop_assert!(open),
                        Signal::Position { seconds, .. } => {
                            prop_assert!(open && seconds >= 0.0 && seconds.is_finite());
                        }
                        Signal::Transport { state, .. } => prop_assert!(open || state == Transport::Stopped),
                        _ => {}
                    }
                }
            }
        }
    }
}
