//! What people and their machines call their own videos, and sport: nobody else knows it by that name, and
//! `Weihnachten 2019` is no film of 2019.
//!
//! A year in brackets, a release's technical words with a year, or season and episode say more than any of these words.
//! Films are called by some of them too (`Last Christmas`), so that those count only where nothing else is said. A time
//! of day to the second is a machine's.

use super::reading::Reading;
use super::token::{Firsts, Mark, Text, gap, phrase_at};
use super::words::{FEAST, LEAGUE, MACHINE, OCCASION, RECORDING, word};

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

/// Whose it is. Between two of these words it makes no title.
const OURS: &[&str] = &[
    "my", "our", "mein", "meine", "unser", "unsere", "mon", "ma", "notre", "nos", "mi", "mis",
    "nuestra", "nuestro", "mia", "mio", "nostra", "nostro", "family", "familie", "famille",
    "familia", "famiglia",
];

/// Titles open with these, and what people call their own does not.
const ARTICLES: &[&str] = &[
    "the", "a", "an", "der", "die", "das", "ein", "eine", "le", "la", "les", "l", "un", "une",
    "el", "los", "las", "una", "il", "lo", "gli", "i", "o", "os", "as", "de", "het", "een",
];

/// What is fought under such a name is no film.
const FIGHTS: &[&str] = &["ufc", "bellator"];

/// Who fights against others under no other name.
const FIGHTERS: &[&str] = &[
    "mayweather",
    "pacquiao",
    "mcgregor",
    "canelo",
    "usyk",
    "golovkin",
    "klitschko",
    "lomachenko",
    "ngannou",
    "khabib",
    "adesanya",
    "holyfield",
    "beterbiev",
    "bivol",
    "frazier",
    "makhachev",
];

/// Between the two whose wedding it is.
const AND: &[&str] = &["and", "und", "et", "y", "e", "en", "och", "og", "i", "и"];

/// What is counted and held, not aired: `Lecture 03 - Sorting`.
const LESSONS: &[&str] = &[
    "lecture",
    "lec",
    "lesson",
    "tutorial",
    "seminar",
    "webinar",
    "vorlesung",
    "lektion",
    "лекция",
    "урок",
];

/// Whether what was read is nobody's work. What a film is about counts less among films, or where the folder is called
/// as releases are (`in_release`). `series`: the place holds series, or films.
pub(super) fn is_private(reading: &Reading, series: Option<bool>, in_release: bool) -> bool {
    let text = &reading.text;
    let among_films = series == Some(false);
    let released = text.first_marked(0, &[Mark::Tech]).is_some();
    let dated_release = reading.bracketed_year || released && reading.year.is_some();
    let counted = !reading.weak && reading.is_numbered() && reading.date.is_none();
    let episode = counted && !reading.season.is_empty() && !reading.episode.is_empty();
    let first = text.first_free(0);
    let words = text.first_free_end(first) - first;
    if reading.group || episode {
        return false;
    }
    if reading.timed
        || is_web_video(text) && !(released || reading.bracketed_year)
        || is_named_by_machine(reading, first, words, counted) && !dated_release
    {
        return true;
    }
    let lesson = reading.is_numbered() && reading.season.is_empty() && words == 1;
    if lesson && !released && series != Some(true) && LESSONS.contains(&text.key(first)) {
        return true;
    }
    if counted || reading.bracketed_year {
        return false;
    }
    if is_sport(reading, first, words, series) {
        return true;
    }
    let recent = reading
        .year
        .map_or(reading.date.is_some(), |year| year >= CAMERAS);
    recent && !(released || among_films || in_release) && is_of_a_family(text, first)
}

fn is_named_by_machine(reading: &Reading, first: usize, words: usize, counted: bool) -> bool {
    let text = &reading.text;
    let flags = text.flags(first) | text.tokens.get(first).map_or(0, |token| token.stem);
    let stamped = |key: &str| {
        let digits = key.strip_prefix("gmt20").unwrap_or_default();
        digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit())
    };
    stamped(text.key(first))
        || flags & MACHINE != 0 && words <= LONGEST
        || flags & RECORDING != 0 && words == 1 && reading.year.is_none() && !counted
}

/// `Vorlesung …`, `Our Wedding`, `Hochzeit Anna und Ben`: by one word that hardly any film is called by, or by nothing
/// but words of feasts and whose they are.
fn is_of_a_family(text: &Text, first: usize) -> bool {
    if ARTICLES.contains(&text.key(first)) {
        return false;
    }
    let free = || (0..text.len()).filter(|at| text.is_free(*at));
    let occasion = |at: usize| {
        text.has(at, OCCASION | MACHINE)
            || phrase_at(text, at).is_some_and(|(_, flags)| flags & OCCASION != 0)
    };
    let feast = |at: usize| text.has(at, FEAST);
    free().any(occasion)
        || free().any(feast)
            && (free().all(|at| feast(at) || is_ours(text, at)) || is_couples(text))
}

/// `our`, `Emma's`, `5th`, `video`.
fn is_ours(text: &Text, at: usize) -> bool {
    let raw = text.raw(at);
    OURS.contains(&text.key(at))
        || text.has(at, RECORDING)
        || raw.ends_with("'s")
        || raw.ends_with("’s")
        || raw.starts_with(|c: char| c.is_ascii_digit())
}

/// `Hochzeit Anna und Ben`, `Anna & Ben Wedding`: two names, and what they did.
fn is_couples(text: &Text) -> bool {
    let free: Vec<usize> = (0..text.len())
        .filter(|at| text.is_free(*at))
        .take(5)
        .collect();
    let names = match free.as_slice() {
        [head, names @ ..] if text.has(*head, FEAST) => names,
        [names @ .., last] if text.has(*last, FEAST) => names,
        _ => return false,
    };
    match names {
        [_, and, _] => AND.contains(&text.key(*and)),
        [_, name] => text.gap_before(*name) & (gap::AMPERSAND | gap::PLUS) != 0,
        _ => false,
    }
}

/// `League.2021.Week.05`, `Racing.2023.Monaco`: a season and what was played in it, not a film of that year.
fn is_sport(reading: &Reading, first: usize, words: usize, series: Option<bool>) -> bool {
    let text = &reading.text;
    let (among_films, among_series) = (series == Some(false), series == Some(true));
    let year = first + words;
    let league = || {
        let named = |until| word(&text.keys(first, until).replace(' ', "")) & LEAGUE != 0;
        (first + 1..=year).any(named)
    };
    let played = (year..text.len()).find(|at| !matches!(text.mark(*at), Mark::Year | Mark::Number));
    let is_final = |at: usize| text.key(at) == "final" && phrase_at(text, at).is_none();
    let is_match = played.is_some_and(|at| at > year && (text.is_free(at) || is_final(at)));
    let fixture = |at: usize| {
        text.mark(at - 1) == Mark::Year
            && FIXTURES.contains(&text.key(at))
            && text.number(at + 1).is_some()
    };
    // "Boxing 2024.03.08 Smith.vs.Jones", but no film shelved by its year, and no episode of a series
    let opposed = || {
        let versus = |at: &usize| text.key(*at) == "vs" && text.is_free(*at);
        if !text.may_open_with(const { Firsts::of(b"v") })
            || !(first..text.len()).any(|at| versus(&at))
        {
            return false;
        }
        let known = league() || (first..year).any(|at| FIGHTERS.contains(&text.key(at)));
        let dated = text.first_marked(0, &[Mark::Year, Mark::Number]);
        let behind = dated
            .filter(|from| *from > first)
            .is_some_and(|from| (from..text.len()).any(|at| versus(&at)));
        known || behind && reading.season.is_empty() && !among_series
    };
    let paid = text.may_open_with(const { Firsts::of(b"p") })
        && (first..text.len()).any(|at| text.key(at) == "ppv");
    let fought = paid || FIGHTS.contains(&text.key(first));
    is_match && words <= 3 && !among_films && league()
        || (fought || opposed()) && !among_films
        || (1..text.len()).any(fixture)
}

/// `Film 1995-Th3SmallGrp`: who released it writes words, with a digit for a letter; a machine hardly ever does.
fn is_group_behind_year(text: &Text) -> bool {
    let Some(last) = text.len().checked_sub(1).filter(|last| *last > 0) else {
        return false;
    };
    let raw = text.raw(last);
    let capital_ends =
        |pair: &[u8]| matches!(pair, [a, b] if a.is_ascii_uppercase() && !b.is_ascii_lowercase());
    text.mark(last - 1) == Mark::Year
        && text.gap_before(last) == gap::HYPHEN
        && raw.bytes().filter(u8::is_ascii_digit).count() == 1
        && !raw.ends_with(|c: char| c.is_ascii_uppercase())
        && !raw.as_bytes().windows(2).any(capital_ends)
}

/// `Title [dQw4w9WgXcQ]`, `Title-dQw4w9WgXcQ`: as what is saved from the web is called, by a name that machines count with.
fn is_web_video(text: &Text) -> bool {
    const LENGTH: usize = 11;
    if is_group_behind_year(text) {
        return false;
    }
    let text = text.text.trim_end_matches([']', ')', ' ']);
    let Some((before, inside)) = text
        .len()
        .checked_sub(LENGTH)
        .and_then(|at| text.split_at_checked(at))
    else {
        return false;
    };
    let has = |kind: fn(&u8) -> bool| inside.bytes().any(|b| kind(&b));
    before.ends_with(['[', '(', '-'])
        && inside
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(|b| !b.is_ascii_alphabetic())
}
