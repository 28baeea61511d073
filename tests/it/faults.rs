//! Every fault of each service at every action, through engine, outbox and sender: in the end each service has the film or
//! episode exactly once, nothing is queued, and nothing that a reference forbids was sent.

use std::time::Duration;

use reeld::model::ServiceName;
use serde_json::json;

use crate::support::rehearsal::{LENGTH, Rehearsal};
use crate::support::standin::{Entry, Fault, Reply};

const FILM: &str = "/films/Fight Club (1999) {tmdb-550}.mkv";
const EPISODE: &str = "/series/Breaking Bad {tmdb-1396}/Breaking Bad S01E02.mkv";

/// What happens in an evening in two sittings, in order. At each of them the next requests go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Progress,
    Pause,
    Resume,
    Seek,
    Stop,
    Completion,
}

const ACTIONS: [At; 7] = [
    At::Start,
    At::Progress,
    At::Pause,
    At::Resume,
    At::Seek,
    At::Stop,
    At::Completion,
];

/// A fault of the service, or of the login.
#[derive(Debug, Clone)]
enum Trouble {
    /// So many requests go wrong in this way.
    Requests(Fault, u32),
    /// The short-lived tokens are over.
    Expired,
    /// All tokens are, until the user logs in again at the end.
    Revoked,
}

fn troubles(wrong_kind: Reply) -> Vec<(&'static str, Trouble)> {
    let error = |status| Reply::json(status, &json!({ "code": "E", "message": "no" }));
    let requests = [
        ("500", Fault::Answer(error(500))),
        ("502 of a proxy", Fault::Answer(Reply::html(502))),
        ("503", Fault::Answer(error(503))),
        ("503 after", Fault::AnswerAfter(error(503))),
        ("429", Fault::Answer(error(429))),
        (
            "429 with Retry-After",
            Fault::Answer(error(429).header("Retry-After", "90")),
        ),
        ("403 of the edge", Fault::Answer(Reply::html(403))),
        ("a portal", Fault::Answer(Reply::html(200))),
        ("reset before", Fault::ResetBefore),
        ("reset after", Fault::ResetAfter),
        ("slow", Fault::Slow(Duration::from_millis(100))),
        ("too slow", Fault::Slow(Duration::from_millis(350))),
        ("hanging", Fault::Hang),
        ("hanging after", Fault::HangAfter),
    ];
    let mut troubles: Vec<_> = requests
        .into_iter()
        .map(|(name, fault)| (name, Trouble::Requests(fault, 2)))
        .collect();
    let wrong_kind = Trouble::Requests(Fault::Answer(wrong_kind), 1);
    troubles.push(("wrong kind of token", wrong_kind));
    troubles.push(("expired", Trouble::Expired));
    troubles.push(("revoked", Trouble::Revoked));
    troubles
}

/// An evening in two sittings; `at` is told what comes.
fn evening(stage: &mut Rehearsal, path: &str, mut at: impl FnMut(&mut Rehearsal, At)) {
    at(stage, At::Start);
    stage.open(path, 0.0);
    stage.wait(10.0);
    at(stage, At::Progress);
    stage.wait(35.0);
    at(stage, At::Pause);
    stage.set_playing(false);
    stage.wait(5.0);
    at(stage, At::Resume);
    stage.set_playing(true);
    stage.wait(5.0);
    at(stage, At::Seek);
    stage.seek(200.0);
    stage.wait(40.0);
    at(stage, At::Stop);
    stage.quit();
    stage.wait(10.0);
    stage.open(path, 240.0);
    stage.wait(LENGTH - 245.0);
    at(stage, At::Completion);
    stage.play_out();
    stage.wait(2.0 * 3600.0);
}

/// One case: this trouble with requests to this route of a service, at this action.
fn run(
    service: ServiceName,
    path: &str,
    action: At,
    route: &str,
    trouble: &Trouble,
) -> Result<(), String> {
    let mut stage = Rehearsal::linked();
    evening(&mut stage, path, |stage, at| {
        if at != action {
            return;
        }
        match trouble {
            Trouble::Requests(fault, times) => match service {
                ServiceName::Punchplay => stage.punchplay.fault(route, fault.clone(), *times),
                ServiceName::Discovr => stage.discovr.fault(route, fault.clone(), *times),
            },
            Trouble::Expired => {
                stage.punchplay.with(|app| app.expire_access_tokens());
                stage.discovr.with(|app| app.expire_sessions());
            }
            Trouble::Revoked => match service {
                ServiceName::Punchplay => stage.punchplay.with(|app| app.revoke_all()),
                ServiceName::Discovr => stage.discovr.with(|app| app.revoke_all()),
            },
        }
    });
    let hit = match service {
        ServiceName::Punchplay => stage.punchplay.requests(),
        ServiceName::Discovr => stage.discovr.requests(),
    };
    let hit = hit.iter().any(|request| !request["fault"].is_null());
    if matches!(trouble, Trouble::Requests(..)) && !hit {
        return Err("the fault did not come to pass".to_owned());
    }
    if matches!(trouble, Trouble::Revoked) {
        let queued = stage.queued();
        let all_wait = queued.iter().all(|row| row.ends_with("WaitingLogin"));
        if queued.is_empty() || !all_wait {
            return Err(format!("it is not kept for the next login: {queued:?}"));
        }
        let login = match service {
            ServiceName::Punchplay => stage.punchplay.with(|app| app.issue_login("ann")),
            ServiceName::Discovr => stage.discovr.with(|app| app.issue_login("ann", "p1")),
        };
        stage.link(login);
        stage.wait(3600.0);
    }
    judge(&mut stage, path)
}

fn judge(stage: &mut Rehearsal, path: &str) -> Result<(), String> {
    let watches = stage.punchplay.with(|app| app.watches().len());
    if watches != 1 {
        let events = stage.punchplay.with(|app| app.events.clone());
        return Err(format!("{watches} watches at PunchPlay: {events:#?}"));
    }
    let (id, episode) = match path {
        FILM => ("MV_550", None),
        _ => ("TV_1396", Some((1, 2))),
    };
    let is_whole =
        |entry: &Entry| entry.media_id == id && entry.episode == episode && entry.progress == 100.0;
    let history = stage.discovr.with(|app| app.history.clone());
    if !matches!(&history[..], [entry] if is_whole(entry)) {
        return Err(format!("Discovr's history: {history:#?}"));
    }
    let points = stage
        .discovr
        .with(|app| app.playback.values().cloned().collect::<Vec<_>>());
    let is_at_end = |entry: &Entry| entry.media_id == id && entry.progress == 100.0;
    if !matches!(&points[..], [entry] if is_at_end(entry)) {
        return Err(format!("Discovr's resume points: {points:#?}"));
    }
    let queued = stage.queued();
    let violations = stage.violations();
    match (queued.is_empty(), violations.is_empty()) {
        (true, true) => Ok(()),
        _ => Err(format!("queued: {queued:?}; violations: {violations:?}")),
    }
}

type Case = (String, Box<dyn FnOnce() -> Result<(), String> + Send>);

/// Runs cases side by side: most of their time they wait.
fn all_hold(cases: Vec<Case>) {
    let count = cases.len();
    let began = std::time::Instant::now();
    let cases = std::sync::Mutex::new(cases);
    let failed = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let Some((name, case)) = cases.lock().unwrap().pop() else {
                        return;
                    };
                    if let Err(why) = case() {
                        failed.lock().unwrap().push(format!("{name}: {why}"));
                    }
                }
            });
        }
    });
    println!("{count} evenings in {:?}", began.elapsed());
    let failed = failed.into_inner().unwrap();
    assert!(
        failed.is_empty(),
        "{} of {count}:\n{}",
        failed.len(),
        failed.join("\n")
    );
}

#[test]
fn an_evening_without_trouble_is_told_once() {
    for path in [FILM, EPISODE] {
        let mut stage = Rehearsal::linked();
        evening(&mut stage, path, |_, _| ());
        judge(&mut stage, path).unwrap();
        let told = stage.punchplay.with(|app| {
            let actions = app.events.iter().map(|event| event.action.clone());
            actions
                .filter(|action| action != "progress")
                .collect::<Vec<_>>()
        });
        assert_eq!(told, ["start", "pause", "resume", "stop", "start", "stop"]);
    }
}

#[test]
fn whatever_goes_wrong_at_whichever_action_of_punchplay() {
    let mut cases: Vec<Case> = Vec::new();
    for action in ACTIONS {
        let route = match action {
            At::Start => "/playback/start",
            At::Progress | At::Seek => "/playback/progress",
            At::Pause => "/playback/pause",
            At::Resume => "/playback/resume",
            At::Stop | At::Completion => "/playback/stop",
        };
        let wrong = Reply::json(401, &json!({ "error": "invalid_token" }));
        for (name, trouble) in troubles(wrong) {
            cases.push((
                format!("{action:?}, {name}"),
                Box::new(move || run(ServiceName::Punchplay, FILM, action, route, &trouble)),
            ));
        }
    }
    all_hold(cases);
}

fn at_discovr(path: &'static str) {
    const POINT: &str = "/profile/playback";
    const HISTORY: &str = "POST /profile/history";
    let mut cases: Vec<Case> = Vec::new();
    let points = ACTIONS.map(|action| (action, POINT));
    for (action, route) in points.into_iter().chain([(At::Completion, HISTORY)]) {
        let wrong = Reply::json(403, &json!({ "code": "WRONG_TOKEN_KIND" }));
        for (name, trouble) in troubles(wrong) {
            cases.push((
                format!("{action:?} of {path}, {route}, {name}"),
                Box::new(move || run(ServiceName::Discovr, path, action, route, &trouble)),
            ));
        }
    }
    all_hold(cases);
}

#[test]
fn whatever_goes_wrong_at_whichever_action_of_a_film_at_discovr() {
    at_discovr(FILM);
}

#[test]
fn whatever_goes_wrong_at_whichever_action_of_an_episode_at_discovr() {
    at_discovr(EPISODE);
}
