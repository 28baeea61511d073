//! What the debouncer says: lifecycle events, and what must be remembered with each.

use serde::{Deserialize, Serialize};

use super::{Date, Ids, Media, MediaType, Moment, PlayerId, Process, SessionId, ViewingId, Wall};

/// The five things that can happen in a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// First of a session.
    Start,
    /// Every `progress_every` while playing, and once after a seek.
    Progress,
    /// Paused, and it held.
    Pause,
    /// Plays again, and it held.
    Resume,
    /// Last of a session.
    Stop,
}

impl Action {
    /// As in JSON, and in PunchPlay's paths.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Progress => "progress",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Stop => "stop",
        }
    }

    /// True for all but `stop`: worth sending only while it is true.
    #[must_use]
    pub fn is_live(self) -> bool {
        self != Self::Stop
    }
}

/// One lifecycle event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lifecycle {
    /// What happened.
    pub action: Action,
    /// When it truly happened; `at.wall` is its stamp and strictly increases within a session.
    pub at: Moment,
    /// Of which viewing.
    pub viewing: ViewingId,
    /// In which session.
    pub session: SessionId,
    /// What is watched; type, title, season and episode never change within a session.
    pub media: Media,
    /// Seconds, `0 ≤ position ≤ duration`.
    pub position: f64,
    /// Seconds, > 0.
    pub duration: f64,
    /// On a `stop`: this one completes the viewing. At most one event of a viewing ever has it.
    pub watched: bool,
    /// The player's name, for people.
    pub player: String,
    /// Base name of the file; sent only if allowed.
    pub file_name: Option<String>,
}

impl Lifecycle {
    /// Position as a fraction 0–1.
    #[must_use]
    pub fn progress(&self) -> f64 {
        fraction(self.position, self.duration)
    }
}

fn fraction(position: f64, duration: f64) -> f64 {
    if duration > 0.0 {
        (position / duration).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// By what two playbacks are the same film or episode.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ViewingKey {
    /// Film, episode, or unidentified.
    pub media_type: Option<MediaType>,
    /// Ids of the film or series.
    pub ids: Ids,
    /// Normalised title; empty for the unidentified.
    pub title: String,
    /// An unknown year matches any.
    pub year: Option<u16>,
    /// Season or seasons.
    pub season: Vec<u32>,
    /// Episodes.
    pub episode: Vec<u32>,
    /// Absolute numbers.
    pub absolute_episode: Vec<u32>,
    /// Air date.
    pub date: Option<Date>,
    /// Kept by older versions; the parts of a film in several files share its viewing.
    pub part: Option<u32>,
    /// Hash of path or URL: tells the unidentified apart.
    pub location: u64,
}

impl ViewingKey {
    /// Whether both mean the same film or episode.
    #[must_use]
    pub fn same_as(&self, other: &Self) -> bool {
        if self.media_type.is_none() || other.media_type.is_none() {
            return self.media_type == other.media_type && self.location == other.location;
        }
        self.same_title(other)
            && self.season == other.season
            && self.episode == other.episode
            && self.absolute_episode == other.absolute_episode
            && self.date == other.date
    }

    /// Whether both mean the same film, or the same series.
    #[must_use]
    pub fn same_title(&self, other: &Self) -> bool {
        if self.media_type != other.media_type {
            return false;
        }
        if let (Some(a), Some(b)) = (self.ids.tmdb, other.ids.tmdb) {
            return a == b;
        }
        let years_differ = matches!((self.year, other.year), (Some(a), Some(b)) if a != b);
        self.title == other.title && !years_differ
    }
}

/// Why nothing more is told of a viewing that the user took back, and what `reeld history` says of it.
pub const TAKEN_BACK: &str = "taken back by the user";

/// A viewing as it is remembered, from first play until long after completion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Viewing {
    /// Its name.
    pub id: ViewingId,
    /// What it is a viewing of.
    pub key: ViewingKey,
    /// The same for people and services, with the best ids known so far.
    pub media: Media,
    /// The player it was last seen in.
    pub player: String,
    /// First play.
    pub started_at: Wall,
    /// Last change.
    pub updated_at: Wall,
    /// Last good position, seconds.
    pub position: f64,
    /// Seconds.
    pub duration: f64,
    /// Seconds of media played (not seeked over), over all sessions, at most `duration`.
    pub played: f64,
    /// The threshold was reached; stays.
    pub reached: bool,
    /// The latch: when the completing stop happened.
    pub completed: Option<Wall>,
    /// Kept on this machine and never sent (unidentified, a part of a film already completed, or taken back), and why.
    pub local_only: Option<String>,
    /// What completed it, or plays it: what is found open after a restart goes on with that, round and round perhaps. Has a
    /// record of its own.
    #[serde(skip)]
    pub played_in: Option<Playback>,
}

impl Viewing {
    /// Position as a fraction 0–1.
    #[must_use]
    pub fn progress(&self) -> f64 {
        fraction(self.position, self.duration)
    }

    /// It was not watched after all: it is never gone on with, so it is completed once at most. Being watched again is another one.
    pub fn take_back(&mut self) {
        self.completed = None;
        self.reached = false;
        self.local_only = Some(TAKEN_BACK.to_owned());
    }

    /// The user said that it was not watched.
    #[must_use]
    pub fn is_taken_back(&self) -> bool {
        self.local_only.as_deref() == Some(TAKEN_BACK)
    }
}

/// What a playback is recognised by after a restart of the daemon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Playback {
    /// Names this boot of the machine; process ids mean nothing across boots.
    pub boot_id: u64,
    /// The player's process, if it could be known.
    pub process: Option<Process>,
    /// Hash of path or URL.
    pub location: u64,
    /// See `Item::entry`. Has a record of its own, beside the viewing's.
    #[serde(skip)]
    pub entry: Option<u64>,
}

impl Playback {
    /// Whether both are of one file in one process, which may have begun it anew.
    #[must_use]
    pub fn is_beside(&self, other: &Self) -> bool {
        let of = |playback: &Self| (playback.boot_id, playback.process, playback.location);
        of(self) == of(other)
    }
}

/// A session that is open: the journal's record, enough to adopt or to close it after a crash.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// Which.
    pub session: SessionId,
    /// Of which viewing.
    pub viewing: ViewingId,
    /// The player's id in the run that wrote this.
    pub player: PlayerId,
    /// The player's name, for people.
    pub player_name: String,
    /// How to know it again.
    pub playback: Playback,
    /// As frozen for this session.
    pub media: Media,
    /// Base name of the file.
    pub file_name: Option<String>,
    /// Whether it was last told to play, and not to be paused; it may have been buffering.
    pub playing: bool,
    /// Speed then.
    pub rate: f64,
    /// Position then, seconds.
    pub position: f64,
    /// Seconds.
    pub duration: f64,
    /// When this was written; `at.wall` is that true time, `stamp` the last event's.
    pub at: Moment,
    /// Stamp of the session's last event.
    pub stamp: Wall,
}

/// One step of the debouncer: everything in it is remembered in one atomic write, or nothing is.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The event; `None` if only memory changes.
    pub event: Option<Lifecycle>,
    /// The viewing as it is after the event.
    pub viewing: Viewing,
    /// The session's journal entry after the event.
    pub journal: Journal,
    /// The event tells of a seek: it is news, not the next beat.
    pub seeked: bool,
}

/// What a step does to the journal of open sessions.
#[derive(Debug, Clone, PartialEq)]
pub enum Journal {
    /// Open, as described.
    Open(Box<Span>),
    /// Closed: forget it.
    Closed(SessionId),
    /// Nothing changes.
    Same,
}
