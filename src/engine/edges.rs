//! What goes into the engine and what comes out, and where it touches the disk.

use std::io;
use std::sync::Arc;

use tracing::warn;

use super::Pause;
use crate::account::{Account, Names};
use crate::config::Config;
use crate::control::{Request, Response};
use crate::history::{self, Entry, Receipt};
use crate::identify::rules::Rules as UserRules;
use crate::identify::sidecar::Sidecar;
use crate::model::{AccountKey, DeliveryId, Media, Moment, PlayerId, ViewingId};
use crate::outbox::TitleKey;
use crate::service::tmdb::Lookup;
use crate::service::{Disposition, Job};
use crate::store::{Store, StoreError};
use crate::watch::Report;
use crate::watch::merge::Started;

/// Where the engine touches the disk.
pub trait Edges {
    /// The store's type.
    type Store: Store;

    /// Opens the store, or makes one.
    ///
    /// # Errors
    /// As `Store`'s.
    fn open_store(&mut self, now: Moment) -> Result<Opened<Self::Store>, StoreError>;

    /// The loss that opening told of is made good for as far as can be, durably: it need not be told again.
    ///
    /// # Errors
    /// As `Store`'s.
    fn loss_repaired(&mut self, store: &Self::Store) -> Result<(), StoreError>;

    /// Tells whether one process started another.
    fn kinship(&self) -> Started;

    /// Appends to the local history, durably.
    ///
    /// # Errors
    /// Of the file.
    fn remember(&mut self, entry: &Entry) -> io::Result<()>;

    /// Appends to the local history that a completion has reached an account, or never will.
    ///
    /// # Errors
    /// Of the file.
    fn receipt(&mut self, viewing: ViewingId, receipt: &Receipt) -> io::Result<()>;

    /// What the local history says of late.
    ///
    /// # Errors
    /// Of the file.
    fn recall(&mut self) -> io::Result<history::Read>;

    /// Writes to the local history that a viewing was not watched after all, durably; nothing if it does not say so.
    ///
    /// # Errors
    /// Of the file.
    fn take_back(&mut self, viewing: ViewingId) -> io::Result<()>;

    /// Who was linked when the last run ended; `None` if that is not known.
    fn kept_linked(&mut self) -> Option<Vec<AccountKey>>;

    /// Keeps who is linked, durably.
    ///
    /// # Errors
    /// Of the disk.
    fn keep_linked(&mut self, linked: &[AccountKey]) -> io::Result<()>;

    /// The pause that was in force when the last run ended.
    fn kept_pause(&mut self) -> Option<Pause>;

    /// Keeps the user's pause for the next run, durably; `None`: there is none any more.
    ///
    /// # Errors
    /// Of the disk.
    fn keep_pause(&mut self, pause: Option<&Pause>) -> io::Result<()>;
}

/// A store, open.
#[derive(Debug)]
pub struct Opened<S> {
    /// It.
    pub store: S,
    /// There was none: it is new.
    pub fresh: bool,
    /// What was committed and is gone, in words for people; told again until `loss_repaired`.
    pub loss: Option<String>,
}

impl<S> Opened<S> {
    pub(super) fn tell(&self) {
        if let Some(loss) = &self.loss {
            warn!("the database was damaged: {loss}");
        }
    }
}

/// What the engine is told.
#[derive(Debug)]
pub enum Input {
    /// From a watcher.
    Report(Report),
    /// A delivery has ended.
    Settled {
        /// Which.
        delivery: DeliveryId,
        /// How.
        outcome: Disposition,
    },
    /// The linked accounts have changed.
    Accounts(Vec<Account>),
    /// What the users are called that are or were linked.
    Names(Names),
    /// The configuration has changed.
    Config(Arc<Config>),
    /// The user's file cannot be used, and why; `None`: it can again.
    ConfigProblem(Option<String>),
    /// The user's rules have changed.
    Rules(Arc<UserRules>),
    /// They cannot be used, and why; `None`: they can again.
    RulesProblem(Option<String>),
    /// What lies beside a file: the answer to `Output::ReadSidecars`.
    Sidecars {
        /// Who has it open.
        player: PlayerId,
        /// The file.
        path: String,
        /// What was found, most particular first.
        found: Vec<Sidecar>,
    },
    /// A request from the command line; answered by `Output::Reply` with the same number.
    Request(u64, Request),
    /// TMDB was asked.
    Looked {
        /// For which title.
        title: TitleKey,
        /// With what.
        media: Media,
        /// What it said.
        lookup: Lookup,
    },
    /// The network is back.
    NetworkBack,
    /// The machine is about to sleep.
    Sleep,
    /// It woke up.
    Woke,
    /// The daemon ends.
    Shutdown,
    /// Only time has passed.
    Tick,
}

/// Something that the user should see without asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// In a few words.
    pub summary: String,
    /// A sentence or two of plain text.
    pub body: String,
}

/// What the engine wants done.
#[derive(Debug)]
pub enum Output {
    /// Ask a player for its position.
    Ask(PlayerId),
    /// Send this, and say how it ended.
    Deliver {
        /// Which.
        delivery: DeliveryId,
        /// As whom.
        account: AccountKey,
        /// What.
        job: Job,
    },
    /// Ask TMDB for an id, and say what it said. One at a time.
    LookUp {
        /// For which title.
        title: TitleKey,
        /// With what.
        media: Media,
    },
    /// Tell the user, on the desktop.
    Notify(Notice),
    /// Read what lies beside a file; answered by `Input::Sidecars`, late or never if the disk is.
    ReadSidecars {
        /// Who has it open.
        player: PlayerId,
        /// The file.
        path: String,
    },
    /// Answer a request.
    Reply(u64, Response),
    /// Look for players anew.
    Rescan,
    /// Every watcher has finished its first scan.
    Ready,
    /// Everything is written: the machine may sleep. Not said while it cannot be.
    Asleep,
    /// Something waits for the network, or nothing does any more.
    AwaitNetwork(bool),
    /// One line about players and what is being watched.
    Summary(String),
}
