//! Each test is a list of steps: who says what, and what comes of it.

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
fn a_sandboxed_player_is_known_by_what_it_plays() {
    let mut scene = Scene::new();
    scene.step(
        BUS,
        info(Source::Mpris, None),
        &["mpris:mpv appeared on Mpris"],
    );
    scene.step(MPV, info(Source::Mpv, Some(7)), &["mpv-7 appeared on Mpv"]);
    scene.step(MPV, Signal::Opened(item("/a")), &["mpv-7 opened /a"]);
    scene.step(BUS, Signal::Opened(item("/b")), &["mpris:mpv opened /b"]);
    scene.step(
        BUS,
        Signal::Opened(item("/a")),
        &[
            "mpris:mpv opened /a",
            "mpris:mpv ignored: watched through its mpv socket",
        ],
    );
    scene.step(BUS, playing(), &[]);
}

/// A sandboxed player and an mpv that both have `/a` open and play it.
fn one_by_place() -> Scene {
    let mut scene = Scene::new();
    scene.quietly(MPV, info(Source::Mpv, Some(7)));
    scene.quietly(MPV, Signal::Opened(item("/a")));
    scene.quietly(MPV, playing());
    scene.quietly(BUS, info(Source::Mpris, None));
    scene.quietly(BUS, Signal::Opened(item("/a")));
    scene.quietly(BUS, playing());
    scene
}

#[test]
fn a_sandboxed_player_that_opens_something_else_is_a_player_of_its_own_again() {
    let mut scene = one_by_place();
    scene.step(
        BUS,
        Signal::Opened(item("/b")),
        &[
            "mpris:mpv appeared on Mpris",
            "mpris:mpv opened /b",
            "mpris:mpv rate 1",
            "mpris:mpv Playing None",
        ],
    );
    let position = |seconds| Signal::Position {
        seconds,
        seeked: false,
    };
    scene.step(BUS, position(5.0), &["mpris:mpv at 5"]);
    scene.step(MPV, position(9.0), &["mpv-7 at 9"]);
    scene.step(
        MPV,
        Signal::Opened(item("/b")),
        &[
            "mpv-7 opened /b",
            "mpris:mpv ignored: watched through its mpv socket",
        ],
    );
}

#[test]
fn a_sandboxed_player_is_not_hidden_by_an_mpv_that_goes_on_to_something_else() {
    let mut scene = one_by_place();
    scene.step(
        MPV,
        Signal::Opened(item("/b")),
        &[
            "mpv-7 opened /b",
            "mpris:mpv appeared on Mpris",
            "mpris:mpv opened /a",
            "mpris:mpv rate 1",
            "mpris:mpv Playing Some(1.0)",
        ],
    );
    scene.step(BUS, Signal::Vanished, &["mpris:mpv vanished"]);
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

#[test]
fn a_sandboxed_player_does_not_speak_for_a_process_whose_socket_went() {
    let mut scene = one_by_place();
    scene.quietly("mpris:mpv.7", info(Source::Mpris, Some(7)));
    scene.step(
        MPV,
        Signal::Vanished,
        &[
            "mpv-7 appeared on Mpris",
            "mpv-7 Ended(Stopped)",
            "mpris:mpv ignored: the same player as mpv-7",
            "mpris:mpv.7 ignored: the same player as mpv-7",
            "mpris:mpv appeared on Mpris",
            "mpris:mpv opened /a",
            "mpris:mpv rate 1",
            "mpris:mpv Playing Some(2.0)",
        ],
    );
}

#[test]
fn a_socket_that_comes_back_is_not_the_sandboxed_player_left_under_its_name() {
    let mut scene = one_by_place();
    scene.quietly(MPV, Signal::Vanished);
    scene.quietly("mpris:mpv.7", info(Source::Mpris, Some(7)));
    scene.quietly("mpris:mpv.7", Signal::Opened(item("/b")));
    scene.step(
        MPV,
        info(Source::Mpv, Some(7)),
        &[
            "mpv-7 vanished",
            "mpris:mpv appeared on Mpris",
            "mpris:mpv opened /a",
            "mpris:mpv rate 1",
            "mpris:mpv Playing Some(4.0)",
            "mpv-7 ignored: the same player as mpris:mpv.7",
        ],
    );
}

/// What came of it at all, by player.
fn spoken(scene: &mut Scene, player: &str, signal: Signal) -> Vec<String> {
    scene.second += 1;
    let out = scene.merge.handle(Observation {
        at: at(scene.second),
        player: PlayerId::new(player),
        signal,
    });
    short(&out)
}

#[test]
fn a_sandboxed_player_that_plays_what_a_paused_mpv_has_open_is_another_player() {
    let mut scene = Scene::new();
    scene.quietly(MPV, info(Source::Mpv, Some(7)));
    scene.quietly(MPV, Signal::Opened(item("/a")));
    scene.quietly(MPV, paused());
    scene.quietly("mpris:vlc", named("VLC", Source::Mpris, None));
    scene.quietly("mpris:vlc", Signal::Opened(item("/a")));
    let said = spoken(&mut scene, "mpris:vlc", playing());
    assert!(
        said.contains(&"mpris:vlc appeared on Mpris".to_owned()),
        "{said:?}"
    );
    assert!(said.contains(&"mpris:vlc opened /a".to_owned()), "{said:?}");
    let here = Signal::Position {
        seconds: 5.0,
        seeked: false,
    };
    scene.step("mpris:vlc", here.clone(), &["mpris:vlc at 5"]);
    // Also where the mpv played first.
    let mut scene = one_by_place();
    scene.step(BUS, here.clone(), &[]);
    let said = spoken(&mut scene, MPV, paused());
    assert!(
        said.contains(&"mpris:mpv appeared on Mpris".to_owned()),
        "{said:?}"
    );
    scene.step(BUS, here, &["mpris:mpv at 5"]);
    // Paused as well: it was the mpv's own bus that was late.
    let said = spoken(&mut scene, BUS, paused());
    let one = "mpris:mpv ignored: watched through its mpv socket".to_owned();
    assert!(said.contains(&one), "{said:?}");
}

#[test]
fn an_mpv_that_something_built_of_a_browser_started_is_not_its_own_whatever_it_calls_itself() {
    for (id, is_own) in [
        ("mpris:chromium", false),
        ("mpris:zen-1", false),
        ("mpris:firefox#3", false),
        ("mpris:io.github.celluloid_player.Celluloid", true),
    ] {
        let mut scene = Scene::new();
        let mut ignored = PlayerInfo {
            name: "FreeTube".into(),
            source: Source::Mpris,
            process: Some(process(1)),
            ignored: Some("a browser".into()),
        };
        scene.quietly(id, Signal::Appeared(ignored.clone()));
        let said = spoken(&mut scene, "mpv-2", info(Source::Mpv, Some(2)));
        assert_eq!(said[0].contains("plays for"), is_own, "{id}: {said:?}");
        // Allowed, it is a player beside the mpv.
        ignored.ignored = None;
        let said = spoken(&mut scene, id, Signal::Appeared(ignored));
        assert_eq!(said.len() > 1, is_own, "{id}: {said:?}");
    }
}
