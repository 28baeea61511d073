//! The cost of a long queue. Run in release: `cargo test --release --lib outbox::tests::memory -- --ignored --nocapture`.

#![allow(clippy::disallowed_methods, reason = "tests may look at the clock")]

use std::time::Instant;

use super::support::*;
use crate::model::{DeliveryId, Random};
use crate::outbox::Outbox;
use crate::outbox::index::Header;

#[test]
fn a_header_is_small() {
    assert!(
        size_of::<(DeliveryId, Header)>() <= 80,
        "{}",
        size_of::<(DeliveryId, Header)>()
    );
}

/// Resident memory in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    status.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

#[test]
#[ignore = "measures; run it in release"]
fn a_hundred_thousand_deliveries_load_quickly_and_stay_small() {
    let mut bench = Bench::both();
    let clock = Instant::now();
    for number in 0..50_000 {
        bench.finish(&mut Watch::film(number, &format!("Film {number}")));
    }
    let append = clock.elapsed() / 50_000;
    let disk = bench.disk.clone();
    drop(bench);
    let before = resident();
    let clock = Instant::now();
    let (outbox, remembered) = Outbox::load(disk.clone(), Plain, Random::seeded(2), 1).unwrap();
    let load = clock.elapsed();
    drop(remembered);
    let each = resident().saturating_sub(before) / outbox.index.len() as u64;
    println!(
        "append {append:?}; load of {} {load:?}; {each} B each",
        outbox.index.len()
    );
    assert!(cfg!(debug_assertions) || load.as_millis() < 300, "{load:?}");
}
