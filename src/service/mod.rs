//! The services: what a lifecycle event means to each, one call at a time, and what an answer means to us.
//!
//! Everything here but `Service::deliver` is pure. Adding a service: a folder, a variant of `ServiceName`, its arms in
//! `services.rs`, and in `account/` its sign-in and an arm of `renew.rs` for its tokens.

pub mod answer;
pub mod discovr;
pub mod http;
pub mod numbering;
pub mod punchplay;
mod services;
pub mod tmdb;

pub use answer::Answer;
pub use services::{Catalogue, Services};

use std::sync::Arc;
use std::time::Duration;

use numbering::{Numberings, Unplaced};
use serde::{Deserialize, Serialize};

use crate::model::{Ids, Lifecycle, Wall};

/// One call at one service that a lifecycle event leads to. A delivery is made of exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Call {
    /// PunchPlay: `POST /playback/{action}`. Ordered within its viewing.
    Event,
    /// Discovr: the resume point of a film or series; only the newest per profile and title is worth keeping.
    ResumePoint,
    /// Discovr: one entry of the history, appended by every call, hence checked before it is repeated.
    History {
        /// Season and episode; `None` for a film.
        episode: Option<(u32, u32)>,
    },
    /// The same of an episode whose season and number have to be found out first.
    HistoryOf(Unplaced),
}

/// A request as it was frozen at its first attempt; identical on every retry. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// `POST`, `PATCH`.
    pub method: String,
    /// Below the service's base URL, e.g. `/api/platform/v1/playback/stop`.
    pub path: String,
    /// JSON.
    pub body: String,
}

/// What the pure half of a service says to a delivery that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prepared {
    /// Send this.
    Send(Frozen),
    /// Waits, visibly and aside, for an id.
    NeedsId,
    /// Cannot be expressed at this service, and why.
    Skip(String),
}

/// What the sender hands to a service.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// The call.
    pub call: Call,
    /// The request.
    pub request: Frozen,
    /// An earlier attempt ended without a clear answer: find out whether it landed before sending again.
    pub in_doubt: bool,
    /// When the first attempt was made.
    pub first_attempt_at: Wall,
    /// The event's own time.
    pub stamp: Wall,
    /// What the film or series is called here.
    pub title: Option<String>,
}

/// What is to be done with a delivery after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disposition {
    /// The service has it.
    Delivered {
        /// The service's resolution of the title: film's or series' ids.
        ids: Ids,
        /// It says that it had it before.
        deduped: bool,
        /// It took it and will not use it, in its words.
        ignored: Option<String>,
    },
    /// Not worth sending any more, or cannot be expressed there.
    Skip {
        /// Why.
        reason: String,
    },
    /// Again, later.
    Retry {
        /// The service's own wish.
        after: Option<Duration>,
        /// What went wrong.
        fault: Fault,
        /// In words.
        reason: String,
    },
    /// The login was refused: keep everything, send nothing, tell the user.
    NeedsLogin {
        /// In the service's words.
        reason: String,
    },
    /// Waits for an id.
    NeedsId,
    /// Refused for good.
    Reject {
        /// In the service's words.
        reason: String,
    },
}

/// Whose fault a failed attempt was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// No connection: no network, no such host, refused, no TLS; or no token to send with. The whole service is away, and
    /// nothing of the request has left.
    Unsent,
    /// No answer: reset, timed out. The whole service is away. The request may have landed.
    Unreachable,
    /// 429 or 503: the whole service wants less.
    Throttled,
    /// Other 5xx: perhaps only this request. It may have landed.
    Server,
    /// None: the service answers, and it is too early to tell whether an earlier attempt took effect. Only this one waits.
    TooEarly,
}

impl Fault {
    /// Whether the request may have landed all the same.
    #[must_use]
    pub fn leaves_doubt(self) -> bool {
        matches!(self, Self::Unreachable | Self::Server)
    }
}

/// A service's moving half.
pub trait Service {
    /// Sends one job and says what its answer means. Bounded in time; never panics.
    fn deliver(&self, job: &Job) -> impl Future<Output = Disposition> + Send;
}

/// What a service wants to know besides the event when a request is frozen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Context {
    /// Everything known of the film's or series' ids by now.
    pub ids: Ids,
    /// Random, made once per machine.
    pub device_id: String,
    /// Base names may be sent.
    pub send_file_name: bool,
    /// What is known of the numbers of series.
    pub numberings: Arc<Numberings>,
}

/// An event with what it leads to.
pub type Planned<'a> = (&'a Lifecycle, Vec<Call>);
