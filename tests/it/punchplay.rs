//! PunchPlay's client against its stand-in: login, and every fault with every action.

use std::time::Duration;

use reeld::account::{LoginError, NewLogin, Progress, login_punchplay};
use reeld::model::Action;
use reeld::service::{Disposition, Fault as Whose, Service};
use serde_json::json;

use crate::support::bench::{Bench, episode, film, is_delivered};
use crate::support::standin::{Fault, Reply};

const ACTIONS: [Action; 5] = [
    Action::Start,
    Action::Progress,
    Action::Pause,
    Action::Resume,
    Action::Stop,
];

const LONG: Duration = Duration::from_secs(3600);

fn error(status: u16, code: &str) -> Reply {
    Reply::json(status, &json!({ "error": code, "message": "m" }))
}

async fn log_in(desk: &Bench, seen: &mut Vec<Progress>) -> Result<NewLogin, LoginError> {
    let mut on = |progress| seen.push(progress);
    login_punchplay::login(&desk.http, &desk.config(), "device", &mut on).await
}

#[tokio::test]
async fn a_login_shows_the_code_and_links_the_account() {
    let desk = Bench::new();
    let mut seen = Vec::new();
    let login = log_in(&desk, &mut seen).await.unwrap();
    let code = Progress::Code {
        code: "ABCD-0001".to_owned(),
        url: "https://punchplay.tv/link".to_owned(),
        complete: "https://punchplay.tv/link?code=ABCD-0001".to_owned(),
        expires_in: Some(Duration::from_secs(600)),
    };
    assert_eq!(seen, [code, Progress::Approved]);
    assert_eq!(desk.accounts().link(login).unwrap(), None);
    let linked = desk.accounts().linked();
    assert_eq!(linked.len(), 1);
    assert_eq!(
        (linked[0].user_name.as_str(), linked[0].key.user.as_str()),
        ("ann", "id-of-ann")
    );
    assert_eq!(
        linked[0].scopes,
        ["profile:read", "playback:read", "playback:write"]
    );
    assert!(linked[0].expires_at.is_some());
    desk.assert_no_violation();
}

#[tokio::test]
async fn a_login_waits_as_long_as_it_is_not_approved_and_goes_on_through_trouble() {
    let desk = Bench::new();
    desk.punchplay.with(|app| app.approve_at_poll = Some(2));
    desk.punchplay
        .fault("/auth/device/token", Fault::Answer(Reply::html(502)), 1);
    desk.punchplay
        .fault("GET /api/platform/v1/me", Fault::ResetBefore, 1);
    let mut seen = Vec::new();
    log_in(&desk, &mut seen).await.unwrap();
    assert!(matches!(
        &seen[..],
        [
            Progress::Code { .. },
            Progress::Trouble(_),
            Progress::Approved
        ]
    ));
    assert_eq!(desk.punchplay.count("/auth/device/token"), 3);
    desk.assert_no_violation();
}

#[tokio::test]
async fn every_way_a_login_fails_is_told_apart() {
    let code = "/auth/device/code";
    let token = "/auth/device/token";
    for (route, fault, expected) in [
        (
            code,
            error(400, "invalid_client"),
            "does not accept the client id",
        ),
        (
            code,
            error(400, "invalid_scope"),
            "refused the login: 400 invalid_scope",
        ),
        (code, error(429, "rate_limited"), "allows no more logins"),
        (
            code,
            Reply::html(403),
            "is not one of PunchPlay's: 403 with a web page",
        ),
        (
            code,
            error(503, "server_error"),
            "is in trouble, and answers 503",
        ),
        (
            code,
            Reply::json(200, &json!({})),
            "is not one of PunchPlay's",
        ),
        (token, error(400, "access_denied"), "was denied"),
        (token, error(400, "expired"), "before it expired"),
        (
            token,
            error(400, "invalid_grant"),
            "refused the login: 400 invalid_grant",
        ),
        ("/me", error(401, "invalid_token"), "refused the login: 401"),
        (
            "/me",
            Reply::json(200, &json!({ "username": "ann" })),
            "whose login",
        ),
    ] {
        let desk = Bench::new();
        desk.punchplay.fault(route, Fault::Answer(fault), None);
        let error = log_in(&desk, &mut Vec::new()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!error.hint().is_empty());
    }
}

#[tokio::test]
async fn a_login_without_a_client_id_a_network_or_the_scope_says_so() {
    let desk = Bench::new();
    desk.punchplay
        .with(|app| app.scopes = "profile:read playback:read".to_owned());
    let error = log_in(&desk, &mut Vec::new()).await.unwrap_err();
    assert!(matches!(error, LoginError::MissingScope { .. }), "{error}");
    let desk = Bench::new();
    desk.punchplay.down();
    let error = log_in(&desk, &mut Vec::new()).await.unwrap_err();
    assert!(error.to_string().contains("Connection refused"), "{error}");
    if option_env!("REELD_PUNCHPLAY_CLIENT_ID").is_none() {
        let mut config = desk.config();
        config.punchplay.client_id.clear();
        let login = login_punchplay::login(&desk.http, &config, "device", &mut |_| ()).await;
        let error = login.unwrap_err();
        assert!(matches!(error, LoginError::NoClientId { .. }), "{error}");
        assert!(
            error.hint().contains("punchplay.client_id"),
            "{}",
            error.hint()
        );
    }
}

#[tokio::test]
async fn the_five_actions_arrive_as_documented() {
    let mut desk = Bench::new();
    let (accounts, key) = desk.link(desk.punchplay_login(LONG));
    let service = desk.at_punchplay(&accounts, &key);
    for media in [film(), episode(&[1]), episode(&[2, 3])] {
        let session = desk.session();
        for action in ACTIONS {
            let event = desk.event(action, session, media.clone());
            for job in desk.jobs(&key, &event) {
                let disposition = service.deliver(&job).await;
                assert!(is_delivered(&disposition), "{action:?}: {disposition:?}");
            }
        }
    }
    let taken = desk
        .punchplay
        .with(|app| (app.events.len(), app.watches().len()));
    assert_eq!(taken, (15, 3));
    assert_eq!(desk.punchplay.connections(), 1, "the connection is kept");
    desk.assert_no_violation();
}

#[tokio::test]
async fn whatever_goes_wrong_on_the_way_each_event_lands_once() {
    let faults = [
        (
            "500",
            Fault::Answer(error(500, "server_error")),
            Whose::Server,
            None,
        ),
        (
            "502 of a proxy",
            Fault::Answer(Reply::html(502)),
            Whose::Server,
            None,
        ),
        (
            "503",
            Fault::Answer(error(503, "server_error")),
            Whose::Throttled,
            None,
        ),
        (
            "403 of the edge",
            Fault::Answer(Reply::html(403)),
            Whose::Server,
            None,
        ),
        (
            "429",
            Fault::Answer(error(429, "rate_limited")),
            Whose::Throttled,
            None,
        ),
        (
            "429 with Retry-After",
            Fault::Answer(error(429, "rate_limited").header("Retry-After", "17")),
            Whose::Throttled,
            Some(17),
        ),
        (
            "a portal",
            Fault::Answer(Reply::html(200)),
            Whose::Unreachable,
            None,
        ),
        (
            "a redirect",
            Fault::Answer(Reply::html(302)),
            Whose::Unreachable,
            None,
        ),
        ("reset before", Fault::ResetBefore, Whose::Unreachable, None),
        ("reset after", Fault::ResetAfter, Whose::Unreachable, None),
        ("hang", Fault::Hang, Whose::Unreachable, None),
        ("hang after", Fault::HangAfter, Whose::Unreachable, None),
        (
            "slow",
            Fault::Slow(Duration::from_secs(1)),
            Whose::Unreachable,
            None,
        ),
    ];
    for (name, fault, whose, wait) in faults {
        let mut desk = Bench::new();
        let (accounts, key) = desk.link(desk.punchplay_login(LONG));
        let service = desk.at_punchplay(&accounts, &key);
        let session = desk.session();
        for action in ACTIONS {
            let event = desk.event(action, session, film());
            let job = desk.jobs(&key, &event).remove(0);
            desk.punchplay.fault("/playback/", fault.clone(), 1);
            let failed = service.deliver(&job).await;
            let Disposition::Retry { after, fault, .. } = failed else {
                panic!("{name}, {action:?}: {failed:?}");
            };
            let expected = (whose, wait.map(Duration::from_secs));
            assert_eq!((fault, after), expected, "{name}, {action:?}");
            let again = service.deliver(&job).await;
            assert!(is_delivered(&again), "{name}, {action:?}: {again:?}");
        }
        let taken = desk
            .punchplay
            .with(|app| (app.events.len(), app.watches().len()));
        assert_eq!(taken, (5, 1), "{name}");
        desk.assert_no_violation();
    }
}

#[tokio::test]
async fn what_the_answer_says_is_told() {
    let mut desk = Bench::new();
    desk.punchplay.with(|app| {
        app.tmdb_ids.insert("Show".to_owned(), 1396);
        app.ignore_next.push_back("old_event".to_owned());
    });
    let (accounts, key) = desk.link(desk.punchplay_login(LONG));
    let service = desk.at_punchplay(&accounts, &key);
    let session = desk.session();
    let mut media = episode(&[1]);
    media.ids.tmdb = None;
    let event = desk.event(Action::Stop, session, media);
    let job = desk.jobs(&key, &event).remove(0);
    let told = |disposition| match disposition {
        Disposition::Delivered {
            ids,
            deduped,
            ignored,
        } => (ids.tmdb, deduped, ignored),
        other => panic!("{other:?}"),
    };
    let first = told(service.deliver(&job).await);
    assert_eq!(first, (Some(1396), false, Some("old_event".to_owned())));
    let second = told(service.deliver(&job).await);
    assert_eq!(second, (Some(1396), true, None));
    assert_eq!(desk.punchplay.with(|app| app.watches().len()), 0);
}

#[tokio::test]
async fn a_pause_without_a_live_session_is_refused_for_good() {
    let mut desk = Bench::new();
    let (accounts, key) = desk.link(desk.punchplay_login(LONG));
    let service = desk.at_punchplay(&accounts, &key);
    let session = desk.session();
    let event = desk.event(Action::Pause, session, film());
    let job = desk.jobs(&key, &event).remove(0);
    let disposition = service.deliver(&job).await;
    assert!(matches!(&disposition, Disposition::Reject { reason } if reason.contains("409")));
}
