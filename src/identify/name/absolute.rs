//! Numbers counted over all seasons, beside the number of the season.

use super::numbers::{Bare, bare};
use super::reading::Reading;
use super::token::{Mark, gap};
use super::words::EPISODE;

/// `29 (04)`, `29 (S2 - 04)`: a second number alone, or with its season, in brackets right behind.
pub(super) fn twin_of(reading: &Reading, from: usize) -> Option<(usize, u32)> {
    let text = &reading.text;
    let at = from + usize::from(text.mark(from) == Mark::Number && !reading.season.is_empty());
    let number = text.number(at).filter(|n| n.digits >= 2 && n.digits <= 4)?;
    let bracketed = reading.alone_in_bracket(from, at + 1)
        && text.bracket_of(from).is_some_and(|b| b.kind == '(');
    bracketed.then_some((at, number.value))
}

/// `S16E03-04 - 313-314`, `S02E01 (27)`, `[Episode 83]`: the count over all seasons.
pub(super) fn find_absolute(reading: &mut Reading) {
    let Some(first) = reading.text.first_marked(0, &[Mark::Number]) else {
        return;
    };
    if reading.season.is_empty() {
        beside_episode(reading);
        return;
    }
    let behind = (first..reading.text.len())
        .find(|i| reading.text.mark(*i) != Mark::Number)
        .unwrap_or(reading.text.len());
    let spoken = (behind..reading.text.len()).find(|i| {
        reading.text.has(*i, EPISODE)
            && reading
                .text
                .bracket_of(*i)
                .is_some_and(|b| b.first == *i && b.last == *i + 2)
    });
    if let Some(at) = spoken
        && let Some(number) = reading.text.number(at + 1)
    {
        reading.text.set(at, at + 2, Mark::Number);
        reading.absolute = vec![number.value];
        return;
    }
    let Some(bare) = beside(reading, behind).or_else(|| before(reading, first)) else {
        return;
    };
    reading.text.set(bare.from, bare.until, Mark::Number);
    reading.absolute = bare.values;
}

/// `- 01 (51)`: an episode of the season with its absolute number.
fn beside_episode(reading: &mut Reading) {
    let last = (0..reading.text.len())
        .rev()
        .find(|i| reading.text.mark(*i) == Mark::Number);
    let twin = last.and_then(|at| twin_of(reading, at + 1));
    if let Some((at, value)) = twin
        && reading.episode.len() == 1
        && reading.episode.first().is_some_and(|n| value > *n)
    {
        reading.text.set(at, at + 1, Mark::Number);
        reading.absolute = vec![value];
    }
}

fn beside(reading: &Reading, at: usize) -> Option<Bare> {
    let bare = bare(reading, at)?;
    let text = &reading.text;
    let behind = text.gap_after(bare.until - 1);
    let many = bare.values.len() > 1 && bare.values.len() == reading.episode.len();
    let bracket = reading.alone_in_bracket(at, bare.until) && bare.first.digits >= 2;
    let dashed = gap::is_dash(text.gap_before(at))
        && (gap::is_dash(behind)
            || (bare.first.digits >= 3 || reading.group && reading.season != [1])
                && reading.ends_after(bare.until - 1));
    // In the first season both counts are the same, but for a special or two: "1883 - S01E01 - 1883".
    let first = reading.season == [1]
        && reading
            .episode
            .first()
            .is_some_and(|n| bare.first.value > n + 100);
    let larger = !first
        && !(1900..2035).contains(&bare.first.value)
        && bare.first.value >= reading.episode.first().copied().unwrap_or(0);
    (larger
        && (many
            || bare.values.len() == 1
                && reading.episode.len() == 1
                && bare.first.digits >= 2
                && (bracket || dashed)))
        .then_some(bare)
}

/// `Show - 313-315 - S16E03-05`
fn before(reading: &Reading, first: usize) -> Option<Bare> {
    let span = reading.episode.len().min(2);
    let bare = bare(reading, first.checked_sub(span)?)?;
    let dashed = gap::is_dash(reading.text.gap_before(bare.from))
        && (gap::is_dash(reading.text.gap_before(first))
            || reading.text.gap_before(first) & gap::OPEN != 0)
        && bare.first.digits >= 2;
    let many = bare.values.len() > 1;
    (bare.until == first
        && bare.values.len() == reading.episode.len()
        && (many || dashed)
        && !reading.opens(bare.from))
    .then_some(bare)
}
