//! The state folder: made, made private, and claimed by one daemon.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::{StoreError, StoreErrorKind};

/// How long another daemon is waited for: half a second.
const PATIENCE_STEPS: u32 = 25;
const STEP: Duration = Duration::from_millis(20);

/// Held by the daemon, in the folder.
const LOCK: &str = "lock";

/// A state folder that is ours for as long as this lives.
#[derive(Debug)]
pub struct StateFolder {
    path: PathBuf,
    lock: File,
    /// Claimed as well: a file may be removed while it is locked.
    _folder: Option<File>,
}

impl StateFolder {
    /// Makes the folder if need be, takes from others what they may do with it, and claims it.
    ///
    /// # Errors
    /// `Locked`: another daemon has it. `Denied`, `Full`, `Io`: what the disk says.
    pub fn claim(path: &Path) -> Result<Self, StoreError> {
        let failed = |error: io::Error| told(path, &error);
        // The store process has another working directory.
        let path = &std::path::absolute(path).map_err(failed)?;
        make_private(path).map_err(failed)?;
        let mut lock = fs::OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join(LOCK))
            .map_err(failed)?;
        match lock_patiently(&lock) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(locked(path, &mut lock)),
            Err(error) => return Err(failed(error.into())),
        }
        let folder = match File::open(path) {
            Ok(folder) => match lock_patiently(&folder) {
                Err(Errno::WOULDBLOCK) => return Err(locked(path, &mut lock)),
                Ok(()) => Some(folder),
                // Some network disks lock no folders.
                Err(_) => None,
            },
            Err(error) => return Err(failed(error)),
        };
        // Only for the words of the next one; without room for them it is claimed all the same.
        let _ = lock
            .set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| write!(lock, "{}", std::process::id()));
        Ok(Self {
            path: path.to_owned(),
            lock,
            _folder: folder,
        })
    }

    /// False if the folder was deleted, moved or replaced: then what is done in it is lost, and it is to be claimed anew.
    #[must_use]
    pub fn is_in_place(&self) -> bool {
        let there = fs::metadata(self.path.join(LOCK));
        match (there, self.lock.metadata()) {
            (Ok(there), Ok(ours)) => (there.dev(), there.ino()) == (ours.dev(), ours.ino()),
            // A disk that does not answer says nothing about the folder.
            (Err(error), _) => !matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ),
            (_, Err(_)) => true,
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// One that is just ending, or whose lock a process just started still holds, is waited for.
fn lock_patiently(lock: &File) -> Result<(), Errno> {
    for _ in 0..PATIENCE_STEPS {
        match flock(lock, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => thread::sleep(STEP),
            result => return result,
        }
    }
    flock(lock, FlockOperation::NonBlockingLockExclusive)
}

fn locked(path: &Path, lock: &mut File) -> StoreError {
    let mut holder = String::new();
    let read = lock.take(20).read_to_string(&mut holder);
    let holder = match holder.parse::<u32>() {
        Ok(pid) if read.is_ok() => format!(" (process {pid})"),
        _ => String::new(),
    };
    StoreError {
        kind: StoreErrorKind::Locked,
        message: format!(
            "another reeld{holder} is running with the state in {}",
            path.display()
        ),
    }
}

fn told(path: &Path, error: &io::Error) -> StoreError {
    use io::ErrorKind as E;
    let kind = match error.kind() {
        // There can be no folder at that place.
        E::NotFound | E::NotADirectory | E::AlreadyExists => StoreErrorKind::Denied,
        _ => super::database::explain("opening", error).kind,
    };
    let kind = match kind {
        StoreErrorKind::Damaged | StoreErrorKind::Locked => StoreErrorKind::Io,
        kind => kind,
    };
    StoreError {
        kind,
        message: format!(
            "the state folder {} cannot be used: {error}",
            path.display()
        ),
    }
}

/// Makes a folder 0700, with the folders above it, or makes the one that is there 0700.
fn make_private(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)?;
    if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
        fs::set_permissions(path, Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Takes from others what they may do with anything in here. Does not follow links, and does not mind what vanishes meanwhile:
/// the store process of a daemon that was killed may still be tidying up.
pub(super) fn make_all_private(path: &Path) -> io::Result<()> {
    match make_tree_private(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn make_tree_private(path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    if metadata.is_symlink() {
        return Ok(());
    }
    let mode = metadata.permissions().mode() & 0o7777;
    let private = mode & 0o700;
    if mode != private {
        fs::set_permissions(path, Permissions::from_mode(private))?;
    }
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            make_all_private(&entry?.path())?;
        }
    }
    Ok(())
}

/// Makes everything in a folder durable.
pub(super) fn sync_all(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path)?.is_dir() {
        for entry in fs::read_dir(path)? {
            sync_all(&entry?.path())?;
        }
    }
    sync(path)
}

/// Makes the names in a folder durable.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_deleted_moved_or_made_anew_is_not_in_place() {
        let root = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (root.path().join("state"), root.path().join("moved"));
        let folder = StateFolder::claim(&path).unwrap();
        assert!(folder.is_in_place());
        fs::rename(&path, &elsewhere).unwrap();
        assert!(!folder.is_in_place());
        let other = StateFolder::claim(&path).unwrap();
        assert!(other.is_in_place() && !folder.is_in_place());
        fs::remove_dir_all(&path).unwrap();
        fs::write(&path, "").unwrap();
        assert!(!other.is_in_place());
        let error = StateFolder::claim(&path).unwrap_err();
        assert_eq!(error.kind, StoreErrorKind::Denied, "{error}");
    }
}
