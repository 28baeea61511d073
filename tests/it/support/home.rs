//! A user of their own: a home, XDG folders and the built binary, cut off from everything else on this machine.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use reeld::paths::Paths;
use tempfile::TempDir;

/// Temporary folders, removed at the end.
pub struct Home {
    pub folder: TempDir,
    /// Everything here is done by nobody in particular, for whom permissions count; see [`Home::leave_to_nobody`].
    nobody: bool,
}

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Home {
    pub fn new() -> Self {
        // A socket's path may have 107 bytes: a short place.
        let folder = tempfile::Builder::new()
            .prefix("reeld-")
            .tempdir_in("/tmp")
            .unwrap();
        let runtime = folder.path().join("run");
        fs::create_dir(&runtime).unwrap();
        fs::set_permissions(&runtime, fs::Permissions::from_mode(0o700)).unwrap();
        Self {
            folder,
            nobody: false,
        }
    }

    /// From now on everything belongs to an ordinary user and is run as that user. To be called by root.
    pub fn leave_to_nobody(&mut self) {
        self.nobody = true;
        let given = Command::new("chown")
            .args(["-R", "65534:65534"])
            .arg(self.folder.path())
            .status();
        assert!(given.unwrap().success());
    }

    /// Where its reeld keeps things.
    pub fn paths(&self) -> Paths {
        let home = self.folder.path().to_owned();
        let lookup = move |name: &str| match name {
            "HOME" => Some(home.clone().into_os_string()),
            "XDG_RUNTIME_DIR" => Some(home.join("run").into_os_string()),
            _ => None,
        };
        Paths::from_environment(None, lookup, 0, |_| false).unwrap()
    }

    /// Writes the user's configuration.
    pub fn configure(&self, text: &str) -> PathBuf {
        let file = self.paths().config_file;
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, text).unwrap();
        file
    }

    /// The binary, with nothing of this process' environment but the path.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(binary());
        command.args(arguments);
        command
    }

    /// The same, started by another program, like strace.
    pub fn command_under(&self, starter: &[&OsStr], arguments: &[&str]) -> Command {
        let (first, rest) = starter.split_first().unwrap();
        let mut command = self.program(first);
        command.args(rest).arg(binary()).args(arguments);
        command
    }

    /// Any program as the user of this home.
    pub fn program(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = if self.nobody {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
            command.arg(program);
            command
        } else {
            Command::new(program)
        };
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("XDG_RUNTIME_DIR", self.folder.path().join("run"))
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::from(self.command(arguments).output().unwrap())
    }

    /// Runs it with this on its standard input.
    pub fn run_with(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        Ran::from(output)
    }
}

/// The built one, or another one, such as that of a release, where `REELD_UNDER_TEST` names it.
fn binary() -> OsString {
    std::env::var_os("REELD_UNDER_TEST").unwrap_or_else(|| env!("CARGO_BIN_EXE_reeld").into())
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
