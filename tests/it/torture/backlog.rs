//! A queue of years, made as the outbox makes it, under the built daemon.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use reeld::model::{
    AccountKey, Action, Journal, Lifecycle, Media, MediaType, Moment, Random, SessionId, Step,
    Viewing, ViewingId, ViewingKey, Wall,
};
use reeld::outbox::{Hint, Outbox};
use reeld::service::Catalogue;
use reeld::store::{Batch, Durability, MemoryStore, Program, SledStore, StateFolder, Store};

use super::number;
use crate::support::evening::{Evening, possible};
use crate::support::home::binary;

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
    fill(&evening.home.paths().state_dir, deliveries, &account);

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

/// Queues so many watches of films long past. In memory first: a commit each on the disk would take long.
fn fill(state: &Path, deliveries: u64, account: &AccountKey) {
    let mut random = Random::seeded(1);
    let (mut outbox, _) =
        Outbox::load(MemoryStore::default(), Catalogue, Random::seeded(2), 1).unwrap();
    outbox.hint(&Hint::LoggedIn(account.clone()));
    let now = reeld::clock::now();
    for number in 0..deliveries {
        let step = watch(number, deliveries - number, &mut random, now);
        outbox
            .append(&step, std::slice::from_ref(account), now)
            .unwrap();
    }
    let memory = outbox.into_store().unwrap();
    let folder = StateFolder::claim(state).unwrap();
    let program = Program::at(Path::new(&binary()));
    let (mut disk, _) = SledStore::open(&folder, now.wall, &program).unwrap();
    let mut batch = Batch::default();
    memory
        .scan(b"", &mut |key, value| {
            batch.put(key, value);
            if batch.changes.len() == 1000 {
                disk.commit(std::mem::take(&mut batch), Durability::Disk)
                    .unwrap();
            }
        })
        .unwrap();
    disk.commit(batch, Durability::Disk).unwrap();
}

fn watch(number: u64, minutes_ago: u64, random: &mut Random, now: Moment) -> Step {
    let title = format!("Film Number {number}");
    let media = Media {
        media_type: Some(MediaType::Movie),
        title: Some(title.clone()),
        year: Some(2001),
        ..Media::default()
    };
    let long_ago = Wall(now.wall.0 - 60_000 * minutes_ago as i64);
    let viewing = Viewing {
        id: ViewingId(number + 1),
        key: ViewingKey {
            media_type: Some(MediaType::Movie),
            title: title.to_lowercase(),
            year: Some(2001),
            ..ViewingKey::default()
        },
        media: media.clone(),
        player: "mpv".to_owned(),
        started_at: long_ago,
        updated_at: long_ago,
        position: 6000.0,
        duration: 6000.0,
        played: 6000.0,
        reached: true,
        completed: Some(long_ago),
        local_only: None,
    };
    let event = Lifecycle {
        action: Action::Stop,
        at: Moment {
            wall: long_ago,
            ..now
        },
        viewing: viewing.id,
        session: SessionId::random(random),
        media,
        position: 6000.0,
        duration: 6000.0,
        watched: true,
        player: "mpv".to_owned(),
        file_name: None,
    };
    let journal = Journal::Closed(event.session);
    Step {
        event: Some(event),
        viewing,
        journal,
        seeked: false,
    }
}
