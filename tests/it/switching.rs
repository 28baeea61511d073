//! Another user logs in while the daemon runs and something is queued: what was made for one is never sent as another.

use std::time::Duration;

use crate::support::evening::{Evening, possible};

const LENGTH: u32 = 400;
const SOON: Duration = Duration::from_secs(60);

/// `user title` of every watch at PunchPlay.
fn watches(evening: &Evening) -> Vec<String> {
    let events = evening.events();
    let watches = events.iter().filter(|event| event.is_watch());
    watches
        .map(|event| format!("{} {}", event.user, event.title()))
        .collect()
}

fn log_in(evening: &Evening, user: &str) -> String {
    evening.punchplay.with(|app| app.user = user.to_owned());
    let ran = evening.home.run(&["login", "punchplay"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("The running reeld reports"), "{ran:?}");
    ran.out
}

/// What is queued, as `user state`.
fn queued(evening: &Evening) -> Vec<String> {
    let rows = evening.json(&["queue", "--json"]);
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    rows.iter()
        .map(|row| format!("{} {}", text(&row["user"]), text(&row["state"])))
        .collect()
}

#[test]
fn a_login_as_somebody_else_while_the_daemon_runs_sends_nothing_of_the_first() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    // Ann has revoked the login in her browser.
    evening.punchplay.with(|app| app.revoke_all());
    evening.start();
    let heat = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&[], &[&heat]).wait();
    evening.until("ann's watch waits for a login", SOON, |evening| {
        queued(evening) == ["ann waiting_login"]
    });
    let status = evening.home.run(&["status"]);
    assert!(
        status.out.contains(
            "PunchPlay wants a new login; what is queued is kept.\nHint: reeld login punchplay\n"
        ),
        "{status:?}"
    );
    let accounts = evening.home.run(&["accounts"]);
    assert!(
        accounts.out.contains("PunchPlay  needs login  ann"),
        "{accounts:?}"
    );
    assert_eq!(evening.events().len(), 0);

    let said = log_in(&evening, "bob");
    assert!(
        said.contains("Linked: bob at PunchPlay.\nIt takes the place of ann."),
        "{said}"
    );
    let alien = evening.film("Alien (1979).mkv", LENGTH);
    evening.mpv(&[], &[&alien]).wait();
    evening.until("bob's watch arrives", SOON, |evening| {
        watches(evening) == ["bob Alien"]
    });
    assert!(
        evening.events().iter().all(|event| event.user == "bob"),
        "{:#?}",
        evening.events()
    );
    evening.until("only ann's is left", SOON, |evening| {
        queued(evening).len() == 1
    });
    assert_eq!(queued(&evening), ["ann waiting_login"], "by her name");
    let accounts = evening.home.run(&["accounts"]).out;
    assert!(
        accounts.contains("PunchPlay  1 queued    ann\n"),
        "{accounts}"
    );
    let status = &evening.json(&["status", "--json"])[0];
    let rows = status["accounts"].as_array().unwrap();
    let bob = rows.iter().find(|row| row["user"] == "bob").unwrap();
    assert_eq!((&bob["state"], &bob["queued"]), (&"ok".into(), &0.into()));

    let said = log_in(&evening, "ann");
    assert!(said.contains("It takes the place of bob."), "{said}");
    evening.until("ann's watch arrives", SOON, |evening| {
        watches(evening) == ["bob Alien", "ann Heat"]
    });
    evening.until("nothing is queued", SOON, |evening| {
        queued(evening).is_empty()
    });
    evening.assert_clean();
}

#[test]
fn logging_out_keeps_or_drops_what_is_queued_as_it_is_told() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.punchplay.down();
    evening.start();
    let heat = evening.film("Heat (1995).mkv", LENGTH);
    evening.mpv(&[], &[&heat]).wait();
    evening.until("the watch is queued", SOON, |evening| {
        queued(evening) == ["ann due"]
    });
    let unsaid = evening.home.run(&["logout", "punchplay"]);
    assert_eq!(unsaid.code, Some(2), "{unsaid:?}");
    assert!(unsaid.err.contains("--keep-queue"), "{unsaid:?}");
    assert_eq!(queued(&evening), ["ann due"], "nothing is changed");

    let kept = evening.home.run(&["logout", "punchplay", "--keep-queue"]);
    assert_eq!(kept.code, Some(0), "{kept:?}");
    assert!(
        kept.out.starts_with("PunchPlay is not linked any more.\n")
            && kept.out.contains("could not be told"),
        "{kept:?}"
    );
    evening.until("it waits", SOON, |evening| {
        queued(evening) == ["ann waiting_login"]
    });
    evening.punchplay.up();
    log_in(&evening, "ann");
    evening.until("it arrives", SOON, |evening| {
        watches(evening) == ["ann Heat"]
    });

    evening.punchplay.down();
    let alien = evening.film("Alien (1979).mkv", LENGTH);
    evening.mpv(&[], &[&alien]).wait();
    evening.until("the next is queued", SOON, |evening| {
        queued(evening) == ["ann due"]
    });
    let dropped = evening.home.run(&["logout", "punchplay", "--drop-queue"]);
    assert_eq!(dropped.code, Some(0), "{dropped:?}");
    assert_eq!(queued(&evening), Vec::<String>::new());
    evening.punchplay.up();
    log_in(&evening, "ann");
    assert_eq!(watches(&evening), ["ann Heat"]);
    evening.assert_clean();
}
