//! A long evening of twenty players that never rest: what the daemon takes stays the same.
//!
//! What it may remember it remembers from the beginning: as many viewings as it ever does, of other films than are played, which
//! are few enough for every other memory to be full soon.

use std::fmt;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use reeld::model::Random;
use zbus::Variant;

use super::years::fill;
use super::{number, seed};
use crate::support::evening::{Evening, possible};
use crate::support::fake_player::{FakePlayer, metadata};
use crate::support::players::is_installed;

/// Players on the bus, and mpvs.
const FAKES: usize = 16;
const REAL: usize = 4;
/// Viewings that are remembered at most.
const REMEMBERED: u64 = 5_000;
/// Films of each player on the bus.
const FILMS: u64 = 20;
/// Length of what plays in a fake, seconds.
const LENGTH: f64 = 2400.0;

/// What a process takes.
#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    resident_kib: u64,
    descriptors: u64,
    threads: u64,
}

impl Taken {
    fn by(process: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse().ok()
        };
        Some(Self {
            resident_kib: field("VmRSS:")?,
            descriptors: fs::read_dir(format!("/proc/{process}/fd")).ok()?.count() as u64,
            threads: field("Threads:")?,
        })
    }
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            resident_kib,
            descriptors,
            threads,
        } = self;
        write!(f, "{resident_kib:>8} {descriptors:>5} {threads:>5}")
    }
}

/// A player on the bus that does something every second or two.
struct Viewer {
    player: FakePlayer,
    random: Random,
    number: usize,
    film: u64,
    playing: bool,
    position: f64,
    at: Instant,
}

impl Viewer {
    async fn start(evening: &Evening, number: usize, seed: u64) -> Self {
        let program = ["vlc", "celluloid", "haruna", "totem"][number % 4];
        let name = format!("{program}.instance{}", 1000 + number);
        let player = FakePlayer::start(evening.bus(), &name).await;
        Self {
            player,
            random: Random::seeded(seed),
            number,
            film: 0,
            playing: false,
            position: 0.0,
            at: Instant::now(),
        }
    }

    fn advance(&mut self) {
        let now = Instant::now();
        if self.playing {
            self.position += (now - self.at).as_secs_f64();
        }
        self.at = now;
    }

    async fn act(&mut self) {
        self.advance();
        match self.random.bits() % 10 {
            0 | 1 => self.open_next().await,
            2..=4 => self.pause_or_resume().await,
            5..=8 => self.seek().await,
            _ => self.stop().await,
        }
    }

    async fn open_next(&mut self) {
        self.film += 1;
        self.position = 0.0;
        self.playing = true;
        let id = 1000 * (self.number as u64 + 1) + self.film % FILMS;
        let url = format!("file:///films/Film%20{id}%20(2001)%20%7Btmdb-{id}%7D.mkv");
        let length = (LENGTH * 1e6) as i64;
        let map = metadata(&[
            ("mpris:length", length.into()),
            ("mpris:trackid", format!("/track/{id}").into()),
            ("xesam:url", url.into()),
        ]);
        self.player.quietly(&[("Position", 0_i64.into())]);
        self.player
            .set(&[("PlaybackStatus", "Playing".into()), ("Metadata", map)])
            .await;
    }

    async fn pause_or_resume(&mut self) {
        self.playing = !self.playing && self.film > 0;
        let status = if self.playing { "Playing" } else { "Paused" };
        self.player.quietly(&[("Position", self.microseconds())]);
        self.player.set(&[("PlaybackStatus", status.into())]).await;
    }

    async fn seek(&mut self) {
        self.position = (self.position + 400.0 * self.random.fraction()).min(LENGTH - 1.0);
        self.player.quietly(&[("Position", self.microseconds())]);
        self.player.seeked(&((self.position * 1e6) as i64,)).await;
    }

    async fn stop(&mut self) {
        self.playing = false;
        self.player
            .set(&[("PlaybackStatus", "Stopped".into())])
            .await;
    }

    fn microseconds(&self) -> Variant<'static> {
        ((self.position * 1e6) as i64).into()
    }
}

#[tokio::test]
#[ignore = "takes half an hour: `just torture soak 30`"]
async fn with_twenty_players_for_half_an_hour_memory_descriptors_and_threads_stay_flat() {
    if !possible() || !is_installed("dbus-daemon") || !is_installed("socat") {
        return;
    }
    let (minutes, seed) = (number("MINUTES", 30), seed());
    let mut evening = Evening::at_both();
    fill(&evening.home.paths().state_dir, REMEMBERED, &[]);
    evening.start_bus();
    evening.start();
    let mut viewers = Vec::new();
    for number in 0..FAKES {
        viewers.push(Viewer::start(&evening, number, seed + number as u64).await);
    }
    // Real ones play an episode in ten seconds, over and over.
    let mut mpvs = Vec::new();
    for number in 0..REAL {
        let name = |episode| format!("Show S01E{episode:02} {{tmdb-{}}}.mkv", 7 + number);
        let films: Vec<_> = (1..=20).map(|n| evening.film(&name(n), 400)).collect();
        let films: Vec<&Path> = films.iter().map(|film| film.as_path()).collect();
        mpvs.push(match number % 2 {
            0 => evening.mpv(&["--loop-playlist=inf"], &films),
            _ => evening.mpv_on_bus(&["--loop-playlist=inf"], &films),
        });
    }

    let daemon = evening.daemon_id();
    let mut rows = Vec::new();
    eprintln!("minute | daemon: KiB, fds, threads | store: KiB, fds, threads | signals | requests");
    let begun = Instant::now();
    let mut signals = 0;
    for minute in 1..=minutes {
        while begun.elapsed() < Duration::from_secs(60 * minute) {
            for viewer in &mut viewers {
                viewer.act().await;
                signals += 1;
            }
            tokio::time::sleep(Duration::from_millis(1500)).await;
        }
        let taken = Taken::by(daemon).expect("the daemon lives");
        let store = evening.store_id().and_then(Taken::by).unwrap_or_default();
        let requests = evening.punchplay.count("") + evening.discovr.count("");
        eprintln!("{minute:>6} | {taken} | {store} | {signals:>7} | {requests:>8}");
        rows.push((taken, store));
    }
    assert!(evening.ended().is_none(), "it still runs");
    evening.assert_clean();
    assert_flat(&rows);
}

/// The second quarter against the last: the first one is for warming up.
fn assert_flat(rows: &[(Taken, Taken)]) {
    let quarter = rows.len() / 4;
    if quarter == 0 {
        return eprintln!("too short to say anything");
    }
    let early = &rows[quarter..2 * quarter];
    let late = &rows[rows.len() - quarter..];
    let most = |rows: &[(Taken, Taken)], what: fn(&(Taken, Taken)) -> u64| {
        rows.iter().map(what).max().unwrap()
    };
    let grown = |what: fn(&(Taken, Taken)) -> u64| (most(early, what), most(late, what));
    let (before, after) = grown(|(daemon, store)| daemon.resident_kib + store.resident_kib);
    assert!(
        after <= before + before / 10 + 1024,
        "KiB: {before} to {after}"
    );
    let (before, after) = grown(|(daemon, store)| daemon.descriptors + store.descriptors);
    assert!(after <= before + 4, "descriptors: {before} to {after}");
    let (before, after) = grown(|(daemon, store)| daemon.threads + store.threads);
    assert!(after <= before + 2, "threads: {before} to {after}");
}
