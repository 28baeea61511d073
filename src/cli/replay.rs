//! `reeld replay`

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::{Context, Format, output};
use crate::debounce::Rules;
use crate::engine;
use crate::error::CliError;
use crate::model::{Lifecycle, media_json};
use crate::watch::record::{self, Trace, TraceError};

/// Run a recorded trace again and print what would be reported
///
/// Nothing is sent and nothing is remembered. The same trace always gives the same events.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld replay vlc.jsonl
  REELD__WATCHED__MINIMUM_LENGTH=10s reeld replay short.jsonl --json")]
pub struct ReplayArgs {
    /// As written by `reeld record`; `-` is standard input
    trace: PathBuf,
    #[command(flatten)]
    format: Format,
}

pub fn run(args: &ReplayArgs, context: &Context) -> Result<(), CliError> {
    let (_, loaded) = context.load()?;
    let unreadable = |why: String| {
        CliError::user(format!("cannot replay {}", args.trace.display()))
            .because(why)
            .hint("it must be a file that `reeld record` has written")
    };
    let trace = read(&args.trace).map_err(|error| unreadable(error.to_string()))?;
    let events = engine::replay(trace.entries, Rules::from(&loaded.config));
    for event in &events {
        output::line(&if args.format.json {
            json_line(event)
        } else {
            words(event)
        })?;
    }
    if events.is_empty() && !args.format.json {
        output::line("Nothing would be reported.")?;
    }
    Ok(())
}

fn read(trace: &Path) -> Result<Trace, TraceError> {
    if trace == Path::new("-") {
        return record::read(io::stdin().lock());
    }
    record::read(BufReader::new(File::open(trace)?))
}

fn json_line(event: &Lifecycle) -> String {
    json!({
        "at": event.at.wall.to_string(),
        "action": event.action,
        "viewing_id": event.viewing.to_string(),
        "session_id": event.session.to_string(),
        "media": media_json(&event.media),
        "position_seconds": event.position,
        "duration_seconds": event.duration,
        "progress": event.progress(),
        "watched": event.watched,
    })
    .to_string()
}

fn words(event: &Lifecycle) -> String {
    let watched = if event.watched { "  watched" } else { "" };
    let title = event.media.title.as_deref().unwrap_or("");
    let percent = event.progress() * 100.0;
    format!(
        "{}  {:8}  {percent:5.1} %  {title}{watched}",
        event.at.wall,
        event.action.as_str()
    )
}
