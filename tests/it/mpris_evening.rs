//! Whole evenings with the built daemon and real players on a session bus of our own: VLC, and mpv with mpv-mpris;
//! judged by a strict stand-in of PunchPlay.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::evening::{Evening, Mpv, possible};
use crate::support::players::{RealPlayer, Remote, has_mpris_script, is_installed};

/// Long enough for a start and some progress at 30 times the speed: 13 s.
const LENGTH: u32 = 400;

/// A player that speaks to the bus alone.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Vlc,
    Mpv,
}

/// A player, and a remote control of it.
struct Seat {
    player: RealPlayer,
    remote: Remote,
    runtime: tokio::runtime::Runtime,
}

/// Every kind that is installed.
fn kinds() -> Vec<Kind> {
    if !possible() || !is_installed("dbus-daemon") {
        return Vec::new();
    }
    let mut kinds = Vec::new();
    if is_installed("vlc") {
        kinds.push(Kind::Vlc);
    }
    if has_mpris_script() {
        kinds.push(Kind::Mpv);
    }
    kinds
}

/// A linked evening on a bus, for each kind.
fn with_each(evening: impl Fn(Kind, Evening)) {
    for kind in kinds() {
        eprintln!("{kind:?}");
        evening(kind, on_a_bus());
    }
}

fn on_a_bus() -> Evening {
    let mut evening = Evening::linked();
    evening.start_bus();
    evening.start();
    evening
}

impl Kind {
    /// Starts it; it ends with the last film.
    fn play(self, evening: &Evening, films: &[PathBuf]) -> Seat {
        let films: Vec<&Path> = films.iter().map(PathBuf::as_path).collect();
        let bus = evening.bus();
        let player = match self {
            // 31.25 is as fast as VLC goes.
            Self::Vlc => RealPlayer::vlc(bus, &["--rate=31", "--play-and-exit"], &films),
            Self::Mpv => RealPlayer::mpv(bus, &["--speed=31"], &films),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let remote = runtime.block_on(Remote::of(bus));
        Seat {
            player,
            remote,
            runtime,
        }
    }

    fn play_one(self, evening: &Evening) -> Seat {
        self.play(evening, &[evening.film("Heat (1995).mkv", LENGTH)])
    }
}

impl Seat {
    fn press(&self, button: &str) {
        self.runtime.block_on(self.remote.press(button, &()));
    }

    fn position(&self) -> f64 {
        let position = self.runtime.block_on(self.remote.position());
        position.unwrap_or(0.0)
    }

    fn file_name(&self) -> String {
        let name = self.runtime.block_on(self.remote.file_name());
        name.unwrap_or_default()
    }

    fn until_at(&self, seconds: f64) {
        until("it gets there", || self.position() >= seconds);
    }

    fn quit(mut self) {
        self.runtime.block_on(self.remote.quit());
        self.player.wait();
    }
}

fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not within a minute");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn progress(evening: &Evening) -> f64 {
    let events = evening.events();
    events.last().unwrap().body["progress"].as_f64().unwrap()
}

fn viewings(evening: &Evening) -> usize {
    evening.json(&["history", "--json"]).len()
}

/// The ids of the players that are tracked.
fn tracked(evening: &Evening) -> Vec<String> {
    let status = &evening.json(&["status", "--json"])[0];
    let players = status["players"].as_array().cloned().unwrap_or_default();
    let tracked = players.iter().filter(|row| row["state"] != "ignored");
    tracked
        .map(|row| row["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_film_played_to_its_end_is_one_start_some_progress_and_one_watch() {
    with_each(|kind, evening| {
        kind.play_one(&evening).player.wait();
        evening.until_stops(1);
        assert_eq!(evening.story(), "start stop*");
        let events = evening.events();
        let told = |action: &str| events.iter().filter(|event| event.action == action).count();
        assert!(told("progress") > 0, "{events:#?}");
        let stop = events.last().unwrap();
        assert_eq!(
            (stop.title(), &stop.body["watched"], &stop.body["progress"]),
            ("Heat", &true.into(), &1.0.into())
        );
        let length = stop.body["duration_seconds"].as_f64().unwrap();
        assert!((length - f64::from(LENGTH)).abs() < 2.0, "{length}");
        evening.assert_clean();
    });
}

#[test]
fn left_midway_is_one_stop_with_its_position_and_no_watch() {
    with_each(|kind, evening| {
        let seat = kind.play_one(&evening);
        seat.until_at(160.0);
        seat.quit();
        evening.until_stops(1);
        assert_eq!(evening.story(), "start stop");
        let progress = progress(&evening);
        assert!((0.35..0.75).contains(&progress), "{progress}");
        evening.assert_clean();
    });
}

#[test]
fn killed_midway_is_the_same_as_left() {
    with_each(|kind, evening| {
        let mut seat = kind.play_one(&evening);
        seat.until_at(160.0);
        seat.player.kill();
        evening.until_stops(1);
        assert_eq!(evening.story(), "start stop");
        let progress = progress(&evening);
        assert!((0.35..0.75).contains(&progress), "{progress}");
        assert!(tracked(&evening).is_empty());
        evening.assert_clean();
    });
}

#[test]
fn left_midway_and_seen_to_its_end_later_is_one_viewing() {
    with_each(|kind, evening| {
        let seat = kind.play_one(&evening);
        seat.until_at(160.0);
        seat.quit();
        evening.until_stops(1);
        kind.play_one(&evening).player.wait();
        evening.until_stops(2);
        assert_eq!(evening.story(), "start stop start stop*");
        assert_eq!(viewings(&evening), 1);
        evening.assert_clean();
    });
}

#[test]
fn three_files_in_a_playlist_are_three_viewings_in_order() {
    with_each(|kind, evening| {
        let films =
            [1, 2, 3].map(|number| evening.film(&format!("Dark S01E0{number}.mkv"), LENGTH));
        kind.play(&evening, &films).player.wait();
        evening.until_stops(3);
        assert_eq!(evening.story(), "start stop* start stop* start stop*");
        let events = evening.events();
        let watched = events.iter().filter(|event| event.is_watch());
        let episodes: Vec<_> = watched.map(|event| event.body["episode"].clone()).collect();
        assert_eq!(episodes, [1, 2, 3]);
        evening.assert_clean();
    });
}

#[test]
fn skipping_through_a_playlist_is_nothing() {
    with_each(|kind, evening| {
        let names = [1, 2, 3, 4, 5].map(|number| format!("Dark-S01E0{number}.mkv"));
        let films = names.each_ref().map(|name| evening.film(name, LENGTH));
        let seat = kind.play(&evening, &films);
        for name in &names {
            until("the next film", || seat.file_name() == *name);
            if *name != names[4] {
                seat.press("Next");
            }
        }
        seat.quit();
        until("the player is gone", || tracked(&evening).is_empty());
        assert_eq!(evening.story(), "");
        assert_eq!(viewings(&evening), 0);
        evening.assert_clean();
    });
}

#[test]
fn ten_quick_pauses_are_nothing() {
    with_each(|kind, evening| {
        let mut seat = kind.play_one(&evening);
        seat.until_at(60.0);
        for _ in 0..20 {
            seat.press("PlayPause");
        }
        // A press may have been too quick for the player.
        seat.press("Play");
        seat.player.wait();
        evening.until_stops(1);
        assert_eq!(evening.story(), "start stop*");
        evening.assert_clean();
    });
}

#[test]
fn a_pause_that_holds_is_reported_and_so_is_going_on() {
    with_each(|kind, evening| {
        let mut seat = kind.play_one(&evening);
        seat.until_at(100.0);
        seat.press("Pause");
        let paused = seat.position();
        evening.until("the pause arrives", Duration::from_secs(20), |evening| {
            evening.story() == "start pause"
        });
        let told = progress(&evening) * f64::from(LENGTH);
        assert!((told - paused).abs() < 40.0, "{told} at {paused}");
        seat.press("Play");
        seat.player.wait();
        evening.until_stops(1);
        assert_eq!(evening.story(), "start pause resume stop*");
        evening.assert_clean();
    });
}

#[test]
fn a_bus_that_dies_ends_the_session_and_the_viewing_goes_on_when_it_is_back() {
    with_each(|kind, mut evening| {
        let mut seat = kind.play_one(&evening);
        seat.until_at(160.0);
        evening.end_bus();
        evening.until_stops(1);
        assert_eq!(evening.story(), "start stop");
        let progress = progress(&evening);
        assert!((0.35..0.75).contains(&progress), "{progress}");
        seat.player.kill();
        evening.start_bus();
        kind.play_one(&evening).player.wait();
        evening.until_stops(2);
        assert_eq!(evening.story(), "start stop start stop*");
        assert_eq!(viewings(&evening), 1);
        evening.assert_clean();
    });
}

#[test]
fn a_daemon_that_is_killed_goes_on_with_the_session() {
    with_each(|kind, mut evening| {
        let mut seat = kind.play_one(&evening);
        seat.until_at(120.0);
        evening.end_daemon(Signal::KILL);
        evening.start();
        seat.player.wait();
        evening.until_stops(1);
        assert_eq!(evening.story(), "start stop*");
        assert_eq!(viewings(&evening), 1);
        evening.assert_clean();
    });
}

#[test]
fn what_is_recorded_beside_the_daemon_replays_as_it_was() {
    with_each(|kind, evening| {
        let trace = evening.home.folder.path().join("trace.jsonl");
        let trace = trace.to_str().unwrap();
        let mut seat = kind.play_one(&evening);
        let name = match kind {
            Kind::Vlc => "VLC media player",
            Kind::Mpv => "mpris:mpv",
        };
        let recording = evening
            .home
            .command(&["record", name, trace])
            .env("DBUS_SESSION_BUS_ADDRESS", evening.bus().address_text())
            .spawn();
        seat.player.wait();
        assert!(recording.unwrap().wait().unwrap().success());
        let events = evening.json(&["replay", trace, "--json"]);
        let told = |event: &serde_json::Value| event["action"].as_str().map(str::to_owned);
        assert_eq!(told(events.first().unwrap()).as_deref(), Some("start"));
        let last = events.last().unwrap();
        assert_eq!(told(last).as_deref(), Some("stop"));
        assert_eq!(last["watched"], true, "{events:#?}");
    });
}

/// mpv on its socket and on the bus, if it can be had here; `prepare` comes before it.
fn both_transports(prepare: impl Fn(&Evening), more: &[&str]) -> Option<(Evening, Mpv)> {
    if !kinds().iter().any(|kind| matches!(kind, Kind::Mpv)) {
        return None;
    }
    let mut evening = on_a_bus();
    prepare(&evening);
    let film = evening.film("Heat (1995).mkv", LENGTH);
    let mpv = evening.mpv_on_bus(more, &[&film]);
    Some((evening, mpv))
}

fn is_one_watch(evening: &Evening) {
    evening.until_stops(1);
    assert_eq!(evening.story(), "start stop*");
    assert_eq!(viewings(evening), 1);
    evening.assert_clean();
}

#[test]
fn an_mpv_on_its_socket_and_on_the_bus_is_one_player_and_one_viewing() {
    let Some((evening, mpv)) = both_transports(|_| (), &[]) else {
        return;
    };
    mpv.until_at(160.0);
    assert_eq!(tracked(&evening), [mpv.id()]);
    let status = &evening.json(&["status", "--json"])[0];
    let players = status["players"].as_array().unwrap();
    let progress = players.iter().find_map(|row| row["progress"].as_f64());
    assert_eq!(players.len(), 2, "{status}");
    assert!(progress >= Some(0.39), "{status}");
    mpv.wait();
    is_one_watch(&evening);
}

#[test]
fn a_socket_that_appears_late_takes_over_without_a_break() {
    let script = tempfile::Builder::new().suffix(".lua").tempfile().unwrap();
    let more = [
        // The last word: no socket at first.
        "--input-ipc-server=".to_owned(),
        format!("--script={}", script.path().display()),
    ];
    let more = more.each_ref().map(String::as_str);
    let Some((evening, mpv)) = both_transports(
        |evening| {
            let socket = evening.home.folder.path().join("run/reeld/mpv/late.sock");
            let socket = socket.display();
            let late = format!(
                "mp.add_timeout(4, function() mp.set_property('input-ipc-server', '{socket}') end)\n"
            );
            std::fs::write(script.path(), late).unwrap();
        },
        &more,
    ) else {
        return;
    };
    evening.until("it starts", Duration::from_secs(20), |evening| {
        evening.story() == "start"
    });
    assert_eq!(tracked(&evening), ["mpris:mpv"]);
    evening.until("its socket is seen", Duration::from_secs(20), |evening| {
        evening.log().contains(&mpv.id())
    });
    assert_eq!(tracked(&evening), ["mpris:mpv"]);
    mpv.wait();
    is_one_watch(&evening);
}

#[test]
fn when_its_socket_dies_midway_the_bus_takes_over_without_a_break() {
    let Some((evening, mpv)) = both_transports(|_| (), &[]) else {
        return;
    };
    mpv.until_at(160.0);
    mpv.command(&["set", "input-ipc-server", ""]);
    mpv.wait();
    is_one_watch(&evening);
}

#[test]
fn a_player_on_both_that_is_killed_is_one_stop() {
    let Some((evening, mpv)) = both_transports(|_| (), &[]) else {
        return;
    };
    mpv.until_at(160.0);
    mpv.kill();
    until("the player is gone", || tracked(&evening).is_empty());
    evening.until_stops(1);
    assert_eq!(evening.story(), "start stop");
    evening.assert_clean();
}

/// mpv ends with its bus (GLib's way).
#[test]
fn a_player_on_both_whose_bus_dies_is_one_stop() {
    let Some((mut evening, mpv)) = both_transports(|_| (), &[]) else {
        return;
    };
    mpv.until_at(160.0);
    evening.end_bus();
    mpv.wait();
    until("the player is gone", || tracked(&evening).is_empty());
    evening.until_stops(1);
    assert_eq!(evening.story(), "start stop");
    evening.assert_clean();
}

#[test]
fn a_bus_that_dies_and_comes_back_is_nothing_to_an_mpv_on_its_socket() {
    if !possible() || !is_installed("dbus-daemon") {
        return;
    }
    let mut evening = on_a_bus();
    let film = evening.film("Heat (1995).mkv", LENGTH);
    let mpv = evening.mpv(&[], &[&film]);
    mpv.until_at(100.0);
    evening.end_bus();
    mpv.until_at(200.0);
    evening.start_bus();
    mpv.wait();
    is_one_watch(&evening);
}
