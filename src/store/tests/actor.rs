//! Processes that tests start: this test binary again, playing one part, and telling what it did line by line.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use super::{contents, open};
use crate::store::{Batch, Durability, Store};

const PART: &str = "REELD_TEST_PART";
const FOLDER: &str = "REELD_TEST_FOLDER";
const NAME: &str = "store::tests::actor::a_process_that_other_tests_start";

/// The command that plays a part.
pub fn command(part: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    cast(&mut command, part, folder).args([NAME, "--exact", "--nocapture"]);
    command
}

/// The same as arguments for a program that runs another, like strace.
pub fn under(mut wrapper: Command, part: &str, folder: &Path) -> Command {
    wrapper.arg(std::env::current_exe().unwrap());
    cast(&mut wrapper, part, folder).args([NAME, "--exact", "--nocapture"]);
    wrapper
}

fn cast<'a>(command: &'a mut Command, part: &str, folder: &Path) -> &'a mut Command {
    command
        .env(PART, part)
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
}

/// Starts it and gives the numbers it reports, as they come.
pub fn start(mut command: Command) -> (Child, impl Iterator<Item = String>) {
    let mut child = command.spawn().unwrap();
    let lines = lines(child.stdout.take().unwrap());
    (child, lines)
}

fn lines(from: ChildStdout) -> impl Iterator<Item = String> {
    BufReader::new(from)
        .lines()
        .map_while(Result::ok)
        .filter_map(|line| Some(line.split_once("said: ")?.1.to_owned()))
}

/// False once nobody listens.
fn say(what: &str) -> bool {
    let mut out = std::io::stdout().lock();
    writeln!(out, "said: {what}").is_ok() && out.flush().is_ok()
}

#[test]
fn a_process_that_other_tests_start() {
    let (Ok(part), Some(folder)) = (std::env::var(PART), std::env::var_os(FOLDER)) else {
        return;
    };
    let folder = Path::new(&folder);
    match part.as_str() {
        "write" => write(folder),
        "open" => {
            say(&match open(folder) {
                Ok((_, store, opened)) => format!("{opened}: {} read", contents(&store).len()),
                Err(error) => format!("{:?}: {error}", error.kind),
            });
        }
        other => panic!("no such part: {other}"),
    }
}

/// Writes batch after batch, each putting `a/n` and `b/n`, taking away the pair 50 before, and counting in `n`; says each number
/// once it is acknowledged.
fn write(folder: &Path) {
    let (_state, mut store, opened) = open(folder).unwrap();
    assert_eq!(opened.loss, None);
    for n in next(&store).. {
        store.commit(pair(n), Durability::Disk).unwrap();
        if !say(&n.to_string()) {
            return;
        }
    }
}

pub fn next(store: &impl Store) -> u64 {
    let n = store.get(b"n").unwrap();
    n.map_or(0, |n| u64::from_le_bytes(n.try_into().unwrap()) + 1)
}

pub fn pair(n: u64) -> Batch {
    let mut batch = Batch::default();
    for side in ["a", "b"] {
        batch.put(format!("{side}/{n:08}"), vec![n as u8; 300]);
        if let Some(old) = n.checked_sub(50) {
            batch.remove(format!("{side}/{old:08}"));
        }
    }
    batch.put("n", n.to_le_bytes());
    batch
}
