//! What lies on disk: keys and records. The store guards every record with a checksum; here each begins with the version
//! of its layout.
//!
//! | key | record | written |
//! | --- | --- | --- |
//! | `t` | [`Tally`]: counters and what ought to be there | with every batch |
//! | `a` number | `AccountKey` | when an account is first seen |
//! | `p` delivery | [`Payload`]: event id, call and event | at append; again only if redated or made afresh |
//! | `d` block | [`Block`]: what is needed to plan, of up to 16 deliveries in a row | when one of them comes or goes |
//! | `m` delivery | [`Attempts`]: how many, frozen request, last words | at every attempt and answer |
//! | `v` viewing | [`Remembrance`] | at every step |
//! | `c` viewing | `Playback`: what completed it, or plays it | at every step |
//! | `e` viewing | `u64`: the entry of the player's playlist that it was, if that is known | with `c` |
//! | `o` viewing | [`Outcomes`]: what the accounts said | when something other than a live event is settled |
//! | `s` session | `Span` | while open |
//! | `u` session | the `AccountKey`s that it is told to | with `s`, when they change |
//! | `l` account, session | nothing: the account was told of it | with the first attempt of a live event, until its stop is settled |
//! | `h` number | `Note`: what the history must be told of a stop | at append, until it was told |
//! | `n` | `SessionId`: of the last stop that the history was told of | when it was told |
//! | `w` | how many lines of the history are known to be lost | when that has changed |
//! | `i` title | [`Known`] ids | when learnt |
//! | `r` account, lane | `Wall`: when the newest resume point delivered of a title was true | when one is delivered |
//! | `x` slot | fingerprint of an appended event | at append |
//! | `q` key | a record that could not be read | when found |
//!
//! The blocks are an index over the payloads, so that a long queue loads quickly: if they cannot be read or do not tally,
//! they are made anew from the payloads.
//!
//! A change of any layout, be it in `model`, makes the golden test fail: raise [`VERSION`], keep the old layout as a frozen
//! module and convert on reading.

use std::borrow::Borrow;
use std::fmt::Display;
use std::ops::RangeInclusive;

use postcard::ser_flavors::Flavor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{TitleKey, milliseconds, plausible};
use crate::model::{
    Action, DeliveryId, EventId, Ids, Lifecycle, SessionId, Viewing, ViewingId, Wall,
};
use crate::service::{Call, Frozen};
use crate::store::{StoreError, StoreErrorKind};

/// The version written.
pub const VERSION: u8 = 1;

/// A key of one letter and eight bytes; without an allocation, as most are only looked up.
fn key(kind: u8, number: u64) -> [u8; 9] {
    let [a, b, c, d, e, f, g, h] = number.to_be_bytes();
    [kind, a, b, c, d, e, f, g, h]
}

/// The number in such a key; the last of all has no next one, and is none of ours.
pub fn number(key: &[u8]) -> Option<u64> {
    let bytes = key.get(1..)?;
    let number = u64::from_be_bytes(bytes.try_into().ok()?);
    (number < u64::MAX).then_some(number)
}

pub const TALLY: &[u8] = b"t";

pub fn account(number: u16) -> [u8; 9] {
    key(b'a', number.into())
}

/// Deliveries whose entries lie in one block.
const BLOCK: u64 = 16;

/// The block that a delivery's entry is in.
pub fn block_of(id: DeliveryId) -> u64 {
    id.0 / BLOCK
}

/// The deliveries whose entries are in a block.
pub fn in_block(block: u64) -> RangeInclusive<DeliveryId> {
    let first = block.saturating_mul(BLOCK);
    DeliveryId(first)..=DeliveryId(first.saturating_add(BLOCK - 1))
}

pub fn block(block: u64) -> [u8; 9] {
    key(b'd', block)
}

pub fn payload(id: DeliveryId) -> [u8; 9] {
    key(b'p', id.0)
}

pub fn attempts(id: DeliveryId) -> [u8; 9] {
    key(b'm', id.0)
}

pub fn viewing(id: ViewingId) -> [u8; 9] {
    key(b'v', id.0)
}

pub fn played_in(id: ViewingId) -> [u8; 9] {
    key(b'c', id.0)
}

pub fn entry(id: ViewingId) -> [u8; 9] {
    key(b'e', id.0)
}

pub fn outcomes(id: ViewingId) -> [u8; 9] {
    key(b'o', id.0)
}

pub fn span(id: SessionId) -> Vec<u8> {
    [b"s".as_slice(), id.0.as_bytes()].concat()
}

pub fn told_to(id: SessionId) -> Vec<u8> {
    [b"u".as_slice(), id.0.as_bytes()].concat()
}

/// The session in such a key.
pub fn session_of(key: &[u8]) -> Option<SessionId> {
    Some(SessionId(uuid::Uuid::from_slice(key.get(1..)?).ok()?))
}

pub fn heard(account: u16, session: SessionId) -> Vec<u8> {
    [
        b"l".as_slice(),
        &account.to_be_bytes(),
        session.0.as_bytes(),
    ]
    .concat()
}

/// The account and session in such a key.
pub fn heard_of(key: &[u8]) -> Option<(u16, SessionId)> {
    let (account, session) = key.get(1..)?.split_at_checked(2)?;
    let account = u16::from_be_bytes(account.try_into().ok()?);
    Some((account, SessionId(uuid::Uuid::from_slice(session).ok()?)))
}

pub fn newest((account, lane): (u16, u64)) -> Vec<u8> {
    [b"r".as_slice(), &account.to_be_bytes(), &lane.to_be_bytes()].concat()
}

/// The account and lane in such a key.
pub fn newest_of(key: &[u8]) -> Option<(u16, u64)> {
    let (account, lane) = key.get(1..)?.split_at_checked(2)?;
    let account = u16::from_be_bytes(account.try_into().ok()?);
    Some((account, u64::from_be_bytes(lane.try_into().ok()?)))
}

/// The session of the last stop that the history was told of.
pub const TOLD: &[u8] = b"n";

/// How many lines of the history are known to be lost.
pub const LOST_LINES: &[u8] = b"w";

pub fn note(number: u64) -> [u8; 9] {
    key(b'h', number)
}

pub fn known(title: TitleKey) -> [u8; 9] {
    key(b'i', title.0)
}

pub fn fingerprint(slot: u64) -> [u8; 9] {
    key(b'x', slot)
}

pub fn quarantined(damaged: &[u8]) -> Vec<u8> {
    [b"q", damaged].concat()
}

/// Counters, and what ought to be on disk: a hole shows as a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// The next delivery's number.
    pub next: u64,
    /// Grows with every step; orders viewings and ids by age.
    pub touch: u64,
    /// How many deliveries there are …
    pub deliveries: u64,
    /// … and the sum of their numbers, wrapping.
    pub sum: u64,
    /// How many viewings.
    pub viewings: u32,
    /// How many open sessions.
    pub spans: u32,
}

/// Which call a delivery is, without its particulars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    /// `Call::Event`
    Event,
    /// `Call::ResumePoint`
    ResumePoint,
    /// `Call::History`, `Call::HistoryOf`
    History,
}

impl From<&Call> for Kind {
    fn from(call: &Call) -> Self {
        match call {
            Call::Event => Self::Event,
            Call::ResumePoint => Self::ResumePoint,
            Call::History { .. } | Call::HistoryOf(_) => Self::History,
        }
    }
}

/// What memory must know of a delivery, whether or not it is ever attempted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub account: u16,
    pub kind: Kind,
    pub action: Action,
    pub watched: bool,
    pub viewing: ViewingId,
    pub session: SessionId,
    pub title: Option<TitleKey>,
    /// The title's id if it was known at append; otherwise the id cache may know it by now.
    pub tmdb: Option<u64>,
    /// When the event happened; `None`: before this boot.
    pub made: Option<Made>,
    /// The wall clock was wrong when the event happened.
    pub undated: bool,
}

/// A time by the boot clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    pub boot_id: u64,
    /// Milliseconds after that boot.
    pub at: u64,
}

/// Entries in a row.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Block(pub Vec<(DeliveryId, Entry)>);

/// What is sent, and everything that its entry says. Written from a borrowed event, read as one of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Payload<E = Lifecycle> {
    pub account: u16,
    pub title: Option<TitleKey>,
    pub tmdb: Option<u64>,
    pub boot_id: u64,
    pub event_id: EventId,
    pub call: Call,
    pub event: E,
}

impl<E: Borrow<Lifecycle>> From<&Payload<E>> for Entry {
    fn from(payload: &Payload<E>) -> Self {
        let event = payload.event.borrow();
        Self {
            account: payload.account,
            kind: (&payload.call).into(),
            action: event.action,
            watched: event.watched,
            viewing: event.viewing,
            session: event.session,
            title: payload.title,
            tmdb: payload.tmdb,
            made: Some(Made {
                boot_id: payload.boot_id,
                at: milliseconds(event.at),
            }),
            undated: !plausible(event.at.wall),
        }
    }
}

/// How far a delivery has come. Absent: never attempted, waits for nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Attempts {
    pub count: u16,
    /// An attempt has begun and has not ended; found at start: its end is unknown.
    pub begun: bool,
    /// An earlier attempt ended without a clear answer.
    pub in_doubt: bool,
    pub dead: bool,
    pub needs_id: bool,
    /// As sent first, and ever after.
    pub request: Option<Frozen>,
    pub first_attempt_at: Option<Wall>,
    pub last_error: Option<String>,
}

/// A viewing, borrowed when it is written, and when it was last touched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Remembrance<V = Viewing> {
    pub touch: u64,
    pub viewing: V,
}

/// The ids of a title and when they were learnt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    pub touch: u64,
    pub ids: Ids,
}

/// What became of a viewing at the accounts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outcomes(pub Vec<Outcome>);

/// What became of it at one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub account: u16,
    /// Speaks of the completion, which outranks everything else.
    pub completion: bool,
    pub delivered: bool,
    pub answer: Option<String>,
}

/// Why a record cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// A later reeld wrote it.
    Newer,
    /// It makes no sense.
    Damaged,
}

/// The bytes of a record.
pub fn encode<T: Serialize>(record: &T) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::with_capacity(USUAL);
    bytes.push(VERSION);
    postcard::serialize_with_flavor(record, Bytes(bytes)).map_err(|error| cannot("encode", &error))
}

/// Bytes that most records do with.
const USUAL: usize = 256;

/// What is encoded goes here. (`postcard::to_extend` takes its bytes one by one.)
struct Bytes(Vec<u8>);

impl Flavor for Bytes {
    type Output = Vec<u8>;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Vec<u8>> {
        Ok(self.0)
    }
}

fn cannot(what: &str, error: &dyn Display) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Io,
        message: format!("cannot {what} a record: {error}"),
    }
}

/// The record in these bytes.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unreadable> {
    let (version, rest) = bytes.split_first().ok_or(Unreadable::Damaged)?;
    match *version {
        VERSION => {}
        version if version > VERSION => return Err(Unreadable::Newer),
        _ => return Err(Unreadable::Damaged),
    }
    match postcard::take_from_bytes(rest) {
        Ok((record, [])) => Ok(record),
        _ => Err(Unreadable::Damaged),
    }
}
