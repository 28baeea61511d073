//! Traces: what players really signalled, as a file. A bug report becomes a test this way.
//!
//! JSON, one object a line: first a [`Header`], then one [`Entry`] each, in the order they came. What a player signals
//! is kept as it came, before any of it is interpreted, so that running a trace again (`watch/replay.rs`) runs
//! everything that the daemon would. The version in the header changes when an older reader would misunderstand.
//! An entry says who the player is, or is one value from the bus or one line of mpv's socket.

mod redact;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, Read, Write};
use std::time::Duration;

use serde::de::Error;
use serde::{Deserialize, Serialize};

use self::redact::Redaction;
use super::{mpris, mpv};
use crate::model::{Moment, PlayerId, Signal};

/// The version written and read.
pub const VERSION: u32 = 2;
/// Longest line read, in bytes: the longest of mpv's, with everything in it escaped.
const LONGEST_LINE: u64 = 8 << 20;
/// No clock of a machine that runs shows more: a century.
const LONGEST_TIME: Duration = Duration::from_secs(100 * 366 * 86_400);
/// Most lines read.
const MOST_LINES: usize = 1_000_000;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version.
    pub trace: u32,
    /// Whose signals these are.
    pub player: PlayerId,
    /// The reeld that wrote it.
    pub reeld: String,
    /// Paths, titles and tags were replaced.
    pub redacted: bool,
}

/// One thing that came of a player.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Moment,
    /// Of which.
    pub player: PlayerId,
    /// What.
    pub heard: Heard,
}

impl Entry {
    /// From its parts.
    #[must_use]
    pub fn new(at: Moment, player: PlayerId, heard: Heard) -> Self {
        Self { at, player, heard }
    }
}

/// What can come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Heard {
    /// Who it is, and that it is gone.
    Signal(Signal),
    /// On the session bus.
    Mpris(mpris::heard::Heard),
    /// Over mpv's socket.
    Mpv(mpv::heard::Heard),
}

/// A trace, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The first line.
    pub header: Header,
    /// The others.
    pub entries: Vec<Entry>,
}

/// Why a trace cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// The file itself.
    #[error("the trace cannot be read: {0}")]
    Io(#[from] io::Error),
    /// No header.
    #[error("this is no trace: its first line is not the header that `reeld record` writes")]
    NoHeader,
    /// Another version.
    #[error(
        "the trace has version {0} and this reeld reads version {VERSION}; use the reeld that wrote it"
    )]
    Version(u32),
    /// A damaged line.
    #[error("line {line} of the trace is damaged: {why}")]
    Line {
        /// From 1.
        line: usize,
        /// What the parser says.
        why: String,
    },
}

/// Writes a trace.
#[derive(Debug)]
pub struct Recorder<W> {
    out: W,
    redaction: Option<Redaction>,
}

impl<W: Write> Recorder<W> {
    /// Begins a trace of `player` with its header.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn begin(mut out: W, player: &PlayerId, redact: bool) -> io::Result<Self> {
        let header = Header {
            trace: VERSION,
            player: player.clone(),
            reeld: env!("CARGO_PKG_VERSION").to_owned(),
            redacted: redact,
        };
        write_line(&mut out, &header)?;
        Ok(Self {
            out,
            redaction: redact.then(Redaction::default),
        })
    }

    /// Adds an entry; it is in the writer's hands when this returns.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&mut self, entry: &Entry) -> io::Result<()> {
        match &mut self.redaction {
            Some(redaction) => write_line(&mut self.out, &redaction.of(entry)),
            None => write_line(&mut self.out, entry),
        }
    }

    /// The writer, with everything in it.
    pub fn into_inner(self) -> W {
        self.out
    }
}

fn write_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    out.write_all(&line)?;
    out.flush()
}

/// Reads a trace.
///
/// # Errors
/// The file cannot be read, is no trace, is of another version, or has a damaged line; a last line that was cut off
/// while it was written is passed over.
pub fn read(mut input: impl BufRead) -> Result<Trace, TraceError> {
    let first = next_line(&mut input)?.ok_or(TraceError::NoHeader)?;
    let header = header(&first)?;
    let mut entries = Vec::new();
    while let Some(line) = next_line(&mut input)? {
        match entry(&line) {
            Ok(_) if entries.len() >= MOST_LINES => break,
            Ok(entry) => entries.push(entry),
            Err(_) if !line.ends_with('\n') => break,
            Err(error) => {
                return Err(TraceError::Line {
                    line: entries.len() + 2,
                    why: error.to_string(),
                });
            }
        }
    }
    Ok(Trace { header, entries })
}

fn entry(line: &str) -> serde_json::Result<Entry> {
    let entry: Entry = serde_json::from_str(line)?;
    let clocks = [entry.at.mono, entry.at.boot];
    if clocks.iter().any(|clock| *clock > LONGEST_TIME) {
        return Err(serde_json::Error::custom("no machine runs so long"));
    }
    Ok(entry)
}

fn header(line: &str) -> Result<Header, TraceError> {
    #[derive(Deserialize)]
    struct Version {
        trace: u32,
    }
    let Version { trace } = serde_json::from_str(line).map_err(|_| TraceError::NoHeader)?;
    if trace != VERSION {
        return Err(TraceError::Version(trace));
    }
    serde_json::from_str(line).map_err(|_| TraceError::NoHeader)
}

fn next_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = String::new();
    input.by_ref().take(LONGEST_LINE).read_line(&mut line)?;
    Ok((!line.is_empty()).then_some(line))
}
