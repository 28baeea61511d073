//! What something is, from the disk to the service: files beside a video, the user's rules, and why.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::evening::{Evening, possible};
use crate::support::home::Home;

const HEAT: &str =
    "<movie><title>Heat</title><year>1995</year><uniqueid type='tmdb'>949</uniqueid></movie>";
/// At 40 times the speed: 10 s.
const LENGTH: u32 = 400;

fn write(file: &Path, text: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, text).unwrap();
}

fn json(home: &Home, arguments: &[&str]) -> Value {
    let ran = home.run(arguments);
    assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
    serde_json::from_str(&ran.out).unwrap()
}

#[test]
fn a_file_is_identified_with_what_lies_beside_it_and_the_users_rules() {
    let home = Home::new();
    let videos = home.folder.path().join("videos");
    let film = videos.join("heat.1995.rip.mkv");
    write(&film, "");
    write(&videos.join("movie.nfo"), HEAT);
    let path = film.to_str().unwrap();
    let told = json(&home, &["identify", "--json", path]);
    assert_eq!(
        (&told["title"], &told["ids"]["tmdb"], &told["verdict"]),
        (&json!("Heat"), &json!(949), &json!("send")),
        "{told}"
    );
    assert_eq!(told["evidence"][0]["source"], "nfo");

    let rules = home.paths().rules_file();
    write(
        &rules,
        "# mine\n[[rule]]\nwhen = { path = \"~/videos\" }\nignore = true\n",
    );
    let told = json(&home, &["identify", "--json", path]);
    assert_eq!(
        (&told["verdict"], &told["evidence"][0]["source"]),
        (&json!("ignore"), &json!("rule"))
    );
    let checked = json(&home, &["rules", "check", "--json"]);
    assert_eq!(
        (&checked["valid"], &checked["rules"]),
        (&json!(true), &json!(1))
    );

    write(
        &rules,
        "[[rule]]\nwhen = { path = \"~/videos\" }\nset = { tmdv = 1 }\n",
    );
    let ran = home.run(&["rules", "check"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.err.contains("rules.toml, line 3") && ran.err.contains("tmdv"),
        "{ran:?}"
    );
    let ran = home.run(&["identify", path]);
    assert_eq!(ran.code, Some(0), "broken rules are left out: {ran:?}");
    assert!(
        ran.err.starts_with("Warning: your rules are left out"),
        "{ran:?}"
    );
}

#[test]
fn names_on_standard_input_are_answered_in_order_one_a_line() {
    let home = Home::new();
    let names: Vec<String> = (1..=2_000)
        .map(|n| format!("Show S01E{n:02}.mkv"))
        .collect();
    let ran = home.run_with(
        &["identify", "--stdin", "--json"],
        names.join("\n").as_bytes(),
    );
    assert_eq!(ran.code, Some(0));
    let inputs: Vec<String> = ran
        .out
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["input"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(inputs, names);
}

#[test]
fn explain_says_what_settings_and_rules_make_of_a_path() {
    let home = Home::new();
    home.configure("[privacy]\nignore_paths = [\"/films/private\"]\n[track]\nepisodes = false\n");
    for (path, verdict, words) in [
        ("/films/Heat (1995).mkv", "send", ""),
        (
            "/films/private/Heat (1995).mkv",
            "ignore",
            "privacy.ignore_paths",
        ),
        ("/films/Show S01E01.mkv", "ignore", "track.episodes"),
        ("/films/Heat.mkv", "keep", "not sure enough"),
        ("/films/Trailers/Heat (1995).mkv", "ignore", "trailer"),
    ] {
        let told = json(&home, &["explain", "--json", path]);
        assert_eq!(told["verdict"], verdict, "{told}");
        assert!(
            told["reason"].as_str().unwrap_or("").contains(words),
            "{told}"
        );
        assert_eq!(told["input"], path);
    }
    let address = "file:///films/Heat%20(1995)/heat.mkv";
    let told = json(&home, &["explain", "--json", address]);
    assert_eq!(told["input"], "/films/Heat (1995)/heat.mkv", "{told}");
    assert_eq!(told["verdict"], "send", "{told}");
    assert_eq!(home.run(&["explain", "mpv"]).code, Some(3));
}

#[test]
fn a_file_beside_a_film_decides_what_is_sent_and_a_rule_ends_it_at_once() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start();
    let film = evening.film("heat.1995.rip.mkv", LENGTH);
    write(&film.with_extension("nfo"), HEAT);
    let mpv = evening.mpv(&[], &[&film]);
    evening.until("it is seen", Duration::from_secs(30), |evening| {
        evening
            .events()
            .iter()
            .any(|event| event.action == "progress")
    });
    let events = evening.events();
    assert!(
        events
            .iter()
            .all(|event| event.title() == "Heat" && event.body["tmdb_id"] == 949),
        "{events:#?}"
    );
    let told = &evening.json(&["explain", "mpv", "--json"])[0];
    assert_eq!(told["identity"]["evidence"][0]["source"], "nfo", "{told}");
    assert!(told["player"]["viewing_id"].is_string(), "{told}");

    write(
        &evening.home.paths().rules_file(),
        "[[rule]]\nwhen = { title = \"heat\" }\nignore = true\n",
    );
    evening.until_stops(1);
    assert_eq!(evening.story(), "start stop");
    let told = &evening.json(&["explain", &mpv.id(), "--json"])[0];
    let why = told["player"]["why_not"].as_str().unwrap_or_default();
    assert!(why.contains("your rule in line 1"), "{told}");
    mpv.quit();
    evening.assert_clean();
}

#[test]
fn a_viewing_is_matched_anew_for_now_and_for_always() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start();
    let film = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&[], &[&film]).wait();
    evening.until_stops(1);
    let rules = evening.home.paths().rules_file();
    write(&rules, "# mine\n");
    let viewing = evening.json(&["history", "--json"])[0]["viewing_id"]
        .as_str()
        .unwrap()
        .to_owned();
    let ran = evening
        .home
        .run(&["rematch", &viewing, "--tmdb", "12345", "--always"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let written = fs::read_to_string(&rules).unwrap();
    assert!(
        written.starts_with("# mine\n\n[[rule]]\n") && written.contains("tmdb = 12345"),
        "{written}"
    );
    evening.until("the rule is in force", Duration::from_secs(10), |evening| {
        evening
            .log()
            .contains("the rules have changed: there are 1")
    });
    evening.mpv(&[], &[&film]).wait();
    evening.until_stops(2);
    let again = evening.events().last().unwrap().body["tmdb_id"].clone();
    assert_eq!(again, 12345);
    assert_eq!(
        evening
            .home
            .run(&["rematch", "0000000000000001", "--tmdb", "1"])
            .code,
        Some(1)
    );
    evening.assert_clean();
}
