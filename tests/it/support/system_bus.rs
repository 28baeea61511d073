//! A system bus of our own, with a logind and a NetworkManager that say what they are told to.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use zbus::message::{Message, Type};
use zbus::{Connection, MessageStream};

use super::bus::PrivateBus;

const LOGIND: &str = "org.freedesktop.login1";
const NETWORK_MANAGER: &str = "org.freedesktop.NetworkManager";

/// Gone when dropped.
pub struct SystemBus {
    _running: oneshot::Sender<()>,
    handle: Handle,
    bus: PrivateBus,
    logind: Connection,
    network: Connection,
    inhibitors: Arc<Mutex<Vec<Inhibitor>>>,
}

/// Held for as long as the other end of its socket is.
pub struct Inhibitor {
    pub arguments: [String; 4],
    held: UnixStream,
}

impl Inhibitor {
    /// Waits until it is let go of; false if that takes too long.
    pub fn released(&mut self, within: Duration) -> bool {
        self.held.set_read_timeout(Some(within)).unwrap();
        matches!(self.held.read(&mut [0]), Ok(0))
    }
}

impl SystemBus {
    /// Its socket is put into this folder.
    pub fn start(folder: &Path) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let handle = runtime.handle().clone();
        let (running, ended) = oneshot::channel::<()>();
        std::thread::spawn(move || runtime.block_on(ended));
        let bus = PrivateBus::start(folder);
        let inhibitors = Arc::default();
        let (logind, network) = handle.block_on(async {
            let (logind, network) = (bus.connect().await, bus.connect().await);
            tokio::spawn(serve(logind.clone(), Arc::clone(&inhibitors)));
            logind.request_name(LOGIND).await.unwrap();
            network.request_name(NETWORK_MANAGER).await.unwrap();
            (logind, network)
        });
        Self {
            _running: running,
            handle,
            bus,
            logind,
            network,
            inhibitors,
        }
    }

    /// For `DBUS_SYSTEM_BUS_ADDRESS`.
    pub fn address(&self) -> String {
        self.bus.address_text()
    }

    /// Takes the inhibitor that was asked for since this was called last.
    pub fn inhibitor(&self) -> Option<Inhibitor> {
        let mut inhibitors = self.inhibitors.lock().unwrap();
        assert!(inhibitors.len() < 2, "one inhibitor at a time");
        inhibitors.pop()
    }

    /// The machine is about to sleep, or has woken up.
    pub fn prepare_for_sleep(&self, about_to: bool) {
        let (path, interface) = ("/org/freedesktop/login1", "org.freedesktop.login1.Manager");
        self.emit(&self.logind, path, interface, "PrepareForSleep", &about_to);
    }

    /// NetworkManager's `NMState`: 20 disconnected, 70 connected globally.
    pub fn network_state(&self, state: u32) {
        let path = "/org/freedesktop/NetworkManager";
        self.emit(&self.network, path, NETWORK_MANAGER, "StateChanged", &state);
    }

    fn emit<B>(&self, from: &Connection, path: &str, interface: &str, signal: &str, body: &B)
    where
        B: serde::Serialize + zbus::DynamicType,
    {
        let everybody = None::<&str>;
        self.handle
            .block_on(from.emit_signal(everybody, path, interface, signal, body))
            .unwrap();
    }
}

async fn serve(logind: Connection, inhibitors: Arc<Mutex<Vec<Inhibitor>>>) {
    let mut calls = MessageStream::from(&logind);
    while let Some(Ok(call)) = calls.next().await {
        if call.message_type() == Type::MethodCall {
            inhibit(&logind, &inhibitors, &call).await;
        }
    }
}

async fn inhibit(logind: &Connection, inhibitors: &Mutex<Vec<Inhibitor>>, call: &Message) {
    let header = call.header();
    assert_eq!(header.member().unwrap().as_str(), "Inhibit");
    let arguments = call.body().deserialize().unwrap();
    let (held, theirs) = UnixStream::pair().unwrap();
    inhibitors
        .lock()
        .unwrap()
        .push(Inhibitor { arguments, held });
    let theirs = zbus::OwnedFd::from(OwnedFd::from(theirs));
    logind.reply(&header, &theirs).await.unwrap();
}
