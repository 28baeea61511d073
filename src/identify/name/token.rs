//! Cuts one part of a path into words, and notes what stands between them.

mod cut;

use std::ops::Range;

use super::words::{self, HEAD};

/// What stands between two words.
pub(super) mod gap {
    pub const DOT: u16 = 1;
    pub const SPACE: u16 = 1 << 1;
    pub const UNDERSCORE: u16 = 1 << 2;
    pub const HYPHEN: u16 = 1 << 3;
    pub const COMMA: u16 = 1 << 4;
    pub const OPEN: u16 = 1 << 5;
    pub const CLOSE: u16 = 1 << 6;
    pub const SLASH: u16 = 1 << 7;
    pub const PLUS: u16 = 1 << 8;
    pub const AMPERSAND: u16 = 1 << 9;
    pub const TILDE: u16 = 1 << 10;
    pub const COLON: u16 = 1 << 11;
    pub const OTHER: u16 = 1 << 12;
    /// Start or end of the text.
    pub const EDGE: u16 = 1 << 13;
    /// More than one hyphen.
    pub const HYPHENS: u16 = 1 << 14;

    pub const BRACKET: u16 = OPEN | CLOSE;

    /// A dash between two phrases, not a hyphen in a word.
    pub fn is_dash(gap: u16) -> bool {
        gap & HYPHEN != 0 && gap & (SPACE | UNDERSCORE | DOT | HYPHENS) != 0
    }
}

/// What a word has been found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mark {
    #[default]
    Free,
    /// Technical.
    Tech,
    Year,
    /// Season, episode or date.
    Number,
    /// Says nothing about the work: site, checksum, id, group.
    Noise,
    /// `cd1`, or a bonus's number.
    Disc,
}

/// A number that is a word of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub value: u32,
    /// Digits as written, zeros in front included.
    pub digits: u8,
    /// `v2` stood behind it.
    pub versioned: bool,
}

/// Small, since names are read by the thousand: no part of a path is longer than `u16` counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    start: u16,
    end: u16,
    key_start: u16,
    key_end: u16,
    /// What stands before it.
    pub gap: u16,
    /// Outermost bracket it stands in, counted from one; 0 is none.
    bracket: u16,
    /// First byte of its key, which rules out most of what it might be.
    first: u8,
    /// Of which signs it is made.
    signs: u8,
    pub number: Option<Number>,
    pub flags: u32,
    /// What the letters are in front of digits glued to them: `Ep` of `Ep07`.
    pub stem: u32,
    pub mark: Mark,
    /// Has letters, and none of them small.
    pub capitals: bool,
}

impl Token {
    /// First byte of it in the text.
    pub fn start(&self) -> usize {
        self.start.into()
    }

    /// First byte behind it.
    pub fn end(&self) -> usize {
        self.end.into()
    }

    /// First byte of its key; 0 if it has none.
    pub fn first(&self) -> u8 {
        self.first
    }

    /// Whether there is a digit in it.
    pub fn has_digit(&self) -> bool {
        self.signs & cut::DIGIT != 0
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.end().saturating_sub(self.start())
    }

    fn key(&self) -> Range<usize> {
        self.key_start.into()..self.key_end.into()
    }
}

/// First bytes of keys, one bit each; those that are not ASCII share one with others.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Firsts(u64);

impl Firsts {
    pub const DIGITS: Self = Self::of(b"0123456789");

    pub const fn of(bytes: &[u8]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < bytes.len() {
            bits |= Self::bit(bytes[at]);
            at += 1;
        }
        Self(bits)
    }

    /// Small letters and digits have one each.
    const fn bit(first: u8) -> u64 {
        1 << (first & 31 | (first & 64) >> 1)
    }

    pub fn may_have(self, first: u8) -> bool {
        self.0 & Self::bit(first) != 0
    }
}

fn length_bit(bytes: usize) -> u32 {
    1 << bytes.min(31)
}

/// No part of a path, nor what it is folded to, is longer than this counts.
fn small(n: usize) -> u16 {
    n as u16
}

/// An outermost pair of brackets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bracket {
    pub kind: char,
    /// First token inside, and the one behind the last.
    pub first: usize,
    pub last: usize,
    pub start: usize,
    pub end: usize,
}

/// One part of a path, cut up.
#[derive(Debug, Default)]
pub(super) struct Text {
    pub text: String,
    keys: String,
    pub tokens: Vec<Token>,
    pub brackets: Vec<Bracket>,
    /// What stands behind the last token.
    pub tail: u16,
    /// What any of the tokens, or its stem, has been found to be.
    any: u32,
    /// Of the first bytes of the keys.
    firsts: Firsts,
    /// Of how many bytes the tokens are, one bit each; the last for all longer ones.
    lengths: u32,
    /// Of how many digits the numbers are, one bit each.
    digits: u8,
    /// Has no letters but Latin ones without accents.
    pub ascii: bool,
    /// While it is cut: kinds of the brackets open, outermost first.
    open: Vec<char>,
}

impl Text {
    pub fn key(&self, at: usize) -> &str {
        self.tokens
            .get(at)
            .and_then(|t| self.keys.get(t.key()))
            .unwrap_or("")
    }

    /// Keys of several tokens, joined by spaces.
    pub fn keys(&self, from: usize, until: usize) -> &str {
        let (Some(first), Some(last)) = (
            self.tokens.get(from),
            until.checked_sub(1).and_then(|i| self.tokens.get(i)),
        ) else {
            return "";
        };
        self.keys
            .get(first.key().start..last.key().end)
            .unwrap_or("")
    }

    pub fn raw(&self, at: usize) -> &str {
        self.tokens
            .get(at)
            .and_then(|t| self.text.get(t.start()..t.end()))
            .unwrap_or("")
    }

    pub fn slice(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or("")
    }

    pub fn flags(&self, at: usize) -> u32 {
        self.tokens.get(at).map_or(0, |t| t.flags)
    }

    pub fn has(&self, at: usize, flags: u32) -> bool {
        self.flags(at) & flags != 0
    }

    /// Whether any token or its stem could be one of these: most passes find nothing, and need not look.
    pub fn may_have(&self, flags: u32) -> bool {
        self.any & flags != 0
    }

    /// Whether any key could open with one of these.
    pub fn may_open_with(&self, firsts: Firsts) -> bool {
        self.firsts.0 & firsts.0 != 0
    }

    /// Whether any token is of so many bytes, if those are not many.
    pub fn may_be_long(&self, bytes: usize) -> bool {
        self.lengths & length_bit(bytes) != 0
    }

    /// Whether there is any number.
    pub fn has_numbers(&self) -> bool {
        self.digits != 0
    }

    /// Whether there is a number of so many digits.
    pub fn may_count(&self, digits: u8) -> bool {
        self.digits & (1 << digits) != 0
    }

    /// Adds to what several tokens are.
    pub fn add_flags(&mut self, from: usize, until: usize, flags: u32) {
        self.any |= flags;
        for token in self.tokens.get_mut(from..until).into_iter().flatten() {
            token.flags |= flags;
        }
    }

    /// First byte of a token's key; 0 if it has none.
    pub fn first(&self, at: usize) -> u8 {
        self.tokens.get(at).map_or(0, Token::first)
    }

    /// Whether a token's key opens with a digit.
    pub fn opens_with_digit(&self, at: usize) -> bool {
        self.first(at).is_ascii_digit()
    }

    pub fn mark(&self, at: usize) -> Mark {
        self.tokens.get(at).map_or(Mark::Noise, |t| t.mark)
    }

    pub fn is_free(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|t| t.mark == Mark::Free)
    }

    /// The number at a place that nothing has claimed.
    pub fn number(&self, at: usize) -> Option<Number> {
        self.tokens
            .get(at)
            .filter(|t| t.mark == Mark::Free)
            .and_then(|t| t.number)
    }

    pub fn gap_before(&self, at: usize) -> u16 {
        self.tokens.get(at).map_or(self.tail, |t| t.gap)
    }

    pub fn gap_after(&self, at: usize) -> u16 {
        self.gap_before(at + 1)
    }

    pub fn bracket_of(&self, at: usize) -> Option<&Bracket> {
        let index = usize::from(self.tokens.get(at)?.bracket).checked_sub(1)?;
        self.brackets.get(index)
    }

    pub fn set(&mut self, from: usize, until: usize, mark: Mark) {
        let until = until.min(self.tokens.len());
        if let Some(tokens) = self.tokens.get_mut(from..until) {
            for token in tokens {
                token.mark = mark;
            }
        }
    }

    /// First token at or behind `from` for which something holds.
    fn first_that(&self, from: usize, holds: impl Fn(&Token) -> bool) -> Option<usize> {
        let behind = self.tokens.get(from..)?;
        behind.iter().position(holds).map(|at| from + at)
    }

    /// First token at or behind `from` that carries one of the marks.
    pub fn first_marked(&self, from: usize, marks: &[Mark]) -> Option<usize> {
        self.first_that(from, |token| marks.contains(&token.mark))
    }

    /// First unclaimed token at or behind `from`.
    pub fn first_free(&self, from: usize) -> usize {
        self.first_that(from, |token| token.mark == Mark::Free)
            .unwrap_or(self.len())
    }

    /// First token at or behind `from` that is claimed, or the end.
    pub fn first_claimed(&self, from: usize) -> usize {
        self.first_that(from, |token| token.mark != Mark::Free)
            .unwrap_or(self.len())
    }

    /// End of the first run of unclaimed tokens at or behind `from`.
    pub fn first_free_end(&self, from: usize) -> usize {
        self.first_claimed(self.first_free(from))
    }

    /// Index of the first token that starts at or behind a byte.
    pub fn token_from(&self, byte: usize) -> usize {
        self.tokens.partition_point(|t| t.start() < byte)
    }

    pub fn len(&self) -> usize {
        self.tokens.len()
    }

    /// Empties it, so that its room can be used for another.
    pub fn clear(&mut self) {
        self.text.clear();
        self.keys.clear();
        self.tokens.clear();
        self.brackets.clear();
        self.open.clear();
        (self.any, self.lengths, self.digits) = (0, 0, 0);
        self.firsts = Firsts::default();
    }

    /// A normalised text that is not cut yet.
    pub fn whole(text: String) -> Self {
        Self {
            text,
            ..Self::default()
        }
    }
}

/// Longest phrase that starts at a token: its length in tokens and what it is.
pub(super) fn phrase_at(text: &Text, at: usize) -> Option<(usize, u32)> {
    if !text.has(at, HEAD) {
        return None;
    }
    for length in [4, 3, 2] {
        let until = at + length;
        if until > text.len() || (at + 1..until).any(|i| text.gap_before(i) & gap::BRACKET != 0) {
            continue;
        }
        let flags = words::phrase(text.keys(at, until));
        if flags != 0 {
            return Some((length, flags));
        }
    }
    None
}
