//! One line: `{"v":1,"n":…,"viewing_id":"…", the entry or the receipt …,"crc":"…"}`. The first three members stand where they
//! stand, so that a line that is not wanted need not be parsed.

use std::io;

use serde::{Deserialize, Serialize};

use crate::model::{SessionId, ViewingId};

use super::{Entry, Receipt};

/// Of a line's layout.
const VERSION: u64 = 1;
/// What stands between what is summed and the sum.
const SEAM: &str = ",\"crc\":\"";
/// Eight digits, quote, brace.
const SUM: usize = 10;

#[derive(Serialize)]
struct Written<'a, T> {
    v: u64,
    n: u64,
    #[serde(flatten)]
    body: &'a T,
}

/// The head of a sound line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    /// Its number.
    pub number: u64,
    /// Of which viewing; `None`: written by a newer reeld.
    pub viewing: Option<ViewingId>,
    /// A receipt, no entry.
    pub receipt: bool,
}

/// With its newline.
pub(super) fn encode(number: u64, body: &impl Serialize) -> io::Result<String> {
    let mut text = serde_json::to_string(&Written {
        v: VERSION,
        n: number,
        body,
    })?;
    text.pop();
    let sum = crc32fast::hash(text.as_bytes());
    text.push_str(&format!("{SEAM}{sum:08x}\"}}\n"));
    Ok(text)
}

/// The head of a line without its newline; `None` if the line is not what was written.
pub(super) fn head(text: &[u8]) -> Option<Head> {
    let (summed, sum) = text.split_at_checked(text.len().checked_sub(SEAM.len() + SUM)?)?;
    let sum = sum.strip_prefix(SEAM.as_bytes())?.strip_suffix(b"\"}")?;
    let sum = u32::from_str_radix(std::str::from_utf8(sum).ok()?, 16).ok()?;
    if crc32fast::hash(summed) != sum {
        return None;
    }
    let (version, rest) = digits(text.strip_prefix(b"{\"v\":")?)?;
    let (number, rest) = digits(rest.strip_prefix(b",\"n\":")?)?;
    if version > VERSION {
        return Some(Head {
            number,
            viewing: None,
            receipt: false,
        });
    }
    let (viewing, rest) = rest
        .strip_prefix(b",\"viewing_id\":\"")?
        .split_at_checked(16)?;
    Some(Head {
        number,
        viewing: Some(std::str::from_utf8(viewing).ok()?.parse().ok()?),
        receipt: rest.starts_with(b"\",\"receipt\":"),
    })
}

/// The session of a sound line that is an entry. Within a string every quote is escaped, so this can only be a member's name.
pub(super) fn session(text: &[u8]) -> Option<SessionId> {
    let (_, rest) = std::str::from_utf8(text)
        .ok()?
        .split_once(",\"session_id\":\"")?;
    Some(SessionId(rest.get(..36)?.parse().ok()?))
}

/// The entry in a sound line.
pub(super) fn entry(text: &[u8]) -> Option<Entry> {
    read(text)
}

/// The receipt in a sound line.
pub(super) fn receipt(text: &[u8]) -> Option<Receipt> {
    #[derive(Deserialize)]
    struct Line {
        receipt: Receipt,
    }
    let line: Line = read(text)?;
    Some(line.receipt)
}

/// Looked through once for what is no UTF-8, and not text by text.
fn read<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Option<T> {
    serde_json::from_str(std::str::from_utf8(text).ok()?).ok()
}

fn digits(text: &[u8]) -> Option<(u64, &[u8])> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit())?;
    let (number, rest) = text.split_at_checked(end)?;
    let number = std::str::from_utf8(number).ok()?.parse().ok()?;
    Some((number, rest))
}
