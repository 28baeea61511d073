//! A small disk of its own, mounted by root.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Whether a disk can be mounted here; says so loudly where it cannot.
pub fn may_mount() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("SKIPPED: mounting a small disk needs root");
    }
    root
}

/// Gone at the end.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// So large, in KiB.
    pub fn mount(at: &Path, size: u32) -> Self {
        fs::create_dir_all(at).unwrap();
        let options = format!("size={size}k,mode=700");
        mount(&["-t", "tmpfs", "-o", &options, "reeld-test"], at);
        Self(at.to_owned())
    }

    fn ballast(&self) -> PathBuf {
        self.0.join("ballast")
    }

    /// Leaves no room at all.
    pub fn fill(&self) {
        let mut ballast = File::options()
            .create(true)
            .append(true)
            .open(self.ballast())
            .unwrap();
        for size in [64 << 10, 4 << 10, 1] {
            let piece = vec![1; size];
            while ballast.write_all(&piece).is_ok() {}
        }
    }

    /// Leaves room again.
    pub fn empty(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    /// Nothing can be written to it, or it can again. Nobody may have a file open for writing.
    pub fn read_only(&self, on: bool) {
        let options = if on { "remount,ro" } else { "remount,rw" };
        mount(&["-o", options], &self.0);
    }
}

fn mount(arguments: &[&str], at: &Path) {
    let mounted = Command::new("mount").args(arguments).arg(at).status();
    assert!(mounted.unwrap().success(), "mount {arguments:?}");
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg("-l").arg(&self.0).status());
    }
}
