//! The cost of a long queue. Run in release: `cargo test --release --lib outbox::tests::memory -- --ignored --nocapture`.

#![allow(clippy::disallowed_methods, reason = "tests may look at the clock")]

use std::time::Instant;

use super::support::*;
use crate::model::{DeliveryId, Random};
use crate::outbox::Outbox;
use crate::outbox::index::Header;
use crate::store::{Batch, Durability, Program, SledStore, StateFolder, Store};

#[test]
fn a_header_is_small() {
    let size = size_of::<(DeliveryId, Header)>();
    assert!(size <= 80, "{size}");
}

/// Resident memory in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    status.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

fn measure_load(store: impl Store, name: &str) {
    let before = resident();
    let clock = Instant::now();
    let (outbox, remembered) = Outbox::load(store, Plain, Random::seeded(2), 1).unwrap();
    let load = clock.elapsed();
    assert!(remembered.problems.is_empty());
    drop(remembered);
    let count = outbox.index.len();
    let each = resident().saturating_sub(before) / count as u64;
    println!("{name}: load of {count} {load:?}, {each} B each");
    assert!(cfg!(debug_assertions) || load.as_millis() < 300, "{load:?}");
}

#[test]
#[ignore = "measures; run it in release"]
fn a_hundred_thousand_deliveries_load_quickly_and_stay_small() {
    let mut bench = Bench::both();
    let clock = Instant::now();
    for number in 0..50_000 {
        bench.finish(&mut Watch::film(number, &format!("Film {number}")));
    }
    println!("append {:?}", clock.elapsed() / 50_000);
    let disk = bench.disk.clone();
    drop(bench);
    measure_load(disk.clone(), "memory");

    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::claim(folder.path()).unwrap();
    let (mut store, _) = SledStore::open(&state, NOW, &Program::test()).unwrap();
    let mut batch = Batch::default();
    disk.scan(b"", &mut |key, value| {
        batch.put(key, value);
        if batch.changes.len() == 1000 {
            let batch = std::mem::take(&mut batch);
            store.commit(batch, Durability::Disk).unwrap();
        }
    })
    .unwrap();
    store.commit(batch, Durability::Disk).unwrap();
    drop(store);
    let clock = Instant::now();
    let (store, _) = SledStore::open(&state, NOW, &Program::test()).unwrap();
    println!("open {:?}", clock.elapsed());
    measure_load(store, "disk");

    let (store, _) = SledStore::open(&state, NOW, &Program::test()).unwrap();
    let (outbox, _) = Outbox::load(store, Plain, Random::seeded(2), 1).unwrap();
    let mut bench = OnDiskBench { outbox };
    bench.time_appends();
}

/// Appends to the long queue on the real store.
struct OnDiskBench {
    outbox: Outbox<SledStore, Plain>,
}

impl OnDiskBench {
    fn time_appends(&mut self) {
        let now = Bench::both().now;
        let clock = Instant::now();
        for number in 100_000..100_100 {
            let mut film = Watch::film(number, "Heat");
            let step = film.step(crate::model::Action::Stop, true, now);
            let accounts = [punchplay(), discovr()];
            self.outbox.append(&step, &accounts, now).unwrap();
        }
        println!("append on disk {:?}", clock.elapsed() / 100);
    }
}
