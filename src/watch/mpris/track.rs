//! One player: raw properties in, signals out. No bus, no clock.
//!
//! **Identity of an item** is its URL; without one, its title and length together. A length that goes from unknown to
//! known, a title that is filled in late, are more known of the same item. Track ids are a hint only: some players
//! never change them.
//!
//! **Parts settle.** Metadata arrives in parts, so a change is told [`SETTLE`] after the first part of it, as it is by
//! then. A changed URL is certain at once and told at once. Without a URL a changed title and length is another item
//! unless the position plainly goes on, and the position is asked for before that is decided.
//!
//! **Positions** are told as they are answered, and are read after every change. Nothing that comes with or after
//! `Stopped` is believed: several players zero it in that very signal.
//!
//! **Bursts** (a playlist skipped through, a slider dragged, a player gone mad) are told by their first and their last:
//! what follows within [`SETTLE`] waits for the end of it, and the position is then read once.

mod film;
mod open;

use std::time::Duration;

use self::open::{Open, Relation, differ};
use super::location;
use super::lookup::{Found, Lookup};
use super::quirks::Quirk;
use super::values::{Metadata, Properties};
use crate::model::{EndReason, Item, Location, Moment, Signal, Transport, Video};

/// Within this, parts of one change arrive.
pub const SETTLE: Duration = Duration::from_millis(300);
/// While the length of a playing item is unknown it is looked for again after each of these.
const LENGTH_AGAIN: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
    Duration::from_secs(8),
];
/// A position that is still 0 after this long of playing is no position.
const ZERO_FOR: Duration = Duration::from_secs(10);
/// Seconds; lengths that differ by less are the same, differently rounded.
const SAME_LENGTH: f64 = 1.5;

/// What is to be read from the player now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Read {
    /// `Position`.
    Position,
    /// All properties.
    All,
}

/// What a read of the position gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Answer {
    /// As sent.
    Position(f64),
    /// The player says that it has none.
    Unsupported,
}

/// A player as its properties tell it.
#[derive(Debug, Default)]
pub struct Track {
    quirk: Quirk,
    status: Option<Transport>,
    loops: bool,
    rate: f64,
    metadata: Metadata,
    open: Option<Open>,
    /// The length that was shown before the present URL was.
    length_before: Option<f64>,
    /// Parts of a change are awaited until then (`Moment::mono`).
    settle: Option<Duration>,
    /// Told last.
    told: Option<Transport>,
    told_rate: f64,
    /// When an item was last opened, and a position last told or wished for without being asked.
    opened: Option<Duration>,
    unasked: Option<Duration>,
    /// Another came before that could be done again.
    held: Option<Read>,
    /// See `film.rs`.
    film_is_doubtful: bool,
    film_looks: u8,
    /// A path of the document portal and the path on the host that it stands for.
    host: Option<(String, String)>,
    /// The file that was looked into last, and what was found.
    inside: Option<(String, Video)>,
    signals: Vec<Signal>,
    read: Option<Read>,
    lookups: Vec<Lookup>,
}

impl Track {
    /// A player of which nothing is known yet.
    pub fn new(quirk: Quirk) -> Self {
        Self {
            quirk,
            rate: 1.0,
            told_rate: 1.0,
            ..Self::default()
        }
    }

    /// Takes what was said since the last call, in order.
    pub fn signals(&mut self) -> Vec<Signal> {
        std::mem::take(&mut self.signals)
    }

    /// Takes the wish to read something.
    pub fn read(&mut self) -> Option<Read> {
        let read = self.read.take()?;
        if self.quirk.position_is_fake && read == Read::Position {
            return None;
        }
        Some(read)
    }

    /// Takes the wishes to find out something elsewhere.
    pub fn lookups(&mut self) -> Vec<Lookup> {
        std::mem::take(&mut self.lookups)
    }

    /// When `timeout` is to be called, on `Moment::mono`.
    pub fn deadline(&self) -> Option<Duration> {
        let again = self.open.as_ref().and_then(|open| open.again);
        self.settle.into_iter().chain(again).min()
    }

    /// The position is wanted; what is still unknown of the item is read along.
    pub fn asked(&mut self) {
        self.look_again();
        let known = (self.open.as_ref()).is_some_and(|open| open.item.duration.is_some());
        self.want(if known { Read::Position } else { Read::All });
    }

    /// Properties changed.
    pub fn changed(&mut self, found: Properties, now: Moment) {
        let position = found.position;
        if self.take(found, now) {
            self.want_position(now);
        }
        if let Some(raw) = position {
            self.unasked(raw, false, now);
        }
    }

    /// All properties were read.
    pub fn read_all(&mut self, found: Properties, now: Moment) {
        let position = found.position;
        self.take(found, now);
        match position {
            Some(raw) => self.position(raw, false, now),
            None => self.want(Read::Position),
        }
    }

    /// Takes all but the position; says whether that made a difference.
    fn take(&mut self, found: Properties, now: Moment) -> bool {
        let new_metadata = found.metadata.is_some_and(|metadata| {
            let new = metadata != self.metadata;
            if metadata.url != self.metadata.url {
                self.length_before = self.metadata.length.or(self.length_before);
            }
            self.metadata = metadata;
            new
        });
        let new_status = found.status.is_some() && found.status != self.status;
        self.status = found.status.or(self.status);
        self.rate = found.rate.unwrap_or(self.rate);
        self.loops = found.loops.unwrap_or(self.loops);
        if new_metadata || new_status || found.can_seek {
            self.doubt_film(now);
        }
        if self.status == Some(Transport::Stopped) {
            self.stopped();
            return false;
        }
        if new_metadata || new_status {
            self.reconsider(now);
        }
        self.tell_transport(now);
        new_metadata || new_status
    }

    /// Properties changed, and the player did not say to what.
    pub fn invalidated(&mut self, now: Moment) {
        if is_recent(self.unasked, now) {
            return self.hold(Read::All, now);
        }
        self.unasked = Some(now.mono);
        self.want(Read::All);
    }

    /// The player says that it jumped.
    pub fn seeked(&mut self, raw: Option<f64>, now: Moment) {
        match raw {
            Some(raw) => self.unasked(raw, true, now),
            None => self.want_position(now),
        }
    }

    /// What was looked up was found.
    pub fn found(&mut self, found: Found, now: Moment) {
        match (found, &mut self.open) {
            (Found::HostPath(portal, path), _) => {
                self.host = Some((portal, path));
                if self.status != Some(Transport::Stopped) {
                    self.reconsider(now);
                }
            }
            (Found::OpenFilm(path), _) => self.film_found(path, now),
            (Found::Video(path, video), open) => {
                if let Some(Open { item, .. }) = open
                    && item.location == Some(Location::Path(path.clone()))
                    && item.video != video
                {
                    item.video = video;
                    self.signals.push(Signal::Refined(Box::new(item.clone())));
                }
                self.inside = Some((path, video));
            }
        }
    }

    /// A read of the position was answered.
    pub fn answered(&mut self, answer: Answer, now: Moment) {
        match answer {
            Answer::Position(raw) => self.position(raw, false, now),
            Answer::Unsupported => self.unknown(),
        }
    }

    /// What was due by now.
    pub fn timeout(&mut self, now: Moment) {
        if self.settle.is_some_and(|at| at <= now.mono) {
            self.settle = None;
            self.settled(now);
        }
        if let Some(open) = &mut self.open
            && open.again.is_some_and(|at| at <= now.mono)
        {
            open.again = None;
            open.tries += 1;
            self.want(Read::All);
            self.reconsider(now);
            self.look_for_length(now);
        }
    }

    fn want(&mut self, read: Read) {
        if self.status != Some(Transport::Stopped) || read == Read::All {
            self.read = self.read.max(Some(read));
        }
    }

    /// Reads the position because something changed: at once, or after a burst of changes.
    fn want_position(&mut self, now: Moment) {
        if self.undecided() || !is_recent(self.unasked, now) {
            self.unasked = Some(now.mono);
            self.want(Read::Position);
        } else {
            self.hold(Read::Position, now);
        }
    }

    /// Reads at the end of the burst.
    fn hold(&mut self, read: Read, now: Moment) {
        self.held = self.held.max(Some(read));
        self.wait(now);
    }

    fn wait(&mut self, now: Moment) {
        self.settle.get_or_insert(now.mono + SETTLE);
    }

    fn stopped(&mut self) {
        self.settle = None;
        self.held = None;
        self.read = None;
        self.film_is_doubtful = false;
        self.end();
        if self.told != Some(Transport::Stopped) {
            self.told = Some(Transport::Stopped);
            self.signals.push(Signal::Transport {
                state: Transport::Stopped,
                position: None,
            });
        }
    }

    fn end(&mut self) {
        if self.open.take().is_some() {
            self.signals.push(Signal::Ended(EndReason::Stopped));
        }
    }

    /// The metadata or the status changed: what is certain is told, the rest is waited for.
    fn reconsider(&mut self, now: Moment) {
        let item = self.item();
        match &self.open {
            _ if self.says_nothing() => self.wait(now),
            None if item.location.is_some() => self.open(item, now),
            None => self.wait(now),
            Some(open) => match self.relation(open, &item) {
                Relation::Another if is_recent(self.opened, now) => self.wait(now),
                Relation::Another => self.open(item, now),
                Relation::Same if item == open.item => {}
                Relation::Same | Relation::Perhaps => self.wait(now),
            },
        }
    }

    /// The parts are together.
    fn settled(&mut self, now: Moment) {
        let item = self.item();
        if let Some(read) = self.held.take() {
            self.unasked = Some(now.mono);
            self.want(read);
        }
        if self.status == Some(Transport::Stopped) {
            return;
        }
        if std::mem::take(&mut self.film_is_doubtful) {
            self.look_for_film();
        }
        let Some(open) = &self.open else {
            if !self.says_nothing() {
                self.open(item, now);
            }
            return;
        };
        if self.says_nothing() {
            return self.end();
        }
        match self.relation(open, &item) {
            Relation::Another => self.open(item, now),
            Relation::Perhaps if !open.goes_on(self.rate) => self.open(item, now),
            Relation::Same | Relation::Perhaps => self.refine(item, now),
        }
        self.tell_transport(now);
    }

    fn open(&mut self, mut item: Item, now: Moment) {
        let distrusted = self.length_before.filter(|_| self.quirk.length_lingers);
        if item.duration.is_some() && item.duration == distrusted {
            item.duration = None;
        }
        match &item.location {
            Some(place) => {
                let portal = location::portal(place).map(ToOwned::to_owned);
                self.lookups.extend(portal.map(Lookup::HostPath));
            }
            None => self.look_for_film(),
        }
        self.signals.push(Signal::Opened(Box::new(item.clone())));
        self.opened = Some(now.mono);
        self.open = Some(Open {
            item,
            url: self.metadata.url.clone(),
            track: self.metadata.track.clone(),
            by_film: false,
            sample: None,
            moved: false,
            probe: None,
            playing: None,
            unknown: false,
            again: None,
            tries: 0,
            distrusted,
        });
        self.told = None;
        self.tell_transport(now);
        self.look_for_length(now);
        self.look_inside();
        if self.quirk.position_is_fake {
            self.unknown();
        }
        self.want(Read::Position);
    }

    fn refine(&mut self, item: Item, now: Moment) {
        let (track, url) = (self.metadata.track.clone(), self.metadata.url.clone());
        let Some(open) = &mut self.open else { return };
        open.track = track;
        open.url = url;
        open.probe = None;
        if open.item != item {
            let moved = open.item.location != item.location;
            open.item = item.clone();
            self.signals.push(Signal::Refined(Box::new(item)));
            if moved {
                self.look_inside();
            }
        }
        self.look_for_length(now);
    }

    /// As long as it plays and its length is unknown, a few more looks, ever later.
    fn look_for_length(&mut self, now: Moment) {
        let playing = self.status == Some(Transport::Playing);
        let Some(open) = &mut self.open else { return };
        if open.item.duration.is_some() || !playing {
            open.again = None;
        } else if open.again.is_none() {
            open.again = LENGTH_AGAIN.get(open.tries).map(|wait| now.mono + *wait);
        }
    }

    /// The item as the metadata has it now.
    fn said(&self) -> Item {
        let metadata = &self.metadata;
        let location = metadata.url.as_deref().and_then(location::read);
        let location = location.map(|location| self.on_the_host(location));
        let item = Item {
            duration: metadata.length,
            title: metadata.title.clone(),
            tags: metadata.tags.clone(),
            repeated: self.loops,
            entry: metadata.entry,
            ..Item::default()
        };
        match location {
            Some(location) => self.placed(item, location),
            None => item,
        }
    }

    /// The item as the metadata has it now, with what was known before and is no longer said.
    fn item(&self) -> Item {
        let mut item = self.said();
        let Some(open) = &self.open else { return item };
        if item.duration.is_some() && item.duration == open.distrusted && open.tries < 2 {
            item.duration = None;
        }
        if self.relation(open, &item) == Relation::Same {
            let told = &open.item;
            item.duration = item.duration.or(told.duration);
            item.title = item.title.or_else(|| told.title.clone());
            if item.tags.0.is_empty() {
                item.tags.clone_from(&told.tags);
            }
            if item.location.is_none()
                && let Some(location) = &told.location
            {
                item = self.placed(item, location.clone());
            }
        }
        item
    }

    /// The item, there.
    fn placed(&self, item: Item, location: Location) -> Item {
        let inside = self.inside.as_ref();
        let seen = inside.filter(|(path, _)| location == Location::Path(path.clone()));
        Item {
            video: seen.map_or_else(|| location::video(&location), |(_, video)| *video),
            network: location::is_network(&location),
            location: Some(location),
            ..item
        }
    }

    /// A file on this machine that may have a moving picture is looked into, once.
    fn look_inside(&mut self) {
        let item = self.open.as_ref().map(|open| &open.item);
        let may_move = item.filter(|item| item.video != Video::No && !item.network);
        let Some(Location::Path(path)) = may_move.and_then(|item| item.location.as_ref()) else {
            return;
        };
        if self.inside.as_ref().is_none_or(|(known, _)| known != path) {
            self.lookups.push(Lookup::Video(path.clone()));
        }
    }

    /// Whether the metadata alone, without what was known before, says nothing of any item.
    fn says_nothing(&self) -> bool {
        let metadata = &self.metadata;
        let location = metadata.url.as_deref().and_then(location::read);
        location.is_none() && metadata.title.is_none() && metadata.length.is_none()
    }

    fn on_the_host(&self, location: Location) -> Location {
        match &self.host {
            Some((portal, host)) if location.as_str() == portal => Location::Path(host.clone()),
            _ => location,
        }
    }

    fn relation(&self, open: &Open, item: &Item) -> Relation {
        let told = &open.item;
        let title = differ(told.title.as_ref(), item.title.as_ref(), |a, b| a != b);
        let length = differ(told.duration, item.duration, |a, b| {
            (a - b).abs() > SAME_LENGTH
        });
        let track = differ(open.track.as_ref(), self.metadata.track.as_ref(), |a, b| {
            a != b
        });
        // Without a title on either side the length is all there is.
        let untitled = told.title.is_none() && item.title.is_none();
        match (self.place(told), self.place(item)) {
            _ if differ(told.entry, item.entry, |a, b| a != b) => Relation::Another,
            (Some(a), Some(b)) if a == b || open.url == self.metadata.url => Relation::Same,
            (Some(_), Some(_)) => Relation::Another,
            (None, Some(_)) if title && length => Relation::Another,
            (None, Some(_)) => Relation::Same,
            (_, None) if title && (length || track) || untitled && length => Relation::Perhaps,
            (_, None) => Relation::Same,
        }
    }

    /// What an item is known by, if it is known by its place.
    fn place<'a>(&self, item: &'a Item) -> Option<&'a Location> {
        item.location.as_ref().filter(|_| !self.quirk.url_is_page)
    }

    /// Whether it is open whether this is still the same item.
    fn undecided(&self) -> bool {
        self.settle.is_some()
            && (self.open.as_ref())
                .is_some_and(|open| self.relation(open, &self.item()) != Relation::Same)
    }

    /// A position that came unasked.
    fn unasked(&mut self, raw: f64, seeked: bool, now: Moment) {
        if is_recent(self.unasked, now) {
            return self.hold(Read::Position, now);
        }
        self.unasked = Some(now.mono);
        self.position(raw, seeked, now);
    }

    fn position(&mut self, raw: f64, seeked: bool, now: Moment) {
        let undecided = self.undecided();
        let seconds = self.metadata.position(raw);
        let Some(open) = &mut self.open else { return };
        if undecided {
            open.probe = Some((seconds, now.mono));
            return;
        }
        open.moved |= seconds > 0.0;
        if !open.moved && !seeked && open.plays_longer_than(ZERO_FOR, now) {
            return self.unknown();
        }
        open.unknown = false;
        let jumped = open.sample.is_some() && !open.continues(seconds, now.mono, self.rate);
        open.sample = Some((seconds, now.mono));
        self.signals.push(Signal::Position { seconds, seeked });
        if jumped {
            self.doubt_film(now);
        }
    }

    fn unknown(&mut self) {
        if let Some(open) = &mut self.open
            && !open.unknown
        {
            open.unknown = true;
            self.signals.push(Signal::PositionUnknown);
        }
    }

    fn tell_transport(&mut self, now: Moment) {
        let state = match self.status {
            Some(Transport::Playing) if self.rate == 0.0 => Transport::Buffering,
            Some(state) => state,
            None => return,
        };
        let Some(open) = &mut self.open else { return };
        let playing = state == Transport::Playing;
        open.playing = playing.then(|| open.playing.unwrap_or(now.mono));
        if self.told != Some(state) {
            self.told = Some(state);
            self.signals.push(Signal::Transport {
                state,
                position: None,
            });
        }
        #[allow(clippy::float_cmp)] // as sent
        if self.rate > 0.0 && self.told_rate != self.rate {
            self.told_rate = self.rate;
            self.signals.push(Signal::Rate(self.rate));
        }
        self.look_for_length(now);
    }
}

/// Whether it was so short a time ago that what comes now is part of a burst.
fn is_recent(at: Option<Duration>, now: Moment) -> bool {
    at.is_some_and(|at| now.mono < at + SETTLE)
}

#[cfg(test)]
mod tests;
