//! Discovr: a resume point for what is being watched, and one entry of the history for what was.
//!
//! Everything is named by TMDB id. The history has no idempotency key, every call appends: before a call that ended
//! without a clear answer is repeated, the history is read back. `freeze`, `classify` and the reading are pure;
//! `Discovr` moves.

mod classify;
mod deliver;
mod freeze;
pub(crate) mod history;

use std::time::Duration;

pub use classify::classify;
pub use deliver::{Discovr, Memory};
pub use freeze::{calls, freeze, media_id};

/// Between two resume points of a title that only goes on playing.
pub const PACE: Duration = Duration::from_secs(30);
