//! Configuration: `defaults.toml` (embedded, the reference), the user's file, the environment; in that order.
//!
//! `rules.rs` says what each key may be, `load.rs` lays the sources over each other, `watch.rs` follows changes.
//! `user_rules.rs` does the same for the user's own rules of what is what, in `rules.toml`.

use std::time::Duration;

use serde::Deserialize;

use crate::model::Secret;

mod duration;
mod fault;
mod layer;
mod load;
mod nearest;
mod rules;
#[cfg(test)]
mod tests;
mod user_rules;
mod watch;

pub use fault::{ConfigError, Fault, Place};
pub(crate) use layer::Layer;
pub use load::{DEFAULTS, Loaded, Setting, Sources, load};
pub use rules::{KEYS, Rule, rule};
pub use user_rules::{LiveRules, load_rules, watch_rules};
pub use watch::{Live, watch};

/// Everything that can be configured. Every key is described in `defaults.toml`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `[punchplay]`
    pub punchplay: Punchplay,
    /// `[discovr]`
    pub discovr: Discovr,
    /// `[tmdb]`
    pub tmdb: Tmdb,
    /// `[watched]`
    pub watched: Watched,
    /// `[debounce]`
    pub debounce: Debounce,
    /// `[players]`
    pub players: Players,
    /// `[mpv]`
    pub mpv: Mpv,
    /// `[privacy]`
    pub privacy: Privacy,
    /// `[track]`
    pub track: Track,
    /// `[notifications]`
    pub notifications: Notifications,
}

/// `[punchplay]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Punchplay {
    /// Off: nothing is made for it, nothing sent.
    pub enabled: bool,
    /// Of the registered application; empty: the one built in, if any.
    pub client_id: String,
    /// https, or http on a loopback address.
    pub base_url: String,
}

/// `[discovr]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Discovr {
    /// Off: nothing is made for it, nothing sent.
    pub enabled: bool,
    /// As at PunchPlay.
    pub client_id: String,
    /// Profile to use, by name or id; empty: ask at login.
    pub profile: String,
    /// https, or http on a loopback address.
    pub base_url: String,
}

/// `[tmdb]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tmdb {
    /// The user's own key; empty: TMDB is never asked.
    pub api_key: Secret,
    /// https, or http on a loopback address.
    pub base_url: String,
}

/// `[watched]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watched {
    /// 1–100
    pub movie_percent: f64,
    /// 1–100
    pub episode_percent: f64,
    /// 0–100; share of the length that must have been played.
    pub minimum_played_percent: f64,
    /// Shorter things are not tracked.
    #[serde(with = "duration")]
    pub minimum_length: Duration,
    /// The start of a chapter named like end credits is the threshold where that is earlier.
    pub credits_chapter: bool,
}

/// `[debounce]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Debounce {
    /// Playing this long is a start.
    #[serde(with = "duration")]
    pub start_after: Duration,
    /// A pause or resume that holds this long is one.
    #[serde(with = "duration")]
    pub settle: Duration,
    /// Between progress events.
    #[serde(with = "duration")]
    pub progress_every: Duration,
    /// Paused longer than this ends the session (not the viewing).
    #[serde(with = "duration")]
    pub pause_limit: Duration,
}

/// `[players]`: globs on names without their instance suffix, and on identities.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Players {
    /// Never tracked.
    pub deny: Vec<String>,
    /// Tracked although denied by default.
    pub allow: Vec<String>,
}

/// `[mpv]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mpv {
    /// Paths and globs of further sockets.
    pub sockets: Vec<String>,
}

/// `[privacy]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Privacy {
    /// Path prefixes and globs that are never tracked.
    pub ignore_paths: Vec<String>,
    /// If not empty: only these are.
    pub only_paths: Vec<String>,
    /// Base names may be sent, to help a service match.
    pub send_filename: bool,
}

/// `[track]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Track {
    /// Films.
    pub movies: bool,
    /// Episodes.
    pub episodes: bool,
    /// Anime, whichever of both it is.
    pub anime: bool,
}

/// `[notifications]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notifications {
    /// A login is needed or runs out soon.
    pub login: bool,
    /// Something was watched that could not be identified.
    pub unidentified: bool,
    /// Something was watched to its end.
    pub watched: bool,
}
