//! What is known of one player on the bus.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{PlayerId, PlayerInfo, Process, Source};
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
