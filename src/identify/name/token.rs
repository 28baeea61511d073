//! Cuts one part of a path into words, and notes what stands between them.

use std::ops::Range;

use super::normalise::FOLDED;
use super::words::{self, HEAD, Words};

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
        self.signs & DIGIT != 0
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

    /// Cuts a whole text into words.
    pub fn cut(&mut self) {
        self.ascii = self.text.is_ascii();
        self.tokens.reserve(24);
        self.keys.reserve(self.text.len() + 16);
        let source = std::mem::take(&mut self.text);
        let mut cutter = Cutter {
            text: self,
            gap: gap::EDGE,
            open: 0,
        };
        if cutter.text.ascii {
            cutter.run_ascii(&source);
        } else {
            cutter.run(&source);
        }
        cutter.finish(source.len());
        self.text = source;
        self.look_up();
    }

    /// Finds out what is known of each word.
    fn look_up(&mut self) {
        let words = words::table();
        for token in &mut self.tokens {
            let key = self.keys.get(token.key()).unwrap_or("");
            token.first = key.bytes().next().unwrap_or(0);
            self.firsts.0 |= Firsts::bit(token.first);
            self.lengths |= length_bit(token.len());
            // What has other signs in it is no number.
            if token.signs & (DIGIT | OTHER) == DIGIT {
                token.number = number(key);
                self.digits |= token.number.map_or(0, |n| 1 << n.digits);
            }
            // Of a bare number nothing is known, but that "8 bit" may begin.
            if token.signs == DIGIT && token.len() > 2 {
                continue;
            }
            token.flags = words.word(key);
            if token.signs & DIGIT != 0 && token.flags == 0 {
                token.stem = stem(key, words);
            }
            self.any |= token.flags | token.stem;
        }
    }
}

/// Where the scripts of a word change, a new word begins: `2006г`, `第01話`, `剧集S01E01`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Digit,
    Latin,
    Alphabet,
    Ideograph,
}

fn script(c: char) -> Script {
    match c {
        '0'..='9' => Script::Digit,
        '\0'..='\u{36f}' | '\u{1e00}'..='\u{206f}' => Script::Latin,
        '\u{2e80}'.. => Script::Ideograph,
        _ => Script::Alphabet,
    }
}

fn breaks(before: Script, after: Script) -> bool {
    use Script::{Alphabet, Digit, Ideograph, Latin};
    matches!(
        (before, after),
        (Digit, Alphabet | Ideograph)
            | (Alphabet | Ideograph, Digit)
            | (Latin, Ideograph)
            | (Ideograph, Latin)
    )
}

/// [`gap_of`] the signs that nearly all names are made of.
const GAPS: [u16; 256] = {
    let mut gaps = [0; 256];
    let mut at = 0;
    while at < 256 {
        gaps[at] = gap_of(at as u8 as char);
        at += 1;
    }
    gaps
};

const fn gap_of(c: char) -> u16 {
    match c {
        ' ' | '\t' | '\u{3000}' | '\u{a0}' => gap::SPACE,
        '.' => gap::DOT,
        '_' => gap::UNDERSCORE,
        '-' => gap::HYPHEN,
        ',' | ';' | '、' => gap::COMMA,
        '(' | '[' | '{' => gap::OPEN,
        ')' | ']' | '}' => gap::CLOSE,
        '/' => gap::SLASH,
        '+' => gap::PLUS,
        '&' => gap::AMPERSAND,
        '~' => gap::TILDE,
        ':' => gap::COLON,
        '|' | '=' | '"' | '★' | '\n' | '\r' | '<' | '>' => gap::OTHER,
        _ => 0,
    }
}

struct Cutter<'a> {
    text: &'a mut Text,
    gap: u16,
    /// Outermost bracket open here, counted from one.
    open: usize,
}

impl Cutter<'_> {
    /// Nearly all names are cut here, and their keys folded on the way.
    fn run_ascii(&mut self, source: &str) {
        // A key is no longer than its word, and one space stands for all that is between two.
        let mut keys = std::mem::take(&mut self.text.keys).into_bytes();
        keys.resize(source.len(), b' ');
        let (mut start, mut key_start, mut key_end, mut signs) = (0, 0, 0, 0);
        for (at, &byte) in source.as_bytes().iter().enumerate() {
            let sign = SIGNS[usize::from(byte)];
            if sign != 0 {
                signs |= sign;
                let folded = FOLDED[usize::from(byte & 127)];
                if let Some(place) = keys.get_mut(key_end) {
                    *place = folded;
                }
                key_end += usize::from(folded != 0);
                continue;
            }
            if signs != 0 {
                self.word(start..at, key_start..key_end, signs);
                if let Some(place) = keys.get_mut(key_end) {
                    *place = b' ';
                }
                key_end += usize::from(key_end > 0);
            }
            self.separator(char::from(byte), GAPS[usize::from(byte)], at);
            (start, key_start, signs) = (at + 1, key_end, 0);
        }
        if signs != 0 {
            self.word(start..source.len(), key_start..key_end, signs);
        }
        self.text.keys = String::from_utf8(keys).unwrap_or_default();
    }

    fn run(&mut self, source: &str) {
        let (mut start, mut signs) = (None, 0);
        let mut last = Script::Latin;
        for (at, c) in source.char_indices() {
            let known = GAPS.get(c as usize);
            let bits = known.copied().unwrap_or_else(|| gap_of(c));
            if bits != 0 {
                if let Some(from) = start.take() {
                    self.foreign_word(source, from, at, signs);
                    signs = 0;
                }
                self.separator(c, bits, at);
                continue;
            }
            let from = *start.get_or_insert(at);
            let now = script(c);
            if from < at && (breaks(last, now) || c == '第') {
                self.foreign_word(source, from, at, signs);
                (start, signs) = (Some(at), 0);
            }
            last = now;
            signs |= SIGNS.get(c as usize).copied().unwrap_or(OTHER);
        }
        if let Some(from) = start {
            self.foreign_word(source, from, source.len(), signs);
        }
    }

    /// Closes the bracket that the text does not.
    fn finish(&mut self, end: usize) {
        self.text.tail = self.gap | gap::EDGE;
        let count = self.text.tokens.len();
        if let Some(bracket) = self
            .open
            .checked_sub(1)
            .and_then(|i| self.text.brackets.get_mut(i))
        {
            (bracket.last, bracket.end) = (count, end);
        }
    }

    #[inline]
    fn separator(&mut self, c: char, bits: u16, at: usize) {
        if bits & gap::BRACKET != 0 {
            return self.bracket(c, bits, at);
        }
        if bits & self.gap & gap::HYPHEN != 0 {
            self.gap |= gap::HYPHENS;
        }
        self.gap |= bits;
    }

    fn bracket(&mut self, c: char, bits: u16, at: usize) {
        // "[[Group]" opens once.
        let last = self.text.brackets.last();
        if c == '['
            && self.text.open.last() == Some(&'[')
            && last.is_some_and(|b| b.end == b.start && at == b.start + 1)
        {
            return;
        }
        self.gap |= bits;
        match c {
            '(' | '[' | '{' => {
                self.text.open.push(c);
                if self.text.open.len() == 1 {
                    let first = self.text.tokens.len();
                    self.text.brackets.push(Bracket {
                        kind: c,
                        first,
                        last: first,
                        start: at,
                        end: at,
                    });
                    self.open = self.text.brackets.len();
                }
            }
            ')' | ']' | '}' => self.close(c, at),
            _ => {}
        }
    }

    fn close(&mut self, c: char, at: usize) {
        let kind = match c {
            ')' => '(',
            ']' => '[',
            _ => '{',
        };
        let Some(depth) = self.text.open.iter().rposition(|open| *open == kind) else {
            return;
        };
        self.text.open.truncate(depth);
        if depth == 0 {
            let count = self.text.tokens.len();
            if let Some(bracket) = self
                .open
                .checked_sub(1)
                .and_then(|i| self.text.brackets.get_mut(i))
            {
                (bracket.last, bracket.end) = (count, at + c.len_utf8());
            }
            self.open = 0;
        }
    }

    /// A word of a text that is not ASCII alone.
    fn foreign_word(&mut self, source: &str, start: usize, end: usize, signs: u8) {
        let raw = source.get(start..end).unwrap_or("");
        let keys = &mut self.text.keys;
        if !keys.is_empty() {
            keys.push(' ');
        }
        let key_start = keys.len();
        super::normalise::fold_into(raw, keys);
        let key = key_start..keys.len();
        let lower = raw.chars().any(char::is_lowercase);
        let upper = raw.chars().any(char::is_uppercase);
        let case = if lower { SMALL } else { 0 } | if upper { CAPITAL } else { 0 };
        self.word(start..end, key, signs & !(SMALL | CAPITAL) | case);
    }

    /// `signs`: of which signs it is made.
    fn word(&mut self, raw: Range<usize>, key: Range<usize>, signs: u8) {
        self.text.tokens.push(Token {
            start: small(raw.start),
            end: small(raw.end),
            key_start: small(key.start),
            key_end: small(key.end),
            gap: self.gap,
            bracket: small(self.open),
            first: 0,
            signs,
            number: None,
            flags: 0,
            stem: 0,
            mark: Mark::Free,
            capitals: signs & (SMALL | CAPITAL) == CAPITAL,
        });
        self.gap = 0;
    }
}

const SMALL: u8 = 1;
const CAPITAL: u8 = 1 << 1;
const DIGIT: u8 = 1 << 2;
const OTHER: u8 = 1 << 3;

/// What each ASCII sign of a word is; those between words are 0.
const SIGNS: [u8; 256] = {
    let mut signs = [OTHER; 256];
    let mut at = 0_u8;
    while at < 128 {
        signs[at as usize] = match at {
            b'a'..=b'z' => SMALL,
            b'A'..=b'Z' => CAPITAL,
            b'0'..=b'9' => DIGIT,
            _ if gap_of(at as char) != 0 => 0,
            _ => OTHER,
        };
        at += 1;
    }
    signs
};

/// What is known about the letters of `ep07`.
fn stem(key: &str, words: &Words) -> u32 {
    let digits = key.bytes().rev().take_while(u8::is_ascii_digit).count();
    let letters = key.get(..key.len() - digits).unwrap_or("");
    let glued = letters.len() >= 2
        && (1..=4).contains(&digits)
        && !letters.bytes().any(|byte| byte.is_ascii_digit());
    if glued { words.word(letters) } else { 0 }
}

/// `07`, `07v2`: at most five digits.
fn number(key: &str) -> Option<Number> {
    let (mut value, mut digits) = (0, 0);
    let mut rest = key.as_bytes();
    while let [digit @ b'0'..=b'9', behind @ ..] = rest {
        if digits == 5 {
            return None;
        }
        value = value * 10 + u32::from(digit - b'0');
        digits += 1;
        rest = behind;
    }
    let versioned = matches!(rest, [b'v', b'0'..=b'9']);
    (digits > 0 && (rest.is_empty() || versioned)).then_some(Number {
        value,
        digits,
        versioned,
    })
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
