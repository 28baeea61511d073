//! Tells the service manager how we are (`sd_notify`): one datagram each, and silence where there is none to tell.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use tracing::debug;

/// Start-up is finished.
pub fn ready() {
    tell("READY=1");
}

/// One line for `systemctl --user status`.
pub fn status(line: &str) {
    tell(&format!("STATUS={}", line.replace('\n', " ")));
}

/// Start-up takes longer, up to five minutes from now; why.
pub fn starting_slowly(why: &str) {
    tell(&format!("EXTEND_TIMEOUT_USEC=300000000\nSTATUS={why}"));
}

/// Shutdown has begun.
pub fn stopping() {
    tell("STOPPING=1");
}

fn tell(state: &str) {
    let address = env::var_os("NOTIFY_SOCKET").unwrap_or_default();
    if address.is_empty() {
        return;
    }
    if let Err(error) = send(address.as_bytes(), state) {
        debug!("the service manager was not told {state:?}: {error}");
    }
}

fn send(address: &[u8], state: &str) -> io::Result<()> {
    let address = match address.strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(OsStr::from_bytes(address))?,
    };
    let socket = UnixDatagram::unbound()?;
    // A manager that does not read must not hold the daemon up.
    socket.set_nonblocking(true)?;
    socket.send_to_addr(state.as_bytes(), &address)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
            send(&address, "READY=1").unwrap();
            let mut buffer = [0; 64];
            let length = manager.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], b"READY=1");
        }
    }

    #[test]
    fn a_manager_that_is_gone_is_an_error_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gone");
        assert!(send(path.as_os_str().as_bytes(), "READY=1").is_err());
        assert!(send(&[b'x'; 300], "READY=1").is_err());
    }
}
