//! Tells the service manager how we are (`sd_notify`): one datagram each, and silence where there is none to tell.

use std::env;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use tracing::debug;

/// The way to the service manager, if there is one.
#[derive(Debug, Default)]
pub struct Notifier(Option<(UnixDatagram, SocketAddr)>);

impl Notifier {
    /// Where `$NOTIFY_SOCKET` leads.
    #[must_use]
    pub fn from_process() -> Self {
        let Some(address) = env::var_os("NOTIFY_SOCKET").filter(|address| !address.is_empty())
        else {
            return Self(None);
        };
        let connection = connect(address.as_bytes());
        if let Err(error) = &connection {
            debug!("the service manager cannot be told anything: {error}");
        }
        Self(connection.ok())
    }

    /// Start-up is finished.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// One line for `systemctl --user status`.
    pub fn status(&self, line: &str) {
        self.tell(&format!("STATUS={}", line.replace('\n', " ")));
    }

    /// Shutdown has begun.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    fn tell(&self, state: &str) {
        let Some((socket, address)) = &self.0 else {
            return;
        };
        if let Err(error) = socket.send_to_addr(state.as_bytes(), address) {
            debug!("the service manager was not told {state:?}: {error}");
        }
    }
}

fn connect(address: &[u8]) -> io::Result<(UnixDatagram, SocketAddr)> {
    let address = match address.strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(address))?,
    };
    let socket = UnixDatagram::unbound()?;
    // A manager that does not read must not hold the daemon up.
    socket.set_nonblocking(true)?;
    Ok((socket, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 256];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }

    #[test]
    fn states_arrive_at_a_socket_in_the_file_system_or_an_abstract_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let abstract_name = format!("reeld-test-{}", std::process::id());
        let abstract_address = SocketAddr::from_abstract_name(&abstract_name).unwrap();
        let cases = [
            (
                UnixDatagram::bind(&path).unwrap(),
                path.as_os_str().as_bytes().to_vec(),
            ),
            (
                UnixDatagram::bind_addr(&abstract_address).unwrap(),
                format!("@{abstract_name}").into_bytes(),
            ),
        ];
        for (manager, address) in cases {
            let notifier = Notifier(connect(&address).ok());
            notifier.ready();
            notifier.status("1 player\nand more");
            notifier.stopping();
            assert_eq!(told(&manager), "READY=1");
            assert_eq!(told(&manager), "STATUS=1 player and more");
            assert_eq!(told(&manager), "STOPPING=1");
        }
    }

    #[test]
    fn a_manager_that_is_gone_is_no_trouble() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gone");
        let notifier = Notifier(connect(path.as_os_str().as_bytes()).ok());
        notifier.ready();
        assert!(connect(&[b'x'; 300]).is_err());
    }
}
