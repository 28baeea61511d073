//! Where a socket is, and how to get through to it.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::net::UnixStream;
use tokio::time::sleep;

/// The address of a Unix socket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Address {
    /// A file.
    Path(PathBuf),
    /// Linux's abstract name space, without the leading zero (`@name` to people).
    Abstract(Vec<u8>),
}

/// One socket at an address: another one bound there later is another door.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Door {
    /// Where.
    pub address: Address,
    /// Device, inode and when it was made (inodes are used again); nothing for an abstract address.
    file: Option<(u64, u64, i64, i64)>,
}

/// A socket that refuses is retried for as long, and counted as new for as long after it was made.
const FRESH: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(5);

impl Address {
    /// From text: `@name`, or a path from the root.
    pub fn parse(text: &[u8]) -> Option<Self> {
        match text {
            [b'@', name @ ..] if !name.is_empty() => Some(Self::Abstract(name.to_vec())),
            [b'/', ..] => Some(Self::Path(PathBuf::from(OsString::from_vec(text.to_vec())))),
            _ => None,
        }
    }

    /// The socket that is there now; `None` if there is none of this user's.
    pub fn door(&self) -> Option<Door> {
        let Self::Path(path) = self else {
            return Some(Door {
                address: self.clone(),
                file: None,
            });
        };
        let data = fs::metadata(path).ok()?;
        let ours = data.uid() == rustix::process::getuid().as_raw();
        (data.file_type().is_socket() && ours).then(|| Door {
            address: self.clone(),
            file: Some((data.dev(), data.ino(), data.mtime(), data.mtime_nsec())),
        })
    }

    fn as_path(&self) -> PathBuf {
        match self {
            Self::Path(path) => path.clone(),
            Self::Abstract(name) => {
                let mut bytes = vec![0];
                bytes.extend_from_slice(name);
                Path::new(OsStr::from_bytes(&bytes)).to_owned()
            }
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{}", path.display()),
            Self::Abstract(name) => write!(f, "@{}", String::from_utf8_lossy(name)),
        }
    }
}

/// A clock that was set makes a socket look new: then it is only tried more often.
fn is_fresh(path: &Path) -> bool {
    let Ok(made) = fs::metadata(path).and_then(|data| data.modified()) else {
        return false;
    };
    let now = u64::try_from(crate::clock::now().wall.0).unwrap_or(0);
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now);
    now.duration_since(made).map_or(true, |age| age < FRESH)
}

/// Connects. A socket that was only just made may be bound and not yet listen: it is tried after 5, 10, 20 … ms.
///
/// # Errors
///
/// Nobody listens there.
pub async fn connect(door: &Door) -> io::Result<UnixStream> {
    let path = door.address.as_path();
    let fresh = is_fresh(&path);
    let mut pause = FIRST_PAUSE;
    let mut waited = Duration::ZERO;
    loop {
        let error = match UnixStream::connect(&path).await {
            Ok(stream) => return Ok(stream),
            Err(error) => error,
        };
        let busy = error.kind() == io::ErrorKind::WouldBlock;
        let starting = fresh && error.kind() == io::ErrorKind::ConnectionRefused;
        if !(busy || starting) || waited >= FRESH {
            return Err(error);
        }
        sleep(pause).await;
        waited += pause;
        pause *= 2;
    }
}

impl Door {
    /// Whether another socket at the same address would be another door.
    pub fn is_unique(&self) -> bool {
        self.file.is_some()
    }

    /// Whether the same socket is still at its address.
    pub fn is_still_there(&self) -> bool {
        self.address.door().as_ref() == Some(self)
    }
}
