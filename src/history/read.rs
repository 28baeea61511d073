//! Reading the log from its beginning, with as much memory as is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read as _, Seek, SeekFrom};
use std::path::Path;

use crate::model::{SessionId, ViewingId};
use crate::paths::open_file;

use super::Entry;
use super::line;

/// What `recent` reads, in bytes: 90 days of watching all day are 3 MB.
const LATE: u64 = 8 << 20;
/// Longer lines are damage.
const LONGEST: usize = 1 << 20;

/// What the log says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Read {
    /// One a viewing, in the order they were last watched.
    pub entries: Vec<Entry>,
    /// Lines that are not what was written; skipped.
    pub damaged_lines: u64,
    /// Lines that were written and are not there.
    pub holes: u64,
    /// Lines of a newer reeld; skipped.
    pub newer_lines: u64,
    /// Sessions whose stop has a line; only `recent` says.
    pub sessions: BTreeSet<SessionId>,
    /// There is more before what was read.
    pub partial: bool,
    /// The last number there is or must have been; 0 if there is none.
    pub last: u64,
}

/// Reads the `limit` viewings that were watched last; what is older is checked and not kept. No file: nothing.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn read(path: &Path, limit: usize) -> io::Result<Read> {
    let file = match open_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Read::default()),
        file => file?,
    };
    take(
        &mut BufReader::with_capacity(64 << 10, file),
        limit,
        false,
        Numbers::from_the_first(),
    )
}

/// Reads what was watched of late: the last `LATE` bytes, which are some 7,000 lines. No file: nothing.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn recent(path: &Path) -> io::Result<Read> {
    let mut file = match open_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Read::default()),
        file => file?,
    };
    let length = file.seek(SeekFrom::End(0))?;
    let start = length.saturating_sub(LATE);
    // If a line begins exactly there, the byte before it ends another one.
    file.seek(SeekFrom::Start(start.saturating_sub(1)))?;
    let mut from = BufReader::with_capacity(64 << 10, file);
    if start > 0 {
        from.skip_until(b'\n')?;
    }
    let numbers = match start {
        0 => Numbers::from_the_first(),
        _ => Numbers::default(),
    };
    let read = take(&mut from, usize::MAX, true, numbers)?;
    Ok(Read {
        partial: start > 0,
        ..read
    })
}

/// Reads to the end.
pub(super) fn take(
    from: &mut impl BufRead,
    limit: usize,
    with_sessions: bool,
    mut numbers: Numbers,
) -> io::Result<Read> {
    let mut window = Window::new(limit);
    let mut newer_lines = 0;
    let mut sessions = BTreeSet::new();
    each_line(from, |text| {
        let Some((text, head)) = text.and_then(|text| Some((text, line::head(text)?))) else {
            return numbers.saw_damage();
        };
        numbers.saw(head.number);
        match head.viewing {
            None => newer_lines += 1,
            Some(viewing) if head.receipt => window.receipt(viewing, text),
            Some(viewing) => window.put(viewing, text),
        }
        if with_sessions && !head.receipt {
            sessions.extend(line::session(text));
        }
    })?;
    let (entries, unknown) = window.entries();
    Ok(Read {
        entries,
        damaged_lines: numbers.damaged + unknown,
        holes: numbers.holes,
        newer_lines,
        sessions,
        partial: false,
        last: numbers
            .last
            .unwrap_or(0)
            .saturating_add(numbers.damaged_since),
    })
}

/// The last number there is or must have been; 0 if there is none.
pub(super) fn numbers(from: &mut impl BufRead) -> io::Result<u64> {
    let mut last = 0u64;
    each_line(from, |text| {
        last = text
            .and_then(line::head)
            .map_or(last.saturating_add(1), |head| head.number);
    })?;
    Ok(last)
}

/// Every finished line that is not empty; `None` for one that is too long. What follows the last newline is being written, or
/// was when the machine stopped: either way nobody was promised it, and it is left out.
fn each_line(from: &mut impl BufRead, mut each: impl FnMut(Option<&[u8]>)) -> io::Result<()> {
    let piece = LONGEST as u64 + 1;
    let mut line = Vec::new();
    let mut too_long = false;
    while from.by_ref().take(piece).read_until(b'\n', &mut line)? > 0 {
        let finished = line.pop_if(|last| *last == b'\n').is_some();
        too_long |= line.len() > LONGEST;
        if finished && (too_long || !line.is_empty()) {
            each((!too_long).then_some(&line));
        }
        if finished || too_long {
            line.clear();
        }
        too_long &= !finished;
    }
    Ok(())
}

/// Dense numbers, and what their gaps mean.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    last: Option<u64>,
    damaged: u64,
    damaged_since: u64,
    holes: u64,
}

impl Numbers {
    /// Nothing is before what is read.
    pub(super) fn from_the_first() -> Self {
        Self {
            last: Some(0),
            ..Self::default()
        }
    }

    fn saw(&mut self, number: u64) {
        if let Some(last) = self.last {
            let between = number.saturating_sub(last).saturating_sub(1);
            self.holes += between.saturating_sub(self.damaged_since);
        }
        self.last = Some(number);
        self.damaged_since = 0;
    }

    fn saw_damage(&mut self) {
        self.damaged += 1;
        self.damaged_since += 1;
    }
}

/// The viewings seen last.
#[derive(Debug)]
struct Window {
    limit: usize,
    /// By the place of their newest line.
    held: BTreeMap<u64, Held>,
    place: BTreeMap<ViewingId, u64>,
    next: u64,
    /// Lines that are sound and cannot be understood.
    unknown: u64,
}

/// Parsed as late as can be: most lines of a long log are not asked for.
#[derive(Debug)]
struct Held {
    viewing: ViewingId,
    lines: Lines,
}

#[derive(Debug)]
enum Lines {
    One(Vec<u8>),
    Read(Box<Entry>),
}

impl Lines {
    fn read(self) -> Option<Entry> {
        match self {
            Self::One(text) => line::entry(&text),
            Self::Read(entry) => Some(*entry),
        }
    }
}

impl Window {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            held: BTreeMap::new(),
            place: BTreeMap::new(),
            next: 0,
            unknown: 0,
        }
    }

    fn put(&mut self, viewing: ViewingId, text: &[u8]) {
        let old = self
            .place
            .get(&viewing)
            .and_then(|place| self.held.remove(place));
        let Some(lines) = self.joined(old, text) else {
            return;
        };
        self.place.insert(viewing, self.next);
        self.held.insert(self.next, Held { viewing, lines });
        self.next += 1;
        if self.held.len() > self.limit
            && let Some((_, oldest)) = self.held.pop_first()
        {
            self.place.remove(&oldest.viewing);
        }
    }

    fn joined(&mut self, old: Option<Held>, text: &[u8]) -> Option<Lines> {
        let Some(old) = old else {
            return Some(Lines::One(text.to_vec()));
        };
        let joined = match (old.lines.read(), line::entry(text)) {
            (Some(old), Some(new)) => old.followed_by(new),
            (Some(one), None) | (None, Some(one)) => {
                self.unknown += 1;
                one
            }
            (None, None) => {
                self.unknown += 2;
                return None;
            }
        };
        Some(Lines::Read(Box::new(joined)))
    }

    fn receipt(&mut self, viewing: ViewingId, text: &[u8]) {
        let Some(place) = self.place.get(&viewing) else {
            return;
        };
        let Some(held) = self.held.get_mut(place) else {
            return;
        };
        let lines = std::mem::replace(&mut held.lines, Lines::One(Vec::new()));
        match (lines.read(), line::receipt(text)) {
            (Some(mut entry), Some(receipt)) => {
                entry.receipts.push(receipt);
                held.lines = Lines::Read(Box::new(entry));
            }
            (Some(entry), None) => {
                held.lines = Lines::Read(Box::new(entry));
                self.unknown += 1;
            }
            // Counted when the entry is read at last.
            (None, _) => {}
        }
    }

    fn entries(self) -> (Vec<Entry>, u64) {
        let mut unknown = self.unknown;
        let read = self.held.into_values().filter_map(|held| {
            let entry = held.lines.read();
            unknown += u64::from(entry.is_none());
            entry
        });
        let entries = read.collect();
        (entries, unknown)
    }
}
