//! The outbox as plainly as can be, and the services as mean as the wire.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::*;
use crate::outbox::TitleKey;
use crate::outbox::record::Kind;
use crate::service::Call;

/// A delivery as the model knows it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    pub(super) account: usize,
    pub(super) kind: Kind,
    pub(super) call: Call,
    pub(super) event: Lifecycle,
    pub(super) title: TitleKey,
    pub(super) boot: u64,
    pub(super) attempts: u16,
    pub(super) in_doubt: bool,
    /// No connection was made, which the disk need not know: there it has begun.
    pub(super) begun: bool,
    pub(super) dead: bool,
    pub(super) dormant: bool,
    pub(super) body: Option<String>,
    pub(super) faults: u32,
    /// The service said that it does not know the title.
    pub(super) unknown: bool,
}

impl Plan {
    pub(super) fn is_completion(&self) -> bool {
        self.event.watched && self.kind != Kind::ResumePoint
    }
}

/// Everything that must be on disk, as plainly as can be.
#[derive(Debug, Clone, Default)]
pub(super) struct Model {
    pub(super) plans: BTreeMap<DeliveryId, Plan>,
    pub(super) tmdb: BTreeMap<TitleKey, u64>,
    /// Sessions that an account was told of and whose stop is not settled there.
    pub(super) heard: BTreeSet<(usize, SessionId)>,
}

impl Model {
    /// What must keep its order.
    pub(super) fn lane(&self, plan: &Plan) -> (usize, u64, Option<u64>) {
        if plan.kind == Kind::Event {
            return (plan.account, plan.event.viewing.0, None);
        }
        match self.tmdb_of(plan) {
            Some(id) => (plan.account, plan.title.0 & 1, Some(id)),
            None => (plan.account, plan.title.0, None),
        }
    }

    pub(super) fn tmdb_of(&self, plan: &Plan) -> Option<u64> {
        let own = plan.event.media.ids.tmdb;
        own.or_else(|| self.tmdb.get(&plan.title).copied())
    }

    pub(super) fn pointless(&self, old: &Plan, new: &Plan) -> bool {
        if self.lane(old) != self.lane(new) {
            return false;
        }
        let same_session = old.event.session == new.event.session;
        let stops = new.event.action == Action::Stop;
        match (old.kind, old.event.action) {
            (Kind::History, _) => false,
            (Kind::ResumePoint, _) => new.kind == Kind::ResumePoint,
            (Kind::Event, Action::Stop) => {
                let heard = self.heard.contains(&(old.account, old.event.session));
                stops && !old.event.watched && !heard
            }
            (Kind::Event, Action::Start) => same_session && stops,
            (Kind::Event, _) => same_session,
        }
    }

    /// A session that an account never heard of begins with a start.
    pub(super) fn introduced(&self, account: usize, event: &Lifecycle) -> Vec<Lifecycle> {
        let mut plans = self.plans.values();
        let waits = plans.any(|plan| {
            let same = plan.event.session == event.session;
            plan.account == account && plan.kind == Kind::Event && same
        });
        let heard = self.heard.contains(&(account, event.session));
        let mut start = event.clone();
        start.action = Action::Start;
        match event.action {
            Action::Start | Action::Stop => vec![event.clone()],
            _ if waits || heard => vec![event.clone()],
            Action::Pause => {
                start.at.wall.0 -= 1;
                vec![start, event.clone()]
            }
            Action::Progress | Action::Resume => vec![start],
        }
    }

    /// The stop of a session is settled.
    pub(super) fn hush(&mut self, plan: &Plan) {
        if plan.kind == Kind::Event && plan.event.action == Action::Stop {
            self.heard.remove(&(plan.account, plan.event.session));
        }
    }

    /// A crash, or reading anew: what has begun on disk may have landed.
    pub(super) fn doubt_begun(&mut self, spared: &[Option<DeliveryId>]) {
        let plans = self.plans.iter_mut();
        for (_, plan) in plans.filter(|(id, _)| !spared.contains(&Some(**id))) {
            plan.in_doubt |= std::mem::take(&mut plan.begun);
        }
    }

    pub(super) fn remove_pointless(&mut self, spared: &[Option<DeliveryId>]) {
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
pub(super) struct World {
    /// How often each completion landed, by event id.
    pub(super) landed: BTreeMap<String, u32>,
    /// Completions that were appended and neither refused nor dropped, by event id.
    pub(super) owed: BTreeSet<String>,
    /// Per account and session: the last stamp and its body.
    pub(super) last: BTreeMap<(usize, SessionId), (Wall, String)>,
    pub(super) stopped: BTreeSet<(usize, SessionId)>,
}

/// The event id in a body of [`Plain`].
pub(super) fn event_id(body: &str) -> &str {
    body.split('|').nth(1).unwrap()
}
