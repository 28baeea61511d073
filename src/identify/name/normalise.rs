//! Brings a path to a form in which the rest can be simple.

use unicode_normalization::char::decompose_canonical;

use super::words;
use crate::model::every_byte;

/// Longest name looked at, in bytes; a path keeps its end.
const LONGEST: usize = 4096;
/// Longest part of a path looked at; file systems stop at 255.
const LONGEST_PART: usize = 1024;
/// Folders looked at above a file.
const DEEPEST: usize = 8;

const EXTENSIONS: &[&str] = &[
    "mkv", "mp4", "avi", "m4v", "mov", "wmv", "flv", "webm", "mpg", "mpeg", "m2ts", "mts", "ts",
    "vob", "iso", "ogm", "ogv", "rmvb", "rm", "divx", "xvid", "3gp", "mk3d", "m2v", "mxf", "asf",
    "strm", "bdmv", "dvr-ms", "wtv", "img", "nrg", "bin", "f4v", "qt", "mka", "srt", "sub", "idx",
    "ass", "ssa", "vtt", "smi", "sup", "nfo", "torrent", "nzb", "part", "jpg", "png", "txt", "mks",
    "zip", "rar", "7z",
];

/// Whether the name ends like that of a file with or beside a film.
pub(super) fn has_known_extension(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| {
        EXTENSIONS
            .iter()
            .any(|known| end.eq_ignore_ascii_case(known))
    })
}

/// The folders of a path, outermost first; the name in them without its extension is put where there is `room`.
pub(super) fn parts(name: &str, room: &mut String) -> Option<Vec<String>> {
    let plain = |byte| (byte != b'/') & (byte != b'\\') & (byte != b':') & (byte != 0);
    if name.len() > LONGEST_PART || !every_byte(name, plain) {
        let mut folders = parts_of_path(name);
        *room = folders.pop()?;
        return Some(folders);
    }
    map_into(name, room);
    strip_extension(room);
    name.contains(|c: char| !c.is_whitespace()).then(Vec::new)
}

fn parts_of_path(name: &str) -> Vec<String> {
    let name = name.split_once('\0').map_or(name, |(head, _)| head);
    let address = decoded(name);
    let mut found = split(tail(address.as_deref().unwrap_or(name)));
    let whole = name.len() <= LONGEST && (name.starts_with('/') || name.starts_with("file:"));
    let places = if whole { own_places(&found) } else { 0 };
    let skip = found.len().saturating_sub(DEEPEST).max(places);
    let mut parts: Vec<String> = found.drain(skip..).map(|part| mapped(head(part))).collect();
    if let Some(last) = parts.last_mut() {
        strip_extension(last);
    }
    parts
}

/// The one part of a title that is told as one.
pub(super) fn whole(title: &str) -> String {
    mapped(head(title))
}

/// How many folders at the root name a user, a machine's mount point or a volume, and never a work. A mount point that
/// is called as shelves are (`/mnt/anime`) says what is on it.
fn own_places(parts: &[&str]) -> usize {
    let folders = parts.len().saturating_sub(1);
    let depth = match parts {
        ["mnt" | "media" | "Volumes" | "net", shelf, ..] if is_shelf(shelf) => 1,
        ["run" | "var", "media", _, shelf, ..] | ["media", _, shelf, ..] if is_shelf(shelf) => 2,
        ["home" | "Users" | "Volumes" | "mnt" | "net", ..] => 2,
        ["run" | "var", "media", ..] => 4,
        ["run", "user", _, "gvfs", ..] => 5,
        ["media", _, label, ..] if is_label(label) => 3,
        ["media", ..] => 2,
        _ => 0,
    };
    depth.min(folders)
}

/// Whether a folder is called by the kind of thing in it.
fn is_shelf(folder: &str) -> bool {
    let mut key = String::with_capacity(folder.len());
    for word in folder.split(|c: char| !c.is_alphanumeric()) {
        if !key.is_empty() {
            key.push(' ');
        }
        fold_into(word, &mut key);
    }
    words::place_holds_series(&key).is_some()
}

/// As volumes are called: `USBSTICK`, `3A1B-22F0`, or a UUID.
fn is_label(name: &str) -> bool {
    let capitals = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || "_- ".contains(c);
    let number = |c: char| c.is_ascii_hexdigit() || c == '-';
    name.len() <= 11 && name.chars().all(capitals) || name.len() == 36 && name.chars().all(number)
}

/// The path of an address, without its query and with its `%20` decoded.
fn decoded(name: &str) -> Option<String> {
    if !name.contains(':') {
        return None;
    }
    let (_, rest) = name
        .get(..LONGEST.min(name.len()))
        .unwrap_or("")
        .split_once("://")?;
    let path = rest
        .split('?')
        .next()
        .unwrap_or(rest)
        .trim_start_matches('/');
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let code = more
            .get(..2)
            .filter(|_| *first == b'%')
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() {
            more.get(2..).unwrap_or(&[])
        } else {
            more
        };
    }
    Some(crate::model::decoded(&bytes).into_owned())
}

fn tail(name: &str) -> &str {
    let from = (name.len().saturating_sub(LONGEST)..name.len()).find(|i| name.is_char_boundary(*i));
    from.and_then(|i| name.get(i..)).unwrap_or("")
}

fn head(part: &str) -> &str {
    if part.len() <= LONGEST_PART {
        return part;
    }
    let until = (0..=LONGEST_PART).rev().find(|i| part.is_char_boundary(*i));
    until.and_then(|i| part.get(..i)).unwrap_or("")
}

/// Splits on slashes, but neither on " / " nor inside `[a/b]`.
fn split(path: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut before, mut open) = (0, '/', None);
    let mut chars = path.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '[' | '【' => open = closes(path, at).then_some(()),
            ']' | '】' => open = None,
            '/' | '\\' => {
                let spaced = before == ' ' && chars.peek().is_some_and(|(_, next)| *next == ' ');
                if open.is_none() && !spaced {
                    parts.push(path.get(start..at).unwrap_or(""));
                    start = at + 1;
                }
            }
            _ => {}
        }
        before = c;
    }
    parts.push(path.get(start..).unwrap_or(""));
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// Whether a bracket opened here closes soon, with no closing bracket of a folder in between.
fn closes(path: &str, at: usize) -> bool {
    let rest = path.get(at..).unwrap_or("");
    rest.chars()
        .skip(1)
        .take(160)
        .find(|c| matches!(c, '[' | ']' | '【' | '】'))
        .is_some_and(|c| matches!(c, ']' | '】'))
}

/// One sign for each meaning: full-width signs, dashes and brackets.
fn mapped(part: &str) -> String {
    let mut out = String::with_capacity(part.len());
    map_into(part, &mut out);
    out
}

fn map_into(part: &str, out: &mut String) {
    if every_byte(part, |byte| (b' '..128).contains(&byte)) {
        out.push_str(part);
        return;
    }
    for c in part.chars() {
        out.push(match c {
            '【' | '［' | '〔' => '[',
            '】' | '］' | '〕' => ']',
            '（' => '(',
            '）' => ')',
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '－' => '-',
            '～' | '〜' => '~',
            '\u{3000}' | '\u{a0}' | '\u{2007}' | '\u{202f}' | '\t' | '\n' | '\r' => ' ',
            '№' => '#',
            '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{202a}'..='\u{202e}' => continue,
            '\u{660}'..='\u{669}' => digit(c, '\u{660}'),
            '\u{6f0}'..='\u{6f9}' => digit(c, '\u{6f0}'),
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            _ => c,
        });
    }
}

/// An Arabic or Persian digit, whose zero is given, as ours.
fn digit(c: char, zero: char) -> char {
    char::from_digit(u32::from(c) - u32::from(zero), 10).unwrap_or(c)
}

fn strip_extension(name: &mut String) {
    if let Some(stem) = stem(name) {
        name.truncate(stem.len());
    }
}

/// Whether a name ends as the names of files do.
pub(super) fn has_extension(name: &str) -> bool {
    stem(name).is_some()
}

/// What stands before an extension, if there is one.
fn stem(name: &str) -> Option<&str> {
    // Extensions are short: this is found from the end at once.
    let trimmed = name.trim_end();
    let near = trimmed.len().saturating_sub(8);
    let end = trimmed.as_bytes().get(near..)?;
    let dot = near + end.iter().rposition(|byte| *byte == b'.')?;
    let (stem, extension) = (name.get(..dot)?, trimmed.get(dot + 1..)?);
    let known = (2..=7).contains(&extension.len())
        && EXTENSIONS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(extension));
    // "Bad Boys 2 ts" has no extension, "x264.ts" has one; a stem that is empty is none.
    (known && !stem.trim().is_empty()).then_some(stem)
}

/// Lower case without accents, apostrophes and signs: the form in which words are looked up.
pub(super) fn fold_into(raw: &str, out: &mut String) {
    for c in raw.chars() {
        match FOLDED.get(c as usize) {
            Some(0) => {}
            Some(plain) => out.push(char::from(*plain)),
            None => fold_letter(c, out),
        }
    }
}

/// What becomes of each ASCII character; of those with 0 nothing.
pub(super) const FOLDED: [u8; 128] = {
    let mut folded = [0; 128];
    let mut at = 0_u8;
    while at < 128 {
        folded[at as usize] = match at {
            b'0'..=b'9' | b'#' | b'A'..=b'Z' | b'a'..=b'z' => at.to_ascii_lowercase(),
            b'*' => b'x',
            _ => 0,
        };
        at += 1;
    }
    folded
};

fn fold_letter(c: char, out: &mut String) {
    let plain = match c {
        '×' => 'x',
        '\u{80}'..='\u{bf}' | '\u{300}'..='\u{36f}' | '\u{2000}'..='\u{206f}' => return,
        'à'..='å' | 'À'..='Å' | 'ā' | 'ă' | 'ą' => 'a',
        'ç' | 'Ç' | 'ć' | 'č' | 'Č' => 'c',
        'è'..='ë' | 'È'..='Ë' | 'ē' | 'ę' | 'ě' => 'e',
        'ì'..='ï' | 'Ì'..='Ï' | 'ı' | 'İ' | 'ī' => 'i',
        'ñ' | 'Ñ' | 'ń' | 'ň' => 'n',
        'ò'..='ö' | 'Ò'..='Ö' | 'ø' | 'Ø' | 'ő' | 'ō' => 'o',
        'ù'..='ü' | 'Ù'..='Ü' | 'ű' | 'ů' | 'ū' | 'ư' => 'u',
        'ş' | 'š' | 'ś' | 'Ş' | 'Š' => 's',
        'ž' | 'ż' | 'ź' | 'Ž' => 'z',
        'ý' | 'ÿ' => 'y',
        'ř' => 'r',
        'ł' | 'Ł' => 'l',
        'đ' | 'Đ' => 'd',
        // Vietnamese has two accents on one letter.
        '\u{1e00}'..='\u{1eff}' => {
            decompose_canonical(c, |part| {
                if part.is_ascii() {
                    out.push(part.to_ascii_lowercase());
                }
            });
            return;
        }
        _ => {
            out.extend(c.to_lowercase());
            return;
        }
    };
    out.push(plain);
}
