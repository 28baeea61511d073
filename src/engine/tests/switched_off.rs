//! What depends on settings, logins and the user's orders.

use std::collections::BTreeMap;

use super::desk::*;
use crate::control::Response;
use crate::model::{DeliveryId, ServiceName, Wall};
use crate::service::Disposition;

#[test]
fn a_service_that_is_switched_off_keeps_its_queue_and_wakes_nobody() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(10);
    let (start, action) = rig.sent().remove(0);
    assert_eq!(action, "start");
    rig.unreachable(start);
    rig.say(Signal::Vanished);
    rig.tell(Input::Config(config(false)));
    rig.pass(3600);
    rig.sent();
    assert_eq!(rig.timer(), None);
    let Response::Queue(rows) = rig.ask(Request::Queue { after: 0 }) else {
        panic!("no queue");
    };
    assert_eq!(rows.len(), 1, "{rows:?}");
    rig.tell(Input::Config(config(true)));
    assert_eq!(rig.sent().remove(0).1, "stop", "at once");
}

#[test]
fn a_session_of_a_service_that_is_switched_off_in_mid_film_gets_its_stop_once_it_is_on_again() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(10);
    let (start, action) = rig.sent().remove(0);
    assert_eq!(action, "start");
    rig.taken(start);
    rig.tell(Input::Config(config(false)));
    rig.pass(60);
    rig.say(Signal::Vanished);
    assert!(rig.sent().is_empty(), "while it is off");
    rig.pass(3600);
    rig.tell(Input::Config(config(true)));
    let sent: Vec<_> = rig.sent().into_iter().map(|(_, action)| action).collect();
    assert_eq!(sent, ["stop"]);
}

#[test]
fn a_service_that_nobody_is_linked_to_is_switched_off_and_on_and_the_film_goes_on() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(10);
    let (start, _) = rig.sent().remove(0);
    rig.taken(start);
    let mut other = (*config(true)).clone();
    for on in [!other.discovr.enabled, other.discovr.enabled] {
        other.discovr.enabled = on;
        rig.tell(Input::Config(Arc::new(other.clone())));
        assert!(rig.sent().is_empty(), "no stop");
        assert!(rig.engine.debouncer.watching());
    }
}

#[test]
fn a_session_of_a_service_that_was_switched_off_while_no_daemon_ran_gets_its_stop_once_it_is_on_again()
 {
    for goes_on in [false, true] {
        let mut rig = Rig::new(Desk::default(), start_of_time());
        rig.play();
        rig.pass(10);
        let (start, _) = rig.sent().remove(0);
        rig.taken(start);
        let mut rig = rig.kill_and_switch(vec![ann(1)], config(false));
        if goes_on {
            rig.play();
        }
        rig.pass(60);
        assert!(rig.sent().is_empty(), "while it is off");
        rig.tell(Input::Config(config(true)));
        let sent: Vec<_> = rig.sent().into_iter().map(|(_, action)| action).collect();
        assert_eq!(sent, ["stop"]);
    }
}

#[test]
fn a_new_login_of_the_same_user_is_tried_with_at_once() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(10);
    rig.say(Signal::Vanished);
    let mut failed = 0;
    for _ in 0..30 {
        if let Some((delivery, _)) = rig.sent().last() {
            rig.unreachable(*delivery);
            failed += 1;
        }
        if failed > 8 {
            break;
        }
        if let Some((wait, _)) = rig.engine.poll_timeout(rig.now) {
            rig.now = rig.now.after(wait);
            rig.tell(Input::Tick);
        }
    }
    assert_eq!(rig.timer(), Some("delivery"));
    assert!(rig.sent().is_empty());
    rig.tell(Input::Accounts(vec![ann(1)]));
    assert!(rig.sent().is_empty(), "the same login is no news");
    rig.tell(Input::Accounts(vec![ann(2)]));
    // The delivery's own pause goes on, which is no more than a second by then.
    if let Some((wait, _)) = rig.engine.poll_timeout(rig.now) {
        assert!(wait <= Duration::from_secs(1), "{wait:?}");
        rig.now = rig.now.after(wait);
        rig.tell(Input::Tick);
    }
    assert_eq!(rig.sent().remove(0).1, "stop");
}

#[test]
fn a_pause_ends_the_session_and_then_itself_with_one_timer() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(10);
    assert!(rig.watching());
    let two_hours = Request::Pause {
        seconds: Some(7200),
    };
    rig.engine.edges_mut().disk_full = true;
    assert!(matches!(rig.ask(two_hours.clone()), Response::Failed(_)));
    assert!(
        rig.watching() && rig.paused_until().is_none(),
        "nothing has changed"
    );

    rig.engine.edges_mut().disk_full = false;
    assert!(matches!(rig.ask(two_hours), Response::Paused { .. }));
    assert!(!rig.watching());
    let sent: BTreeMap<DeliveryId, String> = rig.sent().into_iter().collect();
    for delivery in sent.keys() {
        let ids = crate::model::Ids::default();
        let outcome = Disposition::Delivered {
            ids,
            deduped: false,
            ignored: None,
        };
        let delivery = *delivery;
        rig.tell(Input::Settled { delivery, outcome });
    }
    rig.pass(3600);
    // A clock that is set makes a pause neither shorter nor longer.
    rig.now.wall = rig.now.wall.plus(Duration::from_secs(86_400));
    rig.tell(Input::Tick);
    assert!(rig.paused_until().is_some());
    rig.sent();
    assert_eq!(rig.timer(), Some("a pause ends"));
    rig.pass(3590);
    assert!(!rig.watching() && rig.paused_until().is_some());
    rig.pass(20);
    assert!(rig.watching() && rig.paused_until().is_none());
    assert!(
        rig.engine.edges_mut().pause.is_none(),
        "forgotten on the disk"
    );
}

#[test]
fn a_pause_outlives_the_run_and_ends_when_it_was_to_end() {
    let now = start_of_time();
    let kept = |until: Option<Wall>| Desk {
        pause: Some(Pause {
            since: now.wall,
            until,
        }),
        ..Desk::default()
    };
    let hour = Duration::from_secs(3600);
    for (until, paused, later) in [
        (None, true, true),
        (Some(now.wall.plus(hour)), true, false),
        (Some(now.wall.plus(hour / 2)), false, false),
    ] {
        let mut rig = Rig::new(kept(until), now.after(hour / 2));
        rig.play();
        rig.pass(10);
        assert_eq!(rig.paused_until().is_some(), paused, "{until:?}");
        assert_eq!(rig.watching(), !paused, "{until:?}");
        rig.pass(3600);
        assert_eq!(rig.paused_until().is_some(), later, "{until:?}");
    }
    let mut rig = Rig::new(kept(None), now);
    assert_eq!(rig.timer(), None, "one without an end wakes nobody");
    assert_eq!(rig.ask(Request::Resume), Response::Done { count: 1 });
    assert_eq!(rig.ask(Request::Resume), Response::done());
}

#[test]
fn status_says_what_to_do_for_what_waits() {
    let mut discovr = ann(1);
    discovr.key.service = ServiceName::Discovr;
    discovr.key.profile = Some("p1".into());
    let mut rig = Rig::of(Desk::default(), vec![discovr], start_of_time());
    rig.play();
    rig.pass(10);
    let said = |rig: &mut Rig| match rig.ask(Request::Status) {
        Response::Status(status) => status.accounts[1].last_error.clone().unwrap_or_default(),
        other => panic!("{other:?}"),
    };
    let words = said(&mut rig);
    assert!(words.contains("wait for an id of TMDB"), "{words}");
    let mut off: Config = toml::from_str(DEFAULTS).unwrap();
    off.discovr.enabled = false;
    rig.tell(Input::Config(Arc::new(off)));
    let words = said(&mut rig);
    assert!(words.contains("`discovr.enabled`"), "{words}");
}

#[test]
fn a_store_that_is_never_idle_is_closed_now_and_then_and_nobody_notices() {
    let mut rig = Rig::new(Desk::default(), start_of_time());
    rig.play();
    rig.pass(100);
    let is_closed = |rig: &Rig| {
        let outbox = rig.engine.storage.outbox();
        outbox.is_some_and(crate::outbox::Outbox::is_closed)
    };
    let closed = (0..20_001).find(|_| {
        let engine = &mut rig.engine;
        assert!(engine.storage.ready(&mut engine.edges, rig.now).is_some());
        rig.tell(Input::Tick);
        is_closed(&rig)
    });
    assert!(closed.is_some_and(|uses| uses > 5_000), "after {closed:?}");
    rig.pass(60);
    assert!(!is_closed(&rig), "the film goes on");
    assert_eq!(rig.engine.storage.problem(), None);
}
