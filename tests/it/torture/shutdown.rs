//! The end of the daemon in mid-film.

use std::time::{Duration, Instant};

use reeld::model::Random;
use rustix::process::{Pid, Signal, kill_process};

use crate::support::evening::{Evening, Mpv, possible};
use crate::support::standin::Fault;

/// 20 s at the speed of the evenings.
const LENGTH: u32 = 800;

/// In mid-film, with a service that takes the start and never answers.
fn watching_while_the_service_hangs(fault: Fault) -> (Evening, Mpv) {
    let mut evening = Evening::linked();
    evening.punchplay.fault("playback", fault, None);
    evening.start();
    let film = evening.film("Heat (1995).mkv", LENGTH);
    let mpv = evening.mpv(&[], &[&film]);
    mpv.until_at(120.0);
    evening.until("the start hangs", Duration::from_secs(20), |evening| {
        evening.punchplay.count("playback") > 0
    });
    (evening, mpv)
}

/// The service answers again, the daemon is started again, and the film is seen to its end.
fn and_then_the_film_is_seen_to_its_end(mut evening: Evening, mpv: Mpv) {
    evening.punchplay.clear_faults();
    evening.start();
    mpv.wait();
    evening.until_watches(1);
    evening.until("nothing waits", Duration::from_secs(60), |evening| {
        evening.json(&["queue", "--json"]).is_empty()
    });
    let story = evening.story();
    assert_eq!(evening.watches(), 1, "{story}");
    assert!(story.ends_with("stop start stop*"), "{story}");
    assert_eq!(evening.json(&["history", "--json"]).len(), 1, "one viewing");
    evening.assert_clean();
}

#[test]
fn sigterm_while_a_service_hangs_ends_within_five_seconds_and_what_was_accepted_is_delivered_later()
{
    if !possible() {
        return;
    }
    for fault in [Fault::Hang, Fault::HangAfter] {
        let (mut evening, mpv) = watching_while_the_service_hangs(fault);
        let asked = Instant::now();
        assert_eq!(evening.end_daemon(Signal::TERM).code(), Some(0));
        assert!(
            asked.elapsed() < Duration::from_secs(5),
            "{:?}",
            asked.elapsed()
        );
        and_then_the_film_is_seen_to_its_end(evening, mpv);
    }
}

#[test]
fn a_terminal_that_is_closed_ends_it_as_sigterm_does_except_under_nohup() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    let mpv = evening.watching("Heat (1995).mkv", LENGTH);
    mpv.until_at(120.0);
    assert_eq!(evening.end_daemon(Signal::HUP).code(), Some(0));
    assert_eq!(evening.story(), "start stop");
    evening.start_under(["nohup"]);
    evening.start();
    evening.signal(Signal::HUP);
    mpv.wait();
    evening.until_watches(1);
    assert!(evening.ended().is_none(), "it goes on under nohup");
    evening.assert_clean();
}

#[test]
fn a_second_sigterm_ends_at_once_and_loses_nothing() {
    if !possible() {
        return;
    }
    let (mut evening, mpv) = watching_while_the_service_hangs(Fault::Hang);
    evening.signal(Signal::TERM);
    evening.until_logged("stopped at");
    let asked = Instant::now();
    assert_eq!(evening.end_daemon(Signal::TERM).code(), Some(0));
    assert!(
        asked.elapsed() < Duration::from_millis(500),
        "{:?}",
        asked.elapsed()
    );
    and_then_the_film_is_seen_to_its_end(evening, mpv);
}

#[test]
fn two_sigterms_close_together_lose_nothing_whatever_lies_between_them() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start();
    let film = evening.film("Heat (1995).mkv", 1200);
    let mpv = evening.mpv(&[], &[&film]);
    let seed = u64::from(std::process::id());
    eprintln!("seed {seed}");
    let mut random = Random::seeded(seed);
    for round in 1..=5 {
        mpv.until_at(160.0 * f64::from(round));
        evening.signal(Signal::TERM);
        std::thread::sleep(Duration::from_secs_f64(0.02 * random.fraction()));
        let asked = Instant::now();
        let ended = evening.end_daemon(Signal::TERM);
        // The first may have come before anybody listened for it.
        assert!(ended.success(), "{ended}");
        assert!(
            asked.elapsed() < Duration::from_millis(1500),
            "{:?}",
            asked.elapsed()
        );
        evening.start();
    }
    mpv.wait();
    evening.until_watches(1);
    assert_eq!(evening.watches(), 1, "{}", evening.story());
    assert_eq!(evening.json(&["history", "--json"]).len(), 1, "one viewing");
    evening.assert_clean();
}

#[test]
fn sigterm_while_the_disk_hangs_ends_within_five_seconds_and_the_film_is_one_watch() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    let mpv = evening.watching("Heat (1995).mkv", 1200);
    // To the daemon, a store process that stands still is a disk that does.
    let store = i32::try_from(evening.store_id().expect("a store")).unwrap();
    let store = Pid::from_raw(store).unwrap();
    kill_process(store, Signal::STOP).unwrap();
    let asked = Instant::now();
    assert_eq!(evening.end_daemon(Signal::TERM).code(), Some(0));
    let took = asked.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(evening.log().contains("the disk did not answer"));
    kill_process(store, Signal::CONT).unwrap();
    evening.start();
    mpv.wait();
    evening.until_watches(1);
    assert_eq!(evening.watches(), 1, "{}", evening.story());
    assert_eq!(evening.json(&["history", "--json"]).len(), 1, "one viewing");
    evening.assert_clean();
}
