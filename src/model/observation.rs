//! What watchers say: observations of players. Watchers stamp and pass on; they decide nothing.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Moment, Wall};

/// Names one player for as long as it lives; never reused for another process within one run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PlayerId(pub Arc<str>);

impl PlayerId {
    /// From its text, e.g. `mpv-4711` or `mpris:vlc`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The name on the bus (or `mpv`) that it was made of, without the number that tells it from others of that name.
    #[must_use]
    pub fn short_name(&self) -> &str {
        let name = self.0.strip_prefix("mpris:").unwrap_or(&self.0);
        let numbered = name.rsplit_once(['-', '#']);
        numbered
            .filter(|(_, number)| number.bytes().all(|b| b.is_ascii_digit()))
            .map_or(name, |(name, _)| name)
    }
}

impl fmt::Display for PlayerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// The transport a player is watched through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// mpv's JSON IPC.
    Mpv,
    /// MPRIS on the session bus.
    Mpris,
}

/// A process, told apart from a later one with the same number by its start time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// Clock ticks after boot at which it started (`/proc/PID/stat`, field 22).
    pub started: u64,
}

impl Process {
    /// When it started, as today's clock counts.
    #[must_use]
    pub fn started_at(self, now: Moment) -> Wall {
        // Linux shows every program a hundred ticks a second, whatever its own are.
        let after_boot = Duration::from_millis(self.started.saturating_mul(10));
        now.wall.minus(now.boot.saturating_sub(after_boot))
    }
}

/// Who a player is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerInfo {
    /// As people know it: `mpv`, `VLC media player`.
    pub name: String,
    /// How it is watched.
    pub source: Source,
    /// Its process, where that can be known (not in a sandbox).
    pub process: Option<Process>,
    /// Why it is not tracked, if it is not (denied, a browser, watched through another transport).
    pub ignored: Option<String>,
}

impl PlayerInfo {
    /// Whether people mean this player, whose id is `id`, by `wanted`: the id, the name or the short name on the bus.
    #[must_use]
    pub fn is_called(&self, id: &PlayerId, wanted: &str) -> bool {
        *id.0 == *wanted
            || self.name.eq_ignore_ascii_case(wanted)
            || id.short_name().eq_ignore_ascii_case(wanted)
    }
}

/// One thing seen at one player.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// When it was seen, stamped by the watcher.
    pub at: Moment,
    /// At which player.
    pub player: PlayerId,
    /// What was seen.
    pub signal: Signal,
}

/// What can be seen at a player. Positions and lengths are seconds of media.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Signal {
    /// A player is there. Sent again when what is known of it changes (e.g. it becomes ignored).
    Appeared(PlayerInfo),
    /// It is gone: process ended, socket closed, bus name lost.
    Vanished,
    /// Another playback begins; everything before belongs to the one before, which ended if it had not.
    Opened(Box<Item>),
    /// More is known of the present playback. Replaces the item; never a new playback.
    Refined(Box<Item>),
    /// Playing, paused …, with the position where it came along.
    Transport {
        /// The new state.
        state: Transport,
        /// Position read with it; `None` if it could not be, or is not to be trusted.
        position: Option<f64>,
    },
    /// Playback speed; 1.0 is normal.
    Rate(f64),
    /// A position: the answer to an `Ask`, or one that came unasked.
    Position {
        /// Seconds.
        seconds: f64,
        /// The player said that it jumped here (a hint only).
        seeked: bool,
    },
    /// The player cannot tell positions (unsupported, for ever 0): estimate, and never complete on that alone.
    PositionUnknown,
    /// The playback ended.
    Ended(EndReason),
    /// At the end and still open (`keep-open`).
    ReachedEnd,
}

/// Whether it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Time passes.
    Playing,
    /// The user paused.
    Paused,
    /// Playing in the user's mind, but no frame moves (cache, seek).
    Buffering,
    /// Nothing open, or stopped.
    Stopped,
}

/// Why a playback ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EndReason {
    /// The player says that the file ended (believed only near its end).
    Eof,
    /// Stopped, next file, quit.
    Stopped,
    /// Could not go on.
    Error,
}

/// What a player has open: raw, as the player tells it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Item {
    /// File or URL; `None` where the player does not say (browsers, Jellyfin).
    pub location: Option<Location>,
    /// Length in seconds; `None` unknown or live.
    pub duration: Option<f64>,
    /// The player's own title for it (tag, page or file name).
    pub title: Option<String>,
    /// Tags.
    pub tags: Tags,
    /// Whether there is a moving picture.
    pub video: Video,
    /// Chapter marks, ascending.
    pub chapters: Vec<Chapter>,
    /// Read over the network.
    pub network: bool,
    /// The player begins it again by itself: it had just ended, or is set to be looped where that is all that can be known.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
}

/// Where the media is. Either way private: DEBUG only.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Location {
    /// Absolute path; bytes that are not UTF-8 are read as `decoded` says, which is good enough to name it.
    Path(String),
    /// Anything with a scheme other than `file`.
    Url(String),
}

impl Location {
    /// Path or URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Path(text) | Self::Url(text) => text,
        }
    }

    /// Whether it is on the web, where a page may be called anything.
    #[must_use]
    pub fn is_web(&self) -> bool {
        let Self::Url(url) = self else { return false };
        let (scheme, _) = url.split_once("://").unwrap_or_default();
        ["http", "https", "ytdl"]
            .iter()
            .any(|web| scheme.eq_ignore_ascii_case(web))
    }
}

/// Whether a playback has a moving picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Video {
    /// It has.
    Yes,
    /// Audio only, or just cover art.
    No,
    /// The player does not say.
    #[default]
    Unknown,
}

/// Container tags and the like, names in lower case, as found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tags(pub Vec<(String, String)>);

impl Tags {
    /// The first value of a tag.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A chapter mark.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chapter {
    /// Where it begins, in seconds.
    pub start: f64,
    /// Its name, may be empty.
    pub title: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_player_is_meant_by_its_id_its_name_or_its_short_name_on_the_bus() {
        let info = PlayerInfo {
            name: "VLC media player".into(),
            source: Source::Mpris,
            process: None,
            ignored: None,
        };
        for id in ["mpris:vlc", "mpris:vlc-306", "mpris:vlc#2"] {
            for wanted in [id, "vlc", "VLC", "vlc media player"] {
                assert!(info.is_called(&PlayerId::new(id), wanted), "{id} {wanted}");
            }
            for other in ["", "vl", "306", "mpris:", "media"] {
                assert!(!info.is_called(&PlayerId::new(id), other), "{id} {other}");
            }
        }
    }
}
