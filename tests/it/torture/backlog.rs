//! A queue of years, made as the outbox makes it, under the built daemon.

use std::fs;
use std::time::{Duration, Instant};

use super::number;
use super::years::fill;
use crate::support::evening::{Evening, possible};

#[test]
#[ignore = "takes minutes: `just torture backlog`"]
fn with_a_hundred_thousand_queued_deliveries_it_starts_at_once_stays_small_and_live_events_go_first()
 {
    if !possible() {
        return;
    }
    live_beside(number("DELIVERIES", 100_000));
}

#[test]
fn with_three_thousand_queued_deliveries_live_events_do_not_wait() {
    if !possible() {
        return;
    }
    live_beside(3_000);
}

fn live_beside(deliveries: u64) {
    let mut evening = Evening::unlinked();
    let login = evening.punchplay.with(|app| app.issue_login("ann"));
    let account = login.account.clone();
    evening.link([login]);
    fill(&evening.home.paths().state_dir, deliveries, &[account]);

    let begun = Instant::now();
    evening.launch();
    evening.until_logged("ready:");
    let ready = begun.elapsed();
    let small = resident_mib(evening.daemon_id());
    let film = evening.film("Heat (1995).mkv", 400);
    let begun = Instant::now();
    let mpv = evening.mpv(&[], &[&film]);
    until_told(&evening, "start");
    let started = begun.elapsed();
    mpv.wait();
    let begun = Instant::now();
    until_told(&evening, "stop");
    let stopped = begun.elapsed();
    let large = resident_mib(evening.daemon_id());
    eprintln!(
        "{deliveries} queued: ready after {ready:?}, {small} MiB, later {large} MiB; \
         a start arrived {started:?} after the player, a watch {stopped:?} after its end, \
         {} of the queue meanwhile",
        evening.watches() - 1
    );
    assert!(small < 64 && large < 64, "{small} MiB, {large} MiB");
    assert!(started < Duration::from_secs(10), "{started:?}");
    assert!(stopped < Duration::from_secs(10), "{stopped:?}");
    assert!(evening.watches() > 1, "and the queue goes on");
    evening.assert_clean();
}

fn until_told(evening: &Evening, action: &str) {
    let what = format!("the {action} of the film arrives");
    evening.until(&what, Duration::from_secs(60), |evening| {
        let events = evening.events();
        let mut ours = events.iter().filter(|event| event.title() == "Heat");
        ours.any(|event| event.action == action)
    });
}

/// With its store process.
fn resident_mib(daemon: u32) -> u64 {
    let resident = |process: &str| {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or(0) / 1024
    };
    let threads = fs::read_dir(format!("/proc/{daemon}/task")).unwrap();
    let children = threads
        .flatten()
        .map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default())
        .collect::<String>();
    let children = children.split_whitespace().map(resident).sum::<u64>();
    resident(&daemon.to_string()) + children
}
