//! The engine's door to this machine's disk, and what names this machine.

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use super::pause_file::PauseFile;
use crate::account;
use crate::engine::{Edges, Identity, Pause};
use crate::error::CliError;
use crate::history::{self, Entry, History};
use crate::model::{AccountKey, Lifecycle, Moment, Step, ViewingId};
use crate::paths::{Paths, private_dir};
use crate::store::{Program, SledStore, StateFolder, StoreError};
use crate::watch::merge::Started;
use crate::watch::process;

/// Database and history in the state folder, which is ours alone for as long as this lives.
pub struct Files {
    folder: StateFolder,
    history: PathBuf,
    pause: PauseFile,
}

impl Files {
    /// Claims the state folder.
    ///
    /// # Errors
    /// When another daemon has it, or it cannot be used.
    pub fn claim(paths: &Paths) -> Result<Self, StoreError> {
        let folder = StateFolder::claim(&paths.state_dir)?;
        Ok(Self {
            folder,
            history: paths.history.clone(),
            pause: PauseFile::in_folder(&paths.state_dir),
        })
    }
}

impl Edges for Files {
    type Store = SledStore;

    fn open_store(&mut self, now: Moment) -> Result<(SledStore, Vec<String>), StoreError> {
        let (store, opened) = SledStore::open(&self.folder, now.wall, &Program::this())?;
        let told = opened.loss.is_some().then(|| opened.to_string());
        Ok((store, told.into_iter().collect()))
    }

    fn kinship(&self) -> Started {
        Box::new(process::is_parent)
    }

    fn remember(
        &mut self,
        step: &Step,
        event: &Lifecycle,
        accounts: &[AccountKey],
    ) -> io::Result<()> {
        History::open(&self.history)?.append(&Entry::of(step, event, accounts))
    }

    fn take_back(&mut self, viewing: ViewingId) -> io::Result<()> {
        let read = history::read(&self.history, usize::MAX)?;
        let mut entries = read.entries.into_iter();
        match entries.find(|entry| entry.viewing_id == viewing && entry.completed) {
            Some(entry) => History::open(&self.history)?.append(&entry.take_back()),
            None => Ok(()),
        }
    }

    fn kept_linked(&mut self) -> Option<Vec<AccountKey>> {
        account::linked::read(self.folder.path())
    }

    fn keep_linked(&mut self, linked: &[AccountKey]) -> io::Result<()> {
        account::linked::write(self.folder.path(), linked)
    }

    fn kept_pause(&mut self) -> Option<Pause> {
        self.pause.read()
    }

    fn keep_pause(&mut self, pause: Option<&Pause>) -> io::Result<()> {
        self.pause.write(pause)
    }
}

/// Names this boot, this machine and its user.
pub fn identity(paths: &Paths) -> Result<Identity, CliError> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Ok(Identity {
        boot_id: u64::from(crc32fast::hash(boot.trim().as_bytes())),
        device_id: device_id(paths)?,
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
    match fs::read_to_string(&file) {
        Ok(id) if uuid::Uuid::parse_str(id.trim()).is_ok() => return Ok(id.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unusable(&file, &error)),
    }
    let id =
        uuid::Builder::from_random_bytes(random_bytes().map_err(|error| unusable(&file, &error))?)
            .into_uuid()
            .to_string();
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

fn unusable(file: &std::path::Path, error: &io::Error) -> CliError {
    CliError::user(format!("cannot use {}", file.display()))
        .because(error.to_string())
        .hint("reeld must be able to read and write its state folder: check owner, permissions and free space")
}

/// Randomness for ids and jitter.
pub fn seed() -> Result<u64, CliError> {
    let bytes = random_bytes()
        .map_err(|error| CliError::user("no randomness").because(error.to_string()))?;
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
