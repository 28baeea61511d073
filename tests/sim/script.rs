//! What happens in a run, as plain data: it is made from a seed, carried out by the world, cut down when it fails, and kept
//! as a regression. Nothing in a run depends on anything but its script.

use std::collections::BTreeMap;
use std::time::Duration;

/// A whole run.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// Feeds ids, jitter and latencies.
    pub seed: u64,
    pub setup: Setup,
    pub steps: Vec<Step>,
    /// By the number of the request, counted from 0.
    pub requests: BTreeMap<u32, RequestFault>,
    /// By the number of the operation of the store, counted from 0.
    pub store: BTreeMap<u32, StoreFault>,
}

/// How things are at first.
#[derive(Debug, Clone, PartialEq)]
pub struct Setup {
    /// Of each slot.
    pub players: [Kind; SLOTS],
    /// Between progress reports, seconds.
    pub progress_every: u64,
    /// Percent.
    pub threshold: u32,
    pub send_filename: bool,
    /// The user has a key for TMDB.
    pub tmdb: bool,
    /// Linked at first: PunchPlay, Discovr.
    pub linked: [bool; 2],
    /// Between seeing and hearing, milliseconds.
    pub lag: u64,
    /// Players are heard on the wire, with the ears of the real watchers.
    pub wired: bool,
}

/// As many players can run at once; so many of them mostly do.
pub const SLOTS: usize = 3;
pub const USUAL: usize = 2;

/// A player and its ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// On its socket: exact, says what it does.
    Mpv,
    /// The same, and on the bus as well.
    MpvTwice,
    /// Length comes late; a position of 0 just before `Stopped`, and with it.
    Vlc,
    /// Paused while it buffers; length comes late.
    Celluloid,
    /// Never says that it jumped.
    Silent,
    /// Position is 0 for ever.
    Mute,
    /// Says all the time that it jumped; no `Stopped` between files.
    Chatty,
    /// From here on on the wire alone (`habits.rs`): what was open before shines through; stopped while it loads.
    Haruna,
    /// Paused while it buffers, and its position comes with every change.
    Clapper,
    /// Does not say what it plays: that is seen by the file it has open.
    Totem,
    /// A stop is a pause at the beginning.
    Showtime,
    /// No file, but what the server calls it; all of it is gone with `Stopped`.
    Jellyfin,
    /// The same, and its rate is 0 while it buffers.
    JellyfinNew,
}

/// One step of the user, and what befalls meanwhile.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub act: Act,
    /// Each at a fraction of the step's duration.
    pub env: Vec<(f64, Env)>,
}

/// What the user does. What makes no sense at that moment does nothing.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Opens a file and plays it, in a player that is started if need be; from a fraction of the length if the player
    /// remembers one.
    Open {
        slot: usize,
        film: usize,
        from: f64,
    },
    /// Lets it play to this fraction of the length.
    PlayTo {
        slot: usize,
        fraction: f64,
    },
    /// Lets it play to the end and beyond.
    PlayOut {
        slot: usize,
    },
    Pause {
        slot: usize,
    },
    Resume {
        slot: usize,
    },
    /// Jumps to a fraction of the length.
    Seek {
        slot: usize,
        fraction: f64,
    },
    /// Drags the slider: many jumps in a row, and ends there.
    Scrub {
        slot: usize,
        fraction: f64,
    },
    Rate {
        slot: usize,
        rate: f64,
    },
    Stop {
        slot: usize,
    },
    Quit {
        slot: usize,
    },
    /// The player crashes.
    Kill {
        slot: usize,
    },
    /// The player plays round and round, or no more.
    Loop {
        slot: usize,
        on: bool,
    },
    /// What plays breaks off with an error.
    Break {
        slot: usize,
    },
    Wait(Duration),
}

/// What befalls, or is done on the command line.
#[derive(Debug, Clone, PartialEq)]
pub enum Env {
    /// kill -9 of the daemon, which is started again after a while.
    Kill {
        down: Duration,
    },
    /// A restart.
    Term {
        down: Duration,
    },
    /// Loss of power: whatever was not on the disk may be lost (so many of the last batches); the clock may be lost as well.
    Power {
        down: Duration,
        batches: usize,
        year_1970: bool,
    },
    /// `told`: logind says so before.
    Suspend {
        time: Duration,
        told: bool,
    },
    /// The wall clock is set.
    Clock {
        step_ms: i64,
    },
    /// A service (PunchPlay, Discovr) cannot be reached.
    Outage {
        service: usize,
        time: Duration,
    },
    /// The disk is full, or cannot be written.
    Disk {
        time: Duration,
    },
    /// A service refuses the login from now on.
    Revoke {
        service: usize,
    },
    /// Logs in (again).
    Login {
        service: usize,
    },
    /// Logs out; what is queued is dropped or kept.
    Logout {
        service: usize,
        drop: bool,
    },
    RetryDead,
    DropDead,
    /// Switches a service off or on.
    Enable {
        service: usize,
        on: bool,
    },
    /// The process dies in the operation of its disk that is the so-many-th from now, before or after it was done.
    Die {
        operations: u32,
        after: bool,
    },
    /// Another threshold, percent.
    Threshold(u32),
    /// The local history cannot be read or written.
    History {
        time: Duration,
    },
    /// kill -9, and the database is gone when the daemon is started again.
    LoseDatabase {
        down: Duration,
    },
    /// Somebody else logs in to PunchPlay; or Ann does again, if that was the case.
    Switch,
    /// `reeld pause`: for so long, or until further notice.
    Untrack {
        time: Option<Duration>,
    },
    /// `reeld resume`.
    Track,
    /// `reeld undo` of what was completed last, if none of it was opened since.
    Undo,
    /// `reeld rematch` of what plays of a film, or was played of it last.
    Rematch {
        film: usize,
    },
    /// A line of the history is damaged: the one at this fraction of all.
    Damage {
        line: f64,
    },
    /// The sockets of all mpvs are lost for so long, and they live on.
    Deaf {
        time: Duration,
    },
    /// The configuration denies the player in a slot that is on the bus alone, for so long.
    Deny {
        slot: usize,
        time: Duration,
    },
    /// The configuration makes a film private, in mid-film as well; or none.
    Hide {
        film: Option<usize>,
    },
    /// Another time between progress reports, seconds.
    Beats(u64),
    /// File names may be sent, or not.
    Names(bool),
    /// The user's rules ignore a film (by its number), or none; if nothing of either is open.
    Ignore {
        film: Option<usize>,
    },
}

/// What happens to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestFault {
    /// Nobody listens.
    Refused,
    /// It never arrives; noticed late.
    LostBefore,
    /// It takes effect, the answer is lost.
    LostAfter,
    /// It takes effect some time after it was given up, in seconds.
    LateCommit(u8),
    /// The answer comes after so many seconds.
    Slow(u8),
    /// 429, and how many seconds to wait.
    Throttled(u8),
    /// 500; `true`: it took effect all the same.
    Broken(bool),
    /// 503.
    Unavailable,
    /// A web page instead of an answer.
    Portal,
    /// 401, and the login is over.
    LoggedOut,
    /// 400: refused for good.
    Rejected,
    /// Taken, and not used.
    Ignored,
}

/// What happens to an operation of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreFault {
    /// It fails, and nothing happened.
    Fail,
    /// It fails, and yet it happened.
    Torn,
    /// No room.
    Full,
    /// The process dies before it.
    DieBefore,
    /// The process dies after it.
    DieAfter,
}

impl Script {
    /// How much there is of it; the shrinker makes it less.
    pub fn size(&self) -> usize {
        let env: usize = self.steps.iter().map(|step| step.env.len()).sum();
        self.steps.len() + env + self.requests.len() + self.store.len()
    }
}
