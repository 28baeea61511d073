//! Bytes to text: UTF-8 and UTF-16, whatever is declared; else the code page that is declared, if it is Western or
//! Cyrillic; else what makes words. What nobody can read becomes replacement characters, and its ids stay legible.

use std::borrow::Cow;

use crate::model::{decoded, windows_1252};

/// Never fails; what is no text becomes odd text.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    match bytes {
        [0xef, 0xbb, 0xbf, rest @ ..] => utf8(rest),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes).into(),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes).into(),
        // Without its mark: the first sign is a "<".
        [b'<', 0, ..] => utf16(bytes, u16::from_le_bytes).into(),
        [0, b'<', ..] => utf16(bytes, u16::from_be_bytes).into(),
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
        Err(_) => match declared(bytes).as_deref() {
            Some("iso-8859-1" | "iso-8859-15" | "latin1" | "windows-1252" | "cp1252") => {
                bytes.iter().map(|byte| windows_1252(*byte)).collect()
            }
            Some("windows-1251" | "cp1251") => {
                bytes.iter().map(|byte| windows_1251(*byte)).collect()
            }
            None | Some("utf-8" | "utf-16" | "us-ascii") => decoded(bytes),
            Some(_) => String::from_utf8_lossy(bytes),
        },
    }
}

/// The `encoding` of the XML declaration, in small letters.
fn declared(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(200))?;
    let end = head.iter().position(|byte| *byte == b'>')?;
    let head = std::str::from_utf8(head.get(..end)?).ok()?;
    let (_, rest) = head.strip_prefix("<?xml")?.split_once("encoding")?;
    let value = rest.trim_start().strip_prefix('=')?.trim_start();
    let name: &str = value.get(1..)?.split(['"', '\'']).next()?;
    Some(name.to_ascii_lowercase())
}

/// The letters of Russian; the rest of the page as the Western one.
fn windows_1251(byte: u8) -> char {
    match byte {
        0xa8 => 'Ё',
        0xb8 => 'ё',
        0xb9 => '№',
        0xc0..=0xff => char::from_u32(u32::from(byte) - 0xc0 + 0x410).unwrap_or('?'),
        other => windows_1252(other),
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
            (
                "UTF-16 without its mark",
                utf16("<Мост>", u16::to_le_bytes),
                "<Мост>",
            ),
            (
                "declared",
                b"<?xml version='1.0' encoding=\"Windows-1251\"?>\xcc\xee\xf1\xf2".to_vec(),
                "<?xml version='1.0' encoding=\"Windows-1251\"?>Мост",
            ),
            (
                "declared Western, whatever it looks like",
                b"<?xml encoding = 'ISO-8859-1'?>\xe9\xe9".to_vec(),
                "<?xml encoding = 'ISO-8859-1'?>éé",
            ),
            (
                "declared as something that is not known",
                b"<?xml encoding='koi8-r'?>\xcd.".to_vec(),
                "<?xml encoding='koi8-r'?>\u{fffd}.",
            ),
            (
                "declared as what it is not",
                b"<?xml encoding='utf-8'?>Am\xe9lie".to_vec(),
                "<?xml encoding='utf-8'?>Amélie",
            ),
            (
                "not declared, and no Western words",
                b"\xcc\xee\xf1\xf2".to_vec(),
                "\u{fffd}\u{fffd}\u{fffd}\u{fffd}",
            ),
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
