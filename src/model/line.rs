//! A line of JSON, written field by field.
//!
//! Serde looks through every byte of every key and text for what is to be escaped. Our keys need no escape and hardly any
//! text does, and of lines that come by the hundred thousand that search is the most part.

use serde_json::Value;
use serde_json::value::RawValue;

use super::text::every_byte;

/// A key of small letters and `_` as it stands in the line, behind the field before.
macro_rules! key {
    ($name:literal) => {
        concat!(",\"", $name, "\":")
    };
}
pub(crate) use key;

/// An object as a line of JSON. Keys are made by `key!`.
#[derive(Debug, Default)]
pub struct Line(Vec<u8>);

impl Line {
    /// Empties it for the next object.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds a text; none is null.
    #[inline]
    pub fn text(&mut self, key: &'static str, value: Option<&str>) {
        self.key(key);
        match value {
            Some(text) => self.quoted(text),
            None => self.null(),
        }
    }

    /// Adds a word of our own, which needs no escape; none is null.
    #[inline]
    pub fn word(&mut self, key: &'static str, value: Option<&'static str>) {
        self.key(key);
        match value {
            Some(word) => self.between_quotes(word),
            None => self.null(),
        }
    }

    /// Adds a number; none is null.
    #[inline]
    pub fn number(&mut self, key: &'static str, value: Option<u64>) {
        self.key(key);
        match value {
            Some(value) => self.digits(value),
            None => self.null(),
        }
    }

    /// Adds a fraction of one to two places.
    pub fn share(&mut self, key: &'static str, value: f32) {
        self.key(key);
        let hundredths = (value.clamp(0.0, 1.0) * 100.0).round() as u8;
        let digit = |n: u8| b'0' + n % 10;
        self.0
            .extend([digit(hundredths / 100), b'.', digit(hundredths / 10)]);
        if !hundredths.is_multiple_of(10) {
            self.0.push(digit(hundredths));
        }
    }

    /// Adds numbers: null for none, a list only where there are several.
    #[inline]
    pub fn numbers(&mut self, key: &'static str, values: &[u32]) {
        self.key(key);
        match values {
            [] => self.null(),
            [one] => self.digits((*one).into()),
            many => self.write(many),
        }
    }

    /// Adds whether something is so.
    pub fn flag(&mut self, key: &'static str, value: bool) {
        self.key(key);
        let value = if value { "true" } else { "false" };
        self.0.extend_from_slice(value.as_bytes());
    }

    /// Adds an object, with what `fill` adds to it.
    pub fn object(&mut self, key: &'static str, fill: impl FnOnce(&mut Self)) {
        self.key(key);
        self.within(fill);
    }

    /// Adds a list of objects, one for each of `items`, with what `fill` adds to it.
    pub fn objects<T>(&mut self, key: &'static str, items: &[T], fill: impl Fn(&mut Self, &T)) {
        self.key(key);
        self.0.push(b'[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.0.push(b',');
            }
            self.within(|line| fill(line, item));
        }
        self.0.push(b']');
    }

    /// Ends the object: the line, with its end.
    pub fn end(&mut self) -> &[u8] {
        self.close(0);
        self.0.push(b'\n');
        &self.0
    }

    /// The object that `fill` makes, to be taken apart.
    pub fn value(fill: impl FnOnce(&mut Self)) -> Value {
        let mut line = Self::default();
        fill(&mut line);
        serde_json::from_slice(line.end()).unwrap_or_default()
    }

    /// The object that `fill` makes, to be put into another as it stands.
    pub fn raw(fill: impl FnOnce(&mut Self)) -> serde_json::Result<Box<RawValue>> {
        let mut line = Self::default();
        fill(&mut line);
        line.close(0);
        RawValue::from_string(String::from_utf8(line.0).unwrap_or_default())
    }

    fn within(&mut self, fill: impl FnOnce(&mut Self)) {
        let start = self.0.len();
        fill(self);
        self.close(start);
    }

    /// Makes what stands from `start` on an object: its brace takes the place of the comma before the first field.
    fn close(&mut self, start: usize) {
        match self.0.get_mut(start) {
            Some(comma) => *comma = b'{',
            None => self.0.push(b'{'),
        }
        self.0.push(b'}');
    }

    #[inline]
    fn key(&mut self, key: &'static str) {
        self.0.extend_from_slice(key.as_bytes());
    }

    #[inline]
    fn null(&mut self) {
        self.0.extend_from_slice(b"null");
    }

    fn quoted(&mut self, text: &str) {
        let plain = |byte| (byte >= b' ') & (byte != b'"') & (byte != b'\\');
        if every_byte(text, plain) {
            self.between_quotes(text);
        } else {
            self.write(text);
        }
    }

    fn between_quotes(&mut self, text: &str) {
        self.0.reserve(text.len() + 2);
        self.0.push(b'"');
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(b'"');
    }

    fn digits(&mut self, value: u64) {
        if value >= 10 {
            self.digits(value / 10);
        }
        self.0.push(b'0' + (value % 10) as u8);
    }

    fn write(&mut self, value: impl serde::Serialize) {
        // Writing plain values into memory cannot fail.
        let _ = serde_json::to_writer(&mut self.0, &value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_line_holds_what_serde_would_write() {
        assert_eq!(Line::default().end(), b"{}\n");
        let read = Line::value(|line| {
            line.object(key!("nothing"), |_| {});
            line.text(key!("plain"), Some("Élite …"));
            line.text(key!("escaped"), Some("\"Heat\"\\\n\u{1}{"));
            line.text(key!("none"), None);
            line.number(key!("number"), Some(u64::MAX));
            for share in [0.0, 0.3, 0.57, 0.05, 0.999, 1.0] {
                line.share(key!("share"), share);
                assert!(
                    line.0
                        .ends_with(format!(":{:?}", (share * 100.0).round() / 100.0).as_bytes())
                );
            }
            line.flag(key!("flag"), true);
            for (key, values) in [
                (key!("a"), [].as_slice()),
                (key!("b"), &[7]),
                (key!("c"), &[7, 8]),
            ] {
                line.numbers(key, values);
            }
            line.objects(key!("list"), &["x", "y"], |line, item| {
                line.text(key!("is"), Some(item));
                line.flag(key!("first"), *item == "x");
            });
            line.objects(key!("empty"), &[(); 0], |_, ()| {});
            line.number(key!("last"), None);
        });
        let wanted = json!({
            "nothing": {}, "plain": "Élite …", "escaped": "\"Heat\"\\\n\u{1}{", "none": null,
            "number": u64::MAX, "share": 1.0, "flag": true, "a": null, "b": 7, "c": [7, 8],
            "list": [{ "is": "x", "first": true }, { "is": "y", "first": false }], "empty": [],
            "last": null,
        });
        assert_eq!(read, wanted);
    }
}
