//! A machine may boot in 1970.

use std::collections::BTreeSet;
use std::time::Duration;

use super::support::*;
use crate::model::Action::*;
use crate::model::{Moment, Wall};

/// The clock shows a time after 1970 that is only the uptime.
fn boot_in_1970(bench: &mut Bench) {
    bench.now = Moment {
        mono: s(20),
        boot: s(20),
        wall: Wall(20_000),
    };
}

fn clock_set(bench: &mut Bench) {
    bench.now.wall = NOW;
}

#[test]
fn events_of_1970_wait_for_the_clock_and_are_dated_by_the_boot_clock() {
    let mut bench = Bench::new(&[punchplay()]);
    boot_in_1970(&mut bench);
    let mut film = Watch::film(1, "Heat");
    bench.add(&mut film, Start);
    bench.pass(s(30));
    bench.add(&mut film, Pause);
    bench.pass(s(70));
    assert!(bench.next(&punchplay()).is_none());
    let (at, why) = bench.outbox.poll_timeout(bench.now).unwrap();
    assert_eq!((at - bench.now.boot, why), (s(60), "clock"));
    clock_set(&mut bench);
    assert!(bench.outbox.poll_timeout(bench.now).unwrap().0 <= bench.now.boot);
    let (start, _) = bench.send(&punchplay(), taken()).unwrap();
    let (pause, _) = bench.send(&punchplay(), taken()).unwrap();
    assert_eq!(start.stamp, NOW.minus(s(100)));
    assert_eq!(pause.stamp, NOW.minus(s(70)));
    assert!(pause.request.body.contains(&format!("|{}|", pause.stamp.0)));
}

#[test]
fn corrected_stamps_strictly_increase_in_a_session() {
    let mut bench = Bench::new(&[punchplay()]);
    boot_in_1970(&mut bench);
    let mut film = Watch::film(1, "Heat");
    bench.add(&mut film, Start);
    bench.add(&mut film, Pause);
    clock_set(&mut bench);
    bench.add(&mut film, Resume);
    let mut stamps = Vec::new();
    while let Some((job, _)) = bench.send(&punchplay(), taken()) {
        stamps.push(job.stamp);
    }
    assert!(stamps.is_sorted_by(|a, b| a < b), "{stamps:?}");
}

#[test]
fn the_journal_knows_the_stamp_that_was_corrected() {
    let mut bench = Bench::new(&[punchplay()]);
    boot_in_1970(&mut bench);
    let mut film = Watch::film(1, "Heat");
    bench.add(&mut film, Start);
    bench.add(&mut film, Pause);
    clock_set(&mut bench);
    bench.add(&mut film, Resume);
    let sent = std::iter::from_fn(|| bench.send(&punchplay(), taken()));
    let (last, _) = sent.last().unwrap();
    let [span] = <[_; 1]>::try_from(bench.crash().open).unwrap();
    assert_eq!(span.stamp, last.stamp);
}

#[test]
fn a_crash_between_changes_nothing_and_what_is_older_than_the_boot_gets_its_beginning() {
    let mut bench = Bench::new(&[punchplay()]);
    boot_in_1970(&mut bench);
    bench.finish(&mut Watch::film(1, "Heat"));
    bench.crash();
    bench.pass(s(40));
    let lost = bench.disk.clone();
    clock_set(&mut bench);
    let (job, _) = bench.send(&punchplay(), taken()).unwrap();
    assert_eq!(job.stamp, NOW.minus(s(40)));
    drop(lost);

    let mut bench = Bench::new(&[punchplay()]);
    boot_in_1970(&mut bench);
    bench.finish(&mut Watch::film(1, "Heat"));
    bench.power_loss();
    bench.now.wall = NOW;
    let (job, _) = bench.send(&punchplay(), taken()).unwrap();
    assert_eq!(job.stamp, NOW.minus(s(30)));
}

/// What was left open by a crash carries a stamp of the wrong clock, and its start may be with the service.
#[test]
fn a_stop_of_the_wrong_clock_is_later_than_what_was_dated_before_it() {
    for crash_after in [false, true] {
        let mut bench = Bench::new(&[punchplay()]);
        boot_in_1970(&mut bench);
        let mut film = Watch::film(1, "Heat");
        bench.add(&mut film, Start);
        let left_open = film.step(Stop, false, bench.now);
        bench.pass(s(30));
        clock_set(&mut bench);
        let (start, _) = bench.send(&punchplay(), taken()).unwrap();
        let mut stop = left_open;
        if crash_after {
            let [span] = <[_; 1]>::try_from(bench.crash().open).unwrap();
            assert_eq!(span.stamp, start.stamp);
            stop.event.as_mut().unwrap().at.wall = span.stamp.plus(s(0));
            stop.event.as_mut().unwrap().at.wall.0 += 1;
        }
        bench.append(&stop);
        let (stop, _) = bench.send(&punchplay(), taken()).unwrap();
        assert!(stop.stamp > start.stamp, "{} {}", start.stamp, stop.stamp);
    }
}

#[test]
fn what_was_dated_right_goes_out_although_the_clock_is_wrong_now() {
    let mut bench = Bench::new(&[punchplay()]);
    bench.finish(&mut Watch::film(1, "Heat"));
    bench.now.wall = Wall(0);
    let (job, _) = bench.send(&punchplay(), taken()).unwrap();
    assert_eq!(job.stamp, NOW);
}

fn sent(bench: &mut Bench) -> Vec<(String, Wall)> {
    std::iter::from_fn(|| bench.send(&punchplay(), taken()))
        .map(|(job, _)| (job.request.path, job.stamp))
        .collect()
}

#[test]
fn a_stop_that_could_not_be_written_at_first_is_still_later() {
    let mut bench = Bench::new(&[punchplay()]);
    boot_in_1970(&mut bench);
    let mut film = Watch::film(1, "Heat");
    bench.add(&mut film, Start);
    bench.add(&mut film, Pause);
    clock_set(&mut bench);
    let mut all = sent(&mut bench);
    let stop = film.step(Stop, false, bench.now);
    bench.disk.fail_next(Failure::Nothing);
    let accounts = bench.accounts.clone();
    assert!(bench.outbox.append(&stop, &accounts, bench.now).is_err());
    bench.reopen();
    bench.append(&stop);
    all.extend(sent(&mut bench));
    let [.., (_, paused), (_, stopped)] = &all[..] else {
        panic!("{all:?}")
    };
    // The history was told the same, however often it had to be written.
    assert_eq!(*stopped, paused.plus(Duration::from_millis(1)), "{all:?}");
    assert!(all.windows(2).all(|w| w[0].1 < w[1].1), "{all:?}");
}

#[test]
fn the_journal_that_is_written_again_at_a_logout_keeps_the_corrected_stamp() {
    let mut bench = Bench::new(&[punchplay()]);
    boot_in_1970(&mut bench);
    let mut film = Watch::film(1, "Heat");
    bench.add(&mut film, Start);
    bench.add(&mut film, Pause);
    clock_set(&mut bench);
    let resume = film.step(Resume, false, bench.now);
    bench.append(&resume);
    let all = sent(&mut bench);
    // What the debouncer says of it (`spans`): the stamp of what it told, at the last moment it saw.
    let span = film.span(resume.event.as_ref().unwrap().at);
    bench
        .outbox
        .journal_again(&[(vec![], span)], &BTreeSet::new())
        .unwrap();
    let [span] = <[_; 1]>::try_from(bench.crash().open).unwrap();
    assert!(
        span.stamp >= all.last().unwrap().1,
        "{:?} {all:?}",
        span.stamp
    );
}

#[test]
fn a_live_event_that_could_not_be_written_at_first_leaves_its_stamp_in_the_journal() {
    let mut bench = Bench::new(&[punchplay()]);
    boot_in_1970(&mut bench);
    let mut film = Watch::film(1, "Heat");
    bench.add(&mut film, Start);
    bench.add(&mut film, Pause);
    clock_set(&mut bench);
    let mut all = sent(&mut bench);
    let step = film.step(Resume, false, bench.now);
    bench.disk.fail_next(Failure::Nothing);
    let accounts = bench.accounts.clone();
    assert!(bench.outbox.append(&step, &accounts, bench.now).is_err());
    bench.reopen();
    bench.append(&step);
    all.extend(sent(&mut bench));
    assert!(all.windows(2).all(|w| w[0].1 < w[1].1), "{all:?}");
    let [span] = <[_; 1]>::try_from(bench.crash().open).unwrap();
    assert_eq!(span.stamp, all.last().unwrap().1);
}
