//! What can be asked, and what is answered.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::rows::{
    Explained, PlayerRow, QueueRow, Rematched, Stamp, StatusReport, TakenBack, ToldRow,
};
use crate::error::CliError;
use crate::model::{Ids, Secret, ServiceName};

/// Longest line a client may send: a login with its tokens is far below.
pub const LONGEST_REQUEST: usize = 64 * 1024;
/// Longest line a client reads.
pub const LONGEST_RESPONSE: usize = 16 * 1024 * 1024;
/// Most rows of the queue in one answer.
pub const PAGE: u32 = 500;

/// A question or an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Answered by `Status`, once every watcher's first scan is done.
    Status,
    /// `Status` now and after every change, until the client leaves. The server makes `Status` requests of it.
    Follow,
    /// Looks for players anew, then answers `Players`.
    Players,
    /// Answered by `Queue`: at most `PAGE` rows with ids greater than `after`, ascending.
    Queue {
        /// 0 at first, then the last id seen.
        after: u64,
    },
    /// The dead ones in full, as `Lines`: at most `PAGE`, as `Queue`.
    QueueExport {
        /// As in `Queue`.
        after: u64,
    },
    /// What became of these viewings at the services. At most `PAGE`. Answered by `Told`.
    Told {
        /// As `ViewingId` prints them.
        viewings: Vec<String>,
    },
    /// Everything about one player. Answered by `Explained`.
    Explain {
        /// Its id, or its name.
        player: String,
    },
    /// The user says what a viewing's film or series really is: what waits for it goes out. Answered by `Rematched`.
    Rematch {
        /// As `ViewingId` prints it.
        viewing: String,
        /// A `Media`: what the history says it was, in case the daemon does not remember.
        known: Option<Value>,
        /// Of the film or series.
        ids: Ids,
    },
    /// The user says that a viewing was not watched. Answered by `TakenBack`.
    Undo {
        /// As `ViewingId` prints it.
        viewing: String,
    },
    /// From now on nothing is tracked, kept or sent. Answered by `Paused`.
    Pause {
        /// How long; `None`: until `Resume`.
        seconds: Option<u64>,
    },
    /// Ends a pause. Answered by `Done`, which counts 0 if there was none.
    Resume,
    /// Tries again, now. Answered by `Done`.
    QueueRetry {
        /// Which.
        what: Selection,
    },
    /// Forgets them for good. Answered by `Done`.
    QueueDrop {
        /// Which.
        what: Selection,
    },
    /// A login that the command line has just obtained: store it, use it. Answered by `Done`.
    Login {
        /// At which service.
        service: ServiceName,
        /// The account as in `credentials.json`, as JSON text.
        account: Secret,
    },
    /// Forget the login, here and at the service. Answered by `LoggedOut`.
    Logout {
        /// At which service.
        service: ServiceName,
        /// What is to become of what is queued for it; must be given if anything is.
        queue: Option<QueueFate>,
    },
}

impl Request {
    /// Whether it changes nothing that `Status` tells of.
    #[must_use]
    pub fn only_looks(&self) -> bool {
        matches!(
            self,
            Self::Status
                | Self::Follow
                | Self::Players
                | Self::Queue { .. }
                | Self::QueueExport { .. }
                | Self::Told { .. }
                | Self::Explain { .. }
        )
    }
}

/// Deliveries that an order is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// All that were refused for good.
    Dead,
    /// These, whatever their state.
    Ids(Vec<u64>),
}

/// What becomes of queued deliveries at a logout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueFate {
    /// They wait for the same user to log in again.
    Keep,
    /// They are forgotten.
    Drop,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "response", content = "body", rename_all = "snake_case")]
pub enum Response {
    /// To `Status` and `Follow`.
    Status(Box<StatusReport>),
    /// To `Players`.
    Players(Vec<PlayerRow>),
    /// To `Queue`.
    Queue(Vec<QueueRow>),
    /// To `Told`: at most one row for each viewing and account.
    Told(Vec<ToldRow>),
    /// To `QueueExport`: JSON objects for the user.
    Lines(Vec<Value>),
    /// To `Explain`.
    Explained(Box<Explained>),
    /// To `Rematch`.
    Rematched(Box<Rematched>),
    /// To `Undo`.
    TakenBack(Box<TakenBack>),
    /// To `Pause`.
    Paused {
        /// As in `Status`.
        until: Option<Stamp>,
    },
    /// To `Logout`.
    LoggedOut {
        /// Why the service could not be told, if it could not; here the login is gone either way.
        not_revoked: Option<String>,
    },
    /// It is done.
    Done {
        /// How many deliveries it was about, where it was about any.
        count: u64,
    },
    /// It could not be done.
    Failed(CliError),
}

impl Response {
    /// It is done, and was about no delivery.
    #[must_use]
    pub fn done() -> Self {
        Self::Done { count: 0 }
    }
}
