//! Ids of titles, remembered: what one service or file told helps every later delivery of the same title.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::record::Known;
use crate::model::{AccountKey, EventId, Ids, MediaType, SessionId, ViewingKey};
use crate::service::Call;
use crate::service::numbering::Unplaced;

/// Most titles whose ids are kept; the ones learnt longest ago go first.
pub const MOST_TITLES: usize = 5_000;

/// A film's or series' type, normalised title and year as one number that stays the same across versions. Its lowest bit
/// tells series from films.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TitleKey(pub u64);

impl TitleKey {
    /// `None` for what has no title.
    #[must_use]
    pub fn of(key: &ViewingKey) -> Option<Self> {
        let media_type = key.media_type.filter(|_| !key.title.is_empty())?;
        let mut hash = Fnv::default();
        hash.add(key.title.as_bytes());
        hash.add(&[0]);
        hash.add(&key.year.unwrap_or(0).to_be_bytes());
        let series = u64::from(media_type == MediaType::Episode);
        Some(Self((hash.0 & !1) | series))
    }

    /// The lane of this title: all titles with one TMDB id share it; without an id each has its own.
    pub(super) fn lane(self, tmdb: Option<u64>) -> u64 {
        let Some(tmdb) = tmdb else { return self.0 };
        let mut hash = Fnv::default();
        hash.add(&[1, (self.0 & 1) as u8]);
        hash.add(&tmdb.to_be_bytes());
        hash.0
    }
}

/// FNV-1a, 64 bits: small, and the same for ever.
pub(super) struct Fnv(pub u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    pub fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// The event id of a session's stop at an account: always the same, and never that of another session.
pub(super) fn id_of_stop(session: SessionId, account: &AccountKey, call: &Call) -> EventId {
    let mut halves = [Fnv::default(), Fnv::default()];
    for (half, number) in halves.iter_mut().zip(0u8..) {
        half.add(&[number]);
        half.add(account.service.as_str().as_bytes());
        for text in [Some(&account.user), account.profile.as_ref()] {
            half.add(&[0, u8::from(text.is_some())]);
            half.add(text.map_or("", String::as_str).as_bytes());
        }
        half.add(&match call {
            Call::Event => [0; 9],
            Call::ResumePoint => [1; 9],
            Call::History { episode } => {
                let (season, episode) = episode.unwrap_or_default();
                let [a, b, c, d] = season.to_be_bytes();
                let [e, f, g, h] = episode.to_be_bytes();
                [2, a, b, c, d, e, f, g, h]
            }
            Call::HistoryOf(Unplaced::Absolute(number)) => {
                let [a, b, c, d] = number.to_be_bytes();
                [3, a, b, c, d, 0, 0, 0, 0]
            }
            Call::HistoryOf(Unplaced::Aired(date)) => {
                let [a, b] = date.year.to_be_bytes();
                [4, a, b, date.month, date.day, 0, 0, 0, 0]
            }
        });
    }
    let [high, low] = halves.map(|half| u128::from(half.0));
    let bits = session.0.as_u128() ^ (high << 64 | low);
    EventId(uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid())
}

/// Whose word ids are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The user's or the file's: replaces what was known.
    Evidence,
    /// A service's: adds what was not known.
    Answer,
}

/// What is known of titles.
#[derive(Debug, Default)]
pub struct IdCache(BTreeMap<TitleKey, Known>);

impl IdCache {
    pub fn get(&self, title: TitleKey) -> Option<&Ids> {
        self.0.get(&title).map(|known| &known.ids)
    }

    /// What would be known after learning `ids`; `None` if that changes nothing.
    pub fn with(&self, title: TitleKey, ids: &Ids, trust: Trust) -> Option<Ids> {
        let before = self.get(title).cloned().unwrap_or_default();
        let (mut first, second) = match trust {
            Trust::Evidence => (ids.clone(), &before),
            Trust::Answer => (before.clone(), ids),
        };
        first.fill_from(second);
        (first != before).then_some(first)
    }

    pub fn put(&mut self, title: TitleKey, known: Known) {
        self.0.insert(title, known);
    }

    /// The one to forget when another title comes in.
    pub fn surplus(&self, coming: TitleKey) -> Option<TitleKey> {
        if self.0.len() < MOST_TITLES || self.0.contains_key(&coming) {
            return None;
        }
        let oldest = self.0.iter().min_by_key(|(_, known)| known.touch);
        oldest.map(|(title, _)| *title)
    }

    pub fn remove(&mut self, title: TitleKey) {
        self.0.remove(&title);
    }
}
