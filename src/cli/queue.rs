//! `reeld queue`

use std::collections::BTreeSet;

use clap::{Args, Subcommand};

use super::table::table;
use super::{Context, Format, output, words};
use crate::clock;
use crate::control::{Client, QueueRow, QueueState, Request, Response, Selection};
use crate::error::CliError;
use crate::model::Wall;
use crate::paths::Paths;

/// What waits to be delivered, and what was refused
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  reeld queue                     what waits, and for what
  reeld queue retry --refused     try again what a service refused
  reeld queue drop 17 18          forget two deliveries for good
  reeld queue export > lost.jsonl keep what was refused, in full"
)]
pub struct QueueArgs {
    #[command(subcommand)]
    command: Option<QueueCommand>,
    #[command(flatten)]
    format: Format,
}

#[derive(Debug, Subcommand)]
enum QueueCommand {
    /// Print the queue (also without a word)
    List {
        #[command(flatten)]
        format: Format,
    },
    /// Try deliveries again, now
    Retry(Which),
    /// Forget deliveries for good
    Drop(Which),
    /// Print everything that is known of the refused deliveries, as JSON, one object a line
    Export {
        #[command(flatten)]
        format: Format,
    },
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("which").required(true)))]
struct Which {
    /// Ids, as `reeld queue` shows them
    #[arg(value_name = "ID", group = "which")]
    ids: Vec<u64>,
    /// All that were refused for good
    #[arg(long, group = "which")]
    refused: bool,
    #[command(flatten)]
    format: Format,
}

impl Which {
    fn selection(&self) -> Selection {
        if self.refused {
            Selection::Dead
        } else {
            Selection::Ids(self.ids.clone())
        }
    }
}

pub fn run(args: &QueueArgs, context: &Context) -> Result<(), CliError> {
    let paths = context.paths()?;
    match &args.command {
        None => list(&paths, args.format),
        Some(QueueCommand::List { format }) => list(&paths, *format),
        Some(QueueCommand::Export { .. }) => export(&paths),
        Some(QueueCommand::Retry(which)) => {
            let what = which.selection();
            order(
                &paths,
                &Request::QueueRetry { what },
                which.format,
                "tried again",
            )
        }
        Some(QueueCommand::Drop(which)) => {
            let what = which.selection();
            order(
                &paths,
                &Request::QueueDrop { what },
                which.format,
                "forgotten",
            )
        }
    }
}

/// A connection for each page: between two, the reader of the output may take as long as they like.
fn ask(paths: &Paths, request: &Request) -> Result<Response, CliError> {
    Client::connect(paths)?.ask(request)
}

fn list(paths: &Paths, format: Format) -> Result<(), CliError> {
    let mut after = 0;
    let mut shown = 0;
    loop {
        let Response::Queue(rows) = ask(paths, &Request::Queue { after })? else {
            return Err(super::unexpected());
        };
        let Some(last) = rows.last() else { break };
        after = last.id;
        if format.json {
            output::json_lines(&rows)?;
        } else {
            output::print(&describe(
                &rows,
                clock::now().wall,
                output::width(),
                shown == 0,
            ))?;
        }
        shown += rows.len();
    }
    if shown == 0 && !format.json {
        output::line("The queue is empty.")?;
    }
    Ok(())
}

fn export(paths: &Paths) -> Result<(), CliError> {
    let mut after = 0;
    loop {
        let Response::Lines(lines) = ask(paths, &Request::QueueExport { after })? else {
            return Err(super::unexpected());
        };
        let last = lines.last().and_then(|line| line.get("id")?.as_u64());
        output::json_lines(&lines)?;
        match last {
            Some(id) if id > after => after = id,
            _ => return Ok(()),
        }
    }
}

fn order(paths: &Paths, request: &Request, format: Format, done: &str) -> Result<(), CliError> {
    let Response::Done { count } = ask(paths, request)? else {
        return Err(super::unexpected());
    };
    let missing = missing(request, count);
    if count == 0
        && let Some(missing) = missing
    {
        return Err(missing.hint("`reeld queue` shows them with their ids"));
    }
    if let Some(missing) = missing {
        output::warn(&missing.what);
    }
    if format.json {
        return output::json(&serde_json::json!({ "count": count }));
    }
    if count == 0 {
        return output::line("Nothing was refused.");
    }
    let deliveries = if count == 1 {
        "delivery is"
    } else {
        "deliveries are"
    };
    output::line(&format!("{count} {deliveries} {done}."))
}

/// What is wrong with ids of which fewer are there.
fn missing(request: &Request, count: u64) -> Option<CliError> {
    let (Request::QueueRetry { what } | Request::QueueDrop { what }) = request else {
        return None;
    };
    let Selection::Ids(ids) = what else {
        return None;
    };
    let ids: BTreeSet<u64> = ids.iter().copied().collect();
    let short = ids.len() as u64 - count.min(ids.len() as u64);
    let named: Vec<String> = ids.iter().map(u64::to_string).collect();
    let named = named.join(", ");
    match (count, short) {
        (_, 0) => None,
        (0, 1) => Some(CliError::user(format!("there is no delivery {named}"))),
        (0, _) => Some(CliError::user(format!("there are no deliveries {named}"))),
        _ => Some(CliError::user(format!(
            "{short} of {named} are not in the queue"
        ))),
    }
}

fn describe(rows: &[QueueRow], now: Wall, width: usize, with_head: bool) -> String {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let next = row.next_attempt_at;
            let mut about = row.title.clone().unwrap_or_default();
            if let Some(error) = &row.last_error {
                about = format!("{about} ({error})");
            }
            vec![
                row.id.to_string(),
                row.service.to_string(),
                row.action.as_str().to_owned(),
                state(row.state).to_owned(),
                row.attempts.to_string(),
                next.map_or_else(String::new, |at| words::relative(at.0, now)),
                about,
            ]
        })
        .collect();
    let head = [
        "ID",
        "SERVICE",
        "WHAT",
        "STATE",
        "TRIES",
        "NEXT",
        "TITLE (LAST ERROR)",
    ];
    let drawn = table(&head, &cells, width);
    if with_head {
        return drawn;
    }
    let body = drawn.split_once('\n').map_or("", |(_, body)| body);
    body.to_owned()
}

fn state(state: QueueState) -> &'static str {
    match state {
        QueueState::Due => "due",
        QueueState::WaitingLogin => "waits for login",
        QueueState::WaitingId => "waits for id",
        QueueState::Aside => "aside",
        QueueState::Dead => "refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Stamp;
    use crate::model::{Action, ServiceName};

    #[test]
    fn the_queue_is_readable_at_80_columns() {
        let row = QueueRow {
            id: 17,
            service: ServiceName::Punchplay,
            user: Some("ann".into()),
            action: Action::Progress,
            event_id: "e".into(),
            session_id: "s".into(),
            viewing_id: "v".into(),
            title: Some("Heat".into()),
            created_at: Stamp(Wall(0)),
            attempts: 3,
            next_attempt_at: Some(Stamp(Wall(60_000))),
            state: QueueState::WaitingLogin,
            last_error: Some("401 the login was refused".into()),
        };
        let text = describe(&[row], Wall(0), 80, true);
        let wanted = "\
ID  SERVICE    WHAT      STATE            TRIES  NEXT      TITLE (LAST ERROR)
17  punchplay  progress  waits for login  3      in 1 min  Heat (401 the login …
";
        assert_eq!(text, wanted);
    }
}
