//! Folders and files that are watched, by inotify itself rather than by the `notify` crate.
//!
//! That crate asks for every kind of event (opened, written, attributes …), so watching `/tmp` for a socket or
//! `/usr/bin` for a new mpv would wake the daemon whenever any program there is run or any file is touched. Here a
//! folder only reports what appears in it, and a program only that it is opened, which is how its start shows.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;

/// What is watched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Watch {
    /// What appears in this folder, and whether the folder itself goes away.
    Folder(PathBuf),
    /// Whether this program is started.
    Program(PathBuf),
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// This appeared in a watched folder.
    Appeared(PathBuf),
    /// A watched program was opened, most likely to be run.
    Started,
    /// A watched folder or program went away, or events were lost: look at everything again.
    Unsure,
}

/// The watches. Without any they cost nothing.
#[derive(Debug)]
pub struct Inotify {
    fd: AsyncFd<OwnedFd>,
    watches: BTreeMap<i32, Watch>,
}

impl Inotify {
    /// None yet.
    ///
    /// # Errors
    ///
    /// The user's limit of inotify instances is reached.
    pub fn new() -> io::Result<Self> {
        let fd = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        #[expect(
            deprecated,
            reason = "only for types that can lose their descriptor, which an OwnedFd cannot; the successor is unsafe"
        )]
        let fd = AsyncFd::new(fd)?;
        Ok(Self {
            fd,
            watches: BTreeMap::new(),
        })
    }

    /// Watches these and no others. What is gone is left out; says what could not be watched for another reason.
    pub fn set(&mut self, wanted: BTreeSet<Watch>) -> Vec<(Watch, io::Error)> {
        let mut failed = Vec::new();
        let mut watches = BTreeMap::new();
        for watch in wanted {
            match inotify::add_watch(self.fd.get_ref(), watch.path(), watch.flags()) {
                Ok(number) => {
                    watches.insert(number, watch);
                }
                Err(Errno::NOENT | Errno::NOTDIR) => {}
                Err(e) => failed.push((watch, e.into())),
            }
        }
        for number in self.watches.keys() {
            if !watches.contains_key(number) {
                // Fails if what was watched is gone already: then so is the watch.
                let _ = inotify::remove_watch(self.fd.get_ref(), *number);
            }
        }
        self.watches = watches;
        failed
    }

    /// Waits for changes. Safe to drop at any time.
    ///
    /// # Errors
    ///
    /// The kernel refuses to read events; nothing will ever come again.
    pub async fn changes(&mut self) -> io::Result<BTreeSet<Change>> {
        loop {
            let mut ready = self.fd.readable().await?;
            let read = ready.try_io(|fd| drain(fd.get_ref(), &self.watches).map_err(Into::into));
            match read {
                Ok(Ok(changes)) if changes.is_empty() => {}
                Ok(result) => return result,
                Err(_not_ready) => {}
            }
        }
    }
}

fn drain(fd: &OwnedFd, watches: &BTreeMap<i32, Watch>) -> rustix::io::Result<BTreeSet<Change>> {
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut reader = Reader::new(fd, &mut buffer);
    let mut changes = BTreeSet::new();
    let mut any = false;
    loop {
        match reader.next() {
            Ok(event) => {
                any = true;
                changes.extend(change(&event, watches));
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if any => return Ok(changes),
            Err(e) => return Err(e),
        }
    }
}

fn change(event: &inotify::Event<'_>, watches: &BTreeMap<i32, Watch>) -> Option<Change> {
    let flags = event.events();
    if flags.contains(ReadFlags::QUEUE_OVERFLOW) {
        return Some(Change::Unsure);
    }
    // Of a watch that was removed meanwhile.
    let watch = watches.get(&event.wd())?;
    let gone =
        ReadFlags::IGNORED | ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::UNMOUNT;
    if flags.intersects(gone) {
        return Some(Change::Unsure);
    }
    match watch {
        Watch::Program(_) => Some(Change::Started),
        Watch::Folder(folder) => {
            let name = OsStr::from_bytes(event.file_name()?.to_bytes());
            Some(Change::Appeared(folder.join(name)))
        }
    }
}

impl Watch {
    fn path(&self) -> &PathBuf {
        match self {
            Self::Folder(path) | Self::Program(path) => path,
        }
    }

    fn flags(&self) -> WatchFlags {
        let gone = WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
        match self {
            Self::Folder(_) => {
                gone | WatchFlags::CREATE | WatchFlags::MOVED_TO | WatchFlags::ONLYDIR
            }
            Self::Program(_) => gone | WatchFlags::OPEN,
        }
    }
}
