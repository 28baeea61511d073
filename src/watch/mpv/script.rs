//! The script that lets reeld see every mpv: put where mpv finds it, and taken away again.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::CliError;

/// The script itself.
pub const SCRIPT: &str = include_str!("../../../packaging/mpv/reeld.lua");
/// How every version of it begins.
const MARK: &str = "-- reeld.lua: ";
const NAME: &str = "reeld.lua";
const FLATPAK: &str = "io.mpv.Mpv";

/// Where mpv may look for scripts and settings.
#[derive(Debug, Clone)]
pub struct Homes {
    /// `$HOME`
    pub home: PathBuf,
    /// `$XDG_CONFIG_HOME`, or `~/.config`.
    pub config_home: PathBuf,
    /// `$MPV_HOME`, if it is set: mpv then looks nowhere else.
    pub mpv_home: Option<PathBuf>,
    /// Settings for everyone, usually `/etc/mpv`.
    pub system: PathBuf,
}

/// What was done, for people and as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// One for each place.
    pub files: Vec<Placed>,
    /// Sockets that the user chose themselves.
    pub sockets: Vec<OwnSocket>,
    /// What else to know or to do, a sentence or two each.
    pub notes: Vec<String>,
}

/// What became of the script in one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Placed {
    /// The script's file.
    pub path: PathBuf,
    /// What was done with it.
    pub change: Change,
}

/// What was done with one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It was not there before.
    Installed,
    /// Another version was there.
    Updated,
    /// This very version was there.
    Unchanged,
    /// It is gone.
    Removed,
    /// It was not there, and need not be removed.
    Absent,
}

/// An `input-ipc-server` in a configuration file of mpv's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnSocket {
    /// Which file.
    pub file: PathBuf,
    /// In which line of it, from 1.
    pub line: usize,
    /// The profile that it belongs to, if it is not for every mpv.
    pub profile: Option<String>,
    /// As it stands there.
    pub value: String,
}

impl Homes {
    /// From the process' environment; `home` as in [`Paths`](crate::paths::Paths).
    ///
    /// # Errors
    /// There is no home.
    pub fn from_process(home: Option<PathBuf>) -> Result<Self, CliError> {
        let home = home.ok_or_else(|| {
            CliError::user("cannot tell where mpv looks for scripts")
                .because("HOME is not set")
                .hint("set HOME, or copy the script by hand")
        })?;
        let folder = |name: &str| {
            let path = std::env::var_os(name).map(PathBuf::from);
            path.filter(|path| path.is_absolute())
        };
        Ok(Self {
            config_home: folder("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
            mpv_home: folder("MPV_HOME"),
            system: PathBuf::from("/etc/mpv"),
            home,
        })
    }

    /// As mpv chooses: the old folder counts only where the new one is not there.
    fn mpv(&self) -> PathBuf {
        let new = self.config_home.join("mpv");
        let old = self.home.join(".mpv");
        match &self.mpv_home {
            Some(chosen) => chosen.clone(),
            None if !new.is_dir() && old.is_dir() => old,
            None => new,
        }
    }

    /// The settings of mpv's Flatpak, where that has been run.
    fn flatpak(&self) -> Option<PathBuf> {
        let own = self.home.join(".var/app").join(FLATPAK);
        own.is_dir().then(|| own.join("config/mpv"))
    }

    fn all(&self) -> Vec<PathBuf> {
        [self.mpv()].into_iter().chain(self.flatpak()).collect()
    }
}

/// Installs the script for this user, and looks at what mpv is configured to do. Doing it twice changes nothing.
///
/// # Errors
/// Another file has the script's name, or a file or folder cannot be written.
pub fn install(homes: &Homes) -> Result<Outcome, CliError> {
    let places = homes.all();
    for folder in &places {
        refuse_foreign(&script_in(folder))?;
    }
    let files = places.iter().map(|folder| put(&script_in(folder)));
    let mut outcome = Outcome {
        files: files.collect::<Result<_, _>>()?,
        sockets: places.iter().flat_map(|folder| sockets(folder)).collect(),
        notes: Vec::new(),
    };
    if outcome.files.iter().any(|f| f.change != Change::Unchanged) {
        let note = "An mpv that is running already is seen once it is started again.";
        outcome.notes.push(note.to_owned());
    }
    if homes.flatpak().is_some() {
        outcome.notes.push(format!(
            "The Flatpak of mpv may not use the folder yet. Allow it once: flatpak override --user --filesystem=xdg-run/reeld:create {FLATPAK}"
        ));
    }
    if script_in(&homes.system).exists() {
        outcome.notes.push(format!(
            "{} is there as well, for everyone; one of both is enough.",
            script_in(&homes.system).display()
        ));
    }
    Ok(outcome)
}

/// What `install` would do, without doing it: a script that is not there is `Absent`, another version `Updated`.
///
/// # Errors
/// Another file has the script's name, or it cannot be read.
pub fn look(homes: &Homes) -> Result<Outcome, CliError> {
    let places = homes.all();
    let file = |folder: &PathBuf| {
        let path = script_in(folder);
        let change = match refuse_foreign(&path)? {
            Some(content) if content == SCRIPT.as_bytes() => Change::Unchanged,
            Some(_) => Change::Updated,
            None if script_in(&homes.system).exists() => Change::Unchanged,
            None => Change::Absent,
        };
        Ok(Placed { path, change })
    };
    Ok(Outcome {
        files: places.iter().map(file).collect::<Result<_, CliError>>()?,
        sockets: places.iter().flat_map(|folder| sockets(folder)).collect(),
        notes: Vec::new(),
    })
}

/// Takes the script away again, and folders that are empty without it.
///
/// # Errors
/// Another file has the script's name, or it cannot be removed.
pub fn remove(homes: &Homes) -> Result<Outcome, CliError> {
    let files = homes.all().into_iter().map(|folder| {
        let path = script_in(&folder);
        let change = match refuse_foreign(&path)? {
            None => Change::Absent,
            Some(_) => {
                fs::remove_file(&path).map_err(|e| failed("remove", &path, &e))?;
                // Only empty ones go.
                let _ =
                    fs::remove_dir(folder.join("scripts")).and_then(|()| fs::remove_dir(&folder));
                Change::Removed
            }
        };
        Ok(Placed { path, change })
    });
    Ok(Outcome {
        files: files.collect::<Result<_, CliError>>()?,
        sockets: Vec::new(),
        notes: Vec::new(),
    })
}

fn script_in(folder: &Path) -> PathBuf {
    folder.join("scripts").join(NAME)
}

/// What is in our file, if there is one.
fn refuse_foreign(path: &Path) -> Result<Option<Vec<u8>>, CliError> {
    match fs::read(path) {
        Ok(content) if content.starts_with(MARK.as_bytes()) => Ok(Some(content)),
        Ok(_) => Err(CliError::user(format!("{} is not touched", path.display()))
            .because("it is a file of that name which did not come from reeld")
            .hint("rename it, then run this again")),
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(failed("read", path, &e)),
    }
}

fn put(path: &Path) -> Result<Placed, CliError> {
    let change = match refuse_foreign(path)? {
        Some(content) if content == SCRIPT.as_bytes() => Change::Unchanged,
        Some(_) => Change::Updated,
        None => Change::Installed,
    };
    if change != Change::Unchanged {
        write(path).map_err(|e| failed("write", path, &e))?;
    }
    let path = path.to_owned();
    Ok(Placed { path, change })
}

/// Beside it first: mpv never loads half a script.
fn write(path: &Path) -> io::Result<()> {
    // A link, as managers of dotfiles make them, stays one.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let beside = path.with_extension("lua.new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options.open(&beside)?;
    file.write_all(SCRIPT.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, &path)
}

fn failed(what: &str, path: &Path, error: &io::Error) -> CliError {
    CliError::user(format!("cannot {what} {}", path.display()))
        .because(error.to_string())
        .hint("check who owns the file and its folders, and that the disk is not full")
}

/// Every socket that a configuration of mpv's sets.
fn sockets(folder: &Path) -> Vec<OwnSocket> {
    let file = folder.join("mpv.conf");
    let Ok(text) = fs::read(&file) else {
        return Vec::new();
    };
    let text = String::from_utf8_lossy(&text).into_owned();
    let mut profile = None;
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|l| l.split(']').next()) {
            profile = (name != "default").then(|| name.to_owned());
        } else if let Some(value) = socket_option(line) {
            found.push(OwnSocket {
                file: file.clone(),
                line: number + 1,
                profile: profile.clone(),
                value,
            });
        }
    }
    found
}

/// `input-ipc-server=VALUE`, as mpv reads it: dashes before, blanks around, quotes, and comments behind.
fn socket_option(line: &str) -> Option<String> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim().trim_start_matches('-');
    if !matches!(name, "input-ipc-server" | "input-unix-socket") {
        return None;
    }
    let value = value.trim();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let value = match quote {
        Some(quote) => value.trim_start_matches(quote).split(quote).next(),
        None => value.split('#').next(),
    };
    value
        .map(|value| value.trim().to_owned())
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn homes(base: &Path) -> Homes {
        Homes {
            home: base.to_owned(),
            config_home: base.join(".config"),
            mpv_home: None,
            system: base.join("etc"),
        }
    }

    fn changes(outcome: &Outcome) -> Vec<Change> {
        outcome.files.iter().map(|file| file.change).collect()
    }

    #[test]
    fn the_script_is_installed_once_updated_and_removed_without_a_trace() {
        let base = tempfile::tempdir().unwrap();
        let homes = homes(base.path());
        let file = base.path().join(".config/mpv/scripts/reeld.lua");
        assert_eq!(changes(&look(&homes).unwrap()), [Change::Absent]);
        assert_eq!(changes(&install(&homes).unwrap()), [Change::Installed]);
        assert_eq!(changes(&look(&homes).unwrap()), [Change::Unchanged]);
        assert_eq!(fs::read_to_string(&file).unwrap(), SCRIPT);
        let again = install(&homes).unwrap();
        assert_eq!(changes(&again), [Change::Unchanged]);
        assert_eq!(again.notes, Vec::<String>::new());
        fs::write(&file, format!("{MARK}an older one")).unwrap();
        assert_eq!(changes(&look(&homes).unwrap()), [Change::Updated]);
        assert_eq!(changes(&install(&homes).unwrap()), [Change::Updated]);
        assert_eq!(fs::read_to_string(&file).unwrap(), SCRIPT);
        assert_eq!(changes(&remove(&homes).unwrap()), [Change::Removed]);
        assert_eq!(changes(&remove(&homes).unwrap()), [Change::Absent]);
        assert!(!base.path().join(".config/mpv").exists());
    }

    #[test]
    fn other_files_and_settings_of_the_user_stay() {
        let base = tempfile::tempdir().unwrap();
        let homes = homes(base.path());
        let scripts = base.path().join(".config/mpv/scripts");
        fs::create_dir_all(&scripts).unwrap();
        fs::write(scripts.join("other.lua"), "").unwrap();
        fs::write(scripts.join(NAME), "-- somebody else's").unwrap();
        for result in [install(&homes), remove(&homes)] {
            let error = result.unwrap_err().to_string();
            assert!(error.contains("Hint: "), "{error}");
        }
        assert_eq!(fs::read(scripts.join(NAME)).unwrap(), b"-- somebody else's");
        fs::remove_file(scripts.join(NAME)).unwrap();
        install(&homes).unwrap();
        remove(&homes).unwrap();
        assert!(scripts.join("other.lua").exists());
    }

    #[test]
    fn the_folder_is_the_one_that_mpv_uses() {
        let base = tempfile::tempdir().unwrap();
        let mut homes = homes(base.path());
        assert_eq!(homes.all(), [base.path().join(".config/mpv")]);
        fs::create_dir(base.path().join(".mpv")).unwrap();
        assert_eq!(homes.all(), [base.path().join(".mpv")]);
        fs::create_dir_all(base.path().join(".config/mpv")).unwrap();
        assert_eq!(homes.all(), [base.path().join(".config/mpv")]);
        homes.mpv_home = Some(base.path().join("chosen"));
        fs::create_dir_all(base.path().join(".var/app/io.mpv.Mpv")).unwrap();
        let flatpak = base.path().join(".var/app/io.mpv.Mpv/config/mpv");
        assert_eq!(homes.all(), [base.path().join("chosen"), flatpak]);
        let notes = install(&homes).unwrap().notes.concat();
        assert!(notes.contains("flatpak override"), "{notes}");
    }

    #[test]
    fn a_linked_script_stays_a_link() {
        let base = tempfile::tempdir().unwrap();
        let homes = homes(base.path());
        let kept = base.path().join("dotfiles.lua");
        fs::write(&kept, MARK).unwrap();
        let scripts = base.path().join(".config/mpv/scripts");
        fs::create_dir_all(&scripts).unwrap();
        std::os::unix::fs::symlink(&kept, scripts.join(NAME)).unwrap();
        assert_eq!(changes(&install(&homes).unwrap()), [Change::Updated]);
        assert!(scripts.join(NAME).is_symlink());
        assert_eq!(fs::read_to_string(kept).unwrap(), SCRIPT);
    }

    #[test]
    fn sockets_of_the_user_are_found_in_mpv_conf() {
        let base = tempfile::tempdir().unwrap();
        let conf = "# input-ipc-server=/no\nvolume=50\n input-ipc-server = \"/tmp/a b\" # x\n\
            --input-unix-socket=/tmp/old # y\ninput-ipc-server=\n[fast]\ninput-ipc-server=@abs\n[default]\n\
            input-ipc-server='/x#y'\n\u{fffd}";
        fs::write(base.path().join("mpv.conf"), conf).unwrap();
        let found: Vec<_> = sockets(base.path())
            .into_iter()
            .map(|socket| (socket.line, socket.profile, socket.value))
            .collect();
        let expected = [
            (3, None, "/tmp/a b"),
            (4, None, "/tmp/old"),
            (7, Some("fast".to_owned()), "@abs"),
            (9, None, "/x#y"),
        ]
        .map(|(line, profile, value)| (line, profile, value.to_owned()));
        assert_eq!(found, expected);
        assert_eq!(sockets(&base.path().join("none")), []);
    }

    #[test]
    fn the_script_begins_as_every_version_of_it_does() {
        assert!(SCRIPT.starts_with(MARK));
    }
}
