//! The fields of an object, named once for two ways of writing it: as what serde writes, or as a line of JSON.
//!
//! Serde looks through each key for what is to be escaped, every time. Ours need no escape, and of lines that come by the
//! hundred thousand they are the most part.

use serde::Serialize;
use serde::ser::SerializeMap;

/// Takes the fields of an object, one after the other.
pub trait Fields {
    /// Why one could not be taken.
    type Error;

    /// Adds a field. The key is of small letters and `_`.
    ///
    /// # Errors
    /// As the value's serialization.
    fn put(&mut self, key: &'static str, value: impl Serialize) -> Result<(), Self::Error>;
}

/// Fields as the entries of a map of serde.
#[derive(Debug)]
pub struct Entries<M>(pub M);

impl<M: SerializeMap> Fields for Entries<M> {
    type Error = M::Error;

    fn put(&mut self, key: &'static str, value: impl Serialize) -> Result<(), M::Error> {
        self.0.serialize_entry(key, &value)
    }
}

/// Fields as a line of JSON.
#[derive(Debug, Default)]
pub struct Line(Vec<u8>);

impl Line {
    /// Empties it for the next object.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Ends the object: the line, with its end.
    pub fn end(&mut self) -> &[u8] {
        let end = if self.0.is_empty() { "{}\n" } else { "}\n" };
        self.0.extend(end.bytes());
        &self.0
    }
}

impl Fields for Line {
    type Error = serde_json::Error;

    fn put(&mut self, key: &'static str, value: impl Serialize) -> serde_json::Result<()> {
        let before = if self.0.is_empty() { "{\"" } else { ",\"" };
        self.0.extend_from_slice(before.as_bytes());
        self.0.extend_from_slice(key.as_bytes());
        self.0.extend_from_slice(b"\":");
        serde_json::to_writer(&mut self.0, &value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_what_serde_would_write() {
        let mut line = Line::default();
        for fields in [0, 1, 2] {
            let mut wanted = serde_json::Map::new();
            line.clear();
            for (key, value) in [("title", "\"Heat\"\n"), ("of", "…")].iter().take(fields) {
                wanted.insert((*key).into(), (*value).into());
                assert!(line.put(key, value).is_ok());
            }
            let read = serde_json::from_slice(line.end());
            assert_eq!(read.ok(), Some(serde_json::Value::from(wanted)));
        }
    }
}
