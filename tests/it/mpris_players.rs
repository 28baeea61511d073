//! The MPRIS watcher and real players on a bus of our own: from film to film, killed in the middle, left alone at the end.
//!
//! `tests/record-traces` keeps what is seen here under `tests/traces`.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reeld::model::{Location, Signal, Transport};
use reeld::watch::merge::Merge;
use reeld::watch::record::{self, Heard};

use crate::support::bus::PrivateBus;
use crate::support::players::{self, RealPlayer, Remote};
use crate::support::watcher::Watcher;

/// Seconds of the first film and of the second.
const LENGTHS: [u32; 2] = [12, 30];

/// How a player differs from the others in what any remote control can see.
struct Habit {
    /// The id its player gets.
    id: &'static str,
    /// It plays all the films it is started with.
    plays_lists: bool,
    /// It can open films at any path (Haruna takes `#` and `%` for parts of a URL).
    opens_any_name: bool,
}

impl Habit {
    const fn of(id: &'static str) -> Self {
        Self {
            id,
            plays_lists: true,
            opens_any_name: true,
        }
    }

    fn film(&self, seconds: u32) -> PathBuf {
        if self.opens_any_name {
            players::film(seconds)
        } else {
            players::plain_film(seconds)
        }
    }
}

fn is_open(film: &Path) -> impl Fn(&Signal) -> bool {
    let path = Location::Path(film.to_str().unwrap().to_owned());
    move |signal| match signal {
        Signal::Opened(item) | Signal::Refined(item) => item.location.as_ref() == Some(&path),
        _ => false,
    }
}

fn is_in(state: Transport) -> impl Fn(&Signal) -> bool {
    move |signal| matches!(signal, Signal::Transport { state: now, .. } if *now == state)
}

fn has_duration(seconds: u32) -> impl Fn(&Signal) -> bool {
    move |signal| match signal {
        Signal::Opened(item) | Signal::Refined(item) => item
            .duration
            .is_some_and(|length| (length - f64::from(seconds)).abs() < 1.0),
        _ => false,
    }
}

fn is_at(from: f64, to: f64) -> impl Fn(&Signal) -> bool {
    move |signal| matches!(signal, Signal::Position { seconds, .. } if (from..to).contains(seconds))
}

/// Play, pause, resume, seek, to the end, the next film, quit; as any remote control does it.
async fn is_followed(watcher: &mut Watcher, bus: &PrivateBus, habit: &Habit, films: [&Path; 2]) {
    let id = habit.id;
    watcher
        .signal(id, 0, "the first film", is_open(films[0]))
        .await;
    watcher
        .signal(id, 0, "its length", has_duration(LENGTHS[0]))
        .await;
    let mut at = watcher
        .signal(id, 0, "playing", is_in(Transport::Playing))
        .await;
    at = watcher.signal(id, at, "a position", is_at(0.0, 5.0)).await;
    let remote = Remote::of(bus).await;
    watcher.listen(Duration::from_secs(2)).await;
    remote.press("Pause", &()).await;
    at = watcher
        .signal(id, at, "the pause", is_in(Transport::Paused))
        .await;
    at = watcher
        .signal(id, at, "where it paused", is_at(0.5, 8.0))
        .await;
    watcher.listen(Duration::from_secs(2)).await;
    remote.press("Play", &()).await;
    at = watcher
        .signal(id, at, "the resume", is_in(Transport::Playing))
        .await;
    remote.press("Seek", &(3_000_000i64,)).await;
    watcher.listen(Duration::from_millis(700)).await;
    watcher.ask(id).await;
    at = watcher.signal(id, at, "the jump", is_at(5.0, 12.1)).await;
    if habit.plays_lists {
        let next = watcher
            .signal(id, at, "the next film", is_open(films[1]))
            .await;
        watcher
            .signal(id, next - 1, "its length", has_duration(LENGTHS[1]))
            .await;
        // Celluloid opens it paused on a screen that nobody sees.
        watcher.listen(Duration::from_secs(1)).await;
        remote.press("Play", &()).await;
        at = watcher
            .signal(id, at, "playing on", is_in(Transport::Playing))
            .await;
        watcher.listen(Duration::from_secs(2)).await;
        watcher.ask(id).await;
        watcher.signal(id, at, "a position", is_at(0.1, 8.0)).await;
    } else {
        let is_over = |signal: &Signal| {
            matches!(signal, Signal::Ended(_) | Signal::Vanished)
                || is_in(Transport::Paused)(signal)
        };
        watcher.signal(id, at, "the end", is_over).await;
        watcher.listen(Duration::from_secs(1)).await;
    }
    remote.quit().await;
    watcher.listen(Duration::from_secs(1)).await;
}

/// Nobody but one player spoke, whatever number of names and connections its process has.
fn is_one_player(watcher: &Watcher, id: &str) {
    let mut merge = Merge::new(Box::new(|_, _| false));
    let seen = watcher.seen.iter().cloned();
    let merged = seen.flat_map(|seen| merge.handle(seen));
    for seen in merged.filter(|seen| *seen.player.0 != *id) {
        match &seen.signal {
            Signal::Appeared(twin) => assert!(twin.ignored.is_some(), "{seen:?}"),
            other => assert_eq!(*other, Signal::Vanished, "{seen:?}"),
        }
    }
}

async fn lives(name: &str, habit: &Habit, start: impl Fn(&PrivateBus, &[&Path]) -> RealPlayer) {
    let films = LENGTHS.map(|seconds| habit.film(seconds));
    let films = [films[0].as_path(), films[1].as_path()];
    let folder = players::shared_folder();
    let bus = PrivateBus::start(folder.path());
    let mut watcher = Watcher::start(bus.address());
    let mut player = start(&bus, &films);
    is_followed(&mut watcher, &bus, habit, films).await;
    player.kill();
    watcher
        .signal(habit.id, 0, "its end", |signal| *signal == Signal::Vanished)
        .await;
    eprintln!("{}", watcher.transcript());
    is_one_player(&watcher, habit.id);
    watcher.save(&format!("{name}-viewing"));
}

async fn is_killed(name: &str, habit: &Habit, start: impl Fn(&PrivateBus, &[&Path]) -> RealPlayer) {
    let film = habit.film(LENGTHS[1]);
    let folder = players::shared_folder();
    let bus = PrivateBus::start(folder.path());
    let mut watcher = Watcher::start(bus.address());
    watcher.scanned().await;
    let mut player = start(&bus, &[&film]);
    let id = habit.id;
    let at = watcher
        .signal(id, 0, "playing", is_in(Transport::Playing))
        .await;
    watcher.listen(Duration::from_secs(3)).await;
    player.kill();
    watcher
        .signal(id, at, "its end", |signal| *signal == Signal::Vanished)
        .await;
    watcher.save(&format!("{name}-killed"));
}

/// Left alone with one film until it is over, and some time longer.
async fn is_left_alone(
    name: &str,
    habit: &Habit,
    start: impl Fn(&PrivateBus, &[&Path]) -> RealPlayer,
) {
    let film = habit.film(LENGTHS[0]);
    let folder = players::shared_folder();
    let bus = PrivateBus::start(folder.path());
    let mut watcher = Watcher::start(bus.address());
    watcher.scanned().await;
    let mut player = start(&bus, &[&film]);
    let id = habit.id;
    let at = watcher
        .signal(id, 0, "playing", is_in(Transport::Playing))
        .await;
    let length = Duration::from_secs(LENGTHS[0].into());
    watcher.listen(length + Duration::from_secs(4)).await;
    player.kill();
    watcher
        .signal(id, at, "its end", |signal| *signal == Signal::Vanished)
        .await;
    watcher.save(&format!("{name}-ended"));
}

/// All lives of a player, if it is installed.
async fn both(
    name: &str,
    program: &str,
    habit: Habit,
    start: impl Fn(&PrivateBus, &[&Path]) -> RealPlayer,
) {
    if players::is_installed(program) {
        lives(name, &habit, &start).await;
        is_killed(name, &habit, &start).await;
        is_left_alone(name, &habit, &start).await;
    }
}

#[tokio::test]
async fn vlc_is_followed() {
    let habit = Habit::of("mpris:vlc");
    both("vlc", "vlc", habit, |bus, films| {
        RealPlayer::vlc(bus, &[], films)
    })
    .await;
}

#[tokio::test]
async fn vlc_with_two_interfaces_on_the_bus_is_one_player() {
    let habit = Habit::of("mpris:vlc");
    both("vlc-twice", "vlc", habit, |bus, films| {
        RealPlayer::vlc(bus, &["--control", "dbus"], films)
    })
    .await;
}

#[tokio::test]
async fn mpv_with_mpris_is_followed() {
    let habit = Habit::of("mpris:mpv");
    both("mpv", "mpv", habit, |bus, films| {
        RealPlayer::mpv(bus, &[], films)
    })
    .await;
}

#[tokio::test]
async fn celluloid_is_followed() {
    let id = "mpris:io.github.celluloid_player.Celluloid";
    let habit = Habit::of(id);
    let start = |bus: &PrivateBus, films: &[&Path]| RealPlayer::on_screen("celluloid", bus, films);
    both("celluloid", "celluloid", habit, start).await;
}

#[tokio::test]
async fn totem_is_followed() {
    let habit = Habit::of("mpris:totem");
    let start = |bus: &PrivateBus, films: &[&Path]| RealPlayer::on_screen("totem", bus, films);
    both("totem", "totem", habit, start).await;
}

#[tokio::test]
async fn smplayer_is_followed() {
    let habit = Habit {
        plays_lists: false,
        ..Habit::of("mpris:smplayer")
    };
    let start = |bus: &PrivateBus, films: &[&Path]| RealPlayer::on_screen("smplayer", bus, films);
    both("smplayer", "smplayer", habit, start).await;
}

#[tokio::test]
async fn haruna_is_followed() {
    let habit = Habit {
        opens_any_name: false,
        ..Habit::of("mpris:haruna")
    };
    let start = |bus: &PrivateBus, films: &[&Path]| RealPlayer::on_screen("haruna", bus, films);
    both("haruna", "haruna", habit, start).await;
}

#[test]
fn every_trace_that_is_kept_can_be_read_and_tells_of_one_life() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces");
    let mut read = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "jsonl") {
            continue;
        }
        let file = BufReader::new(std::fs::File::open(&path).unwrap());
        let trace =
            record::read(file).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let last = trace.entries.last().unwrap();
        assert_eq!(
            last.heard,
            Heard::Signal(Signal::Vanished),
            "{}",
            path.display()
        );
        read += 1;
    }
    assert!(read >= 14, "{read} traces");
}
