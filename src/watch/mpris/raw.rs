//! Values as players put them on the bus, each with its type: what `values.rs` reads and what traces keep.
//!
//! In JSON a value stands under its type as D-Bus writes it: `{"x":5400000000}` is no `{"s":"5400000000"}`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zbus::Variant;

/// Longest text kept of one value, in characters; longer ones are cut.
pub const LONGEST_TEXT: usize = 4096;
/// Most values kept of one message.
const MOST_VALUES: usize = 1024;

/// A value.
#[allow(missing_docs, reason = "named as D-Bus names them")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Raw {
    #[serde(rename = "y")]
    U8(u8),
    #[serde(rename = "b")]
    Bool(bool),
    #[serde(rename = "n")]
    I16(i16),
    #[serde(rename = "q")]
    U16(u16),
    #[serde(rename = "i")]
    I32(i32),
    #[serde(rename = "u")]
    U32(u32),
    #[serde(rename = "x")]
    I64(i64),
    #[serde(rename = "t")]
    U64(u64),
    #[serde(rename = "d", with = "double")]
    F64(f64),
    #[serde(rename = "s")]
    Text(String),
    #[serde(rename = "o")]
    Path(String),
    #[serde(rename = "v")]
    Variant(Box<Raw>),
    #[serde(rename = "a")]
    List(Vec<Raw>),
    /// Only entries under text are kept.
    #[serde(rename = "a{}")]
    Dict(Map),
    /// Of a type that no player needs.
    #[serde(rename = "?")]
    Other,
}

/// Values by name.
pub type Map = BTreeMap<String, Raw>;

impl Raw {
    /// As it came, within bounds.
    pub fn of(value: &Variant<'_>) -> Self {
        Copy::default().value(value)
    }
}

/// A map of values as it came, within bounds.
pub fn map<'a>(pairs: impl Iterator<Item = (&'a str, &'a Variant<'a>)>) -> Map {
    let mut copy = Copy::default();
    let mut map = Map::new();
    for (name, value) in pairs {
        if !copy.has_room() {
            break;
        }
        map.insert(cut(name), copy.value(value));
    }
    map
}

/// Counts the values of one message.
#[derive(Default)]
struct Copy {
    values: usize,
}

impl Copy {
    fn has_room(&self) -> bool {
        self.values < MOST_VALUES
    }

    fn value(&mut self, value: &Variant<'_>) -> Raw {
        self.values += 1;
        match value {
            Variant::U8(n) => Raw::U8(*n),
            Variant::Bool(yes) => Raw::Bool(*yes),
            Variant::I16(n) => Raw::I16(*n),
            Variant::U16(n) => Raw::U16(*n),
            Variant::I32(n) => Raw::I32(*n),
            Variant::U32(n) => Raw::U32(*n),
            Variant::I64(n) => Raw::I64(*n),
            Variant::U64(n) => Raw::U64(*n),
            Variant::F64(n) => Raw::F64(*n),
            Variant::Str(text) => Raw::Text(cut(text)),
            Variant::ObjectPath(path) => Raw::Path(cut(path)),
            Variant::Variant(inner) => Raw::Variant(Box::new(self.value(inner))),
            Variant::Array(list) => Raw::List(self.list(list.inner())),
            Variant::Dict(dict) => {
                let mut map = Map::new();
                for (key, value) in dict.iter() {
                    if let Variant::Str(key) = key
                        && self.has_room()
                    {
                        map.insert(cut(key), self.value(value));
                    }
                }
                Raw::Dict(map)
            }
            _ => Raw::Other,
        }
    }

    fn list(&mut self, list: &[Variant<'_>]) -> Vec<Raw> {
        let mut kept = Vec::new();
        for value in list {
            if !self.has_room() {
                break;
            }
            kept.push(self.value(value));
        }
        kept
    }
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

/// JSON knows no infinite number: those are written as text.
mod double {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(f64),
        Text(String),
    }

    #[allow(clippy::trivially_copy_pass_by_ref)] // as serde wants it
    pub fn serialize<S: Serializer>(number: &f64, out: S) -> Result<S::Ok, S::Error> {
        if number.is_finite() {
            out.serialize_f64(*number)
        } else {
            out.collect_str(number)
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<f64, D::Error> {
        match Written::deserialize(input)? {
            Written::Number(number) => Ok(number),
            Written::Text(text) => text.parse().map_err(D::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use zbus::{ObjectPath, OwnedVariant};

    use super::*;

    #[test]
    fn every_type_survives_being_written_and_read() {
        let map: BTreeMap<String, OwnedVariant> = BTreeMap::from([(
            "mpris:length".to_owned(),
            Variant::from("5400").try_to_owned().unwrap(),
        )]);
        let cases = [
            (Variant::from(7u8), r#"{"y":7}"#),
            (Variant::from(true), r#"{"b":true}"#),
            (Variant::from(7i64), r#"{"x":7}"#),
            (Variant::from(u64::MAX), r#"{"t":18446744073709551615}"#),
            (Variant::from(7.5f64), r#"{"d":7.5}"#),
            (Variant::from(7.0f64), r#"{"d":7.0}"#),
            (Variant::from(f64::INFINITY), r#"{"d":"inf"}"#),
            (Variant::from("7"), r#"{"s":"7"}"#),
            (
                Variant::from(ObjectPath::try_from("/7").unwrap()),
                r#"{"o":"/7"}"#,
            ),
            (Variant::new(Variant::from(7i32)), r#"{"v":{"i":7}}"#),
            (
                Variant::from(vec!["a", "b"]),
                r#"{"a":[{"s":"a"},{"s":"b"}]}"#,
            ),
            (
                Variant::from(map),
                r#"{"a{}":{"mpris:length":{"v":{"s":"5400"}}}}"#,
            ),
        ];
        for (value, expected) in cases {
            let raw = Raw::of(&value);
            let json = serde_json::to_string(&raw).unwrap();
            assert_eq!(json, expected);
            assert_eq!(serde_json::from_str::<Raw>(&json).unwrap(), raw);
        }
    }

    #[test]
    fn of_a_hostile_message_only_so_much_is_kept() {
        let Raw::Text(text) = Raw::of(&Variant::from("ü".repeat(100_000))) else {
            panic!("no text")
        };
        assert_eq!(text.chars().count(), LONGEST_TEXT);
        let lists = vec![vec![0u8; 1000]; 1000];
        let Raw::List(lists) = Raw::of(&Variant::from(lists)) else {
            panic!("no list")
        };
        assert!(lists.len() < 5, "{}", lists.len());
    }
}
