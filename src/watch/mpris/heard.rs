//! What comes from or of one player, as it came: the only way into its [`Track`], live and from a trace.

use serde::{Deserialize, Serialize};

use super::lookup::Found;
use super::quirks;
use super::raw::{Map, Raw};
use super::track::{Answer, Track};
use super::values::{self, Properties};
use crate::model::Moment;

/// One thing that came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heard {
    /// First of all: by what short name it is listened to.
    Begins(String),
    /// `PropertiesChanged`, or the answer to `Get`.
    Changed(Map),
    /// `PropertiesChanged` without values, or with a body of another type.
    Invalidated,
    /// `Seeked`, with what stood first in it.
    Seeked(Option<Raw>),
    /// The answer to `GetAll`.
    All(Map),
    /// The answer to `Get` of its `Position`; `None` if that was refused.
    Position(Option<Raw>),
    /// What was looked up elsewhere.
    Found(Found),
}

impl Track {
    /// Takes it.
    pub fn hear(&mut self, heard: Heard, now: Moment) {
        match heard {
            Heard::Begins(short) => *self = Self::new(quirks::of(&short)),
            Heard::Changed(map) => self.changed(Properties::read(&map), now),
            Heard::Invalidated => self.invalidated(now),
            Heard::Seeked(raw) => self.seeked(raw.as_ref().and_then(values::number), now),
            Heard::All(map) => self.read_all(Properties::read(&map), now),
            Heard::Position(raw) => {
                let position = raw.as_ref().and_then(values::number);
                let answer = position.map_or(Answer::Unsupported, Answer::Position);
                self.answered(answer, now);
            }
            Heard::Found(found) => self.found(found, now),
        }
    }
}
