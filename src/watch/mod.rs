//! Watchers: they look at players, stamp what they see and pass it on. They decide nothing and never wait for the disk.
//!
//! A watcher is one future that runs for as long as the daemon does. It survives everything a player, a socket or a
//! bus can do to it, and it wakes up only when one of them does something or the debouncer asks.

#[doc(hidden)]
pub mod ears;
pub mod merge;
pub mod mpris;
pub mod mpv;
pub mod process;
pub mod record;
pub mod replay;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{Notify, mpsc, watch};

use crate::config::Config;
use crate::model::{Observation, PlayerId, Source};

/// What watchers tell the engine.
#[derive(Debug)]
pub enum Report {
    /// Something was seen.
    Observed(Observation),
    /// The first scan is finished: every player that was there at start has been reported.
    Scanned(Source),
    /// The transport itself is not there (no session bus), in words for people; `None`: it is (back).
    Unavailable(Source, Option<String>),
}

/// What a watcher is given.
#[derive(Debug)]
pub struct WatchContext {
    /// Where to report. Waiting for a place in it is fine: the stamps are taken before.
    pub reports: mpsc::Sender<Report>,
    /// Players whose position is wanted: each is answered by a `Signal::Position` or not at all. Closed at shutdown.
    pub asks: mpsc::Receiver<PlayerId>,
    /// The configuration in force; changes while running.
    pub config: watch::Receiver<Arc<Config>>,
    /// `$XDG_RUNTIME_DIR/reeld`.
    pub runtime_dir: PathBuf,
    /// What players signal, as it comes, is to be recorded there.
    pub tap: Option<mpsc::Sender<record::Entry>>,
    /// Something hints at a new mpv (a bus name, `reeld players`): look for its socket again.
    pub rescan: Arc<Notify>,
}
