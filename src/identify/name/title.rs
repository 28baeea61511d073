//! The title is what is left before the first thing found; the episode's title what is left behind it.

use super::numbers::is_ova;
use super::reading::Reading;
use super::render::{Region, render};
use super::token::{Bracket, Firsts, Mark, Text, gap, phrase_at};
use super::words::{BINDS, COUNTRY, EDITION, EPISODE, LANGUAGE, SCRIPT, SEASON, SPECIAL, WHOLE};

/// Behind these "us" is no country.
const BEFORE_US: &[&str] = &[
    "is", "are", "was", "among", "between", "by", "save", "all", "help", "join", "like", "let",
    "than", "around", "against", "about", "both", "behind", "before", "after", "as", "but", "one",
    "some", "find", "tell", "show", "trust", "watch",
];

/// Finds the title and the episode's title.
pub(super) fn find(reading: &mut Reading) {
    let Some(mut region) = title_region(reading) else {
        reading.episode_title = behind_number(reading, 0);
        return;
    };
    if let Some(inner) = in_soup(reading, region) {
        region = inner;
    }
    trim_country(reading, &mut region);
    trim(reading, &mut region);
    let (title, alternative) = split_scripts(&reading.text, region);
    let alternative = alternative.or_else(|| also_known(&reading.text, region));
    // "The Complete First Season"
    let article = |title: &String| reading.is_numbered() && title.eq_ignore_ascii_case("the");
    reading.title = title.filter(|title| !article(title));
    // "Title OVA2" is called as "Title OVA 2" is.
    let counted = reading.text.raw(region.end);
    if reading.text.mark(region.end) == Mark::Number
        && reading.text.number(region.end).is_none()
        && is_ova(reading.text.key(region.end))
        && let Some(title) = &mut reading.title
    {
        title.push(' ');
        title.push_str(counted.trim_end_matches(|c: char| c.is_ascii_digit()));
    }
    reading.alternative = reading.alternative.take().or(alternative);
    if !reading.leading {
        reading.episode_title = behind_number(reading, region.end);
    }
    find_special(reading, region.end);
    if reading.special {
        split_years(reading, region);
    }
}

/// `Lighthouse AKA Mar de Plata`: what it is also known as. The title stays whole, as people write it.
fn also_known(text: &Text, region: Region) -> Option<String> {
    if !text.may_open_with(const { Firsts::of(b"a") }) {
        return None;
    }
    let aka = (region.start + 1..region.end).find(|i| text.key(*i) == "aka")?;
    let start = aka + 1;
    render(text, Region { start, ..region })
}

/// `Show.2005.2017.Christmas.Special`: the show's year, then the special's.
fn split_years(reading: &mut Reading, region: Region) {
    let last = region.end.saturating_sub(1);
    let year = reading
        .text
        .number(last)
        .filter(|n| n.digits == 4 && (1930..2035).contains(&n.value))
        .and_then(|n| u16::try_from(n.value).ok());
    if let Some(year) = year.filter(|_| last > region.start) {
        reading.title = render(
            &reading.text,
            Region {
                end: last,
                ..region
            },
        );
        reading.year = Some(year);
    }
}

fn title_region(reading: &mut Reading) -> Option<Region> {
    let text = &reading.text;
    let mut start = (reading.title_from.unwrap_or(0)..text.len()).find(|i| text.is_free(*i))?;
    let passed = (0..start).any(|i| text.mark(i) == Mark::Number);
    // "Fr - Title": a language on its own
    if text.has(start, LANGUAGE)
        && gap::is_dash(text.gap_after(start))
        && text.raw(start).len() < 4
        && text.is_free(start + 1)
    {
        start += 1;
    }
    // "(1)Title": a number on a shelf
    if start + 1 < text.len()
        && text.number(start).is_some_and(|n| n.digits < 3)
        && reading.alone_in_bracket(start, start + 1)
        && text.is_free(start + 1)
    {
        start += 1;
    }
    // "[Group][Other Group] Title"
    let number = text
        .first_marked(start, &[Mark::Number])
        .unwrap_or(text.len());
    if reading.group
        && text
            .bracket_of(start)
            .is_some_and(|b| b.first == start && b.kind == '[')
    {
        start = (start..number)
            .find(|i| text.is_free(*i) && text.bracket_of(*i).is_none())
            .unwrap_or(start);
    }
    let end = text.first_claimed(start);
    // "标题 第二季 Title S2 [05]": the Latin title behind the season in ideographs
    let (next, number) = (text.first_free(end), text.first_free_end(end));
    let foreign = !text.ascii
        && (start..end).all(|i| is_foreign(text.raw(i)))
        && text.mark(end) == Mark::Number
        && is_foreign(text.raw(end));
    if foreign
        && (next..number).any(|i| is_latin_word(text.raw(i)))
        && text.mark(number) == Mark::Number
        && text.gap_before(next) & gap::BRACKET == 0
    {
        reading.alternative = render(text, Region { start, end });
        return Some(Region {
            start: next,
            end: number,
        });
    }
    reading.leading |= passed && reading.is_numbered();
    Some(Region { start, end })
}

/// `[Group][标题][Title][04]`: of several brackets, the last in Latin letters, else the first.
fn in_soup(reading: &Reading, region: Region) -> Option<Region> {
    let text = &reading.text;
    let opening = text
        .bracket_of(region.start)
        .filter(|b| b.first == region.start && b.kind == '[' && b.last <= region.end)?;
    let boxes: Vec<_> = text
        .brackets
        .iter()
        .filter(|b| {
            b.first >= opening.first && b.last <= region.end && b.kind == '[' && b.last > b.first
        })
        .collect();
    let covered = boxes.iter().map(|b| b.last - b.first).sum::<usize>();
    if covered < region.end - region.start {
        // "[Title] rest": the bracket is part of the title only if it ends it.
        return None;
    }
    let usable = |b: &&&Bracket| {
        !(b.first..b.last).any(|i| text.has(i, SCRIPT))
            && !matches!(text.keys(b.first, b.last), "movie" | "tv")
    };
    let latin = boxes
        .iter()
        .rev()
        .filter(usable)
        .find(|b| (b.first..b.last).any(|i| is_latin_word(text.raw(i))));
    let chosen = latin.or_else(|| boxes.iter().find(usable))?;
    Some(Region {
        start: chosen.first,
        end: chosen.last,
    })
}

/// Drops what stands at the end of a title and does not belong to it.
fn trim(reading: &mut Reading, region: &mut Region) {
    loop {
        let before = region.end;
        trim_bracket(reading, region);
        trim_word(reading, region);
        if region.end == before {
            return;
        }
    }
}

/// `Show (US) - Name S02E09`: the country ends the show's title.
fn trim_country(reading: &mut Reading, region: &mut Region) {
    let text = &reading.text;
    let country = |i: &usize| {
        text.has(*i, COUNTRY)
            && reading.alone_in_bracket(*i, *i + 1)
            && gap::is_dash(text.gap_after(*i))
    };
    if let Some(at) = (region.start + 1..region.end)
        .find(country)
        .filter(|_| reading.has_episode())
    {
        reading.country = country_of(text.key(at));
        region.end = at;
    }
}

/// Whether a country in capitals stands in brackets of its own.
pub(super) fn has_country(text: &Text) -> bool {
    let country = |b: &Bracket| {
        b.kind == '('
            && b.first > 0
            && b.last == b.first + 1
            && text.has(b.first, COUNTRY)
            && text.tokens.get(b.first).is_some_and(|t| t.capitals)
    };
    text.brackets.iter().any(country)
}

/// As series are called by it: `The Office (UK)`.
fn country_of(key: &str) -> Option<&'static str> {
    let countries = [
        ("us", "US"),
        ("usa", "US"),
        ("uk", "UK"),
        ("au", "AU"),
        ("nz", "NZ"),
        ("ca", "CA"),
        ("ie", "IE"),
        ("za", "ZA"),
    ];
    countries
        .iter()
        .find(|(word, _)| *word == key)
        .map(|(_, country)| *country)
}

/// A bracket at the end of the title: another title, a director, a country.
fn trim_bracket(reading: &mut Reading, region: &mut Region) {
    let text = &reading.text;
    let Some(bracket) = region.end.checked_sub(1).and_then(|i| text.bracket_of(i)) else {
        return;
    };
    if bracket.first <= region.start || bracket.last < region.end {
        return;
    }
    // Groups write "Title (Second Title) - 05" where both make the title.
    let own = bracket.kind == '('
        && reading.group
        && reading.has_episode()
        && is_latin_word(text.raw(bracket.first))
        && !counts_season(text, bracket)
        && !matches!(
            text.keys(bracket.first, bracket.last),
            "tv" | "uncensored" | "bd" | "dvd"
        );
    // "Birdman or (The Unexpected Virtue)"
    let or = matches!(text.key(bracket.first - 1), "or" | "oder" | "ou");
    if own || or {
        return;
    }
    let aka = matches!(text.key(bracket.first), "aka" | "alias");
    if aka && bracket.first + 1 < bracket.last {
        reading.alternative = render(
            text,
            Region {
                start: bracket.first + 1,
                end: bracket.last,
            },
        );
    }
    if bracket.first + 1 == bracket.last {
        reading.country = country_of(text.key(bracket.first)).or(reading.country);
    }
    region.end = bracket.first;
}

/// `(Season 1)`, but not `(The Final Season)`.
fn counts_season(text: &Text, bracket: &Bracket) -> bool {
    let inside = || bracket.first..bracket.last;
    inside().any(|i| text.has(i, SEASON)) && inside().any(|i| text.number(i).is_some())
}

fn trim_word(reading: &mut Reading, region: &mut Region) {
    let text = &reading.text;
    if region.end < region.start + 2 {
        return;
    }
    let last = region.end - 1;
    let capital = text.tokens.get(last).is_some_and(|t| t.capitals);
    let mixed = || {
        (region.start..last).any(|i| {
            text.tokens
                .get(i)
                .is_some_and(|t| !t.capitals && t.number.is_none())
        })
    };
    let country = text.has(last, COUNTRY)
        && (capital && mixed() || is_small_country(text, *region))
        && reading.is_numbered()
        && !text.has(last - 1, BINDS);
    let whole = text.has(last, WHOLE)
        && (reading.is_numbered()
            || text.key(last - 1) == "the"
            || gap::is_dash(text.gap_before(last)))
        && text.mark(region.end) != Mark::Free;
    let article = text.key(last) == "the"
        && text.gap_before(last) & gap::COMMA == 0
        && region.end < text.len()
        && matches!(text.mark(region.end), Mark::Tech | Mark::Number)
        || text.key(last) == "the" && text.has(region.end, WHOLE);
    let worded = text.has(last, SEASON | EPISODE)
        && text.mark(region.end) == Mark::Number
        && !gap::is_dash(text.gap_before(region.end))
        && reading.is_numbered()
        && text.key(last).len() > 1
        && text.key(last).is_ascii()
        && !matches!(text.key(last), "series" | "serie" | "serien")
        && !(matches!(text.key(last), "season" | "seasons" | "saison" | "saisons")
            && tells_both(text.key(region.end)));
    // "heute-show vom 12.03.2021"
    let dated = matches!(text.key(last), "vom" | "from")
        && reading.date.is_some()
        && text.mark(region.end) == Mark::Number;
    let counter = matches!(text.raw(last), "第" | "제")
        || matches!(text.key(last), "tv" | "series")
            && gap::is_dash(text.gap_before(last))
            && reading.is_numbered();
    if country {
        reading.country = country_of(text.key(last));
    }
    if country || whole || article || counter || worded || dated {
        region.end = last;
    }
}

/// `the.office.us`, where everything is small. "Us" is also a word: `this.is.us`.
fn is_small_country(text: &Text, region: Region) -> bool {
    let last = region.end - 1;
    let small = (region.start..region.end).all(|i| !text.raw(i).contains(char::is_uppercase));
    let word = text.key(last) == "us" && BEFORE_US.contains(&text.key(last - 1));
    small && matches!(text.key(last), "us" | "usa" | "uk" | "au" | "nz") && !word
}

/// `s01e02`: what stands before it need not say that it is a season.
fn tells_both(key: &str) -> bool {
    let digits = key.strip_prefix('s').unwrap_or_default();
    digits
        .trim_start_matches(|c: char| c.is_ascii_digit())
        .starts_with('e')
        && digits.starts_with(|c: char| c.is_ascii_digit())
}

fn is_latin_word(raw: &str) -> bool {
    raw.chars().filter(char::is_ascii_alphabetic).count() >= 2
}

fn is_foreign(raw: &str) -> bool {
    raw.chars().any(|c| c >= '\u{370}' && c.is_alphabetic())
        && !raw.chars().any(|c| c.is_ascii_alphabetic())
}

/// Of a title in two scripts the Latin one is the title, the other an alternative.
fn split_scripts(text: &Text, region: Region) -> (Option<String>, Option<String>) {
    let tokens = || region.start..region.end;
    let whole = || (render(text, region), None);
    if text.ascii
        || !tokens().any(|i| is_foreign(text.raw(i)))
        || !tokens().any(|i| is_latin_word(text.raw(i)))
    {
        return whole();
    }
    let slash = |i: &usize| text.gap_before(*i) & (gap::SLASH | gap::OTHER) != 0;
    if (region.start + 1..region.end).any(|i| slash(&i)) {
        return split_at_slashes(text, region);
    }
    let first_latin = tokens()
        .find(|i| is_latin_word(text.raw(*i)))
        .unwrap_or(region.start);
    let last_latin = tokens()
        .rev()
        .find(|i| is_latin_word(text.raw(*i)))
        .unwrap_or(region.start);
    let ideographs = tokens().filter(|i| is_foreign(text.raw(*i))).all(|i| {
        !text
            .raw(i)
            .chars()
            .any(|c| ('\u{400}'..'\u{530}').contains(&c))
    });
    if !ideographs || (first_latin..=last_latin).any(|i| is_foreign(text.raw(i))) {
        return whole();
    }
    if first_latin > region.start {
        // Numbers and other signs behind the foreign part belong to the Latin one.
        let border = tokens()
            .rev()
            .find(|i| is_foreign(text.raw(*i)) && *i < first_latin)
            .map_or(first_latin, |i| {
                // "流浪地球2.The.Wandering.Earth": the number is glued to the foreign part
                i + 1 + usize::from(text.number(i + 1).is_some() && text.gap_before(i + 1) == 0)
            });
        return (
            render(
                text,
                Region {
                    start: border,
                    ..region
                },
            ),
            render(
                text,
                Region {
                    end: border,
                    ..region
                },
            ),
        );
    }
    let border = (last_latin..region.end)
        .find(|i| is_foreign(text.raw(*i)))
        .unwrap_or(region.end);
    (
        render(
            text,
            Region {
                end: border,
                ..region
            },
        ),
        render(
            text,
            Region {
                start: border,
                ..region
            },
        ),
    )
}

fn split_at_slashes(text: &Text, region: Region) -> (Option<String>, Option<String>) {
    let (mut latin, mut foreign): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut start = region.start;
    for at in region.start + 1..=region.end {
        if at < region.end && text.gap_before(at) & (gap::SLASH | gap::OTHER) == 0 {
            continue;
        }
        let own = (start..at).any(|i| is_foreign(text.raw(i)));
        let part = render(text, Region { start, end: at });
        if own {
            foreign.extend(part)
        } else {
            latin.extend(part)
        }
        start = at;
    }
    let joined = |list: Vec<String>| (!list.is_empty()).then(|| list.join(" / "));
    if latin.is_empty() {
        return (render(text, region), None);
    }
    (joined(latin), joined(foreign))
}

/// The text between the number and the next thing found.
fn behind_number(reading: &Reading, from: usize) -> Option<String> {
    let text = &reading.text;
    let number = text.first_marked(from, &[Mark::Number])?;
    let start = (number..text.len()).find(|i| {
        text.mark(*i) != Mark::Number
            && !(text.mark(*i) == Mark::Year && text.bracket_of(*i).is_some())
    })?;
    if !text.is_free(start)
        || text
            .bracket_of(start)
            .is_some_and(|b| b.kind == '[' && b.first == start)
    {
        return None;
    }
    let mut region = Region {
        start,
        end: text.first_claimed(start),
    };
    // "S01E05 - The Final Cut"
    if matches!(text.key(region.end - 1), "the" | "a" | "an")
        && text.gap_before(region.end) & gap::BRACKET == 0
        && let Some((length, flags)) = phrase_at(text, region.end)
        && flags & EDITION != 0
    {
        region.end += length;
    }
    // "E20.END": the last one
    if region.end == start + 1 && text.raw(start) == "END" {
        return None;
    }
    // "S01E02-GROUP"
    let group =
        text.gap_before(start) == gap::HYPHEN && region.end == start + 1 && start + 1 == text.len();
    if let Some(bracket) = text.bracket_of(region.end - 1)
        && bracket.first > region.start
    {
        region.end = bracket.first;
    }
    if group { None } else { render(text, region) }
}

/// `Show.2013.Christmas.Special`: an episode without a number.
fn find_special(reading: &mut Reading, from: usize) {
    let text = &reading.text;
    if reading.is_numbered()
        || reading.bracketed_year
        || text.mark(from) != Mark::Year
        || text.gap_before(from) & gap::BRACKET != 0
    {
        return;
    }
    let start = from + 1;
    let end = text.first_claimed(start);
    if (start..end).any(|i| text.has(i, SPECIAL) && text.key(i) == "special") {
        reading.special = true;
        reading.episode_title = render(text, Region { start, end });
    }
}
