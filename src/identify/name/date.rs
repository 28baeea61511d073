//! Dates as episodes: `2014.10.31`, `31-10-2014`, `20141031`, `14.10.31`, `October 8, 2014`.

use super::Date;
use super::reading::Reading;
use super::token::{Mark, Text, gap};

const MONTHS: &[&str] = &[
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn date(year: u32, month: u32, day: u32) -> Option<Date> {
    let longest = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 29,
        1..=12 => 31,
        _ => return None,
    };
    if !(1930..=2099).contains(&year) || day == 0 || day > longest {
        return None;
    }
    Some(Date {
        year: u16::try_from(year).ok()?,
        month: u8::try_from(month).ok()?,
        day: u8::try_from(day).ok()?,
    })
}

/// Finds the first date.
pub(super) fn find(reading: &mut Reading) {
    let found = (0..reading.text.len()).find_map(|at| {
        let (until, date) = compact(&reading.text, at).or_else(|| split(&reading.text, at))?;
        Some((at, until, date))
    });
    if let Some((at, until, date)) = found {
        // "09.03.08.Film.(1991)": the day a film was shelved.
        let film = reading.opens(at)
            && reading.text.brackets.iter().any(|b| {
                b.last == b.first + 1
                    && reading
                        .text
                        .number(b.first)
                        .is_some_and(|n| (1900..2040).contains(&n.value))
            });
        if film {
            reading.text.set(at, until, Mark::Noise);
            return;
        }
        reading.text.set(at, until, Mark::Number);
        reading.date = Some(date);
    }
}

/// A date with its month in letters; only where no number tells the episode.
pub(super) fn find_worded(reading: &mut Reading) {
    let found = (0..reading.text.len()).find_map(|at| worded(&reading.text, at));
    if let Some((from, until, date)) = found {
        reading.text.set(from, until, Mark::Number);
        reading.date = Some(date);
    }
}

/// `20141031`
fn compact(text: &Text, at: usize) -> Option<(usize, Date)> {
    let raw = text.raw(at);
    if !matches!(raw.len(), 6 | 8) || !raw.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part = |from, until| raw.get(from..until).and_then(|s: &str| s.parse().ok());
    if raw.len() == 6 {
        // Korean names: "E05.121231"
        let year: u32 = part(0, 2)?;
        let date = date(2000 + year, part(2, 4)?, part(4, 6)?)
            .filter(|_| at > 0 && (5..40).contains(&year))?;
        return (text.gap_before(at) == gap::DOT).then_some((at + 1, date));
    }
    let date = date(part(0, 4)?, part(4, 6)?, part(6, 8)?)?;
    (date.year < 2040).then_some((at + 1, date))
}

/// Three numbers with the same sign between.
fn split(text: &Text, at: usize) -> Option<(usize, Date)> {
    // "2008x12.13": the season and month run together.
    if text.raw(at).len() == 7
        && let Some((year, month)) = text.key(at).split_once('x')
        && year.len() == 4
        && month.len() == 2
    {
        let day = text.number(at + 1).filter(|n| n.digits == 2)?;
        return Some((
            at + 2,
            date(year.parse().ok()?, month.parse().ok()?, day.value)?,
        ));
    }
    let (a, b, c) = (text.number(at)?, text.number(at + 1)?, text.number(at + 2)?);
    let (first, second) = (text.gap_before(at + 1), text.gap_before(at + 2));
    let plain = [gap::DOT, gap::HYPHEN, gap::UNDERSCORE, gap::SPACE].contains(&first);
    if first != second || !plain || b.digits > 2 {
        return None;
    }
    let found = match (a.digits, c.digits) {
        (4, 1..=2) => date(a.value, b.value, c.value).or_else(|| date(a.value, c.value, b.value)),
        (1..=2, 4) => date(c.value, b.value, a.value).or_else(|| date(c.value, a.value, b.value)),
        (2, 2) if first != gap::SPACE && b.digits == 2 => short(a.value, b.value, c.value),
        _ => None,
    };
    Some((at + 3, found?))
}

/// `16.01.24` or, where that is no date, `24.01.16`.
fn short(a: u32, b: u32, c: u32) -> Option<Date> {
    let year = |n: u32| (n <= 30).then_some(2000 + n);
    year(a)
        .and_then(|y| date(y, b, c))
        .or_else(|| year(c).and_then(|y| date(y, b, a).or_else(|| date(y, a, b))))
}

fn worded(text: &Text, at: usize) -> Option<(usize, usize, Date)> {
    let year = text
        .number(at + 2)
        .or_else(|| text.number(at + 1))
        .filter(|n| n.digits == 4)?;
    let key = text.key(at);
    if key.len() < 3 {
        return None;
    }
    let month = MONTHS
        .iter()
        .position(|m| *m == key || (key.len() == 3 && m.starts_with(key)))?;
    let month = u32::try_from(month).ok()? + 1;
    if let Some(day) = day(text, at + 1) {
        return Some((at, at + 3, date(year.value, month, day)?));
    }
    let before = at.checked_sub(1)?;
    let day = day(text, before)?;
    Some((before, at + 2, date(year.value, month, day)?))
}

/// `3`, `03`, `3rd`
fn day(text: &Text, at: usize) -> Option<u32> {
    if let Some(number) = text.number(at) {
        return Some(number.value).filter(|_| number.digits <= 2);
    }
    let key = text.key(at);
    let digits = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|tail| key.strip_suffix(tail))?;
    digits.parse().ok().filter(|n| *n <= 31 && text.is_free(at))
}
