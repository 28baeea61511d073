//! What lies on the disk: there, ours alone, readable, with room for more. Nothing is mended here.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, access, statvfs};

use super::Finding;
use super::daemon::Daemon;
use crate::clock;
use crate::history;
use crate::paths::Paths;
use crate::store::{Program, SledStore, StateFolder, StoreErrorKind};

/// Below this nothing more can be relied on to fit, in bytes.
const TOO_LITTLE: u64 = 16 << 20;
/// Below this it is time to make room, in bytes.
const LITTLE: u64 = 100 << 20;
/// As many files are looked at; there are a dozen.
const MOST: usize = 1000;

const OURS_ALONE: &str = "only you may read what is in it";

/// The folder with everything that reeld keeps, and what is in it.
pub fn state_folder(paths: &Paths) -> Vec<Finding> {
    const CHECK: &str = "state folder";
    let folder = &paths.state_dir;
    let shown = folder.display();
    let there = match fs::metadata(folder) {
        Ok(there) => there,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let message = format!("there is no {shown} yet: it is made when it is needed");
            return vec![Finding::ok(CHECK, message)];
        }
        Err(error) => {
            let hint = "check who owns it and the folders above it";
            return vec![Finding::problem(CHECK, format!("{shown}: {error}"), hint)];
        }
    };
    if !there.is_dir() || !is_ours(&there) {
        let message = format!("{shown} is no folder of yours");
        return vec![Finding::problem(CHECK, message, "move it out of the way")];
    }
    if let Err(error) = access(folder, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        let message = format!("{shown} cannot be written: {error}");
        let hint = format!("chmod 700 {shown}, or see whether the disk is mounted read-only");
        return vec![Finding::problem(CHECK, message, hint)];
    }
    let mut findings = vec![room(CHECK, folder)];
    let open: Vec<PathBuf> = open_to_others(folder, &there);
    if let Some(first) = open.first() {
        let more = match open.len() - 1 {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        findings.push(Finding::problem(
            CHECK,
            format!("others may read {}{more}", first.display()),
            format!("chmod -R go= {shown}"),
        ));
    }
    findings
}

fn room(check: &'static str, folder: &Path) -> Finding {
    let shown = folder.display();
    let free = match statvfs(folder) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            let message = format!("how much room is left for {shown} is not known: {error}");
            return Finding::warn(check, message, "look at the disk's health");
        }
    };
    let left = format!("{} MiB are free for {shown}", free >> 20);
    match free {
        0..TOO_LITTLE => Finding::problem(check, format!("only {left}"), "make room on that disk"),
        TOO_LITTLE..LITTLE => {
            Finding::warn(check, format!("only {left}"), "make room on that disk soon")
        }
        _ => Finding::ok(
            check,
            format!("{shown}: {OURS_ALONE}; {} MiB are free", free >> 20),
        ),
    }
}

/// Everything in a folder, and the folder itself, that somebody else may use.
fn open_to_others(folder: &Path, there: &Metadata) -> Vec<PathBuf> {
    let is_open = |data: &Metadata| data.permissions().mode() & 0o077 != 0;
    let mut open = Vec::new();
    if is_open(there) {
        open.push(folder.to_owned());
    }
    let mut folders = vec![folder.to_owned()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            seen += 1;
            let Ok(data) = entry.path().symlink_metadata() else {
                continue;
            };
            if seen > MOST || data.is_symlink() {
                continue;
            }
            if is_open(&data) {
                open.push(entry.path());
            }
            if data.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    open.sort();
    open
}

fn is_ours(data: &Metadata) -> bool {
    data.uid() == rustix::process::geteuid().as_raw()
}

/// The logins.
pub fn credentials(paths: &Paths) -> Finding {
    const CHECK: &str = "credentials";
    let file = &paths.credentials;
    let shown = file.display();
    match fs::metadata(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Finding::ok(CHECK, "there are none: no account is linked")
        }
        Err(error) => Finding::problem(
            CHECK,
            format!("{shown}: {error}"),
            "check who owns it and the folders above it",
        ),
        Ok(data) if !is_ours(&data) => Finding::problem(
            CHECK,
            format!("{shown} belongs to somebody else"),
            format!("sudo chown $USER {shown}"),
        ),
        Ok(data) if data.permissions().mode() & 0o077 != 0 => Finding::problem(
            CHECK,
            format!("others may read {shown}, which holds your logins"),
            format!("chmod 600 {shown}; if somebody may have read it, log out and in again"),
        ),
        Ok(data) if data.permissions().mode() & 0o600 != 0o600 => Finding::problem(
            CHECK,
            format!("you may not read and write {shown}"),
            format!("chmod 600 {shown}"),
        ),
        Ok(_) => match fs::read_to_string(file).map(|text| crate::account::look(&text).is_some()) {
            Ok(true) => Finding::ok(CHECK, format!("only you may read {shown}")),
            Ok(false) => Finding::problem(
                CHECK,
                format!("{shown} is damaged, or of a newer reeld"),
                "log in again: `reeld login SERVICE`",
            ),
            Err(error) => Finding::problem(
                CHECK,
                format!("{shown}: {error}"),
                "check who owns it and the folders above it",
            ),
        },
    }
}

/// The database: the daemon knows while it runs, otherwise it is opened as the daemon would.
pub fn database(paths: &Paths, daemon: &Daemon) -> Finding {
    const CHECK: &str = "database";
    match daemon {
        Daemon::Running(_) => return Finding::ok(CHECK, "the running reeld has it"),
        Daemon::Silent(_) => {
            let message = "it cannot be looked at while a reeld runs that does not answer";
            return Finding::warn(CHECK, message, "see below for the daemon");
        }
        Daemon::Stopped(_) => {}
    }
    if !SledStore::is_there(&paths.state_dir) {
        return Finding::ok(CHECK, "there is none yet: it is made when it is needed");
    }
    let opened = StateFolder::claim(&paths.state_dir)
        .and_then(|folder| SledStore::open(&folder, clock::now().wall, &Program::this()));
    match opened {
        Ok((_, opened)) if opened.loss.is_some() => Finding::warn(
            CHECK,
            opened.to_string(),
            "look at the disk's health (`journalctl -k`)",
        ),
        Ok((_, opened)) => Finding::ok(CHECK, opened.to_string()),
        Err(error) if error.kind == StoreErrorKind::Locked => Finding::problem(
            CHECK,
            error.to_string(),
            "end the other reeld, or wait until it has stopped",
        ),
        Err(error) => Finding::problem(CHECK, error.to_string(), files_hint(error.kind)),
    }
}

fn files_hint(kind: StoreErrorKind) -> &'static str {
    match kind {
        StoreErrorKind::Newer => "install the newer version of reeld again",
        StoreErrorKind::Full => "make room on that disk",
        StoreErrorKind::Denied => "make the state folder and what is in it yours again",
        _ => "look at the disk's health (`journalctl -k`)",
    }
}

/// The local history.
pub fn history(paths: &Paths) -> Finding {
    const CHECK: &str = "history";
    let shown = paths.history.display();
    match history::read(&paths.history, usize::MAX) {
        Err(error) => Finding::problem(
            CHECK,
            format!("{shown}: {error}"),
            "it must belong to you and be readable by you",
        ),
        Ok(read) => {
            let lost = read.damaged_lines + read.holes;
            let viewings = match read.entries.len() {
                0 => "nothing has been watched yet".to_owned(),
                1 => "one viewing".to_owned(),
                many => format!("{many} viewings"),
            };
            if lost > 0 {
                let message = format!("{viewings}; {lost} lines are damaged or missing");
                let hint = "the rest is kept; look at the disk's health (`journalctl -k`)";
                return Finding::warn(CHECK, message, hint);
            }
            if read.newer_lines > 0 {
                let message = format!("{viewings}, and {} of a newer reeld", read.newer_lines);
                return Finding::warn(CHECK, message, "install the newer version of reeld again");
            }
            Finding::ok(CHECK, viewings)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::State;

    fn paths(home: &Path) -> Paths {
        let lookup = |name: &str| {
            matches!(name, "HOME" | "XDG_RUNTIME_DIR").then(|| home.as_os_str().to_owned())
        };
        Paths::from_environment(None, lookup, 0, |_| false).unwrap()
    }

    #[test]
    fn files_that_others_may_read_are_named_with_the_command_that_closes_them() {
        let home = tempfile::tempdir().unwrap();
        let paths = paths(home.path());
        assert_eq!(state_folder(&paths)[0].state, State::Ok);
        assert!(!paths.state_dir.exists(), "looking makes nothing");
        fs::create_dir_all(&paths.state_dir).unwrap();
        let close = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        close(&paths.state_dir, 0o700);
        fs::write(&paths.history, "").unwrap();
        close(&paths.history, 0o600);
        assert_eq!(state_folder(&paths).len(), 1);
        close(&paths.history, 0o644);
        let found = state_folder(&paths);
        assert_eq!(found[1].state, State::Problem);
        assert!(found[1].message.ends_with("history.jsonl"), "{found:?}");
        assert!(
            found[1]
                .hint
                .as_ref()
                .unwrap()
                .starts_with("chmod -R go= /")
        );
    }

    #[test]
    fn logins_must_be_readable_by_their_owner_alone_and_sound() {
        let home = tempfile::tempdir().unwrap();
        let paths = paths(home.path());
        assert_eq!(credentials(&paths).state, State::Ok);
        fs::create_dir_all(&paths.state_dir).unwrap();
        for (mode, words) in [
            (0o640, "others may read"),
            (0o400, "you may not read and write"),
            (0o600, "is damaged"),
        ] {
            drop(fs::remove_file(&paths.credentials));
            fs::write(&paths.credentials, "{}").unwrap();
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(&paths.credentials, mode).unwrap();
            let found = credentials(&paths);
            assert_eq!(found.state, State::Problem);
            assert!(found.message.contains(words), "{found:?}");
        }
    }
}
