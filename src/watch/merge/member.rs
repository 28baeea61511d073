//! What one watcher knows of a player, and which of two that know it is to be believed.

use crate::model::{EndReason, Item, Moment, PlayerId, PlayerInfo, Signal, Source, Transport};
use crate::watch::mpris::policy;

/// Seconds; lengths of items without a location that differ by less may be the same item.
const SAME_LENGTH: f64 = 2.0;

/// What is known of a member, whether it is heard or not.
#[derive(Debug, Clone)]
pub struct Member {
    pub info: PlayerInfo,
    pub item: Option<Item>,
    transport: Option<Transport>,
    rate: f64,
    position: Option<(f64, Moment)>,
    no_position: bool,
    /// Anything, at any time.
    pub has_played: bool,
}

impl Member {
    /// Of which nothing has been heard yet.
    pub fn new(info: PlayerInfo) -> Self {
        Self {
            info,
            item: None,
            transport: None,
            rate: 1.0,
            position: None,
            no_position: false,
            has_played: false,
        }
    }

    pub fn plays(&self) -> bool {
        let runs = matches!(
            self.transport,
            Some(Transport::Playing | Transport::Buffering)
        );
        runs && self.item.is_some()
    }

    /// Whether it is a process of its own beside the other one, and did nothing yet (the mpv that makes a player's
    /// thumbnails has the same open, and never plays).
    pub fn stands_by(&self, other: &Self) -> bool {
        let processes = self.info.process.zip(other.info.process);
        processes.is_some_and(|(a, b)| a != b) && !self.has_played
    }

    /// Of two that have the same open the one stays that speaks: they do not pause at the very same moment.
    pub fn is_better_than(&self, active: &Self) -> bool {
        match (self.info.source, active.info.source) {
            (Source::Mpv, Source::Mpris) => {
                !self.stands_by(active) && (self.item.is_some() || active.item.is_none())
            }
            (Source::Mpris, Source::Mpris) => {
                let is_same = |(a, b)| is_same(a, b);
                let same = (self.item.as_ref().zip(active.item.as_ref())).is_some_and(is_same);
                let one_process = self.info.process == active.info.process;
                one_process && self.plays() && !active.plays() && !same
            }
            (Source::Mpris, Source::Mpv) => self.plays() && active.stands_by(self),
            (Source::Mpv, Source::Mpv) => false,
        }
    }

    pub fn remember(&mut self, signal: &Signal, at: Moment) {
        match signal {
            Signal::Opened(item) => {
                self.item = Some((**item).clone());
                self.position = None;
                self.no_position = false;
            }
            Signal::Refined(item) => self.item = Some((**item).clone()),
            Signal::Transport { state, position } => {
                self.position = position
                    .or(self.position_at(at))
                    .map(|seconds| (seconds, at));
                self.transport = Some(*state);
                self.has_played |= *state == Transport::Playing;
            }
            Signal::Rate(rate) => {
                self.position = self.position_at(at).map(|seconds| (seconds, at));
                self.rate = *rate;
            }
            Signal::Position { seconds, .. } => {
                self.position = Some((*seconds, at));
                self.no_position = false;
            }
            Signal::PositionUnknown => self.no_position = true,
            Signal::Ended(_) => self.item = None,
            Signal::Appeared(_) | Signal::Vanished | Signal::ReachedEnd => {}
        }
    }

    fn position_at(&self, now: Moment) -> Option<f64> {
        let (seconds, at) = self.position?;
        let run = match self.transport {
            Some(Transport::Playing) => now.mono.saturating_sub(at.mono).as_secs_f64() * self.rate,
            _ => 0.0,
        };
        Some(seconds + run)
    }

    /// Its present state as signals, after a stream in which `open` is open.
    pub fn state(&self, open: Option<&Item>, now: Moment) -> Vec<Signal> {
        let Some(item) = self.item.clone().map(Box::new) else {
            return open
                .map(|_| Signal::Ended(EndReason::Stopped))
                .into_iter()
                .collect();
        };
        let goes_on = open.is_some_and(|open| is_same(open, &item));
        // Where the same goes on, the positions so far are better than one that nobody asked for.
        let position = self.position_at(now).filter(|_| !goes_on);
        let mut signals = vec![if goes_on {
            Signal::Refined(item)
        } else {
            Signal::Opened(item)
        }];
        signals.push(Signal::Rate(self.rate));
        signals.extend((self.transport).map(|state| Signal::Transport { state, position }));
        if self.no_position {
            signals.push(Signal::PositionUnknown);
        }
        signals
    }

    /// Whether one is an mpv, the other one's process is not known, both have the same location open, and the other one
    /// does not play while the mpv is paused.
    pub fn plays_what_plays(&self, other: &Self) -> bool {
        let mpv = |member: &Self| member.info.source == Source::Mpv;
        let unknown = |member: &Self| !mpv(member) && member.info.process.is_none();
        let place = |member: &Self| member.item.as_ref().and_then(|item| item.location.clone());
        let paused = |member: &Self| mpv(member) && member.transport == Some(Transport::Paused);
        let plays = |member: &Self| member.transport == Some(Transport::Playing);
        let contradict = paused(self) && plays(other) || plays(self) && paused(other);
        !contradict
            && (mpv(self) && unknown(other) || unknown(self) && mpv(other))
            && place(self).is_some()
            && place(self) == place(other)
    }
}

pub fn is_mpv(info: &PlayerInfo) -> bool {
    info.source == Source::Mpv || info.name.eq_ignore_ascii_case("mpv")
}

/// Whether `mpv` may be the mpv behind the windows of `face`. A browser only hands links and files to players, and so does
/// what is built of one, whatever it calls itself: it goes by the browser's name on the bus.
pub fn is_face_of(id: &PlayerId, face: &PlayerInfo, mpv: &PlayerInfo) -> bool {
    !is_mpv(face)
        && is_mpv(mpv)
        && !policy::is_browser(id.short_name())
        && !policy::is_browser(&face.name)
}

fn is_same(a: &Item, b: &Item) -> bool {
    match (&a.location, &b.location) {
        (Some(a), Some(b)) => a == b,
        _ => (a.duration.zip(b.duration)).is_some_and(|(a, b)| (a - b).abs() < SAME_LENGTH),
    }
}
