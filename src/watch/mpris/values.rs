//! Reads what players put on the bus, whatever type they give it.
//!
//! The specification names one type for every property and players pick another: lengths come as any integer, as a
//! double or as text, track ids as strings, lists as a single string. A value that cannot be made sense of is as good
//! as a missing one; it never drops the player. What is kept of hostile input is bounded here and in `raw.rs`.

use super::raw::{LONGEST_TEXT, Map, Raw};
use crate::model::{Tags, Transport, visible};

/// Most tags kept of one item.
const MOST_TAGS: usize = 64;
/// Microseconds; no media is this short, so a player that gives less speaks of seconds.
const SECONDS_IF_BELOW: f64 = 100_000.0;

/// The properties of a player, as far as a message had them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Properties {
    /// `PlaybackStatus`; `None` also for words outside the standard.
    pub status: Option<Transport>,
    /// `Metadata`; `None` also for what is no map.
    pub metadata: Option<Metadata>,
    /// `Rate`; 0 is what some say while they buffer.
    pub rate: Option<f64>,
    /// `Position`, as sent (microseconds by the standard).
    pub position: Option<f64>,
    /// `CanSeek` was said: what some say of each file that they open.
    pub can_seek: bool,
    /// `LoopStatus` is `Track` or `Playlist`. `None` and its absence are one: libraries say `None` for players that loop.
    pub loops: Option<bool>,
}

/// What `Metadata` says of an item.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metadata {
    /// `mpris:trackid`: a hint only.
    pub track: Option<String>,
    /// `xesam:url`, as sent.
    pub url: Option<String>,
    /// `mpris:length` in seconds; `None` for 0, less and nonsense.
    pub length: Option<f64>,
    /// The player counts in seconds where the standard says microseconds.
    pub in_seconds: bool,
    /// `xesam:title`.
    pub title: Option<String>,
    /// The other `xesam:` keys, in lower case; lists give one pair each.
    pub tags: Tags,
}

impl Metadata {
    /// Seconds of a position as sent: in the unit of the length, unless that would lie far beyond the length.
    pub fn position(&self, raw: f64) -> f64 {
        let beyond = self.length.is_some_and(|length| raw > 2.0 * length);
        seconds(raw, self.in_seconds && !beyond)
    }
}

impl Properties {
    /// Unknown names are passed over.
    pub fn read(map: &Map) -> Self {
        let mut found = Self::default();
        for (name, value) in map {
            match name.as_str() {
                "PlaybackStatus" => found.status = text(value).as_deref().and_then(status),
                "Metadata" => found.metadata = metadata(value),
                "Rate" => found.rate = number(value).filter(|rate| (0.0..=100.0).contains(rate)),
                "Position" => found.position = number(value),
                "CanSeek" => found.can_seek = true,
                "LoopStatus" => found.loops = text(value).map(|word| loops(&word)),
                _ => {}
            }
        }
        found
    }
}

/// Whether a `LoopStatus` says that what has ended is begun again.
fn loops(word: &str) -> bool {
    ["Track", "Playlist"]
        .iter()
        .any(|loops| word.eq_ignore_ascii_case(loops))
}

/// A number of any type, finite.
pub fn number(value: &Raw) -> Option<f64> {
    #[allow(clippy::cast_precision_loss)] // 2^53 µs are 285 years
    let number = match value {
        Raw::U8(n) => f64::from(*n),
        Raw::I16(n) => f64::from(*n),
        Raw::U16(n) => f64::from(*n),
        Raw::I32(n) => f64::from(*n),
        Raw::U32(n) => f64::from(*n),
        Raw::I64(n) => *n as f64,
        Raw::U64(n) => *n as f64,
        Raw::F64(n) => *n,
        Raw::Text(text) => text.trim().parse().ok()?,
        Raw::Variant(inner) => return number(inner),
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// Text of any type: strings, object paths, numbers, the first of a list. Blank is none.
pub fn text(value: &Raw) -> Option<String> {
    match value {
        Raw::Text(text) | Raw::Path(text) => tidy(text),
        Raw::Variant(inner) => text(inner),
        Raw::List(list) => list.iter().find_map(text),
        other => number(other).map(|number| number.to_string()),
    }
}

/// All texts of a list, or the one that stands there instead of a list.
fn texts(value: &Raw) -> Vec<String> {
    match value {
        Raw::Variant(inner) => texts(inner),
        Raw::List(list) => list.iter().filter_map(text).take(MOST_TAGS).collect(),
        other => text(other).into_iter().collect(),
    }
}

fn tidy(text: &str) -> Option<String> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    (!text.is_empty()).then(|| text.chars().take(LONGEST_TEXT).collect())
}

/// Without what a terminal would act on, or what turns or hides text.
pub fn printable(text: &str) -> Option<String> {
    tidy(&visible(text))
}

fn status(word: &str) -> Option<Transport> {
    let is = |known: &str| word.eq_ignore_ascii_case(known);
    if is("Playing") {
        Some(Transport::Playing)
    } else if is("Paused") {
        Some(Transport::Paused)
    } else if is("Stopped") {
        Some(Transport::Stopped)
    } else {
        None
    }
}

fn metadata(value: &Raw) -> Option<Metadata> {
    let mut found = Metadata::default();
    let map = match value {
        Raw::Variant(inner) => return metadata(inner),
        Raw::Dict(map) => map,
        _ => return None,
    };
    for (key, value) in map {
        match key.as_str() {
            "mpris:trackid" => found.track = text(value),
            "mpris:length" => {
                let raw = number(value).filter(|length| *length > 0.0);
                found.in_seconds = raw.is_some_and(|length| length < SECONDS_IF_BELOW);
                found.length = raw.map(|length| seconds(length, found.in_seconds));
            }
            "xesam:url" => found.url = text(value),
            "xesam:title" => found.title = text(value).and_then(|title| printable(&title)),
            // Lyrics and ratings say nothing about what it is.
            "xesam:asText" | "xesam:useCount" | "xesam:userRating" | "xesam:autoRating" => {}
            other => tag(&mut found.tags, other, value),
        }
    }
    Some(found)
}

fn tag(tags: &mut Tags, key: &str, value: &Raw) {
    if !key
        .get(..6)
        .is_some_and(|start| start.eq_ignore_ascii_case("xesam:"))
    {
        return;
    }
    let room = MOST_TAGS.saturating_sub(tags.0.len());
    let key = key.to_lowercase();
    let values = texts(value)
        .into_iter()
        .filter_map(|value| printable(&value))
        .take(room);
    tags.0.extend(values.map(|value| (key.clone(), value)));
}

/// Seconds of a time as sent; below zero is zero.
fn seconds(raw: f64, in_seconds: bool) -> f64 {
    let seconds = if in_seconds { raw } else { raw / 1e6 };
    seconds.max(0.0)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use zbus::{ObjectPath, OwnedVariant, Variant};

    use super::*;

    fn of(pairs: &[(&str, Variant<'static>)]) -> Metadata {
        let map: BTreeMap<String, OwnedVariant> = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.try_to_owned().unwrap()))
            .collect();
        metadata(&Raw::of(&Variant::from(map))).unwrap()
    }

    #[test]
    fn a_number_is_read_from_any_type() {
        let cases: [(Variant<'_>, Option<f64>); 13] = [
            (Variant::from(7u8), Some(7.0)),
            (Variant::from(-7i16), Some(-7.0)),
            (Variant::from(7u16), Some(7.0)),
            (Variant::from(7i32), Some(7.0)),
            (Variant::from(7u32), Some(7.0)),
            (Variant::from(7i64), Some(7.0)),
            (Variant::from(7u64), Some(7.0)),
            (Variant::from(7.5f64), Some(7.5)),
            (Variant::from(" 7.5 "), Some(7.5)),
            (Variant::new(Variant::from(7i32)), Some(7.0)),
            (Variant::from(f64::NAN), None),
            (Variant::from("seven"), None),
            (Variant::from(true), None),
        ];
        for (value, expected) in cases {
            assert_eq!(number(&Raw::of(&value)), expected, "{value:?}");
        }
    }

    #[test]
    fn text_is_read_from_any_type() {
        let path = ObjectPath::try_from("/a/b").unwrap();
        let cases = [
            (Variant::from("x"), Some("x")),
            (Variant::from(path), Some("/a/b")),
            (Variant::new(Variant::from("x")), Some("x")),
            (Variant::from(vec!["x", "y"]), Some("x")),
            (Variant::from(3i32), Some("3")),
            (Variant::from("  "), None),
            (Variant::from(""), None),
            (Variant::from(true), None),
        ];
        for (value, expected) in cases {
            assert_eq!(text(&Raw::of(&value)).as_deref(), expected, "{value:?}");
        }
    }

    #[test]
    fn statuses_outside_the_standard_are_no_status() {
        let cases = [
            ("Playing", Some(Transport::Playing)),
            ("paused", Some(Transport::Paused)),
            ("Stopped", Some(Transport::Stopped)),
            ("Buffering", None),
            ("Unknown", None),
        ];
        for (word, expected) in cases {
            assert_eq!(status(word), expected, "{word}");
        }
    }

    #[test]
    fn a_length_is_in_seconds_where_microseconds_would_be_absurd() {
        let cases = [
            (Variant::from(5_400_000_000i64), Some(5400.0)),
            (Variant::from(5_400_000_000.0f64), Some(5400.0)),
            (Variant::from("5400000000"), Some(5400.0)),
            (Variant::from(5400i32), Some(5400.0)),
            (Variant::from(0i64), None),
            (Variant::from(-1i64), None),
            (Variant::from(f64::INFINITY), None),
        ];
        for (value, expected) in cases {
            assert_eq!(
                of(&[("mpris:length", value.try_clone().unwrap())]).length,
                expected,
                "{value:?}"
            );
        }
    }

    #[test]
    fn a_position_is_in_the_unit_of_the_length_or_in_the_standards() {
        let cases = [
            (Some(5400i64), 90.0, 90.0),
            (Some(5400), 90_000_000.0, 90.0),
            (Some(5_400_000_000), 90_000_000.0, 90.0),
            (None, 90_000_000.0, 90.0),
            (Some(5400), -1.0, 0.0),
        ];
        for (length, raw, expected) in cases {
            let length = length.map(|length| ("mpris:length", Variant::from(length)));
            let metadata = of(&length.into_iter().collect::<Vec<_>>());
            assert_eq!(metadata.position(raw), expected, "{metadata:?} {raw}");
        }
    }

    #[test]
    fn artists_are_read_as_a_list_or_as_one_string() {
        for value in [Variant::from(vec!["A Series"]), Variant::from("A Series")] {
            let tags = of(&[("xesam:artist", value)]).tags;
            assert_eq!(tags.get("xesam:artist"), Some("A Series"));
        }
    }

    #[test]
    fn keys_become_tags_in_lower_case_and_pictures_and_lyrics_do_not() {
        let found = of(&[
            ("xesam:contentCreated", Variant::from("2019-01-01")),
            ("xesam:trackNumber", Variant::from(4i32)),
            ("xesam:asText", Variant::from("la la")),
            ("mpris:artUrl", Variant::from("data:image/png;base64,AAAA")),
        ]);
        assert_eq!(found.tags.0.len(), 2);
        assert_eq!(found.tags.get("xesam:contentcreated"), Some("2019-01-01"));
        assert_eq!(found.tags.get("xesam:tracknumber"), Some("4"));
    }

    #[test]
    fn titles_cannot_command_a_terminal() {
        let found = of(&[("xesam:title", Variant::from("\u{1b}[2JA\tB\n"))]);
        assert_eq!(found.title.as_deref(), Some("[2JA B"));
        assert_eq!(printable("\u{7}\u{9b}"), None);
    }

    #[test]
    fn metadata_of_another_type_is_no_metadata() {
        for value in [Variant::from("none"), Variant::from(3u32)] {
            assert_eq!(metadata(&Raw::of(&value)), None);
        }
    }

    #[test]
    fn long_texts_and_many_tags_are_cut() {
        let long = "ü".repeat(100_000);
        let many: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
        let found = of(&[
            ("xesam:title", Variant::from(long)),
            ("xesam:genre", Variant::from(many)),
        ]);
        assert!(found.title.unwrap().chars().count() == LONGEST_TEXT);
        assert_eq!(found.tags.0.len(), MOST_TAGS);
    }
}
