//! The MPRIS watcher against real players and against one that misbehaves, on a bus of our own.

use std::path::Path;
use std::time::Duration;

use reeld::model::{Location, Signal, Transport};

use crate::support::bus::PrivateBus;
use crate::support::players::{self, RealPlayer, control};
use crate::support::watcher::Watcher;

fn is_open(film: &Path) -> impl Fn(&Signal) -> bool {
    let path = Location::Path(film.to_str().unwrap().to_owned());
    move |signal| matches!(signal, Signal::Opened(item) if item.location.as_ref() == Some(&path))
}

fn is_in(state: Transport) -> impl Fn(&Signal) -> bool {
    move |signal| matches!(signal, Signal::Transport { state: now, .. } if *now == state)
}

fn has_duration(seconds: f64) -> impl Fn(&Signal) -> bool {
    move |signal| match signal {
        Signal::Opened(item) | Signal::Refined(item) => item
            .duration
            .is_some_and(|length| (length - seconds).abs() < 1.0),
        _ => false,
    }
}

fn is_at(from: f64, to: f64) -> impl Fn(&Signal) -> bool {
    move |signal| matches!(signal, Signal::Position { seconds, .. } if (from..to).contains(seconds))
}

/// Play, pause, resume, seek, to the end, the next file, quit; as any remote control does it.
async fn a_viewing(
    watcher: &mut Watcher,
    bus: &PrivateBus,
    id: &str,
    name: &str,
    films: [&Path; 2],
) {
    let remote = bus.connect().await;
    let mut at = watcher
        .signal(id, 0, "the first film", is_open(films[0]))
        .await;
    watcher.signal(id, 0, "its length", has_duration(8.0)).await;
    at = watcher
        .signal(id, at, "playing", is_in(Transport::Playing))
        .await;
    control(&remote, name, "Pause", &()).await;
    at = watcher
        .signal(id, at, "the pause", is_in(Transport::Paused))
        .await;
    at = watcher
        .signal(id, at, "where it paused", is_at(0.0, 5.0))
        .await;
    control(&remote, name, "Play", &()).await;
    at = watcher
        .signal(id, at, "the resume", is_in(Transport::Playing))
        .await;
    control(&remote, name, "Seek", &(4_000_000i64,)).await;
    watcher.listen(Duration::from_millis(500)).await;
    watcher.ask(id).await;
    at = watcher.signal(id, at, "the jump", is_at(4.0, 8.1)).await;
    at = watcher
        .signal(id, at, "the next film", is_open(films[1]))
        .await;
    watcher
        .signal(id, at - 1, "its length", has_duration(30.0))
        .await;
    at = watcher
        .signal(id, at, "playing on", is_in(Transport::Playing))
        .await;
    watcher.ask(id).await;
    watcher.signal(id, at, "a position", is_at(0.0, 5.0)).await;
}

#[tokio::test]
async fn vlc_is_one_player_and_is_followed_from_film_to_film() {
    if !players::is_installed("vlc") {
        return;
    }
    let folder = players::shared_folder();
    let bus = PrivateBus::start(folder.path());
    let mut watcher = Watcher::start(bus.address());
    watcher.scanned().await;
    let films = [players::film(8), players::film(30)];
    let films = [films[0].as_path(), films[1].as_path()];
    let mut vlc = RealPlayer::vlc(&bus, &films);
    a_viewing(&mut watcher, &bus, "mpris:vlc", "vlc", films).await;
    vlc.kill();
    watcher
        .signal("mpris:vlc", 0, "its end", |signal| {
            *signal == Signal::Vanished
        })
        .await;
    // Two interfaces, two connections, two names: one process, one player.
    for seen in watcher
        .seen
        .iter()
        .filter(|seen| *seen.player.0 != *"mpris:vlc")
    {
        match &seen.signal {
            Signal::Appeared(twin) => assert!(twin.ignored.is_some(), "{seen:?}"),
            other => assert_eq!(*other, Signal::Vanished, "{seen:?}"),
        }
    }
    eprintln!("{}", watcher.transcript());
}

#[tokio::test]
async fn mpv_with_mpris_is_followed_from_film_to_film() {
    if !players::is_installed("mpv") {
        return;
    }
    let folder = players::shared_folder();
    let bus = PrivateBus::start(folder.path());
    let films = [players::film(8), players::film(30)];
    let films = [films[0].as_path(), films[1].as_path()];
    let mut watcher = Watcher::start(bus.address());
    let mut mpv = RealPlayer::mpv(&bus, &[], &films);
    a_viewing(&mut watcher, &bus, "mpris:mpv", "mpv", films).await;
    mpv.kill();
    watcher
        .signal("mpris:mpv", 0, "its end", |signal| {
            *signal == Signal::Vanished
        })
        .await;
    eprintln!("{}", watcher.transcript());
}
