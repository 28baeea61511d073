//! The engine's door to this machine's disk, and what names this machine.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use super::patient::Patient;
use super::pause_file::PauseFile;

use crate::account::linked;
use crate::engine::{Edges, Identity, Opened, Pause};
use crate::error::{CliError, in_short};
use crate::history::{self, Entry, History, Receipt};
use crate::model::{AccountKey, Moment, ViewingId};
use crate::paths::{Paths, private_dir, read_small};
use crate::store::{Program, SledStore, StateFolder, StoreError, StoreErrorKind};
use crate::watch::merge::Started;
use crate::watch::process;

/// Database and history in the state folder, which is ours alone for as long as this lives.
pub struct Files {
    state_dir: PathBuf,
    /// `None` while the disk does not let us have it. It may be deleted at any time, and is made anew then.
    folder: Option<StateFolder>,
    history: History,
    patient: Patient,
    pause: PauseFile,
}

impl Files {
    /// Claims the state folder. If the disk does not allow that now, it is claimed when the store is opened next.
    ///
    /// # Errors
    /// When another daemon has it.
    pub fn claim(paths: &Paths) -> Result<Self, StoreError> {
        let folder = match StateFolder::claim(&paths.state_dir) {
            Err(error) if error.kind == StoreErrorKind::Locked => return Err(error),
            claimed => claimed.ok(),
        };
        Ok(Self {
            state_dir: paths.state_dir.clone(),
            folder,
            history: History::at(&paths.history),
            patient: Patient::new(),
            pause: PauseFile::in_folder(&paths.state_dir),
        })
    }

    /// The folder, made and claimed anew if it is not where it was.
    fn folder(&mut self) -> Result<&StateFolder, StoreError> {
        let folder = match self.folder.take().filter(StateFolder::is_in_place) {
            Some(folder) => folder,
            None => StateFolder::claim(&self.state_dir)?,
        };
        Ok(self.folder.insert(folder))
    }

    /// Writes to the history, in a folder that is there. `what` tells the line from all others.
    fn write(
        &mut self,
        what: String,
        line: impl FnOnce(&History) -> io::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        self.folder().map_err(io::Error::other)?;
        let history = self.history.clone();
        self.patient.run(what, move || line(&history))
    }
}

impl Edges for Files {
    type Store = SledStore;

    fn open_store(&mut self, now: Moment) -> Result<Opened<SledStore>, StoreError> {
        let folder = self.folder()?;
        let (store, opened) = SledStore::open(folder, now.wall, &Program::this())?;
        Ok(Opened {
            store,
            fresh: opened.fresh,
            loss: opened.loss.is_some().then(|| opened.to_string()),
        })
    }

    fn loss_repaired(&mut self, store: &SledStore) -> Result<(), StoreError> {
        match &self.folder {
            Some(folder) => store.loss_repaired(folder),
            None => Ok(()),
        }
    }

    fn kinship(&self) -> Started {
        Box::new(process::is_parent)
    }

    fn remember(&mut self, entry: &Entry) -> io::Result<()> {
        let entry = entry.clone();
        self.write(format!("{entry:?}"), move |history| history.append(&entry))
    }

    fn receipt(&mut self, viewing: ViewingId, receipt: &Receipt) -> io::Result<()> {
        let receipt = receipt.clone();
        let what = format!("{viewing} {receipt:?}");
        self.write(what, move |history| history.receipt(viewing, &receipt))
    }

    fn recall(&mut self) -> io::Result<history::Read> {
        self.history.recall()
    }

    fn take_back(&mut self, viewing: ViewingId) -> io::Result<()> {
        let read = history::read(self.history.path(), usize::MAX)?;
        let mut entries = read.entries.into_iter();
        match entries.find(|entry| entry.viewing_id == viewing && entry.completed) {
            Some(entry) => self.remember(&entry.take_back()),
            None => Ok(()),
        }
    }

    fn kept_linked(&mut self) -> Option<Vec<AccountKey>> {
        linked::read(&self.state_dir)
    }

    fn keep_linked(&mut self, linked: &[AccountKey]) -> io::Result<()> {
        self.folder().map_err(io::Error::other)?;
        linked::write(&self.state_dir, linked)
    }

    fn kept_pause(&mut self) -> Option<Pause> {
        self.pause.read()
    }

    fn keep_pause(&mut self, pause: Option<&Pause>) -> io::Result<()> {
        self.folder().map_err(io::Error::other)?;
        self.pause.write(pause)
    }
}

/// Names this boot, this machine and its user. A machine whose state folder cannot be used has another name in each run.
pub fn identity(paths: &Paths) -> Result<Identity, CliError> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Ok(Identity {
        boot_id: u64::from(crc32fast::hash(boot.trim().as_bytes())),
        device_id: device_id(paths).or_else(|_| new_device_id())?,
        home: paths.home.clone(),
    })
}

/// Names this machine to the services: random, made once, kept in the state folder.
///
/// # Errors
/// When the state folder cannot be used.
pub fn device_id(paths: &Paths) -> Result<String, CliError> {
    private_dir(&paths.state_dir)?;
    let file = paths.state_dir.join("device-id");
    let known = read_small(&file).map(|id| String::from_utf8_lossy(&id).trim().to_owned());
    match known {
        Ok(id) if uuid::Uuid::parse_str(&id).is_ok() => return Ok(id),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unusable(&file, &error)),
    }
    let id = new_device_id()?;
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&file)
        .and_then(|mut file| writeln!(file, "{id}"))
        .map_err(|error| unusable(&file, &error))?;
    Ok(id)
}

fn new_device_id() -> Result<String, CliError> {
    let bytes = random_bytes().map_err(|error| no_randomness(&error))?;
    Ok(uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string())
}

fn no_randomness(error: &io::Error) -> CliError {
    CliError::user("no randomness").because(error.to_string())
}

fn unusable(file: &std::path::Path, error: &io::Error) -> CliError {
    CliError::user(format!("cannot use {}", file.display()))
        .because(in_short(error))
        .hint("reeld must be able to read and write its state folder: check owner, permissions and free space")
}

/// Randomness for ids and jitter.
pub fn seed() -> Result<u64, CliError> {
    let bytes = random_bytes().map_err(|error| no_randomness(&error))?;
    Ok(bytes
        .iter()
        .take(8)
        .fold(0, |seed, byte| (seed << 8) | u64::from(*byte)))
}

fn random_bytes() -> io::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}
