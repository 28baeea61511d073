//! What is playing: evidence from rules, files beside it, names, tags and the player, weighed into one identity.
//!
//! Everything here is pure but `sidecar::read`, which others call and hand the outcome to `identify`.

mod json;
pub mod name;
mod pieces;
mod player;
pub mod rules;
pub mod sidecar;
mod tags;
mod weigh;

use crate::model::{Item, Location, Media};
pub use json::{identity_json, put_identity};
use name::Reader;
pub use pieces::NOT_THE_LAST;
use rules::Rules;
use sidecar::{Place, Sidecar};
pub use weigh::verdict;
use weigh::{Claim, title_keys};

/// Below this confidence nothing is sent; it is shown.
pub const FLOOR: f32 = 0.5;

/// What the evidence of a name says that is likely to be a private film's.
pub const CALLED_PRIVATE: &str = "called as private films are";

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
    /// `rule`, `path`, `nfo`, `tags`, `name`, `player`.
    pub source: &'static str,
    /// What it contributed, readable: `title=Heat year=1995`.
    pub said: String,
    /// What of it contradicts a better source, and cost confidence: `type`, `title`, `year`, `episode`, `ids`.
    pub disputes: Option<&'static str>,
}

/// The item that a name, path or URL alone makes.
#[must_use]
pub fn named(name: &str) -> Item {
    let location = if name.as_bytes().contains(&b':') {
        place(name)
    } else {
        Location::Path(name.to_owned())
    };
    Item {
        location: Some(location),
        ..Item::default()
    }
}

/// What has a colon in it may be a URL.
fn place(name: &str) -> Location {
    let of_scheme = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    match name.split_once("://") {
        Some(("file", _)) => Location::Path(name::file_path(name)),
        Some((scheme, _)) if !scheme.is_empty() && scheme.bytes().all(of_scheme) => {
            Location::Url(name.to_owned())
        }
        _ => Location::Path(name.to_owned()),
    }
}

/// Identifies what a player has open, or what a name says.
#[must_use]
pub fn identify(item: &Item, sidecars: &[Sidecar], rules: &Rules) -> Identity {
    identify_with(&mut Reader::default(), item, sidecars, rules)
}

/// The same, for many of them, whose names one reader reads.
#[must_use]
pub fn identify_with(
    reader: &mut Reader,
    item: &Item,
    sidecars: &[Sidecar],
    rules: &Rules,
) -> Identity {
    // Mostly the name alone speaks.
    let mut claims = Vec::with_capacity(2);
    let (name, around) = name::claims(item, reader).unzip();
    claims.extend(name);
    let ids = claims.first_mut().and_then(name::take_ids);
    let named = claims.first().map(|claim| &claim.media);
    let called = named.filter(|_| !rules.is_empty()).map(title_keys);
    claims.extend(around.flatten());
    if !(sidecars.is_empty() && item.tags.0.is_empty()) {
        surround(&mut claims, item, sidecars);
    }
    if let Some(ids) = ids {
        claims.insert(0, ids);
    }
    claims.extend(player::read(item));
    let mut identity = weigh::weigh(item, &mut claims);
    rules.apply(item, &called.unwrap_or_default(), &mut identity);
    pieces::hold(&mut identity, sidecars);
    identity
}

/// Puts what lies beside the video and its tags claim before and behind what its name does.
fn surround(claims: &mut Vec<Claim>, item: &Item, sidecars: &[Sidecar]) {
    let named = claims.first().map(|claim| &claim.media);
    let kind = named.and_then(|media| media.media_type);
    let path = match &item.location {
        Some(Location::Path(path)) => Some(path.as_str()),
        _ => None,
    };
    // The number of a season only completes what the name says.
    let (seasons, beside): (Vec<_>, Vec<_>) = sidecar::claims(sidecars, named, path)
        .into_iter()
        .partition(|(place, _)| *place == Place::Season);
    let mut all: Vec<_> = beside.into_iter().map(|(_, claim)| claim).collect();
    all.extend(tags::read(item, kind));
    all.append(claims);
    all.extend(seasons.into_iter().map(|(_, claim)| claim));
    all.extend(tags::hint(item));
    *claims = all;
}
