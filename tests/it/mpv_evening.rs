//! Whole evenings with the built daemon and real mpv, judged by a strict stand-in of PunchPlay.

use std::time::{Duration, Instant};

use reeld::model::Random;
use rustix::process::Signal;

use crate::support::evening::{Evening, possible};

/// Long enough for a start and some progress at 40 times the speed: 10 s.
const LENGTH: u32 = 400;

#[test]
fn a_film_played_to_its_end_is_one_start_some_progress_and_one_watch() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start();
    let film = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&[], &[&film]).wait();
    evening.until_stops(1);
    assert_eq!(evening.story(), "start stop*");
    let events = evening.events();
    assert!(
        events.iter().any(|event| event.action == "progress"),
        "{events:#?}"
    );
    let stop = events.last().unwrap();
    assert_eq!(
        (stop.title(), &stop.body["watched"], &stop.body["progress"]),
        ("Heat", &true.into(), &1.0.into())
    );
    assert_eq!(stop.body["duration_seconds"], LENGTH);
    evening.assert_clean();
}

#[test]
fn left_midway_is_one_stop_with_its_position_and_no_watch() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start();
    let film = evening.film("Heat (1995).mkv", LENGTH);
    let mpv = evening.mpv(&[], &[&film]);
    mpv.until_at(160.0);
    mpv.quit();
    evening.until_stops(1);
    assert_eq!(evening.story(), "start stop");
    let progress = evening.events().last().unwrap().body["progress"]
        .as_f64()
        .unwrap();
    assert!((0.35..0.75).contains(&progress), "{progress}");
    evening.assert_clean();
}

#[test]
fn three_files_in_a_playlist_are_three_viewings_in_order() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start();
    let files: Vec<_> = (1..=3)
        .map(|number| evening.film(&format!("Dark S01E0{number}.mkv"), LENGTH))
        .collect();
    let paths: Vec<_> = files.iter().map(|file| file.as_path()).collect();
    evening.mpv(&[], &paths).wait();
    evening.until_stops(3);
    assert_eq!(evening.story(), "start stop* start stop* start stop*");
    let episodes: Vec<_> = evening
        .events()
        .iter()
        .filter(|event| event.is_watch())
        .map(|event| event.body["episode"].clone())
        .collect();
    assert_eq!(episodes, [1, 2, 3]);
    evening.assert_clean();
}

#[test]
fn skipping_through_a_playlist_is_nothing() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start();
    let files: Vec<_> = (1..=6)
        .map(|number| evening.film(&format!("Dark S01E0{number}.mkv"), LENGTH))
        .collect();
    let paths: Vec<_> = files.iter().map(|file| file.as_path()).collect();
    let mpv = evening.mpv(&["--end=20"], &paths);
    let player = mpv.id();
    mpv.wait();
    evening.until_gone(&player);
    assert_eq!(evening.story(), "");
    assert!(evening.json(&["history", "--json"]).is_empty());
    evening.assert_clean();
}

#[test]
fn kept_open_at_the_end_is_one_watch_while_the_player_stays() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start();
    let film = evening.film("Heat (1995).mkv", LENGTH);
    let mut mpv = evening.mpv(&["--keep-open=yes"], &[&film]);
    evening.until_stops(1);
    assert!(mpv.runs());
    let player = mpv.id();
    assert_eq!(evening.story(), "start stop*");
    mpv.quit();
    evening.until_gone(&player);
    assert_eq!(evening.story(), "start stop*");
    evening.assert_clean();
}

#[test]
fn ten_quick_pauses_are_nothing() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start();
    let film = evening.film("Heat (1995).mkv", LENGTH);
    let mpv = evening.mpv(&[], &[&film]);
    mpv.until_at(60.0);
    for _ in 0..20 {
        mpv.command(&["cycle", "pause"]);
    }
    mpv.wait();
    evening.until_stops(1);
    assert_eq!(evening.story(), "start stop*");
    evening.assert_clean();
}

#[test]
fn a_pause_that_holds_is_reported_and_so_is_going_on() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start();
    let film = evening.film("Heat (1995).mkv", LENGTH);
    let mpv = evening.mpv(&[], &[&film]);
    mpv.until_at(100.0);
    mpv.command(&["set", "pause", "yes"]);
    evening.until("the pause arrives", Duration::from_secs(20), |evening| {
        evening.story() == "start pause"
    });
    mpv.command(&["set", "pause", "no"]);
    mpv.wait();
    evening.until_stops(1);
    assert_eq!(evening.story(), "start pause resume stop*");
    evening.assert_clean();
}

#[test]
fn killed_at_random_instants_in_one_film_the_daemon_still_reports_one_watch() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start();
    let film = evening.film("Heat (1995).mkv", 1200);
    let mpv = evening.mpv(&[], &[&film]);
    let seed = u64::from(std::process::id());
    eprintln!("seed {seed}");
    let mut random = Random::seeded(seed);
    for part in 0..4 {
        // Until three quarters of the film: what ends while no daemon runs keeps its last position, by design.
        let at = 200.0 * f64::from(part) + 60.0 + 140.0 * random.fraction();
        mpv.until_at(at);
        evening.end_daemon(Signal::KILL);
        evening.start();
    }
    mpv.wait();
    evening.until("the watch arrives", Duration::from_secs(60), |evening| {
        evening.story().contains('*')
    });
    let watches = evening
        .events()
        .iter()
        .filter(|event| event.is_watch())
        .count();
    assert_eq!(watches, 1, "{}", evening.story());
    evening.assert_clean();
}

#[test]
fn with_the_service_down_for_the_whole_film_there_is_one_stop_afterwards_within_a_minute() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.punchplay.down();
    evening.start();
    let film = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&[], &[&film]).wait();
    evening.until("the stop is queued", Duration::from_secs(20), |evening| {
        evening
            .json(&["queue", "--json"])
            .iter()
            .any(|row| row["action"] == "stop")
    });
    assert_eq!(
        evening.json(&["queue", "--json"]).len(),
        1,
        "one record is left of a viewing made offline"
    );
    let back = Instant::now();
    evening.punchplay.up();
    evening.until_stops(1);
    assert!(back.elapsed() < Duration::from_secs(60));
    assert_eq!(evening.story(), "stop*");
    evening.assert_clean();
}

#[test]
fn without_an_account_the_local_history_is_kept_and_the_log_says_how_to_link_one() {
    if !possible() {
        return;
    }
    let mut evening = Evening::unlinked();
    evening.start();
    let film = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&[], &[&film]).wait();
    evening.until("the history has it", Duration::from_secs(20), |evening| {
        !evening.json(&["history", "--json"]).is_empty()
    });
    let entry = &evening.json(&["history", "--json"])[0];
    assert_eq!(
        (&entry["media"]["title"], &entry["completed"]),
        (&"Heat".into(), &true.into())
    );
    assert!(
        entry["deliveries"]
            .as_array()
            .unwrap()
            .iter()
            .all(|told| told["state"] == "not_linked"),
        "{entry}"
    );
    assert!(
        evening.log().contains("reeld login punchplay"),
        "{}",
        evening.log()
    );
    assert!(evening.events().is_empty());
}

#[test]
fn sigterm_in_mid_film_ends_the_session_within_five_seconds_and_the_viewing_goes_on_later() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    let mpv = evening.watching("Heat (1995).mkv", 800);
    mpv.until_at(200.0);
    let asked = Instant::now();
    assert_eq!(evening.end_daemon(Signal::TERM).code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(5));
    assert_eq!(evening.story(), "start stop");
    evening.start();
    mpv.wait();
    evening.until_stops(2);
    assert_eq!(evening.story(), "start stop start stop*");
    assert_eq!(evening.json(&["history", "--json"]).len(), 1, "one viewing");
    evening.assert_clean();
}

#[test]
fn nothing_private_is_logged_above_debug_and_no_token_at_all() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start();
    let film = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&[], &[&film]).wait();
    evening.until_stops(1);
    let log = evening.log();
    let public = log
        .lines()
        .filter(|line| !line.contains("DEBUG"))
        .collect::<Vec<_>>()
        .join("\n");
    assert!(!public.contains("Heat"), "{public}");
    let credentials = std::fs::read_to_string(evening.home.paths().credentials).unwrap();
    let secrets = credentials
        .split('"')
        .filter(|text| text.len() > 15 && !text.contains([' ', ':', '/']));
    for secret in secrets
        .filter(|text| text.contains("token") || text.starts_with("at") || text.starts_with("rt"))
    {
        assert!(!log.contains(secret), "a token is in the log");
    }
}

#[test]
fn a_playlist_of_one_film_that_loops_is_one_watch() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start();
    let film = evening.film("Heat (1995).mkv", 200);
    let mpv = evening.mpv(&["--loop-playlist=3"], &[&film]);
    let id = mpv.id();
    mpv.wait();
    evening.until_gone(&id);
    evening.until_stops(1);
    assert_eq!(evening.story(), "start stop*");
    // Begun anew, it is a re-watch.
    evening.mpv(&[], &[&film]).wait();
    evening.until_watches(2);
    assert_eq!(evening.story(), "start stop* start stop*");
    evening.assert_clean();
}
