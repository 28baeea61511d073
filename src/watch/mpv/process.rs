//! What `/proc` knows: which process is which, which of them are mpv, and at which sockets they listen.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::model::Process;

use super::address::Address;

/// The process of that number, if there is one.
pub fn process(pid: u32) -> Option<Process> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let started = start_time(&stat)?;
    Some(Process { pid, started })
}

/// Field 22. Field 2 is the name in parentheses, which may hold anything, spaces and parentheses too.
fn start_time(stat: &str) -> Option<u64> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_whitespace().nth(19)?.parse().ok()
}

/// The folder that the process runs in; mpv never leaves it.
pub fn folder(pid: u32) -> Option<String> {
    let folder = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
    Some(folder.to_string_lossy().into_owned())
}

/// Whether the process calls itself mpv (or is a wrapped one, as on NixOS).
pub fn is_mpv(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm"))
        .is_ok_and(|name| matches!(name.trim_end(), "mpv" | ".mpv-wrapped"))
}

/// The number of the process in the innermost sandbox that it runs in.
pub fn innermost_pid(pid: u32) -> Option<u32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_whitespace().next_back()?.parse().ok()
}

/// Every mpv of this user, with the sockets that it listens at.
pub fn listening_mpvs() -> BTreeMap<u32, BTreeSet<Address>> {
    let mpvs = own_mpvs();
    if mpvs.is_empty() {
        return BTreeMap::new();
    }
    let listening = fs::read("/proc/net/unix")
        .map(|table| listening_sockets(&table))
        .unwrap_or_default();
    let addresses = |pid: u32| {
        socket_inodes(pid)
            .into_iter()
            .filter_map(|inode| address(listening.get(&inode)?, pid))
            .collect()
    };
    mpvs.into_iter().map(|pid| (pid, addresses(pid))).collect()
}

fn own_mpvs() -> Vec<u32> {
    let own = rustix::process::getuid().as_raw();
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.metadata().is_ok_and(|data| data.uid() == own))
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|pid| is_mpv(*pid))
        .collect()
}

fn socket_inodes(pid: u32) -> Vec<u64> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| socket_inode(&fs::read_link(entry.path()).ok()?))
        .collect()
}

/// `socket:[4711]`
fn socket_inode(target: &Path) -> Option<u64> {
    let text = target.to_str()?;
    text.strip_prefix("socket:[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

/// Inode to name of every socket in `/proc/net/unix` that listens and has a name.
fn listening_sockets(table: &[u8]) -> BTreeMap<u64, Vec<u8>> {
    table
        .split(|&byte| byte == b'\n')
        .filter_map(listening_socket)
        .collect()
}

/// `Num RefCount Protocol Flags Type St Inode Path`; the path may hold spaces.
fn listening_socket(line: &[u8]) -> Option<(u64, Vec<u8>)> {
    const ACCEPTS: u32 = 1 << 16;
    let mut rest = line;
    let mut columns = [""; 7];
    for column in &mut columns {
        let start = rest.iter().position(|&byte| byte != b' ')?;
        let (_, tail) = rest.split_at(start);
        let (word, tail) = tail.split_at(tail.iter().position(|&byte| byte == b' ')?);
        *column = std::str::from_utf8(word).ok()?;
        rest = tail;
    }
    let [_, _, _, flags, _, _, inode] = columns;
    let accepts = u32::from_str_radix(flags, 16).ok()? & ACCEPTS != 0;
    let name = rest.get(1..).filter(|name| !name.is_empty())?;
    accepts.then_some((inode.parse().ok()?, name.to_vec()))
}

/// A relative path is where the process was when it bound it; mpv never moves.
fn address(name: &[u8], pid: u32) -> Option<Address> {
    if let Some(name) = name.strip_prefix(b"@") {
        return Some(Address::Abstract(name.to_vec()));
    }
    let path = Path::new(OsStr::from_bytes(name));
    if path.is_absolute() {
        return Some(Address::Path(PathBuf::from(std::ffi::OsString::from_vec(
            name.to_vec(),
        ))));
    }
    let folder = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
    Some(Address::Path(folder.join(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_found_behind_any_name() {
        let numbers = (3..=52)
            .map(|n| n.to_string())
            .collect::<Vec<_>>()
            .join(" ");
        for name in ["mpv", "a b", "x) y (z)", ""] {
            assert_eq!(start_time(&format!("17 ({name}) {numbers}")), Some(22));
        }
        assert_eq!(start_time("nonsense"), None);
        assert_eq!(start_time("1 (mpv) S 2"), None);
    }

    #[test]
    fn this_process_is_known() {
        let own = process(std::process::id()).expect("own process");
        assert!(own.started > 0);
        assert_eq!(innermost_pid(std::process::id()), Some(std::process::id()));
        assert!(!is_mpv(std::process::id()));
        assert_eq!(process(u32::MAX), None);
    }

    #[test]
    fn listening_sockets_are_found_in_the_kernels_table() {
        let table = b"Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 32154 /run/user/1000/a b.sock\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 32155 /run/user/1000/connected\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 32156 @mpv\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 32157\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 32158 /\xff\n\
            nonsense\n";
        let found = listening_sockets(table);
        let expected: BTreeMap<u64, Vec<u8>> = [
            (32154, b"/run/user/1000/a b.sock".to_vec()),
            (32156, b"@mpv".to_vec()),
            (32158, b"/\xff".to_vec()),
        ]
        .into();
        assert_eq!(found, expected);
    }
}
