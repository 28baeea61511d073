//! What people and their machines call their own videos, and sport: nobody else knows it by that name, and
//! `Weihnachten 2019` is no film of 2019.
//!
//! A year in brackets, a release's technical words, or season and episode say more than any of these words.

use super::reading::Reading;
use super::token::{Mark, Text};
use super::words::{LEAGUE, MACHINE, OCCASION, RECORDING, word};

/// Since then everybody has had a camera.
const CAMERAS: u16 = 1998;

/// Longest name that a machine gives, in words.
const LONGEST: usize = 4;

/// What counts the matches and races of a season.
const FIXTURES: &[&str] = &[
    "round",
    "week",
    "matchday",
    "matchweek",
    "stage",
    "spieltag",
    "journee",
    "jornada",
    "giornata",
];

/// Whether what was read is nobody's work. What a film is about counts less among films.
pub(super) fn is_private(reading: &Reading, among_films: bool) -> bool {
    let text = &reading.text;
    let released = reading.bracketed_year || text.first_marked(0, &[Mark::Tech]).is_some();
    let counted = !reading.weak && reading.is_numbered() && reading.date.is_none();
    let first = text.first_free(0);
    let flags = text.flags(first) | text.tokens.get(first).map_or(0, |token| token.stem);
    let words = text.first_free_end(first) - first;
    let named_by_machine = flags & MACHINE != 0 && words <= LONGEST
        || flags & RECORDING != 0 && words == 1 && reading.year.is_none() && !counted;
    if reading.group {
        return false;
    }
    if named_by_machine && !released {
        return true;
    }
    if counted {
        return false;
    }
    if is_sport(text, first, words) {
        return true;
    }
    let recent = reading
        .year
        .map_or(reading.date.is_some(), |year| year >= CAMERAS);
    recent
        && !(released || among_films)
        && (0..text.len()).any(|at| text.is_free(at) && text.has(at, OCCASION | MACHINE))
}

/// `League.2021.Week.05`, `Racing.2023.Monaco`: a season or a match, not a film of that year.
fn is_sport(text: &Text, first: usize, words: usize) -> bool {
    let behind = first + words;
    let dated = matches!(text.mark(behind), Mark::Year | Mark::Number);
    let league = || word(&text.keys(first, behind).replace(' ', "")) & LEAGUE != 0;
    let fixture = |at: usize| {
        text.mark(at - 1) == Mark::Year
            && FIXTURES.contains(&text.key(at))
            && text.number(at + 1).is_some()
    };
    dated && words <= 3 && league() || (1..text.len()).any(fixture)
}
