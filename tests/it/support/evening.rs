//! An evening in front of the screen: a home, the built daemon, real mpv, and stand-ins that judge.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;

use reeld::account::NewLogin;

use super::bus::PrivateBus;
use super::credentials;
use super::home::Home;
use super::players::{MPRIS_SCRIPT, is_installed, shared_folder};
use super::standin::{CLIENT_ID, DISCOVR_CLIENT_ID, Discovr, Event, PunchPlay, Server, Tmdb};

/// Speed of the films: 40 minutes a minute.
pub const SPEED: f64 = 40.0;

/// Everything that an evening needs; the daemon is killed at the end.
pub struct Evening {
    pub home: Home,
    pub punchplay: Server<PunchPlay>,
    pub discovr: Server<Discovr>,
    pub tmdb: Server<Tmdb>,
    daemon: Option<Child>,
    players: u32,
    /// What the daemon is started by, if not by us.
    starter: Vec<OsString>,
    /// Of the daemon.
    pub environment: Vec<(String, String)>,
    /// Films and the bus: players may be another user's.
    shared: tempfile::TempDir,
    bus: Option<PrivateBus>,
    /// The daemon sees every mpv of this user: one evening at a time on this machine.
    _alone: Option<File>,
}

/// Whether evenings can be held here; says so loudly where they cannot.
pub fn possible() -> bool {
    is_installed("mpv") && is_installed("ffmpeg")
}

impl Evening {
    /// Linked to PunchPlay, with a fast debouncer.
    pub fn linked() -> Self {
        let evening = Self::unlinked();
        evening.link([evening.punchplay.with(|app| app.issue_login("ann"))]);
        evening
    }

    /// Linked to Discovr only, without a key for TMDB.
    pub fn at_discovr() -> Self {
        let evening = Self::unlinked();
        evening.link([evening.discovr_login("ann", "p1")]);
        evening
    }

    /// Linked to both.
    pub fn at_both() -> Self {
        let evening = Self::unlinked();
        let punchplay = evening.punchplay.with(|app| app.issue_login("ann"));
        evening.link([punchplay, evening.discovr_login("ann", "p1")]);
        evening
    }

    /// A login at Discovr for a user's profile.
    pub fn discovr_login(&self, user: &str, profile: &str) -> NewLogin {
        self.discovr.with(|app| app.issue_login(user, profile))
    }

    /// Keeps logins, while no daemon runs.
    pub fn link(&self, logins: impl IntoIterator<Item = NewLogin>) {
        credentials::write(&self.home.paths().state_dir, logins);
    }

    /// Without any account.
    pub fn unlinked() -> Self {
        let home = Home::new();
        let evening = Self {
            home,
            punchplay: Server::start(PunchPlay::default()),
            discovr: Server::start(Discovr::default()),
            tmdb: Server::start(Tmdb::default()),
            daemon: None,
            starter: Vec::new(),
            players: 0,
            environment: Vec::new(),
            shared: shared_folder(),
            bus: None,
            _alone: alone(),
        };
        evening.configure("");
        evening
    }

    /// Writes the configuration, with this key for TMDB.
    pub fn configure(&self, tmdb_key: &str) {
        self.home.configure(&format!(
            "[punchplay]\nbase_url = \"{}\"\nclient_id = \"{CLIENT_ID}\"\n\
             [discovr]\nbase_url = \"{}\"\nclient_id = \"{DISCOVR_CLIENT_ID}\"\n\
             [tmdb]\nbase_url = \"{}\"\napi_key = \"{tmdb_key}\"\n\
             [debounce]\nstart_after = \"1s\"\nsettle = \"500ms\"\nprogress_every = \"2s\"\n\
             [watched]\nminimum_length = \"1m\"\n",
            self.punchplay.url(),
            self.discovr.url(),
            self.tmdb.url(),
        ));
    }

    /// Later daemons have this in their environment.
    pub fn set(&mut self, variable: &str, value: &str) {
        self.environment.push((variable.into(), value.into()));
    }

    /// Later daemons are started by another program that stays out of the way, like `strace -D`.
    pub fn start_under(&mut self, starter: impl IntoIterator<Item = impl Into<OsString>>) {
        self.starter = starter.into_iter().map(Into::into).collect();
    }

    /// Starts the daemon and waits until it is ready.
    pub fn start(&mut self) {
        self.launch();
        self.until_ready();
    }

    /// Waits until the daemon is ready.
    pub fn until_ready(&self) {
        self.until("the daemon is ready", Duration::from_secs(30), |evening| {
            evening.home.run(&["status"]).code == Some(0)
        });
    }

    /// Starts the daemon.
    pub fn launch(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log_file())
            .unwrap();
        let starter: Vec<&OsStr> = self.starter.iter().map(OsString::as_os_str).collect();
        let mut daemon = if starter.is_empty() {
            self.home.command(&["run"])
        } else {
            self.home.command_under(&starter, &["run"])
        };
        if let Some(bus) = &self.bus {
            daemon.env("DBUS_SESSION_BUS_ADDRESS", bus.address_text());
        }
        daemon
            .env("REELD_LOG", "debug")
            .envs(self.environment.iter().cloned())
            .stderr(log)
            .stdout(Stdio::null());
        self.daemon = Some(daemon.spawn().unwrap());
    }

    /// The daemon's process id.
    pub fn daemon_id(&self) -> u32 {
        self.daemon.as_ref().expect("a daemon").id()
    }

    /// The daemon's store process, while there is one.
    pub fn store_id(&self) -> Option<u32> {
        let daemon = self.daemon_id();
        let threads = fs::read_dir(format!("/proc/{daemon}/task")).ok()?;
        threads.flatten().find_map(|thread| {
            let children = fs::read_to_string(thread.path().join("children")).ok()?;
            children.split_whitespace().next()?.parse().ok()
        })
    }

    /// How the daemon has ended by itself; `None` while it runs.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.daemon.as_mut().expect("a daemon").try_wait().unwrap()
    }

    /// Sends a signal to the running daemon.
    pub fn signal(&self, signal: rustix::process::Signal) {
        kill(self.daemon.as_ref().expect("a daemon"), signal);
    }

    /// Starts a session bus, where the daemon and the players from now on will be.
    pub fn start_bus(&mut self) -> &PrivateBus {
        self.end_bus();
        self.bus.insert(PrivateBus::start(self.shared.path()))
    }

    /// Ends the session bus; the next one has its address.
    pub fn end_bus(&mut self) {
        self.bus = None;
    }

    /// The session bus that was started.
    pub fn bus(&self) -> &PrivateBus {
        self.bus.as_ref().expect("a bus was started")
    }

    fn log_file(&self) -> PathBuf {
        self.home.folder.path().join("log")
    }

    /// What the daemon has logged so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// kill -9, or any other signal; waits for the end.
    pub fn end_daemon(&mut self, signal: rustix::process::Signal) -> ExitStatus {
        let mut daemon = self.daemon.take().expect("a running daemon");
        kill(&daemon, signal);
        daemon.wait().unwrap()
    }

    /// A film (or whatever its name says) of this many seconds.
    pub fn film(&self, name: &str, seconds: u32) -> PathBuf {
        let film = self.shared.path().join(name);
        if !film.exists() {
            fs::copy(picture(seconds), &film).unwrap();
        }
        film
    }

    /// mpv with a socket of its own in reeld's folder.
    pub fn mpv(&mut self, more: &[&str], films: &[&Path]) -> Mpv {
        self.mpv_at(None, more, films)
    }

    fn mpv_at(&mut self, bus: Option<&str>, more: &[&str], films: &[&Path]) -> Mpv {
        self.players += 1;
        let folder = self.home.folder.path().join("run/reeld/mpv");
        fs::create_dir_all(&folder).unwrap();
        let socket = folder.join(format!("{}.sock", self.players));
        let mut command = self.home.program("mpv");
        if let Some(bus) = bus {
            command.env("DBUS_SESSION_BUS_ADDRESS", bus);
        }
        let child = command
            .args(["--no-config", "--really-quiet", "--vo=null", "--ao=null"])
            .arg(format!("--speed={SPEED}"))
            .arg(format!("--input-ipc-server={}", socket.display()))
            .args(more)
            .args(films)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Mpv { child, socket }
    }

    /// The daemon, and a film in mpv whose start has arrived.
    pub fn watching(&mut self, name: &str, seconds: u32) -> Mpv {
        self.start();
        let film = self.film(name, seconds);
        let mpv = self.mpv(&[], &[&film]);
        self.until("the start arrives", Duration::from_secs(20), |evening| {
            evening.story() == "start"
        });
        mpv
    }

    /// The same, on the bus too.
    pub fn mpv_on_bus(&mut self, more: &[&str], films: &[&Path]) -> Mpv {
        let script = format!("--script={MPRIS_SCRIPT}");
        let bus = self.bus().address_text();
        let more: Vec<_> = more.iter().copied().chain([script.as_str()]).collect();
        self.mpv_at(Some(&bus), &more, films)
    }

    /// Polls a condition; fails with the log when the time is over.
    pub fn until(&self, what: &str, within: Duration, mut condition: impl FnMut(&Self) -> bool) {
        let deadline = Instant::now() + within;
        while !condition(self) {
            assert!(
                Instant::now() < deadline,
                "{what}: not within {within:?}\n{}\n{:#?}\n{:#?}",
                self.log(),
                self.events(),
                self.discovr.requests()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// How many watches PunchPlay counts.
    pub fn watches(&self) -> usize {
        let events = self.events();
        events.iter().filter(|event| event.is_watch()).count()
    }

    /// Waits for so many watches at PunchPlay.
    pub fn until_watches(&self, count: usize) {
        let what = format!("{count} watches arrive");
        self.until(&what, Duration::from_secs(90), |evening| {
            evening.watches() >= count
        });
    }

    /// Waits until the log says something.
    pub fn until_logged(&self, words: &str) {
        let what = format!("the log says {words:?}");
        self.until(&what, Duration::from_secs(60), |evening| {
            evening.log().contains(words)
        });
    }

    /// Waits for so many stops at PunchPlay.
    pub fn until_stops(&self, count: usize) {
        self.until(
            &format!("{count} stops arrive"),
            Duration::from_secs(60),
            |evening| {
                evening
                    .events()
                    .iter()
                    .filter(|event| event.action == "stop")
                    .count()
                    >= count
            },
        );
    }

    /// Waits until a player is not shown any more.
    pub fn until_gone(&self, player: &str) {
        self.until("the player is gone", Duration::from_secs(20), |evening| {
            let status = &evening.json(&["status", "--json"])[0];
            let players = status["players"].as_array().cloned().unwrap_or_default();
            players.iter().all(|row| row["id"] != player)
        });
    }

    /// What PunchPlay has taken.
    pub fn events(&self) -> Vec<Event> {
        self.punchplay.with(|app| app.events.clone())
    }

    /// `start stop* start stop`: the actions but progress, a star where it is a watch.
    pub fn story(&self) -> String {
        let told = self
            .events()
            .into_iter()
            .filter(|event| event.action != "progress")
            .map(|event| {
                let star = if event.is_watch() { "*" } else { "" };
                format!("{}{star}", event.action)
            });
        told.collect::<Vec<_>>().join(" ")
    }

    /// `reeld … --json`, a value a line.
    pub fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let ran = self.home.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.err);
        ran.out
            .lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    }

    /// Nothing that a service's reference does not allow was sent.
    pub fn assert_clean(&self) {
        let mut violations = self.punchplay.with(|app| app.violations.clone());
        violations.extend(self.discovr.with(|app| app.violations.clone()));
        violations.extend(self.tmdb.with(|app| app.violations.clone()));
        assert!(violations.is_empty(), "{violations:#?}\n{}", self.log());
    }
}

impl Drop for Evening {
    fn drop(&mut self) {
        if let Some(daemon) = &mut self.daemon {
            drop(daemon.kill());
            drop(daemon.wait());
        }
    }
}

/// A running mpv; killed when dropped.
pub struct Mpv {
    child: Child,
    socket: PathBuf,
}

impl Mpv {
    /// Says a command to it, on a connection of its own.
    pub fn command(&self, words: &[&str]) -> Value {
        let mut stream = (0..100)
            .find_map(|_| {
                let connected = UnixStream::connect(&self.socket).ok();
                if connected.is_none() {
                    std::thread::sleep(Duration::from_millis(50));
                }
                connected
            })
            .expect("mpv listens");
        writeln!(
            stream,
            "{}",
            serde_json::json!({"command": words, "request_id": 7})
        )
        .unwrap();
        // What ends the socket is not answered.
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let value: Value = serde_json::from_str(&line).unwrap();
            if value["request_id"] == 7 {
                return value["data"].clone();
            }
        }
        Value::Null
    }

    /// Its id at reeld.
    pub fn id(&self) -> String {
        format!("mpv-{}", self.child.id())
    }

    /// Its position, seconds.
    pub fn position(&self) -> f64 {
        self.command(&["get_property", "time-pos"])
            .as_f64()
            .unwrap_or(0.0)
    }

    /// Waits until it is at least there.
    pub fn until_at(&self, seconds: f64) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.position() < seconds {
            assert!(Instant::now() < deadline, "mpv does not get to {seconds}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn quit(mut self) {
        self.command(&["quit"]);
        drop(self.child.wait());
    }

    /// kill -9
    pub fn kill(mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Waits until it ends by itself.
    pub fn wait(mut self) {
        drop(self.child.wait());
    }

    pub fn runs(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Mpv {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Waits until no other test has an mpv. Nothing to wait for where `tests/alone` lets a test see no process but its own.
pub fn alone() -> Option<File> {
    if std::env::var_os("REELD_TESTS_ALONE").is_some() {
        return None;
    }
    let file = File::options()
        .create(true)
        .append(true)
        .open(std::env::temp_dir().join("reeld-tests.lock"))
        .unwrap();
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive).unwrap();
    Some(file)
}

fn kill(child: &Child, signal: rustix::process::Signal) {
    let pid = i32::try_from(child.id())
        .ok()
        .and_then(rustix::process::Pid::from_raw)
        .unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// Made once for each length.
fn picture(seconds: u32) -> PathBuf {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let file = FOLDER
        .get_or_init(shared_folder)
        .path()
        .join(format!("{seconds}.mkv"));
    if !file.exists() {
        let picture = format!("testsrc=size=32x24:rate=2:duration={seconds}");
        let made = Command::new("ffmpeg")
            .args([
                "-v", "error", "-y", "-f", "lavfi", "-i", &picture, "-c:v", "mpeg4",
            ])
            .arg(&file)
            .status();
        assert!(made.expect("ffmpeg is installed").success());
    }
    file
}
