//! The store on disk against a plain model, under kill -9, traced, and in named disasters.

#![allow(clippy::disallowed_methods, reason = "tests may look at the clock")]

mod actor;
mod disasters;
mod model;
mod torture;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use super::{Opened, Program, SledStore, StateFolder, Store, StoreError};
use crate::model::Wall;

const NOW: Wall = Wall(1_795_312_800_250);

type Records = BTreeMap<Vec<u8>, Vec<u8>>;

fn open(path: &Path) -> Result<(StateFolder, SledStore, Opened), StoreError> {
    let state = StateFolder::claim(path)?;
    let (store, opened) = SledStore::open(&state, NOW, &Program::test())?;
    Ok((state, store, opened))
}

fn contents(store: &impl Store) -> Records {
    scan(store, b"")
}

fn scan(store: &impl Store, prefix: &[u8]) -> Records {
    let mut records = Records::new();
    let mut before = None;
    store
        .scan(prefix, &mut |key, value| {
            assert!(before.as_deref() < Some(key), "in key order");
            before = Some(key.to_vec());
            records.insert(key.to_vec(), value.to_vec());
        })
        .unwrap();
    records
}

/// Sends a signal to a process and waits until it shows in its state (`T` stopped, `Z` dead).
fn signal(pid: u32, signal: rustix::process::Signal, state: &str) {
    let raw = i32::try_from(pid).unwrap();
    rustix::process::kill_process(rustix::process::Pid::from_raw(raw).unwrap(), signal).unwrap();
    wait_until(|| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        let now = stat.rsplit(')').next().unwrap();
        now.trim_start().starts_with(state)
    });
}

fn wait_until(mut condition: impl FnMut() -> bool) {
    let start = crate::clock::now().mono;
    while !condition() {
        assert!((crate::clock::now().mono - start) < std::time::Duration::from_secs(30));
        std::thread::yield_now();
    }
}

/// Says so even where the output of tests is kept back.
fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// A seed that is printed, so that what fails can be repeated with `REELD_SEED`.
fn seed() -> u64 {
    let given = std::env::var("REELD_SEED").ok();
    let seed = given.map_or_else(|| fastrand::u64(..), |seed| seed.parse().unwrap());
    eprintln!("REELD_SEED={seed}");
    seed
}
