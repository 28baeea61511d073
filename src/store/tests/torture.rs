//! Acknowledged means kept: under kill -9, and down to the system calls.

#![allow(clippy::disallowed_methods, reason = "tests may look at the clock")]

use std::io::Read;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::{actor, contents, open, seed, skipped};
use crate::store::{Batch, Durability, Store};

const ROUNDS: usize = 40;
/// Commits that are traced.
const WORDS: usize = 6;

#[test]
fn what_was_acknowledged_is_there_after_kill_9_of_the_writer() {
    let mut random = fastrand::Rng::with_seed(seed());
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = None;
    for round in 0..ROUNDS {
        let (mut writer, said) = actor::start(actor::command("write", folder.path()));
        // Some rounds die while the store is still being opened.
        let wait = random.u64(0..60);
        let killer = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(wait));
            writer.kill().unwrap();
            writer.wait().unwrap();
        });
        for line in said {
            acknowledged = Some(line.parse::<u64>().unwrap());
        }
        killer.join().unwrap();
        // What was not acknowledged and is there all the same counts from now on.
        acknowledged = check(folder.path(), acknowledged, round).checked_sub(1);
    }
    eprintln!("{ROUNDS} rounds, {acknowledged:?} batches acknowledged");
}

fn check(folder: &Path, acknowledged: Option<u64>, round: usize) -> u64 {
    let (_state, store, opened) = open(folder).unwrap();
    assert_eq!(opened.loss, None, "round {round}");
    let next = actor::next(&store);
    let least = acknowledged.map_or(0, |n| n + 1);
    assert!(
        next >= least && next <= least + 1,
        "round {round}: {least} batches were acknowledged, {next} are there"
    );
    let records = contents(&store);
    let live = next.min(50);
    assert_eq!(records.len() as u64, 2 * live + u64::from(next > 0));
    for n in next - live..next {
        for side in ["a", "b"] {
            let value = records.get(format!("{side}/{n:08}").as_bytes());
            assert_eq!(
                value,
                Some(&vec![n as u8; 300]),
                "round {round}: {side}/{n}"
            );
        }
    }
    next
}

#[test]
fn a_commit_returns_after_its_data_and_its_metadata_were_fsynced() {
    if Command::new("strace").arg("-V").output().is_err() {
        skipped("strace is not installed");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    let mut strace = Command::new("strace");
    strace
        .args(["-f", "-y", "-o"])
        .arg(&trace)
        .args(["-e", "trace=fsync,fdatasync,write,pwrite64"]);
    let command = actor::under(strace, "write", &folder.path().join("state"));
    let (mut tracer, said) = actor::start(command);
    let commits = said.take(WORDS).count();
    // Nobody listens any more, so the writer ends, and strace with it.
    tracer.wait().unwrap();
    assert_eq!(commits, WORDS, "strace cannot trace here?");
    let mut text = String::new();
    std::fs::File::open(&trace)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert_fsynced_before_each_word(&text);
}

fn assert_fsynced_before_each_word(trace: &str) {
    let mut words = 0;
    // Files written and not yet synced, files synced, since the last word.
    let mut dirty = std::collections::BTreeSet::new();
    let mut synced = std::collections::BTreeSet::new();
    // The file whose sync a thread waits for.
    let mut waiting = std::collections::BTreeMap::new();
    for line in trace.lines() {
        let (thread, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        let file = call
            .split_once('<')
            .and_then(|(_, rest)| rest.split_once('>'))
            .map(|(file, _)| file.to_owned());
        let ended_well = call.ends_with("= 0");
        if call.starts_with("<...") {
            if let Some(file) = waiting.remove(thread)
                && ended_well
            {
                dirty.remove(&file);
                synced.insert(file);
            }
        } else if call.starts_with("fsync") || call.starts_with("fdatasync") {
            let file = file.unwrap();
            if ended_well {
                dirty.remove(&file);
                synced.insert(file);
            } else {
                waiting.insert(thread.to_owned(), file);
            }
        } else if call.contains("said: ") {
            words += 1;
            assert!(dirty.is_empty(), "acknowledged with unsynced {dirty:?}");
            for part in ["/sled/slabs/", "/sled/metadata/log_"] {
                let there = synced.iter().any(|file| file.contains(part));
                assert!(there, "word {words}: nothing in {part} was synced");
            }
            synced.clear();
            if words == WORDS {
                return;
            }
        } else if let Some(file) = file.filter(|file| file.contains("/sled/")) {
            dirty.insert(file);
        }
    }
    panic!("{words} words in the trace");
}

#[test]
fn commits_take_milliseconds_and_an_idle_store_process_sleeps() {
    let folder = tempfile::tempdir().unwrap();
    let (_state, mut store, _) = open(folder.path()).unwrap();
    let start = crate::clock::now().mono;
    for n in 0..200 {
        store.commit(actor::pair(n), Durability::Disk).unwrap();
    }
    eprintln!("{:?} a commit", (crate::clock::now().mono - start) / 200);
    // Once what a commit leaves behind has calmed down, three seconds pass without a single wake-up.
    let quiet = (0..5).any(|_| {
        let before = wake_ups(store.process_id());
        std::thread::sleep(Duration::from_secs(3));
        wake_ups(store.process_id()) == before
    });
    assert!(quiet);
    store.commit(Batch::default(), Durability::Process).unwrap();
}

fn wake_ups(pid: u32) -> u64 {
    std::fs::read_dir(format!("/proc/{pid}/task"))
        .unwrap()
        .map(|task| {
            let status = std::fs::read_to_string(task.unwrap().path().join("status")).unwrap();
            let lines = status.lines().filter(|l| l.starts_with("voluntary_ctxt"));
            lines
                .map(|l| l.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap())
                .sum::<u64>()
        })
        .sum()
}
