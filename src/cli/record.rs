//! `reeld record`

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::sync::{Notify, mpsc, watch as value};
use tokio::task::JoinSet;

use super::Context;
use crate::error::CliError;
use crate::model::{Observation, PlayerInfo, Signal};
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
    /// Its id or its name, as `reeld players` shows them
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
    let recorded = runtime.block_on(record(args, out, paths.runtime_dir, config));
    runtime.shutdown_timeout(Duration::from_secs(1));
    recorded
}

async fn record(
    args: &RecordArgs,
    out: Box<dyn Write>,
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
    let mut out = Some(out);
    let mut recording = None;
    let mut patience = pin!(tokio::time::sleep(PATIENCE));
    loop {
        let report = tokio::select! {
            report = reported.recv() => report,
            _ = tokio::signal::ctrl_c() => return Ok(()),
            () = &mut patience, if recording.is_none() => return Err(unknown(&args.player)),
        };
        let Some(Report::Observed(seen)) = report else {
            continue;
        };
        if is_meant(&seen, &args.player)
            && let Some(out) = out.take()
        {
            let recorder = Recorder::begin(out, &seen.player, args.redact);
            recording = Some((
                seen.player.clone(),
                recorder.map_err(|error| unwritable(&error))?,
            ));
        }
        let Some((player, recorder)) = &mut recording else {
            continue;
        };
        if seen.player != *player {
            continue;
        }
        recorder.write(&seen).map_err(|error| unwritable(&error))?;
        if seen.signal == Signal::Vanished {
            return Ok(());
        }
    }
}

/// Whether a player shows itself by the id or the name that was given.
fn is_meant(seen: &Observation, wanted: &str) -> bool {
    let named = |info: &PlayerInfo| info.name.eq_ignore_ascii_case(wanted);
    match &seen.signal {
        Signal::Appeared(info) => *seen.player.0 == *wanted || named(info),
        _ => false,
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
