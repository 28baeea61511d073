//! What a user orders a running daemon to do: pause, resume, undo, the queue, a status that follows.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::evening::{Evening, possible};
use crate::support::home::Ran;

/// Ten seconds at 40 times the speed.
const LENGTH: u32 = 400;
const SOON: Duration = Duration::from_secs(30);

fn status(evening: &Evening) -> Value {
    evening.json(&["status", "--json"]).remove(0)
}

fn history(evening: &Evening) -> Vec<Value> {
    evening.json(&["history", "--json"])
}

/// The id of the viewing of a title.
fn viewing(evening: &Evening, title: &str) -> String {
    let rows = history(evening);
    let row = rows.iter().find(|row| row["media"]["title"] == title);
    row.expect(title)["viewing_id"].as_str().unwrap().to_owned()
}

#[test]
fn while_paused_nothing_is_tracked_kept_or_sent_and_the_pause_outlives_a_restart() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start();
    let heat = evening.film("Heat (1995).mkv", 2400);
    let mpv = evening.mpv(&[], &[&heat]);
    evening.until("the film has started", SOON, |e| e.story() == "start");

    let ran = evening.home.run(&["pause"]);
    assert_eq!(
        ran.out,
        "Paused: nothing is tracked until `reeld resume`.\n"
    );
    evening.until_stops(1);
    assert_eq!(evening.story(), "start stop");
    let shown = status(&evening);
    assert_eq!(shown["paused_until"], "9999-12-31T23:59:59.000Z");
    assert_eq!(shown["players"][0]["why_not"], "tracking is paused");
    let told = evening.events().len();

    evening.end_daemon(Signal::KILL);
    evening.start();
    assert!(status(&evening)["paused_until"].is_string());
    let alien = evening.film("Alien (1979).mkv", LENGTH);
    evening.mpv(&[], &[&alien]).wait();
    evening.until("the player is gone", SOON, |evening| {
        status(evening)["players"].as_array().unwrap().len() == 1
    });
    assert_eq!(evening.events().len(), told);
    let titles: Vec<Value> = history(&evening)
        .iter()
        .map(|row| row["media"]["title"].clone())
        .collect();
    assert_eq!(titles, ["Heat"], "only what was seen before the pause");

    // Another pause takes its place; that one ends by itself.
    let ran = evening.home.run(&["pause", "2s", "--json"]);
    let until: Value = serde_json::from_str(&ran.out).unwrap();
    assert!(until["paused_until"].as_str().unwrap() < "9999", "{until}");
    evening.until("the pause is over", SOON, |evening| {
        status(evening)["paused_until"].is_null()
    });
    evening.until("the film goes on", SOON, |evening| {
        evening.story() == "start stop start"
    });
    assert_eq!(
        evening.home.run(&["resume"]).out,
        "There was no pause: what plays is tracked.\n"
    );
    mpv.quit();
    evening.until_stops(2);
    assert_eq!(history(&evening).len(), 1, "one viewing all the time");
    evening.assert_clean();
}

#[test]
fn a_watch_that_is_not_delivered_yet_is_taken_back_and_can_be_made_good_later() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.punchplay.down();
    evening.start();
    let heat = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&[], &[&heat]).wait();
    evening.until("the watch is queued", SOON, |evening| {
        let rows = evening.json(&["queue", "--json"]);
        rows.len() == 1 && rows[0]["action"] == "stop"
    });
    let id = viewing(&evening, "Heat");
    let taken = evening.json(&["undo", &id, "--json"]).remove(0);
    assert_eq!(taken["watched"], false, "{taken}\n{}", evening.log());
    assert_eq!(taken["services"][0]["user"], "ann");
    assert_eq!(history(&evening)[0]["completed"], false);
    let again = evening.home.run(&["undo", &id]);
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("nothing to take back"), "{again:?}");

    // Also across a restart.
    evening.end_daemon(Signal::KILL);
    evening.punchplay.up();
    evening.start();
    evening.until_stops(1);
    assert_eq!(evening.story(), "stop", "{:#?}", evening.events());

    evening.mpv(&[], &[&heat]).wait();
    evening.until_stops(2);
    assert_eq!(evening.story(), "stop start stop*");
    let watched = |evening: &Evening| {
        let mut rows = history(evening);
        rows.retain(|row| row["completed"] == true);
        rows
    };
    assert_eq!(history(&evening).len(), 2, "a viewing of its own");
    assert_eq!(watched(&evening).len(), 1);
    evening.until("it is settled", SOON, |evening| {
        watched(evening)[0]["deliveries"][0]["state"] == "delivered"
    });
    let id = watched(&evening)[0]["viewing_id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();

    let late = evening.home.run(&["undo", &id]);
    assert_eq!(late.code, Some(1), "{late:?}");
    assert_eq!(
        late.out,
        "Heat (1995) still counts as watched.\nPunchPlay has been told already.\n"
    );
    assert!(
        late.err
            .contains("Hint: remove it by hand from your history at PunchPlay"),
        "{late:?}"
    );
    assert_eq!(watched(&evening).len(), 1);
    evening.assert_clean();
}

#[test]
fn wrong_turns_at_a_running_daemon_say_what_to_do() {
    if !possible() {
        return;
    }
    let mut evening = Evening::unlinked();
    evening.start();
    for (arguments, code, words) in [
        (&["undo", "00000000000000ff"][..], 1, "there is no viewing"),
        (&["undo", "Heat"], 2, "16 digits and letters"),
        (&["pause", "tomorrow"], 2, "write it like 90s, 45m, 2h"),
        (&["pause", "0s"], 2, "from 1s to 10years"),
        (&["queue", "retry", "7"], 1, "there is no delivery 7"),
        (
            &["queue", "drop", "7", "8"],
            1,
            "there are no deliveries 7, 8",
        ),
        (&["logout", "punchplay"], 1, "PunchPlay is not linked"),
        (&["explain", "no-such-player"], 1, "there is no player"),
        (&["rematch", "ff", "--tmdb", "1"], 1, "there is no viewing"),
    ] {
        let ran = evening.home.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(words), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains("Hint: "), "{arguments:?}: {ran:?}");
        assert_eq!(ran.out, "", "{arguments:?}");
    }
    let said = |arguments: &[&str]| -> String {
        let Ran { code, out, err } = evening.home.run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {err}");
        out
    };
    assert_eq!(said(&["queue"]), "The queue is empty.\n");
    assert_eq!(said(&["queue", "--json"]), "");
    assert_eq!(said(&["queue", "export"]), "");
    assert_eq!(
        said(&["queue", "retry", "--refused"]),
        "Nothing was refused.\n"
    );
    assert_eq!(said(&["history"]), "Nothing has been watched yet.\n");
    assert!(said(&["status"]).contains("No account is linked"));
}

/// `reeld status --follow --json`, a line at a time.
struct Follower {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Follower {
    fn start(evening: &Evening) -> Self {
        let mut child = evening
            .home
            .command(&["status", "--follow", "--json"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Reads on to what is looked for; a file is not written at one stroke.
    fn until(&mut self, wanted: impl Fn(&Value) -> bool) {
        while !wanted(&self.next()) {}
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_status_that_follows_is_told_of_every_change_and_of_nothing_else() {
    if !possible() {
        return;
    }
    let mut evening = Evening::unlinked();
    evening.start();
    let mut follower = Follower::start(&evening);
    assert!(follower.next()["paused_until"].is_null());
    // Looking is no change: the next line is the pause's.
    for arguments in [&["players"][..], &["queue"], &["status"]] {
        evening.home.run(arguments);
    }
    evening.home.run(&["pause"]);
    assert!(follower.next()["paused_until"].is_string());
    evening.home.run(&["resume"]);
    assert!(follower.next()["paused_until"].is_null());
    evening.home.configure("[watched]\nmovie_percent = 850\n");
    let problem = |status: &Value| status["problems"].to_string().contains("movie_percent");
    follower.until(problem);
    evening.configure("");
    follower.until(|status| !problem(status));
    evening.end_daemon(Signal::TERM);
    let ended = follower.child.wait().unwrap();
    assert_eq!(ended.code(), Some(3), "the daemon is gone");
}
