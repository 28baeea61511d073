//! `reeld history`

use std::collections::BTreeSet;

use clap::Args;
use serde_json::{Value, json};

use super::table::table;
use super::{Context, Format, output, words};
use crate::clock;
use crate::control::{Client, PAGE, Request, Response, ToldRow, ToldState};
use crate::error::CliError;
use crate::history::{self, Entry};
use crate::model::{Random, ServiceName, ViewingId, Wall, media_json};
use crate::outbox::Outbox;
use crate::paths::Paths;
use crate::service::Catalogue;
use crate::store::{Program, SledStore, StateFolder};

/// What you watched, and what became of it
///
/// The local history is kept with or without an account. The newest is printed last.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld history
  reeld history --limit 1000 --json > watched.jsonl
  reeld history --json | jq -r 'select(.completed) | .media.title'")]
pub struct HistoryArgs {
    /// How many viewings
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    limit: usize,
    #[command(flatten)]
    format: Format,
}

pub fn run(args: &HistoryArgs, context: &Context) -> Result<(), CliError> {
    let paths = context.paths()?;
    let read = history::read(&paths.history, args.limit).map_err(|error| {
        CliError::user(format!("cannot read {}", paths.history.display()))
            .because(error.to_string())
            .hint("it must belong to you and be readable by you")
    })?;
    let told = told(&paths, &read.entries);
    if let Err(error) = &told {
        output::warn(&format!(
            "what became of the deliveries is not known now\n{error}"
        ));
    }
    let told = told.as_deref().ok();
    if args.format.json {
        return output::json_lines(read.entries.iter().map(|entry| object(entry, told)));
    }
    if read.entries.is_empty() {
        return output::line("Nothing has been watched yet.");
    }
    let now = clock::now().wall;
    let rows: Vec<Vec<String>> = read
        .entries
        .iter()
        .map(|entry| cells(entry, told, now))
        .collect();
    let head = ["VIEWING", "ENDED", "AT", "SEEN", "TOLD", "TITLE"];
    output::print(&table(&head, &rows, output::width()))?;
    if read.damaged_lines + read.holes > 0 {
        let lost = read.damaged_lines + read.holes;
        output::warn(&format!(
            "{lost} lines of the history are damaged or missing"
        ));
    }
    Ok(())
}

/// What became of them: from the daemon, or from the database while none runs.
fn told(paths: &Paths, entries: &[Entry]) -> Result<Vec<ToldRow>, CliError> {
    let of_accounts: BTreeSet<ViewingId> = entries
        .iter()
        .filter(|entry| !accounts(entry).is_empty())
        .map(|entry| entry.viewing_id)
        .collect();
    if of_accounts.is_empty() {
        return Ok(Vec::new());
    }
    match Client::connect_if_running(paths)? {
        Some(client) => ask(client, &of_accounts),
        None => look_up(paths, &of_accounts),
    }
}

fn ask(mut client: Client, viewings: &BTreeSet<ViewingId>) -> Result<Vec<ToldRow>, CliError> {
    let ids: Vec<String> = viewings.iter().map(ViewingId::to_string).collect();
    let mut rows = Vec::new();
    for page in ids.chunks(PAGE as usize) {
        let viewings = page.to_vec();
        let Response::Told(told) = client.ask(&Request::Told { viewings })? else {
            return Err(super::unexpected());
        };
        rows.extend(told);
    }
    Ok(rows)
}

fn look_up(paths: &Paths, viewings: &BTreeSet<ViewingId>) -> Result<Vec<ToldRow>, CliError> {
    let folder = StateFolder::claim(&paths.state_dir)?;
    let (store, _) = SledStore::open(&folder, clock::now().wall, &Program::this())?;
    // Nothing is made or sent: neither randomness nor the boot matters.
    let (outbox, _) = Outbox::load(store, Catalogue, Random::seeded(0), 0)?;
    let told = outbox.told(viewings)?;
    Ok(told.into_iter().map(ToldRow::from).collect())
}

/// The services that were linked when it was watched.
fn accounts(entry: &Entry) -> BTreeSet<ServiceName> {
    let completion = entry.completion.iter();
    completion
        .flat_map(|completion| &completion.accounts)
        .chain(&entry.accounts)
        .map(|account| account.service)
        .collect()
}

/// A service with what became of it there; `told` is `None` if that cannot be known now.
fn deliveries<'a>(
    entry: &'a Entry,
    told: Option<&'a [ToldRow]>,
) -> impl Iterator<Item = (ServiceName, ToldState, Option<String>)> + 'a {
    let id = entry.viewing_id.to_string();
    let linked = accounts(entry);
    ServiceName::ALL.into_iter().filter_map(move |service| {
        if !linked.contains(&service) {
            let why = entry.local_only.clone();
            let state = if why.is_some() {
                ToldState::Skipped
            } else {
                ToldState::NotLinked
            };
            return Some((service, state, why));
        }
        let of_this = |row: &&ToldRow| row.viewing_id == id && row.service == service;
        Some(match told?.iter().find(of_this) {
            Some(row) => (service, row.state, row.answer.clone()),
            // Settled so long ago that the database does not know any more.
            None => receipt(entry, service),
        })
    })
}

/// What the history itself says of an account that the completion was made for.
fn receipt(entry: &Entry, service: ServiceName) -> (ServiceName, ToldState, Option<String>) {
    let mut receipts = entry.receipts.iter().rev();
    match receipts.find(|receipt| receipt.account.service == service) {
        Some(receipt) if !receipt.delivered => {
            (service, ToldState::Skipped, receipt.answer.clone())
        }
        Some(receipt) => (service, ToldState::Delivered, receipt.answer.clone()),
        None => (service, ToldState::Delivered, None),
    }
}

fn object(entry: &Entry, told: Option<&[ToldRow]>) -> Value {
    let mut object = entry.shown();
    let deliveries = deliveries(entry, told).map(
        |(service, state, answer)| json!({ "service": service, "state": state, "answer": answer }),
    );
    if let Some(object) = object.as_object_mut() {
        object.insert("deliveries".to_owned(), deliveries.collect());
    }
    object
}

fn cells(entry: &Entry, told: Option<&[ToldRow]>, now: Wall) -> Vec<String> {
    let told: Vec<String> = deliveries(entry, told)
        .filter(|(_, state, _)| *state != ToldState::NotLinked)
        .map(|(service, state, _)| format!("{service} {}", state_word(state)))
        .collect();
    vec![
        entry.viewing_id.to_string(),
        words::relative(entry.ended_at, now),
        words::percent(entry.progress),
        if entry.completed { "yes" } else { "" }.to_owned(),
        if told.is_empty() {
            "nobody".to_owned()
        } else {
            told.join(", ")
        },
        words::media(Some(&media_json(&entry.media))),
    ]
}

fn state_word(state: ToldState) -> &'static str {
    match state {
        ToldState::Delivered => "ok",
        ToldState::Queued => "queued",
        ToldState::Skipped => "skipped",
        ToldState::Dead => "refused",
        ToldState::NotLinked => "not linked",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Completion;
    use crate::model::{AccountKey, Media, MediaType, SessionId, ViewingKey};

    fn entry() -> Entry {
        let accounts = vec![AccountKey {
            service: ServiceName::Punchplay,
            user: "7".into(),
            profile: None,
        }];
        let session_id = SessionId::random(&mut Random::seeded(1));
        Entry {
            viewing_id: ViewingId(0xff),
            media: Media {
                media_type: Some(MediaType::Movie),
                title: Some("Heat".into()),
                year: Some(1995),
                ..Media::default()
            },
            player: "mpv".into(),
            started_at: Wall(0),
            ended_at: Wall(3_600_000),
            progress: 0.97,
            completed: true,
            played_seconds: 3590.0,
            position_seconds: 3500.0,
            duration_seconds: 3600.0,
            session_id,
            file_name: None,
            accounts: Vec::new(),
            local_only: None,
            key: ViewingKey::default(),
            receipts: Vec::new(),
            completion: Some(Completion {
                at: Wall(3_600_000),
                session_id,
                position_seconds: 3500.0,
                accounts,
            }),
            taken_back: false,
            goes_on: false,
        }
    }

    #[test]
    fn an_entry_has_the_published_shape() {
        let told = [ToldRow {
            viewing_id: "00000000000000ff".into(),
            service: ServiceName::Punchplay,
            state: ToldState::Queued,
            answer: Some("503".into()),
        }];
        let object = object(&entry(), Some(&told));
        assert_eq!(
            object["deliveries"],
            json!([
                { "service": "punchplay", "state": "queued", "answer": "503" },
                { "service": "discovr", "state": "not_linked", "answer": null },
            ])
        );
        let keys: Vec<&String> = object.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            [
                "completed",
                "deliveries",
                "ended_at",
                "media",
                "played_seconds",
                "player",
                "progress",
                "started_at",
                "viewing_id"
            ]
        );
    }

    #[test]
    fn what_cannot_be_known_now_is_left_out_and_what_was_kept_here_says_why() {
        let states = |entry: &Entry, told| {
            let deliveries = deliveries(entry, told);
            deliveries
                .map(|(_, state, why)| (state, why))
                .collect::<Vec<_>>()
        };
        let not_linked = (ToldState::NotLinked, None);
        assert_eq!(states(&entry(), None), std::slice::from_ref(&not_linked));
        assert_eq!(
            states(&entry(), Some(&[])),
            [(ToldState::Delivered, None), not_linked]
        );
        let kept = Entry {
            completion: None,
            local_only: Some("below the floor".into()),
            ..entry()
        };
        let skipped = (ToldState::Skipped, Some("below the floor".into()));
        assert_eq!(states(&kept, Some(&[])), [skipped.clone(), skipped]);
    }

    #[test]
    fn the_history_is_readable_at_80_columns() {
        let rows = [cells(&entry(), Some(&[]), Wall(7_200_000))];
        let text = table(
            &["VIEWING", "ENDED", "AT", "SEEN", "TOLD", "TITLE"],
            &rows,
            80,
        );
        let wanted = "\
VIEWING           ENDED    AT    SEEN  TOLD          TITLE
00000000000000ff  1 h ago  97 %  yes   punchplay ok  Heat (1995)
";
        assert_eq!(text, wanted);
    }
}
