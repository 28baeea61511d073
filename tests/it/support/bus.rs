//! A session bus of our own, gone with the test.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use zbus::{Address, Connection};

/// A running bus.
#[derive(Debug)]
pub struct PrivateBus {
    daemon: Child,
    socket: PathBuf,
    crowd: OnceLock<Crowd>,
}

/// A way in that makes every connection one of another process, as those of real players are.
#[derive(Debug)]
struct Crowd {
    socat: Child,
    socket: PathBuf,
}

impl PrivateBus {
    /// Starts one that listens on `bus` in this folder; every user may join, so that players need not be root.
    pub fn start(folder: &Path) -> Self {
        let socket = folder.join("bus");
        let config = folder.join("bus.conf");
        std::fs::write(&config, configuration(&socket)).unwrap();
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("dbus-daemon is installed");
        // It prints the address when it listens.
        let mut line = String::new();
        BufReader::new(daemon.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(line.starts_with("unix:"), "dbus-daemon said {line:?}");
        Self {
            daemon,
            socket,
            crowd: OnceLock::new(),
        }
    }

    pub fn address_text(&self) -> String {
        format!("unix:path={}", self.socket.display())
    }

    pub fn address(&self) -> Address {
        Address::from_str(&self.address_text()).unwrap()
    }

    pub async fn connect(&self) -> Connection {
        join(self.address()).await
    }

    /// A connection that the bus takes for one of a process of its own; needs `socat`.
    pub async fn connect_as_another(&self) -> Connection {
        let crowd = self.crowd.get_or_init(|| Crowd::start(&self.socket));
        let address = format!("unix:path={}", crowd.socket.display());
        join(address.parse().unwrap()).await
    }
}

async fn join(address: Address) -> Connection {
    zbus::connection::Builder::address(address)
        .build()
        .await
        .unwrap()
}

impl Crowd {
    fn start(bus: &Path) -> Self {
        let socket = bus.with_extension("crowd");
        let socat = Command::new("socat")
            .arg(format!("UNIX-LISTEN:{},fork,backlog=100", socket.display()))
            .arg(format!("UNIX-CONNECT:{}", bus.display()))
            // Its own group: it forks for every connection.
            .process_group(0)
            .stderr(Stdio::null())
            .spawn()
            .expect("socat is installed");
        let patience = Instant::now() + Duration::from_secs(10);
        while UnixStream::connect(&socket).is_err() {
            assert!(Instant::now() < patience, "socat does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
        Self { socat, socket }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        super::kill_group(&mut self.socat);
        std::fs::remove_file(&self.socket).ok();
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        self.daemon.kill().unwrap();
        self.daemon.wait().unwrap();
        std::fs::remove_file(&self.socket).ok();
    }
}

fn configuration(socket: &Path) -> String {
    format!(
        r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#,
        socket.display()
    )
}
