#![allow(clippy::disallowed_methods, reason = "tests may look at the clock")]
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use super::{Entry, History, MemoryHistory, Read, Receipt, read, recent};
use crate::model::{
    AccountKey, Action, Date, Ids, Journal, Lifecycle, Media, MediaType, Moment, Random,
    ServiceName, SessionId, Step, Viewing, ViewingId, ViewingKey, Wall,
};

const ALL: usize = usize::MAX;

fn at(ms: i64) -> Moment {
    Moment {
        mono: Duration::from_millis(7),
        boot: Duration::from_millis(7),
        wall: Wall(ms),
    }
}

fn media(title: &str) -> Media {
    Media {
        media_type: Some(MediaType::Episode),
        title: Some(title.into()),
        year: Some(2022),
        season: vec![2],
        episode: vec![3, 4],
        date: Some(Date {
            year: 2022,
            month: 2,
            day: 18,
        }),
        episode_title: Some("„Who Is Alive?“ \u{1f600}\n".into()),
        anime: true,
        ids: Ids {
            tmdb: Some(95396),
            imdb: Some("tt11280740".into()),
            tvdb: None,
        },
        confidence: 0.93,
        ..Media::default()
    }
}

fn step(viewing: u64, ended: i64, watched: bool) -> Step {
    let media = media("Severance");
    let session = SessionId::random(&mut Random::seeded(viewing ^ ended as u64));
    let viewing = Viewing {
        id: ViewingId(viewing),
        key: ViewingKey {
            media_type: media.media_type,
            ids: media.ids.clone(),
            title: "severance".into(),
            season: vec![2],
            episode: vec![3, 4],
            location: u64::MAX,
            ..ViewingKey::default()
        },
        media: media.clone(),
        player: "mpv".into(),
        started_at: Wall(1_700_000_000_123),
        updated_at: Wall(ended),
        position: 2500.5,
        duration: 2640.0,
        played: 2400.25,
        reached: watched,
        completed: watched.then_some(Wall(ended)),
        local_only: None,
        played_in: None,
    };
    let event = Lifecycle {
        action: Action::Stop,
        at: at(ended),
        viewing: viewing.id,
        session,
        media,
        position: 2500.5,
        duration: 2640.0,
        watched,
        player: "mpv".into(),
        file_name: Some("Severance.S02E03-E04.mkv".into()),
    };
    Step {
        event: Some(event),
        viewing,
        journal: Journal::Closed(session),
        seeked: false,
    }
}

fn accounts() -> Vec<AccountKey> {
    let account = |service, profile: Option<&str>| AccountKey {
        service,
        user: "u-1".into(),
        profile: profile.map(str::to_owned),
    };
    vec![
        account(ServiceName::Punchplay, None),
        account(ServiceName::Discovr, Some("p-2")),
    ]
}

fn entry(viewing: u64, ended: i64, watched: bool) -> Entry {
    let step = step(viewing, ended, watched);
    Entry::of(&step.viewing, step.event.as_ref().unwrap(), &accounts())
}

struct Log {
    folder: tempfile::TempDir,
    history: History,
}

fn log(lines: u64) -> Log {
    let folder = tempfile::tempdir().unwrap();
    let history = History::at(&folder.path().join("history.jsonl"));
    for n in 0..lines {
        history.append(&entry(n, n as i64, n % 2 == 0)).unwrap();
    }
    Log { folder, history }
}

impl Log {
    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("history.jsonl")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    fn read(&self) -> Read {
        read(&self.path(), ALL).unwrap()
    }
}

fn ids(read: &Read) -> Vec<u64> {
    read.entries
        .iter()
        .map(|entry| entry.viewing_id.0)
        .collect()
}

#[test]
fn an_entry_comes_back_as_it_was_written() {
    let log = log(0);
    let mut unidentified = entry(u64::MAX, 5, false);
    unidentified.media = Media::default();
    unidentified.local_only = Some("nobody knows what it is".into());
    unidentified.file_name = None;
    unidentified.accounts = Vec::new();
    let entries = vec![entry(1, 1_795_312_800_250, true), unidentified];
    for entry in &entries {
        log.history.append(entry).unwrap();
    }
    let read = log.read();
    assert_eq!(read.entries, entries);
    assert_eq!((read.damaged_lines, read.holes), (0, 0));
}

#[test]
fn a_line_is_one_json_object_that_people_can_read() {
    let log = log(0);
    log.history
        .append(&entry(0xab, 1_795_312_800_250, true))
        .unwrap();
    let text = log.text();
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(text.matches('\n').count(), 1);
    assert_eq!(line["v"], 1);
    assert_eq!(line["n"], 1);
    assert_eq!(line["viewing_id"], "00000000000000ab");
    assert_eq!(line["ended_at"], "2026-11-22T02:00:00.250Z");
    assert_eq!(line["media"]["episode"], serde_json::json!([3, 4]));
    assert_eq!(line["progress"], 0.9472);
    assert_eq!(line["completed"], true);
    assert_eq!(line["accounts"][1]["profile"], "p-2");
    assert_eq!(line["crc"].as_str().unwrap().len(), 8);
}

#[test]
fn the_newest_line_of_a_viewing_wins_and_a_completion_stays() {
    let log = log(0);
    for (viewing, ended, watched) in [(1, 1, false), (2, 2, false), (1, 3, true), (2, 4, false)] {
        log.history.append(&entry(viewing, ended, watched)).unwrap();
    }
    // The memory of viewing 1 was lost, and it was looked into again.
    log.history.append(&entry(1, 5, false)).unwrap();
    let read = log.read();
    assert_eq!(ids(&read), [2, 1]);
    assert_eq!(read.entries[0].ended_at, Wall(4));
    assert_eq!(read.entries[1].ended_at, Wall(3));
    assert!(read.entries[1].completed);
}

#[test]
fn the_completing_stop_can_be_told_again_also_after_later_stops_of_the_viewing() {
    let log = log(0);
    log.history.append(&entry(1, 1000, true)).unwrap();
    let mut later = entry(1, 2000, false);
    later.completed = true;
    later.accounts = Vec::new();
    log.history.append(&later).unwrap();
    let read = log.read();
    let [entry] = read.entries.as_slice() else {
        panic!("{read:?}")
    };
    assert_eq!(entry.ended_at, Wall(2000));
    let (told, made_for) = entry.completion_step().unwrap();
    let original = step(1, 1000, true);
    let event = told.event.unwrap();
    assert_eq!(made_for, accounts());
    assert_eq!(event.session, original.event.as_ref().unwrap().session);
    assert_eq!(event.at.wall, Wall(1000));
    assert!(event.watched);
    assert_eq!(told.journal, original.journal);
    assert_eq!(told.viewing.key, original.viewing.key);
    assert_eq!(told.viewing.completed, Some(Wall(1000)));
}

#[test]
fn what_has_a_receipt_is_not_owed_any_more() {
    let log = log(0);
    log.history.append(&entry(1, 1000, true)).unwrap();
    log.history.append(&entry(2, 2000, true)).unwrap();
    let receipt = |account: usize| Receipt {
        account: accounts()[account].clone(),
        at: Wall(3000),
        delivered: account == 0,
        answer: Some("„ok“".into()),
    };
    let owed = |viewing: usize| {
        let read = log.read();
        let owed = read.entries[viewing].completion_step();
        owed.map_or(Vec::new(), |(_, owed)| owed)
    };
    assert_eq!(owed(0), accounts());
    log.history.receipt(ViewingId(1), &receipt(0)).unwrap();
    assert_eq!(owed(0), accounts()[1..]);
    log.history.receipt(ViewingId(1), &receipt(1)).unwrap();
    assert_eq!(owed(0), []);
    assert_eq!(owed(1), accounts());
    // Nor after a later stop of the viewing; a receipt for a viewing that is not there is no harm.
    let mut later = entry(1, 4000, false);
    later.completed = true;
    log.history.append(&later).unwrap();
    log.history.receipt(ViewingId(77), &receipt(1)).unwrap();
    let read = log.read();
    assert_eq!(ids(&read), [2, 1]);
    assert_eq!(read.entries[1].receipts, [receipt(0), receipt(1)]);
    assert_eq!(read.entries[1].completion_step(), None);
    assert_eq!((read.damaged_lines, read.holes), (0, 0));
}

#[test]
fn a_viewing_that_is_read_is_the_one_that_was_written() {
    let step = step(9, 1000, false);
    let entry = Entry::of(&step.viewing, step.event.as_ref().unwrap(), &[]);
    assert_eq!(entry.viewing(), step.viewing);
    assert_eq!(entry.completion_step(), None);
}

#[test]
fn only_the_newest_viewings_are_kept_if_only_so_many_are_asked_for() {
    let log = log(10);
    log.history.append(&entry(0, 100, true)).unwrap();
    assert_eq!(ids(&read(&log.path(), 3).unwrap()), [8, 9, 0]);
    assert_eq!(ids(&read(&log.path(), 0).unwrap()), [0; 0]);
}

#[test]
fn a_torn_last_line_is_left_out_and_the_next_starts_on_a_line_of_its_own() {
    let whole = log(3).text().into_bytes();
    let newlines = whole.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    let second = newlines.map(|(at, _)| at + 1).nth(1).unwrap();
    let cuts = (second..whole.len()).step_by(17);
    for cut in cuts.chain(whole.len() - 3..whole.len()) {
        let log = log(0);
        fs::write(log.path(), &whole[..cut]).unwrap();
        assert_eq!(ids(&log.read()), [0, 1], "cut at {cut}");
        log.history.append(&entry(7, 7, false)).unwrap();
        log.history.append(&entry(8, 8, false)).unwrap();
        let read = log.read();
        assert_eq!(read.holes, 0, "cut at {cut}");
        if cut == whole.len() - 1 {
            assert_eq!(ids(&read), [0, 1, 2, 7, 8], "only the newline was missing");
        } else {
            assert_eq!(ids(&read), [0, 1, 7, 8], "cut at {cut}");
            assert_eq!(read.damaged_lines, u64::from(cut > second), "cut at {cut}");
        }
    }
}

#[test]
fn every_flipped_bit_costs_its_line_and_no_other() {
    let log = log(3);
    let whole = log.text().into_bytes();
    let start = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let end = start
        + whole[start..]
            .iter()
            .position(|byte| *byte == b'\n')
            .unwrap();
    for at in start..end {
        for bit in 0..8 {
            let mut bent = whole.clone();
            bent[at] ^= 1 << bit;
            fs::write(log.path(), &bent).unwrap();
            let read = log.read();
            // A digit of the checksum may change its case, which changes nothing.
            if read.damaged_lines == 0 {
                assert!(
                    bent[at].eq_ignore_ascii_case(&whole[at]),
                    "byte {at} bit {bit}"
                );
                continue;
            }
            assert_eq!(ids(&read), [0, 2], "byte {at} bit {bit}");
            assert_eq!(read.holes, 0);
        }
    }
}

#[test]
fn lines_that_are_gone_are_a_hole_and_the_end_cannot_tell() {
    let log = log(10);
    let lines: Vec<String> = log.text().lines().map(|line| format!("{line}\n")).collect();
    for (gone, holes) in [(3..6, 3), (0..4, 4), (7..10, 0), (5..6, 1)] {
        let mut left = lines.clone();
        left.drain(gone.clone());
        fs::write(log.path(), left.concat()).unwrap();
        let read = log.read();
        assert_eq!(read.holes, holes, "{gone:?}");
        assert_eq!(read.entries.len(), 10 - gone.len());
    }
}

#[test]
fn numbers_go_on_after_damage_of_any_length() {
    for garbage in [10, 70_000, 3_000_000] {
        let log = log(3);
        let mut file = fs::OpenOptions::new()
            .append(true)
            .open(log.path())
            .unwrap();
        file.write_all(&vec![b'x'; garbage]).unwrap();
        file.write_all(b"\n\n\xff\xff\n").unwrap();
        log.history.append(&entry(7, 7, false)).unwrap();
        let last = log.text_lossy().lines().last().unwrap().to_owned();
        let line: serde_json::Value = serde_json::from_str(&last).unwrap();
        assert_eq!(line["n"], 6, "{garbage}");
        let read = log.read();
        assert_eq!((read.damaged_lines, read.holes), (2, 0), "{garbage}");
        assert_eq!(ids(&read), [0, 1, 2, 7]);
    }
}

impl Log {
    fn text_lossy(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.path()).unwrap()).into_owned()
    }
}

#[test]
fn lines_of_a_newer_version_are_counted_and_skipped() {
    let log = log(1);
    let body = "{\"v\":2,\"n\":2,\"shape\":\"unknown\"";
    let sum = crc32fast::hash(body.as_bytes());
    let mut file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(log.path())
        .unwrap();
    writeln!(file, "{body},\"crc\":\"{sum:08x}\"}}").unwrap();
    log.history.append(&entry(3, 3, false)).unwrap();
    let read = log.read();
    assert_eq!(
        (read.newer_lines, read.damaged_lines, read.holes),
        (1, 0, 0)
    );
    assert_eq!(ids(&read), [0, 3]);
}

#[test]
fn the_file_is_private_and_may_vanish_at_any_time() {
    use std::os::unix::fs::PermissionsExt;
    let log = log(2);
    let mode = fs::metadata(log.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    fs::remove_file(log.path()).unwrap();
    assert_eq!(log.read(), Read::default());
    log.history.append(&entry(5, 5, false)).unwrap();
    assert_eq!(ids(&log.read()), [5]);
}

#[test]
fn reading_while_lines_are_written_sees_whole_lines_only() {
    let log = log(0);
    let path = log.path();
    let history = log.history.clone();
    let writer = std::thread::spawn(move || {
        for n in 0..300 {
            history.append(&entry(n, n as i64, false)).unwrap();
        }
    });
    let mut seen = 0;
    while seen < 300 {
        let read = read(&path, ALL).unwrap();
        assert_eq!((read.damaged_lines, read.holes), (0, 0));
        assert!(read.entries.len() >= seen);
        seen = read.entries.len();
        assert!(seen == 300 || !writer.is_finished() || log.read().entries.len() == 300);
    }
    writer.join().unwrap();
}

#[test]
fn on_a_full_disk_a_line_is_refused_whole_and_fits_later() {
    if !rustix::process::geteuid().is_root() {
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: a full disk needs root to mount a small one"
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(folder.path());
    let path = folder.path().join("history.jsonl");
    let history = History::at(&path);
    fs::write(folder.path().join("ballast"), vec![0; 64 << 10]).unwrap();
    let mut written = 0;
    let error = loop {
        match history.append(&entry(written, 0, false)) {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    assert!(history.append(&entry(1000, 0, false)).is_err());
    fs::remove_file(folder.path().join("ballast")).unwrap();
    history.append(&entry(2000, 0, false)).unwrap();
    let read = read(&path, ALL).unwrap();
    assert_eq!((read.damaged_lines, read.holes), (0, 0));
    assert_eq!(read.entries.len() as u64, written + 1);
    drop(disk);
}

struct SmallDisk(std::path::PathBuf);

impl SmallDisk {
    fn mount(at: &Path) -> Self {
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=256k", "reeld-test"])
            .arg(at)
            .status();
        assert!(mount.unwrap().success());
        Self(at.to_owned())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(&self.0)
            .status();
    }
}

#[test]
fn a_hundred_thousand_lines_are_read_in_seconds_and_with_little_memory() {
    let log = log(0);
    let mut file = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(log.path())
        .unwrap();
    let mut lines = String::new();
    for n in 1..=100_000 {
        lines.push_str(&super::line::encode(n, &entry(n, n as i64, true)).unwrap());
    }
    file.write_all(lines.as_bytes()).unwrap();
    let start = crate::clock::now().mono;
    let read = read(&log.path(), 100).unwrap();
    let took = crate::clock::now().mono - start;
    eprintln!("{} MiB in {took:?}", lines.len() >> 20);
    assert_eq!(read.entries.len(), 100);
    assert_eq!((read.damaged_lines, read.holes), (0, 0));
    assert!(took < Duration::from_secs(30), "{took:?}");
    let start = crate::clock::now().mono;
    log.history.append(&entry(1, 1, true)).unwrap();
    eprintln!("a line more in {:?}", (crate::clock::now().mono - start));
}

#[test]
fn a_watch_that_was_taken_back_is_none_until_it_is_watched_again() {
    let log = log(0);
    let first = entry(1, 1000, true);
    log.history.append(&first).unwrap();
    let receipt = Receipt {
        account: accounts().remove(0),
        at: Wall(1500),
        delivered: false,
        answer: None,
    };
    log.history.receipt(first.viewing_id, &receipt).unwrap();
    let known = log.read().entries.remove(0);
    log.history.append(&known.take_back()).unwrap();
    let read = log.read();
    let taken = &read.entries[0];
    assert!(!taken.completed && taken.completion.is_none() && taken.receipts.is_empty());
    assert_eq!(taken.accounts, accounts());
    assert_eq!(taken.viewing().completed, None);
    assert_eq!(taken.completion_step(), None);

    log.history.append(&entry(1, 2000, false)).unwrap();
    assert!(!log.read().entries[0].completed);
    log.history.append(&entry(1, 3000, true)).unwrap();
    let again = log.read().entries.remove(0);
    assert!(again.completed);
    assert_eq!(again.completion_step().unwrap().1, accounts());
    assert_eq!(again.completion.unwrap().at, Wall(3000));
}

#[test]
fn what_was_watched_of_late_is_read_from_the_end_of_a_long_log_by_whole_lines() {
    let log = log(1);
    // Stops of one viewing: as many as make the log longer than what is read of it.
    let line = log.text();
    let mut text = String::new();
    while text.len() < (9 << 20) {
        text.push_str(&line);
    }
    fs::write(log.path(), &text).unwrap();
    let last = entry(77, 5000, true);
    log.history.append(&last).unwrap();
    let late = recent(&log.path()).unwrap();
    assert_eq!(late.damaged_lines, 0, "no line was cut");
    assert_eq!(ids(&late), [0, 77]);
    assert!(late.sessions.contains(&last.session_id));
    let short = tempfile::tempdir().unwrap();
    assert_eq!(recent(&short.path().join("none")).unwrap(), Read::default());
}

#[test]
fn the_sessions_of_a_log_are_told_whatever_titles_say() {
    let log = log(0);
    let mut odd = entry(1, 1000, false);
    odd.media.title = Some("\",\"session_id\":\"00000000-0000-0000-0000-000000000000\"".into());
    log.history.append(&odd).unwrap();
    let recent = recent(&log.path()).unwrap();
    assert_eq!(recent.sessions, [odd.session_id].into());
}

#[test]
fn a_log_in_memory_reads_as_the_file_does_and_fails_on_request() {
    let log = log(0);
    let mut memory = MemoryHistory::default();
    for number in 0..5 {
        let entry = entry(number, 1000, number % 2 == 0);
        log.history.append(&entry).unwrap();
        memory.append(&entry).unwrap();
    }
    assert_eq!(memory.text(), log.text().as_bytes());
    assert_eq!(memory.recent().unwrap(), recent(&log.path()).unwrap());
    memory.fail(true);
    assert!(memory.append(&entry(9, 1, true)).is_err() && memory.recent().is_err());
}

#[test]
fn lines_that_go_from_the_end_while_others_are_written_are_a_hole() {
    let log = log(10);
    let text = log.text();
    let keep: usize = text.lines().take(6).map(|line| line.len() + 1).sum();
    let restarted = History::at(&log.path());
    assert_eq!(restarted.recall().unwrap().last, 10);
    for history in [&log.history, &restarted] {
        fs::write(log.path(), text.get(..keep).unwrap()).unwrap();
        history.append(&entry(99, 99, true)).unwrap();
        let read = log.read();
        assert!(read.holes >= 4, "{}", read.holes);
        assert_eq!(read.entries.len(), 7);
    }
}
