//! The clocks of a daemon, set by a test while it runs (see `clocks.c`).

use std::cell::Cell;
use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::evening::Evening;
use super::players::is_installed;

const SOURCE: &str = include_str!("clocks.c");

/// What is added to each clock, nanoseconds.
pub struct Clocks {
    file: File,
    wall: Cell<i64>,
    boot: Cell<i64>,
    mono: Cell<i64>,
}

/// Whether clocks can be set here; says so loudly where they cannot.
pub fn possible() -> bool {
    if !cfg!(all(target_arch = "x86_64", target_env = "gnu")) {
        eprintln!("SKIPPED: clocks can be set on x86-64 with glibc only");
        return false;
    }
    is_installed("cc") && replaceable()
}

/// A kernel may guard the functions that it lends.
fn replaceable() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let library = build(folder.path());
    let file = folder.path().join("clocks");
    fs::write(&file, [0; 24]).unwrap();
    let tried = Command::new("true")
        .env("LD_PRELOAD", library)
        .env("REELD_TEST_CLOCKS", file)
        .status();
    let works = tried.unwrap().success();
    if !works {
        eprintln!("SKIPPED: this kernel does not let a process replace its clocks");
    }
    works
}

fn build(folder: &Path) -> String {
    let (source, library) = (folder.join("clocks.c"), folder.join("clocks.so"));
    fs::write(&source, SOURCE).unwrap();
    let built = Command::new("cc")
        .args(["-O1", "-shared", "-fPIC", "-o"])
        .arg(&library)
        .arg(&source)
        .arg("-ldl")
        .status();
    assert!(built.unwrap().success(), "clocks.c is built");
    library.display().to_string()
}

impl Clocks {
    /// Of the daemons that are started from now on.
    pub fn of(evening: &mut Evening) -> Self {
        let folder = evening.home.folder.path().to_owned();
        let path = folder.join("clocks");
        fs::write(&path, [0; 24]).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        evening.set("LD_PRELOAD", &build(&folder));
        evening.set("REELD_TEST_CLOCKS", &path.display().to_string());
        Self {
            file,
            wall: Cell::new(0),
            boot: Cell::new(0),
            mono: Cell::new(0),
        }
    }

    /// The wall clock is set ahead or back, by so many seconds.
    pub fn step(&self, seconds: i64) {
        self.wall.set(self.wall.get() + seconds * 1_000_000_000);
        self.write();
    }

    /// The wall clock is right again.
    pub fn correct(&self) {
        self.wall.set(0);
        self.write();
    }

    /// The machine has slept for so long.
    pub fn sleep(&self, time: Duration) {
        let time = i64::try_from(time.as_nanos()).unwrap();
        self.boot.set(self.boot.get() + time);
        self.wall.set(self.wall.get() + time);
        self.write();
    }

    /// The machine has just booted; to be called while no daemon runs.
    pub fn boot(&self) {
        let now = reeld::clock::now();
        let since = |clock: Duration| 5_000_000_000 - i64::try_from(clock.as_nanos()).unwrap();
        self.boot.set(since(now.boot));
        self.mono.set(since(now.mono));
        self.write();
    }

    fn write(&self) {
        let all = [self.wall.get(), self.boot.get(), self.mono.get()];
        let bytes: Vec<u8> = all.iter().flat_map(|ns| ns.to_ne_bytes()).collect();
        self.file.write_all_at(&bytes, 0).unwrap();
    }
}
