//! The outbox against a plain model, step by step: random watching, sending, answers, hours, crashes, losses of power and
//! commits that fail. After every step the queue is the model's, and the services have not been told anything twice,
//! late, or out of order.
//!
//! The services here are as mean as the wire: what ended without an answer may have landed.

mod checks;
mod fate;
mod medium;
mod model;
mod telling;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::support::*;
use crate::model::*;
use crate::outbox::record::Kind;
use crate::outbox::{Hint, Outbox, Queued, QueuedState, Selection, Settled, TitleKey};
use crate::service::{Call, Context, Disposition, Fault, Job};

use medium::{Medium, OnDisk};
use model::{Model, Plan, World, event_id};

struct Run<M: Medium> {
    medium: M,
    outbox: Outbox<M::S, Plain>,
    now: Moment,
    boot_id: u64,
    loads: u64,
    random: Random,
    accounts: Vec<AccountKey>,
    logged_in: Vec<bool>,
    watches: Vec<Watch>,
    open: Vec<bool>,
    sessions: u64,
    viewings: u64,
    in_flight: Vec<Option<(DeliveryId, Job)>>,
    /// What is in flight is the first that the account hears of its session.
    introduces: [bool; 3],
    model: Model,
    durable: Model,
    /// Live events that are gone, which the disk need not know before the next batch.
    ghosts: BTreeMap<DeliveryId, Plan>,
    world: World,
}

impl<M: Medium> Run<M> {
    fn new(medium: M, seed: u64) -> Self {
        let outbox = Outbox::load(medium.open(), Plain, Random::seeded(seed), 1).unwrap();
        let kids = AccountKey {
            profile: Some("kids".into()),
            ..discovr()
        };
        let mut run = Self {
            medium,
            outbox: outbox.0,
            now: Moment {
                mono: s(50),
                boot: s(50),
                wall: NOW,
            },
            boot_id: 1,
            loads: seed.wrapping_mul(1000),
            random: Random::seeded(seed),
            accounts: vec![punchplay(), discovr(), kids],
            logged_in: vec![true; 3],
            watches: Vec::new(),
            open: Vec::new(),
            sessions: 0,
            viewings: 0,
            in_flight: vec![None, None, None],
            introduces: [false; 3],
            model: Model::default(),
            durable: Model::default(),
            ghosts: BTreeMap::new(),
            world: World::default(),
        };
        run.hint_logins();
        for _ in 0..5 {
            run.new_viewing();
        }
        run
    }

    fn pick(&mut self, of: usize) -> usize {
        (self.random.bits() % of.max(1) as u64) as usize
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.pick(one_in) == 0
    }

    fn hint_logins(&mut self) {
        for (account, logged_in) in self.accounts.iter().zip(&self.logged_in) {
            if *logged_in {
                self.outbox.hint(&Hint::LoggedIn(account.clone()));
            }
        }
    }

    fn new_viewing(&mut self) {
        self.viewings += 1;
        let number = self.viewings;
        let watch = match number % 4 {
            0 => Watch::film(number, &format!("Film {}", number % 3)),
            1 => Watch::film(number, &format!("Known {number}")).tmdb(number),
            2 => Watch::episode(number, "Lost", 1, &[number as u32, number as u32 + 1]),
            _ => Watch::episode(number, "Found", 2, &[number as u32]).tmdb(77),
        };
        self.watches.push(watch);
        self.open.push(false);
    }

    fn spared(&self) -> Vec<Option<DeliveryId>> {
        let in_flight = self.in_flight.iter();
        in_flight
            .map(|job| job.as_ref().map(|(id, _)| *id))
            .collect()
    }
}

#[test]
fn they_agree_on_the_real_store_as_well() {
    for seed in seeds().take(3) {
        run(OnDisk::new(), seed, 150);
    }
}

fn run<M: Medium>(medium: M, seed: u64, steps: usize) {
    println!("seed {seed}");
    let mut run = Run::new(medium, seed);
    for _ in 0..steps {
        run.step();
    }
    run.finish();
}

/// Seeds to run: `REELD_SEEDS=first..end`, or a few.
fn seeds() -> std::ops::Range<u64> {
    let asked = std::env::var("REELD_SEEDS").ok();
    let ends = asked.as_deref().and_then(|text| text.split_once(".."));
    let (first, end) = ends.unwrap_or(("0", "10"));
    first.parse().unwrap()..end.parse().unwrap()
}

#[test]
fn the_outbox_and_a_plain_model_agree_through_everything_that_can_happen() {
    for seed in seeds() {
        run(Disk::default(), seed, 400);
    }
}
