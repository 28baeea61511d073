//! The order of things on their way from the debouncer over the disk to the network, as the kernel saw it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::evening::{Evening, possible};
use crate::support::players::is_installed;

/// A system call that has returned.
struct Call {
    thread: String,
    name: String,
    /// Path or kind of its first file descriptor.
    file: String,
    text: String,
}

/// Calls in the order in which they returned.
fn calls(trace: &str) -> Vec<Call> {
    let mut unfinished = BTreeMap::new();
    let mut calls = Vec::new();
    for line in trace.lines() {
        let (process, rest) = line.split_once(' ').unwrap();
        let rest = rest.trim_start();
        let text = if let Some(resumed) = rest.strip_prefix("<... ") {
            let begun: String = unfinished.remove(process).unwrap_or_default();
            begun.trim_end().to_owned() + resumed.split_once("resumed>").unwrap().1
        } else if let Some(begun) = rest.strip_suffix("<unfinished ...>") {
            unfinished.insert(process.to_owned(), begun.to_owned());
            continue;
        } else {
            rest.to_owned()
        };
        let Some((name, arguments)) = text.split_once('(') else {
            continue;
        };
        let file = arguments
            .split_once('<')
            .and_then(|(_, rest)| rest.split_once(">, ").or_else(|| rest.split_once(">)")))
            .map_or("", |(file, _)| file);
        calls.push(Call {
            thread: process.to_owned(),
            name: name.to_owned(),
            file: file.to_owned(),
            text: text.clone(),
        });
    }
    calls
}

#[test]
fn the_stop_has_reached_the_disk_by_its_child_process_before_the_request_with_it_is_sent() {
    if !possible() || !is_installed("strace") {
        return;
    }
    let mut evening = Evening::linked();
    let trace = evening.home.folder.path().join("trace");
    evening.start_under([
        "strace".as_ref(),
        "-D".as_ref(),
        "-f".as_ref(),
        "-yy".as_ref(),
        "-s8192".as_ref(),
        "-o".as_ref(),
        trace.as_os_str(),
        "-etrace=fsync,fdatasync,write,writev,pwrite64,sendto,sendmsg".as_ref(),
    ]);
    evening.start();
    let film = evening.film("Heat (1995).mkv", 400);
    evening.mpv(&[], &[&film]).wait();
    evening.until_watches(1);
    let daemon = evening.daemon_id().to_string();
    let is_its_end = |line: &str| {
        let mut words = line.split_whitespace();
        words.next() == Some(&daemon) && words.next() == Some("+++")
    };
    evening.end_daemon(Signal::TERM);
    let mut text = String::new();
    evening.until("the trace is complete", Duration::from_secs(10), |_| {
        text = fs::read_to_string(&trace).unwrap_or_default();
        text.lines().any(is_its_end)
    });
    check(&calls(&text));
}

/// Every request that says `stop` comes after the store process acknowledged that stop; and that acknowledges nothing while
/// data or metadata are written and not synced.
fn check(calls: &[Call]) {
    // A store process names itself; there is a new one whenever the store is opened.
    let naming = calls.iter().filter(|call| call.file.ends_with("/comm"));
    let stores: BTreeSet<_> = naming.map(|call| &call.thread).collect();
    let mut dirty = BTreeSet::new();
    let mut synced = BTreeSet::new();
    let mut acknowledged = BTreeSet::new();
    let mut requests = 0;
    for call in calls {
        if call.name.ends_with("sync") {
            if call.text.ends_with("= 0") {
                dirty.remove(&call.file);
                synced.insert(call.file.clone());
            }
        } else if call.file.contains("/store/sled/") {
            dirty.insert(call.file.clone());
        } else if call.file.starts_with("UNIX") && stores.contains(&call.thread) {
            assert!(dirty.is_empty(), "acknowledged with unsynced {dirty:?}");
            acknowledged.clone_from(&synced);
        } else if call.file.starts_with("UNIX") && call.text.contains("stop") {
            synced.clear();
            acknowledged.clear();
        } else if call.file.starts_with("TCP") && call.text.contains("/playback/stop") {
            requests += 1;
            for part in ["/sled/slabs/", "/sled/metadata/log_"] {
                let there = acknowledged.iter().any(|file| file.contains(part));
                assert!(there, "nothing in {part} was synced before {}", call.text);
            }
        }
    }
    assert!(requests > 0, "no request with a stop in the trace");
    eprintln!(
        "{requests} requests with a stop among {} calls",
        calls.len()
    );
}
