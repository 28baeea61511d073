//! Which sockets of mpv there are, for `reeld doctor`: a look from outside, without the watcher.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::address::Address;
use super::places::Places;

/// A socket may take so long to let us in.
const PATIENCE: Duration = Duration::from_secs(1);

/// What a look found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Each with whether somebody listens there.
    pub sockets: Vec<(String, bool)>,
    /// What of the configuration cannot be used, and why.
    pub refused: Vec<String>,
}

/// Looks at reeld's own folder and at what is configured. Connects to each socket and hangs up.
#[must_use]
pub fn sockets(runtime_dir: &Path, configured: &[String]) -> Found {
    let (places, refused) = Places::new(runtime_dir, configured);
    let doors = places.addresses().into_iter();
    let doors = doors.filter(|address| address.door().is_some());
    Found {
        sockets: doors
            .map(|address| (address.to_string(), listens(&address)))
            .collect(),
        refused,
    }
}

/// One that hangs keeps us waiting no longer; somebody is there then.
fn listens(address: &Address) -> bool {
    let address = address.clone();
    let (connected, hear) = mpsc::channel();
    thread::spawn(move || {
        // Nobody hears what comes too late.
        let _ = connected.send(connect(&address).is_ok());
    });
    hear.recv_timeout(PATIENCE).unwrap_or(true)
}

fn connect(address: &Address) -> io::Result<UnixStream> {
    match address {
        Address::Path(path) => UnixStream::connect(path),
        Address::Abstract(name) => {
            SocketAddr::from_abstract_name(name).and_then(|a| UnixStream::connect_addr(&a))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    #[test]
    fn sockets_are_told_from_what_players_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder.path().join("mpv");
        std::fs::create_dir(&own).unwrap();
        let _listens = UnixListener::bind(own.join("a.sock")).unwrap();
        drop(UnixListener::bind(own.join("b.sock")).unwrap());
        let found = sockets(folder.path(), &["relative".into()]);
        let told: Vec<bool> = found.sockets.iter().map(|(_, listens)| *listens).collect();
        assert_eq!(told, [true, false]);
        assert_eq!(found.refused.len(), 1);
    }
}
