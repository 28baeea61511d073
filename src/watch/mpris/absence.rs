//! While there is no session bus: what says that it may be back, at no cost until then.
//!
//! The bus listens on a socket in a folder, so the folder is watched. A socket that just appeared may not be listened
//! on yet, so joining is tried again for a moment. An address without a path cannot be watched: it is tried ever more
//! rarely and given up within two hours; such a bus ends with its session, and so does the daemon in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;
use zbus::Address;
use zbus::address::transport::{Transport, UnixSocket};

/// First and last wait for a socket that is not listened on yet; doubling.
const LISTENING: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(2));
/// First and last wait for a bus that cannot be watched; doubling.
const UNWATCHED: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(3600));

/// A time without a bus, from losing it to having it again.
pub struct Absence {
    folder: Option<Folder>,
    delay: Duration,
}

struct Folder {
    appeared: Arc<Notify>,
    _watcher: RecommendedWatcher,
}

impl Absence {
    /// Begins to watch for the bus at `address`.
    pub fn begin(address: Option<&Address>) -> Self {
        let folder = address.and_then(socket).and_then(|path| watch(&path).ok());
        let (delay, _) = if folder.is_some() {
            LISTENING
        } else {
            UNWATCHED
        };
        Self { folder, delay }
    }

    /// Returns when joining is worth a try. Cancel safe.
    pub async fn wait(&mut self) {
        let (_, last) = if self.folder.is_some() {
            LISTENING
        } else {
            UNWATCHED
        };
        if self.delay <= last {
            tokio::time::sleep(self.delay).await;
            self.delay *= 2;
            return;
        }
        match &self.folder {
            Some(folder) => {
                folder.appeared.notified().await;
                self.delay = LISTENING.0;
            }
            None => std::future::pending().await,
        }
    }
}

/// The path that the bus listens on, if it has one.
fn socket(address: &Address) -> Option<PathBuf> {
    match address.transport() {
        Transport::Unix(unix) => match unix.path() {
            UnixSocket::File(path) => Some(path.clone()),
            _ => None,
        },
        _ => None,
    }
}

fn watch(socket: &Path) -> notify::Result<Folder> {
    let appeared = Arc::new(Notify::new());
    let (wake, name) = (
        Arc::clone(&appeared),
        socket.file_name().map(ToOwned::to_owned),
    );
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // An error may have swallowed what is waited for, so it counts as it.
        let appeared = event.map_or(true, |event| {
            matches!(event.kind, EventKind::Create(_) | EventKind::Modify(_))
                && (event.paths.iter()).any(|path| path.file_name() == name.as_deref())
        });
        if appeared {
            wake.notify_one();
        }
    })?;
    let folder = socket.parent().unwrap_or(Path::new("/"));
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(Folder {
        appeared,
        _watcher: watcher,
    })
}
