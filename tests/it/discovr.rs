//! Discovr's client against its stand-in: login, and history exactly once whatever happens.

use std::time::Duration;

use reeld::account::{Accounts, LoginError, Progress, login_discovr};
use reeld::model::{AccountKey, Action, Media};
use reeld::service::discovr::Discovr;
use reeld::service::{Call, Disposition, Job, Service};
use serde_json::json;

use crate::support::bench::{Bench, after, episode, film, is_delivered};
use crate::support::standin::{Entry, Fault, Reply};

/// As long as an attempt may take effect late, here.
const LATE: Duration = Duration::from_millis(80);

const HISTORY: &str = "POST /profile/history";

fn linked(desk: &Bench) -> (Accounts, AccountKey) {
    desk.link(desk.discovr.with(|app| app.issue_login("ann", "p1")))
}

fn client(desk: &Bench) -> (Discovr, AccountKey) {
    let (accounts, key) = linked(desk);
    (desk.at_discovr(&accounts, &key, LATE), key)
}

fn jobs(desk: &mut Bench, key: &AccountKey, action: Action, media: Media) -> Vec<Job> {
    let session = desk.session();
    let event = desk.event(action, session, media);
    desk.jobs(key, &event)
}

/// Delivers as the outbox would: again, in doubt where that is so, no sooner than asked. Returns the attempts made.
async fn deliver(service: &Discovr, mut job: Job) -> (usize, Disposition) {
    for attempt in 1..10 {
        let disposition = service.deliver(&job).await;
        let Disposition::Retry { after: wait, .. } = &disposition else {
            return (attempt, disposition);
        };
        tokio::time::sleep(wait.unwrap_or_default()).await;
        job = after(job, &disposition);
    }
    panic!("never delivered");
}

fn history(desk: &Bench) -> Vec<Entry> {
    desk.discovr.with(|app| app.history.clone())
}

#[tokio::test]
async fn a_login_reads_the_address_from_the_picture_and_lets_a_profile_be_chosen() {
    for old_poll in [false, true] {
        let desk = Bench::new();
        desk.discovr.with(|app| app.old_poll = old_poll);
        let mut seen = Vec::new();
        let signed_in = login_discovr::login(&desk.http, &desk.config(), &mut |p| seen.push(p))
            .await
            .unwrap();
        let code = Progress::Code {
            code: "WXYZ-1".to_owned(),
            url: "https://discovr.media/link?code=WXYZ-1".to_owned(),
            complete: "https://discovr.media/link?code=WXYZ-1".to_owned(),
            expires_in: Some(Duration::from_secs(600)),
        };
        assert_eq!(seen, [code, Progress::Approved]);
        let names: Vec<&str> = signed_in.profiles.iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names, ["Kids", "Ann"]);
        let none = signed_in.as_profile("").unwrap_err();
        assert!(
            matches!(none, LoginError::ProfileNotChosen { .. }),
            "{none}"
        );
        let (accounts, _) = desk.link(signed_in.as_profile("ann").unwrap());
        let linked = accounts.linked();
        assert_eq!(linked[0].profile_name.as_deref(), Some("Ann"));
        assert_eq!(linked[0].key.profile.as_deref(), Some("p1"));
        let days = linked[0]
            .expires_at
            .unwrap()
            .since(reeld::clock::now().wall)
            .as_secs()
            / 86_400;
        assert!((89..=90).contains(&days), "{days}");
        assert_eq!(
            desk.discovr.with(|app| app.mints),
            0,
            "nothing is minted until it is needed"
        );
        desk.assert_no_violation();
    }
}

#[tokio::test]
async fn every_way_a_login_fails_is_told_apart() {
    let codes = "POST /auth/device-codes";
    let error = |status, code: &str| Reply::json(status, &json!({ "code": code }));
    let no_picture =
        json!({ "deviceCode": "d", "userCode": "u", "authQRCode": "x", "expiresIn": 1000 });
    for (route, fault, expected) in [
        (
            codes,
            error(401, "CLIENT_INVALID"),
            "does not accept the client id",
        ),
        (codes, error(429, "RATE"), "allows no more logins"),
        (codes, Reply::html(403), "is not one of Discovr's"),
        (
            codes,
            Reply::json(200, &json!({})),
            "is not one of Discovr's",
        ),
        (codes, Reply::json(200, &no_picture), "QR code"),
        ("/poll", error(401, "CODE_INVALID"), "before it expired"),
        (
            "/poll",
            Reply::json(200, &json!({ "status": "denied" })),
            "was denied",
        ),
        (
            "GET /profiles",
            error(401, "TOKEN_INVALID"),
            "refused the login",
        ),
        ("GET /profiles", Reply::html(502), "is in trouble"),
    ] {
        let desk = Bench::new();
        desk.discovr.fault(route, Fault::Answer(fault), None);
        let login = login_discovr::login(&desk.http, &desk.config(), &mut |_| ()).await;
        let error = login.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!error.hint().is_empty());
    }
    let desk = Bench::new();
    desk.discovr.with(|app| app.profiles.clear());
    let signed_in = login_discovr::login(&desk.http, &desk.config(), &mut |_| ())
        .await
        .unwrap();
    let none = signed_in.as_profile("").unwrap_err();
    assert!(matches!(none, LoginError::NoProfile), "{none}");
}

#[tokio::test]
async fn a_film_and_an_episode_are_told_from_start_to_end() {
    let mut desk = Bench::new();
    let (service, key) = client(&desk);
    for media in [film(), episode(&[1]), episode(&[2, 3])] {
        for action in [
            Action::Start,
            Action::Progress,
            Action::Pause,
            Action::Resume,
            Action::Stop,
        ] {
            for job in jobs(&mut desk, &key, action, media.clone()) {
                let disposition = service.deliver(&job).await;
                assert!(is_delivered(&disposition), "{action:?}: {disposition:?}");
            }
        }
    }
    let watched: Vec<_> = history(&desk)
        .into_iter()
        .map(|e| (e.media_id, e.episode))
        .collect();
    let of_show = |n| ("TV_1396".to_owned(), Some((1, n)));
    assert_eq!(
        watched,
        [
            ("MV_550".to_owned(), None),
            of_show(1),
            of_show(2),
            of_show(3)
        ]
    );
    let last: Vec<_> = desk.discovr.with(|app| {
        let points = app.playback.values();
        points
            .map(|point| (point.media_id.clone(), point.progress, point.episode))
            .collect()
    });
    assert_eq!(
        last,
        [
            ("MV_550".to_owned(), 100.0, None),
            ("TV_1396".to_owned(), 100.0, Some((1, 3))),
        ]
    );
    assert_eq!(desk.discovr.with(|app| app.mints), 1);
    desk.assert_no_violation();
}

#[tokio::test]
async fn whatever_goes_wrong_on_the_way_the_history_has_each_watch_once() {
    let error = |status, code: &str| Reply::json(status, &json!({ "code": code }));
    let faults = [
        ("500", Fault::Answer(error(500, "E"))),
        ("502 of a proxy", Fault::Answer(Reply::html(502))),
        ("503", Fault::Answer(error(503, "E"))),
        ("403 of the edge", Fault::Answer(Reply::html(403))),
        ("429", Fault::Answer(error(429, "E"))),
        (
            "429 with Retry-After",
            Fault::Answer(error(429, "E").header("Retry-After", "0")),
        ),
        ("a portal", Fault::Answer(Reply::html(200))),
        ("503 after", Fault::AnswerAfter(error(503, "E"))),
        ("504 of a proxy after", Fault::AnswerAfter(Reply::html(504))),
        ("reset before", Fault::ResetBefore),
        ("reset after", Fault::ResetAfter),
        ("hang", Fault::Hang),
        ("hang after", Fault::HangAfter),
        ("slow", Fault::Slow(Duration::from_millis(700))),
    ];
    for (name, fault) in faults {
        for by_title in [true, false] {
            for (media, resume) in [(film(), "POST /profile/playback"), (episode(&[4]), "PATCH")] {
                let mut desk = Bench::new();
                desk.discovr.with(|app| app.history_by_title = by_title);
                let (service, key) = client(&desk);
                desk.discovr.fault(HISTORY, fault.clone(), 2);
                desk.discovr.fault(resume, fault.clone(), 1);
                let jobs = jobs(&mut desk, &key, Action::Stop, media);
                assert!(matches!(jobs[0].call, Call::History { .. }));
                for job in jobs {
                    let job_is_patch = job.request.method == "PATCH";
                    let (attempts, disposition) = deliver(&service, job).await;
                    assert!(is_delivered(&disposition), "{name}: {disposition:?}");
                    // Where PATCH is kept out, POST says at least how far.
                    let posted = name == "403 of the edge" && job_is_patch;
                    assert!(attempts > 1 || posted, "{name}");
                }
                assert_eq!(history(&desk).len(), 1, "{name}");
                let points = desk.discovr.with(|app| app.playback.len());
                assert_eq!(points, 1, "{name}");
                desk.assert_no_violation();
            }
        }
    }
}

#[tokio::test]
async fn an_entry_that_lands_late_is_not_written_again() {
    let mut desk = Bench::new();
    let (service, key) = client(&desk);
    let job = jobs(&mut desk, &key, Action::Stop, film()).remove(0);
    desk.discovr.fault(HISTORY, Fault::Hang, 1);
    let lost = service.deliver(&job).await;
    let job = after(job, &lost);
    let waiting = service.deliver(&job).await;
    let Disposition::Retry {
        after: Some(wait), ..
    } = waiting
    else {
        panic!("{waiting:?}");
    };
    assert!(wait <= LATE);
    desk.discovr
        .with(|app| app.commit_late("p1", &job.request.body));
    tokio::time::sleep(wait).await;
    let found = service.deliver(&job).await;
    assert!(
        matches!(found, Disposition::Delivered { deduped: true, .. }),
        "{found:?}"
    );
    assert_eq!((history(&desk).len(), desk.discovr.count(HISTORY)), (1, 1));
    desk.assert_no_violation();
}

#[tokio::test]
async fn after_a_crash_an_attempt_may_still_land_for_as_long() {
    let mut desk = Bench::new();
    let (_, key) = client(&desk);
    let mut job = jobs(&mut desk, &key, Action::Stop, film()).remove(0);
    // Marked as attempted before the crash; nobody knows what became of it.
    job.in_doubt = true;
    // Long enough for a first attempt on a busy machine.
    let service = desk.at_discovr(&desk.accounts(), &key, 20 * LATE);
    let first = service.deliver(&job).await;
    assert!(matches!(first, Disposition::Retry { .. }), "{first:?}");
    assert_eq!(desk.discovr.count(HISTORY), 0);
    let (_, disposition) = deliver(&service, job).await;
    assert!(is_delivered(&disposition));
    assert_eq!(history(&desk).len(), 1);
}

#[tokio::test]
async fn of_many_in_doubt_only_the_first_waits_for_what_may_still_land() {
    let mut desk = Bench::new();
    let (_, key) = client(&desk);
    let service = desk.at_discovr(&desk.accounts(), &key, LATE);
    tokio::time::sleep(LATE).await;
    for number in 1..=3 {
        let mut job = jobs(&mut desk, &key, Action::Stop, episode(&[number])).remove(0);
        job.in_doubt = true;
        let (attempts, disposition) = deliver(&service, job).await;
        assert!(is_delivered(&disposition));
        assert_eq!(attempts, 1, "{number}");
    }
    assert_eq!(history(&desk).len(), 3);
    desk.assert_no_violation();
}

#[tokio::test]
async fn ours_is_found_on_a_later_page_and_another_watch_is_not_taken_for_it() {
    let mut desk = Bench::new();
    let (service, key) = client(&desk);
    desk.discovr.with(|app| {
        app.history_by_title = false;
        app.page = 2;
    });
    let mut all = Vec::new();
    for n in 1..=7 {
        all.push(jobs(&mut desk, &key, Action::Stop, episode(&[n])).remove(0));
    }
    for job in &all {
        assert!(is_delivered(&service.deliver(job).await));
    }
    let mut first = all.remove(0);
    first.in_doubt = true;
    assert!(is_delivered(&service.deliver(&first).await));
    assert_eq!(desk.discovr.count(HISTORY), 7, "found, not written again");
    // The same film a second time, ten seconds later, is another watch.
    let again = jobs(&mut desk, &key, Action::Stop, episode(&[1])).remove(0);
    let (_, disposition) = deliver(
        &service,
        Job {
            in_doubt: true,
            ..again
        },
    )
    .await;
    assert!(matches!(
        disposition,
        Disposition::Delivered { deduped: false, .. }
    ));
    assert_eq!(history(&desk).len(), 8);
    desk.assert_no_violation();
}

#[tokio::test]
async fn a_history_that_cannot_be_read_back_is_asked_again_and_nothing_is_written_blindly() {
    let mut desk = Bench::new();
    let (service, key) = client(&desk);
    let mut job = jobs(&mut desk, &key, Action::Stop, film()).remove(0);
    job.in_doubt = true;
    tokio::time::sleep(LATE).await;
    for fault in [
        Fault::Answer(Reply::html(502)),
        Fault::Answer(Reply::json(400, &json!({ "code": "X" }))),
        Fault::Answer(Reply::json(200, &json!({ "what": "is this" }))),
        Fault::ResetBefore,
    ] {
        desk.discovr.fault("GET /profile/history", fault, None);
        let unanswered = service.deliver(&job).await;
        assert!(
            matches!(unanswered, Disposition::Retry { .. }),
            "{unanswered:?}"
        );
        desk.discovr.clear_faults();
    }
    assert_eq!(desk.discovr.count(HISTORY), 0);
    assert!(is_delivered(&service.deliver(&job).await));
}

#[tokio::test]
async fn where_patch_is_refused_post_has_to_do_from_then_on() {
    let mut desk = Bench::new();
    let (service, key) = client(&desk);
    desk.discovr.with(|app| app.patch = false);
    for _ in 0..3 {
        for job in jobs(&mut desk, &key, Action::Progress, episode(&[1])) {
            assert!(is_delivered(&service.deliver(&job).await));
        }
    }
    let asked = (
        desk.discovr.count("PATCH"),
        desk.discovr.count("POST /profile/playback"),
    );
    assert_eq!(asked, (1, 3));
    desk.assert_no_violation();
}

#[tokio::test]
async fn a_patch_that_is_refused_for_one_episode_or_kept_out_once_is_used_for_the_others() {
    let refused = json!({ "error": "no such episode" });
    for fault in [
        Fault::Answer(Reply::json(422, &refused)),
        Fault::Answer(Reply::html(403)),
    ] {
        let mut desk = Bench::new();
        let (service, key) = client(&desk);
        desk.discovr.fault("PATCH", fault, 1);
        for number in [1, 2] {
            for job in jobs(&mut desk, &key, Action::Progress, episode(&[number])) {
                assert!(is_delivered(&service.deliver(&job).await));
            }
        }
        let points = desk.discovr.with(|app| app.playback.clone());
        let last = points.values().next().unwrap();
        assert_eq!(last.episode, Some((1, 2)));
        desk.assert_no_violation();
    }
}

#[tokio::test]
async fn a_title_that_is_not_on_the_list_is_put_there_first() {
    let mut desk = Bench::new();
    let (service, key) = client(&desk);
    for _ in 0..2 {
        for job in jobs(&mut desk, &key, Action::Progress, episode(&[1])) {
            assert!(is_delivered(&service.deliver(&job).await));
        }
    }
    let asked = (
        desk.discovr.count("PATCH"),
        desk.discovr.count("POST /profile/playback"),
    );
    assert_eq!(asked, (3, 1));
    let point = desk
        .discovr
        .with(|app| app.playback.values().next().cloned())
        .unwrap();
    assert_eq!(point.episode, Some((1, 1)));
}

#[tokio::test]
async fn a_title_that_discovr_does_not_have_is_refused_for_good() {
    let mut desk = Bench::new();
    let (service, key) = client(&desk);
    desk.discovr.with(|app| {
        app.unknown
            .extend(["MV_550".to_owned(), "TV_1396".to_owned()])
    });
    for media in [film(), episode(&[1])] {
        for job in jobs(&mut desk, &key, Action::Stop, media) {
            let refused = service.deliver(&job).await;
            assert!(
                matches!(refused, Disposition::Reject { .. }),
                "{:?}: {refused:?}",
                job.call
            );
        }
    }
}

#[tokio::test]
async fn a_session_is_minted_when_needed_and_again_when_it_is_over() {
    let mut desk = Bench::new();
    let (service, key) = client(&desk);
    let send = async |desk: &mut Bench| {
        let job = jobs(desk, &key, Action::Progress, film()).remove(0);
        service.deliver(&job).await
    };
    assert!(is_delivered(&send(&mut desk).await));
    assert!(is_delivered(&send(&mut desk).await));
    assert_eq!(desk.discovr.with(|app| app.mints), 1);
    desk.discovr.with(|app| app.expire_sessions());
    assert!(is_delivered(&send(&mut desk).await));
    assert_eq!(desk.discovr.with(|app| app.mints), 2);
    desk.assert_no_violation();
}

#[tokio::test]
async fn a_login_that_is_over_and_a_profile_that_is_gone_need_a_login() {
    let over = |desk: &Bench| desk.discovr.with(|app| app.revoke_all());
    let gone = |desk: &Bench| {
        desk.discovr
            .with(|app| app.profiles.retain(|(id, _)| id != "p1"))
    };
    for (words, happens) in [
        ("TOKEN_INVALID", &over as &dyn Fn(&Bench)),
        ("profile Ann", &gone),
    ] {
        let mut desk = Bench::new();
        let (accounts, key) = linked(&desk);
        let service = desk.at_discovr(&accounts, &key, LATE);
        happens(&desk);
        let job = jobs(&mut desk, &key, Action::Progress, film()).remove(0);
        let refused = service.deliver(&job).await;
        assert!(
            matches!(&refused, Disposition::NeedsLogin { reason } if reason.contains(words)),
            "{refused:?}"
        );
        assert!(accounts.linked()[0].needs_login.is_some());
    }
}

#[tokio::test]
async fn a_mint_that_fails_is_no_refused_login() {
    for fault in [
        Fault::Answer(Reply::html(403)),
        Fault::Answer(Reply {
            status: 401,
            ..Reply::default()
        }),
        Fault::Answer(Reply::json(404, &json!({ "code": "ODD" }))),
        Fault::Answer(Reply::html(502)),
        Fault::ResetBefore,
        Fault::Hang,
    ] {
        let mut desk = Bench::new();
        let (accounts, key) = linked(&desk);
        let service = desk.at_discovr(&accounts, &key, LATE);
        desk.discovr.fault("POST /auth/session-token", fault, 1);
        let job = jobs(&mut desk, &key, Action::Progress, film()).remove(0);
        let failed = service.deliver(&job).await;
        assert!(matches!(failed, Disposition::Retry { .. }), "{failed:?}");
        assert_eq!(accounts.linked()[0].needs_login, None);
        assert!(is_delivered(&service.deliver(&job).await));
    }
}

#[tokio::test]
async fn logging_out_signs_the_device_out() {
    let desk = Bench::new();
    let (accounts, key) = linked(&desk);
    let gone = accounts.unlink(key.service).await.unwrap().unwrap();
    assert_eq!(gone.not_revoked, None);
    assert_eq!(desk.discovr.with(|app| app.live_logins()), 0);
    desk.assert_no_violation();
}
