//! Sites, checksums, ids and technical words.

use super::Ids;
use super::reading::Reading;
use super::token::{Bracket, Firsts, Mark, Text, Token, gap, phrase_at};
use super::words::{
    ANIME, BINDS, CODE, COUNTRY, DOMAIN, EDITION, LANGUAGE, SCRIPT, SOUND, TECH, WEAK, WHOLE,
};

/// Heights a picture has; they are technical beside a technical word even without `p`.
const HEIGHTS: &[u32] = &[360, 480, 540, 576, 720, 1080, 1440, 2160, 4320];

/// Titles that end in a language.
const OF_LANGUAGE: &[&str] = &["johnny english", "the good german"];

/// Marks what says nothing about the work.
pub(super) fn mark_noise(reading: &mut Reading) {
    mark_ids(reading);
    mark_sites(&mut reading.text);
    mark_checksum(reading);
    mark_ripped(&mut reading.text);
}

/// `Film_t00`: a title of a disc, as MakeMKV calls it.
fn mark_ripped(text: &mut Text) {
    let last = text.len().saturating_sub(1);
    let of_disc = matches!(text.raw(last).as_bytes(), [b't', a, b] if a.is_ascii_digit() && b.is_ascii_digit());
    if last > 0 && of_disc && text.gap_before(last) == gap::UNDERSCORE {
        text.set(last, last + 1, Mark::Noise);
    }
}

/// `{tmdb-550}`, `[tmdbid=550]`, `(imdb-tt0137523)`, `[tt0137523]`; and without a bracket `tmdb-550`, `tt0137523`.
fn mark_ids(reading: &mut Reading) {
    let mut found = Ids::default();
    for index in 0..reading.text.brackets.len() {
        let Some(bracket) = reading.text.brackets.get(index).copied() else {
            continue;
        };
        let first = reading.text.first(bracket.first);
        if !matches!(first, b't' | b'i' | b'a' | b'm' | b'e') {
            continue;
        }
        let inside = reading.text.keys(bracket.first, bracket.last);
        if inside.len() > 40 || !id(inside, &mut found) {
            continue;
        }
        reading.text.set(bracket.first, bracket.last, Mark::Noise);
    }
    if !reading.text.may_open_with(const { Firsts::of(b"t") }) {
        reading.ids = found;
        return;
    }
    for at in 0..reading.text.len() {
        let text = &reading.text;
        if text.first(at) != b't' {
            continue;
        }
        let joined = text.gap_before(at + 1) == gap::HYPHEN;
        let Some(number) = text.number(at + 1).filter(|n| joined && n.value > 0) else {
            continue;
        };
        let place = match text.key(at) {
            "tmdb" | "tmdbid" => &mut found.tmdb,
            "tvdb" | "tvdbid" => &mut found.tvdb,
            _ => continue,
        };
        if text.is_free(at) {
            place.get_or_insert(number.value.into());
            reading.text.set(at, at + 2, Mark::Noise);
        }
    }
    reading.ids = found;
    let may_be = |t: &Token| t.first() == b't' && t.has_digit() && t.mark == Mark::Free;
    let mut numbered = reading.text.tokens.iter().enumerate();
    let lone = numbered
        .find_map(|(at, token)| (may_be(token) && is_imdb(reading.text.key(at))).then_some(at));
    if let Some(at) = lone {
        reading
            .ids
            .imdb
            .get_or_insert(reading.text.key(at).to_owned());
        reading.text.set(at, at + 1, Mark::Noise);
    }
}

fn is_imdb(key: &str) -> bool {
    key.strip_prefix("tt")
        .is_some_and(|n| (7..=9).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit()))
}

fn id(inside: &str, found: &mut Ids) -> bool {
    let compact: String = inside.split(' ').collect();
    if is_imdb(&compact) {
        found.imdb = Some(compact);
        return true;
    }
    let kinds = [
        "tmdb",
        "themoviedb",
        "imdb",
        "tvdb",
        "thetvdb",
        "tvmaze",
        "anidb",
        "anilist",
        "mal",
        "edition",
    ];
    let Some(kind) = kinds.iter().find(|kind| compact.starts_with(**kind)) else {
        return false;
    };
    let rest = compact.get(kind.len()..).unwrap_or("");
    let value = rest.strip_prefix("id").unwrap_or(rest);
    let number = value.parse().ok().filter(|n| *n > 0);
    match *kind {
        "tmdb" | "themoviedb" => found.tmdb = found.tmdb.or(number),
        "tvdb" | "thetvdb" => found.tvdb = found.tvdb.or(number),
        "imdb" if is_imdb(value) => found.imdb = Some(value.to_owned()),
        _ => return number.is_some() || *kind == "edition",
    }
    true
}

fn mark_sites(text: &mut Text) {
    // Its dot may be lost: "[site com] Title".
    let lost = text.bracket_of(0).is_some();
    let label = |t: &Token| t.flags & DOMAIN != 0 && (t.gap == gap::DOT || lost);
    let any = text.may_open_with(const { Firsts::of(b"wh") })
        || text.may_have(DOMAIN) && text.tokens.iter().any(label);
    let mut at = if any { 0 } else { text.len() };
    while at < text.len() {
        let opens = text.gap_before(at) & (gap::OPEN | gap::EDGE) != 0;
        if !(opens || matches!(text.first(at), b'w' | b'h')) {
            at += 1;
            continue;
        }
        let until = site_at(text, at).unwrap_or(at);
        if until > at {
            // "阳光电影www.site.com": the site's name in its own script
            let named = at == 1 && text.gap_before(at) == 0;
            text.set(at - usize::from(named), until, Mark::Noise);
        }
        at = until.max(at + 1);
    }
    // "From [ site ] - Title", "by site"
    let from = text.key(0) == "from"
        && text.mark(1) == Mark::Noise
        && text.gap_before(1) & gap::BRACKET != 0;
    if from {
        text.set(0, 1, Mark::Noise);
    }
}

/// A site that begins here, and the token behind it.
fn site_at(text: &Text, at: usize) -> Option<usize> {
    let is_www = matches!(text.first(at), b'w' | b'h')
        && matches!(
            text.key(at),
            "www" | "ww" | "www1" | "www2" | "http" | "https"
        );
    let opens = text.gap_before(at) & (gap::OPEN | gap::EDGE) != 0 && text.may_have(DOMAIN);
    if !(is_www || opens) {
        return None;
    }
    let joined = |i: usize| matches!(text.gap_before(i), gap::DOT | gap::HYPHEN);
    let mut until = at + 1;
    while until < text.len() && joined(until) {
        until += 1;
    }
    if is_www {
        return Some(www_end(text, at, until));
    }
    // Without "www." only what stands alone in a bracket or opens the name is sure to be one.
    let (last, ends) = (until - 1, text.gap_before(until));
    let domain = text.has(last, DOMAIN) && text.gap_before(last) == gap::DOT;
    let starts = text.gap_before(at) & (gap::OPEN | gap::EDGE) != 0;
    let bracketed = text.gap_before(at) & gap::OPEN != 0 && ends & gap::CLOSE != 0;
    let sure = matches!(text.key(last), "com" | "net" | "org" | "ru" | "info");
    let leads = at == 0 && until - at == 2 && sure && ends & (gap::UNDERSCORE | gap::SPACE) != 0;
    if domain && starts && until - at >= 2 && (bracketed || leads) {
        return Some(until);
    }
    // "[site com] Title": the dot is lost
    let inner = text.bracket_of(at).is_some_and(|b| {
        b.first == at
            && b.last == at + 2
            && matches!(text.key(at + 1), "com" | "net" | "org")
            && text.gap_before(at + 1) == gap::SPACE
            && at == 0
    });
    inner.then_some(at + 2)
}

/// `www.site.tld` or, with its dots lost, `www site tld - Title`.
fn www_end(text: &Text, at: usize, joined: usize) -> usize {
    if joined - at >= 3 {
        // "www.site.com.Title.2010": the name ends at its domain.
        let domain = (at + 2..joined.min(at + 5)).find(|i| text.has(*i, DOMAIN));
        return domain.map_or(joined, |i| if joined - i > 2 { i + 1 } else { joined });
    }
    let domain = (at + 1..(at + 5).min(text.len())).find(|i| text.has(*i, DOMAIN));
    domain.map_or(joined, |i| i + 1)
}

/// Eight hexadecimal digits in brackets or at the end.
fn mark_checksum(reading: &mut Reading) {
    if !reading.text.may_be_long(8) {
        return;
    }
    for at in (0..reading.text.len()).rev() {
        let counted = |token: &Token| token.len() == 8 && token.has_digit();
        if !reading.text.tokens.get(at).is_some_and(counted) {
            continue;
        }
        let raw = reading.text.raw(at);
        let hex = raw.bytes().all(|b| b.is_ascii_hexdigit());
        if !hex || !reading.text.is_free(at) {
            continue;
        }
        let bracketed = reading.alone_in_bracket(at, at + 1);
        let letters = raw.bytes().any(|b| b.is_ascii_alphabetic());
        let last = at + 1 == reading.text.len()
            && at > 0
            && letters
            && reading.text.gap_before(at) & (gap::HYPHEN | gap::SPACE | gap::UNDERSCORE) != 0;
        let date = !letters && (raw.starts_with("19") || raw.starts_with("20"));
        if (bracketed && !date) || last {
            reading.text.set(at, at + 1, Mark::Noise);
            reading.checksum = true;
        }
    }
}

/// Marks the words that are technical wherever they stand.
pub(super) fn mark_technical(text: &mut Text) {
    let mut at = 0;
    while at < text.len() {
        if text.flags(at) == 0 {
            at += 1;
            continue;
        }
        let (length, flags) = phrase_at(text, at).unwrap_or((1, text.flags(at)));
        let code = flags & CODE != 0 && !text.tokens.get(at).is_some_and(|t| t.capitals);
        // "The Final Cut (2004)" is a title.
        let titled = flags & EDITION != 0
            && length > 1
            && (at == 0 || at == 1 && text.has(0, BINDS))
            && text.gap_before(at) & gap::BRACKET == 0;
        let titled = titled || opens_with_bits(text, at, length);
        if flags & TECH != 0 && !code && !titled && text.is_free(at) {
            text.set(at, at + length, Mark::Tech);
            size_before(text, at);
            // "25th Anniversary Edition"
            if flags & EDITION != 0 && text.key(at) == "anniversary" && at > 1 {
                let ordinal = text.key(at - 1);
                if ordinal.starts_with(|c: char| c.is_ascii_digit()) && ordinal.ends_with("th") {
                    text.set(at - 1, at, Mark::Tech);
                }
            }
            let behind = if flags & SOUND != 0 {
                channels(text, at + length)
            } else {
                0
            };
            text.set(at + length, at + length + behind, Mark::Tech);
            at += length + behind;
        } else {
            if flags & (WEAK | EDITION) != 0 && length > 1 {
                text.add_flags(at, at + length, flags);
            }
            at += length;
        }
    }
    mark_neighbours(text);
}

/// `16bit Sensation`, `8-Bit Christmas`: nobody opens a name by how many bits a colour has.
fn opens_with_bits(text: &Text, at: usize, length: usize) -> bool {
    let group = |b: &Bracket| b.first == 0 && b.last == at;
    let opens =
        (0..at).all(|i| text.mark(i) == Mark::Noise) || text.brackets.first().is_some_and(group);
    let last = at + length - 1;
    opens
        && matches!(
            text.key(last)
                .trim_start_matches(|c: char| c.is_ascii_digit()),
            "bit" | "bits"
        )
        && text.bracket_of(at).is_none()
        && text.is_free(last + 1)
        && text.flags(last + 1) & (TECH | WEAK) == 0
}

/// The whole part of `1.46Gb`.
fn size_before(text: &mut Text, at: usize) {
    let is_number = |i: &usize| text.number(*i).is_some_and(|n| n.digits <= 3);
    let Some(before) = at.checked_sub(1).filter(is_number) else {
        return;
    };
    let unit = text.opens_with_digit(at) || matches!(text.key(at), "mbps" | "kbps" | "gb" | "mb");
    let size = ["gb", "mb", "tb", "gib", "mib", "mbps", "mbits", "mbit"]
        .iter()
        .any(|u| text.key(at).ends_with(u));
    let joined = matches!(text.gap_before(at), gap::DOT | gap::COMMA)
        || text.raw(at).len() < 5 && !text.opens_with_digit(at);
    if size && unit | joined && joined {
        text.set(before, at, Mark::Tech);
    }
}

/// How many tokens behind a sound are its channels: `5.1`, `.1` behind `DD5`, `2 0`.
fn channels(text: &Text, at: usize) -> usize {
    let digit = |i: usize, most: u32| {
        text.number(i)
            .is_some_and(|n| n.digits == 1 && n.value <= most)
            && text.gap_before(i) & (gap::BRACKET | gap::HYPHEN) == 0
    };
    let glued = at
        .checked_sub(1)
        .is_some_and(|i| text.raw(i).ends_with(|c: char| c.is_ascii_digit()));
    if digit(at, 9) && digit(at + 1, 4) {
        2
    } else if glued && digit(at, 4) && !digit(at + 1, 9) {
        1
    } else {
        0
    }
}

/// Numbers that are technical beside a technical word: `720`, `5.1`.
fn mark_neighbours(text: &mut Text) {
    let numbers = if text.has_numbers() { text.len() } else { 0 };
    for at in 0..numbers {
        let Some(number) = text.number(at) else {
            continue;
        };
        let height = number.digits > 2
            && HEIGHTS.contains(&number.value)
            && at > 0
            && text.gap_before(at) & gap::COMMA == 0;
        let surround = matches!(number.value, 2 | 5 | 6 | 7)
            && number.digits == 1
            && text.gap_after(at) == gap::DOT
            && text
                .number(at + 1)
                .is_some_and(|n| n.digits == 1 && n.value < 3);
        if !(height || surround) {
            continue;
        }
        let before = at
            .checked_sub(1)
            .is_some_and(|i| text.mark(i) == Mark::Tech);
        let after = at + 1 < text.len()
            && (text.mark(at + 1) == Mark::Tech
                || text.has(at + 1, WEAK) && !text.has(at + 1, CODE));
        let joined = text.gap_after(at) & gap::BRACKET == 0;
        let inside = text.bracket_of(at).is_some_and(|b| {
            (b.first..b.last).any(|i| {
                text.mark(i) == Mark::Tech || text.has(i, TECH | WEAK) && !text.has(i, CODE)
            })
        });
        let last = at > 1
            && at + 1 == text.len()
            && matches!(text.gap_before(at), gap::SPACE | gap::DOT | gap::UNDERSCORE)
            && number.value >= 480;
        if height && (before || inside || last || after && joined) {
            text.set(at, at + 1, Mark::Tech);
        } else if surround
            && (before || text.mark(at + 2) == Mark::Tech || text.bracket_of(at).is_some())
        {
            text.set(at, at + 2, Mark::Tech);
        }
    }
}

/// Decides which of the words that may be technical are, from the last to the first.
pub(super) fn settle(reading: &mut Reading) {
    settle_brackets(reading);
    if reading.text.may_have(WEAK) {
        settle_words(reading);
    }
    reading.anime |= reading.text.may_have(ANIME)
        && (0..reading.text.len()).any(|i| {
            reading.text.has(i, ANIME)
                && matches!(
                    reading.text.key(i),
                    "vostfr" | "fansub" | "oad" | "ona" | "ova"
                )
        });
}

fn settle_words(reading: &mut Reading) {
    let anchored = reading
        .text
        .first_marked(0, &[Mark::Tech, Mark::Year, Mark::Number]);
    for at in (0..reading.text.len()).rev() {
        if !reading.text.is_free(at) || !reading.text.has(at, WEAK) {
            continue;
        }
        if is_technical_here(reading, at, anchored) {
            reading.text.set(at, at + 1, Mark::Tech);
        }
    }
}

fn is_technical_here(reading: &Reading, at: usize, anchored: Option<usize>) -> bool {
    let text = &reading.text;
    let Some(token) = text.tokens.get(at) else {
        return false;
    };
    let behind_anchor = anchored.is_some_and(|i| i < at);
    if !behind_anchor
        && (token.flags & CODE != 0 && !token.capitals || reading.opens(at) || binds(text, at))
    {
        return false;
    }
    let article = at
        .checked_sub(1)
        .is_some_and(|i| matches!(text.key(i), "the" | "a" | "an") && text.is_free(i))
        && !token.capitals;
    // "Dr. No", "Waiting.for.Dutch"
    let code = token.flags & CODE != 0;
    let word = code && token.gap & gap::SPACE != 0 && is_title_case(text.raw(at));
    let bound = token.flags & LANGUAGE != 0 && !code && !token.capitals && binds(text, at);
    if article || word || bound {
        return false;
    }
    let next = at + 1;
    let closes = text.gap_after(at) & gap::BRACKET != 0;
    if next >= text.len() {
        let codes = token.capitals
            && (token.flags & CODE == 0 || gap::is_dash(token.gap))
            && text.raw(at).len() > 1;
        // "Midnight on the Firing Line" behind a number: with nothing technical anywhere it ends the episode's name.
        let named = text.gap_before(at) == gap::SPACE
            && is_everyday(text.raw(at))
            && text.is_free(at.saturating_sub(1))
            && anchored.is_some_and(|i| text.mark(i) == Mark::Number)
            && text.first_marked(0, &[Mark::Tech]).is_none();
        return behind_anchor && !named || codes && at > 0;
    }
    match text.mark(next) {
        // "Charlotte's Web [1080p]"
        Mark::Tech => {
            behind_anchor
                || !closes
                || text.bracket_of(at).is_some()
                || token.flags & (LANGUAGE | EDITION) != 0
                || !is_everyday(text.raw(at))
        }
        // What closes an episode's title may be followed by a group: " ... .WEB-GRP" is already technical.
        Mark::Noise => behind_anchor,
        Mark::Year => before_year(reading, at),
        Mark::Number => {
            let mixed = (0..at).any(|i| text.is_free(i) && is_everyday(text.raw(i)));
            let long = text.raw(at).len() > 3 || token.flags & LANGUAGE != 0 && mixed;
            token.capitals && token.flags & CODE == 0 && long
                || token.flags & WHOLE != 0 && behind_anchor
        }
        Mark::Disc => true,
        Mark::Free => false,
    }
}

/// Written like a word of a title: `Web`, not `WEB` or `v2`.
fn is_everyday(raw: &str) -> bool {
    raw.len() > 2 && is_title_case(raw)
}

fn is_title_case(raw: &str) -> bool {
    raw.starts_with(char::is_uppercase) && raw.chars().skip(1).all(char::is_lowercase)
}

/// Whether the word before belongs to this one: `The Italian`.
fn binds(text: &Text, at: usize) -> bool {
    at.checked_sub(1).is_some_and(|i| {
        let joined = text.gap_before(at) & gap::AMPERSAND != 0 && !text.has(i, WEAK);
        (text.has(i, BINDS) || joined)
            && text.mark(i) == Mark::Free
            && text.gap_before(at) & gap::BRACKET == 0
    })
}

/// `Film.EXTENDED.2014`, `Film.German.2010`; but `Nurse.3D.2013` keeps its sign.
fn before_year(reading: &Reading, at: usize) -> bool {
    let text = &reading.text;
    let flags = text.flags(at);
    if flags & (EDITION | WHOLE) != 0
        || matches!(
            text.key(at),
            "custom" | "limited" | "proper" | "multi" | "hybrid"
        )
    {
        return true;
    }
    let dotted = text.gap_before(at) == gap::DOT && !reading.bracketed_year;
    let again = (at + 1..text.len()).any(|i| text.has(i, LANGUAGE));
    let title = text.keys(text.first_free(0), at + 1);
    if OF_LANGUAGE.contains(&title) {
        return false;
    }
    flags & LANGUAGE != 0 && dotted && !again && text.raw(at).len() > 3
}

/// A bracket with a technical word in it is technical; so is one of nothing but words that may be.
fn settle_brackets(reading: &mut Reading) {
    for index in 0..reading.text.brackets.len() {
        let Some(bracket) = reading.text.brackets.get(index).copied() else {
            continue;
        };
        if bracket.first < bracket.last && bracket_is_technical(reading, bracket) {
            for at in bracket.first..bracket.last {
                if reading.text.is_free(at) {
                    reading.text.set(at, at + 1, Mark::Tech);
                }
            }
        }
    }
}

fn bracket_is_technical(reading: &Reading, bracket: Bracket) -> bool {
    let text = &reading.text;
    let inside = || bracket.first..bracket.last;
    let sure = inside().any(|i| text.mark(i) == Mark::Tech);
    if sure {
        // A whole name in brackets is none: "[Title S01E02 1080p]".
        let named = inside().any(|i| matches!(text.mark(i), Mark::Year | Mark::Number));
        return !(whole_title(text, bracket) || named && reading.opens(bracket.first));
    }
    if inside().any(|i| text.has(i, SCRIPT)) {
        return true;
    }
    let known = |i: usize| {
        text.has(i, WEAK | LANGUAGE | EDITION)
            || text.mark(i) != Mark::Free
            || matches!(
                text.key(i),
                "edition" | "version" | "cut" | "st" | "season" | "batch" | "tv" | "ver"
            )
    };
    let country = inside().count() == 1 && text.has(bracket.first, COUNTRY);
    let words = inside().any(|i| text.has(i, WEAK | LANGUAGE | EDITION) && text.is_free(i));
    let title = bracket.first == 0 && bracket.last == text.len();
    words && inside().all(known) && !country && !title
}

/// Opening bracket that holds the title and ends in a technical word: `[Title HD REMASTER][01]`.
fn whole_title(text: &Text, bracket: Bracket) -> bool {
    let free = (bracket.first..bracket.last)
        .filter(|i| text.is_free(*i) && !text.has(*i, WEAK))
        .count();
    bracket.first == 0 && bracket.kind == '[' && free > 2 && text.mark(bracket.first) == Mark::Free
}
