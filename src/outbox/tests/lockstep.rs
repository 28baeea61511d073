//! The outbox against a plain model, step by step: random watching, sending, answers, hours, crashes, losses of power and
//! commits that fail. After every step the queue is the model's, and the services have not been told anything twice,
//! late, or out of order.
//!
//! The services here are as mean as the wire: what ended without an answer may have landed.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::support::*;
use crate::model::*;
use crate::outbox::record::Kind;
use crate::outbox::{Hint, Outbox, Queued, QueuedState, Selection, Settled, TitleKey};
use crate::service::{Call, Context, Disposition, Fault, Job};
use crate::store::{Program, SledStore, StateFolder, Store};

/// What an outbox may lie on.
trait Medium {
    type S: Store + std::fmt::Debug;
    /// Whether something committed may not have reached the disk.
    const CAN_LOSE_POWER: bool;
    fn open(&self) -> Self::S;
    /// Lets the next commit fail; false if not like this.
    fn fail_next(&self, failure: Failure) -> bool;
    /// There was no commit: lets the next one succeed after all. False if the store must be reopened for that.
    fn mend(&self) -> bool;
    /// Forgets what has not reached the disk.
    fn power_loss(&self);
}

impl Medium for Disk {
    type S = Self;
    const CAN_LOSE_POWER: bool = true;

    fn open(&self) -> Self {
        self.clone()
    }

    fn fail_next(&self, failure: Failure) -> bool {
        Self::fail_next(self, failure);
        true
    }

    fn mend(&self) -> bool {
        self.0.borrow_mut().fail_next = None;
        true
    }

    fn power_loss(&self) {
        Self::power_loss(self);
    }
}

/// The real store, in a folder of its own. A commit fails when its process is killed.
struct OnDisk {
    state: StateFolder,
    process: Cell<u32>,
    _folder: tempfile::TempDir,
}

impl OnDisk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            state: StateFolder::claim(folder.path()).unwrap(),
            process: Cell::new(0),
            _folder: folder,
        }
    }
}

impl Medium for OnDisk {
    type S = SledStore;
    /// Every commit is flushed.
    const CAN_LOSE_POWER: bool = false;

    fn open(&self) -> SledStore {
        let (store, opened) = SledStore::open(&self.state, NOW, &Program::test()).unwrap();
        assert_eq!(opened.loss, None);
        self.process.set(store.process_id());
        store
    }

    fn fail_next(&self, failure: Failure) -> bool {
        if failure == Failure::All {
            return false;
        }
        let pid = i32::try_from(self.process.get()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        true
    }

    fn mend(&self) -> bool {
        false
    }

    fn power_loss(&self) {}
}

/// A delivery as the model knows it.
#[derive(Debug, Clone, PartialEq)]
struct Plan {
    account: usize,
    kind: Kind,
    call: Call,
    event: Lifecycle,
    title: TitleKey,
    boot: u64,
    attempts: u16,
    in_doubt: bool,
    dead: bool,
    dormant: bool,
    body: Option<String>,
    faults: u32,
    /// The service said that it does not know the title.
    unknown: bool,
}

impl Plan {
    fn is_completion(&self) -> bool {
        self.kind == Kind::History || (self.kind == Kind::Event && self.event.watched)
    }
}

/// Everything that must be on disk, as plainly as can be.
#[derive(Debug, Clone, Default)]
struct Model {
    plans: BTreeMap<DeliveryId, Plan>,
    tmdb: BTreeMap<TitleKey, u64>,
}

impl Model {
    /// What must keep its order.
    fn lane(&self, plan: &Plan) -> (usize, u64, Option<u64>) {
        if plan.kind == Kind::Event {
            return (plan.account, plan.event.viewing.0, None);
        }
        match self.tmdb_of(plan) {
            Some(id) => (plan.account, plan.title.0 & 1, Some(id)),
            None => (plan.account, plan.title.0, None),
        }
    }

    fn tmdb_of(&self, plan: &Plan) -> Option<u64> {
        let own = plan.event.media.ids.tmdb;
        own.or_else(|| self.tmdb.get(&plan.title).copied())
    }

    fn pointless(&self, old: &Plan, new: &Plan) -> bool {
        if self.lane(old) != self.lane(new) {
            return false;
        }
        let same_session = old.event.session == new.event.session;
        let stops = new.event.action == Action::Stop;
        match (old.kind, old.event.action) {
            (Kind::History, _) => false,
            (Kind::ResumePoint, _) => new.kind == Kind::ResumePoint,
            (Kind::Event, Action::Stop) => stops && !old.event.watched,
            (Kind::Event, Action::Start) => same_session && stops,
            (Kind::Event, _) => same_session,
        }
    }

    fn remove_pointless(&mut self, spared: &[Option<DeliveryId>]) {
        let gone: Vec<DeliveryId> = self
            .plans
            .iter()
            .filter(|(id, old)| {
                let mut later = self.plans.range(**id..).skip(1);
                !spared.contains(&Some(**id)) && later.any(|(_, new)| self.pointless(old, new))
            })
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            self.plans.remove(&id);
        }
    }
}

/// What the services were told.
#[derive(Debug, Default)]
struct World {
    /// How often each completion landed, by event id.
    landed: BTreeMap<String, u32>,
    /// Completions that were appended and neither refused nor dropped, by event id.
    owed: BTreeSet<String>,
    /// Per account and session: the last stamp and its body.
    last: BTreeMap<(usize, SessionId), (Wall, String)>,
    stopped: BTreeSet<(usize, SessionId)>,
}

/// The event id in a body of [`Plain`].
fn event_id(body: &str) -> &str {
    body.split('|').nth(1).unwrap()
}

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

    // ---- operations

    /// Something happens at a player.
    fn watch(&mut self) {
        let index = self.pick(self.watches.len());
        let action = if !self.open[index] {
            self.sessions += 1;
            self.watches[index].again(self.sessions);
            self.open[index] = true;
            Action::Start
        } else {
            [
                Action::Progress,
                Action::Pause,
                Action::Resume,
                Action::Stop,
            ][self.pick(4)]
        };
        let watched = action == Action::Stop && self.chance(2);
        self.watches[index].position += 1.0;
        let step = self.watches[index].step(action, watched, self.now);
        if action == Action::Stop {
            self.open[index] = false;
        }
        let linked: Vec<usize> = (0..3).filter(|_| self.random.fraction() < 0.9).collect();
        self.append(&step, &linked);
        if watched {
            self.new_viewing();
            self.watches.remove(index);
            self.open.remove(index);
        }
    }

    fn append(&mut self, step: &Step, linked: &[usize]) {
        let accounts: Vec<_> = linked.iter().map(|n| self.accounts[*n].clone()).collect();
        let fails = self.chance(20).then(|| {
            if self.chance(2) {
                Failure::All
            } else {
                Failure::Nothing
            }
        });
        if let Some(failure) = fails
            && self.medium.fail_next(failure)
        {
            assert!(self.outbox.append(step, &accounts, self.now).is_err());
            // Either the process dies of it and the step with it, or the engine reopens and appends again.
            self.reopen();
        }
        let appended = self.outbox.append(step, &accounts, self.now).unwrap();
        self.ghosts.clear();
        let queue = self.queue();
        let event = step.event.clone().unwrap();
        let title = TitleKey::of(&step.viewing.key).unwrap();
        let mut expected = Vec::new();
        for account in linked {
            for call in
                crate::outbox::Catalogue::calls(&Plain, self.accounts[*account].service, &event)
            {
                expected.push((*account, call));
            }
        }
        let made: Vec<_> = if appended.already {
            // The ids are those of the last deliveries that are there.
            let ids = queue
                .iter()
                .filter(|(_, q)| q.event.session == event.session);
            let ids = ids.filter(|(_, q)| q.event.action == event.action);
            let mut ids: Vec<_> = ids.map(|(id, _)| *id).collect();
            ids.split_off(ids.len() - expected.len())
        } else {
            appended.made
        };
        assert_eq!(made.len(), expected.len());
        for (id, (account, call)) in made.into_iter().zip(expected) {
            let plan = Plan {
                account,
                kind: (&call).into(),
                call,
                event: event.clone(),
                title,
                boot: self.boot_id,
                attempts: 0,
                in_doubt: false,
                dead: false,
                dormant: false,
                body: None,
                faults: 0,
                unknown: false,
            };
            if plan.is_completion() {
                let owed = queue[&id].event_id.to_string();
                assert!(self.world.owed.insert(owed), "an event id was used twice");
            }
            let before = self.model.plans.insert(id, plan);
            assert_eq!(before, None);
        }
        self.model.remove_pointless(&self.spared());
        if event.action == Action::Stop {
            self.flushed();
        }
        if let Some(tmdb) = step.viewing.media.ids.tmdb {
            self.learnt(title, tmdb);
        }
    }

    fn learnt(&mut self, title: TitleKey, tmdb: u64) {
        self.model.tmdb.insert(title, tmdb);
        self.model.remove_pointless(&self.spared());
    }

    /// An id turns up.
    fn learn(&mut self) {
        let index = self.pick(self.watches.len());
        let title = TitleKey::of(&self.watches[index].viewing.key).unwrap();
        let tmdb = 1 + self.pick(3) as u64;
        if self.model.tmdb.contains_key(&title) {
            return;
        }
        let ids = Ids {
            tmdb: Some(tmdb),
            ..Ids::default()
        };
        self.outbox.learn(title, &ids).unwrap();
        self.learnt(title, tmdb);
    }

    /// The sender asks for something to send.
    fn send(&mut self) {
        let number = self.pick(3);
        let account = self.accounts[number].clone();
        let before = self.queue();
        let due = self.outbox.poll_timeout(self.now);
        let sent = self
            .outbox
            .next(&account, self.now, &Context::default())
            .unwrap();
        self.expire(number);
        let Some((id, job)) = sent else { return };
        assert!(due.is_some_and(|(at, _)| at <= self.now.boot), "{due:?}");
        assert!(self.logged_in[number], "not logged in");
        assert!(self.in_flight[number].is_none(), "two in flight");
        self.renewed(id, &job);
        self.check_order(id, &before);
        let plan = self.model.plans.get_mut(&id).expect("it is in the queue");
        assert_eq!(plan.account, number);
        assert!(!plan.dead);
        assert_eq!(job.in_doubt, plan.in_doubt, "{id}: {plan:?}");
        assert_eq!(job.call, plan.call);
        match &plan.body {
            Some(body) => assert_eq!(&job.request.body, body, "the body changed"),
            None => plan.body = Some(job.request.body.clone()),
        }
        plan.attempts += 1;
        let is_durable = !plan.event.action.is_live() && !plan.in_doubt;
        self.check_told(number, &id, &job);
        self.in_flight[number] = Some((id, job));
        if is_durable {
            self.flushed();
        }
    }

    fn expire(&mut self, number: usize) {
        let spared = self.spared();
        let (boot, now) = (self.boot_id, self.now.boot);
        for (id, plan) in &mut self.model.plans {
            let old = plan.boot != boot
                || now.saturating_sub(plan.event.at.boot) >= Duration::from_secs(600);
            if plan.account == number
                && plan.event.action == Action::Start
                && plan.kind == Kind::Event
                && old
                && !spared.contains(&Some(*id))
            {
                plan.dormant = true;
            }
        }
        let ghosts = &mut self.ghosts;
        self.model.plans.retain(|id, plan| {
            let old = plan.boot != boot
                || now.saturating_sub(plan.event.at.boot) >= Duration::from_secs(600);
            let stays = plan.account != number
                || plan.dormant
                || !plan.event.action.is_live()
                || !old
                || spared.contains(&Some(*id));
            if !stays {
                ghosts.insert(*id, plan.clone());
            }
            stays
        });
    }

    /// If what goes out is a fresh start, it stands for the session's newest event.
    fn renewed(&mut self, id: DeliveryId, job: &Job) {
        let start = self.model.plans[&id].clone();
        if !start.dormant {
            return;
        }
        assert_eq!(job.request.path, "start");
        let newest = self.model.plans.iter().find(|(_, plan)| {
            !plan.dormant
                && plan.account == start.account
                && plan.event.session == start.event.session
        });
        let (newest, plan) = newest.map(|(id, plan)| (*id, plan.clone())).unwrap();
        assert!(
            job.request
                .body
                .contains(&format!("|{}|", plan.event.position))
        );
        assert_ne!(start.body.as_deref(), Some(&*job.request.body));
        if plan.event.action != Action::Pause {
            self.model.plans.remove(&newest);
        }
        let mut event = plan.event.clone();
        event.action = Action::Start;
        let fresh = Plan {
            event,
            boot: plan.boot,
            attempts: 0,
            in_doubt: false,
            dormant: false,
            body: None,
            ..start
        };
        self.model.plans.insert(id, fresh);
    }

    /// Everything before it in its lane stands aside.
    fn check_order(&self, id: DeliveryId, before: &BTreeMap<DeliveryId, Queued>) {
        let plan = &self.model.plans[&id];
        for (earlier, other) in self.model.plans.range(..id) {
            if self.model.lane(other) != self.model.lane(plan) || other.dead || other.dormant {
                continue;
            }
            let needs_id = other.kind != Kind::Event && self.model.tmdb_of(other).is_none();
            let state = before.get(earlier).map(|queued| queued.state);
            assert!(
                needs_id || other.unknown || state == Some(QueuedState::Aside),
                "{id} overtook {earlier}: {other:?}"
            );
        }
    }

    /// What a service must never see.
    fn check_told(&mut self, number: usize, id: &DeliveryId, job: &Job) {
        assert!(
            job.stamp >= Wall(1_704_067_200_000),
            "sent with a date of {}",
            job.stamp
        );
        let plan = &self.model.plans[id];
        if plan.kind != Kind::Event {
            assert!(!job.request.body.ends_with("|0"), "sent without an id");
            return;
        }
        let place = (number, plan.event.session);
        assert!(
            plan.event.action == Action::Stop || !self.world.stopped.contains(&place),
            "after its stop"
        );
        if let Some((stamp, body)) = self.world.last.get(&place) {
            let again = event_id(body) == event_id(&job.request.body);
            assert!(
                again || job.stamp > *stamp,
                "a stamp went back: {body} then {}",
                job.request.body
            );
        }
        let told = (job.stamp, job.request.body.clone());
        self.world.last.insert(place, told);
        if plan.event.action == Action::Stop {
            self.world.stopped.insert(place);
        }
    }

    /// An answer comes.
    fn answer(&mut self, kind: usize) {
        let number = self.pick(3);
        let Some((id, job)) = self.in_flight[number].take() else {
            return;
        };
        let event_id = event_id(&job.request.body).to_owned();
        let landed = self.world.landed.get(&event_id).copied().unwrap_or(0);
        let outcome = match kind {
            0 => failed([Fault::Unreachable, Fault::Server][self.pick(2)]),
            1 => failed(Fault::Throttled),
            2 => rejected(),
            3 => Disposition::NeedsLogin {
                reason: "no".into(),
            },
            4 => Disposition::NeedsId,
            5 if landed == 0 => ignored(),
            _ => taken(),
        };
        let lands = match &outcome {
            Disposition::Retry { fault, .. } => *fault != Fault::Throttled && self.chance(2),
            Disposition::Delivered { ignored, .. } => ignored.is_none(),
            _ => false,
        };
        if lands {
            self.land(&job, &event_id);
        }
        if self.chance(20) && self.medium.fail_next(Failure::Nothing) {
            self.in_flight[number] = Some((id, job));
            let broken = self.outbox.settle(id, outcome.clone(), self.now);
            if broken.is_err() || !self.medium.mend() {
                self.reopen();
            }
            self.in_flight[number] = None;
            if let Ok(settled) = broken {
                return self.is_settled(number, id, &event_id, outcome, settled);
            }
        }
        self.settled(number, id, &event_id, outcome);
    }

    /// It arrives: a service that dedupes by event id keeps one; a history entry is posted again only if it is not there.
    fn land(&mut self, job: &Job, event_id: &str) {
        let landed = self.world.landed.entry(event_id.to_owned()).or_default();
        let dedupes = job.call == Call::Event;
        if *landed == 0 || (!dedupes && !job.in_doubt) {
            *landed += 1;
        }
        assert!(
            *landed == 1 || !matches!(job.call, Call::History { .. }),
            "told twice"
        );
    }

    fn settled(&mut self, number: usize, id: DeliveryId, event_id: &str, outcome: Disposition) {
        let settled = self.outbox.settle(id, outcome.clone(), self.now).unwrap();
        self.is_settled(number, id, event_id, outcome, settled);
    }

    fn is_settled(
        &mut self,
        number: usize,
        id: DeliveryId,
        event_id: &str,
        outcome: Disposition,
        settled: Settled,
    ) {
        let Some(plan) = self.model.plans.get(&id).cloned() else {
            assert_eq!(settled, Settled::Unknown);
            return;
        };
        let pointless = {
            let mut later = self.model.plans.range(id..).skip(1);
            later.any(|(_, new)| self.model.pointless(&plan, new))
        };
        let live = plan.event.action.is_live();
        let mut durable = !live;
        let was_ignored = matches!(
            &outcome,
            Disposition::Delivered {
                ignored: Some(_),
                ..
            }
        );
        let stays = self.model.plans.get_mut(&id).unwrap();
        match &outcome {
            Disposition::Delivered { .. }
                if was_ignored && plan.is_completion() && !plan.in_doubt =>
            {
                stays.dead = true;
                self.world.owed.remove(event_id);
            }
            Disposition::Delivered { .. } => {
                if was_ignored {
                    self.world.owed.remove(event_id);
                }
                self.model.plans.remove(&id);
            }
            _ if pointless => {
                durable = false;
                if matches!(outcome, Disposition::NeedsLogin { .. }) {
                    self.logged_in[number] = false;
                }
                self.model.plans.remove(&id);
            }
            Disposition::Reject { .. } if live => {
                self.model.plans.remove(&id);
            }
            Disposition::Reject { .. } => {
                stays.dead = true;
                self.world.owed.remove(event_id);
            }
            Disposition::NeedsId => {
                durable = false;
                stays.unknown = true;
                if !stays.in_doubt {
                    stays.body = None;
                }
            }
            Disposition::NeedsLogin { .. } => {
                durable = false;
                self.logged_in[number] = false;
            }
            Disposition::Retry { fault, .. } => {
                durable = false;
                stays.faults += 1;
                stays.in_doubt |= *fault != Fault::Throttled;
            }
            Disposition::Skip { .. } => unreachable!(),
        }
        if live && !self.model.plans.contains_key(&id) {
            let in_doubt = true;
            self.ghosts.insert(id, Plan { in_doubt, ..plan });
        }
        if durable {
            self.flushed();
        }
    }

    /// Everything so far has reached the disk, where what is in flight has begun.
    fn flushed(&mut self) {
        self.durable = self.model.clone();
        for id in self.spared().into_iter().flatten() {
            if let Some(plan) = self.durable.plans.get_mut(&id) {
                plan.in_doubt = true;
            }
        }
    }

    fn pass(&mut self) {
        let times = [1, 5, 30, 61, 300, 700, 4000];
        let time = times[self.pick(times.len())];
        self.now = self.now.after(s(time));
    }

    /// The store fails and is opened again; the process lives.
    fn reopen(&mut self) {
        if self.outbox.is_closed() {
            // Everything is read anew; which starts are late is found again when something is sent.
            for plan in self.model.plans.values_mut() {
                plan.dormant = false;
            }
        }
        drop(self.outbox.close());
        self.outbox.reopen(self.medium.open()).unwrap();
    }

    /// The process dies; what was in flight may have landed.
    fn crash(&mut self) {
        for number in 0..3 {
            let Some((id, job)) = self.in_flight[number].take() else {
                continue;
            };
            if self.chance(2) {
                let event_id = event_id(&job.request.body).to_owned();
                self.land(&job, &event_id);
            }
            if let Some(plan) = self.model.plans.get_mut(&id) {
                plan.in_doubt = true;
            }
        }
        self.model.remove_pointless(&[]);
        self.load();
    }

    fn power_loss(&mut self) {
        if !M::CAN_LOSE_POWER {
            return self.crash();
        }
        for number in 0..3 {
            if let Some((_, job)) = self.in_flight[number].take()
                && self.chance(2)
            {
                let event_id = event_id(&job.request.body).to_owned();
                self.land(&job, &event_id);
            }
        }
        self.medium.power_loss();
        self.model = self.durable.clone();
        self.boot_id += 1;
        let later = self.now.wall.plus(s(60));
        self.now = Moment {
            mono: s(20),
            boot: s(20),
            wall: if self.chance(4) { Wall(20_000) } else { later },
        };
        self.model
            .plans
            .retain(|_, plan| !plan.event.action.is_live());
        self.model.remove_pointless(&[]);
        for open in &mut self.open {
            *open = false;
        }
        self.durable = self.model.clone();
        self.load();
        // Loading alone writes nothing: what is tidied stays tidied only with the next batch, which changes nothing here.
    }

    fn set_clock(&mut self) {
        if self.now.wall < NOW {
            self.now.wall = NOW.plus(s(86_400)).plus(self.now.boot);
        }
    }

    fn load(&mut self) {
        self.loads += 1;
        drop(self.outbox.close());
        let random = Random::seeded(self.loads);
        let (outbox, remembered) =
            Outbox::load(self.medium.open(), Plain, random, self.boot_id).unwrap();
        assert!(remembered.problems.is_empty(), "{:?}", remembered.problems);
        self.outbox = outbox;
        for plan in self.model.plans.values_mut() {
            plan.dormant = false;
        }
        self.recall();
        self.hint_logins();
    }

    /// What only the next batch would have told the disk is forgotten: that a live event was settled, how its last attempt
    /// ended, and how often something was tried.
    fn recall(&mut self) {
        let queue = self.queue();
        let (model, ghosts) = (self.model.clone(), &self.ghosts);
        let outdone = |id: &DeliveryId, old: &Plan| {
            let mut later = ghosts.range(id..);
            old.event.action.is_live() && later.any(|(_, new)| model.pointless(old, new))
        };
        let plans = &mut self.model.plans;
        plans.retain(|id, plan| queue.contains_key(id) || !outdone(id, plan));
        for (id, queued) in queue {
            if let Some(ghost) = self.ghosts.remove(&id) {
                assert!(ghost.event.action.is_live());
                self.model.plans.insert(id, ghost);
            }
            let in_doubt = self.outbox.index.get(id).unwrap().in_doubt;
            let Some(plan) = self.model.plans.get_mut(&id) else {
                continue;
            };
            assert!(queued.attempts <= plan.attempts);
            assert_eq!(queued.attempts == 0, plan.attempts == 0);
            plan.attempts = queued.attempts;
            if plan.event.action.is_live() {
                assert!(in_doubt || !plan.in_doubt);
                plan.in_doubt = in_doubt;
            }
        }
        self.ghosts.clear();
    }

    fn log_in(&mut self) {
        let number = self.pick(3);
        self.logged_in[number] = !self.logged_in[number];
        let key = self.accounts[number].clone();
        self.outbox.hint(&if self.logged_in[number] {
            Hint::LoggedIn(key)
        } else {
            Hint::LoggedOut(key)
        });
    }

    fn drop_one(&mut self) {
        let ids: Vec<_> = self
            .model
            .plans
            .iter()
            .filter(|(_, p)| !p.dormant)
            .collect();
        let index = (self.random.bits() as usize) % ids.len().max(1);
        let Some((id, _)) = ids.get(index) else {
            return;
        };
        let id = **id;
        let event_id = self.queue()[&id].event_id.to_string();
        let chosen = Selection::Ids(BTreeSet::from([id]));
        assert_eq!(self.outbox.drop_deliveries(&chosen).unwrap(), 1);
        self.world.owed.remove(&event_id);
        self.model.plans.remove(&id);
        self.flushed();
    }

    fn retry_dead(&mut self) {
        if self.outbox.retry(&Selection::Dead).unwrap() == 0 {
            return;
        }
        let queue = self.queue();
        for (id, plan) in &mut self.model.plans {
            if !plan.dead {
                continue;
            }
            plan.dead = false;
            if !plan.in_doubt {
                plan.body = None;
            }
            if plan.is_completion() {
                self.world.owed.insert(queue[id].event_id.to_string());
            }
            self.world
                .stopped
                .remove(&(plan.account, plan.event.session));
            self.world.last.remove(&(plan.account, plan.event.session));
        }
        self.flushed();
    }

    // ---- checks

    fn queue(&self) -> BTreeMap<DeliveryId, Queued> {
        let mut queue = BTreeMap::new();
        let list = &mut |queued: Queued| {
            queue.insert(queued.id, queued);
        };
        self.outbox.queue(self.now, list).unwrap();
        queue
    }

    fn check(&self) {
        self.outbox.index.check();
        let queue = self.queue();
        let visible = self.model.plans.iter().filter(|(_, plan)| !plan.dormant);
        let visible: BTreeMap<_, _> = visible.collect();
        for (id, queued) in &queue {
            assert!(visible.contains_key(id), "unexpected {queued:?}");
        }
        for (id, plan) in &visible {
            assert!(queue.contains_key(id), "missing {id} {plan:?}");
        }
        let mut resume_points = BTreeSet::new();
        let spared = self.spared();
        for (id, plan) in visible {
            let queued = &queue[id];
            assert_eq!(queued.account, self.accounts[plan.account]);
            assert_eq!(queued.call, plan.call);
            assert_eq!(queued.event.action, plan.event.action);
            assert_eq!(queued.event.position, plan.event.position);
            assert_eq!(queued.attempts, plan.attempts, "{id}");
            assert_eq!(queued.state == QueuedState::Dead, plan.dead, "{id}");
            if queued.state == QueuedState::Aside {
                assert!(plan.faults >= 5, "{id} aside after {}", plan.faults);
            }
            if plan.kind == Kind::ResumePoint && !spared.contains(&Some(*id)) {
                assert!(
                    resume_points.insert(self.model.lane(plan)),
                    "two resume points"
                );
            }
        }
        for (id, landed) in &self.world.landed {
            assert!(
                *landed <= 1 || !self.world.owed.contains(id),
                "{id} landed {landed}×"
            );
        }
    }

    /// Where nothing can be sent, a timer is set or nothing waits for time.
    fn check_timer(&mut self) {
        for number in 0..3 {
            let key = self.accounts[number].clone();
            for _ in 0..1000 {
                if self.in_flight[number].is_some() {
                    break;
                }
                let before = self.outbox.poll_timeout(self.now);
                let sent = self.outbox.next(&key, self.now, &Context::default());
                self.expire(number);
                if let Some((id, job)) = sent.unwrap() {
                    assert!(before.is_some_and(|(at, _)| at <= self.now.boot));
                    self.renewed(id, &job);
                    let plan = self.model.plans.get_mut(&id).unwrap();
                    plan.attempts += 1;
                    plan.body = Some(job.request.body.clone());
                    let durable = !plan.event.action.is_live() && !plan.in_doubt;
                    self.check_told(number, &id, &job);
                    self.in_flight[number] = Some((id, job));
                    if durable {
                        self.flushed();
                    }
                }
            }
        }
        if let Some((at, why)) = self.outbox.poll_timeout(self.now) {
            assert!(at > self.now.boot, "{why} is due and is not sent");
        }
    }

    fn step(&mut self) {
        match self.pick(100) {
            0..30 => self.watch(),
            30..55 => self.send(),
            55..75 => self.answer(9),
            75..82 => {
                let kind = self.pick(9);
                self.answer(kind);
            }
            82..89 => self.pass(),
            89..91 => self.crash(),
            91 => self.power_loss(),
            92 => self.learn(),
            93 => self.log_in(),
            94 => self.reopen(),
            95 => self.drop_one(),
            96 => self.retry_dead(),
            97 => self.set_clock(),
            98 => self.check_timer(),
            _ => self.outbox.hint(&Hint::NetworkBack),
        }
        self.check();
    }

    /// Everything works again: all that is owed arrives, once.
    fn finish(&mut self) {
        self.set_clock();
        self.logged_in = vec![true; 3];
        self.hint_logins();
        for (tmdb, watch) in self.watches.clone().iter().enumerate() {
            let title = TitleKey::of(&watch.viewing.key).unwrap();
            if !self.model.tmdb.contains_key(&title) {
                let ids = Ids {
                    tmdb: Some(1000 + tmdb as u64),
                    ..Ids::default()
                };
                self.outbox.learn(title, &ids).unwrap();
                self.learnt(title, 1000 + tmdb as u64);
            }
        }
        for _ in 0..20_000 {
            for number in 0..3 {
                if let Some((id, job)) = self.in_flight[number].take() {
                    let event_id = event_id(&job.request.body).to_owned();
                    self.land(&job, &event_id);
                    self.settled(number, id, &event_id, taken());
                }
            }
            self.check_timer();
            if self.in_flight.iter().all(Option::is_none) {
                match self.outbox.poll_timeout(self.now) {
                    Some((at, _)) => {
                        self.now = self.now.after(at.saturating_sub(self.now.boot));
                    }
                    None => break,
                }
            }
        }
        self.check();
        for (id, plan) in &self.model.plans {
            let no_id = plan.kind != Kind::Event && self.model.tmdb_of(plan).is_none();
            assert!(
                plan.dead || plan.dormant || no_id,
                "{id} was left behind: {plan:?}"
            );
        }
        let left: BTreeSet<String> = self
            .queue()
            .values()
            .map(|queued| queued.event_id.to_string())
            .collect();
        for owed in &self.world.owed {
            let landed = self.world.landed.get(owed).copied().unwrap_or(0);
            assert!(
                landed == 1 || left.contains(owed),
                "{owed} landed {landed} times"
            );
        }
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
    let (first, end) = ends.unwrap_or(("0", "25"));
    first.parse().unwrap()..end.parse().unwrap()
}

#[test]
fn the_outbox_and_a_plain_model_agree_through_everything_that_can_happen() {
    for seed in seeds() {
        run(Disk::default(), seed, 400);
    }
}
