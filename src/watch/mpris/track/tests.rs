//! What players do, and what is told of it. Each test is one habit of some player.

mod film;
mod properties;

use super::super::quirks;
use super::{
    Answer, Duration, Found, Item, Lookup, Metadata, Moment, Properties, Read, Signal, Track,
    Transport,
};
use crate::model::{Tags, Video, Wall};

fn at(ms: u64) -> Moment {
    let since = Duration::from_millis(ms);
    Moment {
        mono: since,
        boot: since,
        wall: Wall(0).plus(since),
    }
}

fn file(name: &str, length: Option<f64>) -> Metadata {
    Metadata {
        url: Some(format!("file:///v/{name}")),
        length,
        ..Metadata::default()
    }
}

fn titled(title: &str, length: Option<f64>) -> Metadata {
    Metadata {
        title: Some(title.into()),
        length,
        ..Metadata::default()
    }
}

fn with(status: Transport, metadata: Metadata) -> Properties {
    Properties {
        status: Some(status),
        metadata: Some(metadata),
        ..Properties::default()
    }
}

fn only(metadata: Metadata) -> Properties {
    Properties {
        metadata: Some(metadata),
        ..Properties::default()
    }
}

fn state(status: Transport) -> Properties {
    Properties {
        status: Some(status),
        ..Properties::default()
    }
}

/// A track, and what it says in short.
struct Player(Track);

impl Player {
    fn new(short: &str) -> Self {
        Self(Track::new(quirks::of(short)))
    }

    /// Playing this since the start, position 0 answered.
    fn playing(short: &str, metadata: Metadata) -> Self {
        let mut player = Self::new(short);
        player.0.changed(with(Transport::Playing, metadata), at(0));
        player.settle(300);
        player.0.answered(Answer::Position(0.0), at(310));
        player.said();
        player.0.read();
        player
    }

    fn said(&mut self) -> Vec<String> {
        let name = |item: &Item| {
            let place = item.location.as_ref().map(|l| l.as_str().to_owned());
            let title = item.title.clone().unwrap_or_default();
            format!("{}({title}) {:?}", place.unwrap_or_default(), item.duration)
        };
        let word = |signal: Signal| match signal {
            Signal::Opened(item) => format!("opened {}", name(&item)),
            Signal::Refined(item) => format!("refined {}", name(&item)),
            Signal::Transport { state, .. } => format!("{state:?}"),
            Signal::Position { seconds, .. } => format!("at {seconds}"),
            other => format!("{other:?}"),
        };
        self.0.signals().into_iter().map(word).collect()
    }

    fn hears(&mut self, ms: u64, properties: Properties) -> Vec<String> {
        self.0.changed(properties, at(ms));
        self.said()
    }

    fn answers(&mut self, ms: u64, seconds: f64) -> Vec<String> {
        self.0.answered(Answer::Position(seconds * 1e6), at(ms));
        self.said()
    }

    fn settle(&mut self, ms: u64) -> Vec<String> {
        self.0.timeout(at(ms));
        self.said()
    }
}

#[test]
fn what_a_player_opens_is_looped_if_it_is_set_to_loop() {
    let values = r#""PlaybackStatus":{"s":"Playing"},"Metadata":{"a{}":{"xesam:url":{"v":{"s":"file:///v/a.mkv"}}}}"#;
    for (said, looped) in [
        (r#""LoopStatus":{"s":"Track"},"#, true),
        (r#""LoopStatus":{"s":"Playlist"},"#, true),
        (r#""LoopStatus":{"v":{"s":"track"}},"#, true),
        (r#""LoopStatus":{"s":"None"},"#, false),
        (r#""LoopStatus":{"b":true},"#, false),
        ("", false),
    ] {
        let mut vlc = Track::new(quirks::of("vlc"));
        let heard = format!(r#"{{"all":{{{said}{values}}}}}"#);
        vlc.hear(serde_json::from_str(&heard).unwrap(), at(0));
        // It stops between the laps.
        let again = format!(r#"{{"changed":{{{values}}}}}"#);
        for (ms, heard) in [
            (60_000, r#"{"changed":{"PlaybackStatus":{"s":"Stopped"}}}"#),
            (60_100, again.as_str()),
        ] {
            vlc.hear(serde_json::from_str(heard).unwrap(), at(ms));
        }
        let opened = vlc.signals().into_iter().filter_map(|signal| match signal {
            Signal::Opened(item) => Some(item.repeated),
            _ => None,
        });
        assert_eq!(opened.collect::<Vec<_>>(), [looped; 2], "{said}");
    }
}

#[test]
fn a_file_is_told_at_once_and_its_parts_when_they_are_together() {
    let mut vlc = Player::new("vlc");
    let parts = [file("a.mkv", None), file("a.mkv", Some(60.0))];
    let [first, second] = parts;
    assert_eq!(
        vlc.hears(0, with(Transport::Playing, first)),
        ["opened /v/a.mkv() None", "Playing"]
    );
    assert_eq!(vlc.hears(50, only(second.clone())), [""; 0]);
    let with_title = Metadata {
        title: Some("A".into()),
        ..second
    };
    assert_eq!(vlc.hears(100, only(with_title)), [""; 0]);
    assert_eq!(vlc.0.deadline(), Some(Duration::from_millis(350)));
    assert_eq!(vlc.settle(350), ["refined /v/a.mkv(A) Some(60.0)"]);
    assert_eq!(vlc.0.deadline(), None);
}

#[test]
fn the_next_file_without_a_stop_between_is_another_item() {
    let mut mpv = Player::playing("mpv", file("a.mkv", Some(60.0)));
    assert_eq!(
        mpv.hears(1000, only(file("b.mkv", None))),
        ["opened /v/b.mkv() None", "Playing"]
    );
    assert_eq!(mpv.0.read(), Some(Read::Position));
}

#[test]
fn a_position_that_comes_with_stopped_is_never_told_nor_one_answered_after_it() {
    let mut jellyfin = Player::playing("JellyfinDesktop", titled("E", Some(60.0)));
    let zeroed = Properties {
        position: Some(0.0),
        ..with(Transport::Stopped, Metadata::default())
    };
    assert_eq!(jellyfin.hears(9000, zeroed), ["Ended(Stopped)", "Stopped"]);
    assert_eq!(jellyfin.answers(9010, 0.0), [""; 0]);
    assert_eq!((jellyfin.0.read(), jellyfin.0.deadline()), (None, None));
}

#[test]
fn metadata_that_is_emptied_without_a_stop_is_an_end() {
    let mut chromium = Player::playing("chromium", titled("T", Some(60.0)));
    assert_eq!(chromium.hears(9000, only(Metadata::default())), [""; 0]);
    assert_eq!(chromium.settle(9300), ["Ended(Stopped)"]);
    assert_eq!(
        chromium.hears(9400, only(titled("U", Some(70.0)))),
        [""; 0],
        "not before its parts are together"
    );
    assert_eq!(chromium.settle(9700), ["opened (U) Some(70.0)", "Playing"]);
}

#[test]
fn metadata_that_says_nothing_usable_opens_nothing() {
    let mut haruna = Player::new("haruna");
    let url = Some("file:".into());
    haruna.hears(
        0,
        with(
            Transport::Playing,
            Metadata {
                url,
                ..Metadata::default()
            },
        ),
    );
    assert_eq!(haruna.settle(300), [""; 0]);
    assert_eq!(haruna.0.deadline(), None);
}

#[test]
fn what_is_emptied_for_a_moment_is_no_end() {
    let mut player = Player::playing("x", titled("T", Some(60.0)));
    player.hears(9000, only(Metadata::default()));
    player.hears(9100, only(titled("T", Some(60.0))));
    assert_eq!(player.settle(9300), [""; 0]);
}

#[test]
fn a_length_or_title_filled_in_late_is_the_same_item() {
    let mut totem = Player::playing("totem", titled("a.mkv", None));
    totem.hears(2000, only(titled("a.mkv", Some(60.0))));
    assert_eq!(totem.settle(2300), ["refined (a.mkv) Some(60.0)"]);
    totem.hears(3000, only(titled("The A", Some(60.0))));
    assert_eq!(totem.settle(3300), ["refined (The A) Some(60.0)"]);
}

#[test]
fn a_length_or_title_no_longer_said_is_kept() {
    let mut player = Player::playing(
        "x",
        Metadata {
            title: Some("A".into()),
            ..file("a.mkv", Some(60.0))
        },
    );
    player.hears(2000, only(file("a.mkv", None)));
    assert_eq!(player.settle(2300), [""; 0]);
}

#[test]
fn without_a_url_another_title_and_length_is_another_item_unless_the_position_goes_on() {
    let mut totem = Player::playing("totem", titled("A", Some(60.0)));
    totem.answers(20_000, 19.7);
    assert_eq!(totem.hears(21_000, only(titled("B", Some(90.0)))), [""; 0]);
    assert_eq!(totem.0.read(), Some(Read::Position));
    assert_eq!(
        totem.answers(21_005, 0.1),
        [""; 0],
        "whose position this is is not known yet"
    );
    assert_eq!(totem.settle(21_300), ["opened (B) Some(90.0)", "Playing"]);

    let mut totem = Player::playing("totem", titled("A", Some(60.0)));
    totem.answers(20_000, 19.7);
    totem.hears(21_000, only(titled("B", Some(90.0))));
    totem.answers(21_005, 20.7);
    assert_eq!(totem.settle(21_300), ["refined (B) Some(90.0)"]);
}

#[test]
fn without_a_url_the_next_episode_may_begin_in_its_middle() {
    let mut jellyfin = Player::playing("JellyfinDesktop", titled("E1", Some(1500.0)));
    jellyfin.answers(20_000, 19.7);
    jellyfin.hears(21_000, only(titled("E2", Some(1400.0))));
    jellyfin.answers(21_010, 700.0);
    assert_eq!(
        jellyfin.settle(21_300),
        ["opened (E2) Some(1400.0)", "Playing"]
    );
}

#[test]
fn a_track_id_alone_changes_nothing_and_one_that_never_changes_hides_nothing() {
    let track = |id: &str, metadata: Metadata| Metadata {
        track: Some(id.into()),
        ..metadata
    };
    let mut player = Player::playing("x", track("/1", file("a.mkv", Some(60.0))));
    player.hears(1000, only(track("/2", file("a.mkv", Some(60.0)))));
    assert_eq!(player.settle(1300), [""; 0]);
    let next = track("/2", file("b.mkv", Some(60.0)));
    assert_eq!(
        player.hears(2000, only(next)),
        ["opened /v/b.mkv() Some(60.0)", "Playing"]
    );
}

#[test]
fn statuses_outside_the_standard_keep_the_state() {
    let mut smplayer = Player::playing("smplayer", file("a.mkv", Some(60.0)));
    assert_eq!(smplayer.hears(1000, Properties::default()), [""; 0]);
    assert_eq!(smplayer.hears(2000, state(Transport::Paused)), ["Paused"]);
}

#[test]
fn buffering_shown_as_paused_is_passed_on_for_the_debouncer_to_settle() {
    let mut celluloid = Player::playing("celluloid", file("a.mkv", Some(60.0)));
    assert_eq!(celluloid.hears(1000, state(Transport::Paused)), ["Paused"]);
    assert_eq!(
        celluloid.hears(1200, state(Transport::Playing)),
        ["Playing"]
    );
}

#[test]
fn a_rate_of_0_is_buffering_and_other_rates_are_told() {
    let rate = |rate| Properties {
        rate: Some(rate),
        ..Properties::default()
    };
    let mut player = Player::playing("JellyfinDesktop", titled("E", Some(60.0)));
    assert_eq!(player.hears(1000, rate(0.0)), ["Buffering"]);
    assert_eq!(player.hears(2000, rate(1.0)), ["Playing"]);
    assert_eq!(player.hears(3000, rate(1.5)), ["Rate(1.5)"]);
}

#[test]
fn a_player_that_loads_while_it_is_stopped_opens_when_it_plays() {
    let mut haruna = Player::playing("haruna", file("a.mkv", Some(60.0)));
    assert_eq!(
        haruna.hears(1000, state(Transport::Stopped)),
        ["Ended(Stopped)", "Stopped"]
    );
    assert_eq!(haruna.hears(1100, only(file("b.mkv", Some(70.0)))), [""; 0]);
    assert_eq!(
        haruna.hears(1200, state(Transport::Playing)),
        ["opened /v/b.mkv() Some(70.0)", "Playing"]
    );
}

#[test]
fn the_same_file_played_again_after_a_stop_is_opened_again() {
    let mut vlc = Player::playing("vlc", file("a.mkv", Some(60.0)));
    vlc.hears(1000, state(Transport::Stopped));
    assert_eq!(
        vlc.hears(2000, state(Transport::Playing)),
        ["opened /v/a.mkv() Some(60.0)", "Playing"]
    );
}

#[test]
fn length_lingers() {
    for name in ["haruna", "celluloid"] {
        let mut player = Player::playing(name, file("a.mkv", Some(60.0)));
        assert_eq!(
            player.hears(1000, only(file("b.mkv", Some(60.0)))),
            ["opened /v/b.mkv() None", "Playing"],
            "the length of the file before is not believed"
        );
        player.hears(1100, only(file("b.mkv", Some(90.0))));
        assert_eq!(player.settle(1400), ["refined /v/b.mkv() Some(90.0)"]);
        player.hears(2000, state(Transport::Stopped));
        assert_eq!(
            player.hears(3000, with(Transport::Playing, file("c.mkv", Some(90.0)))),
            ["opened /v/c.mkv() None", "Playing"],
            "nor is it after a stop"
        );
    }
    let mut celluloid = Player::playing("celluloid", file("a.mkv", Some(60.0)));
    celluloid.hears(1000, only(file("b.mkv", Some(60.0))));
    celluloid.settle(2000);
    celluloid.settle(4000);
    assert_eq!(
        celluloid.settle(4300),
        ["refined /v/b.mkv() Some(60.0)"],
        "it stays: it is true"
    );
}

#[test]
fn position_is_fake() {
    let mut plexamp = Player::new("plexamp");
    let said = plexamp.hears(0, with(Transport::Playing, file("a.mkv", Some(60.0))));
    assert_eq!(
        said,
        ["opened /v/a.mkv() Some(60.0)", "Playing", "PositionUnknown"]
    );
    assert_eq!(plexamp.0.read(), None);
    plexamp.0.asked();
    assert_eq!(plexamp.0.read(), None);
}

#[test]
fn url_is_page() {
    let page = |title: &str, length| Metadata {
        url: Some("https://video.example/watch".into()),
        ..titled(title, Some(length))
    };
    let mut firefox = Player::playing("firefox", page("A", 60.0));
    firefox.answers(20_000, 19.7);
    firefox.hears(21_000, only(page("B", 90.0)));
    firefox.answers(21_010, 0.0);
    assert_eq!(
        firefox.settle(21_300),
        [
            "opened https://video.example/watch(B) Some(90.0)",
            "Playing"
        ]
    );
}

#[test]
fn a_player_that_has_no_position_is_told_once() {
    let mut stremio = Player::playing("Stremio", titled("A", None));
    for ms in [1000, 2000] {
        stremio.0.answered(Answer::Unsupported, at(ms));
    }
    assert_eq!(stremio.said(), ["PositionUnknown"]);
    assert_eq!(stremio.answers(3000, 3.0), ["at 3"], "it has one after all");
}

#[test]
fn a_position_that_stays_0_is_none() {
    let mut player = Player::playing("x", file("a.mkv", Some(60.0)));
    assert_eq!(player.answers(9000, 0.0), ["at 0"]);
    assert_eq!(player.answers(30_000, 0.0), ["PositionUnknown"]);
    assert_eq!(player.answers(60_000, 0.0), [""; 0]);
    assert_eq!(player.answers(90_000, 90.0), ["at 90"]);
    assert_eq!(
        player.answers(91_000, 0.0),
        ["at 0"],
        "back to the beginning"
    );
}

#[test]
fn seconds_instead_of_microseconds_are_seconds_for_the_position_too() {
    let metadata = Metadata {
        in_seconds: true,
        ..file("a.mkv", Some(5400.0))
    };
    let mut player = Player::playing("x", metadata);
    player.0.answered(Answer::Position(90.0), at(90_000));
    assert_eq!(player.said(), ["at 90"]);
}

#[test]
fn the_length_is_looked_for_a_few_times_and_then_no_more() {
    let mut stream = Player::new("x");
    stream.hears(0, with(Transport::Playing, file("live.mkv", None)));
    let mut looks = Vec::new();
    while let Some(due) = stream.0.deadline() {
        stream.0.read();
        let ms = u64::try_from(due.as_millis()).unwrap();
        stream.settle(ms);
        if stream.0.read() == Some(Read::All) {
            looks.push(ms);
        }
    }
    assert_eq!(looks, [1000, 3000, 7000, 15_000]);
    stream.0.asked();
    assert_eq!(stream.0.read(), Some(Read::All), "asked, it looks again");
}

#[test]
fn a_burst_of_seeks_is_told_by_its_first_and_its_last() {
    let mut totem = Player::playing("x", file("a.mkv", Some(60.0)));
    for ms in 0..100 {
        totem.0.seeked(Some(1e6), at(1000 + ms));
    }
    assert_eq!(totem.said(), ["at 1"]);
    assert_eq!(totem.0.read(), None);
    assert_eq!(totem.settle(1301), [""; 0]);
    assert_eq!(totem.0.read(), Some(Read::Position));
}

#[test]
fn a_player_that_keeps_saying_that_something_changed_is_read_twice_in_a_burst() {
    let mut player = Player::new("x");
    player.hears(0, state(Transport::Stopped));
    let mut reads = 0;
    for ms in 1000..1290 {
        player.0.invalidated(at(ms));
        reads += usize::from(player.0.read().is_some());
    }
    player.settle(1301);
    assert_eq!((reads, player.0.read()), (1, Some(Read::All)));
    assert_eq!((player.said(), player.0.deadline()), (vec![], None));
}

#[test]
fn a_playlist_skipped_through_is_told_by_its_first_and_its_last() {
    let mut mpv = Player::playing("mpv", file("0.mkv", Some(60.0)));
    let mut said = Vec::new();
    for n in 1..200 {
        said.extend(mpv.hears(1000 + n, only(file(&format!("{n}.mkv"), Some(60.0)))));
        said.extend(mpv.answers(1000 + n, 0.0));
    }
    assert_eq!(said[0], "opened /v/1.mkv() Some(60.0)");
    assert!(said.len() < 5, "{said:?}");
    assert_eq!(mpv.settle(1302)[0], "opened /v/199.mkv() Some(60.0)");
}

#[test]
fn a_path_of_the_document_portal_becomes_the_one_on_the_host() {
    let portal = "/run/user/1000/doc/ab12/a.mkv";
    let metadata = Metadata {
        url: Some(portal.into()),
        ..file("", Some(60.0))
    };
    let mut player = Player::new("totem");
    let opened = player.hears(0, with(Transport::Playing, metadata.clone()));
    assert_eq!(opened[0], format!("opened {portal}() Some(60.0)"));
    let inside = |path: &str| Lookup::Video(path.into());
    assert_eq!(
        player.0.lookups(),
        [Lookup::HostPath(portal.into()), inside(portal)]
    );
    let found = Found::HostPath(portal.into(), "/films/a.mkv".into());
    player.0.found(found, at(20));
    assert_eq!(player.settle(320), ["refined /films/a.mkv() Some(60.0)"]);
    assert_eq!(
        player.hears(
            1000,
            only(Metadata {
                title: Some("A".into()),
                ..metadata
            })
        ),
        [""; 0]
    );
    assert_eq!(player.settle(1300), ["refined /films/a.mkv(A) Some(60.0)"]);
    assert_eq!(player.0.lookups(), [inside("/films/a.mkv")]);
}

#[test]
fn series_and_episode_are_kept_as_tags() {
    let tags = Tags(vec![
        ("xesam:artist".into(), "A Series".into()),
        ("xesam:tracknumber".into(), "4".into()),
    ]);
    let mut jellyfin = Player::new("JellyfinDesktop");
    let metadata = Metadata {
        tags: tags.clone(),
        ..titled("E", Some(60.0))
    };
    jellyfin
        .0
        .changed(with(Transport::Playing, metadata), at(0));
    jellyfin.0.timeout(at(300));
    let signals = jellyfin.0.signals();
    assert!(
        matches!(&signals[0], Signal::Opened(item) if item.tags == tags),
        "{signals:?}"
    );
}
