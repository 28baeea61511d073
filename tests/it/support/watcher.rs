//! A watcher on a bus or in a folder of ours, with everything it said.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reeld::config::Config;
use reeld::model::{Observation, PlayerId, Signal};
use reeld::watch::record::{Entry, Recorder};
use reeld::watch::replay::Players;
use reeld::watch::{Report, WatchContext, mpris, mpv};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use zbus::Address;

use super::players;

/// Longer than anything that is waited for takes.
const PATIENCE: Duration = Duration::from_secs(90);

/// The defaults.
pub fn config() -> Config {
    toml::from_str(include_str!("../../../src/config/defaults.toml")).unwrap()
}

/// A watcher that runs until this is dropped.
#[derive(Debug)]
pub struct Watcher {
    reports: mpsc::Receiver<Report>,
    tapped: mpsc::Receiver<Entry>,
    asks: mpsc::Sender<PlayerId>,
    pub config: watch::Sender<Arc<Config>>,
    pub rescan: Arc<Notify>,
    task: JoinHandle<()>,
    /// Everything seen so far.
    pub seen: Vec<Observation>,
    /// How often it said that its first scan is done.
    pub scans: usize,
    /// What it said last of the bus.
    pub unavailable: Option<String>,
}

impl Watcher {
    /// The MPRIS watcher, on this bus.
    pub fn start(address: Address) -> Self {
        Self::spawn(PathBuf::new(), config(), |context| {
            tokio::spawn(mpris::run_at(context, Ok(address)))
        })
    }

    /// The mpv watcher, with this as `$XDG_RUNTIME_DIR` and these `mpv.sockets`.
    pub fn of_mpv(runtime: &Path, sockets: &[String]) -> Self {
        let mut config = config();
        config.mpv.sockets = sockets.to_vec();
        Self::spawn(runtime.join("reeld"), config, |context| {
            tokio::spawn(mpv::run(context))
        })
    }

    fn spawn(
        runtime_dir: PathBuf,
        config: Config,
        run: impl FnOnce(WatchContext) -> JoinHandle<()>,
    ) -> Self {
        let (reports_in, reports) = mpsc::channel(64);
        let (tap, tapped) = mpsc::channel(100_000);
        let (asks, asks_out) = mpsc::channel(64);
        let (config_in, config_out) = watch::channel(Arc::new(config));
        let rescan = Arc::new(Notify::new());
        let context = WatchContext {
            reports: reports_in,
            asks: asks_out,
            config: config_out,
            runtime_dir,
            tap: Some(tap),
            rescan: Arc::clone(&rescan),
        };
        Self {
            reports,
            tapped,
            asks,
            config: config_in,
            rescan,
            task: run(context),
            seen: Vec::new(),
            scans: 0,
            unavailable: None,
        }
    }

    /// Takes reports until one makes `done` true of everything so far.
    pub async fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let waiting = async {
            while !done(self) {
                let report = self.reports.recv().await.expect("the watcher ended");
                self.take(report);
            }
        };
        if timeout(PATIENCE, waiting).await.is_err() {
            panic!("never came: {what}; seen:\n{}", self.transcript());
        }
    }

    /// Takes reports for this long.
    pub async fn listen(&mut self, time: Duration) {
        let listening = async {
            while let Some(report) = self.reports.recv().await {
                self.take(report);
            }
        };
        timeout(time, listening).await.ok();
    }

    /// Takes the reports that are there.
    pub fn drain(&mut self) {
        while let Ok(report) = self.reports.try_recv() {
            self.take(report);
        }
    }

    fn take(&mut self, report: Report) {
        match report {
            Report::Observed(observation) => self.seen.push(observation),
            Report::Scanned(_) => self.scans += 1,
            Report::Unavailable(_, words) => self.unavailable = words,
        }
    }

    /// Waits until the first scan is done.
    pub async fn scanned(&mut self) {
        self.until("the end of the first scan", |all| all.scans > 0)
            .await;
    }

    /// Asks for a position.
    pub async fn ask(&self, player: &str) {
        self.asks.send(PlayerId::new(player)).await.unwrap();
    }

    /// Waits for a signal of a player that comes after `from` in `seen`; returns where the next one stands.
    pub async fn signal(
        &mut self,
        player: &str,
        from: usize,
        what: &str,
        is: impl Fn(&Signal) -> bool,
    ) -> usize {
        let id = PlayerId::new(player);
        let position = |all: &Self| {
            (all.seen.iter().enumerate().skip(from))
                .find(|(_, seen)| seen.player == id && is(&seen.signal))
                .map(|(at, _)| at + 1)
        };
        self.until(what, |all| position(all).is_some()).await;
        position(self).unwrap()
    }

    /// Everything seen, a line each.
    pub fn transcript(&self) -> String {
        let start = self
            .seen
            .first()
            .map_or(Duration::ZERO, |seen| seen.at.mono);
        let lines = self.seen.iter().map(|seen| {
            let at = (seen.at.mono - start).as_secs_f64();
            let signal = format!("{:?}", seen.signal);
            format!("{at:8.3} {} {signal:.400}\n", seen.player)
        });
        lines.collect()
    }

    /// What its players signalled, as it came.
    pub fn entries(&mut self) -> Vec<Entry> {
        let mut entries = Vec::new();
        while let Ok(entry) = self.tapped.try_recv() {
            entries.push(entry);
        }
        entries
    }

    /// Keeps what came as a trace, if traces are being recorded (`tests/record-traces`). Run again it must give what
    /// was seen live.
    pub fn save(&mut self, name: &str) {
        let entries = self.entries();
        let player = entries.first().expect("a player").player.clone();
        self.is_what_comes_of(&entries);
        keep(name, &player, &entries);
    }

    /// The same of one player.
    pub fn save_of(&mut self, name: &str, player: &str) {
        let player = PlayerId::new(player);
        let mut entries = self.entries();
        entries.retain(|entry| entry.player == player);
        self.seen.retain(|seen| seen.player == player);
        self.is_what_comes_of(&entries);
        keep(name, &player, &entries);
    }

    fn is_what_comes_of(&mut self, entries: &[Entry]) {
        self.drain();
        let again = run_again(entries);
        let of = |seen: &[Observation], player: &PlayerId| {
            let of = seen.iter().filter(|seen| seen.player == *player);
            of.map(|seen| seen.signal.clone()).collect::<Vec<_>>()
        };
        // Whose timer comes first is chance.
        for Observation { player, .. } in &again {
            let [live, again] = [&self.seen, &again].map(|seen| of(seen, player));
            assert_eq!(live, again, "{player} live and run again");
        }
        assert_eq!(self.seen.len(), again.len());
    }

    /// The signals of a player.
    pub fn signals(&self, player: &str) -> Vec<Signal> {
        let id = PlayerId::new(player);
        let of = self.seen.iter().filter(|seen| seen.player == id);
        of.map(|seen| seen.signal.clone()).collect()
    }
}

/// What comes of a trace.
fn run_again(entries: &[Entry]) -> Vec<Observation> {
    let mut players = Players::of(entries);
    let mut seen = Vec::new();
    let Some(mut now) = entries.first().map(|entry| entry.at) else {
        return seen;
    };
    for entry in entries {
        while let Some(due) = players.deadline().filter(|due| *due < entry.at.mono) {
            now = now.after(due.saturating_sub(now.mono));
            seen.extend(players.timeout(now));
        }
        now = entry.at;
        seen.extend(players.hear(entry.clone()));
    }
    seen
}

fn keep(name: &str, player: &PlayerId, entries: &[Entry]) {
    let Some(folder) = std::env::var_os("REELD_RECORD_TRACES") else {
        return;
    };
    let mut bytes = Vec::new();
    let mut recorder = Recorder::begin(&mut bytes, player, false).unwrap();
    for entry in entries {
        recorder.write(entry).unwrap();
    }
    let films = players::films().to_str().unwrap();
    let text = String::from_utf8(bytes).unwrap().replace(films, "/films");
    let path = PathBuf::from(folder).join(name).with_extension("jsonl");
    std::fs::write(path, text).unwrap();
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}
