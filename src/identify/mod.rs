//! What is playing: evidence from names, tags, sidecars and rules, weighed into one identity.

use crate::model::Media;

/// Below this confidence nothing is sent; it is shown.
pub const FLOOR: f32 = 0.5;

/// What came out, and what is to be done with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Identity {
    /// The answer.
    pub media: Media,
    /// Track, keep here, or leave alone.
    pub verdict: Verdict,
    /// What each source contributed, best first, for `identify` and `explain`.
    pub evidence: Vec<Evidence>,
}

/// What is done with a playback.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Tracked and sent.
    Track,
    /// Tracked on this machine only, and why (unidentified, below the floor).
    Local(String),
    /// Not tracked at all, and why (trailer, private path, the user's rule).
    Ignore(String),
}

/// What one source said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// `name`, `tags`, `nfo`, `path id`, `rule`, `player`, `service`.
    pub source: &'static str,
    /// What it contributed, readable: `title=Heat year=1995`.
    pub said: String,
}
