//! `status`, `queue`, `accounts` and `logout` in every state that a running reeld can be in: `tests/screens/`.

use std::time::Duration;

use reeld::model::ServiceName;
use serde_json::json;

use crate::support::home::Home;
use crate::support::rehearsal::Rehearsal;
use crate::support::screens::Screens;
use crate::support::standin::{Fault, Reply};

const HEAT: &str = "/films/Heat (1995) {tmdb-949}.mkv";
const ALIEN: &str = "/films/Alien (1979).mkv";
const SHOWN: [&[&str]; 2] = [&["status"], &["queue"]];

/// Shows what these commands print after the story. It is played twice: the first time shows how long it takes, so that it can
/// begin as long ago.
fn show(screens: &mut Screens, when: &str, commands: &[&[&str]], story: impl Fn(&mut Rehearsal)) {
    let mut first = Rehearsal::begun(Duration::ZERO);
    story(&mut first);
    let mut stage = Rehearsal::begun(first.elapsed());
    story(&mut stage);
    for command in commands {
        let ran = stage.run(command);
        screens.keep(when, &stage.home, command, &ran);
    }
}

/// Until the next attempt is so far away that a slow machine does not change what is shown.
fn until_it_rests(stage: &mut Rehearsal) {
    let left = |stage: &Rehearsal| stage.rests().unwrap_or(Duration::MAX);
    for _ in 0..1000 {
        if left(stage) > Duration::from_secs(20) {
            return;
        }
        let step = left(stage).as_secs_f64();
        stage.wait(step + 0.001);
    }
    panic!("it never rests");
}

#[test]
fn what_a_running_reeld_shows_in_every_state() {
    let mut screens = Screens::of("states");
    let mut show =
        |when: &str, story: &dyn Fn(&mut Rehearsal)| show(&mut screens, when, &SHOWN, story);
    show("nothing is linked, nothing plays", &|stage| {
        stage.wait(90.0)
    });
    show("nothing is linked, a film was watched", &|stage| {
        stage.watch(HEAT)
    });
    show("both are linked, and a film plays", &|stage| {
        stage.link_both();
        stage.open(HEAT, 0.0);
        stage.wait(200.0);
    });
    show("a film was watched and told", &|stage| {
        stage.link_both();
        stage.watch(HEAT);
        stage.wait(600.0);
    });
    show("it is paused", &|stage| {
        stage.link_both();
        stage.run(&["pause"]);
        stage.open(HEAT, 0.0);
        stage.wait(60.0);
    });
    show("it waits for an id", &|stage| {
        let ann = stage.discovr.with(|app| app.issue_login("ann", "p1"));
        stage.link(ann);
        stage.watch(ALIEN);
        stage.wait(60.0);
    });
    show("a service cannot be reached", &|stage| {
        stage.link_both();
        stage.punchplay.down();
        stage.watch(HEAT);
        stage.wait(600.0);
        until_it_rests(stage);
    });
    show("a service wants to be left alone for a while", &|stage| {
        stage.link_both();
        let reply = Reply::json(429, &json!({ "error": "rate_limited" }));
        let reply = reply.header("Retry-After", "3000");
        stage
            .punchplay
            .fault("/playback", Fault::Answer(reply), None);
        stage.watch(HEAT);
        stage.wait(60.0);
    });
    show("whether it arrived is not known", &|stage| {
        stage.link_both();
        stage
            .discovr
            .fault("POST /profile/history", Fault::HangAfter, None);
        stage.discovr.fault(
            "GET /profile/history",
            Fault::Answer(Reply::html(502)),
            None,
        );
        stage.watch(HEAT);
        stage.wait(900.0);
        until_it_rests(stage);
    });
    show("the user has revoked the login", &|stage| {
        stage.link_both();
        stage.punchplay.with(|app| app.revoke_all());
        stage.watch(HEAT);
        stage.wait(60.0);
    });
    show("the profile was deleted", &|stage| {
        stage.link_both();
        stage.discovr.with(|app| app.profiles.truncate(1));
        stage.watch(HEAT);
        stage.wait(60.0);
    });
    show(
        "a service is switched off with something queued",
        &|stage| {
            stage.link_both();
            stage.punchplay.down();
            stage.watch(HEAT);
            stage.switch_off(ServiceName::Punchplay);
            stage.wait(60.0);
        },
    );
    show("another user has logged in", &|stage| {
        stage.link_both();
        stage.punchplay.with(|app| app.revoke_all());
        stage.watch(HEAT);
        let bob = stage.punchplay.with(|app| app.issue_login("bob"));
        stage.link(bob);
        stage.wait(60.0);
        stage.punchplay.down();
        stage.watch(ALIEN);
        stage.wait(600.0);
        until_it_rests(stage);
    });
    show("some were refused for good", &|stage| {
        stage.link_both();
        let reply = Reply::json(
            400,
            &json!({ "error": "invalid_request", "message": "title is too odd" }),
        );
        stage
            .punchplay
            .fault("/playback/stop", Fault::Answer(reply), None);
        stage.watch(HEAT);
        stage.watch(ALIEN);
        stage.wait(60.0);
    });
    show("one fails while others arrive", &|stage| {
        stage.link_both();
        let reply = Reply::json(500, &json!({ "error": "server_error" }));
        stage
            .punchplay
            .fault("/playback/stop", Fault::Answer(reply), None);
        stage.watch(HEAT);
        stage.open(ALIEN, 0.0);
        stage.wait(500.0);
    });
    show("the disk is full", &|stage| {
        stage.link_both();
        stage.disk_is_full(true);
        stage.watch(HEAT);
        stage.wait(60.0);
    });
    screens.check();
}

#[test]
fn accounts_and_logout_while_reeld_runs() {
    let mut screens = Screens::of("accounts-running");
    let waits = |stage: &mut Rehearsal| {
        stage.link_both();
        stage.punchplay.with(|app| app.revoke_all());
        stage.watch(HEAT);
        stage.wait(60.0);
    };
    show(
        &mut screens,
        "a login is refused",
        &[&["accounts"], &["logout", "punchplay"]],
        waits,
    );
    let keep: &[&[&str]] = &[
        &["logout", "punchplay", "--keep-queue"],
        &["accounts"],
        &["status"],
        &["queue"],
        &["logout", "punchplay"],
    ];
    show(&mut screens, "what is queued is kept", keep, waits);
    let drop: &[&[&str]] = &[
        &["logout", "punchplay", "--drop-queue"],
        &["accounts"],
        &["queue"],
    ];
    show(&mut screens, "what is queued is dropped", drop, waits);
    show(
        &mut screens,
        "another user is linked by now",
        &[&["accounts"]],
        |stage| {
            waits(stage);
            let bob = stage.punchplay.with(|app| app.issue_login("bob"));
            stage.link(bob);
        },
    );
    let login: &[&[&str]] = &[&["login", "punchplay"], &["accounts"], &["queue"]];
    show(&mut screens, "and the first logs in again", login, waits);
    screens.check();
}

#[test]
fn the_queue_and_the_status_where_nothing_runs_and_what_can_be_done_with_the_queue() {
    let mut screens = Screens::of("queue");
    let home = Home::new();
    for command in [
        &["status"][..],
        &["queue"],
        &["queue", "retry"],
        &["queue", "drop", "x"],
        &["queue", "export"],
    ] {
        screens.run("reeld is not running", &home, command);
    }
    let refused = |stage: &mut Rehearsal| {
        stage.link_both();
        let reply = Reply::json(
            400,
            &json!({ "error": "invalid_request", "message": "title is too odd" }),
        );
        stage
            .punchplay
            .fault("/playback/stop", Fault::Answer(reply), 1);
        stage.watch(HEAT);
        stage.wait(60.0);
    };
    let ids = |stage: &mut Rehearsal| stage.json(&["queue", "--json"])[0]["id"].to_string();
    let mut stage = Rehearsal::begun(Duration::ZERO);
    refused(&mut stage);
    let id = ids(&mut stage);
    for command in [
        &["queue", "retry", "4711"][..],
        &["queue", "drop", "4711", "4712"],
        &["queue", "drop", &id, "4711"],
        &["queue"],
        &["queue", "retry", "--refused"],
    ] {
        let ran = stage.run(command);
        screens.keep("one was refused", &stage.home, command, &ran);
    }
    let mut stage = Rehearsal::begun(Duration::ZERO);
    refused(&mut stage);
    for command in [
        &["queue", "export"][..],
        &["queue", "retry", "--refused"],
        &["queue"],
    ] {
        let ran = stage.run(command);
        screens.keep("it is tried again", &stage.home, command, &ran);
    }
    screens.check();
}
