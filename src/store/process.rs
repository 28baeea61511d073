//! The store process: sled in a process of its own, a child of the daemon, which talks to it over a socket.
//!
//! Why: a sled that met an error can be neither used nor dropped (it waits for itself for ever), keeps its memory and threads
//! when it is closed, runs `sync` over all disks when it is opened, and may panic, abort or spin on damaged files. A process
//! can be killed, and then all of that is gone, and the memory too. So there is one way to end it, kill -9, whether it is
//! closed, hangs or has failed: an acknowledged batch is on the disk, one that is not acknowledged has happened or has not.
//!
//! The child is this same program, told by an environment variable to be the store. Its environment is otherwise empty but for
//! what keeps sled small; its `PATH` leads nowhere, so that sled finds no `sync`. It sits in a process group of its own and
//! ignores the signals that end a daemon, because the daemon has things to write on its way out. When the daemon dies, the
//! socket closes, and that ends it; a thread of its own waits for it, so that a sled that spins ends too.

use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::net::{RecvFlags, recv};

use super::database::Database;
use super::wire::{self, Reply, Request};
use super::{StoreError, StoreErrorKind};

/// Tells a child to be the store process.
const VARIABLE: &str = "REELD_STORE_PROCESS";
/// How long a request may take. A disk that wakes up or is busy with something else takes seconds.
const DEADLINE: Duration = Duration::from_secs(20);
/// How long nobody has asked for anything when an inspection begins.
const CALM: Duration = Duration::from_millis(200);

/// The program that becomes the store process: one that calls [`serve_if_asked`] first of all.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<String>,
    deadline: Duration,
}

impl Program {
    /// This program, also when its file has been replaced since it started.
    #[must_use]
    pub fn this() -> Self {
        Self::at(Path::new("/proc/self/exe"))
    }

    /// Another one.
    #[must_use]
    pub fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            arguments: Vec::new(),
            deadline: DEADLINE,
        }
    }

    /// This test binary, in which a test calls [`serve_if_asked`].
    #[cfg(test)]
    #[must_use]
    pub fn test() -> Self {
        let name = "store::process::tests::the_store_process_of_the_tests";
        Self {
            arguments: vec![name.into(), "--exact".into()],
            ..Self::this()
        }
    }

    /// With less patience.
    #[cfg(test)]
    #[must_use]
    pub fn within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The variables for rayon and the allocator keep it at one thread less and at half the memory.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command
            .arg0("reeld-store")
            .args(&self.arguments)
            .env_clear()
            .env(VARIABLE, "1")
            .env("PATH", "/dev/null")
            .env("RAYON_NUM_THREADS", "1")
            .env("MALLOC_ARENA_MAX", "1")
            .env("MALLOC_MMAP_THRESHOLD_", "131072")
            .env("MALLOC_TRIM_THRESHOLD_", "524288")
            .current_dir("/")
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

/// Runs the store process to its end, if this process is to be one; otherwise returns. To be called before anything else.
pub fn serve_if_asked() {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    let socket = io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .map(UnixStream::from);
    let served = socket.and_then(|socket| serve(&socket));
    std::process::exit(i32::from(served.is_err()));
}

fn serve(socket: &UnixStream) -> io::Result<()> {
    let _signals = outlive_signals()?;
    end_with_the_daemon(socket)?;
    // For `ps`; nothing depends on it.
    let _ = std::fs::write("/proc/self/comm", "reeld-store");
    // Dropping a sled that has failed never ends; leaving the process does.
    let mut database = ManuallyDrop::new(None);
    loop {
        let inspected = contained(|| inspect_until_asked(socket, &mut database));
        let Ok(bytes) = wire::receive(socket) else {
            return Ok(());
        };
        let request = Request::from_bytes(&bytes)?;
        let reply = inspected.and_then(|()| contained(|| answer(&mut database, request)));
        let failed = reply.is_err();
        let reply = reply.unwrap_or_else(|error| Reply::Failed(error.kind, error.message));
        wire::send(socket, &reply.to_bytes())?;
        if failed {
            return Ok(());
        }
    }
}

fn contained<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}

/// Reads through what has not been read through yet, if nobody asks for anything for a moment, and until somebody does.
fn inspect_until_asked(
    socket: &UnixStream,
    database: &mut Option<Database>,
) -> Result<(), StoreError> {
    let Some(database) = database.as_mut().filter(|it| it.is_to_be_inspected()) else {
        return Ok(());
    };
    let asked = |flags| recv(socket, &mut [0; 1], RecvFlags::PEEK | flags).is_ok();
    let _ = socket.set_read_timeout(Some(CALM));
    let mut busy = asked(RecvFlags::empty());
    let _ = socket.set_read_timeout(None);
    while !busy && database.inspect()? {
        busy = asked(RecvFlags::DONTWAIT);
    }
    Ok(())
}

fn answer(database: &mut Option<Database>, request: Request) -> Result<Reply, StoreError> {
    let folder = |folder: Vec<u8>| PathBuf::from(std::ffi::OsString::from_vec(folder));
    match (request, database) {
        (Request::Create { folder: path }, None) => {
            Database::create(&folder(path)).map(|()| Reply::Done)
        }
        (
            Request::Open {
                folder: path,
                verify,
            },
            slot @ None,
        ) => {
            let (opened, found) = Database::open(&folder(path), verify)?;
            *slot = Some(opened);
            Ok(Reply::Opened(found))
        }
        (
            Request::Scan {
                prefix,
                after,
                backwards,
            },
            Some(database),
        ) => {
            let chunk = database.scan(&prefix, after.as_deref(), backwards)?;
            Ok(Reply::Records(chunk))
        }
        (Request::Get { key }, Some(database)) => {
            Ok(database.get(&key)?.map_or(Reply::BadValue, Reply::Value))
        }
        (Request::Commit(batch), Some(database)) => database.commit(batch).map(|()| Reply::Done),
        (Request::Settle, Some(database)) => database.settle().map(|()| Reply::Done),
        _ => Err(StoreError {
            kind: StoreErrorKind::Io,
            message: "the store process was asked out of order".into(),
        }),
    }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> StoreError {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no words");
    let short: String = text.chars().take(200).collect();
    StoreError {
        kind: StoreErrorKind::Damaged,
        message: format!("the database cannot be read: sled gave up ({short})"),
    }
}

/// The end of the daemon ends this process, and not what is sent to all processes of a service or a session.
fn outlive_signals() -> io::Result<Vec<tokio::signal::unix::Signal>> {
    use tokio::signal::unix::{SignalKind, signal};
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let _inside = runtime.enter();
    [
        SignalKind::terminate(),
        SignalKind::interrupt(),
        SignalKind::hangup(),
    ]
    .into_iter()
    .map(signal)
    .collect()
}

/// Nothing is lost by it: what was acknowledged is on the disk.
fn end_with_the_daemon(socket: &UnixStream) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::retry_on_intr;
    use rustix::process::{Signal, getpid, kill_process};
    let socket = socket.try_clone()?;
    let wait = move || {
        // Asked for nothing, it returns when the other end is closed.
        let mut ends = [PollFd::new(&socket, PollFlags::empty())];
        if retry_on_intr(|| poll(&mut ends, None)).is_ok() {
            let _ = kill_process(getpid(), Signal::KILL);
        }
    };
    let thread = std::thread::Builder::new().name("hangup".into());
    thread.stack_size(16 * 1024).spawn(wait).map(drop)
}

/// A store process, seen from the daemon. Killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    child: Option<Child>,
    socket: UnixStream,
}

impl Process {
    pub fn start(program: &Program) -> Result<Self, StoreError> {
        let start = || {
            let (socket, theirs) = UnixStream::pair()?;
            socket.set_read_timeout(Some(program.deadline))?;
            socket.set_write_timeout(Some(program.deadline))?;
            let child = program
                .command()
                .stdin(Stdio::from(OwnedFd::from(theirs)))
                .spawn()?;
            io::Result::Ok(Self {
                child: Some(child),
                socket,
            })
        };
        start().map_err(|error| StoreError {
            kind: StoreErrorKind::Io,
            message: format!("the store process could not be started: {error}"),
        })
    }

    /// Asks and waits for the answer. After an error the process is of no more use.
    pub fn call(&self, request: &Request) -> Result<Reply, StoreError> {
        let asked = wire::send(&self.socket, &request.to_bytes())
            .and_then(|()| wire::receive(&self.socket))
            .and_then(|bytes| Reply::from_bytes(&bytes));
        match asked {
            Ok(Reply::Failed(kind, message)) => Err(StoreError { kind, message }),
            Ok(reply) => Ok(reply),
            Err(error) => Err(self.silence(&error)),
        }
    }

    /// Why there is no answer.
    fn silence(&self, error: &io::Error) -> StoreError {
        let late = matches!(
            error.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
        );
        let (kind, message) = if late && self.waits_for_disk() {
            let message = "the disk under the database does not answer";
            (StoreErrorKind::Io, message.to_owned())
        } else if late {
            let message = "the database hangs when it is used";
            (StoreErrorKind::Damaged, message.to_owned())
        } else {
            (
                StoreErrorKind::Io,
                format!("the store process has gone: {error}"),
            )
        };
        StoreError { kind, message }
    }

    /// Whether a thread of it is in the uninterruptible sleep in which disks are waited for.
    fn waits_for_disk(&self) -> bool {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.id()));
        tasks.is_ok_and(|tasks| {
            tasks.flatten().any(|task| {
                let stat = std::fs::read_to_string(task.path().join("stat")).unwrap_or_default();
                let state = stat.rsplit(')').next().unwrap_or_default();
                state.trim_start().starts_with('D')
            })
        })
    }

    /// Whether it ended by a crash, once it is known to have gone. Killed by somebody who wanted its memory is none.
    pub fn crashed(&mut self) -> bool {
        let ended = self.child.as_mut().and_then(|child| child.wait().ok());
        let signal = ended.and_then(|status| status.signal());
        matches!(signal, Some(4 | 6 | 7 | 8 | 11))
    }

    /// Its process id; 0 after its end.
    pub fn id(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        let _ = child.kill();
        // It dies at once, unless it waits for a disk; nobody should wait for that for long.
        let (ended, wait) = std::sync::mpsc::channel();
        let reaper = std::thread::Builder::new().name("reaper".into());
        let started = reaper.spawn(move || {
            let _ = child.wait();
            let _ = ended.send(());
        });
        if started.is_ok() {
            let _ = wait.recv_timeout(Duration::from_secs(1));
        }
    }
}

/// A path as it travels.
pub(super) fn bytes_of(path: &Path) -> Vec<u8> {
    path.as_os_str().as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_process_of_the_tests() {
        // As a test it does nothing; as a child of another test it is the store process, and exits in here.
        serve_if_asked();
    }

    #[test]
    fn a_store_process_that_hangs_ends_with_its_daemon() {
        let folder = tempfile::tempdir().unwrap();
        let sled = folder.path().join("sled");
        std::fs::create_dir(&sled).unwrap();
        // Whoever opens a pipe waits until somebody writes.
        let pipe = sled.join("durability_cookie");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o600.into()).unwrap();
        let mut process = Process::start(&Program::test()).unwrap();
        let mut child = process.child.take().unwrap();
        let request = Request::Open {
            folder: bytes_of(folder.path()),
            verify: None,
        };
        wire::send(&process.socket, &request.to_bytes()).unwrap();
        process
            .socket
            .set_read_timeout(Some(Duration::from_millis(500)))
            .unwrap();
        let error = wire::receive(&process.socket).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "it hangs: {error}");
        drop(process);
        let (ended, wait) = std::sync::mpsc::channel();
        let id = child.id();
        std::thread::spawn(move || ended.send(child.wait().unwrap().signal()));
        let signal = wait.recv_timeout(Duration::from_secs(10));
        if signal.is_err() {
            let pid = rustix::process::Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        assert_eq!(signal, Ok(Some(9)));
    }
}
