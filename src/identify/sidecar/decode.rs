//! Bytes to text: UTF-8, UTF-16 with its mark, and for everything else the old Western code page, which is what the
//! programs that declare nothing, or something else than they write, mostly wrote.

use std::borrow::Cow;

/// Never fails; what is no text becomes odd text.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes).into(),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes).into(),
        _ => utf8(bytes),
    }
}

fn utf8(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        // The limit on what is read may cut the last letter in two.
        Err(error) if error.error_len().is_none() => {
            let whole = bytes.get(..error.valid_up_to()).unwrap_or_default();
            String::from_utf8_lossy(whole)
        }
        Err(_) => bytes.iter().map(|byte| windows_1252(*byte)).collect(),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = bytes.chunks_exact(2).filter_map(|pair| match pair {
        [a, b] => Some(unit([*a, *b])),
        _ => None,
    });
    char::decode_utf16(units)
        .map(|letter| letter.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

/// The punctuation that people meet; the rest of the page is Latin-1.
fn windows_1252(byte: u8) -> char {
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
    use super::text;

    #[test]
    fn text_is_read_in_whatever_encoding_it_comes() {
        let utf16 = |text: &str, unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
            text.encode_utf16().flat_map(unit).collect()
        };
        for (name, bytes, wanted) in [
            ("UTF-8", "Amélie".as_bytes().to_vec(), "Amélie"),
            ("with a mark", b"\xef\xbb\xbfHeat".to_vec(), "Heat"),
            ("Latin-1", b"Am\xe9lie".to_vec(), "Amélie"),
            ("Windows", b"Don\x92t".to_vec(), "Don’t"),
            ("UTF-16 LE", utf16("\u{feff}Мост", u16::to_le_bytes), "Мост"),
            ("UTF-16 BE", utf16("\u{feff}Мост", u16::to_be_bytes), "Мост"),
            ("cut in a letter", b"Am\xc3".to_vec(), "Am"),
            ("half a surrogate", b"\xff\xfe\x00\xd8".to_vec(), "\u{fffd}"),
            ("nothing", vec![], ""),
        ] {
            assert_eq!(text(&bytes), wanted, "{name}");
        }
    }
}
