//! What the outbox's tests stand on: a disk that can fail, services that are easy to read, and a bench with a clock.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use crate::model::*;
use crate::outbox::{Appended, Catalogue, Hint, Outbox, Remembered, Settled};
use crate::sender::plan::Rate;
use crate::service::{Call, Context, Disposition, Fault, Frozen, Job, Prepared};
use crate::store::{Batch, Durability, Store, StoreError, StoreErrorKind};

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

/// Between two resume points that tell nothing new.
pub const PACE: Duration = Duration::from_secs(30);

/// How the next commit ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// An error, and nothing has happened.
    Nothing,
    /// An error, although everything has happened.
    All,
}

#[derive(Debug, Default)]
pub struct Platter {
    pub now: Map,
    flushed: Map,
    unflushed: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    pub fail_next: Option<Failure>,
    pub commits: Vec<Durability>,
}

/// A store in memory; clones share the same platter.
#[derive(Debug, Clone, Default)]
pub struct Disk(pub Rc<RefCell<Platter>>);

impl Disk {
    pub fn power_loss(&self) {
        let mut platter = self.0.borrow_mut();
        platter.now = platter.flushed.clone();
        platter.unflushed.clear();
    }

    pub fn fail_next(&self, failure: Failure) {
        self.0.borrow_mut().fail_next = Some(failure);
    }

    pub fn last_commit(&self) -> Option<Durability> {
        self.0.borrow().commits.last().copied()
    }

    pub fn commits(&self) -> usize {
        self.0.borrow().commits.len()
    }

    pub fn keys(&self, prefix: u8) -> Vec<Vec<u8>> {
        let platter = self.0.borrow();
        let keys = platter.now.keys().filter(|key| key[0] == prefix);
        keys.cloned().collect()
    }
}

fn apply(map: &mut Map, changes: Vec<(Vec<u8>, Option<Vec<u8>>)>) {
    for (key, value) in changes {
        match value {
            Some(value) => map.insert(key, value),
            None => map.remove(&key),
        };
    }
}

impl Store for Disk {
    fn scan(&self, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
        for (key, value) in self.0.borrow().now.range(prefix.to_vec()..) {
            if !key.starts_with(prefix) {
                break;
            }
            each(key, value);
        }
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.borrow().now.get(key).cloned())
    }

    fn commit(&mut self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
        let mut platter = self.0.borrow_mut();
        let failure = platter.fail_next.take();
        if failure != Some(Failure::Nothing) {
            apply(&mut platter.now, batch.changes.clone());
            platter.unflushed.extend(batch.changes);
            if durability == Durability::Disk {
                let unflushed = std::mem::take(&mut platter.unflushed);
                apply(&mut platter.flushed, unflushed);
            }
            platter.commits.push(durability);
        }
        match failure {
            None => Ok(()),
            Some(_) => Err(StoreError {
                kind: StoreErrorKind::Full,
                message: "no space left".into(),
            }),
        }
    }
}

/// Services as the outbox sees them, with bodies that tests can read: `path|event id|stamp|position|tmdb`.
#[derive(Debug, Clone, Copy)]
pub struct Plain;

impl Catalogue for Plain {
    fn calls(&self, service: ServiceName, event: &Lifecycle) -> Vec<Call> {
        match service {
            ServiceName::Punchplay => vec![Call::Event],
            ServiceName::Discovr if event.watched => {
                let season = event.media.season.first().copied().unwrap_or(1);
                let episodes = event.media.episode.iter();
                let mut calls: Vec<Call> = episodes
                    .map(|episode| Call::History {
                        episode: Some((season, *episode)),
                    })
                    .collect();
                if calls.is_empty() {
                    calls.push(Call::History { episode: None });
                }
                calls.push(Call::ResumePoint);
                calls
            }
            ServiceName::Discovr => vec![Call::ResumePoint],
        }
    }

    fn freeze(
        &self,
        service: ServiceName,
        call: &Call,
        event: &Lifecycle,
        event_id: EventId,
        stamp: Wall,
        context: &Context,
    ) -> Prepared {
        if service == ServiceName::Discovr && event.media.season == [0] {
            return Prepared::Skip("specials cannot be recorded".into());
        }
        if service == ServiceName::Discovr && context.ids.tmdb.is_none() {
            return Prepared::NeedsId;
        }
        let path = match call {
            Call::Event => event.action.as_str().to_owned(),
            Call::ResumePoint => "resume_point".to_owned(),
            Call::History { episode } => format!("history {episode:?}"),
            Call::HistoryOf(unplaced) => format!("history {unplaced:?}"),
        };
        let tmdb = context.ids.tmdb.unwrap_or(0);
        Prepared::Send(Frozen {
            method: "POST".into(),
            body: format!("{path}|{event_id}|{}|{}|{tmdb}", stamp.0, event.position),
            path,
        })
    }

    fn rate(&self, service: ServiceName) -> Option<Rate> {
        (service == ServiceName::Punchplay).then_some(Rate {
            calls: 120,
            per: Duration::from_secs(300),
        })
    }

    fn pace(&self, service: ServiceName) -> Duration {
        match service {
            ServiceName::Punchplay => Duration::ZERO,
            ServiceName::Discovr => PACE,
        }
    }
}

pub fn punchplay() -> AccountKey {
    AccountKey {
        service: ServiceName::Punchplay,
        user: "7".into(),
        profile: None,
    }
}

pub fn discovr() -> AccountKey {
    AccountKey {
        service: ServiceName::Discovr,
        user: "9".into(),
        profile: Some("p1".into()),
    }
}

/// 2026-11-22T02:00:00Z
pub const NOW: Wall = Wall(1_795_312_800_000);

pub const fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Somebody watches something: makes steps as the debouncer would.
#[derive(Debug, Clone)]
pub struct Watch {
    pub viewing: Viewing,
    pub session: SessionId,
    pub position: f64,
    last: Wall,
}

impl Watch {
    pub fn film(number: u64, title: &str) -> Self {
        let key = ViewingKey {
            media_type: Some(MediaType::Movie),
            title: title.to_lowercase(),
            year: Some(1999),
            ..ViewingKey::default()
        };
        Self::of(number, key, title)
    }

    pub fn episode(number: u64, title: &str, season: u32, episodes: &[u32]) -> Self {
        let key = ViewingKey {
            media_type: Some(MediaType::Episode),
            title: title.to_lowercase(),
            season: vec![season],
            episode: episodes.to_vec(),
            ..ViewingKey::default()
        };
        Self::of(number, key, title)
    }

    fn of(number: u64, key: ViewingKey, title: &str) -> Self {
        let media = Media {
            media_type: key.media_type,
            title: Some(title.into()),
            year: key.year,
            season: key.season.clone(),
            episode: key.episode.clone(),
            ..Media::default()
        };
        let viewing = Viewing {
            id: ViewingId(number),
            key,
            media,
            player: "mpv".into(),
            started_at: NOW,
            updated_at: NOW,
            position: 0.0,
            duration: 6000.0,
            played: 0.0,
            reached: false,
            completed: None,
            local_only: None,
            played_in: None,
        };
        Self {
            viewing,
            session: session(number, 0),
            position: 10.0,
            last: Wall(0),
        }
    }

    pub fn tmdb(mut self, id: u64) -> Self {
        self.viewing.media.ids.tmdb = Some(id);
        self
    }

    /// Another stretch of the same viewing.
    pub fn again(&mut self, number: u64) {
        self.session = session(self.viewing.id.0, number);
        self.last = Wall(0);
    }

    /// One step at `at`.
    pub fn step(&mut self, action: Action, watched: bool, mut at: Moment) -> Step {
        at.wall = at.wall.max(self.last.plus(Duration::from_millis(1)));
        self.last = at.wall;
        let event = Lifecycle {
            action,
            at,
            viewing: self.viewing.id,
            session: self.session,
            media: self.viewing.media.clone(),
            position: self.position,
            duration: 6000.0,
            watched,
            player: "mpv".into(),
            file_name: None,
        };
        self.viewing.position = self.position;
        let journal = if action == Action::Stop {
            Journal::Closed(self.session)
        } else {
            Journal::Open(Box::new(self.span(at)))
        };
        Step {
            event: Some(event),
            viewing: self.viewing.clone(),
            journal,
            seeked: false,
        }
    }

    pub fn span(&self, at: Moment) -> Span {
        Span {
            session: self.session,
            viewing: self.viewing.id,
            player: PlayerId::new("mpv-1"),
            player_name: "mpv".into(),
            playback: Playback {
                boot_id: 1,
                process: None,
                location: 1,
                entry: None,
            },
            media: self.viewing.media.clone(),
            file_name: None,
            playing: true,
            rate: 1.0,
            position: self.position,
            duration: 6000.0,
            at,
            stamp: at.wall,
        }
    }
}

pub fn session(viewing: u64, number: u64) -> SessionId {
    let bits = (u128::from(viewing) << 64) | u128::from(number);
    SessionId(uuid::Uuid::from_u128(bits))
}

/// An outbox on a disk, with a clock and two linked accounts.
pub struct Bench {
    pub outbox: Outbox<Disk, Plain>,
    pub disk: Disk,
    pub now: Moment,
    pub accounts: Vec<AccountKey>,
    pub boot_id: u64,
    pub loads: u64,
}

impl Bench {
    pub fn new(accounts: &[AccountKey]) -> Self {
        let disk = Disk::default();
        let random = Random::seeded(1);
        let (outbox, _) = Outbox::load(disk.clone(), Plain, random, 1).expect("an empty disk");
        let mut bench = Self {
            outbox,
            disk,
            now: Moment {
                mono: s(5000),
                boot: s(5000),
                wall: NOW,
            },
            accounts: accounts.to_vec(),
            boot_id: 1,
            loads: 1,
        };
        bench.log_in();
        bench
    }

    pub fn both() -> Self {
        Self::new(&[punchplay(), discovr()])
    }

    fn log_in(&mut self) {
        for account in self.accounts.clone() {
            self.outbox.hint(&Hint::LoggedIn(account));
        }
    }

    pub fn pass(&mut self, time: Duration) {
        self.now = self.now.after(time);
    }

    /// kill -9 and a new start.
    pub fn crash(&mut self) -> Remembered {
        self.loads += 1;
        let random = Random::seeded(self.loads);
        let loaded = Outbox::load(self.disk.clone(), Plain, random, self.boot_id);
        let (outbox, remembered) = loaded.expect("the disk can be read");
        self.outbox = outbox;
        self.log_in();
        remembered
    }

    /// Loss of power and a new boot.
    pub fn power_loss(&mut self) -> Remembered {
        self.disk.power_loss();
        self.boot_id += 1;
        let wall = self.now.wall.plus(s(60));
        self.now = Moment {
            mono: s(30),
            boot: s(30),
            wall,
        };
        self.crash()
    }

    pub fn reopen(&mut self) {
        self.outbox.close();
        self.outbox
            .reopen(self.disk.clone())
            .expect("the disk can be read");
    }

    pub fn add(&mut self, watch: &mut Watch, action: Action) -> Appended {
        let step = watch.step(action, false, self.now);
        self.append(&step)
    }

    pub fn finish(&mut self, watch: &mut Watch) -> Appended {
        let step = watch.step(Action::Stop, true, self.now);
        self.append(&step)
    }

    pub fn append(&mut self, step: &Step) -> Appended {
        let accounts = self.accounts.clone();
        self.outbox
            .append(step, &accounts, self.now)
            .expect("the disk works")
    }

    pub fn next(&mut self, account: &AccountKey) -> Option<(DeliveryId, Job)> {
        self.outbox
            .next(account, self.now, &Context::default())
            .expect("the disk works")
    }

    pub fn settle(&mut self, id: DeliveryId, outcome: Disposition) -> Settled {
        self.outbox
            .settle(id, outcome, self.now)
            .expect("the disk works")
    }

    /// Sends one delivery, answered so; what was sent.
    pub fn send(&mut self, account: &AccountKey, outcome: Disposition) -> Option<(Job, Settled)> {
        let (id, job) = self.next(account)?;
        Some((job, self.settle(id, outcome)))
    }

    /// Sends everything that can be sent now, all of it taken; the paths.
    pub fn drain(&mut self, account: &AccountKey) -> Vec<String> {
        let mut sent = Vec::new();
        while let Some((job, _)) = self.send(account, taken()) {
            sent.push(job.request.path);
        }
        sent
    }

    /// Waits as long as the outbox says and no longer.
    pub fn wait(&mut self) {
        if let Some((at, _)) = self.outbox.poll_timeout(self.now) {
            self.pass(at.saturating_sub(self.now.boot));
        }
    }

    /// `service action state` of everything queued.
    pub fn queue(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let list = &mut |queued: crate::outbox::Queued| {
            let what = match &queued.call {
                Call::Event => queued.event.action.as_str().to_owned(),
                Call::ResumePoint => "resume_point".into(),
                Call::History { .. } | Call::HistoryOf(_) => "history".into(),
            };
            let service = queued.account.service;
            lines.push(format!("{service} {what} {}", queued.state.as_str()));
        };
        self.outbox.queue(self.now, list).expect("the disk works");
        lines
    }
}

pub fn taken() -> Disposition {
    Disposition::Delivered {
        ids: Ids::default(),
        deduped: false,
        ignored: None,
    }
}

pub fn ignored() -> Disposition {
    Disposition::Delivered {
        ids: Ids::default(),
        deduped: false,
        ignored: Some("old_event".into()),
    }
}

pub fn resolved(tmdb: u64) -> Disposition {
    Disposition::Delivered {
        ids: Ids {
            tmdb: Some(tmdb),
            ..Ids::default()
        },
        deduped: false,
        ignored: None,
    }
}

pub fn failed(fault: Fault) -> Disposition {
    Disposition::Retry {
        after: None,
        fault,
        reason: format!("{fault:?}"),
    }
}

pub fn rejected() -> Disposition {
    Disposition::Reject {
        reason: "no".into(),
    }
}
