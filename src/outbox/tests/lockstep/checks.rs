//! What must hold after every step, and in the end.

use super::*;

impl<M: Medium> Run<M> {
    pub(super) fn queue(&self) -> BTreeMap<DeliveryId, Queued> {
        let mut queue = BTreeMap::new();
        let list = &mut |queued: Queued| {
            queue.insert(queued.id, queued);
        };
        self.outbox.queue(self.now, list).unwrap();
        queue
    }

    pub(super) fn check(&self) {
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
    pub(super) fn check_timer(&mut self) {
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
                    if plan.kind == Kind::Event && plan.event.action.is_live() {
                        let place = (plan.account, plan.event.session);
                        self.introduces[number] = self.model.heard.insert(place);
                    }
                    let plan = &self.model.plans[&id];
                    let durable = !plan.in_doubt && !plan.begun;
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

    pub(super) fn step(&mut self) {
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
    pub(super) fn finish(&mut self) {
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
