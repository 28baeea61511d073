//! The year of a film or a show.

use super::reading::Reading;
use super::token::{Mark, Text, gap};
use super::words::LANGUAGE;

/// Titles that begin with a year, by their first three words.
const TITLES: &[&str] = &[
    "2001 a space",
    "2010 the year",
    "2019 after the",
    "2020 texas gladiators",
    "1990 the bronx",
    "2036 origin unknown",
    "2012 ice age",
    "2050 gli ultimi",
];

/// Series that end in one, with what stands before it.
const SERIES: &[&str] = &[
    "space 1999",
    "reply 1988",
    "reply 1994",
    "reply 1997",
    "sealab 2021",
];

fn year(text: &Text, at: usize) -> Option<u16> {
    let number = text.number(at).filter(|n| n.digits == 4 && !n.versioned)?;
    u16::try_from(number.value)
        .ok()
        .filter(|y| (1900..=2032).contains(y))
}

/// Finds the year: alone in brackets first, else the last before the number or the technical part.
pub(super) fn find(reading: &mut Reading) {
    if !reading.text.may_count(4) {
        return;
    }
    let found = bracketed(reading)
        .map(|at| (at, true))
        .or_else(|| plain(reading).map(|at| (at, false)));
    let Some((at, bracketed)) = found else { return };
    let at = restored(reading, at).map_or(at, |of_film| {
        reading.text.set(at, at + 1, Mark::Tech);
        of_film
    });
    reading.year = year(&reading.text, at).or(reading.year);
    reading.bracketed_year = bracketed;
    let until = at + 1 + usize::from(is_unit(&reading.text, at + 1));
    reading.text.set(at, until, Mark::Year);
    if bracketed && let Some(bracket) = reading.text.bracket_of(at).copied() {
        // "(2005-2010)", "(Director, 1967)", "[2018, Country, Genre]"
        for inside in bracket.first..bracket.last {
            if reading.text.is_free(inside) && !reading.opens(bracket.first) {
                reading.text.set(inside, inside + 1, Mark::Year);
            }
        }
    }
}

/// `Film.1927.2010.Restored`, `Film 1927 [2010 Remaster]`: the year of the film, before that of its restoration. Nothing was
/// restored for sale before the discs, and `The Legend of 1900` is of 1998.
fn restored(reading: &Reading, at: usize) -> Option<usize> {
    const DISCS: u16 = 2000;
    let text = &reading.text;
    let named = |i: usize| {
        matches!(
            text.key(i),
            "restored" | "restoration" | "remaster" | "remastered" | "restauriert"
        )
    };
    let before = at.checked_sub(1)?;
    let (of_film, said) = if named(before) {
        (before.checked_sub(1)?, true)
    } else {
        let sharp = usize::from(matches!(text.key(at + 1), "4k" | "uhd" | "digital"));
        (before, named(at + 1 + sharp))
    };
    let (film, anew) = (year(text, of_film)?, year(text, at)?);
    (said && film < anew && anew >= DISCS && !reading.opens(of_film)).then_some(of_film)
}

/// `2006г`, `2009年`
fn is_unit(text: &Text, at: usize) -> bool {
    text.gap_before(at) == 0 && matches!(text.key(at), "г" | "年" | "год" | "년")
}

/// A year that is the whole, the first or the last word of a bracket.
fn bracketed(reading: &Reading) -> Option<usize> {
    let text = &reading.text;
    let number = text.first_marked(0, &[Mark::Number]).unwrap_or(text.len());
    let years = text
        .brackets
        .iter()
        .filter(|b| b.last > b.first)
        .filter_map(|b| {
            let whole = b.last - b.first == 1;
            let range = b.last - b.first == 2
                && year(text, b.first).is_some()
                && year(text, b.first + 1).is_some();
            let at = if whole || range || text.gap_after(b.first) & gap::COMMA != 0 {
                b.first
            } else {
                b.last - 1
            };
            let comma = text.gap_before(at) & (gap::COMMA | gap::SLASH) != 0
                || text.gap_after(at) & gap::COMMA != 0;
            let film = text.brackets.iter().all(|other| {
                (other.first..other.last).all(|i| other.first == b.first || year(text, i).is_none())
            });
            // "[Taxi 1998]" opens the name: title and year are found as without the bracket.
            let fits = whole
                || range
                || comma
                || film
                    && !reading.opens(b.first)
                    && b.kind == '('
                    && (b.first..b.last).all(|i| text.is_free(i));
            (fits && year(text, at).is_some()).then_some((at, whole || range))
        });
    let found: Vec<_> = years.collect();
    let best = |wanted: bool| {
        found
            .iter()
            .find(|(at, whole)| *whole == wanted && *at < number)
            .or_else(|| found.iter().find(|(_, whole)| *whole == wanted))
    };
    best(true).or_else(|| best(false)).map(|(at, _)| *at)
}

fn plain(reading: &Reading) -> Option<usize> {
    let text = &reading.text;
    let number = text
        .first_marked(0, &[Mark::Number])
        .filter(|_| reading.is_numbered());
    let technical = text
        .first_marked(0, &[Mark::Tech, Mark::Disc])
        .unwrap_or(text.len());
    let is_year = |i: &usize| year(text, *i).is_some() && !counted(text, *i);
    let series =
        |i: usize| i > 0 && reading.opens(i - 1) && SERIES.contains(&text.keys(i - 1, i + 1));
    let Some(anchor) = number else {
        let before = (0..technical)
            .rev()
            .filter(is_year)
            .find(|i| !(reading.opens(*i) || series(*i)));
        let behind =
            || (technical..text.len()).find(|i| is_year(i) && text.bracket_of(*i).is_none());
        return before.or_else(|| leading(reading)).or_else(behind);
    };
    let before = (0..anchor)
        .rev()
        .filter(is_year)
        .find(|i| !(reading.opens(*i) || series(*i)));
    before.or_else(|| {
        (anchor..text.len())
            .filter(is_year)
            .find(|i| beside_technical(reading, *i))
    })
}

/// `1999 - The Matrix`: shelved by year.
fn leading(reading: &Reading) -> Option<usize> {
    let text = &reading.text;
    let at = (0..text.len()).find(|i| text.mark(*i) != Mark::Noise)?;
    if TITLES.contains(&text.keys(at, at + 3)) {
        return None;
    }
    let dash = gap::is_dash(text.gap_after(at)) && text.is_free(at + 1);
    // "2008 The Incredible Name"; some titles begin with a year themselves.
    let words = (at + 1..text.len())
        .take_while(|i| text.is_free(*i))
        .count();
    let shelved =
        words >= 2 && text.gap_after(at) & !(gap::DOT | gap::SPACE | gap::UNDERSCORE) == 0;
    (year(text, at).is_some() && (dash || shelved)).then_some(at)
}

/// Behind an episode a year is one only before the technical part: titles have years too.
fn beside_technical(reading: &Reading, at: usize) -> bool {
    let text = &reading.text;
    let comma = text.gap_before(at) & gap::COMMA != 0;
    // "Show - S02E05 - 1984" is named so; "S02E05.Name.German.2021.720p" is of that year.
    let named = gap::is_dash(text.gap_before(at)) && text.text.contains(' ');
    let close = at.checked_sub(1).is_some_and(|i| {
        matches!(text.mark(i), Mark::Number | Mark::Tech) && !named
            || text.has(i, LANGUAGE) && i > 0 && text.is_free(i - 1)
    });
    !comma && (close || text.bracket_of(at).is_some()) && reading.ends_after(at)
}

/// A number that counts something else: `1080 p`, `1990 x`.
fn counted(text: &Text, at: usize) -> bool {
    text.gap_after(at) & gap::OTHER != 0
        || matches!(text.key(at + 1), "bc" | "ad") && at + 1 < text.len()
}
