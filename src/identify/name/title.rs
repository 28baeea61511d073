//! The title is what is left before the first thing found; the episode's title what is left behind it.

use super::reading::Reading;
use super::token::{Mark, Text, gap};
use super::words::{BINDS, COUNTRY, EPISODE, LANGUAGE, SCRIPT, SEASON, SPECIAL, WHOLE};

const ARTICLES: &[&str] = &[
    "the", "a", "an", "le", "la", "les", "der", "die", "das", "el", "los", "il", "l",
];
const ENDS: &[Mark] = &[
    Mark::Tech,
    Mark::Year,
    Mark::Number,
    Mark::Disc,
    Mark::Noise,
];

/// Marks the group that opens the name: `[Group] Title`.
pub(super) fn find_group(reading: &mut Reading) {
    let text = &reading.text;
    let Some(bracket) = text.brackets.first().copied() else {
        return;
    };
    let before = text.slice(0, bracket.start).trim_matches(['_', ' ', '.']);
    let opens = before.bytes().all(|b| b.is_ascii_digit())
        && bracket.kind != '('
        && bracket.last > bracket.first;
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
        reading.text.set(0, bracket.last, Mark::Noise);
        reading.group = true;
    }
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
        .is_some_and(|t| text.slice(end, t.start).contains(' '))
}

/// A region of the text that holds a title.
#[derive(Clone, Copy)]
struct Region {
    start: usize,
    end: usize,
}

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
    reading.title = title;
    reading.alternative = reading.alternative.take().or(alternative);
    if !reading.leading {
        reading.episode_title = behind_number(reading, region.end);
    }
    find_special(reading, region.end);
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
    let end = text.first_marked(start, ENDS).unwrap_or(text.len());
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
    let usable = |b: &&&super::token::Bracket| {
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
fn trim_country(reading: &Reading, region: &mut Region) {
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
        region.end = at;
    }
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
        && !matches!(
            text.keys(bracket.first, bracket.last),
            "tv" | "uncensored" | "bd" | "dvd"
        );
    if own {
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
    region.end = bracket.first;
}

fn trim_word(reading: &Reading, region: &mut Region) {
    let text = &reading.text;
    if region.end < region.start + 2 {
        return;
    }
    let last = region.end - 1;
    let capital = text.tokens.get(last).is_some_and(|t| t.capitals);
    let mixed = (region.start..last).any(|i| {
        text.tokens
            .get(i)
            .is_some_and(|t| !t.capitals && t.number.is_none())
    });
    let country = text.has(last, COUNTRY)
        && capital
        && mixed
        && reading.is_numbered()
        && !text.has(last - 1, BINDS);
    let whole = text.has(last, WHOLE)
        && (reading.is_numbered() || text.key(last - 1) == "the")
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
        && text.key(last) != "series";
    let counter = matches!(text.raw(last), "第" | "제")
        || matches!(text.key(last), "tv" | "series")
            && gap::is_dash(text.gap_before(last))
            && reading.is_numbered();
    if country || whole || article || counter || worded {
        region.end = last;
    }
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
            .map_or(first_latin, |i| i + 1);
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
        end: text.first_marked(start, ENDS).unwrap_or(text.len()),
    };
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
    let end = text.first_marked(start, ENDS).unwrap_or(text.len());
    if (start..end).any(|i| text.has(i, SPECIAL) && text.key(i) == "special") {
        reading.special = true;
        reading.episode_title = render(text, Region { start, end });
    }
}

/// The title as people write it: separators become spaces, dots of acronyms and decimals stay.
fn render(text: &Text, region: Region) -> Option<String> {
    if region.start >= region.end {
        return None;
    }
    let raw = text.slice(
        text.tokens.get(region.start)?.start,
        text.tokens.get(region.end - 1)?.end,
    );
    let style = if raw.contains(' ') {
        Style::Spaced
    } else {
        joined_style(text, region)
    };
    let mut out = String::with_capacity(raw.len() + 1);
    opening(text, region, &mut out);
    for at in region.start..region.end {
        if at > region.start {
            separator(text, at, style, &mut out);
        }
        out.push_str(text.raw(at));
    }
    closing(text, region, style == Style::Spaced, &mut out);
    let out = article_first(
        out.trim_matches([' ', '-', ',', ':', '_', '|', '/', '~', '+', '='])
            .trim(),
    );
    out.chars().any(char::is_alphanumeric).then_some(out)
}

/// What stands between the words of a title.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Spaced,
    Dotted,
    /// `the-long-road-2016`
    Hyphens,
    /// `The+Long+Road`
    Plus,
}

fn joined_style(text: &Text, region: Region) -> Style {
    let every = |gap: u16| (region.start + 1..region.end).all(|i| text.gap_before(i) == gap);
    let long = region.end - region.start > 2 && !text.text.contains(['.', '_', ' ']);
    if long && every(gap::HYPHEN) {
        Style::Hyphens
    } else if long && every(gap::PLUS) {
        Style::Plus
    } else {
        Style::Dotted
    }
}

/// A bracket that opens the title is kept if the title closes it.
fn opening(text: &Text, region: Region, out: &mut String) {
    if let Some(bracket) = text.bracket_of(region.start)
        && bracket.first == region.start
        && bracket.last < region.end
    {
        out.push(bracket.kind);
    }
}

/// What stands between two words of a title.
fn separator(text: &Text, at: usize, style: Style, out: &mut String) {
    let spaced = style == Style::Spaced;
    let (Some(before), Some(after)) = (
        at.checked_sub(1).and_then(|i| text.tokens.get(i)),
        text.tokens.get(at),
    ) else {
        return;
    };
    let between = text.slice(before.end, after.start);
    match after.gap {
        bits if bits & !(gap::UNDERSCORE | gap::SPACE) == 0 && bits != 0 => out.push(' '),
        gap::DOT if spaced => out.push_str(between),
        gap::HYPHEN if style == Style::Hyphens => out.push(' '),
        gap::PLUS if style == Style::Plus => out.push(' '),
        gap::DOT if keeps_dot(text, at) => out.push('.'),
        // "A.I. Name"
        gap::DOT
            if at > 1
                && text.tokens.get(at - 1).is_some_and(|t| t.number.is_none())
                && after.start - before.end == 1
                && keeps_dot(text, at - 1)
                && text.gap_before(at - 1) == gap::DOT =>
        {
            out.push_str(". ")
        }
        gap::DOT => out.push(' '),
        bits if gap::is_dash(bits) && bits & gap::BRACKET == 0 => out.push_str(" - "),
        bits if bits & (gap::UNDERSCORE | gap::DOT) != 0 && !spaced => {
            out.push_str(&between.replace(['_', '.'], " ").replace("  ", " "))
        }
        _ => out.push_str(&between.replace('_', " ")),
    }
}

/// Dots in `S.H.I.E.L.D.` and `3.33`, not those between words.
fn keeps_dot(text: &Text, at: usize) -> bool {
    let single =
        |i: usize| text.raw(i).len() == 1 && text.raw(i).bytes().all(|b| b.is_ascii_uppercase());
    let digits = |i: usize| {
        text.tokens
            .get(i)
            .is_some_and(|t| t.number.is_some_and(|n| n.digits <= 2))
    };
    let before = at - 1;
    single(before) && single(at) || digits(before) && digits(at) && text.raw(before).len() == 1
}

/// The last dot of an acronym, a closing bracket, three dots.
fn closing(text: &Text, region: Region, spaced: bool, out: &mut String) {
    let last = region.end - 1;
    let Some(token) = text.tokens.get(last) else {
        return;
    };
    let behind = text.slice(
        token.end,
        text.tokens
            .get(region.end)
            .map_or(text.text.len(), |t| t.start),
    );
    let acronym = last > region.start
        && token.number.is_none()
        && keeps_dot(text, last)
        && behind.starts_with('.');
    if let Some(bracket) = text.bracket_of(last)
        && bracket.last == region.end
        && bracket.first >= region.start
        && (bracket.first > region.start || bracket.last < region.end)
    {
        out.push(match bracket.kind {
            '(' => ')',
            '[' => ']',
            _ => '}',
        });
    }
    if behind.starts_with("...") {
        out.push_str("...");
    } else if acronym || spaced && behind.starts_with(". ") {
        out.push('.');
    }
}

/// `Office, The` is `The Office`.
fn article_first(title: &str) -> String {
    if let Some((name, article)) = title.rsplit_once(',') {
        let article = article.trim();
        if ARTICLES.contains(&article.to_lowercase().as_str()) && !name.is_empty() {
            return format!("{article} {}", name.trim());
        }
    }
    title.to_owned()
}
