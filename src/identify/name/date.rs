//! Dates as episodes: `2014.10.31`, `31-10-2014`, `20141031`, `14.10.31`, `October 8, 2014`.

use super::Date;
use super::reading::Reading;
use super::token::{Firsts, Mark, Number, Text, gap};
use super::words::MONTH;

/// Months in the languages of daily shows, without accents. Three letters of the English and German ones will do.
pub(super) const MONTHS: [&[&str]; 12] = [
    &[
        "january",
        "januar",
        "janner",
        "janvier",
        "enero",
        "gennaio",
        "janeiro",
        "januari",
        "января",
    ],
    &[
        "february",
        "februar",
        "fevrier",
        "febrero",
        "febbraio",
        "fevereiro",
        "februari",
        "февраля",
    ],
    &[
        "march",
        "marz",
        "mars",
        "marzo",
        "marco",
        "maart",
        "mrz",
        "марта",
    ],
    &["april", "avril", "abril", "aprile", "апреля"],
    &["may", "mai", "mayo", "maggio", "maio", "mei", "maj", "мая"],
    &["june", "juni", "juin", "junio", "giugno", "junho", "июня"],
    &[
        "july", "juli", "juillet", "julio", "luglio", "julho", "июля",
    ],
    &["august", "aout", "agosto", "augustus", "augusti", "августа"],
    &[
        "september",
        "septembre",
        "septiembre",
        "settembre",
        "setembro",
        "сентября",
    ],
    &[
        "october",
        "oktober",
        "octobre",
        "octubre",
        "ottobre",
        "outubro",
        "октября",
    ],
    &["november", "novembre", "noviembre", "novembro", "ноября"],
    &[
        "december",
        "dezember",
        "decembre",
        "diciembre",
        "dicembre",
        "dezembro",
        "декабря",
    ],
];

/// The month that a word names.
fn month(key: &str) -> Option<u32> {
    let at = MONTHS
        .iter()
        .position(|names| month_names(names).any(|name| name == key))?;
    u32::try_from(at + 1).ok()
}

/// A month's names, and the first three letters of its English and German one.
pub(super) fn month_names(names: &[&'static str]) -> impl Iterator<Item = &'static str> {
    let short = names.iter().take(2).filter_map(|name| name.get(..3));
    names.iter().copied().chain(short.collect::<Vec<_>>())
}

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
    if !reading.text.may_open_with(Firsts::DIGITS) {
        return;
    }
    let opens = |at: &usize| reading.text.opens_with_digit(*at);
    let found = (0..reading.text.len()).filter(opens).find_map(|at| {
        let (until, date) = compact(&reading.text, at)
            .or_else(|| split(&reading.text, at))
            .or_else(|| signed(&reading.text, at))
            .or_else(|| stamped(&reading.text, at))?;
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
            // "11-11-11 (2011)" has no other name.
            let year = |i: usize| reading.text.bracket_of(i).is_some();
            let named = (until..reading.text.len()).any(|i| reading.text.is_free(i) && !year(i));
            if named {
                reading.text.set(at, until, Mark::Noise);
            }
            return;
        }
        let end = behind_time(&reading.text, until);
        reading.timed = end.is_some();
        reading.text.set(at, end.unwrap_or(until), Mark::Number);
        reading.date = Some(date);
    }
}

/// `201512`, `20-15-12`, `at 8.15.12`: the token behind a time of day to the second, which nothing is broadcast at.
fn behind_time(text: &Text, date: usize) -> Option<usize> {
    let at = date + usize::from(matches!(text.key(date), "at" | "um" | "a" | "t"));
    let fits = |hour: u32, minute: u32, second: u32| hour < 24 && minute < 60 && second < 60;
    if (at..at + 3).any(|i| text.gap_before(i) & gap::BRACKET != 0) && at + 1 < text.len() {
        return None;
    }
    let raw = text.raw(at);
    let part = |from, until| raw.get(from..until).and_then(|digits| digits.parse().ok());
    if matches!(raw.len(), 6 | 9) && raw.bytes().all(|b| b.is_ascii_digit()) {
        return fits(part(0, 2)?, part(2, 4)?, part(4, 6)?).then_some(at + 1);
    }
    let two = |i: usize| text.number(i).filter(|n| n.digits == 2 && !n.versioned);
    let hour = text.number(at).filter(|n| n.digits <= 2 && !n.versioned)?;
    fits(hour.value, two(at + 1)?.value, two(at + 2)?.value).then_some(at + 3)
}

/// A date with its month in letters; only where no number tells the episode. Among series it is never a film's name.
pub(super) fn find_worded(reading: &mut Reading, among_series: bool) {
    if !(reading.text.may_count(4) && reading.text.may_have(MONTH)) {
        return;
    }
    let found = (0..reading.text.len()).find_map(|at| worded(&reading.text, at));
    let Some((from, until, date)) = found else {
        return;
    };
    if !among_series && is_film(reading, from, until) {
        reading.unsure = reading.text.bracket_of(until - 1).is_none();
        return;
    }
    reading.text.set(from, until, Mark::Number);
    reading.date = Some(date);
}

/// `22 July (2018)`, `22.July.2018.1080p`: with the year in brackets or with technical words behind, a day that is the whole
/// name is what a film is about.
fn is_film(reading: &Reading, from: usize, until: usize) -> bool {
    let text = &reading.text;
    let year = until - 1;
    let dated = text.number(year).is_some_and(|n| n.digits == 4) && year > from + 1;
    let released = text.mark(until) == Mark::Tech && until < text.len();
    let apart = reading.alone_in_bracket(year, until) && until == text.len();
    reading.opens(from) && dated && (released || apart)
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

/// `2024_0305_143022`: the year apart from month and day, as cameras in cars write it, before a time of day.
fn stamped(text: &Text, at: usize) -> Option<(usize, Date)> {
    let four = |i: usize| text.number(i).filter(|n| n.digits == 4 && !n.versioned);
    let (year, day) = (four(at)?.value, four(at + 1)?.value);
    let found = date(year, day / 100, day % 100)?;
    behind_time(text, at + 2).map(|_| (at + 2, found))
}

/// `2021年03月06日`, `2021년 3월 6일`
fn signed(text: &Text, at: usize) -> Option<(usize, Date)> {
    if text.ascii {
        return None;
    }
    let sign = |i: usize, signs: [&str; 2]| text.gap_before(i) == 0 && signs.contains(&text.raw(i));
    let (year, month, day) = (text.number(at)?, text.number(at + 2)?, text.number(at + 4)?);
    let signs =
        sign(at + 1, ["年", "년"]) && sign(at + 3, ["月", "월"]) && sign(at + 5, ["日", "일"]);
    let found = date(year.value, month.value, day.value).filter(|_| signs)?;
    Some((at + 6, found))
}

/// Titles with a day in them.
const TITLES: &[&str] = &["fahrenheit 9 11", "fahrenheit 11 9"];

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
    if at > 0 && TITLES.contains(&text.keys(at - 1, at + 2)) {
        return None;
    }
    // "Studio.10.03.12.2024", "11-11-11.2011": no date has a year of its own behind it.
    let dated = |n: Number| n.digits == 4 && (1930..2040).contains(&n.value);
    if c.digits == 2
        && text.number(at + 3).is_some_and(dated)
        && text.gap_before(at + 3) & gap::BRACKET == 0
    {
        return None;
    }
    // "Naked.Gun.33.1.3.1994"
    let counted = || {
        at.checked_sub(1)
            .is_some_and(|i| text.number(i).is_some_and(|n| n.digits < 3))
    };
    if a.digits + b.digits == 2 && c.digits == 4 && first == text.gap_before(at) && counted() {
        return None;
    }
    let found = match (a.digits, c.digits) {
        (4, 1..=2) => date(a.value, b.value, c.value).or_else(|| date(a.value, c.value, b.value)),
        (1..=2, 4) => date(c.value, b.value, a.value).or_else(|| date(c.value, a.value, b.value)),
        // "Show 15.03.24" is written by a person, "Show.24.03.15" by a release group.
        (2, 2) if first == gap::DOT && b.digits == 2 && text.text.contains(' ') => {
            short(c.value, b.value, a.value)
        }
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

/// `15. März 2024`, `March 15, 2024`, `2024 Mar 15`, `15 de marzo de 2024`: the token it begins at, and the one behind it.
fn worded(text: &Text, at: usize) -> Option<(usize, usize, Date)> {
    // A year or a day is near.
    let near = |i: usize| text.tokens.get(i).is_some_and(|t| t.number.is_some());
    if !text.has(at, MONTH)
        || !(near(at + 1) || near(at + 2))
        || !text.is_free(at)
        || text.number(at).is_some()
    {
        return None;
    }
    let month = month(text.key(at))?;
    let year = |i: usize| text.number(i).filter(|n| n.digits == 4).map(|n| n.value);
    let of = |i: usize| usize::from(text.key(i) == "de");
    let found = |from: usize, until: usize, year: u32, day: u32| {
        Some((from, until, date(year, month, day)?))
    };
    if let (Some(day), Some(year)) = (day(text, at + 1), year(at + 2)) {
        return found(at, at + 3, year, day);
    }
    let before = at.checked_sub(1)?;
    if let (Some(year), Some(day)) = (year(before), day(text, at + 1)) {
        return found(before, at + 2, year, day);
    }
    let year_at = at + 1 + of(at + 1);
    let day_at = before.checked_sub(of(before))?;
    found(day_at, year_at + 1, year(year_at)?, day(text, day_at)?)
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
