//! `reeld queue`

use std::collections::BTreeSet;

use clap::{Args, Subcommand};

use super::table::table;
use super::{Context, Format, output, words};
use crate::clock;
use crate::control::{Client, QueueRow, QueueState, Request, Response, Selection};
use crate::error::CliError;
use crate::model::{ServiceName, Wall};
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
    #[arg(value_name = "ID", group = "which", value_parser = id)]
    ids: Vec<u64>,
    /// All that were refused for good
    #[arg(long, group = "which")]
    refused: bool,
    #[command(flatten)]
    format: Format,
}

fn id(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| "ids are numbers, as `reeld queue` shows them".to_owned())
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
        None => list(context, args.format),
        Some(QueueCommand::List { format }) => list(context, *format),
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

fn list(context: &Context, format: Format) -> Result<(), CliError> {
    let paths = context.paths()?;
    let mut after = 0;
    let mut shown = 0;
    let mut notes = Notes::default();
    loop {
        let Response::Queue(rows) = ask(&paths, &Request::Queue { after })? else {
            return Err(super::unexpected());
        };
        let Some(last) = rows.last() else { break };
        after = last.id;
        if format.json {
            output::json_lines(&rows)?;
        } else {
            let text = describe(&rows, clock::now().wall, output::width(), shown == 0);
            output::print(&text)?;
            notes.add(&rows);
        }
        shown += rows.len();
    }
    if format.json {
        return Ok(());
    }
    if shown == 0 {
        return output::line("The queue is empty.");
    }
    // What the file says is only needed for a hint.
    let loaded = context.load();
    let asks_tmdb = loaded.is_ok_and(|(_, loaded)| !loaded.config.tmdb.api_key.expose().is_empty());
    output::print(&notes.text(asks_tmdb, output::width()))
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
            "of {named}, {short} {} not in the queue",
            if short == 1 { "is" } else { "are" }
        ))),
    }
}

fn describe(rows: &[QueueRow], now: Wall, width: usize, with_head: bool) -> String {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let next = row.next_attempt_at;
            vec![
                row.id.to_string(),
                whose(row),
                row.action.as_str().to_owned(),
                state(row.state).to_owned(),
                row.attempts.to_string(),
                next.map_or_else(String::new, |at| words::relative(at.0, now)),
                row.title.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let head = ["ID", "SERVICE", "WHAT", "STATE", "TRIES", "NEXT", "TITLE"];
    let drawn = table(&head, &cells, width);
    if with_head {
        return drawn;
    }
    let body = drawn.split_once('\n').map_or("", |(_, body)| body);
    body.to_owned()
}

/// The service, and the user whose it is.
fn whose(row: &QueueRow) -> String {
    match &row.user {
        Some(user) => format!("{} ({user})", row.service),
        None => row.service.to_string(),
    }
}

fn state(state: QueueState) -> &'static str {
    match state {
        QueueState::Due => "due",
        QueueState::WaitingLogin => "waits for login",
        QueueState::WaitingId => "waits for id",
        QueueState::Off => "switched off",
        QueueState::Aside => "aside",
        QueueState::Dead => "refused",
    }
}

/// More different errors than that are not told of.
const MOST_ERRORS: usize = 10;
/// Of an error, so many deliveries are named.
const MOST_IDS: usize = 5;

/// What is said below the table, gathered over all its pages: errors in full, what it all waits for and what can be done.
#[derive(Debug, Default)]
struct Notes {
    errors: Vec<(ServiceName, String, Vec<u64>)>,
    waits: BTreeSet<(QueueState, ServiceName, Option<String>)>,
}

impl Notes {
    fn add(&mut self, rows: &[QueueRow]) {
        for row in rows {
            let user = match row.state {
                QueueState::WaitingLogin => row.user.clone(),
                _ => None,
            };
            // What is only waiting for its turn needs no words.
            if row.state != QueueState::Due || row.next_attempt_at.is_some() {
                self.waits.insert((row.state, row.service, user));
            }
            if let Some(error) = &row.last_error {
                self.add_error(row.service, error, row.id);
            }
        }
    }

    fn add_error(&mut self, service: ServiceName, error: &str, id: u64) {
        let full = self.errors.len() == MOST_ERRORS;
        let mut known = self.errors.iter_mut();
        match known.find(|(other, words, _)| *other == service && words == error) {
            Some((_, _, ids)) => ids.push(id),
            None if full => {}
            None => self.errors.push((service, error.to_owned(), vec![id])),
        }
    }

    fn text(&self, asks_tmdb: bool, width: usize) -> String {
        let mut text = String::new();
        let mut say = |words: &str| {
            text.push_str(&words::wrapped(words, width));
            text.push('\n');
        };
        for (service, error, ids) in &self.errors {
            say("");
            say(&format!("{}, {}: {error}", named(ids), service.title()));
        }
        for (state, service, user) in &self.waits {
            say("");
            let (what, hint) = explained(*state, *service, user.as_deref(), asks_tmdb);
            say(&what);
            if let Some(hint) = hint {
                say(&format!("Hint: {hint}"));
            }
        }
        text
    }
}

/// `17, 18 and 3 more`
fn named(ids: &[u64]) -> String {
    let some: Vec<String> = ids.iter().take(MOST_IDS).map(u64::to_string).collect();
    match ids.len().saturating_sub(MOST_IDS) {
        0 => some.join(", "),
        more => format!("{} and {more} more", some.join(", ")),
    }
}

/// What a state means, and what can be done unless it ends by itself.
fn explained(
    state: QueueState,
    service: ServiceName,
    user: Option<&str>,
    asks_tmdb: bool,
) -> (String, Option<String>) {
    let title = service.title();
    match state {
        QueueState::Due => (
            format!("Due: {title} is tried again by itself, at the latest at the time above."),
            None,
        ),
        QueueState::WaitingLogin => (
            format!(
                "Waits for login: it is kept until {} logs in at {title} again.",
                user.unwrap_or("its user")
            ),
            Some(format!("reeld login {service}")),
        ),
        QueueState::WaitingId => (
            format!(
                "Waits for id: {title} knows films and series by their ids at themoviedb.org (TMDB) alone, and nothing has told this one's so far."
            ),
            Some(format!(
                "{}put {{tmdb-NUMBER}} into the name of the file or its folder, or say it with `reeld rematch`",
                if asks_tmdb {
                    ""
                } else {
                    "set `tmdb.api_key` (`reeld config path` shows where), "
                }
            )),
        ),
        QueueState::Off => (
            format!("Switched off: it is kept until {title} is switched on again."),
            Some(format!(
                "set `{service}.enabled = true` (`reeld config path` shows where)"
            )),
        ),
        QueueState::Aside => (
            format!(
                "Aside: {title} has failed at it again and again and took others meanwhile; it is tried ever more rarely, and holds nothing up."
            ),
            Some("`reeld queue retry ID` tries it now".to_owned()),
        ),
        QueueState::Dead => (
            format!("Refused: {title} will not take it as it is; it is not tried again by itself."),
            Some("`reeld queue retry --refused` tries all of it again, `reeld queue drop --refused` forgets it, `reeld queue export` prints it in full".to_owned()),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Stamp;
    use crate::model::Action;

    fn row(id: u64, state: QueueState, user: &str) -> QueueRow {
        QueueRow {
            id,
            service: ServiceName::Punchplay,
            user: Some(user.into()),
            action: Action::Progress,
            event_id: "e".into(),
            session_id: "s".into(),
            viewing_id: "v".into(),
            title: Some("Heat".into()),
            created_at: Stamp(Wall(0)),
            attempts: 3,
            next_attempt_at: Some(Stamp(Wall(60_000))),
            state,
            last_error: Some("401 the login was refused".into()),
        }
    }

    #[test]
    fn the_queue_is_readable_at_80_columns() {
        let rows = [row(17, QueueState::WaitingLogin, "ann")];
        let wanted = "\
ID  SERVICE          WHAT      STATE            TRIES  NEXT      TITLE
17  punchplay (ann)  progress  waits for login  3      in 1 min  Heat
";
        assert_eq!(describe(&rows, Wall(0), 80, true), wanted);
    }

    #[test]
    fn an_error_is_told_once_with_the_deliveries_that_have_it() {
        let mut notes = Notes::default();
        for id in 1..=7 {
            notes.add(&[row(id, QueueState::Due, "ann")]);
        }
        assert_eq!(
            notes.text(false, 80),
            "\n1, 2, 3, 4, 5 and 2 more, PunchPlay: 401 the login was refused\n\n\
             Due: PunchPlay is tried again by itself, at the latest at the time above.\n"
        );
    }

    #[test]
    fn every_state_that_does_not_end_by_itself_says_what_to_do() {
        for (state, hint) in [
            (QueueState::Due, "by itself"),
            (QueueState::WaitingLogin, "reeld login punchplay"),
            (QueueState::WaitingId, "tmdb.api_key"),
            (QueueState::Off, "punchplay.enabled"),
            (QueueState::Aside, "reeld queue retry ID"),
            (QueueState::Dead, "retry --refused"),
        ] {
            let mut notes = Notes::default();
            notes.add(&[QueueRow {
                last_error: None,
                ..row(1, state, "ann")
            }]);
            let text = notes.text(false, 200);
            assert!(text.contains(hint), "{text}");
        }
    }
}
