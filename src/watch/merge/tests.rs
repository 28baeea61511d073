//! Each test is a list of steps: who says what, and what comes of it.

mod sandbox;

use std::time::Duration;

use super::*;
use crate::model::{EndReason, Location, Transport, Wall};

const MPV: &str = "mpv-7";
const BUS: &str = "mpris:mpv";

pub(super) fn at(seconds: u64) -> Moment {
    let since = Duration::from_secs(seconds);
    Moment {
        mono: since,
        boot: since,
        wall: Wall(0).plus(since),
    }
}

fn process(pid: u32) -> Process {
    Process { pid, started: 1 }
}

pub(super) fn info(source: Source, pid: Option<u32>) -> Signal {
    named("mpv", source, pid)
}

pub(super) fn named(name: &str, source: Source, pid: Option<u32>) -> Signal {
    Signal::Appeared(PlayerInfo {
        name: name.into(),
        source,
        process: pid.map(process),
        ignored: None,
    })
}

pub(super) fn item(path: &str) -> Box<Item> {
    Box::new(Item {
        location: Some(Location::Path(path.into())),
        duration: Some(100.0),
        ..Item::default()
    })
}

pub(super) fn playing() -> Signal {
    Signal::Transport {
        state: Transport::Playing,
        position: Some(0.0),
    }
}

/// What comes out, in short: the player and what is said of it.
fn short(out: &[Observation]) -> Vec<String> {
    let word = |signal: &Signal| match signal {
        Signal::Appeared(info) => match &info.ignored {
            Some(why) => format!("ignored: {why}"),
            None => format!("appeared on {:?}", info.source),
        },
        Signal::Vanished => "vanished".into(),
        Signal::Opened(item) => format!("opened {}", item.location.as_ref().unwrap().as_str()),
        Signal::Refined(item) => format!("refined {}", item.location.as_ref().unwrap().as_str()),
        Signal::Transport { state, position } => format!("{state:?} {position:?}"),
        Signal::Rate(rate) => format!("rate {rate}"),
        Signal::Position { seconds, .. } => format!("at {seconds}"),
        other => format!("{other:?}"),
    };
    out.iter()
        .map(|seen| format!("{} {}", seen.player, word(&seen.signal)))
        .collect()
}

struct Scene {
    merge: Merge,
    second: u64,
}

impl Scene {
    fn new() -> Self {
        // Process 2 was started by process 1.
        let started = |parent: Process, child: Process| (parent.pid, child.pid) == (1, 2);
        Self {
            merge: Merge::new(Box::new(started)),
            second: 0,
        }
    }

    /// Says it a second after the last; compares what comes of it.
    #[track_caller]
    fn step(&mut self, player: &str, signal: Signal, expected: &[&str]) {
        self.second += 1;
        let out = self.merge.handle(Observation {
            at: at(self.second),
            player: PlayerId::new(player),
            signal: signal.clone(),
        });
        assert_eq!(short(&out), expected, "after {player} said {signal:?}");
    }
}

impl Scene {
    fn quietly(&mut self, player: &str, signal: Signal) {
        self.second += 1;
        self.merge.handle(Observation {
            at: at(self.second),
            player: PlayerId::new(player),
            signal,
        });
    }
}

#[test]
fn a_player_with_one_transport_passes_as_it_is() {
    let mut scene = Scene::new();
    scene.step(
        "mpris:vlc",
        info(Source::Mpris, Some(9)),
        &["mpris:vlc appeared on Mpris"],
    );
    scene.step(
        "mpris:vlc",
        Signal::Opened(item("/a")),
        &["mpris:vlc opened /a"],
    );
    scene.step("mpris:vlc", playing(), &["mpris:vlc Playing Some(0.0)"]);
    scene.step("mpris:vlc", Signal::Vanished, &["mpris:vlc vanished"]);
}

#[test]
fn the_socket_is_preferred_whichever_appears_first() {
    let mut scene = Scene::new();
    scene.step(MPV, info(Source::Mpv, Some(7)), &["mpv-7 appeared on Mpv"]);
    scene.step(
        BUS,
        info(Source::Mpris, Some(7)),
        &["mpris:mpv ignored: watched through its mpv socket"],
    );
    scene.step(BUS, Signal::Opened(item("/a")), &[]);
    scene.step(MPV, Signal::Opened(item("/a")), &["mpv-7 opened /a"]);

    let mut scene = Scene::new();
    scene.step(
        BUS,
        info(Source::Mpris, Some(7)),
        &["mpris:mpv appeared on Mpris"],
    );
    scene.step(
        MPV,
        info(Source::Mpv, Some(7)),
        &[
            "mpv-7 appeared on Mpv",
            "mpris:mpv ignored: watched through its mpv socket",
        ],
    );
    scene.step(BUS, Signal::Opened(item("/a")), &[]);
    scene.step(MPV, Signal::Opened(item("/a")), &["mpv-7 opened /a"]);
    assert_eq!(scene.merge.route(&PlayerId::new(MPV)), PlayerId::new(MPV));
}

#[test]
fn a_socket_that_appears_late_goes_on_with_the_playback_under_the_same_name() {
    let mut scene = Scene::new();
    scene.step(
        BUS,
        info(Source::Mpris, Some(7)),
        &["mpris:mpv appeared on Mpris"],
    );
    scene.step(BUS, Signal::Opened(item("/a")), &["mpris:mpv opened /a"]);
    scene.step(BUS, playing(), &["mpris:mpv Playing Some(0.0)"]);
    scene.step(
        MPV,
        info(Source::Mpv, Some(7)),
        &["mpv-7 ignored: the same player as mpris:mpv"],
    );
    scene.step(
        MPV,
        Signal::Opened(item("/a")),
        &[
            "mpris:mpv appeared on Mpv",
            "mpris:mpv refined /a",
            "mpris:mpv rate 1",
            "mpv-7 ignored: the same player as mpris:mpv",
        ],
    );
    scene.step(MPV, playing(), &["mpris:mpv Playing Some(0.0)"]);
    assert_eq!(scene.merge.route(&PlayerId::new(BUS)), PlayerId::new(MPV));
    scene.step(BUS, Signal::Ended(EndReason::Stopped), &[]);
    scene.step(MPV, Signal::Opened(item("/b")), &["mpris:mpv opened /b"]);
}

#[test]
fn when_the_socket_dies_midway_the_bus_takes_over() {
    let mut scene = Scene::new();
    scene.step(MPV, info(Source::Mpv, Some(7)), &["mpv-7 appeared on Mpv"]);
    scene.step(
        BUS,
        info(Source::Mpris, Some(7)),
        &["mpris:mpv ignored: watched through its mpv socket"],
    );
    scene.step(MPV, Signal::Opened(item("/a")), &["mpv-7 opened /a"]);
    scene.step(MPV, playing(), &["mpv-7 Playing Some(0.0)"]);
    scene.step(BUS, Signal::Opened(item("/a")), &[]);
    scene.step(BUS, playing(), &[]);
    scene.step(
        MPV,
        Signal::Vanished,
        &[
            "mpv-7 appeared on Mpris",
            "mpv-7 refined /a",
            "mpv-7 rate 1",
            "mpv-7 Playing None",
            "mpris:mpv ignored: the same player as mpv-7",
        ],
    );
    assert_eq!(scene.merge.route(&PlayerId::new(MPV)), PlayerId::new(BUS));
    scene.step(BUS, Signal::Opened(item("/b")), &["mpv-7 opened /b"]);
    scene.step(
        BUS,
        Signal::Vanished,
        &["mpv-7 vanished", "mpris:mpv vanished"],
    );
}

#[test]
fn a_socket_that_comes_back_is_preferred_again() {
    let mut scene = Scene::new();
    scene.step(MPV, info(Source::Mpv, Some(7)), &["mpv-7 appeared on Mpv"]);
    scene.step(
        BUS,
        info(Source::Mpris, Some(7)),
        &["mpris:mpv ignored: watched through its mpv socket"],
    );
    scene.step(BUS, Signal::Opened(item("/a")), &[]);
    scene.step(
        MPV,
        Signal::Vanished,
        &[
            "mpv-7 appeared on Mpris",
            "mpv-7 opened /a",
            "mpv-7 rate 1",
            "mpris:mpv ignored: the same player as mpv-7",
        ],
    );
    scene.step(MPV, info(Source::Mpv, Some(7)), &[]);
    scene.step(
        MPV,
        Signal::Opened(item("/a")),
        &[
            "mpv-7 appeared on Mpv",
            "mpv-7 refined /a",
            "mpv-7 rate 1",
            "mpris:mpv ignored: watched through its mpv socket",
        ],
    );
}

#[test]
fn a_player_and_the_mpv_it_started_are_one() {
    let mut scene = Scene::new();
    scene.step(
        "mpris:smplayer",
        named("SMPlayer", Source::Mpris, Some(1)),
        &["mpris:smplayer appeared on Mpris"],
    );
    scene.step(
        "mpris:smplayer",
        Signal::Opened(item("/a")),
        &["mpris:smplayer opened /a"],
    );
    scene.step(
        "mpv-2",
        info(Source::Mpv, Some(2)),
        &["mpv-2 ignored: the same player as mpris:smplayer"],
    );
    scene.step(
        "mpv-3",
        info(Source::Mpv, Some(3)),
        &["mpv-3 appeared on Mpv"],
    );
}

/// Process 1, SMPlayer, which started process 2, an mpv; the film is open in both.
fn player_with_its_mpv() -> Scene {
    let mut scene = Scene::new();
    scene.quietly("mpris:smplayer", named("SMPlayer", Source::Mpris, Some(1)));
    scene.quietly("mpris:smplayer", Signal::Opened(item("/a")));
    scene.quietly("mpv-2", info(Source::Mpv, Some(2)));
    scene.quietly("mpv-2", Signal::Opened(item("/a")));
    scene
}

fn paused() -> Signal {
    Signal::Transport {
        state: Transport::Paused,
        position: None,
    }
}

#[test]
fn an_mpv_of_a_player_speaks_for_it_once_it_has_played() {
    let mut scene = player_with_its_mpv();
    scene.step(
        "mpris:smplayer",
        playing(),
        &["mpris:smplayer Playing Some(0.0)"],
    );
    scene.step("mpv-2", paused(), &[]);
    assert_eq!(
        scene.merge.route(&PlayerId::new("mpris:smplayer")),
        PlayerId::new("mpris:smplayer")
    );
    scene.step(
        "mpv-2",
        playing(),
        &[
            "mpris:smplayer appeared on Mpv",
            "mpris:smplayer refined /a",
            "mpris:smplayer rate 1",
            "mpris:smplayer Playing None",
            "mpv-2 ignored: the same player as mpris:smplayer",
        ],
    );
    scene.step("mpv-2", paused(), &["mpris:smplayer Paused None"]);
    scene.step("mpris:smplayer", paused(), &[]);
    scene.step("mpris:smplayer", playing(), &[]);
    scene.step(
        "mpv-2",
        Signal::Opened(item("/b")),
        &["mpris:smplayer opened /b"],
    );
}

#[test]
fn an_mpv_that_never_plays_does_not_hide_the_player_that_does() {
    let mut scene = Scene::new();
    scene.quietly("mpv-2", info(Source::Mpv, Some(2)));
    scene.quietly("mpv-2", Signal::Opened(item("/a")));
    scene.quietly("mpv-2", paused());
    scene.quietly(
        "mpris:celluloid",
        named("Celluloid", Source::Mpris, Some(1)),
    );
    scene.step("mpris:celluloid", Signal::Opened(item("/a")), &[]);
    scene.step(
        "mpris:celluloid",
        playing(),
        &[
            "mpv-2 appeared on Mpris",
            "mpv-2 refined /a",
            "mpv-2 rate 1",
            "mpv-2 Playing None",
            "mpris:celluloid ignored: the same player as mpv-2",
        ],
    );
    let shown = Signal::Position {
        seconds: 50.0,
        seeked: true,
    };
    scene.step("mpv-2", shown, &[]);
    scene.step("mpris:celluloid", paused(), &["mpv-2 Paused None"]);
    scene.step("mpv-2", Signal::Refined(item("/a")), &[]);
}

#[test]
fn an_mpv_that_never_played_does_not_keep_a_player_alive_that_is_gone() {
    let mut scene = player_with_its_mpv();
    scene.quietly("mpris:smplayer", playing());
    scene.quietly("mpv-2", paused());
    scene.step(
        "mpris:smplayer",
        Signal::Vanished,
        &[
            "mpv-2 appeared on Mpv",
            "mpv-2 opened /a",
            "mpv-2 rate 1",
            "mpv-2 Paused None",
            "mpris:smplayer vanished",
        ],
    );
    scene.step("mpv-2", Signal::Vanished, &["mpv-2 vanished"]);
}

#[test]
fn a_player_is_called_by_its_own_name_whoever_speaks_for_it() {
    let mut scene = player_with_its_mpv();
    let names = |scene: &mut Scene, player: &str, signal| -> Vec<String> {
        let player = PlayerId::new(player);
        let out = scene.merge.handle(Observation {
            at: at(9),
            player,
            signal,
        });
        let name = |seen: Observation| match seen.signal {
            Signal::Appeared(info) if info.ignored.is_none() => Some(info.name),
            _ => None,
        };
        out.into_iter().filter_map(name).collect()
    };
    assert_eq!(names(&mut scene, "mpv-2", playing()), ["SMPlayer"]);
    assert_eq!(
        names(&mut scene, "mpv-2", info(Source::Mpv, Some(2))),
        ["SMPlayer"]
    );
    assert_eq!(names(&mut scene, "mpv-2", Signal::Vanished), ["SMPlayer"]);
}

pub(super) fn denied(name: &str, pid: u32) -> Signal {
    let Signal::Appeared(info) = named(name, Source::Mpris, Some(pid)) else {
        panic!();
    };
    Signal::Appeared(PlayerInfo {
        ignored: Some("denied".into()),
        ..info
    })
}

#[test]
fn the_mpv_of_a_denied_player_is_ignored_with_it_until_that_is_watched_again() {
    let mut scene = player_with_its_mpv();
    scene.quietly("mpv-2", playing());
    scene.step(
        "mpris:smplayer",
        denied("SMPlayer", 1),
        &[
            "mpris:smplayer vanished",
            "mpris:smplayer ignored: denied",
            "mpv-2 ignored: plays for SMPlayer: denied",
        ],
    );
    scene.step("mpv-2", Signal::Opened(item("/b")), &[]);
    scene.step("mpv-2", playing(), &[]);
    scene.step(
        "mpv-2",
        info(Source::Mpv, Some(2)),
        &["mpv-2 ignored: plays for SMPlayer: denied"],
    );
    scene.step(
        "mpris:smplayer",
        named("SMPlayer", Source::Mpris, Some(1)),
        &[
            "mpris:smplayer appeared on Mpris",
            "mpris:smplayer ignored: watched through its mpv socket",
            "mpv-2 appeared on Mpv",
            "mpv-2 opened /b",
            "mpv-2 rate 1",
            "mpv-2 Playing Some(2.0)",
            "mpris:smplayer ignored: watched through its mpv socket",
        ],
    );
}

#[test]
fn what_is_not_a_denied_players_own_mpv_is_not_ignored_with_it() {
    for (name, pid) in [("Mozilla Firefox", 1), ("SMPlayer", 3)] {
        let mut scene = Scene::new();
        scene.quietly("mpris:other", denied(name, pid));
        scene.step(
            "mpv-2",
            info(Source::Mpv, Some(2)),
            &["mpv-2 appeared on Mpv"],
        );
    }
    let mut scene = Scene::new();
    scene.quietly("mpv-2", info(Source::Mpv, Some(2)));
    scene.quietly("mpris:vlc", denied("VLC", 2));
    scene.step("mpv-2", Signal::Vanished, &["mpv-2 vanished"]);
}

#[test]
fn what_a_player_started_is_another_player_unless_it_is_its_mpv() {
    for (parent, child) in [
        (
            named("Stremio", Source::Mpris, Some(1)),
            named("VLC", Source::Mpris, Some(2)),
        ),
        (info(Source::Mpris, Some(1)), info(Source::Mpv, Some(2))),
    ] {
        let mut scene = Scene::new();
        scene.step("mpris:one", parent, &["mpris:one appeared on Mpris"]);
        let source = if matches!(&child, Signal::Appeared(i) if i.source == Source::Mpv) {
            "Mpv"
        } else {
            "Mpris"
        };
        scene.step("two", child, &[&format!("two appeared on {source}")]);
    }
}

#[test]
fn who_is_one_by_process_stays_one_whatever_is_open() {
    let mut scene = Scene::new();
    scene.quietly(MPV, info(Source::Mpv, Some(7)));
    scene.quietly(MPV, Signal::Opened(item("/a")));
    scene.quietly(BUS, info(Source::Mpris, Some(7)));
    scene.quietly(BUS, Signal::Opened(item("/a")));
    scene.step(BUS, Signal::Opened(item("/b")), &[]);
    scene.step(MPV, Signal::Opened(item("/c")), &["mpv-7 opened /c"]);
}

#[test]
fn of_two_connections_of_one_process_the_one_that_plays_speaks() {
    let [first, second] = ["mpris:vlc", "mpris:vlc-9"];
    let stopped = || Signal::Transport {
        state: Transport::Stopped,
        position: None,
    };
    let mut scene = Scene::new();
    scene.quietly(first, named("VLC", Source::Mpris, Some(9)));
    scene.quietly(first, stopped());
    scene.step(
        second,
        named("VLC", Source::Mpris, Some(9)),
        &["mpris:vlc-9 ignored: the same player as mpris:vlc"],
    );
    scene.step(second, Signal::Opened(item("/a")), &[]);
    scene.step(
        second,
        playing(),
        &[
            "mpris:vlc appeared on Mpris",
            "mpris:vlc opened /a",
            "mpris:vlc rate 1",
            "mpris:vlc Playing Some(0.0)",
            "mpris:vlc-9 ignored: the same player as mpris:vlc",
        ],
    );
    scene.step(first, Signal::Opened(item("/a")), &[]);
    scene.step(first, playing(), &[]);
    let paused = || Signal::Transport {
        state: Transport::Paused,
        position: None,
    };
    scene.step(second, paused(), &["mpris:vlc Paused None"]);
    scene.step(first, paused(), &[]);
    scene.step(
        second,
        Signal::Vanished,
        &[
            "mpris:vlc appeared on Mpris",
            "mpris:vlc refined /a",
            "mpris:vlc rate 1",
            "mpris:vlc Paused None",
            "mpris:vlc-9 vanished",
        ],
    );
}

#[test]
fn a_process_known_late_unites_what_was_two() {
    let mut scene = Scene::new();
    scene.step(
        BUS,
        info(Source::Mpris, Some(7)),
        &["mpris:mpv appeared on Mpris"],
    );
    scene.step(MPV, info(Source::Mpv, None), &["mpv-7 appeared on Mpv"]);
    scene.step(
        MPV,
        info(Source::Mpv, Some(7)),
        &[
            "mpv-7 appeared on Mpv",
            "mpris:mpv ignored: watched through its mpv socket",
        ],
    );
}

#[test]
fn what_its_watcher_ignores_is_no_twin() {
    let mut scene = Scene::new();
    let denied = Signal::Appeared(PlayerInfo {
        name: "mpv".into(),
        source: Source::Mpris,
        process: Some(process(7)),
        ignored: Some("denied".into()),
    });
    scene.step(BUS, denied.clone(), &["mpris:mpv ignored: denied"]);
    scene.step(MPV, info(Source::Mpv, Some(7)), &["mpv-7 appeared on Mpv"]);
    scene.step(
        BUS,
        info(Source::Mpris, Some(7)),
        &["mpris:mpv ignored: watched through its mpv socket"],
    );
    scene.step(BUS, denied, &["mpris:mpv ignored: denied"]);
    scene.step(MPV, Signal::Vanished, &["mpv-7 vanished"]);
}
