//! What one part of a path says.

use super::token::{Mark, Text, gap};
use super::{Date, Extra, Ids};

/// One part of a path with all that has been found in it so far.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub text: Text,
    pub season: Vec<u32>,
    pub episode: Vec<u32>,
    pub absolute: Vec<u32>,
    pub date: Option<Date>,
    /// The date has a time to the second: a machine's.
    pub timed: bool,
    /// A film called by a day, or a series in two parts; among films there is no doubt.
    pub unsure: bool,
    pub year: Option<u16>,
    pub part: Option<u32>,
    pub extra: Option<Extra>,
    pub ids: Ids,
    pub anime: bool,
    /// The numbers are a guess from where they stand.
    pub weak: bool,
    /// The year stands in brackets of its own.
    pub bracketed_year: bool,
    /// "Episode IV" before a year: part of a film's title.
    pub film: bool,
    /// A special that names no number.
    pub special: bool,
    /// Opens with the name of a group.
    pub group: bool,
    /// Has a checksum.
    pub checksum: bool,
    /// The title begins here, whatever stands before.
    pub title_from: Option<usize>,
    pub title: Option<String>,
    pub alternative: Option<String>,
    /// The country that tells a series from its namesakes: `UK`.
    pub country: Option<&'static str>,
    /// Text behind the number.
    pub episode_title: Option<String>,
    /// The number stood before the title.
    pub leading: bool,
    /// An episode between two, a recap: `12.5`.
    pub between: bool,
}

impl Reading {
    /// Whether a season, an episode or a date has been found.
    pub fn is_numbered(&self) -> bool {
        !self.season.is_empty() || self.has_episode()
    }

    pub fn has_episode(&self) -> bool {
        !self.episode.is_empty() || !self.absolute.is_empty() || self.date.is_some()
    }

    /// Whether a token is the first that could belong to a title.
    pub fn opens(&self, at: usize) -> bool {
        (0..at).all(|i| self.text.mark(i) == Mark::Noise)
    }

    /// Whether the text ends, or a bracket or a technical word begins, behind a token.
    pub fn ends_after(&self, at: usize) -> bool {
        let behind = self.text.gap_after(at);
        at + 1 >= self.text.len()
            || behind & gap::BRACKET != 0
            || self.text.mark(at + 1) == Mark::Tech
    }

    /// Whether the bracket a token stands in holds nothing else.
    pub fn alone_in_bracket(&self, from: usize, until: usize) -> bool {
        self.text
            .bracket_of(from)
            .is_some_and(|b| b.first == from && b.last == until)
    }
}

/// Adds every number up to `last`: a range.
pub(super) fn extend_to(list: &mut Vec<u32>, last: u32) {
    let from = list.last().map_or(last, |n| n + 1);
    for value in from..=last {
        push(list, value);
    }
}

/// Adds a number once; lists are bounded, whatever a name claims.
pub(super) fn push(list: &mut Vec<u32>, value: u32) {
    if list.len() < super::MOST_EPISODES && !list.contains(&value) {
        list.push(value);
    }
}
