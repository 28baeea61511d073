//! What is known of one player on the bus.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::silence::Silence;
use crate::model::{Moment, PlayerId, PlayerInfo, Process, Source};
use crate::watch::mpris::policy;
use crate::watch::mpris::track::{Read, Track};

#[derive(Debug)]
pub struct Player {
    pub names: BTreeSet<String>,
    pub id: Option<PlayerId>,
    pub process: Option<Process>,
    pub identity: Option<String>,
    pub stage: Stage,
    pub track: Track,
    /// The properties were read at least once.
    pub read: bool,
    /// What it calls itself may be asked again when it signals.
    pub nameless: bool,
    /// Asked and not answered yet; `true` if it is to be asked again then.
    pub reading: BTreeMap<Read, bool>,
    pub silence: Silence,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Who it is is being asked.
    Meeting,
    /// What it calls itself is being asked.
    Introducing,
    Watched,
    Ignored(String),
}

impl Player {
    pub fn short(&self) -> &str {
        let shortest = self.names.iter().min_by_key(|name| name.len());
        shortest.map_or("", |name| policy::short(name))
    }

    /// When something is due, on `Moment::mono`.
    pub fn deadline(&self) -> Option<Duration> {
        let track = self.track.deadline();
        track.into_iter().chain(self.silence.deadline()).min()
    }

    /// A reading was answered, or not in time.
    pub fn note(&mut self, read: Read, is_silent: bool, now: Moment) {
        match is_silent && self.stage == Stage::Watched {
            true => self.silence.grows(read, now.mono),
            false => self.silence.ends(read),
        }
    }

    pub fn info(&self) -> PlayerInfo {
        PlayerInfo {
            name: self
                .identity
                .clone()
                .unwrap_or_else(|| self.short().to_owned()),
            source: Source::Mpris,
            process: self.process,
            ignored: match &self.stage {
                Stage::Ignored(why) => Some(why.clone()),
                _ => None,
            },
        }
    }
}
