//! What truly happened, as somebody in the room would tell it: what was played from where to where, and what befell the
//! machine. The reference judges by this alone.

use std::time::Duration;

use reeld::control::Release;

use crate::library::Work;
use crate::script::Kind;
use crate::world::ACCOUNTS;

/// True time since the beginning of the run.
pub type Time = Duration;

/// One thing that happened, at a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    pub at: Time,
    pub what: What,
}

#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A file was opened; the length can be known from `ready` on.
    Opened {
        playback: u32,
        film: usize,
        kind: Kind,
        ready: Time,
        /// The player began it again by itself, or it is the same that was lost from sight: this one goes on.
        again: Option<u32>,
    },
    /// A stretch that was played without a break, told when it is over; positions in seconds.
    Played(Stretch),
    /// It was paused from `since` on until now, and may be longer. `seen`: a daemon was there.
    Paused {
        playback: u32,
        position: f64,
        since: Time,
        seen: bool,
    },
    /// The playback is over, or has come to its end and is still open.
    Ended {
        playback: u32,
        position: f64,
        rate: f64,
        how: End,
    },
    /// The daemon runs.
    Up,
    /// It knows what the last one left behind.
    Knows,
    Down(Down),
    /// The machine slept until now.
    Slept,
    /// The wall clock was set back.
    SetBack,
    Linked {
        account: usize,
        on: bool,
    },
    /// What is queued for an account was dropped.
    Dropped {
        account: usize,
    },
    /// Fraction.
    Threshold(f64),
    /// What is played is tracked, or nothing is any more.
    Tracked(bool),
    /// A player has owed an answer for some seconds.
    Hangs,
    /// It was played to its end and goes on from its beginning.
    Lapped(u32),
    /// This film or episode alone is private, or none.
    Hidden(Option<Work>),
    /// The user's rules ignore this film or episode alone, or none.
    Ignored(Option<Work>),
    /// What was completed last is none, so the user says.
    TakenBack(TakenBack),
    /// The user has said what a film is of which that was not known.
    Rematched(Rematched),
}

/// See [`What::Rematched`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rematched {
    pub work: Work,
    /// What the daemon answered: it was refused, or what was let go by it.
    pub answer: Option<Option<Release>>,
    /// It did not die over it, and the disk works.
    pub sure: bool,
    /// The clock was right all the time.
    pub dated: bool,
}

/// See [`What::TakenBack`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenBack {
    pub work: Work,
    /// The daemon did not die over it, and the disk works.
    pub sure: bool,
    /// It said that there is nothing to take back, and nothing else stood in the way.
    pub refused: bool,
    /// It is to be watched again; otherwise it is at some service for good.
    pub whole: bool,
    pub reach: [Reach; ACCOUNTS],
}

/// How far a completion has come at an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Nothing of it was ever sent that arrives.
    Never,
    Perhaps,
    /// The service said so.
    Surely,
}

/// See [`What::Played`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    pub playback: u32,
    pub from: f64,
    pub to: f64,
    pub began: Time,
    pub rate: f64,
    pub jump: Jump,
    /// A daemon was there.
    pub seen: bool,
}

/// How a stretch follows on the one before it in its playback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jump {
    /// It goes on from there.
    No,
    /// The player said that it jumped.
    Told,
    /// It jumped and nobody said so.
    Silent,
}

/// How a playback ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// At its end; `true`: the player says so.
    Out(bool),
    /// Stopped, quit, or another file.
    Left,
}

/// How the daemon ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Down {
    /// As it should.
    Term,
    /// kill -9, or it died over the disk. The time: since when it could not write.
    Kill(Option<Time>),
    /// Loss of power.
    Power(Option<Time>),
    /// kill -9, and the database is lost; `true`: the history did not have everything.
    Lost(bool),
}
