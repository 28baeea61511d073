//! Real players on a bus of ours.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use zbus::{Connection, DynamicType};

use super::bus::PrivateBus;

const MPRIS_SCRIPT: &str = "/usr/lib/mpv-mpris/mpris.so";

/// A folder that any user may use.
pub fn shared_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o777)).unwrap();
    folder
}

/// Whether a program is there; says so loudly where it is not.
pub fn is_installed(program: &str) -> bool {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap())
        .any(|folder| folder.join(program).exists());
    if !found {
        eprintln!("SKIPPED: {program} is not installed");
    }
    found
}

/// A film without a title tag, of this many seconds, at a path that needs to be encoded in a URI.
pub fn film(seconds: u32) -> PathBuf {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(shared_folder).path();
    let film = folder.join(format!("Ä Film #{seconds} (2001) [100%].mkv"));
    if !film.exists() {
        make_film(&film, seconds);
    }
    film
}

fn make_film(film: &Path, seconds: u32) {
    let picture = format!("testsrc=size=64x48:rate=5:duration={seconds}");
    let sound = format!("sine=frequency=220:duration={seconds}");
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-f", "lavfi", "-i", &picture])
        .args(["-f", "lavfi", "-i", &sound])
        .args(["-c:v", "mpeg4", "-c:a", "mp2"])
        .arg(film)
        .status()
        .expect("ffmpeg is installed");
    assert!(made.success());
}

/// A player, killed when this is dropped.
#[derive(Debug)]
pub struct RealPlayer {
    child: Child,
    _home: tempfile::TempDir,
}

impl RealPlayer {
    fn start(program: &str, args: &[&str], films: &[&Path], bus: &PrivateBus) -> Self {
        let home = shared_folder();
        // As nobody where we are root: VLC refuses to run as root.
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]);
            command.arg(program);
            command
        } else {
            Command::new(program)
        };
        let child = command
            .args(args)
            .args(films)
            .env("HOME", home.path())
            .env("XDG_RUNTIME_DIR", home.path())
            .env("XDG_CONFIG_HOME", home.path())
            .env("DBUS_SESSION_BUS_ADDRESS", bus.address_text())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Its own group: some start others, and all are to go.
            .process_group(0)
            .spawn()
            .unwrap();
        Self { child, _home: home }
    }

    pub fn vlc(bus: &PrivateBus, films: &[&Path]) -> Self {
        let args = [
            "-I",
            "dummy",
            "--control",
            "dbus",
            "--vout",
            "dummy",
            "--aout",
            "dummy",
            "--no-media-library",
            "--no-video-title-show",
        ];
        Self::start("vlc", &args, films, bus)
    }

    pub fn mpv(bus: &PrivateBus, more: &[&str], films: &[&Path]) -> Self {
        let script = format!("--script={MPRIS_SCRIPT}");
        let mut args = vec![
            "--no-config",
            "--vo=null",
            "--ao=null",
            "--really-quiet",
            &script,
        ];
        args.extend(more);
        Self::start("mpv", &args, films, bus)
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Kills it at once.
    pub fn kill(&mut self) {
        let pid = i32::try_from(self.child.id()).unwrap();
        let group = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
        self.child.wait().unwrap();
    }
}

impl Drop for RealPlayer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Calls a method of `org.mpris.MediaPlayer2.Player` as a remote control would.
pub async fn control<B>(bus: &Connection, name: &str, method: &str, body: &B)
where
    B: serde::Serialize + DynamicType,
{
    bus.call_method(
        Some(format!("org.mpris.MediaPlayer2.{name}")),
        "/org/mpris/MediaPlayer2",
        Some("org.mpris.MediaPlayer2.Player"),
        method,
        body,
    )
    .await
    .unwrap();
}
