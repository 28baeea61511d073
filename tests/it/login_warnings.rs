//! What the user hears of logins without asking, in the log, in `status` and on the desktop; and logins that change while a
//! daemon runs.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use reeld::account::NewLogin;
use reeld::model::ServiceName;
use tracing_subscriber::fmt::MakeWriter;

use crate::support::rehearsal::Rehearsal;
use crate::support::standin::{Fault, Reply};

const HEAT: &str = "/films/Heat (1995) {tmdb-949}.mkv";
const ALIEN: &str = "/films/Alien (1979) {tmdb-348}.mkv";
const DAY: Duration = Duration::from_secs(24 * 3600);
const DAY_LONG: f64 = 24.0 * 3600.0;

/// What is logged on this thread, from WARN on.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Runs something and returns the lines with these words.
    fn of(&self, words: &str, act: impl FnOnce()) -> usize {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::WARN)
            .with_ansi(false)
            .with_writer(self.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, act);
        let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
        text.lines().filter(|line| line.contains(words)).count()
    }
}

/// A login at Discovr that ends so long from now on.
fn ending(stage: &Rehearsal, left: Duration) -> NewLogin {
    let mut login = stage.discovr.with(|app| app.issue_login("ann", "p1"));
    login.tokens.refresh_expires_at = Some(reeld::clock::now().wall.plus(left));
    login
}

fn told(stage: &mut Rehearsal) -> Vec<String> {
    let notices = std::mem::take(&mut stage.notices);
    notices.into_iter().map(|notice| notice.summary).collect()
}

/// Of Discovr, in `status --json`.
fn last_error(stage: &mut Rehearsal) -> String {
    let status = stage.json(&["status", "--json"]).remove(0);
    let rows = status["accounts"].as_array().unwrap();
    let row = rows.iter().find(|row| row["service"] == "discovr").unwrap();
    row["last_error"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_login_that_ends_within_a_week_is_told_of_once_everywhere() {
    const WORDS: &str = "the login at Discovr ends in 6 days: run `reeld login discovr`";
    let mut stage = Rehearsal::begun(Duration::ZERO);
    let login = ending(&stage, 7 * DAY - DAY / 2);
    assert_eq!(Log::default().of(WORDS, || stage.link(login)), 1);
    assert_eq!(told(&mut stage), ["Log in to Discovr again soon"]);
    assert_eq!(last_error(&mut stage), WORDS);
    let again = Log::default().of("ends in", || {
        stage.watch(HEAT);
        stage.wait(2.0 * DAY_LONG);
        stage.watch(ALIEN);
    });
    assert_eq!((again, told(&mut stage)), (0, Vec::new()));
    // A new login is another.
    let login = ending(&stage, 90 * DAY);
    stage.link(login);
    assert_eq!(last_error(&mut stage), "");
}

#[test]
fn a_login_that_comes_near_its_end_while_the_daemon_runs_is_noticed_when_something_is_sent() {
    let mut stage = Rehearsal::begun(Duration::ZERO);
    let login = ending(&stage, 8 * DAY);
    let early = Log::default().of("ends in", || {
        stage.link(login);
        stage.watch(HEAT);
        stage.wait(2.0 * DAY_LONG);
    });
    assert_eq!((early, told(&mut stage)), (0, Vec::new()));
    let late = Log::default().of("the login at Discovr ends in 5 days", || stage.watch(ALIEN));
    assert_eq!(late, 1);
    assert_eq!(told(&mut stage), ["Log in to Discovr again soon"]);
}

#[test]
fn a_profile_that_was_deleted_is_told_of_and_what_was_made_for_it_is_never_sent_as_another() {
    let mut stage = Rehearsal::linked();
    stage
        .discovr
        .with(|app| app.profiles.retain(|(id, _)| id != "p1"));
    let words = "Discovr wants a new login (its profile Ann is not there any more)";
    assert_eq!(Log::default().of(words, || stage.watch(HEAT)), 1);
    assert_eq!(told(&mut stage), ["Discovr wants a new login"]);
    assert_eq!(
        last_error(&mut stage),
        "its profile Ann is not there any more"
    );
    let kids = stage.discovr.with(|app| app.issue_login("ann", "p2"));
    stage.link(kids);
    stage.watch(ALIEN);
    stage.wait(3600.0);
    let history = stage.discovr.with(|app| app.history.clone());
    let entries: Vec<_> = history
        .iter()
        .map(|e| (e.profile.as_str(), e.media_id.as_str()))
        .collect();
    assert_eq!(entries, [("p2", "MV_348")]);
    let queued = stage.queued();
    assert!(!queued.is_empty());
    assert!(
        queued
            .iter()
            .all(|row| row == "discovr public-ann (profile Ann) WaitingLogin"),
        "{queued:?}"
    );
    assert_eq!(stage.violations(), Vec::<String>::new());
}

#[test]
fn settings_that_name_another_profile_than_the_linked_one_are_noticed() {
    let words = "`discovr.profile` names another profile than the one that is linked";
    let mut stage = Rehearsal::linked();
    for (profile, times) in [("Ann", 0), ("Kids", 1), ("p1", 0)] {
        let count = Log::default().of(words, || stage.ask_for_profile(profile));
        assert_eq!(count, times, "{profile}");
    }
}

#[test]
fn a_login_as_another_in_mid_film_ends_the_session_of_the_first_and_begins_one_of_the_second() {
    let mut stage = Rehearsal::linked();
    stage.open(HEAT, 0.0);
    stage.wait(200.0);
    let bob = stage.punchplay.with(|app| app.issue_login("bob"));
    stage.link(bob);
    stage.play_out();
    stage.wait(60.0);
    let events = stage.punchplay.with(|app| app.events.clone());
    let edges = events.iter().filter(|event| event.action != "progress");
    let edges: Vec<_> = edges
        .map(|event| {
            format!(
                "{} {}{}",
                event.user,
                event.action,
                if event.is_watch() { "*" } else { "" }
            )
        })
        .collect();
    // What ends with her login is hers alone: it waits for her.
    assert_eq!(edges, ["ann start", "bob start", "bob stop*"]);
    assert_eq!(stage.queued(), ["punchplay ann WaitingLogin"]);
    let ann = stage.punchplay.with(|app| app.issue_login("ann"));
    stage.link(ann);
    stage.wait(60.0);
    let last = stage
        .punchplay
        .with(|app| app.events.last().cloned())
        .unwrap();
    assert_eq!(
        (last.user.as_str(), last.action.as_str(), last.is_watch()),
        ("ann", "stop", false)
    );
    assert_eq!(stage.queued(), Vec::<String>::new());
    assert_eq!(stage.violations(), Vec::<String>::new());
}

#[test]
fn a_login_that_another_takes_the_place_of_is_signed_out_and_the_new_one_is_never_lost() {
    let live = |stage: &Rehearsal| {
        (
            stage.punchplay.with(|app| app.live_refresh_tokens()),
            stage.discovr.with(|app| app.live_logins()),
        )
    };
    for trouble in [
        None,
        Some(Fault::Answer(Reply::html(502))),
        Some(Fault::ResetAfter),
    ] {
        let mut stage = Rehearsal::linked();
        if let Some(fault) = &trouble {
            stage
                .discovr
                .fault("DELETE /auth/session", fault.clone(), None);
        }
        stage.watch(ALIEN);
        stage.link_both();
        // At PunchPlay, what signing out one login of a user does to the others is not known.
        let left = match &trouble {
            Some(Fault::Answer(_)) => (2, 2),
            _ => (2, 1),
        };
        assert_eq!(live(&stage), left);
        stage.watch(HEAT);
        stage.wait(60.0);
        assert_eq!(stage.discovr.with(|app| app.history.len()), 2);
        assert_eq!(stage.queued(), Vec::<String>::new());
        let bob = stage.punchplay.with(|app| app.issue_login("bob"));
        stage.link(bob);
        assert_eq!(live(&stage).0, 2, "ann's last one is signed out");
        let accounts = stage.accounts.linked();
        assert!(accounts.iter().all(|account| account.needs_login.is_none()));
        assert_eq!(accounts.len(), ServiceName::ALL.len());
        assert_eq!(stage.violations(), Vec::<String>::new());
    }
}
