//! Text from outside: bytes that should be UTF-8 (names of files are whatever bytes somebody gave them once), and signs
//! that are no text.

use std::borrow::Cow;

/// Never fails. Each piece between slashes and quotes is read by itself: as UTF-8, else as Windows-1252 if that makes words
/// of it, and otherwise with replacement characters, which name nothing.
#[must_use]
pub fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.into();
    }
    let mut text = String::with_capacity(bytes.len());
    for piece in bytes.split_inclusive(|byte| matches!(byte, b'/' | b'"')) {
        match std::str::from_utf8(piece) {
            Ok(piece) => text.push_str(piece),
            Err(_) if is_western(piece) => text.extend(piece.iter().copied().map(windows_1252)),
            Err(_) => text.push_str(&String::from_utf8_lossy(piece)),
        }
    }
    text.into()
}

/// Whether something holds for every byte of a text. They are looked at by the eight, of which the last may overlap: `holds`
/// should have no branches.
pub(crate) fn every_byte(text: &str, holds: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    let all = |bytes: &[u8]| bytes.iter().fold(true, |all, byte| all & holds(*byte));
    match bytes.last_chunk::<8>() {
        Some(last) => all(last) && bytes.as_chunks::<8>().0.iter().all(|eight| all(eight)),
        None => all(bytes),
    }
}

/// Without control characters, and without what turns or hides text: marks of direction, and what has no width but for the
/// joiners that scripts are written with.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    if !text.contains(|c: char| c.is_control() || hidden(c)) {
        return text.into();
    }
    let kept = text.chars().filter(|c| !hidden(*c));
    kept.map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Whether the accents stand in words of plain letters, as in Western Europe. In other code pages whole words are
/// accented, or signs stand inside of them.
fn is_western(bytes: &[u8]) -> bool {
    let letter = |byte: u8| windows_1252(byte).is_alphabetic();
    let words = bytes.split(|byte| !letter(*byte));
    let plain = |word: &[u8]| word.len() < 2 || word.iter().any(u8::is_ascii_alphabetic);
    let sign = |window: &[u8]| match window {
        [before, sign, after] => {
            let quote = matches!(sign, 0x92 | 0xb4 | 0xb7);
            !sign.is_ascii() && !letter(*sign) && !quote && letter(*before) && letter(*after)
        }
        _ => false,
    };
    let control = |byte: &u8| windows_1252(*byte).is_control();
    words.into_iter().all(plain)
        && !bytes.windows(3).any(sign)
        && !bytes.iter().filter(|byte| !byte.is_ascii()).any(control)
}

/// The punctuation and letters that people meet; the rest of the page is Latin-1.
#[must_use]
pub fn windows_1252(byte: u8) -> char {
    match byte {
        0x80 => '€',
        0x85 => '…',
        0x8a => 'Š',
        0x8c => 'Œ',
        0x8e => 'Ž',
        0x91 => '‘',
        0x92 => '’',
        0x93 => '“',
        0x94 => '”',
        0x96 => '–',
        0x97 => '—',
        0x9a => 'š',
        0x9c => 'œ',
        0x9e => 'ž',
        0x9f => 'Ÿ',
        other => char::from(other),
    }
}

#[cfg(test)]
mod tests {
    use super::{decoded, every_byte};

    #[test]
    fn names_that_are_not_utf8_are_read_as_western_or_not_at_all() {
        for (bytes, wanted, why) in [
            ("Amélie".as_bytes(), "Amélie", "UTF-8"),
            (b"Am\xe9lie (2001).mkv", "Amélie (2001).mkv", "Latin-1"),
            (b"Un \xe9t\xe9 \xe0 Paris", "Un été à Paris", "several"),
            (b"Don\x92t \x96 Look", "Don’t – Look", "punctuation"),
            (b"\xbfQu\xe9?", "¿Qué?", "a sign before a word"),
            (
                b"/\xc3\xa9t\xc3\xa9/Am\xe9lie.mkv",
                "/été/Amélie.mkv",
                "a folder in UTF-8",
            ),
            (
                b"{\"data\":\"/v/Am\xe9lie.mkv\",\"title\":\"\xc3\xa9\"}",
                "{\"data\":\"/v/Amélie.mkv\",\"title\":\"é\"}",
                "in a message",
            ),
            (
                b"\xcc\xee\xf1\xf2 2",
                "\u{fffd}\u{fffd}\u{fffd}\u{fffd} 2",
                "Cyrillic: no plain letter in a word",
            ),
            (
                b"Ch\xb3opaki",
                "Ch\u{fffd}opaki",
                "Polish: a sign in a word",
            ),
            (b"a\x81b", "a\u{fffd}b", "no character at all"),
        ] {
            assert_eq!(decoded(bytes), wanted, "{why}");
        }
    }
    #[test]
    fn every_byte_is_looked_at_wherever_it_stands() {
        for length in 0..40 {
            let text = "x".repeat(length);
            assert!(every_byte(&text, |byte| byte == b'x'));
            for at in 0..length {
                let mut other = text.clone();
                other.replace_range(at..=at, "y");
                assert!(!every_byte(&other, |byte| byte == b'x'), "{other}");
            }
        }
    }
}
