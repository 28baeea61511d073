//! `reeld record`

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::sync::{Notify, mpsc, watch as value};
use tokio::task::JoinSet;

use super::Context;
use crate::error::CliError;
use crate::model::{PlayerId, Signal};
use crate::watch::record::Recorder;
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
    /// Its id, as `reeld players` shows it
    player: String,
    /// Where to write; standard output if absent
    file: Option<PathBuf>,
    /// Replace paths and titles by names that say nothing
    #[arg(long)]
    redact: bool,
}

pub fn run(args: &RecordArgs, context: &Context) -> Result<(), CliError> {
    let (paths, loaded) = context.load()?;
    let out: Box<dyn Write> = match &args.file {
        Some(file) => Box::new(BufWriter::new(
            File::create(file).map_err(|error| unwritable(&error))?,
        )),
        None => Box::new(io::stdout().lock()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| unwritable(&error))?;
    let (_keep, config) = value::channel(Arc::new(loaded.config));
    let player = PlayerId::new(&args.player);
    let recorder =
        Recorder::begin(out, &player, args.redact).map_err(|error| unwritable(&error))?;
    let recorded = runtime.block_on(record(recorder, &player, paths.runtime_dir, config));
    runtime.shutdown_timeout(Duration::from_secs(1));
    recorded
}

async fn record(
    mut recorder: Recorder<Box<dyn Write>>,
    player: &PlayerId,
    runtime_dir: PathBuf,
    config: value::Receiver<Arc<crate::config::Config>>,
) -> Result<(), CliError> {
    let (reports, mut reported) = mpsc::channel(256);
    let rescan = Arc::new(Notify::new());
    let mut watchers = JoinSet::new();
    let mut asks = Vec::new();
    let mut context = || {
        let (ask, taken) = mpsc::channel(8);
        asks.push(ask);
        WatchContext {
            reports: reports.clone(),
            asks: taken,
            config: config.clone(),
            runtime_dir: runtime_dir.clone(),
            rescan: rescan.clone(),
        }
    };
    let (mpv, mpris) = (context(), context());
    watchers.spawn(watch::mpv::run(mpv));
    watchers.spawn(watch::mpris::run(mpris));
    let mut found = false;
    loop {
        let report = tokio::select! {
            report = reported.recv() => report,
            _ = tokio::signal::ctrl_c() => return Ok(()),
            () = tokio::time::sleep(PATIENCE), if !found => return Err(unknown(player)),
        };
        let Some(Report::Observed(seen)) = report else {
            continue;
        };
        if seen.player != *player {
            continue;
        }
        found = true;
        recorder.write(&seen).map_err(|error| unwritable(&error))?;
        if seen.signal == Signal::Vanished {
            return Ok(());
        }
    }
}

fn unknown(player: &PlayerId) -> CliError {
    CliError::user(format!("there is no player {player}"))
        .hint("`reeld players` shows the ids of those that are there")
}

fn unwritable(error: &io::Error) -> CliError {
    CliError::user("the trace cannot be written")
        .because(error.to_string())
        .hint("name another file")
}
