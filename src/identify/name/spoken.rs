//! Seasons and episodes told in words: `Season 2`, `2nd Season`, `Folge 3`, `第4話`, `5 of 6`, `#7`.

use super::ideographs;
use super::parts::{find_disc, find_part, find_special};
use super::reading::{Reading, extend_to, push};
use super::token::{Firsts, Mark, Number, Text, gap};
use super::words::{DISC, EPISODE, OF, PART, SEASON, UNTIL};

const ORDINALS: &[&str] = &[
    "", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
    "tenth",
];
pub(super) const WORDS: &[&str] = &[
    "", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
];
/// The same in French, Spanish, German and Italian, and the ordinals that stand behind an Arabic season.
const FOREIGN: &[&[&str]] = &[
    &[
        "", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix",
    ],
    &[
        "", "uno", "dos", "tres", "cuatro", "cinco", "seis", "siete", "ocho", "nueve", "diez",
    ],
    &[
        "", "eins", "zwei", "drei", "vier", "funf", "sechs", "sieben", "acht", "neun", "zehn",
    ],
    &[
        "", "uno", "due", "tre", "quattro", "cinque", "sei", "sette", "otto", "nove", "dieci",
    ],
    &[
        "",
        "الاول",
        "الثاني",
        "الثالث",
        "الرابع",
        "الخامس",
        "السادس",
        "السابع",
        "الثامن",
        "التاسع",
        "العاشر",
    ],
];
pub(super) const ROMANS: &[&str] = &[
    "", "i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv",
    "xv", "xvi",
];

pub(super) fn index(list: &[&str], key: &str) -> Option<u32> {
    list.iter()
        .position(|word| *word == key && !key.is_empty())
        .and_then(|i| u32::try_from(i).ok())
}

/// A number in words or, in capitals, in Roman digits.
fn spelled(text: &Text, at: usize) -> Option<u32> {
    let key = text.key(at);
    let roman = || index(ROMANS, key).filter(|_| text.tokens.get(at).is_some_and(|t| t.capitals));
    index(WORDS, key)
        .or_else(roman)
        .or_else(|| FOREIGN.iter().find_map(|words| index(words, key)))
}

/// Numbers read in words, and the token behind them.
pub(super) struct List {
    pub values: Vec<u32>,
    pub until: usize,
    digits: u8,
}

/// Finds seasons, then episodes, then parts and discs.
pub(super) fn find(reading: &mut Reading, among_films: bool) {
    ideographs::find_ideographs(reading);
    if reading.season.is_empty() {
        find_season(reading);
    }
    if reading.episode.is_empty() && reading.date.is_none() {
        find_episode(reading);
    }
    if reading.episode.is_empty() && reading.date.is_none() {
        find_of(reading);
    }
    if reading.season.is_empty() && !reading.episode.is_empty() {
        find_temporada(reading);
    }
    // "S01E05 of 10"
    let behind = (0..reading.text.len())
        .rev()
        .find(|i| reading.text.mark(*i) == Mark::Number)
        .map_or(0, |i| i + 1);
    if behind > 0 {
        skip_of(reading, behind);
    }
    find_disc(reading);
    find_special(reading);
    find_part(reading, among_films);
}

/// Numbers from a token on: `1-4`, `1,2,3&4`, `1 to 5`, `1.3.4`.
pub(super) fn list(text: &Text, at: usize, dotted: bool) -> Option<List> {
    let first = text.number(at)?;
    let mut found = List {
        values: vec![first.value],
        until: at + 1,
        digits: first.digits,
    };
    loop {
        let at = found.until;
        let worded = text.has(at, UNTIL) && text.is_free(at);
        let and = matches!(text.key(at), "and" | "et" | "und") && text.is_free(at);
        let number_at = at + usize::from(worded || and);
        let last = found.values.last().copied().unwrap_or(0);
        let Some(next) = text
            .number(number_at)
            .filter(|n| n.value > last && n.value - last <= super::MOST_EPISODES as u32)
        else {
            break;
        };
        let gap = text.gap_before(number_at);
        let range = worded
            || gap & (gap::HYPHEN | gap::TILDE) != 0
                && gap & (gap::SPACE | gap::DOT | gap::UNDERSCORE) == 0
            || gap == gap::SPACE | gap::TILDE;
        let listed = and
            || gap & (gap::COMMA | gap::PLUS | gap::AMPERSAND) != 0
            || gap == gap::UNDERSCORE && first.digits >= 3
            || dotted && gap == gap::DOT && next.digits == 1 && first.digits == 1;
        if gap & gap::BRACKET != 0 || !(range || listed) || next.digits > 4 {
            break;
        }
        // "Cap.102_104" runs through, "1,3" does not.
        if range || gap == gap::UNDERSCORE {
            extend_to(&mut found.values, next.value);
        } else {
            push(&mut found.values, next.value);
        }
        found.until = number_at + 1;
    }
    Some(found)
}

/// A number behind a word, with `:`, `#` or an opening bracket between at most.
pub(super) fn follows(text: &Text, at: usize) -> bool {
    let gap = text.gap_before(at);
    gap & gap::CLOSE == 0 && !gap::is_dash(gap)
}

/// A word with its number glued to it: `Season1`, `Ep07`, `Saison02`.
pub(super) fn glued(text: &Text, at: usize, flag: u32) -> Option<Number> {
    if text.tokens.get(at).is_none_or(|t| t.stem & flag == 0) {
        return None;
    }
    let key = text.key(at);
    let letters = key.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = key.get(letters.len()..).unwrap_or("");
    Some(Number {
        value: digits.parse().ok()?,
        digits: u8::try_from(digits.len()).ok()?,
        versioned: false,
    })
}

fn find_season(reading: &mut Reading) {
    let text = &reading.text;
    if !(text.may_have(SEASON) || text.may_open_with(Firsts::DIGITS)) {
        return;
    }
    let found = (0..text.len()).filter(|i| text.is_free(*i)).find_map(|at| {
        if let Some(number) = glued(text, at, SEASON) {
            return Some((
                at,
                List {
                    values: vec![number.value],
                    until: at + 1,
                    digits: number.digits,
                },
            ));
        }
        if let Some(value) = glued_before(text, at) {
            return Some((
                at,
                List {
                    values: vec![value],
                    until: at + 1,
                    digits: 1,
                },
            ));
        }
        text.has(at, SEASON).then(|| season_at(text, at)).flatten()
    });
    if let Some((from, list)) = found {
        reading.text.set(from, list.until, Mark::Number);
        reading.season = list.values;
        skip_of(reading, list.until);
    }
}

/// `2ªTemporada`, `2ndSeason`.
fn glued_before(text: &Text, at: usize) -> Option<u32> {
    if !text.opens_with_digit(at) || text.number(at).is_some() {
        return None;
    }
    let key = text.key(at);
    let letters = key.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = key
        .get(..key.len() - letters.len())
        .filter(|d| matches!(d.len(), 1 | 2))?;
    let word = ["nd", "rd", "st", "th", "a", "e", ""]
        .iter()
        .filter_map(|tail| letters.strip_prefix(tail))
        .any(|word| word.len() > 4 && super::words::word(word) & SEASON != 0);
    if word { digits.parse().ok() } else { None }
}

/// The number of a season's word: behind it, before it, in words or roman.
fn season_at(text: &Text, at: usize) -> Option<(usize, List)> {
    let behind = follows(text, at + 1)
        .then(|| list(text, at + 1, true))
        .flatten();
    let before = at
        .checked_sub(1)
        .filter(|i| text.is_free(*i) && text.gap_before(at) & gap::BRACKET == 0);
    let ordinal = before.and_then(|i| ordinal(text, i));
    if let Some(value) = ordinal {
        // "1ª a 8ª Temporada"
        let first = at
            .checked_sub(3)
            .filter(|i| text.has(i + 1, UNTIL))
            .and_then(|i| self::ordinal(text, i))
            .filter(|first| *first < value);
        if let Some(first) = first {
            let mut values = vec![first];
            extend_to(&mut values, value);
            return Some((
                at - 3,
                List {
                    values,
                    until: at + 1,
                    digits: 1,
                },
            ));
        }
        return Some((
            at - 1,
            List {
                values: vec![value],
                until: at + 1,
                digits: 1,
            },
        ));
    }
    // "2 сезон 7 серия": the number behind belongs to the next word.
    let next = |list: &List| {
        before.is_some_and(|i| text.number(i).is_some() && i > 0)
            && text.has(list.until, EPISODE)
            && text.number(list.until + 1).is_none_or(|n| n.digits == 4)
    };
    let year = text.gap_before(at + 1) & gap::OPEN != 0;
    // "Series 7: The Contenders" is a film, "Series 2 - The Second" a season.
    let opens = at == 0
        && text.key(0) == "series"
        && text.len() > 2
        && !gap::is_dash(text.gap_before(2))
        && text.gap_before(2) & gap::OPEN == 0;
    let dated = |list: &List| {
        list.digits == 4 && (year || matches!(text.key(at), "series" | "serie" | "temp" | "tem"))
    };
    // "Open Season 2006" is a film of that year; "Show - Season 2006" a season.
    let film = |list: &List| {
        list.digits == 4
            && list.values.len() == 1
            && text.key(at) == "season"
            && before.is_some_and(|i| text.number(i).is_none())
            && !gap::is_dash(text.gap_before(at))
            && !(list.until..text.len()).any(|i| is_episode_word(text, i))
    };
    let behind = behind.filter(|list| !(opens || next(list) || dated(list) || film(list)));
    if let Some(value) = joined_of(text.key(at + 1)) {
        return Some((
            at,
            List {
                values: vec![value],
                until: at + 2,
                digits: 1,
            },
        ));
    }
    if let Some(list) = behind.filter(|list| {
        list.values
            .iter()
            .all(|n| *n < 100 || (1900..2100).contains(n))
    }) {
        return Some((at, list));
    }
    // "2 сезон", "2. Staffel", "2.Sezon"
    let counted = before
        .and_then(|i| text.number(i).map(|n| (i, n)))
        .filter(|(i, n)| n.digits <= 2 && (*i > 0 || text.len() == 2) && text.key(at) != "series");
    if let Some((i, number)) = counted {
        return Some(range_before(text, i, number.value, at + 1));
    }
    let spelled = spelled(text, at + 1)?;
    let plain = text.gap_before(at + 1) & (gap::BRACKET | gap::HYPHEN) == 0 && text.is_free(at + 1);
    plain.then(|| {
        (
            at,
            List {
                values: vec![spelled],
                until: at + 2,
                digits: 1,
            },
        )
    })
}

/// `Episode`, `Ep07`, `E07`.
fn is_episode_word(text: &Text, at: usize) -> bool {
    let digits = text.key(at).strip_prefix('e').unwrap_or_default();
    text.has(at, EPISODE)
        || glued(text, at, EPISODE).is_some()
        || !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// `1-3 сезоны`: the range before the word.
pub(super) fn range_before(text: &Text, at: usize, last: u32, until: usize) -> (usize, List) {
    let start = at
        .checked_sub(1)
        .and_then(|i| text.number(i).map(|n| (i, n.value)));
    let mut values = vec![last];
    let mut from = at;
    if let Some((i, first)) = start
        && text.gap_before(at) & (gap::HYPHEN | gap::TILDE) != 0
        && first < last
    {
        values = vec![first];
        extend_to(&mut values, last);
        from = i;
    }
    (
        from,
        List {
            values,
            until,
            digits: 2,
        },
    )
}

/// `2nd`, `3ª`, `second`.
fn ordinal(text: &Text, at: usize) -> Option<u32> {
    let key = text.key(at);
    if let Some(value) = index(ORDINALS, key) {
        return Some(value);
    }
    let digits = key.trim_end_matches(|c: char| !c.is_ascii_digit());
    let tail = key.get(digits.len()..)?;
    let signed =
        tail.is_empty() && text.raw(at).len() > digits.len() && text.raw(at).starts_with(digits);
    if !signed
        && !matches!(
            tail,
            "st" | "nd" | "rd" | "th" | "e" | "eme" | "ere" | "er" | "a" | "o"
        )
    {
        return None;
    }
    digits.parse().ok().filter(|n| (1..100).contains(n))
}

/// `T3 - Cap 05`: the season right before the episode.
fn find_temporada(reading: &mut Reading) {
    let number = reading.text.first_marked(2, &[Mark::Number]);
    let Some(at) = number.map(|number| number - 1) else {
        return;
    };
    // "Model.T4.Episode.05": that is no Spanish word.
    if matches!(reading.text.key(at + 1), "episode" | "episodes") {
        return;
    }
    let digits = reading.text.key(at).strip_prefix('t').unwrap_or_default();
    let season = digits.parse().ok().filter(|_| digits.len() < 3);
    if let Some(season) = season.filter(|_| reading.text.is_free(at)) {
        reading.text.set(at, at + 1, Mark::Number);
        reading.season = vec![season];
    }
}

/// The total behind `2 of 5`.
fn skip_of(reading: &mut Reading, at: usize) {
    if reading.text.has(at, OF) && reading.text.number(at + 1).is_some() {
        reading.text.set(at, at + 2, Mark::Number);
    }
}

fn find_episode(reading: &mut Reading) {
    let text = &reading.text;
    if !text.may_have(EPISODE) && !text.may_open_with(const { Firsts::of(b"#") }) {
        return;
    }
    let found = (0..text.len()).filter(|i| text.is_free(*i)).find_map(|at| {
        // "Enemy #1 (2013)"
        let film = |n: &Number| {
            n.digits == 1
                && text.number(at + 1).is_some_and(|year| year.digits == 4)
                && text.bracket_of(at + 1).is_some_and(|b| b.last == at + 2)
        };
        let issue = hash(text, at).filter(|n| !film(n));
        if let Some(number) = issue.or_else(|| glued(text, at, EPISODE)) {
            let range = range_behind(text, at, number.value);
            return Some((
                at,
                List {
                    values: range.0,
                    until: range.1,
                    digits: number.digits,
                },
            ));
        }
        text.has(at, EPISODE)
            .then(|| episode_at(text, at))
            .flatten()
    });
    let Some((from, list)) = found else { return };
    if is_film(reading, from, &list) {
        reading.film = true;
        return;
    }
    reading.text.set(from, list.until, Mark::Number);
    skip_of(reading, list.until);
    settle_packed(reading, from, list);
}

/// The rest of `#1-3`, `Ep01-08`.
fn range_behind(text: &Text, at: usize, first: u32) -> (Vec<u32>, usize) {
    let mut values = vec![first];
    let next = text
        .number(at + 1)
        .filter(|n| n.value > first && n.value - first <= super::MOST_EPISODES as u32);
    if let Some(last) = next
        && matches!(text.gap_before(at + 1), gap::HYPHEN | gap::TILDE)
    {
        extend_to(&mut values, last.value);
        return (values, at + 2);
    }
    (values, at + 1)
}

/// Spanish `Cap.102` is season 1, episode 2.
fn settle_packed(reading: &mut Reading, from: usize, list: List) {
    let spanish = matches!(reading.text.key(from), "cap" | "capitulo");
    let first = list.values.first().copied().unwrap_or(0);
    let season = first / 100;
    let fits =
        reading.season.is_empty() && reading.text.key(from) == "cap" || reading.season == [season];
    if spanish
        && list.digits >= 3
        && fits
        && season > 0
        && list.values.iter().all(|n| n / 100 == season)
    {
        reading.season = vec![season];
        reading.episode = list.values.iter().map(|n| n % 100).collect();
    } else {
        reading.episode = list.values;
    }
}

/// `Star Wars Episode IV … 1977`: one unpadded number, no season, and a year behind.
fn is_film(reading: &Reading, from: usize, list: &List) -> bool {
    let text = &reading.text;
    let roman = text.number(from + 1).is_none() && list.until > from + 1;
    let word = matches!(text.key(from), "episode" | "episodio" | "episodi");
    let year = (list.until..text.len()).any(|i| {
        text.number(i)
            .is_some_and(|n| n.digits == 4 && (1900..2035).contains(&n.value))
    });
    let single = list.digits == 1 && list.values.len() == 1;
    word && from > 0
        && reading.season.is_empty()
        && (roman || single && year && list.until < text.len() && text.number(list.until).is_none())
}

fn hash(text: &Text, at: usize) -> Option<Number> {
    let key = text.key(at).strip_prefix('#')?;
    let digits = key.split_once('v').map_or(key, |(digits, _)| digits);
    let value = digits.parse().ok().filter(|_| digits.len() <= 4)?;
    Some(Number {
        value,
        digits: u8::try_from(digits.len()).ok()?,
        versioned: false,
    })
}

fn episode_at(text: &Text, at: usize) -> Option<(usize, List)> {
    // "8 серия", "7.Bölüm", "1-8 серии", "5. Folge"
    let before = at
        .checked_sub(1)
        .and_then(|i| text.number(i).map(|n| (i, n)));
    let ordinal = text.gap_before(at) == gap::DOT | gap::SPACE;
    let worded = !text.key(at).is_ascii()
        || matches!(
            text.key(at),
            "bolum"
                | "resz"
                | "jakso"
                | "dil"
                | "odcinek"
                | "epizoda"
                | "epizod"
                | "seriya"
                | "serija"
        )
        || ordinal && matches!(text.key(at), "folge" | "episode" | "avsnitt");
    // "Episode - 16" opens a name, "Title Episode - 16" does not.
    let dash = at == 0 && gap::is_dash(text.gap_before(1));
    let behind = (dash || follows(text, at + 1))
        .then(|| list(text, at + 1, false))
        .flatten();
    let year = |list: &List| list.digits == 4 && worded && before.is_some();
    if let Some(list) = behind.filter(|list| !year(list)) {
        return Some((at, list));
    }
    if let Some((i, number)) = before
        && worded
        && number.digits <= 4
        && text.gap_before(at) & (gap::BRACKET | gap::HYPHEN) == 0
    {
        return Some(range_before(text, i, number.value, at + 1));
    }
    let full = text.key(at).len() > 4;
    let spelled = spelled(text, at + 1)?;
    (full && follows(text, at + 1)).then(|| {
        (
            at,
            List {
                values: vec![spelled],
                until: at + 2,
                digits: 1,
            },
        )
    })
}

/// `5 of 6`, `14.of.21`, `3of9`, `01 из 12`.
fn find_of(reading: &mut Reading) {
    let text = &reading.text;
    if !text.may_open_with(Firsts::DIGITS) {
        return;
    }
    let digits = |at: &usize| text.opens_with_digit(*at);
    let found = (0..text.len()).filter(digits).find_map(|at| {
        let joined = text.tokens.get(at).filter(|token| token.number.is_none());
        if let Some(value) = joined.and_then(|_| joined_of(text.key(at))) {
            return Some((at, at + 1, value));
        }
        let (first, total) = (text.number(at)?, text.number(at + 2)?);
        let plain = text.gap_before(at + 1) & gap::BRACKET == 0
            && text.gap_before(at + 2) & gap::BRACKET == 0;
        let fits = text.has(at + 1, OF)
            && plain
            && first.value <= total.value
            && total.value <= super::MOST_EPISODES as u32;
        fits.then_some((at, at + 3, first.value))
    });
    let Some((from, until, value)) = found.filter(|(at, _, _)| {
        !at.checked_sub(1)
            .is_some_and(|i| reading.text.has(i, DISC | SEASON))
    }) else {
        return;
    };
    // "Part 2 of 3": the word belongs to the number.
    let part = from
        .checked_sub(1)
        .is_some_and(|i| reading.text.has(i, PART));
    let (mut start, mut values) = (from - usize::from(part), vec![value]);
    if !part && reading.text.number(from).is_some() {
        let (first, list) = range_before(&reading.text, from, value, until);
        (start, values) = (first, list.values);
    }
    reading.text.set(start, until, Mark::Number);
    reading.episode = values;
}

/// `3of9`
fn joined_of(key: &str) -> Option<u32> {
    if !key.starts_with(|c: char| c.is_ascii_digit()) || !key.contains('o') {
        return None;
    }
    let (first, total) = key.split_once("of")?;
    let (first, total): (u32, u32) = (first.parse().ok()?, total.parse().ok()?);
    (first <= total && total <= super::MOST_EPISODES as u32).then_some(first)
}
