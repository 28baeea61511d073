//! A title as people write it.

use super::token::{Text, gap};

const ARTICLES: &[&str] = &[
    "the", "a", "an", "le", "la", "les", "der", "die", "das", "el", "los", "il", "l",
];

/// A region of the text that holds a title.
#[derive(Clone, Copy)]
pub(super) struct Region {
    pub start: usize,
    pub end: usize,
}

/// The title as people write it: separators become spaces, dots of acronyms and decimals stay.
pub(super) fn render(text: &Text, region: Region) -> Option<String> {
    if region.start >= region.end {
        return None;
    }
    let raw = text.slice(
        text.tokens.get(region.start)?.start(),
        text.tokens.get(region.end - 1)?.end(),
    );
    let between = (region.start + 1..region.end).map(|i| text.gap_before(i));
    let gaps = between.fold(0, |all, gap| all | gap);
    let style = if gaps & gap::SPACE != 0 {
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
    let title = trimmed(&out)?;
    let turned = if gaps & gap::COMMA == 0 {
        None
    } else {
        article_first(title)
    };
    let shorter = || (title.len() < out.len()).then(|| title.to_owned());
    Some(turned.or_else(shorter).unwrap_or(out))
}

/// Without the signs around it; none if there is nothing else.
fn trimmed(title: &str) -> Option<&str> {
    // Nearly every title begins and ends with a letter.
    if let [first, .., last] = title.as_bytes()
        && first.is_ascii_alphanumeric()
        && last.is_ascii_alphanumeric()
    {
        return Some(title);
    }
    let title = title
        .trim_matches([' ', '-', ',', ':', '_', '|', '/', '~', '+', '='])
        .trim();
    title.contains(char::is_alphanumeric).then_some(title)
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
    let between = text.slice(before.end(), after.start());
    match after.gap {
        bits if bits & !(gap::UNDERSCORE | gap::SPACE) == 0 && bits != 0 => out.push(' '),
        gap::DOT if spaced => out.push_str(between),
        gap::HYPHEN if style == Style::Hyphens => out.push(' '),
        gap::PLUS if style == Style::Plus => out.push(' '),
        gap::DOT if between == "..." => out.push_str("... "),
        // "Dr..No"
        gap::DOT if between == ".." && before.len() <= 3 => out.push_str(". "),
        gap::DOT if keeps_dot(text, at) => out.push('.'),
        // "A.I. Name"
        gap::DOT
            if at > 1
                && text.tokens.get(at - 1).is_some_and(|t| t.number.is_none())
                && after.start() - before.end() == 1
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
        token.end(),
        text.tokens
            .get(region.end)
            .map_or(text.text.len(), |t| t.start()),
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
    } else if acronym
        || spaced && behind.starts_with(". ")
        || !spaced && behind.starts_with("..") && token.len() <= 3
    {
        out.push('.');
    }
}

/// `Office, The` is `The Office`.
fn article_first(title: &str) -> Option<String> {
    let (name, article) = title.rsplit_once(',')?;
    let article = article.trim();
    let turned = ARTICLES.contains(&article.to_lowercase().as_str()) && !name.is_empty();
    turned.then(|| format!("{article} {}", name.trim()))
}
