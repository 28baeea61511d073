//! What is playing: evidence from rules, files beside it, names, tags and the player, weighed into one identity.
//!
//! Everything here is pure but `sidecar::read`, which others call and hand the outcome to `identify`.

mod json;
pub mod name;
mod player;
pub mod rules;
pub mod sidecar;
mod tags;
mod weigh;

use serde::Serialize;

use crate::model::{Item, Location, Media};
pub use json::IdentityJson;
use rules::Rules;
use sidecar::{Place, Sidecar};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// `rule`, `path`, `nfo`, `tags`, `name`, `player`.
    pub source: &'static str,
    /// What it contributed, readable: `title=Heat year=1995`.
    pub said: String,
    /// What of it contradicts a better source, and cost confidence: `type`, `title`, `year`, `episode`, `ids`.
    pub disputes: Option<&'static str>,
}

/// The item that a name or path alone makes.
#[must_use]
pub fn named(name: &str) -> Item {
    Item {
        location: Some(Location::Path(name.to_owned())),
        ..Item::default()
    }
}

/// Identifies what a player has open, or what a name says.
#[must_use]
pub fn identify(item: &Item, sidecars: &[Sidecar], rules: &Rules) -> Identity {
    let mut name = name::claim(item);
    let ids = name.as_mut().and_then(name::take_ids);
    let kind = name.as_ref().and_then(|claim| claim.media.media_type);
    let mut claims = Vec::new();
    claims.extend(ids);
    // The number of a season only completes what the name says.
    let beside = |season: bool| {
        sidecar::claims(sidecars, kind)
            .into_iter()
            .filter(move |(place, _)| (*place == Place::Season) == season)
            .map(|(_, claim)| claim)
    };
    claims.extend(beside(false));
    claims.extend(tags::read(item, kind));
    claims.extend(name);
    claims.extend(beside(true));
    claims.extend(player::read(item));
    let mut identity = weigh::weigh(item, claims);
    rules.apply(item, &mut identity);
    identity
}
