//! Players play, the sender sends.

use super::*;

impl<M: Medium> Run<M> {
    /// Something happens at a player.
    pub(super) fn watch(&mut self) {
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

    pub(super) fn append(&mut self, step: &Step, linked: &[usize]) {
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
            let service = self.accounts[*account].service;
            let calls = crate::outbox::Catalogue::calls(&Plain, service, &event);
            let events = match calls.contains(&Call::Event) {
                true => self.model.introduced(*account, &event),
                false => vec![event.clone()],
            };
            for event in events {
                let calls = crate::outbox::Catalogue::calls(&Plain, service, &event);
                expected.extend(
                    calls
                        .into_iter()
                        .map(|call| (*account, call, event.clone())),
                );
            }
        }
        let made: Vec<_> = if appended.already {
            // The ids are those of the last deliveries that are there.
            let ids = queue
                .iter()
                .filter(|(_, q)| q.event.session == event.session);
            let ids = ids.filter(|(_, q)| q.event.position == event.position);
            let mut ids: Vec<_> = ids.map(|(id, _)| *id).collect();
            ids.split_off(ids.len() - expected.len())
        } else {
            appended.made
        };
        assert_eq!(made.len(), expected.len());
        for (id, (account, call, event)) in made.into_iter().zip(expected) {
            let plan = Plan {
                account,
                kind: (&call).into(),
                call,
                event,
                title,
                boot: self.boot_id,
                attempts: 0,
                in_doubt: false,
                dead: false,
                dormant: false,
                body: None,
                faults: 0,
                begun: false,
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

    pub(super) fn learnt(&mut self, title: TitleKey, tmdb: u64) {
        self.model.tmdb.insert(title, tmdb);
        self.model.remove_pointless(&self.spared());
    }

    /// An id turns up.
    pub(super) fn learn(&mut self) {
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
    pub(super) fn send(&mut self) {
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
        if plan.kind == Kind::Event && plan.event.action.is_live() {
            let place = (plan.account, plan.event.session);
            self.introduces[number] = self.model.heard.insert(place);
        }
        let plan = &self.model.plans[&id];
        let is_durable = !plan.in_doubt && !plan.begun;
        self.check_told(number, &id, &job);
        self.in_flight[number] = Some((id, job));
        if is_durable {
            self.flushed();
        }
    }

    pub(super) fn expire(&mut self, number: usize) {
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
    pub(super) fn renewed(&mut self, id: DeliveryId, job: &Job) {
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
    pub(super) fn check_order(&self, id: DeliveryId, before: &BTreeMap<DeliveryId, Queued>) {
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
    pub(super) fn check_told(&mut self, number: usize, id: &DeliveryId, job: &Job) {
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
}
