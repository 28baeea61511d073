//! Random operations on both stores and on a plain map, in lockstep.

use rustix::process::Signal;

use super::{NOW, Records, contents, open, scan, seed, signal};
use crate::store::{Batch, Durability, MemoryStore, Program, SledStore, Store};

#[derive(Debug)]
enum Op {
    Commit(Batch),
    Get(Vec<u8>),
    Scan(Vec<u8>),
    Reopen,
    KillStoreProcess,
}

fn op(random: &mut fastrand::Rng) -> Op {
    match random.u32(0..100) {
        0..60 => Op::Commit(batch(random)),
        60..80 => Op::Get(key(random)),
        80..95 => Op::Scan(key(random)),
        95..98 => Op::Reopen,
        _ => Op::KillStoreProcess,
    }
}

/// Few letters, so that keys meet again and are prefixes of each other.
fn key(random: &mut fastrand::Rng) -> Vec<u8> {
    let length = random.usize(0..4);
    std::iter::repeat_with(|| *random.choice(&[0, b'a', b'b', 254, 255]).unwrap())
        .take(length)
        .collect()
}

fn batch(random: &mut fastrand::Rng) -> Batch {
    let mut batch = Batch::default();
    for _ in 0..random.usize(0..8) {
        let key = key(random);
        if random.u32(0..3) == 0 {
            batch.remove(key);
        } else {
            let length = match random.u32(0..20) {
                0 => random.usize(0..200_000),
                _ => random.usize(0..300),
            };
            batch.put(key, vec![random.u8(..); length]);
        }
    }
    batch
}

fn apply(model: &mut Records, batch: &Batch) {
    for (key, value) in &batch.changes {
        match value {
            Some(value) => model.insert(key.clone(), value.clone()),
            None => model.remove(key),
        };
    }
}

#[test]
fn both_stores_do_what_a_map_does_through_reopening_and_kill_9() {
    let mut random = fastrand::Rng::with_seed(seed());
    let folder = tempfile::tempdir().unwrap();
    let (state, mut sled, opened) = open(folder.path()).unwrap();
    assert!(opened.fresh);
    let mut memory = MemoryStore::default();
    let mut model = Records::new();
    for step in 0..600 {
        let op = op(&mut random);
        match op {
            Op::Commit(batch) => {
                apply(&mut model, &batch);
                sled.commit(batch.clone(), Durability::Process).unwrap();
                memory.commit(batch, Durability::Process).unwrap();
            }
            Op::Get(key) => {
                let value = model.get(&key).cloned();
                assert_eq!(sled.get(&key).unwrap(), value, "step {step}: {key:?}");
                assert_eq!(memory.get(&key).unwrap(), value, "step {step}: {key:?}");
            }
            Op::Scan(prefix) => {
                let found: Records = model
                    .iter()
                    .filter(|(key, _)| key.starts_with(&prefix))
                    .map(|(key, value)| (key.clone(), value.clone()))
                    .collect();
                assert_eq!(scan(&sled, &prefix), found, "step {step}: {prefix:?}");
                assert_eq!(scan(&memory, &prefix), found, "step {step}: {prefix:?}");
            }
            Op::Reopen | Op::KillStoreProcess => {
                if matches!(op, Op::KillStoreProcess) {
                    signal(sled.process_id(), Signal::KILL, "Z");
                    assert!(sled.get(b"a").is_err(), "it is told that it has gone");
                    assert!(sled.commit(Batch::default(), Durability::Disk).is_err());
                }
                drop(sled);
                let opened;
                (sled, opened) = SledStore::open(&state, NOW, &Program::test()).unwrap();
                assert_eq!(opened.loss, None, "step {step}");
                assert_eq!(opened.records, model.len() as u64, "step {step}");
                assert!(!opened.fresh);
            }
        }
    }
    assert_eq!(contents(&sled), model);
    assert_eq!(contents(&memory), model);
}

#[test]
fn a_store_can_be_asked_again_from_within_a_scan() {
    let folder = tempfile::tempdir().unwrap();
    let (_state, mut store, _) = open(folder.path()).unwrap();
    let mut batch = Batch::default();
    for n in 0..2000u32 {
        batch.put(n.to_be_bytes(), vec![7; 1000]);
    }
    store.commit(batch, Durability::Disk).unwrap();
    let mut seen = 0;
    store
        .scan(b"", &mut |key, value| {
            assert_eq!(store.get(key).unwrap().as_deref(), Some(value));
            seen += 1;
        })
        .unwrap();
    assert_eq!(seen, 2000);
}

#[test]
fn in_one_batch_the_last_change_of_a_key_counts() {
    let folder = tempfile::tempdir().unwrap();
    let (state, mut store, _) = open(folder.path()).unwrap();
    let mut batch = Batch::default();
    batch.put("a", "1");
    batch.remove("a");
    batch.put("b", "1");
    batch.put("b", "2");
    batch.remove("c");
    batch.put("c", "3");
    store.commit(batch, Durability::Disk).unwrap();
    drop(store);
    let (store, opened) = SledStore::open(&state, NOW, &Program::test()).unwrap();
    assert_eq!(opened.loss, None);
    assert_eq!(contents(&store).len(), 2);
    assert_eq!(store.get(b"b").unwrap().as_deref(), Some(b"2".as_slice()));
}
