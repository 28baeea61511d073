//! What memory holds of the queue: a small header for each delivery, in lanes.
//!
//! A lane is what keeps its order: a viewing at a service that follows events, a title at one that keeps resume points.
//! Of each lane the first delivery that does not stand aside is *ready*; the others wait behind it. About 130 bytes a
//! delivery when loaded at once, up to 200 when they come one by one.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::TitleKey;
use super::ids::IdCache;
use super::record::{Attempts, Entry, Kind, Made};
use crate::model::{Action, DeliveryId, SessionId, ViewingId};

/// No title, no id.
const NONE: u64 = 0;
/// In an earlier boot.
const EARLIER: u64 = u64::MAX;

/// A delivery as memory knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    pub viewing: ViewingId,
    pub session: SessionId,
    pub lane: u64,
    title: u64,
    tmdb: u64,
    made: u64,
    pub account: u16,
    pub attempts: u16,
    pub kind: Kind,
    pub action: Action,
    pub watched: bool,
    pub undated: bool,
    pub in_doubt: bool,
    pub dead: bool,
    pub needs_id: bool,
    /// Failed often enough while others succeeded.
    pub aside: bool,
    /// A `start` that came too late; the next event of its session brings a fresh one.
    pub dormant: bool,
    /// Of a stop: its account was told of the session, and must be told that it ended.
    pub heard: bool,
    /// A resume point that tells nothing new but that it goes on playing: may wait for the service's pace.
    pub beat: bool,
}

impl Header {
    /// As loaded, or just appended.
    pub fn new(entry: &Entry, boot_id: u64, ids: &IdCache, attempts: &Attempts) -> Self {
        let mut header = Self {
            viewing: entry.viewing,
            session: entry.session,
            lane: 0,
            title: entry.title.map_or(NONE, |title| title.0),
            tmdb: entry.tmdb.unwrap_or(NONE),
            made: entry
                .made
                .filter(|made| made.boot_id == boot_id)
                .map_or(EARLIER, |made| made.at),
            account: entry.account,
            attempts: attempts.count,
            kind: entry.kind,
            action: entry.action,
            watched: entry.watched,
            undated: entry.undated,
            in_doubt: attempts.in_doubt,
            dead: attempts.dead,
            needs_id: attempts.needs_id,
            aside: false,
            dormant: false,
            heard: false,
            beat: entry.kind == Kind::ResumePoint && entry.action == Action::Progress,
        };
        header.lane = header.lane_given(ids);
        header
    }

    /// As it is written.
    pub fn entry(&self, boot_id: u64) -> Entry {
        Entry {
            account: self.account,
            kind: self.kind,
            action: self.action,
            watched: self.watched,
            viewing: self.viewing,
            session: self.session,
            title: self.title(),
            tmdb: self.tmdb(),
            made: self.made().map(|at| Made { boot_id, at }),
            undated: self.undated,
        }
    }

    /// What it is called.
    pub fn title(&self) -> Option<TitleKey> {
        (self.title != NONE).then_some(TitleKey(self.title))
    }

    /// The title's id if it was known at append.
    pub fn tmdb(&self) -> Option<u64> {
        (self.tmdb != NONE).then_some(self.tmdb)
    }

    /// Milliseconds after this boot at which the event happened; `None` if that was in an earlier one.
    pub fn made(&self) -> Option<u64> {
        (self.made != EARLIER).then_some(self.made)
    }

    /// The lane, with what is known of titles by now.
    pub fn lane_given(&self, ids: &IdCache) -> u64 {
        match (self.kind, self.title()) {
            (Kind::Event, _) | (_, None) => self.viewing.0,
            (_, Some(title)) => {
                let known = || ids.get(title).and_then(|ids| ids.tmdb);
                title.lane(self.tmdb().or_else(known))
            }
        }
    }

    /// Worth sending only while it is true.
    pub fn is_live(&self) -> bool {
        self.action.is_live()
    }

    /// Tells of a completion: only delivery, death or the user remove it.
    pub fn is_completion(&self) -> bool {
        self.watched && self.kind != Kind::ResumePoint
    }

    /// Takes its place in its lane, rather than standing aside.
    fn in_line(&self) -> bool {
        !(self.dead || self.needs_id || self.aside || self.dormant || self.undated)
    }

    /// Everything that decides where it stands.
    fn place(&self) -> (u16, u64, [bool; 4]) {
        let kind = [self.in_line(), self.is_live(), self.undated, self.needs_id];
        (self.account, self.lane, kind)
    }

    /// Whether `self`, appended later to the same lane, makes `old` pointless.
    pub fn supersedes(&self, old: &Self) -> bool {
        match old.kind {
            Kind::History => false,
            Kind::ResumePoint => self.kind == Kind::ResumePoint,
            Kind::Event if !old.is_live() => {
                let may_go = !old.watched && !old.heard;
                self.action == Action::Stop && may_go && self.kind == Kind::Event
            }
            Kind::Event => {
                self.session == old.session
                    && (self.action == Action::Stop || old.action != Action::Start)
            }
        }
    }
}

/// Of an account that has no queue yet.
static NO_LANES: Lanes = Lanes {
    order: BTreeSet::new(),
    ready: BTreeSet::new(),
    live: BTreeSet::new(),
};

/// The queue of one account.
#[derive(Debug, Default)]
struct Lanes {
    order: BTreeSet<(u64, DeliveryId)>,
    ready: BTreeSet<DeliveryId>,
    live: BTreeSet<DeliveryId>,
}

impl Lanes {
    fn load(headers: &[(DeliveryId, Header)], account: u16) -> Self {
        let mine = headers.iter().filter(|(_, h)| h.account == account);
        let live = mine.clone().filter(|(_, h)| h.is_live());
        let mut order: Vec<_> = mine.map(|(id, h)| (h.lane, *id, h.in_line())).collect();
        order.sort_unstable();
        let mut found = None;
        let mut ready = order.clone();
        ready.retain(|(lane, _, in_line)| *in_line && found.replace(*lane) != Some(*lane));
        Self {
            order: order.into_iter().map(|(lane, id, _)| (lane, id)).collect(),
            ready: ready.into_iter().map(|(_, id, _)| id).collect(),
            live: live.map(|(id, _)| *id).collect(),
        }
    }
}

/// All headers, and each account's lanes.
#[derive(Debug, Default)]
pub struct Index {
    headers: BTreeMap<DeliveryId, Header>,
    lanes: Vec<Lanes>,
    /// What needs an id: looked at after every input, when the queue may be long.
    needy: BTreeSet<DeliveryId>,
    undated: usize,
}

impl Index {
    /// Of many headers at once: packed tighter than one by one.
    pub fn load(headers: Vec<(DeliveryId, Header)>) -> Self {
        let last = headers.iter().map(|(_, header)| header.account).max();
        let accounts = last.into_iter().flat_map(|last| 0..=last);
        Self {
            lanes: accounts
                .map(|number| Lanes::load(&headers, number))
                .collect(),
            undated: headers.iter().filter(|(_, h)| h.undated).count(),
            needy: needy(headers.iter().map(|(id, header)| (*id, header))),
            headers: headers.into_iter().collect(),
        }
    }

    pub fn len(&self) -> usize {
        self.headers.len()
    }

    /// Whether an account has nothing in it.
    pub fn is_empty(&self, account: u16) -> bool {
        self.lanes_of(account).order.is_empty()
    }

    /// How many wait for the clock.
    pub fn undated(&self) -> usize {
        self.undated
    }

    pub fn get(&self, id: DeliveryId) -> Option<&Header> {
        self.headers.get(&id)
    }

    /// In the order in which they were made.
    pub fn iter(&self) -> impl Iterator<Item = (DeliveryId, &Header)> {
        self.headers.iter().map(|(id, header)| (*id, header))
    }

    /// Those that need an id, likewise.
    pub fn needy(&self) -> impl Iterator<Item = (DeliveryId, &Header)> {
        let needy = self.needy.iter();
        needy.filter_map(|id| Some((*id, self.headers.get(id)?)))
    }

    /// Those of a range of numbers.
    pub fn range(
        &self,
        ids: RangeInclusive<DeliveryId>,
    ) -> impl Iterator<Item = (DeliveryId, &Header)> {
        self.headers.range(ids).map(|(id, header)| (*id, header))
    }

    /// Everything of one lane, in order, whatever state it is in.
    pub fn lane(&self, account: u16, lane: u64) -> impl Iterator<Item = (DeliveryId, &Header)> {
        let range = (lane, DeliveryId(0))..=(lane, DeliveryId(u64::MAX));
        let ids = self.lanes_of(account).order.range(range);
        ids.filter_map(|(_, id)| Some((*id, self.headers.get(id)?)))
    }

    fn lanes_of(&self, account: u16) -> &Lanes {
        self.lanes.get(usize::from(account)).unwrap_or(&NO_LANES)
    }

    /// The first of each lane that does not stand aside.
    pub fn ready(&self, account: u16) -> impl DoubleEndedIterator<Item = (DeliveryId, &Header)> {
        let ids = self.lanes_of(account).ready.iter();
        ids.filter_map(|id| Some((*id, self.headers.get(id)?)))
    }

    /// The live events of an account.
    pub fn live(&self, account: u16) -> impl Iterator<Item = (DeliveryId, &Header)> {
        let ids = self.lanes_of(account).live.iter();
        ids.filter_map(|id| Some((*id, self.headers.get(id)?)))
    }

    /// Whether something appended later makes this one pointless.
    pub fn is_superseded(&self, id: DeliveryId) -> bool {
        let Some(old) = self.get(id) else {
            return false;
        };
        self.lane(old.account, old.lane)
            .any(|(later, header)| later > id && header.supersedes(old))
    }

    /// Puts one in, or puts it back changed.
    pub fn put(&mut self, id: DeliveryId, header: Header) {
        let before = self.headers.insert(id, header);
        if let Some(before) = before {
            if before.place() == header.place() {
                return;
            }
            self.leave(id, &before);
        }
        self.enter(id, &header);
    }

    /// Takes one out.
    pub fn remove(&mut self, id: DeliveryId) {
        if let Some(header) = self.headers.remove(&id) {
            self.leave(id, &header);
        }
    }

    fn enter(&mut self, id: DeliveryId, header: &Header) {
        self.undated += usize::from(header.undated);
        if header.needs_id {
            self.needy.insert(id);
        }
        let account = usize::from(header.account);
        if self.lanes.len() <= account {
            self.lanes.resize_with(account + 1, Lanes::default);
        }
        if let Some(lanes) = self.lanes.get_mut(account) {
            lanes.order.insert((header.lane, id));
            if header.is_live() {
                lanes.live.insert(id);
            }
        }
        if header.in_line() {
            self.settle_ready(header.account, header.lane);
        }
    }

    fn leave(&mut self, id: DeliveryId, header: &Header) {
        self.undated -= usize::from(header.undated);
        self.needy.remove(&id);
        let Some(lanes) = self.lanes.get_mut(usize::from(header.account)) else {
            return;
        };
        lanes.order.remove(&(header.lane, id));
        lanes.live.remove(&id);
        if lanes.ready.remove(&id) {
            self.settle_ready(header.account, header.lane);
        }
    }

    /// Makes the first in line of a lane the ready one, after one delivery has come or gone.
    fn settle_ready(&mut self, account: u16, lane: u64) {
        let mut in_line = self.lane(account, lane).filter(|(_, h)| h.in_line());
        let first = in_line.next().map(|(id, _)| id);
        let second = in_line.next().map(|(id, _)| id);
        drop(in_line);
        let Some(lanes) = self.lanes.get_mut(usize::from(account)) else {
            return;
        };
        if let Some(first) = first
            && lanes.ready.insert(first)
            && let Some(second) = second
        {
            lanes.ready.remove(&second);
        }
    }
}

fn needy<'a>(headers: impl Iterator<Item = (DeliveryId, &'a Header)>) -> BTreeSet<DeliveryId> {
    let needy = headers.filter(|(_, header)| header.needs_id);
    needy.map(|(id, _)| id).collect()
}

#[cfg(test)]
impl Index {
    /// Panics where the lanes and the headers disagree.
    pub fn check(&self) {
        assert_eq!(self.undated, self.iter().filter(|(_, h)| h.undated).count());
        assert_eq!(self.needy, needy(self.iter()));
        for (account, lanes) in self.lanes.iter().enumerate() {
            let mine = |h: &&Header| usize::from(h.account) == account;
            let of_account: Vec<_> = self.iter().filter(|(_, h)| mine(h)).collect();
            let order: BTreeSet<_> = of_account.iter().map(|(id, h)| (h.lane, *id)).collect();
            assert_eq!(lanes.order, order);
            let live = of_account.iter().filter(|(_, h)| h.is_live());
            assert_eq!(lanes.live, live.map(|(id, _)| *id).collect());
            let mut first: BTreeMap<u64, DeliveryId> = BTreeMap::new();
            for (id, header) in of_account.iter().filter(|(_, h)| h.in_line()) {
                first.entry(header.lane).or_insert(*id);
            }
            assert_eq!(lanes.ready, first.into_values().collect());
        }
    }
}
