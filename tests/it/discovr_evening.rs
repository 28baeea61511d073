//! Whole evenings with the built daemon and real mpv at Discovr: alone, beside PunchPlay, with TMDB and without.

use std::time::Duration;

use rustix::process::Signal;

use crate::support::evening::{Evening, possible};
use crate::support::standin::{Discovr, Entry, TMDB_TOKEN};

/// Ten seconds at 40 times the speed.
const LENGTH: u32 = 400;
const SOON: Duration = Duration::from_secs(60);

/// `MV_949 100`, `TV_1396 s1e2 100`: what an entry says, without its time.
fn told(entry: &Entry) -> String {
    let episode = entry
        .episode
        .map(|(season, episode)| format!(" s{season}e{episode}"));
    let episode = episode.unwrap_or_default();
    format!("{}{episode} {}", entry.media_id, entry.progress)
}

fn history(evening: &Evening) -> Vec<String> {
    let told = |app: &mut Discovr| app.history.iter().map(told).collect();
    evening.discovr.with(told)
}

fn resume_points(evening: &Evening) -> Vec<String> {
    evening
        .discovr
        .with(|app| app.playback.values().map(told).collect())
}

/// Waits until nothing is queued any more.
fn until_told(evening: &Evening) {
    evening.until("the queue is empty", SOON, |evening| {
        evening.json(&["queue", "--json"]).is_empty()
    });
}

/// The states of everything queued at Discovr.
fn queued(evening: &Evening) -> Vec<String> {
    let rows = evening.json(&["queue", "--json"]);
    let of = |row: &serde_json::Value| row["state"].as_str().unwrap_or_default().to_owned();
    rows.iter().map(of).collect()
}

fn until_waiting_for_ids(evening: &Evening, count: usize) {
    evening.until("what was watched waits for its id", SOON, |evening| {
        queued(evening) == vec!["waiting_id"; count]
    });
}

#[test]
fn a_film_and_two_episodes_reach_both_services_exactly_once() {
    if !possible() {
        return;
    }
    let mut evening = Evening::at_both();
    evening.configure(TMDB_TOKEN);
    evening.start();
    let film = evening.film("Heat (1995).mkv", LENGTH);
    let first = evening.film("Show S01E01.mkv", LENGTH);
    let second = evening.film("Show S01E02.mkv", LENGTH);
    evening.mpv(&[], &[&film, &first, &second]).wait();
    evening.until_stops(3);
    until_told(&evening);
    assert_eq!(evening.story(), "start stop* start stop* start stop*");
    assert_eq!(
        history(&evening),
        ["MV_949 100", "TV_1396 s1e1 100", "TV_1396 s1e2 100"]
    );
    assert_eq!(resume_points(&evening), ["MV_949 100", "TV_1396 s1e2 100"]);
    evening.assert_clean();
}

#[test]
fn discovr_alone_with_a_key_for_tmdb_is_a_complete_set_up() {
    if !possible() {
        return;
    }
    let mut evening = Evening::at_discovr();
    evening.configure(TMDB_TOKEN);
    evening.start();
    let film = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&[], &[&film]).wait();
    evening.until("the film is history", SOON, |evening| {
        !history(evening).is_empty()
    });
    until_told(&evening);
    assert_eq!(history(&evening), ["MV_949 100"]);
    assert_eq!(resume_points(&evening), ["MV_949 100"]);
    // A start and the end: what lies between is less than 30 s.
    assert_eq!(evening.discovr.with(|app| app.updates), 2);
    // Asked once, for the start; remembered for everything after.
    assert_eq!(evening.tmdb.requests().len(), 1);
    assert_eq!(evening.punchplay.requests().len(), 0);
    evening.assert_clean();

    // Also by the next run, without asking again.
    evening.end_daemon(Signal::TERM);
    evening.start();
    evening.mpv(&[], &[&film]).wait();
    evening.until("the film is history twice", SOON, |evening| {
        history(evening).len() == 2
    });
    until_told(&evening);
    assert_eq!(evening.tmdb.requests().len(), 1);
    evening.assert_clean();
}

#[test]
fn a_seek_and_a_pause_are_told_at_once_and_going_on_is_not() {
    if !possible() {
        return;
    }
    let mut evening = Evening::at_discovr();
    evening.start();
    let film = evening.film("Heat (1995) {tmdb-949}.mkv", 2400);
    let mpv = evening.mpv(&[], &[&film]);
    let updates = |evening: &Evening, count: usize| {
        evening.until(
            "a resume point arrives",
            Duration::from_secs(20),
            |evening| evening.discovr.with(|app| app.updates) >= count,
        );
        assert_eq!(evening.discovr.with(|app| app.updates), count);
    };
    updates(&evening, 1);
    // Four beats of the debouncer.
    mpv.until_at(mpv.position() + 320.0);
    updates(&evening, 1);
    mpv.command(&["seek", "1600", "absolute"]);
    updates(&evening, 2);
    assert!(mpv.position() < 2000.0, "a seek is told at once");
    mpv.command(&["set", "pause", "yes"]);
    updates(&evening, 3);
    mpv.quit();
    updates(&evening, 4);
    assert_eq!(history(&evening), Vec::<String>::new());
    evening.assert_clean();
}

#[test]
fn without_tmdb_it_waits_and_goes_out_when_a_file_names_the_id() {
    if !possible() {
        return;
    }
    let mut evening = Evening::at_discovr();
    evening.start();
    let film = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&[], &[&film]).wait();
    until_waiting_for_ids(&evening, 2);
    assert_eq!(evening.discovr.requests().len(), 0);
    assert_eq!(evening.tmdb.requests().len(), 0);
    // Also across a restart.
    evening.end_daemon(Signal::KILL);
    evening.start();
    until_waiting_for_ids(&evening, 2);

    let named = evening.film("Heat (1995) {tmdb-949}.mkv", LENGTH);
    let mpv = evening.mpv(&[], &[&named]);
    evening.until("the film is history", SOON, |evening| {
        !history(evening).is_empty()
    });
    mpv.quit();
    until_told(&evening);
    assert_eq!(history(&evening), ["MV_949 100"]);
    evening.assert_clean();
}

#[test]
fn a_daily_show_and_absolute_numbers_reach_discovr_through_tmdb() {
    if !possible() {
        return;
    }
    let mut evening = Evening::at_both();
    evening.configure(TMDB_TOKEN);
    evening.start();
    let names = [
        "Show 2009-03-15.mkv",
        "[Group] Show - 02 [1080p].mkv",
        "[Group] Show - 03-04 [1080p].mkv",
        "Show S01E01-E02.mkv",
    ];
    let films = names.map(|name| evening.film(name, LENGTH));
    let films = films.each_ref().map(|film| film.as_path());
    evening.mpv(&[], &films).wait();
    evening.until_stops(4);
    until_told(&evening);
    assert_eq!(
        history(&evening),
        [
            "TV_1396 s2e4 100",
            "TV_1396 s1e2 100",
            "TV_1396 s2e3 100",
            "TV_1396 s2e4 100",
            "TV_1396 s1e1 100",
            "TV_1396 s1e2 100",
        ]
    );
    assert_eq!(resume_points(&evening), ["TV_1396 s1e2 100"]);
    // The series by its name, then twice its seasons and one of them; the third file asks nothing.
    assert!(evening.tmdb.requests().len() <= 5);
    let violations: Vec<String> = evening.tmdb.with(|app| app.violations.clone());
    assert_eq!(violations, Vec::<String>::new());
    evening.assert_clean();
}

#[test]
fn without_a_key_they_wait_visibly_and_a_key_or_a_rule_places_them() {
    if !possible() {
        return;
    }
    let mut evening = Evening::at_discovr();
    evening.start();
    let dated = evening.film("Show {tmdb-1396} 2009-03-15.mkv", LENGTH);
    evening.mpv(&[], &[&dated]).wait();
    until_waiting_for_ids(&evening, 2);
    let counted = evening.film("[Group] Show {tmdb-1396} - 1071.mkv", LENGTH);
    let rules = evening.home.paths().rules_file();
    std::fs::create_dir_all(rules.parent().unwrap()).unwrap();
    let rule = "[[rule]]\nwhen = { title = \"Show\" }\nmap = [{ from = 1070, season = 20, episode = 4 }]\n";
    std::fs::write(rules, rule).unwrap();
    // The daemon reads them when they change; a new run certainly has.
    evening.end_daemon(Signal::KILL);
    evening.start();
    evening.mpv(&[], &[&counted]).wait();
    evening.until("the rule has placed it", SOON, |evening| {
        history(evening) == ["TV_1396 s20e5 100"]
    });
    until_waiting_for_ids(&evening, 1);
    assert_eq!(evening.tmdb.requests().len(), 0);
    evening.configure(TMDB_TOKEN);
    until_told(&evening);
    assert_eq!(history(&evening), ["TV_1396 s20e5 100", "TV_1396 s2e4 100"]);
    evening.assert_clean();
}

#[test]
fn a_key_for_tmdb_that_is_configured_later_frees_what_waits() {
    if !possible() {
        return;
    }
    let mut evening = Evening::at_discovr();
    evening.configure("eyJ.of-another.user");
    evening.start();
    let film = evening.film("Heat (1995).mkv", LENGTH);
    let unknown = evening.film("Nobody Knows This (2001).mkv", LENGTH);
    evening.mpv(&[], &[&film, &unknown]).wait();
    until_waiting_for_ids(&evening, 4);
    let status = &evening.json(&["status", "--json"])[0];
    assert!(
        status["problems"].to_string().contains("tmdb.api_key"),
        "{status}"
    );
    assert_eq!(evening.tmdb.requests().len(), 1, "a refused key rests");

    evening.configure(TMDB_TOKEN);
    until_waiting_for_ids(&evening, 2);
    assert_eq!(history(&evening), ["MV_949 100"]);
    // What is not there is not asked for again, whatever else happens.
    evening.until("TMDB has said that it is not there", SOON, |evening| {
        evening.log().contains("lookup=Nothing")
    });
    let asked = evening.tmdb.requests().len();
    evening.mpv(&[], &[&unknown]).wait();
    until_waiting_for_ids(&evening, 3);
    assert_eq!(evening.tmdb.requests().len(), asked);
    evening.assert_clean();
}

#[test]
fn what_was_made_for_one_profile_is_never_sent_as_another() {
    if !possible() {
        return;
    }
    let mut evening = Evening::at_discovr();
    evening.discovr.down();
    evening.start();
    let film = evening.film("Heat (1995) {tmdb-949}.mkv", LENGTH);
    evening.mpv(&[], &[&film]).wait();
    evening.until("both wait", SOON, |evening| queued(evening).len() == 2);
    evening.end_daemon(Signal::TERM);

    evening.link([evening.discovr_login("bob", "p2")]);
    evening.discovr.up();
    evening.start();
    let episode = evening.film("Show {tmdb-1396} S01E01.mkv", LENGTH);
    evening.mpv(&[], &[&episode]).wait();
    evening.until("bob's episode is history", SOON, |evening| {
        history(evening).len() == 1
    });
    assert_eq!(history(&evening), ["TV_1396 s1e1 100"]);
    evening.until("only ann's wait", SOON, |evening| {
        queued(evening) == ["waiting_login", "waiting_login"]
    });
    for row in evening.json(&["queue", "--json"]) {
        assert_eq!(row["user"], "public-ann (profile Ann)", "{row}");
    }
    let status = &evening.json(&["status", "--json"])[0];
    let rows = status["accounts"].as_array().unwrap();
    let of = |user: &str| rows.iter().find(|row| row["user"] == user).unwrap();
    assert_eq!(of("public-bob")["queued"], 0, "{status}");
    assert_eq!(of("public-ann (profile Ann)")["queued"], 2, "{status}");

    // Ann comes back: hers is sent as hers.
    evening.end_daemon(Signal::TERM);
    evening.link([evening.discovr_login("ann", "p1")]);
    evening.start();
    until_told(&evening);
    let profiles = evening.discovr.with(|app| {
        let of = |entry: &Entry| format!("{} {}", entry.profile, told(entry));
        app.history.iter().map(of).collect::<Vec<_>>()
    });
    assert_eq!(profiles, ["p2 TV_1396 s1e1 100", "p1 MV_949 100"]);
    evening.assert_clean();
}

#[test]
fn punchplays_answer_to_the_same_viewing_frees_what_waits_for_an_id_at_discovr() {
    if !possible() {
        return;
    }
    let mut evening = Evening::at_both();
    evening.punchplay.with(|app| {
        let known = [("Heat", 949), ("Show", 1396)];
        app.tmdb_ids
            .extend(known.map(|(title, id)| (title.to_owned(), id)));
    });
    // PunchPlay is away at first: what is for Discovr waits, and visibly for an id.
    evening.punchplay.down();
    evening.start();
    let film = evening.film("Heat (1995).mkv", LENGTH);
    let episode = evening.film("Show S01E02.mkv", LENGTH);
    evening.mpv(&[], &[&film, &episode]).wait();
    evening.until("both wait for ids", SOON, |evening| {
        let states = queued(evening);
        states.iter().filter(|state| *state == "waiting_id").count() == 4 && states.len() == 6
    });
    assert_eq!(evening.discovr.requests().len(), 0);
    evening.punchplay.up();
    // A start tries at once.
    evening.end_daemon(Signal::KILL);
    evening.start();
    evening.until("both are history", SOON, |evening| {
        history(evening).len() == 2
    });
    until_told(&evening);
    assert_eq!(history(&evening), ["MV_949 100", "TV_1396 s1e2 100"]);
    assert_eq!(evening.story(), "stop* stop*");
    assert_eq!(
        evening.tmdb.requests().len(),
        0,
        "without a key nobody is asked"
    );

    // Known from now on: the next episode waits for nobody.
    evening.punchplay.down();
    let next = evening.film("Show S01E03.mkv", LENGTH);
    evening.mpv(&[], &[&next]).wait();
    evening.until("the next one is history", SOON, |evening| {
        history(evening).len() == 3
    });
    assert_eq!(history(&evening)[2], "TV_1396 s1e3 100");
    evening.assert_clean();
}
