//! What is found out elsewhere than on the bus: beside the loop, since a portal or a mount that hangs hangs whoever asks.

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::bus::Owner;
use super::{container, location};
use crate::detached::Detached;
use crate::model::{Process, Video};

/// What is to be found out elsewhere than on the bus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The path on the host that a path of the document portal stands for.
    HostPath(String),
    /// The film that the player's process has open, since the player does not say.
    OpenFilm,
    /// Whether there is a moving picture in the file at this path.
    Video(String),
}

/// What was found out there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// A path of the document portal, and the one on the host.
    HostPath(String, String),
    /// The path of the film that is open.
    OpenFilm(String),
    /// The path of a file, and what is in it.
    Video(String, Video),
}

/// Looks things up on threads of their own.
#[derive(Debug)]
pub struct Lookups<'a> {
    threads: &'a Detached,
    /// One connection's: the next bus gives the same owners to others.
    found: mpsc::Sender<(Owner, Found)>,
}

impl<'a> Lookups<'a> {
    /// What is found is told there, with whom it is about.
    pub fn new(threads: &'a Detached, found: mpsc::Sender<(Owner, Found)>) -> Self {
        Self { threads, found }
    }

    /// Begins to look; what is not found is not told.
    pub fn begin(&self, owner: Owner, process: Option<Process>, lookup: Lookup) {
        let tell = self.found.clone();
        self.threads.run(move || {
            if let Some(found) = find(lookup, process) {
                drop(tell.blocking_send((owner, found)));
            }
        });
    }
}

fn find(lookup: Lookup, process: Option<Process>) -> Option<Found> {
    match lookup {
        Lookup::HostPath(portal) => {
            location::host_path(&portal).map(|path| Found::HostPath(portal, path))
        }
        Lookup::OpenFilm => process.and_then(location::open_film).map(Found::OpenFilm),
        Lookup::Video(path) => {
            let video = container::video_in(&path);
            (video != Video::Unknown).then_some(Found::Video(path, video))
        }
    }
}
