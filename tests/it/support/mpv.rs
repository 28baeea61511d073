//! Real mpvs, and what a watcher tells of them as a short story.

use std::io::{BufRead, BufReader, Write};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reeld::model::{EndReason, Item, Location, Signal, Transport};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::watcher::Watcher;

pub const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/mpv/reeld.lua");

/// A home and an `$XDG_RUNTIME_DIR` of their own.
#[derive(Debug)]
pub struct Desk {
    pub folder: TempDir,
}

/// One mpv, killed when this is dropped.
#[derive(Debug)]
pub struct Mpv {
    child: Child,
    pub socket: PathBuf,
}

impl Desk {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where the script puts sockets.
    pub fn sockets(&self) -> PathBuf {
        self.path().join("reeld/mpv")
    }

    /// A watcher in here.
    pub fn watcher(&self) -> Watcher {
        Watcher::of_mpv(self.path(), &[])
    }

    /// An mpv with the shipped script.
    pub fn mpv(&self, args: &[&str]) -> Mpv {
        let script = format!("--script={SCRIPT}");
        let args: Vec<&str> = [script.as_str()]
            .into_iter()
            .chain(args.iter().copied())
            .collect();
        let mut mpv = self.bare_mpv(&args);
        mpv.socket = self.sockets().join(format!("{}.sock", mpv.child.id()));
        mpv
    }

    /// An mpv without it.
    pub fn bare_mpv(&self, args: &[&str]) -> Mpv {
        let child = Command::new("mpv")
            .args(["--no-config", "--vo=null", "--ao=null", "--no-terminal"])
            .args(args)
            .current_dir(self.path())
            .env("PWD", self.path())
            .env("HOME", self.path())
            .env("XDG_CONFIG_HOME", self.path())
            .env("XDG_RUNTIME_DIR", self.path())
            .env_remove("DBUS_SESSION_BUS_ADDRESS")
            .stdin(Stdio::null())
            .spawn()
            .expect("mpv is installed");
        Mpv {
            child,
            socket: PathBuf::new(),
        }
    }
}

impl Mpv {
    /// As the watcher names it.
    pub fn name(&self) -> String {
        format!("mpv-{}", self.child.id())
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a command as any remote control does, and returns the answer.
    pub fn command(&self, command: &[Value]) -> Value {
        self.command_at(&self.socket, command)
    }

    pub fn command_at(&self, socket: &Path, command: &[Value]) -> Value {
        let mut stream = match socket.to_str().and_then(|text| text.strip_prefix('@')) {
            Some(name) => {
                UnixStream::connect_addr(&SocketAddr::from_abstract_name(name).unwrap()).unwrap()
            }
            None => UnixStream::connect(socket).unwrap(),
        };
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let line = format!("{}\n", json!({"command": command, "request_id": 77}));
        stream.write_all(line.as_bytes()).unwrap();
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { break };
            let answer: Value = serde_json::from_str(&line).unwrap();
            if answer["request_id"] == 77 {
                return answer["data"].clone();
            }
        }
        Value::Null
    }

    pub fn set(&self, property: &str, value: impl Into<Value>) {
        self.command(&[json!("set_property"), json!(property), value.into()]);
    }

    /// Waits until it has ended.
    pub fn wait(&mut self) {
        self.child.wait().unwrap();
    }

    pub fn quit(&self) {
        self.command(&[json!("quit")]);
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

impl Drop for Mpv {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// What was seen of a player: a word or two for each signal, without stalls, refinements and answers.
pub fn story(watcher: &Watcher, player: &str) -> Vec<String> {
    let mut story: Vec<String> = Vec::new();
    for signal in watcher.signals(player) {
        let told = tell(&signal);
        // Between two stalls it may be said to play again.
        story.extend(told.filter(|told| story.last() != Some(told)));
    }
    story
}

fn tell(signal: &Signal) -> Option<String> {
    let words = match signal {
        Signal::Appeared(_) => "appeared".to_owned(),
        Signal::Vanished => "vanished".to_owned(),
        Signal::Opened(item) => format!("opened {}", base_name(item)),
        Signal::Transport { state, .. } => match state {
            Transport::Playing => "playing".to_owned(),
            Transport::Paused => "paused".to_owned(),
            Transport::Stopped => "stopped".to_owned(),
            Transport::Buffering => return None,
        },
        Signal::Rate(rate) if (*rate - 1.0).abs() < 0.001 => return None,
        Signal::Rate(rate) => format!("rate {rate}"),
        Signal::Position { seconds, seeked } if *seeked => format!("jumped to {seconds:.0}"),
        Signal::Ended(EndReason::Eof) => "ended".to_owned(),
        Signal::Ended(EndReason::Stopped) => "was stopped".to_owned(),
        Signal::Ended(EndReason::Error) => "failed".to_owned(),
        Signal::ReachedEnd => "reached the end".to_owned(),
        Signal::Refined(_) | Signal::Position { .. } | Signal::PositionUnknown => return None,
    };
    Some(words)
}

fn base_name(item: &Item) -> String {
    let location = item.location.as_ref().map_or("", Location::as_str);
    location.rsplit('/').next().unwrap_or_default().to_owned()
}

/// What holds for every stream: nothing before a player appeared or after it vanished, every playback opened and
/// ended in turn, stamps that never go back.
pub fn check_order(watcher: &Watcher, player: &str) {
    let transcript = watcher.transcript();
    let mut open = false;
    let mut there = false;
    let mut last = None;
    for seen in watcher.seen.iter().filter(|seen| &*seen.player.0 == player) {
        assert!(
            last <= Some(seen.at.mono),
            "a stamp went back\n{transcript}"
        );
        last = Some(seen.at.mono);
        match seen.signal {
            Signal::Appeared(_) => there = true,
            Signal::Vanished => (there, open) = (false, false),
            Signal::Opened(_) => {
                assert!(!open, "opened twice\n{transcript}");
                open = true;
            }
            Signal::Ended(_) => {
                assert!(open, "ended twice\n{transcript}");
                open = false;
            }
            Signal::Transport {
                state: Transport::Stopped,
                ..
            } => {
                assert!(!open, "stopped while open\n{transcript}");
            }
            _ => assert!(open, "of nothing that is open: {seen:?}\n{transcript}"),
        }
        assert!(
            there || matches!(seen.signal, Signal::Vanished),
            "of a player that is not there\n{transcript}"
        );
    }
}
