//! The cost of a long queue. Run in release: `cargo test --release --lib outbox::tests::memory -- --ignored --nocapture`.

#![allow(clippy::disallowed_methods, reason = "tests may look at the clock")]

use std::time::{Duration, Instant};

use super::support::*;
use crate::model::{Action, DeliveryId, Random};
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

/// Processor time of this process so far: wall time says little on a machine that does other things.
fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap(),
        u32::try_from(time.tv_nsec).unwrap(),
    )
}

/// Processor time of all threads of the store process so far.
fn store_worked(store: &SledStore) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", store.process_id())).unwrap();
    let schedstats = tasks.map(|task| task.unwrap().path().join("schedstat"));
    let nanoseconds = schedstats.map(|path| {
        let stat = std::fs::read_to_string(path).unwrap();
        stat.split(' ').next().unwrap().parse::<u64>().unwrap()
    });
    Duration::from_nanos(nanoseconds.sum())
}

fn measure_load<S: Store>(store: S, name: &str) -> Outbox<S, Plain> {
    let (before, clock) = (resident(), worked());
    let (outbox, remembered) = Outbox::load(store, Plain, Random::seeded(2), 1).unwrap();
    let load = worked() - clock;
    assert!(remembered.problems.is_empty());
    drop(remembered);
    let count = outbox.index.len();
    let each = resident().saturating_sub(before) / count as u64;
    println!("{name}: load of {count}: {load:?} of processor time, {each} B each");
    assert!(cfg!(debug_assertions) || load.as_millis() < 300, "{load:?}");
    outbox
}

#[test]
#[ignore = "measures; run it in release"]
fn a_hundred_thousand_deliveries_load_quickly_and_stay_small() {
    let mut bench = Bench::both();
    let clock = worked();
    for number in 0..33_334 {
        bench.finish(&mut Watch::film(number, &format!("Film {number}")));
    }
    println!("append in memory: {:?}", (worked() - clock) / 33_334);
    let disk = bench.disk.clone();
    drop(bench);

    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::claim(folder.path()).unwrap();
    let open = || SledStore::open(&state, NOW, &Program::test()).unwrap().0;
    let mut store = open();
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

    let wall = Instant::now();
    let store = open();
    let (opened, wall) = (store_worked(&store), wall.elapsed());
    println!("disk: open: {opened:?} of the store process, {wall:?} on the clock");
    let wall = Instant::now();
    let mut outbox = measure_load(store, "disk");
    let store = outbox.store_mut().unwrap();
    let (loaded, wall) = (store_worked(store) - opened, wall.elapsed());
    println!("disk: load: {loaded:?} of the store process, {wall:?} on the clock");

    let (clock, wall) = (worked(), Instant::now());
    let now = Bench::both().now;
    for number in 100_000..100_100 {
        let mut film = Watch::film(number, "Heat");
        let step = film.step(Action::Stop, true, now);
        let accounts = [punchplay(), discovr()];
        outbox.append(&step, &accounts, now).unwrap();
    }
    let (cost, wall) = ((worked() - clock) / 100, wall.elapsed() / 100);
    println!("disk: append: {cost:?} of processor time, {wall:?} on the clock");
    measure_load(disk, "memory");
}

/// Bytes in a folder.
fn size_of_folder(folder: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let size = |entry: std::fs::DirEntry| match entry.file_type().unwrap().is_dir() {
        true => size_of_folder(&entry.path()),
        false => entry.metadata().unwrap().len(),
    };
    entries.map(size).sum()
}

/// How many: `REELD_VIEWINGS`, or 100,000. Each is queued, sent and delivered: three commits, and the history's note.
#[test]
#[ignore = "measures for many minutes; run it in release"]
fn a_hundred_thousand_viewings_leave_a_small_database() {
    let asked = std::env::var("REELD_VIEWINGS").ok();
    let count: u64 = asked.map_or(100_000, |count| count.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::claim(folder.path()).unwrap();
    let open = || SledStore::open(&state, NOW, &Program::test()).unwrap().0;
    let (mut outbox, _) = Outbox::load(open(), Plain, Random::seeded(1), 1).unwrap();
    outbox.hint(&crate::outbox::Hint::LoggedIn(punchplay()));
    let mut now = Bench::both().now;
    for number in 0..count {
        let step = Watch::film(number, &format!("Film {number}")).step(Action::Stop, true, now);
        outbox.append(&step, &[punchplay()], now).unwrap();
        let (number, note) = outbox.note().unwrap().unwrap();
        outbox.noted(number, note.event.session);
        let context = crate::service::Context::default();
        let sent = outbox.next(&punchplay(), now, &context).unwrap();
        outbox.settle(sent.unwrap().0, taken(), now).unwrap();
        outbox.take_ended();
        now = now.after(s(600));
        if (number + 1) % (count / 5) == 0 {
            let bytes = size_of_folder(folder.path());
            println!("{} viewings: {} KiB on disk", number + 1, bytes / 1024);
        }
    }
    drop(outbox.close());
    drop(open());
    println!("opened again: {} KiB", size_of_folder(folder.path()) / 1024);
}
