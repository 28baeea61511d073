//! Traces: what a player signalled, as a file. A bug report becomes a test this way.
//!
//! JSON, one object a line: first a [`Header`], then one [`Observation`] each, in the order they were made. The version
//! in the header changes when an older reader would misunderstand.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::model::{Item, Location, Observation, PlayerId, Signal};

/// The version written, and the only one read.
pub const VERSION: u32 = 1;
/// Longest line read, in bytes.
const LONGEST_LINE: u64 = 1 << 20;
/// Most lines read.
const MOST_LINES: usize = 1_000_000;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// [`VERSION`]
    pub trace: u32,
    /// Whose signals these are.
    pub player: PlayerId,
    /// The reeld that wrote it.
    pub reeld: String,
    /// Paths, titles and tags were replaced.
    pub redacted: bool,
}

/// A trace, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The first line.
    pub header: Header,
    /// The others.
    pub observations: Vec<Observation>,
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

    /// Adds an observation; it is in the writer's hands when this returns.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&mut self, seen: &Observation) -> io::Result<()> {
        match &mut self.redaction {
            Some(redaction) => write_line(&mut self.out, &redaction.of(seen)),
            None => write_line(&mut self.out, seen),
        }
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
    let mut observations = Vec::new();
    while let Some(line) = next_line(&mut input)? {
        match serde_json::from_str(&line) {
            Ok(_) if observations.len() >= MOST_LINES => break,
            Ok(observation) => observations.push(observation),
            Err(_) if !line.ends_with('\n') => break,
            Err(error) => {
                return Err(TraceError::Line {
                    line: observations.len() + 2,
                    why: error.to_string(),
                });
            }
        }
    }
    Ok(Trace {
        header,
        observations,
    })
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

/// Replaces what says what is watched; the same text always by the same replacement, so that changes still show.
#[derive(Debug, Default)]
struct Redaction {
    known: BTreeMap<String, usize>,
}

impl Redaction {
    fn of(&mut self, seen: &Observation) -> Observation {
        let mut seen = seen.clone();
        if let Signal::Opened(item) | Signal::Refined(item) = &mut seen.signal {
            self.redact(item);
        }
        seen
    }

    fn redact(&mut self, item: &mut Item) {
        if let Some(Location::Path(text) | Location::Url(text)) = &mut item.location {
            let start = if text.starts_with('/') {
                ""
            } else {
                scheme(text)
            };
            *text = format!("{start}/redacted/{}{}", self.number(text), extension(text));
        }
        if let Some(title) = &mut item.title {
            *title = format!("title {}", self.number(title));
        }
        for (_, value) in &mut item.tags.0 {
            if !value.bytes().all(|b| b.is_ascii_digit()) {
                *value = format!("value {}", self.number(value));
            }
        }
        for chapter in &mut item.chapters {
            chapter.title = format!("chapter {}", self.number(&chapter.title));
        }
    }

    fn number(&mut self, text: &str) -> usize {
        let next = self.known.len() + 1;
        *self.known.entry(text.to_owned()).or_insert(next)
    }
}

fn scheme(url: &str) -> &str {
    url.find("://")
        .and_then(|end| url.get(..end + 3))
        .unwrap_or_default()
}

/// With its dot; only if it looks like one.
fn extension(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let extension = Path::new(path).extension().and_then(|e| e.to_str());
    extension
        .filter(|e| e.len() <= 5 && e.bytes().all(|b| b.is_ascii_alphanumeric()))
        .map_or_else(String::new, |extension| format!(".{extension}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{Chapter, Moment, Tags, Transport, Wall};

    fn seen(signal: Signal) -> Observation {
        Observation {
            at: Moment {
                mono: Duration::from_millis(1500),
                boot: Duration::from_millis(2500),
                wall: Wall(1_795_312_800_250),
            },
            player: PlayerId::new("mpris:vlc"),
            signal,
        }
    }

    fn opened() -> Observation {
        seen(Signal::Opened(Box::new(Item {
            location: Some(Location::Path("/home/me/Secret Film (1999).mkv".into())),
            duration: Some(5400.5),
            title: Some("Secret Film".into()),
            tags: Tags(vec![
                ("xesam:artist".into(), "Secret Series".into()),
                ("xesam:tracknumber".into(), "4".into()),
            ]),
            chapters: vec![Chapter {
                start: 0.0,
                title: "Secret chapter".into(),
            }],
            ..Item::default()
        })))
    }

    fn written(observations: &[Observation], redact: bool) -> Vec<u8> {
        let mut out = Vec::new();
        let mut recorder = Recorder::begin(&mut out, &PlayerId::new("mpris:vlc"), redact).unwrap();
        for observation in observations {
            recorder.write(observation).unwrap();
        }
        out
    }

    #[test]
    fn what_is_written_is_read_back() {
        let all = [
            opened(),
            seen(Signal::Transport {
                state: Transport::Playing,
                position: Some(0.1),
            }),
            seen(Signal::Vanished),
        ];
        let trace = read(written(&all, false).as_slice()).unwrap();
        assert_eq!(trace.header.player, PlayerId::new("mpris:vlc"));
        assert_eq!(trace.observations, all);
    }

    #[test]
    fn a_redacted_trace_says_nothing_of_what_was_watched_but_shows_every_change() {
        let bytes = written(&[opened(), opened()], true);
        let text = String::from_utf8(bytes.clone()).unwrap();
        assert!(!text.contains("Secret") && !text.contains("home"), "{text}");
        let trace = read(bytes.as_slice()).unwrap();
        assert!(trace.header.redacted);
        assert_eq!(trace.observations[0], trace.observations[1]);
        let Signal::Opened(item) = &trace.observations[0].signal else {
            panic!()
        };
        assert_eq!(
            item.location,
            Some(Location::Path("/redacted/1.mkv".into()))
        );
        assert_eq!(item.tags.get("xesam:tracknumber"), Some("4"));
        assert_eq!(item.duration, Some(5400.5));
    }

    #[test]
    fn what_is_no_trace_is_refused_with_words() {
        let newer = br#"{"trace":2,"other":true}"#;
        let mut damaged = written(&[opened()], false);
        damaged.extend_from_slice(b"{\n{}\n");
        let cases: [(&[u8], &str); 4] = [
            (b"", "first line"),
            (b"hello\n", "first line"),
            (newer, "version 2"),
            (&damaged, "line 3"),
        ];
        for (bytes, words) in cases {
            let error = read(bytes).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }

    #[test]
    fn a_last_line_cut_off_by_a_crash_is_passed_over() {
        let mut bytes = written(&[opened(), opened()], false);
        bytes.truncate(bytes.len() - 10);
        assert_eq!(read(bytes.as_slice()).unwrap().observations.len(), 1);
    }

    #[test]
    fn urls_keep_their_scheme_when_redacted() {
        assert_eq!(scheme("https://host/x.mkv"), "https://");
        assert_eq!(extension("https://host/x.mkv?token=a.b"), ".mkv");
        assert_eq!(extension("/a/Film. The Secret"), "");
    }
}
