//! Answers, hours, crashes, the user.

use super::*;

impl<M: Medium> Run<M> {
    /// An answer comes.
    pub(super) fn answer(&mut self, kind: usize) {
        let number = self.pick(3);
        let Some((id, job)) = self.in_flight[number].take() else {
            return;
        };
        let event_id = event_id(&job.request.body).to_owned();
        let landed = self.world.landed.get(&event_id).copied().unwrap_or(0);
        let outcome = match kind {
            0 => failed([Fault::Unreachable, Fault::Server][self.pick(2)]),
            1 => failed([Fault::Throttled, Fault::Unsent][self.pick(2)]),
            2 => rejected(),
            3 => Disposition::NeedsLogin {
                reason: "no".into(),
            },
            4 => Disposition::NeedsId,
            5 if landed == 0 => ignored(),
            _ => taken(),
        };
        let lands = match &outcome {
            Disposition::Retry { fault, .. } => fault.leaves_doubt() && self.chance(2),
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
    pub(super) fn land(&mut self, job: &Job, event_id: &str) {
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

    pub(super) fn settled(
        &mut self,
        number: usize,
        id: DeliveryId,
        event_id: &str,
        outcome: Disposition,
    ) {
        let settled = self.outbox.settle(id, outcome.clone(), self.now).unwrap();
        self.is_settled(number, id, event_id, outcome, settled);
    }

    pub(super) fn is_settled(
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
        let introduced = std::mem::take(&mut self.introduces[number]);
        let not_arrived = match &outcome {
            Disposition::Retry { fault, .. } => !fault.leaves_doubt(),
            Disposition::NeedsLogin { .. } => true,
            _ => false,
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
        stays.begun = false;
        match &outcome {
            Disposition::Delivered { .. }
                if was_ignored && plan.is_completion() && !plan.in_doubt =>
            {
                stays.dead = true;
                self.world.owed.remove(event_id);
                self.model.hush(&plan);
            }
            Disposition::Delivered { .. } => {
                if was_ignored {
                    self.world.owed.remove(event_id);
                }
                self.model.plans.remove(&id);
                self.model.hush(&plan);
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
                self.model.hush(&plan);
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
                stays.in_doubt |= fault.leaves_doubt();
                stays.begun = *fault == Fault::Unsent && !live && !stays.in_doubt;
            }
            Disposition::Skip { .. } => unreachable!(),
        }
        if introduced && not_arrived && !plan.in_doubt {
            durable |= self.unheard(&plan);
        }
        if live && !self.model.plans.contains_key(&id) {
            let in_doubt = true;
            self.ghosts.insert(id, Plan { in_doubt, ..plan });
        }
        if durable {
            self.flushed();
        }
    }

    /// The account has not heard of a session: its stops are superseded like others. True if some were.
    fn unheard(&mut self, plan: &Plan) -> bool {
        let place = (plan.account, plan.event.session);
        self.model.heard.remove(&place);
        let before = self.model.plans.len();
        self.model.remove_pointless(&self.spared());
        self.model.plans.len() < before
    }

    /// Everything so far has reached the disk, where what is in flight has begun.
    pub(super) fn flushed(&mut self) {
        self.durable = self.model.clone();
        self.durable.doubt_begun(&[]);
        for id in self.spared().into_iter().flatten() {
            if let Some(plan) = self.durable.plans.get_mut(&id) {
                plan.in_doubt = true;
            }
        }
    }

    pub(super) fn pass(&mut self) {
        let times = [1, 5, 30, 61, 300, 700, 4000];
        let time = times[self.pick(times.len())];
        self.now = self.now.after(s(time));
    }

    /// The store fails and is opened again; the process lives.
    pub(super) fn reopen(&mut self) {
        if self.outbox.is_closed() {
            // Everything is read anew; which starts are late is found again when something is sent.
            for plan in self.model.plans.values_mut() {
                plan.dormant = false;
            }
            let spared = self.spared();
            self.model.doubt_begun(&spared);
        }
        drop(self.outbox.close());
        self.outbox.reopen(self.medium.open()).unwrap();
    }

    /// The process dies; what was in flight may have landed.
    pub(super) fn crash(&mut self) {
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
        self.model.doubt_begun(&[]);
        self.model.remove_pointless(&[]);
        self.load();
    }

    pub(super) fn power_loss(&mut self) {
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

    pub(super) fn set_clock(&mut self) {
        if self.now.wall < NOW {
            self.now.wall = NOW.plus(s(86_400)).plus(self.now.boot);
        }
    }

    pub(super) fn load(&mut self) {
        self.loads += 1;
        self.introduces = [false; 3];
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
    pub(super) fn recall(&mut self) {
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

    pub(super) fn log_in(&mut self) {
        let number = self.pick(3);
        self.logged_in[number] = !self.logged_in[number];
        let key = self.accounts[number].clone();
        self.outbox.hint(&if self.logged_in[number] {
            Hint::LoggedIn(key)
        } else {
            Hint::LoggedOut(key)
        });
    }

    pub(super) fn drop_one(&mut self) {
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
        if let Some(plan) = self.model.plans.remove(&id) {
            self.model.hush(&plan);
        }
        self.flushed();
    }

    pub(super) fn retry_dead(&mut self) {
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
}
