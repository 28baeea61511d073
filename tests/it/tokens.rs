//! How logins and tokens live: renewed, rotated, refused, replaced.

use std::fs;
use std::time::Duration;

use futures_util::future::join_all;
use reeld::account::{Accounts, Unavailable};
use reeld::model::{AccountKey, Action};
use reeld::service::{Disposition, Fault as Whose, Service};
use serde_json::json;

use crate::support::bench::{Bench, film, is_delivered};
use crate::support::standin::{Fault, Reply};

const LONG: Duration = Duration::from_secs(3600);
const AGEING: Duration = Duration::from_secs(60);
const SPENT: Duration = Duration::ZERO;

const REFRESH: &str = "POST /api/platform/v1/auth/refresh";
const PLAYBACK: &str = "POST /api/platform/v1/playback";

async fn send(desk: &mut Bench, accounts: &Accounts, key: &AccountKey) -> Disposition {
    let session = desk.session();
    let event = desk.event(Action::Start, session, film());
    let job = desk.jobs(key, &event).remove(0);
    desk.at_punchplay(accounts, key).deliver(&job).await
}

#[tokio::test]
async fn a_token_that_is_due_is_renewed_before_it_is_used() {
    for left in [AGEING, SPENT] {
        let mut desk = Bench::new();
        let (accounts, key) = desk.link(desk.punchplay_login(left));
        assert!(is_delivered(&send(&mut desk, &accounts, &key).await));
        assert!(is_delivered(&send(&mut desk, &accounts, &key).await));
        assert_eq!(
            (
                desk.punchplay.count(REFRESH),
                desk.punchplay.count(PLAYBACK)
            ),
            (1, 2)
        );
        // The rotated pair is what another process finds.
        let token = accounts.bearer(&key).await.unwrap();
        assert_eq!(desk.accounts().bearer(&key).await.unwrap(), token);
        assert_eq!(desk.punchplay.with(|app| app.live_refresh_tokens()), 1);
        desk.assert_no_violation();
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_and_the_event_sent_again() {
    let mut desk = Bench::new();
    let (accounts, key) = desk.link(desk.punchplay_login(LONG));
    desk.punchplay.with(|app| app.expire_access_tokens());
    assert!(is_delivered(&send(&mut desk, &accounts, &key).await));
    assert_eq!(
        (
            desk.punchplay.count(REFRESH),
            desk.punchplay.count(PLAYBACK)
        ),
        (1, 2)
    );
    assert_eq!(accounts.linked()[0].needs_login, None);
}

#[tokio::test]
async fn a_401_forces_a_renewal_at_most_once_a_minute() {
    let mut desk = Bench::new();
    let (accounts, key) = desk.link(desk.punchplay_login(LONG));
    desk.punchplay.with(|app| app.expire_access_tokens());
    assert!(is_delivered(&send(&mut desk, &accounts, &key).await));
    desk.punchplay.with(|app| app.expire_access_tokens());
    for _ in 0..3 {
        let refused = send(&mut desk, &accounts, &key).await;
        let Disposition::Retry { after, fault, .. } = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(fault, Whose::Throttled);
        let wait = after.unwrap();
        assert!(
            wait > Duration::from_secs(50) && wait <= Duration::from_secs(60),
            "{wait:?}"
        );
    }
    assert_eq!(desk.punchplay.count(REFRESH), 1);
    assert_eq!(accounts.linked()[0].needs_login, None);
}

#[tokio::test]
async fn many_at_once_renew_once() {
    let desk = Bench::new();
    let (accounts, key) = desk.link(desk.punchplay_login(SPENT));
    desk.punchplay
        .fault(REFRESH, Fault::Slow(Duration::from_millis(50)), 1);
    let tokens = join_all((0..20).map(|_| accounts.bearer(&key))).await;
    let first = tokens[0].clone().unwrap();
    assert!(tokens.iter().all(|token| token.as_ref() == Ok(&first)));
    // So do many whose token was refused.
    desk.punchplay.with(|app| app.expire_access_tokens());
    let tokens = join_all((0..20).map(|_| accounts.refused(&key, &first))).await;
    let second = tokens[0].clone().unwrap();
    assert!(second != first && tokens.iter().all(|token| token.as_ref() == Ok(&second)));
    assert_eq!(desk.punchplay.count(REFRESH), 2);
}

#[tokio::test]
async fn a_renewal_that_fails_is_no_refused_login() {
    let error = |status, code: &str| Reply::json(status, &json!({ "error": code }));
    for (name, fault) in [
        ("500", Fault::Answer(error(500, "server_error"))),
        (
            "500 with the words",
            Fault::Answer(error(500, "invalid_grant")),
        ),
        ("429", Fault::Answer(error(429, "rate_limited"))),
        ("403 of the edge", Fault::Answer(Reply::html(403))),
        (
            "bare 401",
            Fault::Answer(Reply {
                status: 401,
                ..Reply::default()
            }),
        ),
        ("a portal", Fault::Answer(Reply::html(200))),
        ("reset before", Fault::ResetBefore),
        ("hang", Fault::Hang),
    ] {
        let mut desk = Bench::new();
        let (accounts, key) = desk.link(desk.punchplay_login(SPENT));
        desk.punchplay.fault(REFRESH, fault.clone(), 1);
        let failed = send(&mut desk, &accounts, &key).await;
        assert!(
            matches!(failed, Disposition::Retry { .. }),
            "{name}: {failed:?}"
        );
        assert_eq!(desk.punchplay.count(PLAYBACK), 0, "{name}");
        assert_eq!(accounts.linked()[0].needs_login, None, "{name}");
        let again = send(&mut desk, &accounts, &key).await;
        if name == "429" {
            // Asked not to, it does not ask again.
            assert!(
                matches!(again, Disposition::Retry { after: Some(_), .. }),
                "{again:?}"
            );
            assert_eq!(desk.punchplay.count(REFRESH), 1);
        } else {
            assert!(is_delivered(&again), "{name}: {again:?}");
        }
        // A token that is only ageing serves on.
        let desk = &mut Bench::new();
        let (accounts, key) = desk.link(desk.punchplay_login(AGEING));
        desk.punchplay.fault(REFRESH, fault, 1);
        assert!(is_delivered(&send(desk, &accounts, &key).await), "{name}");
    }
}

#[tokio::test]
async fn what_the_user_wants_tried_at_once_does_not_wait_for_renewals_that_failed() {
    let mut desk = Bench::new();
    let (accounts, key) = desk.link(desk.punchplay_login(SPENT));
    let away = Reply::json(503, &json!({ "error": "unavailable" }));
    desk.punchplay.fault(REFRESH, Fault::Answer(away), 2);
    for _ in 0..2 {
        send(&mut desk, &accounts, &key).await;
    }
    let held = send(&mut desk, &accounts, &key).await;
    let Disposition::Retry {
        after: Some(_),
        fault: Whose::Unsent,
        ..
    } = held
    else {
        panic!("{held:?}");
    };
    assert_eq!(desk.punchplay.count(REFRESH), 2, "it is held back");
    accounts.nudge();
    assert!(is_delivered(&send(&mut desk, &accounts, &key).await));
}

#[tokio::test]
async fn a_refused_login_is_marked_said_and_ends_with_the_next_login() {
    let mut desk = Bench::new();
    let (accounts, key) = desk.link(desk.punchplay_login(LONG));
    let mut changes = accounts.changes();
    changes.mark_unchanged();
    desk.punchplay.with(|app| app.revoke_all());
    let refused = send(&mut desk, &accounts, &key).await;
    assert!(
        matches!(&refused, Disposition::NeedsLogin { reason } if reason.contains("invalid_grant"))
    );
    assert!(changes.has_changed().unwrap());
    for accounts in [accounts.clone(), desk.accounts()] {
        let marked = accounts.linked()[0].needs_login.clone().unwrap();
        assert!(marked.contains("invalid_grant"), "{marked}");
    }
    let requests = desk.punchplay.requests().len();
    let again = send(&mut desk, &accounts, &key).await;
    assert!(matches!(again, Disposition::NeedsLogin { .. }));
    assert_eq!(
        desk.punchplay.requests().len(),
        requests,
        "nothing is sent any more"
    );
    let login = desk.punchplay_login(LONG);
    assert_eq!(accounts.link(login).unwrap(), None, "the same account");
    assert_eq!(accounts.linked()[0].needs_login, None);
    assert!(is_delivered(&send(&mut desk, &accounts, &key).await));
}

#[tokio::test]
async fn a_refusal_of_the_old_login_that_comes_late_leaves_the_new_one_alone() {
    let mut desk = Bench::new();
    let (accounts, key) = desk.link(desk.punchplay_login(LONG));
    let new_login = desk.punchplay_login(LONG);
    desk.punchplay
        .with(|app| app.scopes = "profile:read".to_owned());
    desk.punchplay
        .fault(PLAYBACK, Fault::Slow(Duration::from_millis(300)), 1);
    let session = desk.session();
    let event = desk.event(Action::Start, session, film());
    let job = desk.jobs(&key, &event).remove(0);
    let service = desk.at_punchplay(&accounts, &key);
    let log_in_anew = async {
        while desk.punchplay.count(PLAYBACK) == 0 {
            tokio::task::yield_now().await;
        }
        accounts.link(new_login).unwrap();
    };
    let (late, ()) = tokio::join!(service.deliver(&job), log_in_anew);
    assert!(matches!(late, Disposition::NeedsLogin { .. }), "{late:?}");
    assert_eq!(accounts.linked()[0].needs_login, None);
    service.deliver(&job).await;
    assert!(
        accounts.linked()[0].needs_login.is_some(),
        "the new one is refused as well"
    );
}

#[tokio::test]
async fn a_scope_that_is_missing_needs_a_login() {
    let mut desk = Bench::new();
    let (accounts, key) = desk.link(desk.punchplay_login(LONG));
    desk.punchplay
        .with(|app| app.scopes = "profile:read".to_owned());
    let refused = send(&mut desk, &accounts, &key).await;
    assert!(
        matches!(refused, Disposition::NeedsLogin { .. }),
        "{refused:?}"
    );
    assert!(accounts.linked()[0].needs_login.is_some());
}

#[tokio::test]
async fn a_rotated_token_is_not_lost_when_nobody_waits_for_it_any_more() {
    let desk = Bench::new();
    let (accounts, key) = desk.link(desk.punchplay_login(SPENT));
    desk.punchplay
        .fault(REFRESH, Fault::Slow(Duration::from_millis(200)), 1);
    let impatient = tokio::time::timeout(Duration::from_millis(50), accounts.bearer(&key)).await;
    assert!(impatient.is_err());
    accounts.settled().await;
    assert!(desk.accounts().bearer(&key).await.is_ok());
    assert_eq!(desk.punchplay.count(REFRESH), 1);
    assert_eq!(desk.punchplay.with(|app| app.reused_refresh_tokens), 0);
}

#[tokio::test]
async fn tokens_that_the_disk_refuses_are_kept_and_not_used_before_they_are_saved() {
    let mut desk = Bench::new();
    let (accounts, key) = desk.link(desk.punchplay_login(SPENT));
    // Stands where the new file would be written.
    let obstacle = desk.folder.path().join("credentials.json.new");
    fs::create_dir(&obstacle).unwrap();
    for _ in 0..3 {
        let refused = send(&mut desk, &accounts, &key).await;
        assert!(
            matches!(&refused, Disposition::Retry { reason, .. } if reason.contains("cannot write")),
            "{refused:?}"
        );
    }
    assert_eq!(desk.punchplay.count(PLAYBACK), 0);
    fs::remove_dir(&obstacle).unwrap();
    assert!(is_delivered(&send(&mut desk, &accounts, &key).await));
    assert_eq!(desk.punchplay.count(REFRESH), 1, "and not rotated again");
    assert!(desk.accounts().bearer(&key).await.is_ok());
}

#[tokio::test]
async fn another_user_takes_the_place_and_nothing_is_sent_as_the_first() {
    let mut desk = Bench::new();
    let (accounts, ann) = desk.link(desk.punchplay_login(LONG));
    let login = desk.punchplay.with(|app| app.issue_login("bob"));
    let bob = login.account.clone();
    let replaced = accounts.link(login).unwrap().unwrap();
    assert_eq!(replaced.key, ann);
    let keys: Vec<AccountKey> = accounts.linked().into_iter().map(|a| a.key).collect();
    assert_eq!(keys, std::slice::from_ref(&bob));
    let as_ann = send(&mut desk, &accounts, &ann).await;
    assert!(
        matches!(as_ann, Disposition::NeedsLogin { .. }),
        "{as_ann:?}"
    );
    assert!(is_delivered(&send(&mut desk, &accounts, &bob).await));
    assert!(
        desk.punchplay
            .with(|app| app.events.iter().all(|event| event.user == "bob"))
    );
}

#[tokio::test]
async fn a_login_made_while_the_old_one_is_renewed_is_not_overwritten() {
    let desk = Bench::new();
    let (accounts, key) = desk.link(desk.punchplay_login(SPENT));
    desk.punchplay
        .fault(REFRESH, Fault::Slow(Duration::from_millis(200)), 1);
    let impatient = tokio::time::timeout(Duration::from_millis(50), accounts.bearer(&key)).await;
    assert!(impatient.is_err());
    let login = desk.punchplay_login(LONG);
    let newest = login.tokens.access.clone().unwrap();
    accounts.link(login).unwrap();
    accounts.settled().await;
    assert_eq!(accounts.bearer(&key).await, Ok(newest.clone()));
    assert_eq!(desk.accounts().bearer(&key).await, Ok(newest));
}

#[tokio::test]
async fn logging_out_revokes_and_works_offline_too() {
    let desk = Bench::new();
    let (accounts, key) = desk.link(desk.punchplay_login(LONG));
    let gone = accounts.unlink(key.service).await.unwrap().unwrap();
    assert_eq!((gone.account.key, gone.not_revoked), (key.clone(), None));
    assert_eq!(desk.punchplay.with(|app| app.live_refresh_tokens()), 0);
    assert!(desk.accounts().linked().is_empty());
    assert_eq!(accounts.unlink(key.service).await.unwrap(), None);
    let not_linked = accounts.bearer(&key).await;
    assert!(matches!(not_linked, Err(Unavailable::NeedsLogin(_))));

    let desk = Bench::new();
    let (accounts, key) = desk.link(desk.punchplay_login(LONG));
    desk.punchplay.down();
    let gone = accounts.unlink(key.service).await.unwrap().unwrap();
    let why = gone.not_revoked.unwrap();
    assert!(why.contains("refused"), "{why}");
    assert!(accounts.linked().is_empty());
}

#[tokio::test]
async fn a_new_client_id_or_address_counts_from_the_next_call() {
    let mut desk = Bench::new();
    let (accounts, key) = desk.link(desk.punchplay_login(LONG));
    let mut config = desk.config();
    let right = config.punchplay.base_url.clone();
    config.punchplay.base_url = "http://192.0.2.1".to_owned();
    desk.config.send_replace(config.clone().into());
    let refused = send(&mut desk, &accounts, &key).await;
    assert!(
        matches!(&refused, Disposition::Retry { reason, .. } if reason.contains("unencrypted")),
        "{refused:?}"
    );
    config.punchplay.base_url = right;
    config.punchplay.client_id = "another".to_owned();
    desk.config.send_replace(config.into());
    // A login is renewed as the application it was made for.
    desk.punchplay.with(|app| app.expire_access_tokens());
    assert!(is_delivered(&send(&mut desk, &accounts, &key).await));
}
