//! The daemon's end.
//!
//! Whoever holds the lock on the runtime folder is the daemon; a socket found there without a lock is left over from one
//! that died and is replaced. The lock goes with the process, however that ends.
//! A client that sends garbage, nothing, or a line without an end costs one connection for a bounded time.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::protocol::{LONGEST_REQUEST, Request, Response};
use super::rows::StatusReport;
use crate::error::CliError;
use crate::paths::{Paths, private_dir};

/// Clients served at once; further ones wait in the kernel's queue.
const CLIENTS: usize = 32;
/// How long a client may take to say what it wants, or to take what it asked for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Changes that come close together are one to a follower.
const COALESCE: Duration = Duration::from_millis(200);

/// A request with the place for its answer.
#[derive(Debug)]
pub struct Call {
    /// Never `Follow`.
    pub request: Request,
    /// Dropping it tells the client that the daemon is going away.
    pub reply: oneshot::Sender<Response>,
}

/// The bound socket. Removed when dropped.
#[derive(Debug)]
pub struct Listener {
    socket: UnixListener,
    path: PathBuf,
    _lock: File,
}

impl Listener {
    /// Becomes the daemon of this user. To be called within a tokio runtime.
    ///
    /// # Errors
    /// When another daemon runs, or the runtime folder cannot be used.
    pub fn bind(paths: &Paths) -> Result<Self, CliError> {
        private_dir(&paths.runtime_dir)?;
        let path = paths.control_socket.clone();
        let refuse = |error: io::Error| {
            let what = format!("cannot make the control socket {}", path.display());
            CliError::user(what)
                .because(error.to_string())
                .hint("look at the folder; its path must be shorter than 108 bytes, and XDG_RUNTIME_DIR says where it is")
        };
        let lock = File::open(&paths.runtime_dir).map_err(refuse)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(already_running()),
            Err(error) => return Err(refuse(error.into())),
        }
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refuse(error)),
            _ => {}
        }
        let socket = UnixListener::bind(&path).map_err(refuse)?;
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).map_err(refuse)?;
        Ok(Self {
            socket,
            path,
            _lock: lock,
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // Ours: we hold the lock.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn already_running() -> CliError {
    CliError::user("reeld is already running")
        .because("another process of yours watches the players")
        .hint("`reeld status` asks it; `systemctl --user stop reeld` ends it if systemd started it")
}

/// Serves until it is dropped. `changes` is touched whenever a new `Status` would say something else.
pub async fn serve(listener: Listener, calls: mpsc::Sender<Call>, changes: watch::Receiver<()>) {
    let mut clients = JoinSet::new();
    loop {
        while clients.try_join_next().is_some() {}
        if clients.len() >= CLIENTS {
            clients.join_next().await;
            continue;
        }
        match listener.socket.accept().await {
            Ok((stream, _)) if is_ours(&stream) => {
                clients.spawn(client(stream, calls.clone(), changes.clone()));
            }
            Ok(_) => warn!("refused a process of another user at the control socket"),
            Err(error) => {
                warn!("the control socket does not accept: {error}");
                sleep(COALESCE).await;
            }
        }
    }
}

fn is_ours(stream: &UnixStream) -> bool {
    let uid = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == uid)
}

async fn client(stream: UnixStream, calls: mpsc::Sender<Call>, changes: watch::Receiver<()>) {
    let (read, write) = stream.into_split();
    let mut client = Connection {
        read: BufReader::new(read),
        write,
        calls,
    };
    if let Err(error) = client.converse(changes).await {
        debug!("a client at the control socket left: {error}");
    }
}

struct Connection {
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
    calls: mpsc::Sender<Call>,
}

impl Connection {
    async fn converse(&mut self, changes: watch::Receiver<()>) -> io::Result<()> {
        while let Some(line) = timeout(PATIENCE, self.line()).await?? {
            match serde_json::from_slice(&line) {
                Ok(Request::Follow) => return self.follow(changes).await,
                Ok(request) => {
                    let response = self.ask(request).await;
                    self.tell(&response).await?;
                }
                Err(error) => {
                    self.tell(&Response::Failed(not_understood(&error))).await?;
                }
            }
        }
        Ok(())
    }

    /// The next line; `None` at the end. An endless one is an error.
    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let limit = LONGEST_REQUEST as u64;
        let mut bounded = (&mut self.read).take(limit);
        let length = bounded.read_until(b'\n', &mut line).await?;
        if length == 0 {
            return Ok(None);
        }
        if !line.ends_with(b"\n") {
            let problem = Response::Failed(
                CliError::bug("the request has no end")
                    .because(format!("longer than {limit} bytes, or cut off")),
            );
            self.tell(&problem).await?;
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(Some(line))
    }

    async fn ask(&self, request: Request) -> Response {
        let (reply, answer) = oneshot::channel();
        if self.calls.send(Call { request, reply }).await.is_err() {
            return Response::Failed(going_away());
        }
        answer
            .await
            .unwrap_or_else(|_| Response::Failed(going_away()))
    }

    async fn tell(&mut self, response: &Response) -> io::Result<()> {
        let mut line = serde_json::to_vec(response)?;
        line.push(b'\n');
        timeout(PATIENCE, self.write.write_all(&line)).await?
    }

    async fn follow(&mut self, mut changes: watch::Receiver<()>) -> io::Result<()> {
        let mut told: Option<StatusReport> = None;
        loop {
            changes.mark_unchanged();
            let response = self.ask(Request::Status).await;
            let Response::Status(mut report) = response else {
                return self.tell(&response).await;
            };
            let uptime = std::mem::take(&mut report.uptime_seconds);
            if told.as_ref() != Some(&*report) {
                told = Some((*report).clone());
                report.uptime_seconds = uptime;
                self.tell(&Response::Status(report)).await?;
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() {
                    return Ok(());
                },
                // A follower says nothing more: whatever can be read is its farewell.
                _ = self.read.fill_buf() => return Ok(()),
            }
            sleep(COALESCE).await;
        }
    }
}

fn not_understood(error: &serde_json::Error) -> CliError {
    let version = env!("CARGO_PKG_VERSION");
    // The error's own words could repeat the request, which may hold a token.
    CliError::user(format!(
        "the running reeld {version} does not understand the request"
    ))
    .because(format!("line {}, column {}", error.line(), error.column()))
    .hint("after an update, restart it: `systemctl --user restart reeld`")
}

fn going_away() -> CliError {
    CliError::not_running("it is just stopping")
}
