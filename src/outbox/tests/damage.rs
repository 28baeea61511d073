//! Records that cannot be read, newer ones, holes.

use super::support::*;
use crate::model::Action::*;
use crate::model::Random;
use crate::outbox::record;
use crate::outbox::{MOST_VIEWINGS, Outbox};
use crate::store::StoreErrorKind;

fn spoil(disk: &Disk, kind: u8, how: impl Fn(&mut Vec<u8>)) {
    let key = disk.keys(kind).remove(0);
    let mut platter = disk.0.borrow_mut();
    how(platter.now.get_mut(&key).unwrap());
}

#[test]
fn a_damaged_record_is_kept_aside_reported_and_the_rest_goes_on() {
    for kind in *b"tdpmvsxai" {
        let mut bench = Bench::both();
        let mut playing = Watch::film(9, "Brazil").tmdb(68);
        bench.add(&mut playing, Start);
        for number in 1..=2 {
            bench.finish(&mut Watch::film(number, &format!("Film {number}")).tmdb(number));
        }
        bench.next(&discovr()).unwrap();
        spoil(&bench.disk, kind, |bytes| bytes.truncate(1));
        let problems = bench.crash().problems;
        let sent = bench.drain(&punchplay()).len() + bench.drain(&discovr()).len();
        let later = bench.outbox.take_problems();
        assert!(
            !problems.is_empty() || !later.is_empty() || kind == b'm',
            "{}",
            kind as char
        );
        let lost_account = kind == b'a';
        assert!(
            sent >= if lost_account { 3 } else { 5 },
            "{}: {sent}",
            kind as char
        );
        assert!(
            bench.crash().problems.is_empty(),
            "{}: said once",
            kind as char
        );
        assert!(!bench.disk.keys(b'q').is_empty(), "{}", kind as char);
    }
}

#[test]
fn a_delivery_under_the_last_number_of_all_is_kept_aside_and_what_comes_next_has_a_number() {
    let mut bench = Bench::new(&[discovr()]);
    bench.finish(&mut Watch::film(1, "Heat").tmdb(949));
    let key = bench.disk.keys(b'p').remove(0);
    let last = [&b"p"[..], &[0xff; 8]].concat();
    let mut platter = bench.disk.0.borrow_mut();
    let payload = platter.now.remove(&key).unwrap();
    platter.now.insert(last, payload);
    platter.now.retain(|key, _| key[0] != b'd');
    drop(platter);
    assert!(!bench.crash().problems.is_empty());
    bench.finish(&mut Watch::film(2, "Alien").tmdb(348));
    assert!(!bench.drain(&discovr()).is_empty());
}

#[test]
fn an_attempt_that_cannot_be_read_is_in_doubt() {
    let mut bench = Bench::new(&[discovr()]);
    bench.finish(&mut Watch::film(1, "Heat").tmdb(949));
    bench.next(&discovr()).unwrap();
    spoil(&bench.disk, b'm', |bytes| bytes.truncate(2));
    assert!(!bench.crash().problems.is_empty());
    let (_, job) = bench.next(&discovr()).unwrap();
    assert!(job.in_doubt);
}

#[test]
fn a_delivery_that_vanished_is_noticed() {
    let mut bench = Bench::new(&[punchplay()]);
    bench.finish(&mut Watch::film(1, "Heat"));
    bench.finish(&mut Watch::film(2, "Alien"));
    for kind in *b"dp" {
        let key = bench.disk.keys(kind).remove(0);
        bench.disk.0.borrow_mut().now.remove(&key);
    }
    let problems = bench.crash().problems;
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].contains("held 2 queued deliveries and now has 1"),
        "{problems:?}"
    );
    assert_eq!(bench.drain(&punchplay()), ["stop"]);
    assert!(bench.crash().problems.is_empty());
}

#[test]
fn blocks_that_are_damaged_missing_or_wrong_are_made_anew_from_the_payloads() {
    let other = {
        let mut bench = Bench::both();
        bench.finish(&mut Watch::film(99, "Other").tmdb(99));
        let key = bench.disk.keys(b'd').remove(0);
        bench.disk.0.borrow().now[&key].clone()
    };
    type Harm = Box<dyn Fn(&mut Vec<u8>) -> bool>;
    let harms: [(&str, Harm); 3] = [
        (
            "damaged",
            Box::new(|bytes| {
                bytes.truncate(5);
                true
            }),
        ),
        ("missing", Box::new(|_| false)),
        (
            "wrong",
            Box::new(move |bytes| {
                bytes.clone_from(&other);
                true
            }),
        ),
    ];
    for (name, harm) in harms {
        let mut bench = Bench::both();
        for number in 1..=20 {
            bench.finish(&mut Watch::film(number, &format!("Film {number}")).tmdb(number));
        }
        bench.send(&punchplay(), rejected()).unwrap();
        let before = bench.queue();
        let key = bench.disk.keys(b'd').remove(1);
        {
            let mut platter = bench.disk.0.borrow_mut();
            let mut block = platter.now[&key].clone();
            if harm(&mut block) {
                platter.now.insert(key, block);
            } else {
                platter.now.remove(&key);
            }
        }
        bench.crash();
        assert_eq!(bench.queue(), before, "{name}");
        bench.finish(&mut Watch::film(21, "Film 21").tmdb(21));
        assert!(bench.crash().problems.is_empty(), "{name}: said once");
        assert_eq!(bench.drain(&punchplay()).len(), 20, "{name}");
        assert_eq!(bench.drain(&discovr()).len(), 42, "{name}");
        assert!(bench.disk.keys(b'p').len() == 1, "{name}");
    }
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_as_it_is() {
    let mut bench = Bench::new(&[punchplay()]);
    bench.finish(&mut Watch::film(1, "Heat"));
    spoil(&bench.disk, b'd', |bytes| bytes[0] = record::VERSION + 1);
    let before = bench.disk.0.borrow().now.clone();
    let refused = Outbox::load(bench.disk.clone(), Plain, Random::seeded(3), 1).unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Newer);
    assert_eq!(bench.disk.0.borrow().now, before);
}

#[test]
fn random_damage_never_panics_and_never_stops_the_rest() {
    let seed = 20_261_122;
    println!("seed {seed}");
    let mut random = Random::seeded(seed);
    for _ in 0..500 {
        let mut bench = Bench::both();
        let mut playing = Watch::film(9, "Brazil").tmdb(68);
        bench.add(&mut playing, Start);
        for number in 1..=4 {
            bench.finish(&mut Watch::film(number, &format!("Film {number}")).tmdb(number));
        }
        bench.next(&discovr()).unwrap();
        {
            let mut platter = bench.disk.0.borrow_mut();
            let keys: Vec<_> = platter.now.keys().cloned().collect();
            let key = &keys[random.bits() as usize % keys.len()];
            let bytes = platter.now.get_mut(key).unwrap();
            let place = random.bits() as usize % bytes.len();
            bytes[place] ^= 1 << (random.bits() % 8);
        }
        let loaded = Outbox::load(bench.disk.clone(), Plain, Random::seeded(3), 1);
        match loaded {
            Ok((outbox, _)) => {
                bench.outbox = outbox;
                bench.crash();
                bench.drain(&punchplay());
                bench.drain(&discovr());
                bench.finish(&mut Watch::film(50, "Later").tmdb(50));
                assert!(!bench.drain(&punchplay()).is_empty());
            }
            Err(error) => assert_eq!(error.kind, StoreErrorKind::Newer),
        }
    }
}

#[test]
fn old_viewings_and_ids_are_forgotten_in_the_end() {
    let mut bench = Bench::new(&[]);
    for number in 0..MOST_VIEWINGS as u64 + 20 {
        let mut film = Watch::film(number, &format!("Film {number}")).tmdb(number);
        bench.finish(&mut film);
    }
    assert_eq!(bench.disk.keys(b'v').len(), MOST_VIEWINGS);
    assert_eq!(bench.disk.keys(b'i').len(), MOST_VIEWINGS);
    let remembered = bench.crash();
    assert_eq!(remembered.viewings.len(), MOST_VIEWINGS);
    assert!(remembered.viewings.iter().all(|viewing| viewing.id.0 >= 20));
    assert!(remembered.problems.is_empty());
}

#[test]
fn open_sessions_come_back_until_they_are_closed() {
    let mut bench = Bench::both();
    let (mut heat, mut alien) = (Watch::film(1, "Heat"), Watch::film(2, "Alien"));
    bench.add(&mut heat, Start);
    bench.add(&mut alien, Start);
    bench.add(&mut alien, Stop);
    let remembered = bench.crash();
    assert_eq!(remembered.open, [heat.span(bench.now)]);
    let told_to = [(heat.session, vec![punchplay(), discovr()])];
    assert_eq!(remembered.told_to, told_to.into());
}

#[test]
fn whom_a_session_is_told_to_goes_with_it() {
    let mut bench = Bench::both();
    let mut heat = Watch::film(1, "Heat");
    bench.add(&mut heat, Start);
    let [key] = <[_; 1]>::try_from(bench.disk.keys(b's')).unwrap();
    bench.disk.0.borrow_mut().now.remove(&key);
    assert_eq!(bench.crash().told_to.len(), 0);
    bench.pass(s(1));
    bench.add(&mut Watch::film(2, "Alien"), Start);
    assert_eq!(bench.disk.keys(b'u').len(), 1);
}

#[test]
fn delivered_things_leave_nothing_behind() {
    let mut bench = Bench::both();
    for number in 1..=20 {
        let mut film = Watch::film(number, "Heat").tmdb(949);
        bench.add(&mut film, Start);
        bench.drain(&punchplay());
        bench.finish(&mut film);
        bench.drain(&punchplay());
        bench.drain(&discovr());
    }
    for kind in *b"dpmsuq" {
        assert!(bench.disk.keys(kind).is_empty(), "{}", kind as char);
    }
}
