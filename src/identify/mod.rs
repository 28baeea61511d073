//! What is playing: evidence from names, tags and the player, weighed into one identity. Pure.

pub mod name;
mod player;
mod tags;
mod weigh;

use crate::model::{Item, Location, Media};

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
    /// `name`, `tags`, `nfo`, `rule`, `player`, `service`.
    pub source: &'static str,
    /// What it contributed, readable: `title=Heat year=1995`.
    pub said: String,
}

/// Identifies a name or path alone, as `reeld identify NAME` does.
#[must_use]
pub fn identify_name(name: &str) -> Identity {
    let item = Item {
        location: Some(Location::Path(name.to_owned())),
        ..Item::default()
    };
    identify(&item)
}

/// Identifies what a player has open.
#[must_use]
pub fn identify(item: &Item) -> Identity {
    let mut evidence = Vec::new();
    evidence.extend(tags::read(item));
    evidence.extend(name::claim(item));
    evidence.extend(player::read(item));
    weigh::weigh(item, evidence)
}
