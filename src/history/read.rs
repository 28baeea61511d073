//! Reading the log from its beginning, with as much memory as is asked for.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use crate::model::ViewingId;

use super::Entry;
use super::line::{self, Line};

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
}

/// Reads the `limit` viewings that were watched last; of what is older no more than its numbers is looked at. No file: nothing.
///
/// # Errors
/// When the file is there and cannot be read.
pub fn read(path: &Path, limit: usize) -> io::Result<Read> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Read::default()),
        file => file?,
    };
    let mut window = Window::new(limit);
    let mut numbers = Numbers::default();
    let mut newer_lines = 0;
    each_line(
        &mut BufReader::with_capacity(64 << 10, file),
        |text| match text.map_or(Line::Damaged, line::decode) {
            Line::Entry(number, entry) => {
                numbers.saw(number);
                window.put(*entry);
            }
            Line::Newer(number) => {
                numbers.saw(number);
                newer_lines += 1;
            }
            Line::Damaged => numbers.saw_damage(),
        },
    )?;
    Ok(Read {
        entries: window.entries(),
        damaged_lines: numbers.damaged,
        holes: numbers.holes,
        newer_lines,
    })
}

/// The last number there is or must have been; 0 if there is none.
pub(super) fn numbers(from: &mut impl BufRead) -> io::Result<u64> {
    let mut last = 0u64;
    each_line(from, |text| {
        last = text
            .and_then(line::number)
            .unwrap_or(last.saturating_add(1));
    })?;
    Ok(last)
}

/// Every finished line that is not empty; `None` for one that is too long. What follows the last newline is being written, or
/// was when the machine stopped: either way nobody was promised it, and it is left out.
fn each_line(from: &mut impl BufRead, mut each: impl FnMut(Option<&[u8]>)) -> io::Result<()> {
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        let buffer = from.fill_buf()?;
        if buffer.is_empty() {
            return Ok(());
        }
        let newline = buffer.iter().position(|byte| *byte == b'\n');
        let part = buffer.get(..newline.unwrap_or(buffer.len()));
        let part = part.unwrap_or_default();
        too_long |= line.len() + part.len() > LONGEST;
        if !too_long {
            line.extend_from_slice(part);
        }
        let used = part.len() + usize::from(newline.is_some());
        from.consume(used);
        if newline.is_some() {
            if too_long || !line.is_empty() {
                each((!too_long).then_some(&line));
            }
            line.clear();
            too_long = false;
        }
    }
}

/// Dense numbers, and what their gaps mean.
#[derive(Debug, Default)]
struct Numbers {
    last: Option<u64>,
    damaged: u64,
    damaged_since: u64,
    holes: u64,
}

impl Numbers {
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
    entries: BTreeMap<u64, Entry>,
    place: BTreeMap<ViewingId, u64>,
    next: u64,
}

impl Window {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            entries: BTreeMap::new(),
            place: BTreeMap::new(),
            next: 0,
        }
    }

    fn put(&mut self, entry: Entry) {
        let viewing = entry.viewing_id;
        let old = self
            .place
            .get(&viewing)
            .and_then(|place| self.entries.remove(place));
        let entry = match old {
            Some(old) => old.followed_by(entry),
            None => entry,
        };
        self.place.insert(viewing, self.next);
        self.entries.insert(self.next, entry);
        self.next += 1;
        if self.entries.len() > self.limit
            && let Some((_, oldest)) = self.entries.pop_first()
        {
            self.place.remove(&oldest.viewing_id);
        }
    }

    fn entries(self) -> Vec<Entry> {
        self.entries.into_values().collect()
    }
}
