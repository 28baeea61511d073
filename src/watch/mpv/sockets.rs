//! What `/proc` knows of all mpvs: which there are, and at which sockets they listen.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::address::Address;
use crate::watch::process;

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
        .filter(|pid| process::is_mpv(*pid))
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
    Some(Address::Path(process::folder(pid)?.join(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

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
