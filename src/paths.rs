//! Where everything lies: the XDG places, and what to do when they cannot be known.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use crate::error::CliError;

/// The files, folders and sockets of one user's reeld. Nothing is created by asking for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// `$HOME`, for `~/` in the configuration.
    pub home: Option<PathBuf>,
    /// `$XDG_CONFIG_HOME/reeld/config.toml`, or what `--config` names.
    pub config_file: PathBuf,
    /// `--config` named it: it must exist then.
    pub config_required: bool,
    /// `$XDG_STATE_HOME/reeld`, 0700.
    pub state_dir: PathBuf,
    /// `$XDG_RUNTIME_DIR/reeld`, 0700.
    pub runtime_dir: PathBuf,
    /// The daemon's control socket, in `runtime_dir`.
    pub control_socket: PathBuf,
    /// The local history, in `state_dir`.
    pub history: PathBuf,
    /// The logins, in `state_dir`.
    pub credentials: PathBuf,
}

impl Paths {
    /// The user's rules: `rules.toml`, beside the configuration.
    #[must_use]
    pub fn rules_file(&self) -> PathBuf {
        self.config_file.with_file_name("rules.toml")
    }

    /// From the process' environment.
    ///
    /// # Errors
    /// When neither the XDG variables nor their fallbacks say where things belong.
    pub fn from_process(config: Option<&Path>) -> Result<Self, CliError> {
        let uid = rustix::process::getuid().as_raw();
        Self::from_environment(config, |name| std::env::var_os(name), uid, Path::is_dir)
    }

    /// From any environment: `lookup` answers for variables, `is_dir` for folders.
    ///
    /// # Errors
    /// As `from_process`.
    pub fn from_environment(
        config: Option<&Path>,
        lookup: impl Fn(&str) -> Option<OsString>,
        uid: u32,
        is_dir: impl Fn(&Path) -> bool,
    ) -> Result<Self, CliError> {
        // The XDG specification: what is not absolute is to be ignored.
        let folder = |name: &str| {
            lookup(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let home = folder("HOME");
        let below_home = |variable: &str, default: &str| {
            folder(variable)
                .or_else(|| home.as_ref().map(|home| home.join(default)))
                .map(|path| path.join("reeld"))
                .ok_or_else(|| nowhere(variable))
        };
        let config_file = match config {
            Some(file) => file.to_path_buf(),
            None => below_home("XDG_CONFIG_HOME", ".config")?.join("config.toml"),
        };
        let state_dir = below_home("XDG_STATE_HOME", ".local/state")?;
        let runtime_dir = folder("XDG_RUNTIME_DIR")
            .or_else(|| Some(PathBuf::from(format!("/run/user/{uid}"))).filter(|path| is_dir(path)))
            .ok_or_else(|| no_runtime_dir(lookup("XDG_RUNTIME_DIR").is_some(), uid))?
            .join("reeld");
        Ok(Self {
            control_socket: runtime_dir.join("control.sock"),
            history: state_dir.join("history.jsonl"),
            credentials: state_dir.join("credentials.json"),
            config_required: config.is_some(),
            home,
            config_file,
            state_dir,
            runtime_dir,
        })
    }
}

/// Puts a file of ours, 0600, in the place of what was there, durably: after a crash it is the old or the new, whole. The
/// folder must be there, and nobody else write the same file.
///
/// # Errors
/// Of the disk; then the old one is still there.
pub fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut new = options.open(&beside)?;
    // One that a crash left behind may be open to others.
    new.set_permissions(Permissions::from_mode(0o600))?;
    new.write_all(bytes)?;
    new.sync_all()?;
    fs::rename(&beside, file)?;
    file.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Opens a file to read, and never waits: neither for the other end of a pipe nor for a terminal.
///
/// # Errors
/// Of the disk; when it is a pipe.
pub fn open_file(file: &Path) -> io::Result<File> {
    open_at_once(OpenOptions::new().read(true), file)
}

/// As [`open_file`], with options of one's own.
///
/// # Errors
/// As [`open_file`].
pub fn open_at_once(options: &mut OpenOptions, file: &Path) -> io::Result<File> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let opened = options.custom_flags(flags).open(file)?;
    match opened.metadata()?.file_type().is_fifo() {
        false => Ok(opened),
        true => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is a pipe, not a file",
        )),
    }
}

/// Reads a file of ours that holds little: what is longer than a mebibyte is none of ours.
///
/// # Errors
/// As [`open_file`].
pub fn read_small(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_file(file)?.take(1 << 20).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Makes a folder of ours, with those above it, or mends one that is there: ours alone, 0700.
///
/// # Errors
/// When it cannot be made, is no folder, or belongs to somebody else.
pub fn private_dir(path: &Path) -> Result<(), CliError> {
    let refuse = |why: String| {
        let what = format!("cannot use the folder {}", path.display());
        CliError::user(what).because(why)
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|error| {
            refuse(error.to_string()).hint(
                "see who owns the folders above it, and whether the disk is full or read-only",
            )
        })?;
    let found = path.metadata().map_err(|error| refuse(error.to_string()))?;
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(refuse("it belongs to somebody else".to_owned())
            .hint("remove it, or set the XDG variable that leads there to a folder of your own"));
    }
    if found.mode() & 0o777 != 0o700 {
        std::fs::set_permissions(path, Permissions::from_mode(0o700))
            .map_err(|error| refuse(error.to_string()))?;
    }
    Ok(())
}

fn nowhere(variable: &str) -> CliError {
    CliError::user("reeld does not know where your files are")
        .because(format!(
            "neither HOME nor {variable} is set to an absolute path"
        ))
        .hint("set HOME to your home folder")
}

fn no_runtime_dir(is_set: bool, uid: u32) -> CliError {
    let wrong = if is_set {
        "no absolute path"
    } else {
        "not set"
    };
    CliError::user("reeld has no place for its sockets")
        .because(format!("XDG_RUNTIME_DIR is {wrong} and /run/user/{uid} does not exist"))
        .hint("log in to a session (with systemd: `loginctl enable-linger`), or set XDG_RUNTIME_DIR to a folder that only you can read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_in_the_place_of_a_file_is_refused_at_once() {
        let home = tempfile::tempdir().unwrap();
        let pipe = home.path().join("rules.toml");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o600.into()).unwrap();
        assert_eq!(
            open_file(&pipe).unwrap_err().to_string(),
            "it is a pipe, not a file"
        );
        let mut options = OpenOptions::new();
        let options = options.read(true).append(true);
        assert!(open_at_once(options, &pipe).is_err());
        assert_eq!(read_small(Path::new("/dev/null")).unwrap(), b"");
    }

    #[test]
    fn a_folder_of_ours_that_was_shut_is_opened_for_us_alone() {
        let home = tempfile::tempdir().unwrap();
        for mode in [0o000, 0o500, 0o777] {
            let folder = home.path().join(format!("{mode:o}"));
            fs::create_dir(&folder).unwrap();
            fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
            private_dir(&folder).unwrap();
            assert_eq!(folder.metadata().unwrap().mode() & 0o777, 0o700);
        }
    }

    fn paths(variables: &[(&str, &str)], existing: &str) -> Result<Paths, CliError> {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        };
        Paths::from_environment(None, lookup, 1000, |path| path == Path::new(existing))
    }

    #[test]
    fn the_xdg_variables_say_where_things_lie() {
        let variables = [
            ("HOME", "/home/ann"),
            ("XDG_CONFIG_HOME", "/c"),
            ("XDG_STATE_HOME", "/s"),
            ("XDG_RUNTIME_DIR", "/r"),
        ];
        let paths = paths(&variables, "").unwrap();
        assert_eq!(paths.config_file, Path::new("/c/reeld/config.toml"));
        assert_eq!(paths.state_dir, Path::new("/s/reeld"));
        assert_eq!(paths.history, Path::new("/s/reeld/history.jsonl"));
        assert_eq!(paths.credentials, Path::new("/s/reeld/credentials.json"));
        assert_eq!(paths.control_socket, Path::new("/r/reeld/control.sock"));
    }

    #[test]
    fn home_and_the_login_session_are_the_fallbacks_and_relative_variables_are_ignored() {
        let variables = [("HOME", "/home/ann"), ("XDG_CONFIG_HOME", "relative")];
        let paths = paths(&variables, "/run/user/1000").unwrap();
        assert_eq!(
            paths.config_file,
            Path::new("/home/ann/.config/reeld/config.toml")
        );
        assert_eq!(paths.state_dir, Path::new("/home/ann/.local/state/reeld"));
        assert_eq!(paths.runtime_dir, Path::new("/run/user/1000/reeld"));
    }

    #[test]
    fn without_home_or_runtime_folder_the_error_says_what_to_set() {
        let no_home = paths(&[("XDG_RUNTIME_DIR", "/r")], "").unwrap_err();
        assert_eq!(
            no_home.to_string(),
            "Error: reeld does not know where your files are\n\
             Why: neither HOME nor XDG_CONFIG_HOME is set to an absolute path\n\
             Hint: set HOME to your home folder"
        );
        let home = ("HOME", "/home/ann");
        let unset = paths(&[home], "").unwrap_err().to_string();
        assert!(unset.contains("XDG_RUNTIME_DIR is not set"), "{unset}");
        let relative = paths(&[home, ("XDG_RUNTIME_DIR", "run")], "");
        let relative = relative.unwrap_err().to_string();
        assert!(
            relative.contains("XDG_RUNTIME_DIR is no absolute path"),
            "{relative}"
        );
    }

    #[test]
    fn a_private_folder_is_made_with_those_above_it_and_closed_to_others() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        private_dir(&path).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o700);
        std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        private_dir(&path).unwrap();
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_file_in_the_way_of_a_private_folder_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a");
        std::fs::write(&path, "").unwrap();
        let error = private_dir(&path.join("b")).unwrap_err();
        assert!(error.what.contains("/a/b"), "{error}");
    }

    #[test]
    fn a_configuration_named_by_hand_must_exist() {
        let lookup = |name: &str| (name == "HOME").then(|| OsString::from("/h"));
        let named = Some(Path::new("mine.toml"));
        let paths = Paths::from_environment(named, lookup, 7, |_| true).unwrap();
        assert!(paths.config_required);
        assert_eq!(paths.config_file, Path::new("mine.toml"));
    }
}
