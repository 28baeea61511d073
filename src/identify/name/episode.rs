//! `S01E02`, `1x02`, `E02` and what may follow them.

use super::reading::{Reading, extend_to, push};
use super::token::{Firsts, Mark, gap};
use super::words::{self, TECH, WEAK};

/// Longest range that a plain `-` makes: `S01E02-1080` is none.
const LONGEST_RANGE: u32 = 200;

/// Season and episode numbers read at one place, and the byte behind them.
#[derive(Default)]
struct Span {
    season: Vec<u32>,
    episode: Vec<u32>,
    end: usize,
}

/// A place in a text, read without regard to case.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).map_or(0, u8::to_ascii_lowercase)
    }

    fn eat(&mut self, wanted: u8) -> bool {
        let found = self.peek() == wanted;
        self.at += usize::from(found);
        found
    }

    fn eat_word(&mut self, wanted: &[u8]) -> bool {
        let found = self
            .bytes
            .get(self.at..self.at + wanted.len())
            .is_some_and(|rest| rest.eq_ignore_ascii_case(wanted));
        if found {
            self.at += wanted.len();
        }
        found
    }

    /// At most `most` digits and no more behind them.
    fn digits(&mut self, most: usize) -> Option<u32> {
        let (start, mut value) = (self.at, 0_u32);
        while self.peek().is_ascii_digit() && self.at - start < 6 {
            value = value * 10 + u32::from(self.peek() - b'0');
            self.at += 1;
        }
        let count = self.at - start;
        if count == 0 || count > most || self.peek().is_ascii_digit() {
            self.at = start;
            return None;
        }
        Some(value)
    }

    /// `v2` behind a number.
    fn version(&mut self) {
        let mut ahead = *self;
        if ahead.eat(b'v') && ahead.digits(1).is_some() && !ahead.peek().is_ascii_alphanumeric() {
            *self = ahead;
        }
    }

    fn skip(&mut self, set: &[u8], most: usize) -> usize {
        let start = self.at;
        while self.at - start < most && self.peek() != 0 && set.contains(&self.peek()) {
            self.at += 1;
        }
        self.at - start
    }

    /// No letter or digit follows.
    fn at_boundary(&self) -> bool {
        !self.peek().is_ascii_alphanumeric()
    }

    /// `e`, `ep`, `x` and a number.
    fn episode(&mut self, letters: &[u8]) -> Option<u32> {
        let mut ahead = *self;
        let letter = ahead.peek();
        if !letters.contains(&letter) {
            return None;
        }
        ahead.at += 1;
        if letter == b'e' {
            let word = ahead.eat(b'p');
            ahead.skip(if word { b" ._" } else { b"" }, 1);
        } else if letter == b'x' {
            ahead.eat(b'e');
        }
        let value = ahead.digits(5)?;
        *self = ahead;
        Some(value)
    }
}

/// How two numbers are joined.
struct Joint {
    range: bool,
    tight: bool,
    /// Only signs that join numbers, no space or dot.
    plain: bool,
}

fn joint(cursor: &mut Cursor) -> Joint {
    let start = cursor.at;
    cursor.skip(b" ._-+&~,", 4);
    let signs = cursor.bytes.get(start..cursor.at).unwrap_or(&[]);
    let mut range = signs.contains(&b'-') || signs.contains(&b'~');
    let plain = matches!(signs, [b'-' | b'+' | b'&' | b'~' | b','] | b" & " | b" + ");
    let tight = cursor.at == start;
    if !tight && (cursor.eat_word(b"and") || cursor.eat_word(b"et") || cursor.eat_word(b"und")) {
        cursor.skip(b" ._", 1);
    } else if !tight
        && (cursor.eat_word(b"to ") || cursor.eat_word(b"to.") || cursor.eat_word(b"a "))
    {
        range = true;
    }
    Joint {
        range,
        tight,
        plain,
    }
}

/// Whether digits at the cursor are a plain number that may end a range.
fn plain_end(cursor: &mut Cursor, last: u32) -> Option<u32> {
    let mut ahead = *cursor;
    let value = ahead.digits(4)?;
    ahead.version();
    let fits = value > last && value - last <= LONGEST_RANGE;
    if !fits || !ahead.at_boundary() {
        return None;
    }
    *cursor = ahead;
    Some(value)
}

/// `_02`, `.02` behind `01`: the very next one, with no title (`S01E23.24.Hours`) and no date behind it.
fn next_one(cursor: Cursor, last: u32) -> Option<(Cursor, u32)> {
    let mut ahead = cursor;
    if ahead.skip(b"._", 2) != 1 {
        return None;
    }
    let start = ahead.at;
    let value = ahead.digits(2).filter(|value| *value == last + 1)?;
    let counts = ahead.at - start == 2 && ahead.at_boundary();
    (counts && (ends_numbers(ahead) || next_one(ahead, value).is_some())).then_some((ahead, value))
}

/// No word and no number follows, unless a technical one.
fn ends_numbers(mut cursor: Cursor) -> bool {
    cursor.skip(b" ._", 1);
    let word: String = std::iter::from_fn(|| {
        let next = char::from(cursor.peek());
        cursor.at += 1;
        next.is_ascii_alphanumeric().then_some(next)
    })
    .collect();
    word.is_empty() || words::word(&word) & (TECH | WEAK) != 0
}

/// `E03`, `-04`, `+05`, `x06`, ` - S01E07` behind an episode.
fn more_episodes(cursor: &mut Cursor, span: &mut Span, by_x: bool) {
    loop {
        cursor.version();
        let mut ahead = *cursor;
        let joint = joint(&mut ahead);
        let last = span.episode.last().copied().unwrap_or(0);
        let next = again(&mut ahead, span, by_x)
            .or_else(|| {
                ahead.episode(if joint.tight || joint.plain {
                    b"ex"
                } else {
                    b"e"
                })
            })
            .or_else(|| {
                if joint.plain {
                    plain_end(&mut ahead, last)
                } else {
                    None
                }
            })
            .or_else(|| {
                let (behind, value) = next_one(*cursor, last)?;
                ahead = behind;
                Some(value)
            });
        let Some(value) = next.filter(|_| span.episode.len() < super::MOST_EPISODES) else {
            break;
        };
        if joint.range && value > last && value - last <= super::MOST_EPISODES as u32 {
            extend_to(&mut span.episode, value);
        } else {
            push(&mut span.episode, value);
        }
        *cursor = ahead;
    }
    span.end = cursor.at;
}

/// The same season once more, `S01E03` or `1x03`: its episode.
fn again(cursor: &mut Cursor, span: &Span, by_x: bool) -> Option<u32> {
    let mut ahead = *cursor;
    if !by_x && !ahead.eat(b's') {
        return None;
    }
    let season = ahead.digits(4)?;
    if span.season.first() != Some(&season) {
        return None;
    }
    if !by_x {
        ahead.skip(b" ._-", 1);
    }
    let value = ahead.episode(if by_x { b"x" } else { b"e" })?;
    *cursor = ahead;
    Some(value)
}

/// `S01E02`, `s1.ep2`, `S01-E02`, `S03x01`, `T01E02`, `T01.E02`, `T01C02`, `Se 1 Ep 2`.
fn season_episode(bytes: &[u8], at: usize) -> Option<Span> {
    let mut cursor = Cursor { bytes, at };
    let spanish = cursor.peek() == b't';
    if !(cursor.eat(b's') || cursor.eat(b't')) {
        return None;
    }
    let short = !spanish && cursor.eat(b'e');
    if short {
        cursor.skip(b" ._", 1);
    }
    let start = cursor.at;
    let season = cursor.digits(if spanish || short { 2 } else { 4 })?;
    let direct = cursor;
    let gap = cursor.skip(b" ._-[", 3);
    // "T1.C05": both letters, and an episode of two digits
    if spanish && gap == 1 && cursor.peek() == b'c' {
        let mut chapter = cursor;
        let value = chapter.episode(b"c")?;
        let padded = chapter.at - cursor.at > 2 && chapter.at_boundary();
        return padded.then(|| Span {
            season: vec![season],
            episode: vec![value],
            end: chapter.at,
        });
    }
    if spanish && gap > 0 && !(gap == 1 && direct.at - start == 2) {
        return None;
    }
    let mut episode = cursor.episode(match (short || spanish && gap > 0, spanish) {
        (true, _) => b"e",
        (false, true) => b"exc",
        (false, false) => b"ex",
    });
    if short && episode.is_none() {
        return None;
    }
    if episode.is_none() && gap == 0 {
        // S01.05 is no episode, S0105 is no season: only the letter tells.
        cursor = direct;
        episode = cursor.episode(b"e");
    }
    // "s0310": both in four digits, unless they are a year
    let run = direct.at - at == 5
        && !spanish
        && direct.at_boundary()
        && !(1900..2100).contains(&season)
        && season % 100 > 0;
    let (season, episode) = match episode {
        None if run => (season / 100, season % 100),
        found => (season, found?),
    };
    let mut span = Span {
        season: vec![season],
        episode: vec![episode],
        end: 0,
    };
    more_episodes(&mut cursor, &mut span, false);
    Some(span)
}

/// `1x02`, `2016x03`, `5x44x45`; no picture size.
fn cross(bytes: &[u8], at: usize) -> Option<Span> {
    let mut cursor = Cursor { bytes, at };
    let season = cursor.digits(4)?;
    if season > 99 && !(1900..=2100).contains(&season) {
        return None;
    }
    let start = cursor.at;
    let episode = cursor.episode(b"x")?;
    let digits = cursor.at - start - 1;
    if season > 99 && digits > 2 {
        return None;
    }
    let mut span = Span {
        season: vec![season],
        episode: vec![episode],
        end: 0,
    };
    more_episodes(&mut cursor, &mut span, true);
    // "1x02a": half of it
    if digits == 2 && matches!(cursor.peek(), b'a' | b'b') {
        cursor.at += 1;
    }
    cursor.at_boundary().then_some(span)
}

/// `E02`, `Ep02`, `E02-03`.
fn bare_episode(bytes: &[u8], at: usize) -> Option<Span> {
    let mut cursor = Cursor { bytes, at };
    let episode = cursor.episode(b"e")?;
    let mut span = Span {
        season: Vec::new(),
        episode: vec![episode],
        end: 0,
    };
    more_plain(&mut cursor, &mut span);
    cursor.at_boundary().then_some(span)
}

/// As [`more_episodes`]; numbers with spaces between count too if there are several digits: `E01 02 03`.
fn more_plain(cursor: &mut Cursor, span: &mut Span) {
    more_episodes(cursor, span, false);
    loop {
        let mut ahead = *cursor;
        if ahead.skip(b" ", 1) == 0 {
            return;
        }
        let start = ahead.at;
        let next = span.episode.last().map(|n| n + 1);
        if ahead.digits(3) != next || ahead.at - start < 2 || !ahead.at_boundary() {
            return;
        }
        next.into_iter().for_each(|n| push(&mut span.episode, n));
        *cursor = ahead;
        span.end = cursor.at;
    }
}

/// `S01`, `S01-S03`, `S01+S02`, `S01-03`.
fn seasons(bytes: &[u8], at: usize) -> Option<Span> {
    let mut cursor = Cursor { bytes, at };
    if !cursor.eat(b's') {
        return None;
    }
    let mut span = Span {
        season: vec![cursor.digits(2)?],
        ..Span::default()
    };
    loop {
        let mut ahead = cursor;
        let joint = joint(&mut ahead);
        let marked = ahead.eat(b's');
        let last = span.season.last().copied().unwrap_or(0);
        let Some(value) = ahead.digits(2).filter(|_| marked || joint.plain) else {
            break;
        };
        if !ahead.at_boundary() && ahead.peek() != b's' || (!marked && value <= last) {
            break;
        }
        if joint.range && value > last {
            extend_to(&mut span.season, value);
        } else {
            push(&mut span.season, value);
        }
        cursor = ahead;
    }
    let mut rest = cursor;
    let disc = rest.eat(b'd') && rest.digits(2).is_some();
    let worded = [b"extra".as_slice(), b"bonus", b"special", b"complete"]
        .iter()
        .any(|word| rest.eat_word(word));
    span.end = if disc { rest.at } else { cursor.at };
    (disc || worded || cursor.at_boundary()).then_some(span)
}

/// Finds the first `S01E02` or `1x02`; without one, the first `E02` and `S01`.
pub(super) fn find(reading: &mut Reading) {
    let both = search(reading, const { Firsts::of(b"st") }, season_episode)
        .or_else(|| search(reading, Firsts::DIGITS, cross));
    if let Some((at, span)) = both {
        take(reading, at, span);
        return;
    }
    let season = search(reading, const { Firsts::of(b"s") }, seasons);
    let episode = search(reading, const { Firsts::of(b"e") }, bare_episode);
    for (at, span) in season.into_iter().chain(episode) {
        take(reading, at, span);
    }
}

/// The first token that opens with one of `firsts` and that `scan` takes.
fn search(
    reading: &Reading,
    firsts: Firsts,
    scan: fn(&[u8], usize) -> Option<Span>,
) -> Option<(usize, Span)> {
    if !reading.text.may_open_with(firsts) {
        return None;
    }
    let bytes = reading.text.text.as_bytes();
    reading
        .text
        .tokens
        .iter()
        .enumerate()
        .filter(|(_, token)| token.mark == Mark::Free && firsts.may_have(token.first()))
        // "S01E02"; and "Se 1 Ep 2"
        .filter(|(_, token)| token.has_digit() || token.len() == 2)
        .find_map(|(at, token)| {
            let span = scan(bytes, token.start())?;
            // "x264-S78" names a group, "5.1x2" channels.
            let before = at.checked_sub(1);
            let technical = before.is_some_and(|i| {
                reading.text.mark(i) == Mark::Tech
                    && (token.gap == gap::HYPHEN
                        || token.gap == gap::DOT
                            && bytes.get(token.start()).is_some_and(u8::is_ascii_digit))
            }) && token.len() < 4;
            if technical {
                return None;
            }
            // "3x3 Eyes": a lone digit on either side opens no episode's name.
            let title = at == 0
                && token.len() == 3
                && span.end == token.end()
                && token.number.is_none()
                && bytes.get(token.start()).is_some_and(u8::is_ascii_digit);
            // "5x2 (2004)": nothing but a year behind it
            let text = &reading.text;
            let dated = text.len() == 2
                && text.number(1).is_some_and(|n| n.digits == 4)
                && text.bracket_of(1).is_some();
            let followed =
                dated || text.gap_after(at) & (gap::EDGE | gap::HYPHEN | gap::BRACKET) == 0;
            if title && followed {
                None
            } else {
                Some((at, span))
            }
        })
}

fn take(reading: &mut Reading, at: usize, span: Span) {
    let until = reading.text.token_from(span.end).max(at + 1);
    reading.text.set(at, until, Mark::Number);
    if !span.season.is_empty() {
        reading.season = span.season;
    }
    if !span.episode.is_empty() {
        reading.episode = span.episode;
    }
}
