//! What `/proc` says of one process, and when it ends.

use std::fs;
use std::future::pending;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::unix::AsyncFd;

use crate::model::Process;

/// Stands between a Flatpak player and the bus, and is not the player.
const PROXY: &str = "xdg-dbus-proxy";

/// The process of that number, if there is one that has not ended.
pub fn of(pid: u32) -> Option<Process> {
    let stat = stat(pid)?;
    let started = Stat::read(&stat)?.started;
    Some(Process { pid, started })
}

/// The player that speaks on a bus as the process of that number; `None` if it is gone, lives in another space of
/// process numbers, or only passes on what a sandboxed player says.
pub fn of_speaker(pid: u32) -> Option<Process> {
    let stat = stat(pid)?;
    let Stat { name, started, .. } = Stat::read(&stat)?;
    let space = |of: &str| fs::read_link(PathBuf::from(format!("/proc/{of}/ns/pid"))).ok();
    let same_space = space(&pid.to_string()).is_none_or(|theirs| Some(theirs) == space("self"));
    (name != PROXY && same_space).then_some(Process { pid, started })
}

/// Waits until the process has ended; for ever where the kernel does not let it be watched. Cancel-safe.
pub async fn ended(process: Process) {
    let is_over = || of(process.pid) != Some(process);
    let watched = match open(process.pid) {
        // The number may stand for another one by now.
        _ if is_over() => return,
        Ok(fd) => readiness(fd),
        Err(e) => Err(e),
    };
    match watched {
        Ok(fd) if fd.readable().await.is_ok() => {}
        _ => pending().await,
    }
}

#[expect(
    deprecated,
    reason = "only for types that can lose their descriptor, which an OwnedFd cannot; the successor is unsafe"
)]
fn readiness(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::new(fd)
}

fn open(pid: u32) -> io::Result<OwnedFd> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    Ok(pidfd_open(pid.ok_or(Errno::SRCH)?, PidfdFlags::empty())?)
}

/// Whether `parent` started `child` (SMPlayer its mpv).
pub fn is_parent(parent: Process, child: Process) -> bool {
    let stat = stat(child.pid).unwrap_or_default();
    Stat::read(&stat).is_some_and(|stat| stat.parent == parent.pid)
}

/// Whether the process calls itself mpv (or is a wrapped one, as on NixOS).
pub fn is_mpv(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm"))
        .is_ok_and(|name| matches!(name.trim_end(), "mpv" | ".mpv-wrapped"))
}

/// The folder that the process runs in.
pub fn folder(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

/// The number of the process in the innermost sandbox that it runs in.
pub fn innermost_pid(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_whitespace().next_back()?.parse().ok()
}

fn stat(pid: u32) -> Option<String> {
    fs::read_to_string(format!("/proc/{pid}/stat")).ok()
}

/// What is read of `/proc/PID/stat`: `pid (name) state parent …`, the start being field 22.
#[derive(Debug, PartialEq, Eq)]
struct Stat<'a> {
    name: &'a str,
    parent: u32,
    /// Clock ticks since the machine started.
    started: u64,
}

impl<'a> Stat<'a> {
    /// `None` too for one that has ended and that nobody has buried yet.
    fn read(text: &'a str) -> Option<Self> {
        // The name may hold anything, blanks and brackets too.
        let (before, after) = text.rsplit_once(')')?;
        let (_, name) = before.split_once('(')?;
        let mut fields = after.split_whitespace();
        if matches!(fields.next()?, "Z" | "X") {
            return None;
        }
        Some(Self {
            name,
            parent: fields.next()?.parse().ok()?,
            started: fields.nth(17)?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::{WaitId, WaitIdOptions, waitid};

    use std::time::Duration;

    use super::*;

    #[test]
    fn a_stat_line_is_read_whatever_the_name_is() {
        let rest = "12 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 1 1";
        for name in ["mpv", "a b", "x) S 1 (y", ""] {
            let expected = Stat {
                name,
                parent: 12,
                started: 98765,
            };
            let line = format!("4711 ({name}) S {rest}\n");
            assert_eq!(Stat::read(&line), Some(expected), "{name}");
        }
        let ended = format!("4711 (mpv) Z {rest}\n");
        for broken in ["", "4711", "4711 (mpv", "4711 (mpv) S 1", ")(", &ended] {
            assert_eq!(Stat::read(broken), None, "{broken}");
        }
    }

    #[test]
    fn this_process_is_found_and_one_that_is_not_there_is_not() {
        let own = of(std::process::id()).unwrap();
        assert_eq!(own.pid, std::process::id());
        assert!(own.started > 0);
        assert_eq!(of_speaker(own.pid), Some(own));
        assert_eq!(innermost_pid(own.pid), Some(own.pid));
        assert!(!is_mpv(own.pid));
        assert_eq!(folder(own.pid), std::env::current_dir().ok());
        assert_eq!((of(0), of(u32::MAX)), (None, None));
    }

    #[test]
    fn one_that_has_ended_is_gone_though_nobody_buried_it() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(pid.unwrap()), ended).unwrap();
        assert_eq!(of(child.id()), None);
        child.wait().unwrap();
    }

    #[tokio::test]
    async fn the_end_of_one_is_told_and_not_before() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let process = of(child.id()).unwrap();
        let mut end = std::pin::pin!(ended(process));
        let early = tokio::time::timeout(Duration::from_millis(50), &mut end);
        assert!(early.await.is_err());
        child.kill().unwrap();
        let told = tokio::time::timeout(Duration::from_secs(10), end);
        assert!(told.await.is_ok());
        // Long ago, and of a number that another one has now.
        child.wait().unwrap();
        let other = Process {
            started: process.started + 1,
            pid: std::process::id(),
        };
        for gone in [process, other] {
            let told = tokio::time::timeout(Duration::from_secs(10), ended(gone));
            assert!(told.await.is_ok(), "{gone:?}");
        }
    }

    #[test]
    fn a_child_knows_its_parent() {
        let own = of(std::process::id()).unwrap();
        let mut sleeper = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let child = of(sleeper.id());
        let related = child.map(|child| (is_parent(own, child), is_parent(child, own)));
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
        assert_eq!(related, Some((true, false)));
    }
}
