//! Each account on its own.

use super::support::*;
use crate::model::AccountKey;
use crate::model::Action::*;
use crate::outbox::{Hint, Selection};
use crate::service::Fault;

fn other(of: &AccountKey) -> AccountKey {
    AccountKey {
        user: format!("{}-other", of.user),
        ..of.clone()
    }
}

#[test]
fn what_was_made_for_one_account_or_profile_is_never_sent_as_another() {
    let kids = AccountKey {
        profile: Some("kids".into()),
        ..discovr()
    };
    for (first, second) in [(punchplay(), other(&punchplay())), (discovr(), kids)] {
        let mut bench = Bench::new(std::slice::from_ref(&first));
        bench.finish(&mut Watch::film(1, "Heat").tmdb(949));
        bench.outbox.hint(&Hint::LoggedOut(first.clone()));
        bench.accounts = vec![second.clone()];
        bench.outbox.hint(&Hint::LoggedIn(second.clone()));
        bench.finish(&mut Watch::film(2, "Alien").tmdb(348));
        bench.crash();
        for queued in 0..2 {
            let (_, job) = match bench.next(&second) {
                Some(sent) => sent,
                None => break,
            };
            assert!(job.request.body.ends_with("|348"), "{queued}");
            bench.drain(&second);
        }
        assert!(bench.next(&first).is_none(), "logged out");
        assert!(bench.queue()[0].ends_with("waiting_login"));
        // Logging in as the same user resumes.
        bench.outbox.hint(&Hint::LoggedIn(first.clone()));
        assert!(!bench.drain(&first).is_empty());
    }
}

#[test]
fn a_service_that_hangs_fails_or_refuses_the_login_does_not_delay_another() {
    let mut bench = Bench::both();
    bench.finish(&mut Watch::film(1, "Heat").tmdb(949));
    // Hanging: in flight for ever.
    bench.next(&punchplay()).unwrap();
    assert_eq!(bench.drain(&discovr()), ["history None", "resume_point"]);
    bench.crash();
    bench.finish(&mut Watch::film(2, "Alien").tmdb(348));
    bench.send(&punchplay(), failed(Fault::Server)).unwrap();
    assert_eq!(bench.drain(&discovr()), ["history None", "resume_point"]);
}

#[test]
fn nothing_is_sent_before_the_account_is_said_to_be_linked() {
    let mut bench = Bench::new(&[]);
    bench.accounts = vec![punchplay()];
    bench.finish(&mut Watch::film(1, "Heat"));
    assert!(bench.next(&punchplay()).is_none());
    assert_eq!(bench.outbox.poll_timeout(bench.now), None);
    bench.outbox.hint(&Hint::LoggedIn(punchplay()));
    assert_eq!(
        bench.outbox.poll_timeout(bench.now),
        Some((s(0), "delivery"))
    );
    assert_eq!(bench.drain(&punchplay()), ["stop"]);
}

#[test]
fn an_accounts_queue_can_be_dropped_and_the_others_stay() {
    let mut bench = Bench::both();
    bench.finish(&mut Watch::film(1, "Heat").tmdb(949));
    bench
        .outbox
        .drop_deliveries(&Selection::Account(discovr()))
        .unwrap();
    assert_eq!(bench.queue(), ["punchplay stop due"]);
}

#[test]
fn an_account_linked_after_the_first_events_hears_only_of_what_follows() {
    let mut bench = Bench::new(&[punchplay()]);
    let mut film = Watch::film(1, "Heat").tmdb(949);
    bench.add(&mut film, Start);
    bench.accounts.push(discovr());
    bench.outbox.hint(&Hint::LoggedIn(discovr()));
    assert!(bench.next(&discovr()).is_none());
    bench.finish(&mut film);
    assert_eq!(bench.drain(&discovr()), ["history None", "resume_point"]);
}

#[test]
fn an_answer_to_what_was_sent_with_the_old_login_says_nothing_of_the_new_one() {
    let mut bench = Bench::new(&[punchplay()]);
    bench.finish(&mut Watch::film(1, "Heat"));
    let (id, _) = bench.next(&punchplay()).unwrap();
    bench.outbox.hint(&Hint::LoggedIn(punchplay()));
    let refused = crate::service::Disposition::NeedsLogin {
        reason: "invalid_grant".into(),
    };
    bench.settle(id, refused.clone());
    let (id, _) = bench.next(&punchplay()).unwrap();
    bench.outbox.hint(&Hint::LoggedOut(punchplay()));
    bench.settle(id, refused);
    assert!(!bench.outbox.counts(bench.now)[0].1.needs_login);
}

#[test]
fn the_deliveries_of_one_viewing_can_be_dropped() {
    let mut bench = Bench::both();
    bench.finish(&mut Watch::film(1, "Heat").tmdb(949));
    bench.finish(&mut Watch::film(2, "Alien").tmdb(348));
    let chosen = Selection::Viewing(crate::model::ViewingId(1));
    assert_eq!(bench.outbox.drop_deliveries(&chosen).unwrap(), 3);
    assert_eq!(bench.drain(&punchplay()).len(), 1);
}
