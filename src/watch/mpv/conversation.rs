//! What is said to one mpv and what is made of its answers. Pure: no socket, no clock.
//!
//! ```text
//!            start-file                file-loaded              read complete
//!  Unknown ─────────────► Loading ───────────────► Opening ───────────────────► Open
//!     │  read: nothing      ▲ ▲                       │ end-file                  │ end-file
//!     └─────────────► Idle ─┘ └───────────────────────┴───────────── Idle ◄───────┘ (Ended)
//!     │  read: something open                                                     ▲
//!     └───────────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! - **What is open** is read in one batch of `get_property`, never pieced together from change notifications: those
//!   come late, in no promised order, and go "unavailable" before `end-file` does. A change of such a property only
//!   makes the batch be read again, once things have settled.
//! - **The fence.** mpv answers requests at once but queues its events, so an answer may already speak of the next
//!   file while the `end-file` of this one is still under way. Before it serves a request it sends the events queued
//!   by then; so one more request after the batch brings in every event that is older than the batch's answers. Only
//!   then is the batch believed; an `end-file` or `start-file` in between discards it.
//! - **Positions** are never observed (they change with every frame). One is asked for when the debouncer asks, and
//!   with each change of transport or speed and after each jump; its answer carries the signal. A change that comes
//!   and goes before the answer is none. An mpv that does not answer holds a change back for [`PATIENCE`].
//! - **A loop** (`loop-playlist` of one file; `loop-file` only seeks) is an entry that ends and starts again at once: mpv falls
//!   idle before anybody can choose it anew.
//! - Signals leave in the order of their stamps.

mod reading;

use std::collections::VecDeque;
use std::time::Duration;

use serde_json::Value;
use tracing::debug;

use crate::model::{EndReason, Item, Moment, Signal, Transport};

use super::protocol::{self, EndFile, Event, Message};

/// How long a change of transport waits for its position.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long properties of the item must be quiet until they are read again.
const SETTLE: Duration = Duration::from_millis(50);
/// At least so long between two readings of the item: a growing file changes its length all the time.
const REREAD: Duration = Duration::from_secs(1);

/// The observed properties; each is observed under its place in here, from 1: mpv leaves out a number that is 0.
pub const OBSERVED: [&str; 10] = [
    // Before `pause`: at a kept-open end both come together, and the end is said first.
    "eof-reached",
    "core-idle",
    "pause",
    "idle-active",
    "speed",
    // From here on: something of the item.
    "vid",
    "media-title",
    "metadata",
    "duration",
    "chapter-list",
];

/// So many of them describe the player, and come once as soon as they are observed.
const LIVE: usize = 5;

/// Answers of this number are of no interest.
const NOBODY: u64 = 0;

/// See the module.
#[derive(Debug)]
pub struct Conversation {
    folder: Option<String>,
    requests: String,
    signals: VecDeque<(Moment, Signal)>,
    last_request: u64,
    last_signal: Option<Moment>,
    playback: Playback,
    live: Live,
    reading: Option<ItemReading>,
    found: Option<EntryReading>,
    reread_at: Option<Duration>,
    read_at: Option<Duration>,
    item: Option<Box<Item>>,
    /// The entry that has just reached its end.
    ended: Option<i64>,
    /// What is open is that one once more.
    repeated: bool,
    transport: Option<Transport>,
    change: Option<Change>,
    wanted: Wanted,
    percent: Option<u64>,
    unseen: Vec<&'static str>,
}

#[derive(Debug, Clone, Copy)]
enum Playback {
    /// Just connected.
    Unknown,
    /// Nothing is open.
    Idle,
    /// An entry is being opened.
    Loading(Option<i64>),
    /// It was opened then; what it is is being read.
    Opening(Option<i64>, Moment),
    /// It was told.
    Open(Option<i64>),
}

/// What mpv last said of itself.
#[derive(Debug)]
struct Live {
    at_end: bool,
    core_idle: bool,
    paused: bool,
    speed: f64,
    jumping: bool,
}

/// A batch of requests: answer `i` has the number `first + i`. The fence is sent when all have come.
#[derive(Debug)]
struct ItemReading {
    first: u64,
    answers: Vec<Option<Value>>,
    missing: usize,
    fence: Option<u64>,
}

/// Which entry of the playlist is open, where no `start-file` has said so: its place is asked for, and by that its id.
#[derive(Debug, Clone, Copy)]
enum EntryReading {
    /// With this request.
    Place(u64),
    /// With this one.
    Id(u64),
    Known(i64),
}

/// A change of transport that waits for its position.
#[derive(Debug, Clone, Copy)]
struct Change {
    seen: Moment,
    request: u64,
}

/// Requests from which on a position serves.
#[derive(Debug, Default)]
struct Wanted {
    jump: Option<u64>,
    asked: Option<u64>,
}

impl Conversation {
    /// Opens it. Requests are numbered from above `last_request`; `folder` is the one that mpv runs in.
    pub fn new(last_request: u64, folder: Option<String>) -> Self {
        let mut requests = protocol::disable("client-message");
        for (id, property) in (1..).zip(OBSERVED) {
            requests.push_str(&protocol::observe(property, id));
        }
        Self {
            folder,
            requests,
            signals: VecDeque::new(),
            last_request,
            last_signal: None,
            playback: Playback::Unknown,
            live: Live {
                at_end: false,
                core_idle: true,
                paused: false,
                speed: 1.0,
                jumping: false,
            },
            reading: None,
            found: None,
            reread_at: None,
            read_at: None,
            item: None,
            ended: None,
            repeated: false,
            transport: None,
            change: None,
            wanted: Wanted::default(),
            percent: None,
            unseen: OBSERVED.into_iter().take(LIVE).collect(),
        }
    }

    /// Takes a message.
    pub fn handle(&mut self, message: Message, now: Moment) {
        match message {
            Message::Event(event) => self.event(event, now),
            Message::Reply(id, value) => self.reply(id, value, now),
            Message::Other => {}
        }
    }

    /// A position is wanted.
    pub fn ask(&mut self) {
        if matches!(self.playback, Playback::Open(_)) {
            self.wanted.asked = Some(self.request("time-pos"));
        }
    }

    /// The next signal.
    pub fn poll_signal(&mut self) -> Option<(Moment, Signal)> {
        self.signals.pop_front()
    }

    /// Lines to send to mpv.
    pub fn take_requests(&mut self) -> String {
        std::mem::take(&mut self.requests)
    }

    /// When `handle_timeout` wants to be called, in monotonic time.
    pub fn poll_timeout(&self) -> Option<Duration> {
        let change = self.change.map(|change| change.seen.mono + PATIENCE);
        self.reread_at.into_iter().chain(change).min()
    }

    /// Does what is due.
    pub fn handle_timeout(&mut self, now: Moment) {
        if self
            .change
            .is_some_and(|change| change.seen.mono + PATIENCE <= now.mono)
        {
            self.tell_change(None);
        }
        if self.reread_at.is_some_and(|due| due <= now.mono) {
            self.reread_at = None;
            self.read_at = Some(now.mono);
            self.read_item();
        }
    }

    /// Whether what was open when the conversation began has been told.
    pub fn is_introduced(&self) -> bool {
        !matches!(self.playback, Playback::Unknown | Playback::Opening(..))
    }

    fn event(&mut self, event: Event, now: Moment) {
        match event {
            Event::StartFile(entry) => {
                self.end(EndReason::Stopped, now);
                self.repeated = entry.is_some() && entry == self.ended.take();
                self.playback = Playback::Loading(entry);
            }
            Event::FileLoaded => self.loaded(now),
            Event::EndFile(entry, reason) => self.end_file(entry, reason, now),
            Event::Seek => self.live.jumping = true,
            Event::PlaybackRestart => self.restarted(),
            Event::Property(id, data) => {
                let place = usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
                if let Some(name) = place.and_then(|place| OBSERVED.get(place)) {
                    self.property(name, data.as_ref(), now);
                    self.seen(name);
                }
            }
        }
    }

    /// The first look at what is open waits until it is known whether it plays.
    fn seen(&mut self, name: &str) {
        if self.unseen.is_empty() {
            return;
        }
        self.unseen.retain(|unseen| *unseen != name);
        if self.unseen.is_empty() && matches!(self.playback, Playback::Unknown) {
            self.read_item();
        }
    }

    fn loaded(&mut self, now: Moment) {
        let entry = match self.playback {
            // Told already: it was found half open when the conversation began.
            Playback::Open(_) => return self.schedule_reread(now),
            Playback::Loading(entry) => entry,
            Playback::Unknown | Playback::Idle | Playback::Opening(..) => None,
        };
        self.playback = Playback::Opening(entry, now);
        self.read_item();
    }

    fn end_file(&mut self, entry: Option<i64>, reason: EndFile, now: Moment) {
        let present = self.entry();
        if present.zip(entry).is_some_and(|(a, b)| a != b) {
            debug!(?entry, ?present, "end-file of another entry, ignored");
            return;
        }
        match reason {
            EndFile::Eof => {
                let was_open = matches!(self.playback, Playback::Open(_));
                self.end(EndReason::Eof, now);
                self.ended = entry.filter(|_| was_open);
            }
            EndFile::Stop => self.end(EndReason::Stopped, now),
            EndFile::Error => self.end(EndReason::Error, now),
            // Nothing of a playlist file was ever open; what is in it starts next.
            EndFile::Redirect => {}
        }
    }

    /// The entry of what is open, or being opened.
    fn entry(&self) -> Option<i64> {
        match (self.playback, self.found) {
            (Playback::Open(entry) | Playback::Opening(entry, _) | Playback::Loading(entry), _) => {
                entry
            }
            (Playback::Unknown, Some(EntryReading::Known(entry))) => Some(entry),
            (Playback::Unknown | Playback::Idle, _) => None,
        }
    }

    fn end(&mut self, reason: EndReason, now: Moment) {
        if matches!(self.playback, Playback::Open(_)) {
            // mpv falls idle on its way to `end-file`: that is no stalling.
            if self.state() == Transport::Buffering {
                self.change = None;
            }
            self.tell_change(None);
            self.tell(now, Signal::Ended(reason));
        }
        self.playback = Playback::Idle;
        self.found = None;
        self.live.jumping = false;
        self.live.at_end = false;
        self.reading = None;
        self.reread_at = None;
        self.read_at = None;
        self.item = None;
        self.transport = None;
        self.change = None;
        self.wanted = Wanted::default();
    }

    /// Also comes when the first frame does: then it is no jump, but the position may be known only now.
    fn restarted(&mut self) {
        let jumped = std::mem::take(&mut self.live.jumping);
        if !matches!(self.playback, Playback::Open(_)) {
            return;
        }
        let request = self.request("time-pos");
        if jumped {
            self.wanted.jump = Some(request);
        } else {
            self.wanted.asked = Some(request);
        }
    }

    fn property(&mut self, name: &str, data: Option<&Value>, now: Moment) {
        let flag = data.and_then(Value::as_bool);
        let open = matches!(self.playback, Playback::Open(_));
        match name {
            "eof-reached" => {
                let was = std::mem::replace(&mut self.live.at_end, flag == Some(true));
                if open && !was && self.live.at_end {
                    self.tell(now, Signal::ReachedEnd);
                }
            }
            "core-idle" => {
                self.live.core_idle = flag.unwrap_or(true);
                self.changed(now);
            }
            "pause" => {
                self.live.paused = flag.unwrap_or(self.live.paused);
                self.changed(now);
            }
            "idle-active" if flag == Some(true) => {
                self.ended = None;
                match self.playback {
                    Playback::Open(_) => self.schedule_reread(now),
                    Playback::Idle => self.tell_stopped(now),
                    _ => {}
                }
            }
            "idle-active" => {}
            "speed" => self.speed(data.and_then(Value::as_f64), now),
            _ if open || matches!(self.playback, Playback::Opening(..)) => {
                self.schedule_reread(now);
            }
            _ => {}
        }
    }

    fn speed(&mut self, speed: Option<f64>, now: Moment) {
        let Some(speed) = speed.filter(|speed| speed.is_finite() && *speed > 0.0) else {
            return;
        };
        let changed = (speed - self.live.speed).abs() > f64::EPSILON;
        self.live.speed = speed;
        if changed && matches!(self.playback, Playback::Open(_)) {
            self.tell(now, Signal::Rate(speed));
            self.wanted.asked = Some(self.request("time-pos"));
        }
    }

    fn state(&self) -> Transport {
        if self.live.paused {
            Transport::Paused
        } else if self.live.core_idle {
            Transport::Buffering
        } else {
            Transport::Playing
        }
    }

    fn changed(&mut self, now: Moment) {
        let open = matches!(self.playback, Playback::Open(_));
        if open && self.change.is_none() && self.transport != Some(self.state()) {
            let request = self.request("time-pos");
            self.change = Some(Change { seen: now, request });
        }
    }

    fn reply(&mut self, id: u64, value: Option<Value>, now: Moment) {
        if id == NOBODY || self.entry_reply(id, value.as_ref()) {
            return;
        }
        let Some(reading) = &mut self.reading else {
            return self.position(id, value.as_ref(), now);
        };
        let place = id.checked_sub(reading.first).map(usize::try_from);
        if reading.fence == Some(id) {
            self.item_read(seconds(value.as_ref()), now);
        } else if let Some(Ok(place)) = place
            && let Some(answer) = reading.answers.get_mut(place)
        {
            *answer = value;
            reading.missing = reading.missing.saturating_sub(1);
            if reading.missing == 0 && reading.fence.is_none() {
                let fence = self.request("time-pos");
                if let Some(reading) = &mut self.reading {
                    reading.fence = Some(fence);
                }
            }
        } else {
            self.position(id, value.as_ref(), now);
        }
    }

    /// Whether it was the answer to a request for the entry that is open.
    fn entry_reply(&mut self, id: u64, value: Option<&Value>) -> bool {
        let number = value.and_then(Value::as_i64);
        self.found = match self.found {
            Some(EntryReading::Place(request)) if request == id => {
                let place = number.filter(|place| *place >= 0);
                place.map(|place| EntryReading::Id(self.request(&format!("playlist/{place}/id"))))
            }
            Some(EntryReading::Id(request)) if request == id => number.map(EntryReading::Known),
            _ => return false,
        };
        true
    }

    fn position(&mut self, id: u64, value: Option<&Value>, now: Moment) {
        let is_percent = self.percent == Some(id);
        let duration = self.item.as_ref().and_then(|item| item.duration);
        let position = match (seconds(value), duration) {
            (Some(percent), Some(duration)) if is_percent => Some(percent / 100.0 * duration),
            (Some(seconds), _) if !is_percent => Some(seconds),
            (None, Some(_)) if !is_percent && self.awaits(id) => {
                self.percent = Some(self.request("percent-pos"));
                return;
            }
            _ => None,
        };
        self.answer(id, position, now);
    }

    fn awaits(&self, id: u64) -> bool {
        let change = self.change.map(|change| change.request);
        [change, self.wanted.jump, self.wanted.asked]
            .into_iter()
            .flatten()
            .any(|request| request <= id)
    }

    fn answer(&mut self, id: u64, position: Option<f64>, now: Moment) {
        let serves = |request: &mut u64| *request <= id;
        let jumped = self.wanted.jump.take_if(serves).is_some();
        let mut asked = self.wanted.asked.take_if(serves).is_some();
        if let Some(change) = self.change
            && change.request <= id
        {
            asked |= self.tell_change(position);
        }
        if let Some(seconds) = position.filter(|_| jumped || asked) {
            let seeked = jumped;
            self.tell(now, Signal::Position { seconds, seeked });
        }
    }

    /// Tells a change that is waiting; true if there is nothing to tell any more.
    fn tell_change(&mut self, position: Option<f64>) -> bool {
        let Some(change) = self.change.take() else {
            return false;
        };
        let state = self.state();
        if self.transport == Some(state) {
            return true;
        }
        self.transport = Some(state);
        self.tell(change.seen, Signal::Transport { state, position });
        false
    }

    fn tell_stopped(&mut self, now: Moment) {
        if self.transport != Some(Transport::Stopped) {
            let state = Transport::Stopped;
            self.transport = Some(state);
            let position = None;
            self.tell(now, Signal::Transport { state, position });
        }
    }

    fn request(&mut self, property: &str) -> u64 {
        self.last_request += 1;
        self.requests
            .push_str(&protocol::get(property, self.last_request));
        self.last_request
    }

    /// Stamps never go back: a change that waited for its position may be older than what was told meanwhile.
    fn tell(&mut self, at: Moment, signal: Signal) {
        let at = match self.last_signal {
            Some(last) if last.mono > at.mono => last,
            _ => at,
        };
        self.last_signal = Some(at);
        self.signals.push_back((at, signal));
    }
}

/// Seconds or per cent; a start time may make mpv answer a little less than 0.
fn seconds(value: Option<&Value>) -> Option<f64> {
    let seconds = value?.as_f64()?;
    seconds.is_finite().then_some(seconds.max(0.0))
}

#[cfg(test)]
mod tests;
