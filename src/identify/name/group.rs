//! The group that opens a name: `[Group] Title`.

use super::reading::Reading;
use super::token::{Bracket, Mark, Text, gap};

/// Where releases are listed. Their mark in front of a name is no group's that makes anime.
const INDEXES: &[&str] = &[
    "tgx", "eztv", "ettv", "rartv", "rarbg", "yts", "yify", "glodls", "1337x",
];

/// Whether a word is the name of an index.
pub(super) fn is_index(key: &str) -> bool {
    INDEXES.contains(&key)
}

/// Marks it.
pub(super) fn find(reading: &mut Reading) {
    let text = &reading.text;
    let Some(bracket) = text.brackets.first().copied() else {
        return;
    };
    let before = text.slice(0, bracket.start).trim_matches(['_', ' ', '.']);
    let opens = before.bytes().all(|b| b.is_ascii_digit())
        && (bracket.kind != '(' || is_round_group(text, bracket))
        && bracket.last > bracket.first
        && !is_glued_title(reading, bracket);
    let plain = (bracket.first..bracket.last)
        .all(|i| matches!(text.mark(i), Mark::Free | Mark::Tech | Mark::Noise));
    let technical = (bracket.first..bracket.last).all(|i| text.mark(i) == Mark::Tech);
    let site = (bracket.first..bracket.last).all(|i| text.mark(i) == Mark::Noise);
    let next =
        (bracket.last..text.len()).find(|i| !matches!(text.mark(*i), Mark::Tech | Mark::Noise));
    let named = has_title_behind(text, bracket.last)
        && next.is_some_and(|i| {
            text.is_free(i)
                && (text.number(i).is_none()
                    || text.is_free(i + 1) && text.gap_after(i) & gap::BRACKET == 0
                    || text.bracket_of(i).is_none()
                        && text.raw(i).len() < 3
                        && before_text(text, i, bracket.end))
        });
    if opens && plain && !technical && !site && named {
        reading.group = !is_index(text.keys(bracket.first, bracket.last));
        reading.text.set(0, bracket.last, Mark::Noise);
    }
}

/// `(Group) Title - 05 [1080p]`; but `(500) Days`, and `(Un)known S01E02`.
fn is_round_group(text: &Text, bracket: Bracket) -> bool {
    let apart = text.gap_before(bracket.last) & (gap::SPACE | gap::UNDERSCORE) != 0;
    let word = bracket.last - bracket.first == 1 && text.number(bracket.first).is_none();
    let technical = |other: &Bracket| {
        other.first > bracket.last
            && (other.first..other.last).any(|i| matches!(text.mark(i), Mark::Tech | Mark::Noise))
    };
    apart
        && word
        && text.is_free(bracket.first)
        && text.brackets.iter().any(technical)
        && text.first_marked(0, &[Mark::Year]).is_none()
}

/// `[REC]².2009`, `[REC] 3 (2012)`: what is glued to the bracket and is no word belongs to it, and so does a sequel's number
/// right before the year.
fn is_glued_title(reading: &Reading, bracket: Bracket) -> bool {
    let text = &reading.text;
    let rest = text.slice(bracket.end, text.text.len());
    let number = text.number(bracket.last).map(|n| n.value);
    let sequel = matches!(number, Some(2..=4)) && text.mark(bracket.last + 1) == Mark::Year;
    bracket.last - bracket.first == 1
        && reading.year.is_some()
        && !reading.is_numbered()
        && !reading.checksum
        && (rest.starts_with(|c: char| c.is_numeric()) || sequel)
}

/// Whether a word stands behind the bracket and before any number, outside `(…)`.
fn has_title_behind(text: &Text, from: usize) -> bool {
    let number = text
        .first_marked(from, &[Mark::Number])
        .unwrap_or(text.len());
    (from..number).any(|i| text.is_free(i) && text.bracket_of(i).is_none_or(|b| b.kind != '('))
}

/// A number right behind the group, with a space: a title like `0`.
fn before_text(text: &Text, at: usize, end: usize) -> bool {
    text.tokens
        .get(at)
        .is_some_and(|t| text.slice(end, t.start()).contains(' '))
}
