//! One line: `{"v":1,"n":…, the entry …,"crc":"…"}`.

use std::io;

use serde::Serialize;

use super::Entry;

/// Of a line's layout.
const VERSION: u32 = 1;
/// What stands between what is summed and the sum.
const SEAM: &str = ",\"crc\":\"";
/// Eight digits, quote, brace.
const SUM: usize = 10;

#[derive(Serialize)]
struct Written<'a> {
    v: u32,
    n: u64,
    #[serde(flatten)]
    entry: &'a Entry,
}

struct Head {
    v: u32,
    n: u64,
}

/// What a line turned out to be.
#[derive(Debug)]
pub(super) enum Line {
    /// Good, with its number.
    Entry(u64, Box<Entry>),
    /// Sound, and written by a newer reeld.
    Newer(u64),
    /// Not what was written.
    Damaged,
}

/// With its newline.
pub(super) fn encode(number: u64, entry: &Entry) -> io::Result<String> {
    let mut text = serde_json::to_string(&Written {
        v: VERSION,
        n: number,
        entry,
    })?;
    text.pop();
    let sum = crc32fast::hash(text.as_bytes());
    text.push_str(&format!("{SEAM}{sum:08x}\"}}\n"));
    Ok(text)
}

/// Without its newline.
pub(super) fn decode(text: &[u8]) -> Line {
    let Some(head) = head(text) else {
        return Line::Damaged;
    };
    if head.v > VERSION {
        return Line::Newer(head.n);
    }
    match serde_json::from_slice(text) {
        Ok(entry) => Line::Entry(head.n, Box::new(entry)),
        Err(_) => Line::Damaged,
    }
}

/// The number of a sound line.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    head(text).map(|head| head.n)
}

fn head(text: &[u8]) -> Option<Head> {
    let (summed, sum) = text.split_at_checked(text.len().checked_sub(SEAM.len() + SUM)?)?;
    let sum = sum.strip_prefix(SEAM.as_bytes())?.strip_suffix(b"\"}")?;
    let sum = u32::from_str_radix(std::str::from_utf8(sum).ok()?, 16).ok()?;
    if crc32fast::hash(summed) != sum {
        return None;
    }
    // Its first members are where we write them: no need to parse what may be skipped.
    let (v, rest) = digits(text.strip_prefix(b"{\"v\":")?)?;
    let (n, _) = digits(rest.strip_prefix(b",\"n\":")?)?;
    Some(Head {
        v: v.try_into().ok()?,
        n,
    })
}

fn digits(text: &[u8]) -> Option<(u64, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit())?;
    let (number, rest) = text.split_at_checked(end)?;
    let number = std::str::from_utf8(number).ok()?.parse().ok()?;
    Some((number, rest))
}
