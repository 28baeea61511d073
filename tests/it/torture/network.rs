//! The network goes and comes back, in a network namespace of the test's own.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::evening::{Evening, possible};
use crate::support::players::is_installed;

const INSIDE: &str = "REELD_TEST_IN_NAMESPACE";
const SOON: Duration = Duration::from_secs(30);

/// Runs a test of this module again, in a namespace that has nothing but a loopback device. True if this is that run.
fn in_a_namespace(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    if !possible() || !is_installed("unshare") || !is_installed("ip") {
        return false;
    }
    let name = format!("torture::network::{test}");
    let ran = Command::new("unshare")
        .args(["--map-root-user", "--net", "--"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", &name, "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(ran.success(), "{ran}");
    false
}

fn loopback(state: &str) {
    let set = Command::new("ip")
        .args(["link", "set", "lo", state])
        .status();
    assert!(set.unwrap().success());
}

#[test]
fn a_network_that_goes_in_mid_film_and_comes_back_after_it_costs_nothing() {
    if !in_a_namespace("a_network_that_goes_in_mid_film_and_comes_back_after_it_costs_nothing") {
        return;
    }
    loopback("up");
    let mut evening = Evening::linked();
    let mpv = evening.watching("Heat (1995).mkv", 800);
    mpv.until_at(300.0);
    loopback("down");
    mpv.wait();
    evening.until("the stop is queued", SOON, |evening| {
        let queue = evening.json(&["queue", "--json"]);
        queue.iter().any(|row| row["action"] == "stop")
    });
    loopback("up");
    let back = Instant::now();
    evening.until_watches(1);
    let took = back.elapsed();
    eprintln!("delivered {took:?} after the network was back");
    assert!(took < Duration::from_secs(60), "{took:?}");
    assert_eq!(evening.watches(), 1, "{}", evening.story());
    assert!(evening.json(&["queue", "--json"]).is_empty());
    evening.assert_clean();
}
