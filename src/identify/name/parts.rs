//! Discs, parts, and specials with a number of their own.

use super::reading::Reading;
use super::spoken::{ROMANS, WORDS, follows, glued, index};
use super::token::{Firsts, Mark, Text, gap};
use super::words::{BROADCAST, DISC, PART};

/// `cd1`, `Disc 2`, `CD1of2`.
pub(super) fn find_disc(reading: &mut Reading) {
    let text = &reading.text;
    if !text.may_open_with(const { Firsts::of(b"cd") }) {
        return;
    }
    // As the first word it is a title, unless it is the whole name of a folder.
    let first = usize::from(text.len() > 2);
    let named = |at: &usize| matches!(text.first(*at), b'c' | b'd');
    let found = (first..text.len()).filter(named).find_map(|at| {
        let key = text.key(at);
        let joined = key
            .strip_prefix("cd")
            .or_else(|| key.strip_prefix("disc"))
            .or_else(|| key.strip_prefix("disk"));
        let digits = joined
            .map(|rest| rest.split("of").next().unwrap_or(rest))
            .filter(|d| matches!(d.len(), 1 | 2));
        if let Some(value) = digits.and_then(|d| d.parse().ok()) {
            return Some((at, at + 1, value));
        }
        let number = text
            .number(at + 1)
            .filter(|n| n.digits == 1 && n.value > 0)?;
        (text.has(at, DISC) && follows(text, at + 1)).then_some((at, at + 2, number.value))
    });
    if let Some((from, until, value)) = found {
        reading.text.set(from, until, Mark::Disc);
        reading.part = Some(value);
    }
}

/// `SP02` of a group: a special, which is season 0.
pub(super) fn find_special(reading: &mut Reading) {
    let text = &reading.text;
    let opens = text
        .bracket_of(0)
        .is_some_and(|b| b.kind == '[' && b.first == 0);
    if !opens {
        return;
    }
    let found = (2..text.len()).find_map(|at| {
        let digits = text
            .key(at)
            .strip_prefix("sp")
            .filter(|d| matches!(d.len(), 1 | 2))?;
        let closed = text.gap_after(at) & (gap::BRACKET | gap::EDGE) != 0
            || gap::is_dash(text.gap_after(at));
        (closed && text.is_free(at))
            .then(|| digits.parse().ok().map(|value| (at, value)))
            .flatten()
    });
    if let Some((at, value)) = found.filter(|_| !reading.has_episode()) {
        reading.text.set(at, at + 1, Mark::Number);
        (reading.season, reading.episode) = (vec![0], vec![value]);
    }
}

/// `Part 2`, `Part Two`, `Teil II`: stays in the title.
pub(super) fn find_part(reading: &mut Reading, among_films: bool) {
    if reading.part.is_some() || !reading.text.may_have(PART) {
        return;
    }
    let text = &reading.text;
    let padded = |i: usize| {
        text.number(i + 1).filter(|n| {
            n.digits == 2
                && n.value < 10
                && text.gap_before(i + 1) & (gap::BRACKET | gap::HYPHEN) == 0
        })
    };
    // "Show.Part.3.HDTV"; films are recorded sharp, and count in letters too: "Film.Part.II.1080i.HDTV".
    let film = |i| is_sharp(text.key(i)) || text.number(i).is_some_and(|n| n.digits == 4);
    let broadcast = text.may_have(BROADCAST) && !among_films && !(0..text.len()).any(film);
    let series = (1..text.len())
        .find(|i| text.has(*i, PART) && text.is_free(*i))
        .and_then(|i| {
            let number =
                padded(i).or_else(|| text.number(i + 1).filter(|n| broadcast && n.digits < 3));
            Some((i, number?.value))
        })
        .filter(|_| !reading.is_numbered() && reading.date.is_none());
    if let Some((at, value)) = series {
        // "Part.01" is an episode of a short series, "Part 1" part of a film's title.
        // Films have two parts as well: "Film.Part.1.PDTV".
        reading.unsure = value < 3 && padded(at).is_none() && reading.ends_after(at + 1);
        reading.text.set(at, at + 2, Mark::Number);
        reading.episode = vec![value];
        return;
    }
    reading.part = (1..text.len())
        .rev()
        .filter(|i| (text.has(*i, PART) || glued(text, *i, PART).is_some()) && text.is_free(*i))
        .find_map(|at| {
            let key = text.key(at + 1);
            if let Some(number) = glued(text, at, PART) {
                return Some(number.value);
            }
            if text.gap_before(at + 1) & (gap::BRACKET | gap::HYPHEN) != 0 {
                return None;
            }
            text.number(at + 1)
                .filter(|n| n.digits <= 2)
                .map(|n| n.value)
                .or_else(|| index(ROMANS, key))
                .or_else(|| index(WORDS, key))
        });
}

/// `Harbour 1985 Teil 3`, `Harbour.Part.II.1080i.HDTV`: of a series in parts as likely as a film, or one of its files.
pub(super) fn may_be_series(text: &Text, part: u32) -> bool {
    let year = text.first_marked(0, &[Mark::Year]);
    let behind = year.is_some_and(|year| (year..text.len()).any(|i| text.has(i, PART)));
    part > 2 && behind || year.is_none() && text.may_have(PART) && text.may_have(BROADCAST)
}

/// `720p`, `1080i`, `2160p`
fn is_sharp(key: &str) -> bool {
    let lines = key.strip_suffix(['p', 'i']).unwrap_or_default();
    matches!(lines, "720" | "1080" | "2160")
}

/// Whether a title ends in the number of its part: `Film Part 2`, `Film Part Two`.
pub(super) fn ends_in_number(title: &str) -> bool {
    let last = title.rsplit([' ', '-', ':']).next().unwrap_or_default();
    let key = last.to_lowercase();
    last.ends_with(|c: char| c.is_ascii_digit())
        || index(ROMANS, &key).is_some()
        || index(WORDS, &key).is_some()
}
