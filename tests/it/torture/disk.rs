//! A state folder that cannot be written.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::evening::{Evening, possible};
use crate::support::small_disk::{SmallDisk, may_mount};

/// 10 s at the speed of the evenings.
const LENGTH: u32 = 400;
const SOON: Duration = Duration::from_secs(30);

/// An evening whose state folder is a small disk, with a login at PunchPlay.
fn on_a_small_disk() -> (Evening, SmallDisk) {
    let evening = Evening::unlinked();
    let disk = SmallDisk::mount(&evening.home.paths().state_dir, 4096);
    evening.link([evening.punchplay.with(|app| app.issue_login("ann"))]);
    (evening, disk)
}

fn told(evening: &Evening) -> String {
    let status = evening.home.run(&["status"]);
    assert_eq!(status.code, Some(0), "{status:?}");
    let lines = status.out + &status.err;
    lines.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One watch, one viewing in the history, nothing left, and the log did not go on and on about the disk.
fn one_watch_and_clean(evening: &mut Evening) {
    evening.until_watches(1);
    assert_eq!(evening.watches(), 1, "{}", evening.story());
    evening.until("the history has it", SOON, |evening| {
        let history = evening.json(&["history", "--json"]);
        history.len() == 1 && history[0]["completed"] == true
    });
    evening.until("nothing waits", SOON, |evening| {
        evening.json(&["queue", "--json"]).is_empty()
    });
    assert!(evening.ended().is_none(), "it still runs");
    evening.assert_clean();
}

fn assert_told_once(evening: &Evening) {
    let log = evening.log();
    let told = log.matches("ERROR").count();
    assert!((1..=2).contains(&told), "told {told} times\n{log}");
}

#[test]
fn a_disk_that_fills_up_in_mid_film_and_gets_room_again_costs_nothing() {
    if !possible() || !may_mount() {
        return;
    }
    let (mut evening, disk) = on_a_small_disk();
    let mpv = evening.watching("Heat (1995).mkv", LENGTH);
    disk.fill();
    evening.until_logged("No space left on device");
    let status = told(&evening);
    assert!(status.contains("No space left on device"), "{status}");
    // Watching goes on.
    mpv.command(&["set", "pause", "yes"]);
    evening.until("the pause is seen", SOON, |evening| {
        evening.json(&["players", "--json"])[0]["state"] == "paused"
    });
    mpv.command(&["set", "pause", "no"]);
    disk.empty();
    evening.until_logged("the database is open again");
    assert!(
        !told(&evening).contains("No space left"),
        "{}",
        told(&evening)
    );
    mpv.wait();
    one_watch_and_clean(&mut evening);
    assert_told_once(&evening);
}

#[test]
fn a_film_that_ends_while_the_disk_is_full_is_reported_when_there_is_room() {
    if !possible() || !may_mount() {
        return;
    }
    let (mut evening, disk) = on_a_small_disk();
    let mpv = evening.watching("Heat (1995).mkv", LENGTH);
    let player = mpv.id();
    disk.fill();
    mpv.wait();
    evening.until_gone(&player);
    assert_eq!(evening.watches(), 0);
    disk.empty();
    one_watch_and_clean(&mut evening);
    assert_told_once(&evening);
}

#[test]
fn with_room_again_just_before_the_end_a_film_that_ended_on_a_full_disk_is_kept() {
    if !possible() || !may_mount() {
        return;
    }
    let (mut evening, disk) = on_a_small_disk();
    let mpv = evening.watching("Heat (1995).mkv", LENGTH);
    let player = mpv.id();
    disk.fill();
    mpv.wait();
    evening.until_gone(&player);
    disk.empty();
    assert!(evening.end_daemon(Signal::TERM).success());
    evening.start();
    one_watch_and_clean(&mut evening);
}

#[test]
fn restarted_on_a_full_disk_it_runs_and_the_film_is_one_watch_when_there_is_room() {
    if !possible() || !may_mount() {
        return;
    }
    let (mut evening, disk) = on_a_small_disk();
    let mpv = evening.watching("Heat (1995).mkv", 1200);
    disk.fill();
    evening.until_logged("No space left on device");
    assert_eq!(evening.end_daemon(Signal::TERM).code(), Some(0));
    assert!(evening.log().contains("what was watched last is lost"));
    evening.start();
    assert!(told(&evening).contains("No space left on device"));
    disk.empty();
    mpv.wait();
    one_watch_and_clean(&mut evening);
}

#[test]
fn started_for_the_first_time_on_a_full_disk_it_watches_and_keeps_everything_until_there_is_room() {
    if !possible() || !may_mount() {
        return;
    }
    let (mut evening, disk) = on_a_small_disk();
    disk.fill();
    evening.start();
    let status = told(&evening);
    assert!(status.contains("No space left on device"), "{status}");
    let film = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&[], &[&film]).wait();
    disk.empty();
    one_watch_and_clean(&mut evening);
    assert_told_once(&evening);
}

#[test]
fn started_on_a_read_only_disk_it_watches_and_keeps_everything_until_it_can_write() {
    if !possible() || !may_mount() {
        return;
    }
    let (mut evening, disk) = on_a_small_disk();
    disk.read_only(true);
    evening.start();
    let status = told(&evening);
    assert!(status.contains("Read-only file system"), "{status}");
    let film = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&[], &[&film]).wait();
    disk.read_only(false);
    one_watch_and_clean(&mut evening);
    assert_told_once(&evening);
}

fn set_mode(folder: &PathBuf, mode: u32) {
    fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn permissions_that_were_taken_away_and_given_back_cost_nothing() {
    if !possible() || !may_mount() {
        return;
    }
    let mut evening = Evening::linked();
    let state = evening.home.paths().state_dir;
    evening.home.leave_to_nobody();
    set_mode(&state, 0o500);
    evening.start();
    let mode = fs::metadata(&state).unwrap().permissions().mode();
    assert_eq!(
        mode & 0o777,
        0o700,
        "a folder of ours that is shut is opened"
    );
    let film = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&[], &[&film]).wait();
    one_watch_and_clean(&mut evening);
    // Between two films the database is closed.
    evening.until("the store is closed", SOON, |evening| {
        evening.store_id().is_none()
    });
    set_mode(&state.join("store"), 0o000);
    let film = evening.film("Ronin (1998).mkv", LENGTH);
    let mpv = evening.mpv(&[], &[&film]);
    evening.until("it is told", SOON, |evening| {
        told(evening).contains("Permission denied")
    });
    set_mode(&state.join("store"), 0o700);
    mpv.wait();
    evening.until_watches(2);
    assert_eq!(evening.watches(), 2, "{}", evening.story());
    evening.assert_clean();
}

#[test]
fn a_second_daemon_on_the_same_state_is_refused_with_clear_words_and_the_first_goes_on() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start();
    let film = evening.film("Heat (1995).mkv", LENGTH);
    let mpv = evening.mpv(&[], &[&film]);
    let second = evening.home.run(&["run"]);
    assert_eq!(second.code, Some(1), "{second:?}");
    assert!(second.err.contains("already running"), "{second:?}");
    let elsewhere = evening.home.folder.path().join("run2");
    fs::create_dir(&elsewhere).unwrap();
    set_mode(&elsewhere, 0o700);
    let second = evening
        .home
        .command(&["run"])
        .env("XDG_RUNTIME_DIR", elsewhere)
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{words}");
    let first = format!("process {}", evening.daemon_id());
    assert!(
        words.contains("another reeld") && words.contains(&first),
        "{words}"
    );
    mpv.wait();
    one_watch_and_clean(&mut evening);
    assert_eq!(evening.story(), "start stop*");
}

#[test]
fn a_database_of_a_newer_version_is_told_and_left_alone_while_watching_goes_on() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start();
    evening.end_daemon(Signal::TERM);
    let store = evening.home.paths().state_dir.join("store");
    let format = fs::read_to_string(store.join("format")).unwrap();
    let checksum = crc32fast::hash(b"2 another engine");
    let newer = format!(r#"{{"format":2,"engine":"another engine","checksum":"{checksum:08x}"}}"#);
    fs::write(store.join("format"), &newer).unwrap();
    evening.start();
    let status = told(&evening);
    assert!(status.contains("written by a newer reeld"), "{status}");
    let film = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&[], &[&film]).wait();
    assert_eq!(fs::read_to_string(store.join("format")).unwrap(), newer);
    // As if the newer version had made it readable again.
    fs::write(store.join("format"), &format).unwrap();
    one_watch_and_clean(&mut evening);
    assert_told_once(&evening);
}

#[test]
fn a_state_folder_that_is_deleted_while_it_runs_is_made_anew_and_the_film_is_one_watch() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    let state = evening.home.paths().state_dir;
    let mpv = evening.watching("Heat (1995).mkv", LENGTH);
    fs::remove_dir_all(&state).unwrap();
    mpv.wait();
    one_watch_and_clean(&mut evening);
    // Also where nothing was open.
    fs::remove_dir_all(&state).unwrap();
    let film = evening.film("Ronin (1998).mkv", LENGTH);
    evening.mpv(&[], &[&film]).wait();
    evening.until_watches(2);
    let status = told(&evening);
    assert!(!status.contains("cannot be used"), "{status}");
    assert_eq!(evening.end_daemon(Signal::TERM).code(), Some(0));
    evening.start();
    // What went with the folder and is still remembered is written to the history again.
    let history = evening.json(&["history", "--json"]);
    assert_eq!(history.len(), 2, "{history:#?}");
    assert_eq!(
        fs::metadata(&state).unwrap().permissions().mode() & 0o777,
        0o700
    );
    assert_eq!(evening.watches(), 2, "{}", evening.story());
    evening.assert_clean();
}

#[test]
fn a_state_folder_that_cannot_be_is_told_with_what_to_do() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    for (place, words) in [
        ("/proc/nowhere", "set XDG_STATE_HOME to a place that is"),
        ("/dev/null", "what its path leads through are folders"),
    ] {
        evening
            .environment
            .retain(|(name, _)| name != "XDG_STATE_HOME");
        evening.set("XDG_STATE_HOME", place);
        evening.launch();
        evening.until_logged(words);
        assert!(!evening.log().contains("journalctl"), "{}", evening.log());
        evening.end_daemon(Signal::KILL);
        fs::remove_file(evening.home.folder.path().join("log")).unwrap();
    }
}

#[test]
fn logins_of_a_newer_version_are_told_and_left_alone_while_watching_goes_on() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start();
    evening.end_daemon(Signal::TERM);
    let logins = evening.home.paths().credentials;
    let ours = fs::read_to_string(&logins).unwrap();
    let newer = r#"{"version":99}"#;
    fs::write(&logins, newer).unwrap();
    evening.start();
    let status = told(&evening);
    assert!(
        status.contains("written by a newer version of reeld"),
        "{status}"
    );
    let film = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&[], &[&film]).wait();
    evening.until("the watch waits for its user", SOON, |evening| {
        evening
            .json(&["queue", "--json"])
            .iter()
            .any(|row| row["action"] == "stop")
    });
    assert_eq!(fs::read_to_string(&logins).unwrap(), newer);
    fs::write(&logins, &ours).unwrap();
    one_watch_and_clean(&mut evening);
    assert_told_once(&evening);
}

#[test]
fn pipes_in_the_place_of_rules_and_history_keep_nobody_waiting() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    let paths = evening.home.paths();
    fs::create_dir_all(paths.rules_file().parent().unwrap()).unwrap();
    fs::create_dir_all(&paths.state_dir).unwrap();
    let pipe = |path| rustix::fs::mkfifoat(rustix::fs::CWD, path, 0o600.into()).unwrap();
    pipe(&paths.history);
    evening.start();
    pipe(&paths.rules_file());
    evening.until("the rules are told of", SOON, |evening| {
        told(evening).contains("it is a pipe, not a file")
    });
    let film = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&[], &[&film]).wait();
    evening.until_watches(1);
    assert!(evening.end_daemon(Signal::TERM).success());
}
