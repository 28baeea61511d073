//! Cuts a text into words, and looks up what is known of each.

use std::ops::Range;

use super::{Bracket, Firsts, Mark, Number, Text, Token, gap, length_bit, small};
use crate::identify::name::normalise::{self, FOLDED};
use crate::identify::name::words::{self, Words};

impl Text {
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
        normalise::fold_into(raw, keys);
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
pub(super) const DIGIT: u8 = 1 << 2;
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
