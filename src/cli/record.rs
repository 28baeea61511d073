//! `reeld record`

mod part;
mod selection;

use std::io::{self, Write};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, mpsc, watch as value};
use tokio::task::JoinSet;

use self::part::Part;
use self::selection::Selection;
use super::Context;
use crate::config::Config;
use crate::control::{Client, PlayerRow, Request, Response};
use crate::error::CliError;
use crate::model::{PlayerId, Source};
use crate::paths::Paths;
use crate::watch::record::{Entry, Recorder};
use crate::watch::{self, Report, WatchContext};

/// How long the player may take to show itself.
const PATIENCE: Duration = Duration::from_secs(15);

/// Write down what a player really signals, until Ctrl-C or its end
///
/// Works beside the running daemon. `reeld replay` runs the trace again: a bug report that can be tested.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld players
  reeld record mpris:vlc vlc.jsonl --redact")]
pub struct RecordArgs {
    /// Its id or its name, as `reeld players` shows them, or its short name on the bus
    player: String,
    /// Where to write; standard output if absent
    file: Option<PathBuf>,
    /// Replace paths and titles by names that say nothing
    #[arg(long)]
    redact: bool,
}

pub fn run(args: &RecordArgs, context: &Context) -> Result<(), CliError> {
    let (paths, loaded) = context.load()?;
    let selection = Selection::of(&args.player, process_of(&args.player, &paths));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| unwritable(&error))?;
    let recorded = runtime.block_on(async {
        let players = Players::watch(loaded.config, paths.runtime_dir);
        record(args, selection, players).await
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    recorded
}

/// The process that the running daemon means by an id on the bus. An mpv's own id names it anyway.
fn process_of(id: &str, paths: &Paths) -> Option<u32> {
    let asked = Client::connect(paths).and_then(|mut client| client.ask(&Request::Players));
    let Ok(Response::Players(players)) = asked else {
        return None;
    };
    let is_meant = |row: &&PlayerRow| row.id == id && row.source == Source::Mpris;
    players.iter().find(is_meant)?.pid
}

/// The watchers, as the daemon has them.
struct Players {
    entries: mpsc::Receiver<Entry>,
    reports: mpsc::Receiver<Report>,
    asks: Vec<mpsc::Sender<PlayerId>>,
    /// The daemon asks for a position so often.
    beat: Duration,
    _config: value::Sender<Arc<Config>>,
    _watchers: JoinSet<()>,
}

impl Players {
    fn watch(config: Config, runtime_dir: PathBuf) -> Self {
        let (tap, entries) = mpsc::channel(256);
        let (reporting, reports) = mpsc::channel(256);
        let beat = config.debounce.progress_every;
        let (keep, config) = value::channel(Arc::new(config));
        let rescan = Arc::new(Notify::new());
        let mut asks = Vec::new();
        let mut context = || {
            let (ask, taken) = mpsc::channel(8);
            asks.push(ask);
            WatchContext {
                reports: reporting.clone(),
                asks: taken,
                config: config.clone(),
                runtime_dir: runtime_dir.clone(),
                tap: Some(tap.clone()),
                rescan: rescan.clone(),
            }
        };
        let (mpv, mpris) = (context(), context());
        let mut watchers = JoinSet::new();
        watchers.spawn(watch::mpv::run(mpv));
        watchers.spawn(watch::mpris::run(mpris));
        Self {
            entries,
            reports,
            asks,
            beat,
            _config: keep,
            _watchers: watchers,
        }
    }

    fn ask(&self, players: impl Iterator<Item = PlayerId>) {
        for player in players {
            for ask in &self.asks {
                // One that is busy has been asked already.
                let _ = ask.try_send(player.clone());
            }
        }
    }
}

async fn record(
    args: &RecordArgs,
    mut selection: Selection,
    mut players: Players,
) -> Result<(), CliError> {
    let mut trace: Option<Trace> = None;
    let mut terminated = signal(SignalKind::terminate()).map_err(|error| unwritable(&error))?;
    let mut patience = pin!(tokio::time::sleep(PATIENCE));
    let mut beat = tokio::time::interval(players.beat.max(Duration::from_secs(1)));
    loop {
        let entry = tokio::select! {
            Some(entry) = players.entries.recv() => entry,
            Some(_) = players.reports.recv() => continue,
            _ = beat.tick() => {
                players.ask(selection.present());
                continue;
            }
            _ = tokio::signal::ctrl_c() => break,
            _ = terminated.recv() => break,
            () = &mut patience, if trace.is_none() => return Err(unknown(&args.player)),
        };
        for entry in selection.take(entry) {
            let trace = match &mut trace {
                Some(trace) => trace,
                None => trace.insert(Trace::begin(args, &entry.player)?),
            };
            trace.write(&entry).map_err(|error| unwritable(&error))?;
        }
        if trace.is_some() && selection.is_over() {
            break;
        }
    }
    match trace {
        Some(trace) => trace.end().map_err(|error| unwritable(&error)),
        None => Err(unknown(&args.player)),
    }
}

/// A trace that is being written.
enum Trace {
    Out(Recorder<io::Stdout>),
    File(Recorder<Part>),
}

impl Trace {
    fn begin(args: &RecordArgs, player: &PlayerId) -> Result<Self, CliError> {
        let trace = match &args.file {
            Some(file) => Part::of(file)
                .and_then(|part| Recorder::begin(part, player, args.redact))
                .map(Self::File),
            None => Recorder::begin(io::stdout(), player, args.redact).map(Self::Out),
        };
        trace.map_err(|error| unwritable(&error))
    }

    fn write(&mut self, entry: &Entry) -> io::Result<()> {
        match self {
            Self::Out(recorder) => recorder.write(entry),
            Self::File(recorder) => recorder.write(entry),
        }
    }

    fn end(self) -> io::Result<()> {
        match self {
            Self::Out(recorder) => recorder.into_inner().flush(),
            Self::File(recorder) => recorder.into_inner().end(),
        }
    }
}

fn unknown(player: &str) -> CliError {
    CliError::user(format!("there is no player {player}"))
        .hint("`reeld players` shows the ids of those that are there")
}

fn unwritable(error: &io::Error) -> CliError {
    CliError::user("the trace cannot be written")
        .because(error.to_string())
        .hint("name another file")
}
