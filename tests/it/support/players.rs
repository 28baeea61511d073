//! Real players on a bus of ours.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use zbus::{Connection, DynamicType, OwnedVariant, Variant};

use super::bus::PrivateBus;

pub const MPRIS_SCRIPT: &str = "/usr/lib/mpv-mpris/mpris.so";

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

/// Whether mpv can be had on the bus; says so loudly where it cannot.
pub fn has_mpris_script() -> bool {
    let found = is_installed("mpv") && Path::new(MPRIS_SCRIPT).exists();
    if !found {
        eprintln!("SKIPPED: mpv-mpris is not installed");
    }
    found
}

/// The folder of the films.
pub fn films() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    FOLDER.get_or_init(shared_folder).path()
}

/// A film without a title tag, of this many seconds, at a path that needs to be encoded in a URI.
pub fn film(seconds: u32) -> PathBuf {
    film_named(&format!("Ä Film #{seconds} (2001) [100%].mkv"), seconds)
}

/// The same at a path that any player can open.
pub fn plain_film(seconds: u32) -> PathBuf {
    film_named(&format!("Film {seconds} (2001).mkv"), seconds)
}

fn film_named(name: &str, seconds: u32) -> PathBuf {
    static MAKING: Mutex<()> = Mutex::new(());
    let _one_at_a_time = MAKING.lock().unwrap();
    let film = films().join(name);
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

/// A screen that nobody sees.
#[derive(Debug)]
pub struct Screen {
    server: Child,
    display: String,
}

impl Screen {
    pub fn start() -> Self {
        let mut server = Command::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "640x480x24",
                "-ac",
                "-nolisten",
                "tcp",
            ])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("Xvfb is installed");
        let mut number = String::new();
        BufReader::new(server.stdout.take().unwrap())
            .read_line(&mut number)
            .unwrap();
        Self {
            server,
            display: format!(":{}", number.trim()),
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

/// A player, killed when this is dropped.
#[derive(Debug)]
pub struct RealPlayer {
    child: Child,
    _home: tempfile::TempDir,
    _screen: Option<Screen>,
}

impl RealPlayer {
    fn start(
        program: &str,
        args: &[&str],
        films: &[&Path],
        bus: &PrivateBus,
        screen: Option<Screen>,
    ) -> Self {
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
        if let Some(screen) = &screen {
            command
                .env("DISPLAY", &screen.display)
                .env("GDK_BACKEND", "x11")
                .env("QT_QPA_PLATFORM", "xcb")
                .env("LIBGL_ALWAYS_SOFTWARE", "1")
                .env("GSETTINGS_BACKEND", "memory");
        }
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
        Self {
            child,
            _home: home,
            _screen: screen,
        }
    }

    /// VLC as a desktop starts it, without a screen.
    pub fn vlc(bus: &PrivateBus, more: &[&str], films: &[&Path]) -> Self {
        let mut args = vec!["-I", "dummy", "--vout", "dummy", "--aout", "dummy"];
        args.extend(["--no-media-library", "--no-video-title-show"]);
        args.extend(more);
        Self::start("vlc", &args, films, bus, None)
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
        Self::start("mpv", &args, films, bus, None)
    }

    /// One that needs a screen.
    pub fn on_screen(program: &str, bus: &PrivateBus, films: &[&Path]) -> Self {
        Self::start(program, &[], films, bus, Some(Screen::start()))
    }

    /// Waits until it ends by itself.
    pub fn wait(&mut self) {
        drop(self.child.wait());
    }

    /// Kills it at once.
    pub fn kill(&mut self) {
        super::kill_group(&mut self.child);
    }
}

impl Drop for RealPlayer {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn first_player(bus: &Connection) -> Option<String> {
    let proxy = zbus::fdo::DBusProxy::new(bus).await.unwrap();
    let names = proxy.list_names().await.unwrap();
    let mut names = names.iter().map(|name| name.to_string());
    names.find(|name| name.starts_with("org.mpris.MediaPlayer2."))
}

/// What any remote control can do with the only player on a bus.
#[derive(Debug)]
pub struct Remote {
    bus: Connection,
    name: String,
}

impl Remote {
    /// Of the first player on the bus.
    pub async fn of(bus: &PrivateBus) -> Self {
        let bus = bus.connect().await;
        let patience = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(name) = first_player(&bus).await {
                return Self { bus, name };
            }
            assert!(Instant::now() < patience, "no player is on the bus");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Calls a method of `org.mpris.MediaPlayer2.Player`.
    pub async fn press<B: serde::Serialize + DynamicType>(&self, method: &str, body: &B) {
        self.call("org.mpris.MediaPlayer2.Player", method, body)
            .await
            .unwrap();
    }

    /// Where it is, seconds; `None` if it does not say.
    pub async fn position(&self) -> Option<f64> {
        match *self.get("Position").await? {
            Variant::I64(micros) => Some(micros as f64 / 1e6),
            _ => None,
        }
    }

    /// The last part of the address of what it plays.
    pub async fn file_name(&self) -> Option<String> {
        let metadata = self.get("Metadata").await?;
        let Variant::Dict(metadata) = &*metadata else {
            return None;
        };
        let mut entries = metadata.iter();
        let (_, url) = entries.find(|(key, _)| **key == Variant::from("xesam:url"))?;
        let Variant::Variant(url) = url else {
            return None;
        };
        let Variant::Str(url) = &**url else {
            return None;
        };
        url.rsplit('/').next().map(str::to_owned)
    }

    async fn get(&self, property: &str) -> Option<OwnedVariant> {
        let what = ("org.mpris.MediaPlayer2.Player", property);
        let answer = self.call("org.freedesktop.DBus.Properties", "Get", &what);
        answer.await.ok()?.body().deserialize().ok()
    }

    /// Asks it to quit; not every player can.
    pub async fn quit(&self) {
        self.call("org.mpris.MediaPlayer2", "Quit", &()).await.ok();
    }

    async fn call<B>(&self, interface: &str, method: &str, body: &B) -> zbus::Result<zbus::Message>
    where
        B: serde::Serialize + DynamicType,
    {
        let path = "/org/mpris/MediaPlayer2";
        self.bus
            .call_method(
                Some(self.name.as_str()),
                path,
                Some(interface),
                method,
                body,
            )
            .await
    }
}
