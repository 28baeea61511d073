//! One session and one playback: their state, and when something falls due in them.

use std::time::Duration;

use super::position::{Anchor, Played, Sampled};
use super::rules::Rules;
use crate::identify::{NOT_THE_LAST, Verdict};
use crate::model::{
    Item, Location, Media, Moment, Playback, PlayerInfo, SessionId, ViewingId, Wall,
};

/// Media played past the threshold for this long (seconds) reaches it.
const REACHED_AFTER: f64 = 10.0;
/// Paused this long past the threshold completes the viewing.
const COMPLETE_WHEN_PAUSED: Duration = Duration::from_secs(60);
/// A player that does not answer within this is extrapolated.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// An end that the player claims is believed this close to the end: a share of the length, or seconds.
const CLAIMED_END: (f64, f64) = (0.03, 30.0);
/// Stopped or paused this close to the end (seconds × rate) is an end.
pub(super) const AT_THE_END: f64 = 3.0;
/// A jump to less than this (seconds × rate) that nobody announced, or that comes from the end …
const ZERO: f64 = 1.0;
/// … so shortly before the end, or before a pause, is the end's doing.
const ZEROED_BEFORE_END: Duration = Duration::from_secs(1);

/// A change between playing and paused that has not held yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// When it truly happened.
    pub since: Moment,
    /// Where.
    pub position: f64,
}

/// A live stretch of a viewing.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    pub id: SessionId,
    pub viewing: ViewingId,
    /// Frozen but for ids.
    pub media: Media,
    /// What was reported last: paused or playing.
    pub paused: bool,
    /// The opposite of it, seen but not settled.
    pub candidate: Option<Candidate>,
    /// Since when it is (reported as) paused, mono.
    pub paused_since: Option<Duration>,
    /// When the next progress is due, mono.
    pub beat: Duration,
    /// The position was asked for; used as it is when this passes.
    pub asked: Option<Duration>,
    /// A jump settles then.
    pub jumped: Option<Duration>,
    /// Of the last event.
    pub stamp: Wall,
    /// Seconds of media played past the threshold.
    pub past: f64,
}

/// What falls due in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// The candidate has held.
    Settled,
    /// Ask for the position, then report progress.
    Beat,
    /// The answer did not come.
    Unanswered,
    /// The jump has settled.
    Jump,
    /// Paused past the threshold long enough.
    CompletePaused,
    /// Paused too long for one session.
    PauseLimit,
}

impl Due {
    pub fn reason(self) -> &'static str {
        match self {
            Self::Settled => "pause or resume settles",
            Self::Beat => "progress is due",
            Self::Unanswered => "a position was asked for",
            Self::Jump => "a seek settles",
            Self::CompletePaused => "paused past the threshold",
            Self::PauseLimit => "paused for too long",
        }
    }
}

impl Session {
    /// The next thing that falls due, and when (mono). `running`: time passes in the player.
    pub fn next_due(&self, rules: &Rules, running: bool, reached: bool) -> (Duration, Due) {
        let mut next = (Duration::MAX, Due::Beat);
        let mut offer = |at: Duration, due: Due| {
            if at < next.0 {
                next = (at, due);
            }
        };
        if let Some(candidate) = &self.candidate {
            offer(candidate.since.mono + rules.settle, Due::Settled);
        } else if self.paused {
            let since = self.paused_since.unwrap_or(self.beat);
            offer(since + rules.pause_limit, Due::PauseLimit);
            if reached {
                offer(since + COMPLETE_WHEN_PAUSED, Due::CompletePaused);
            }
        } else if let Some(at) = self.jumped {
            offer(at, Due::Jump);
        } else if let Some(at) = self.asked {
            offer(at, Due::Unanswered);
        } else if running {
            offer(self.beat, Due::Beat);
        }
        next
    }

    /// Marks the position as asked for.
    pub fn ask(&mut self, now: Moment) {
        self.asked = Some(now.mono + ANSWER_WITHIN);
    }

    /// The next stamp: the true time, or as little later as keeps stamps increasing.
    pub fn next_stamp(&mut self, at: Moment) -> Moment {
        self.stamp = at.wall.max(Wall(self.stamp.0.saturating_add(1)));
        Moment {
            wall: self.stamp,
            ..at
        }
    }

    /// True once enough was played past the threshold.
    pub fn past_threshold(&self) -> bool {
        self.past >= REACHED_AFTER
    }
}

/// One file or URL in one player, from load to end.
#[derive(Debug, Clone, PartialEq)]
pub struct Playing {
    pub item: Item,
    /// Names the item across restarts.
    pub location: u64,
    pub media: Option<Media>,
    /// `None` while it is yet to be identified, or again.
    pub verdict: Option<Verdict>,
    pub anchor: Anchor,
    /// Where and when the stretch towards a start began.
    pub from: Option<(f64, Moment)>,
    /// Played before `run_since` in this stretch.
    pub lead: Duration,
    /// Running without a session since, mono.
    pub run_since: Option<Duration>,
    /// Seconds of media played before there was a session, and those past the threshold.
    pub unbanked: (f64, f64),
    pub session: Option<Session>,
    /// It may have begun before this run looked, and is still to be compared with what was completed by then.
    pub found: bool,
    /// Where and when it was seen first.
    pub first: Option<(f64, Moment)>,
    /// The viewing that this playback belongs to whatever else it plays: what it completed, or its piece of what was watched. Its laps are
    /// nothing new.
    pub part_of: Option<ViewingId>,
    /// When it jumped last (boot time).
    pub sought: Option<Duration>,
    /// This playback was looked at and is nothing new (until it jumps or is identified anew).
    pub settled_as_nothing: bool,
    /// The anchor before a sudden 0, and when that came (mono): some players say 0 just before they say that they stop.
    pub before_zero: Option<(Anchor, Duration)>,
    /// Opened at.
    pub since: Moment,
}

impl Playing {
    pub fn new(item: Item, location: u64, since: Moment, rate: f64) -> Self {
        let mut anchor = Anchor::new();
        anchor.set_rate(rate);
        Self {
            item,
            location,
            media: None,
            verdict: None,
            anchor,
            from: None,
            lead: Duration::ZERO,
            run_since: None,
            unbanked: (0.0, 0.0),
            session: None,
            found: false,
            first: None,
            part_of: None,
            sought: None,
            settled_as_nothing: false,
            before_zero: None,
            since,
        }
    }

    /// Takes a position; what was played until then is returned.
    pub fn sample(&mut self, seconds: f64, told: bool, now: Moment) -> Sampled {
        self.first.get_or_insert((seconds, now));
        let mut before = self.anchor.clone();
        before.carry(now.mono, self.item.duration);
        // It speaks, whatever it says: what it owed an answer for it has played.
        before.ends_by_itself(now.mono);
        let sampled = self
            .anchor
            .sample(seconds, told, now.mono, self.item.duration);
        let at_zero = seconds < ZERO * self.anchor.rate().max(1.0);
        let was_near_end = before
            .position(now.mono, self.item.duration)
            .is_some_and(|position| self.is_near_end(position, false));
        if !(self.is_put_back() && at_zero) {
            let ends = !told || was_near_end || !self.anchor.running();
            self.before_zero = (sampled.jumped && at_zero && ends).then_some((before, now.mono));
        }
        sampled
    }

    /// Whether it was put back to its beginning in a pause and has not played since: so Showtime stops.
    pub fn is_put_back(&self) -> bool {
        let before = self.before_zero.as_ref();
        before.is_some_and(|(before, _)| !before.running()) && !self.anchor.running()
    }

    /// Whether it went from its end to its beginning just now.
    pub fn is_rewound(&self, now: Moment) -> bool {
        self.before_zero.as_ref().is_some_and(|(before, at)| {
            let position = before.position(*at, self.item.duration);
            now.mono.saturating_sub(*at) <= ZEROED_BEFORE_END
                && position.is_some_and(|position| self.is_near_end(position, false))
        })
    }

    /// Whether a position is so close to the end that it is the end; `claimed`: the player says so.
    pub fn is_near_end(&self, position: f64, claimed: bool) -> bool {
        let Some(duration) = self.item.duration else {
            return false;
        };
        let near = if claimed {
            (duration * CLAIMED_END.0).max(CLAIMED_END.1)
        } else {
            AT_THE_END
        };
        position >= duration - near.max(AT_THE_END * self.anchor.rate().max(1.0))
    }

    /// The playback ends: a 0 that came just before, or in the pause in which it was left, was no position.
    pub fn forget_zero(&mut self, now: Moment) {
        let put_back = self.is_put_back();
        if let Some((before, at)) = self.before_zero.take()
            && (put_back || now.mono.saturating_sub(at) <= ZEROED_BEFORE_END)
        {
            self.anchor = before;
        }
    }

    /// Seconds; `None` before the first sample.
    pub fn position(&self, now: Moment) -> Option<f64> {
        self.anchor.position(now.mono, self.item.duration)
    }

    /// What it is known by after a restart.
    pub fn playback(&self, player: &PlayerInfo, boot_id: u64) -> Playback {
        Playback {
            boot_id,
            process: player.process,
            location: self.location,
            entry: self.item.entry,
        }
    }

    /// Base name of the file or last segment of the URL.
    pub fn file_name(&self) -> Option<String> {
        match self.item.location.as_ref()? {
            Location::Path(path) => path
                .rsplit('/')
                .next()
                .filter(|name| !name.is_empty())
                .map(str::to_owned),
            Location::Url(_) => None,
        }
    }

    /// Where "watched" begins, seconds; nowhere in a piece of a film that goes on in another file.
    pub fn threshold(&self, rules: &Rules) -> f64 {
        if matches!(&self.verdict, Some(Verdict::Local(why)) if why == NOT_THE_LAST) {
            return f64::INFINITY;
        }
        let media = self
            .session
            .as_ref()
            .map(|session| &session.media)
            .or(self.media.as_ref());
        media.map_or(f64::MAX, |media| rules.threshold(media, &self.item))
    }

    /// Time passes towards a start, or stops doing so.
    pub fn run(&mut self, running: bool, now: Moment) {
        if running && self.is_put_back() {
            self.before_zero = None;
        }
        self.anchor.run(running);
        if running && self.session.is_none() {
            self.run_since.get_or_insert(now.mono);
            if self.from.is_none() {
                self.from = self.position(now).map(|position| (position, now));
            }
        } else if let Some(since) = self.run_since.take() {
            self.lead += now.mono.saturating_sub(since);
        }
    }

    /// When the stretch has lasted long enough for a start, mono.
    pub fn start_due(&self, rules: &Rules) -> Option<Duration> {
        if self.session.is_some() || self.settled_as_nothing {
            return None;
        }
        self.run_since
            .map(|since| since + rules.start_after.saturating_sub(self.lead))
    }

    /// Begins a new stretch towards a start, here and now.
    pub fn restart_stretch(&mut self, now: Moment) {
        self.lead = Duration::ZERO;
        self.unbanked = (0.0, 0.0);
        self.run_since = self.anchor.running().then_some(now.mono);
        self.from = self.position(now).map(|position| (position, now));
        self.settled_as_nothing = false;
    }

    /// Keeps what was played before there is a session.
    pub fn keep_unbanked(&mut self, played: Played, threshold: f64) {
        self.unbanked.0 += played.length();
        self.unbanked.1 += played.past(threshold);
    }
}
