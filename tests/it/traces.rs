//! What real players signalled, run through identify and debouncer again, against what was found right before.
//!
//! `REELD_UPDATE_STORIES=1 tests/run traces` writes the stories anew; look at the difference before it is committed.
//! `tests/record-traces` records the traces themselves anew, e.g. for a new version of a player.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use reeld::config::{Sources, load};
use reeld::debounce::Rules;
use reeld::engine::replay;
use reeld::model::Lifecycle;
use reeld::watch::record::{self, Recorder};

/// The films of the traces last 12 and 30 s.
fn rules() -> Rules {
    let variables = [
        ("REELD__DEBOUNCE__START_AFTER", "1s"),
        ("REELD__DEBOUNCE__SETTLE", "500ms"),
        ("REELD__DEBOUNCE__PROGRESS_EVERY", "5s"),
        ("REELD__WATCHED__MINIMUM_LENGTH", "5s"),
    ];
    let sources = Sources {
        file: PathBuf::from("/nonexistent/config.toml"),
        required: false,
        variables: variables
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        home: None,
        credentials: None,
    };
    Rules::from(&load(&sources).unwrap().config)
}

/// A line an event: what, where, of what; sessions and viewings numbered as they come.
fn story(events: &[Lifecycle]) -> String {
    let mut viewings = Vec::new();
    let mut told = String::new();
    for event in events {
        let number = viewings
            .iter()
            .position(|known| *known == event.viewing)
            .unwrap_or_else(|| {
                viewings.push(event.viewing);
                viewings.len() - 1
            });
        let watched = if event.watched { " watched" } else { "" };
        let title = event.media.title.as_deref().unwrap_or("?");
        told += &format!(
            "{} {:.0} s of {title}, viewing {}{watched}\n",
            event.action.as_str(),
            event.position,
            number + 1
        );
    }
    told
}

fn traces() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traces");
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut traces: Vec<_> = files
        .filter(|file| file.extension().is_some_and(|kind| kind == "jsonl"))
        .collect();
    traces.sort();
    traces
}

#[test]
fn every_recorded_life_of_a_player_tells_the_story_that_was_found_right() {
    let update = std::env::var_os("REELD_UPDATE_STORIES").is_some();
    let mut wrong = Vec::new();
    let traces = traces();
    assert!(traces.len() >= 10, "the traces are gone");
    for trace in traces {
        let read = record::read(BufReader::new(File::open(&trace).unwrap())).unwrap();
        let now = story(&replay(read.entries, rules()));
        let file = trace.with_extension("story");
        if update {
            fs::write(&file, &now).unwrap();
        }
        let before = fs::read_to_string(&file).unwrap_or_default();
        if before != now {
            wrong.push(format!("{}:\n{now}instead of\n{before}", trace.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn at_most_one_watch_a_viewing_and_exactly_one_stop_a_session_in_every_trace() {
    for trace in traces() {
        let read = record::read(BufReader::new(File::open(&trace).unwrap())).unwrap();
        let events = replay(read.entries, rules());
        for event in &events {
            let watches = events
                .iter()
                .filter(|other| other.viewing == event.viewing && other.watched)
                .count();
            let stops = events
                .iter()
                .filter(|other| {
                    other.session == event.session && other.action == reeld::model::Action::Stop
                })
                .count();
            assert!(
                watches <= 1 && stops == 1,
                "{}: {watches} watches, {stops} stops",
                trace.display()
            );
        }
    }
}

/// What, where and whether watched; not of what.
fn outline(events: &[Lifecycle]) -> Vec<String> {
    let line = |event: &Lifecycle| {
        let action = event.action.as_str();
        format!("{action} {:.3} {}", event.position, event.watched)
    };
    events.iter().map(line).collect()
}

#[test]
fn a_redacted_trace_tells_the_same_story_of_something_nameless() {
    for trace in traces() {
        let read = record::read(BufReader::new(File::open(&trace).unwrap())).unwrap();
        let mut bytes = Vec::new();
        let mut redacted = Recorder::begin(&mut bytes, &read.header.player, true).unwrap();
        for entry in &read.entries {
            redacted.write(entry).unwrap();
        }
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(!text.contains("Film"), "{}", trace.display());
        let again = record::read(bytes.as_slice()).unwrap();
        assert_eq!(
            outline(&replay(again.entries, rules())),
            outline(&replay(read.entries, rules())),
            "{}",
            trace.display()
        );
    }
}
