//! One layer of configuration: the keys that one source gives, each with its value and its place.

use std::path::Path;

use config::{Map, Source, Value, ValueKind};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Place};
use super::nearest::nearest;
use super::rules::{KEYS, Rule, rule};

/// The prefix of the variables that set keys.
pub const PREFIX: &str = "REELD__";

/// Longest value repeated in an error.
const SHOWN: usize = 80;

/// A key that a source gives.
#[derive(Debug, Clone)]
pub struct Given {
    /// `section.key`
    pub key: &'static str,
    /// Its value, checked.
    pub value: ValueKind,
    /// Where it stands.
    pub place: Place,
}

/// What one source gives.
#[derive(Debug, Clone, Default)]
pub struct Layer {
    /// In the order it stands there.
    pub given: Vec<Given>,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
}

impl Source for Layer {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, config::ConfigError> {
        let pairs = self.given.iter().map(|given| {
            let origin = given.place.to_string();
            let value = Value::new(Some(&origin), given.value.clone());
            (given.key.to_owned(), value)
        });
        Ok(pairs.collect())
    }
}

impl Layer {
    /// Reads TOML; `file` is `None` for the embedded defaults.
    #[must_use]
    pub fn from_toml(text: &str, file: Option<&Path>) -> Self {
        let mut layer = Self::default();
        let text = Text { text, file };
        match DeTable::parse(text.text) {
            Ok(root) => layer.read_root(root.get_ref(), &text),
            Err(error) => {
                let at = error.span().map_or(0, |span| span.start);
                let problem = format!("this is not TOML: {}", error.message().trim());
                layer.fault(String::new(), &text.place(at), problem);
            }
        }
        layer
    }

    /// Reads `REELD__SECTION__KEY` variables; others are none of our business.
    #[must_use]
    pub fn from_variables<'a>(variables: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut layer = Self::default();
        for (name, text) in variables {
            let Some(rest) = name.strip_prefix(PREFIX) else {
                continue;
            };
            let key = rest.to_ascii_lowercase().replace("__", ".");
            let place = Place::Variable(name.to_owned());
            match KEYS.iter().find(|(known, _)| *known == key) {
                Some((key, rule)) => layer.take(key, rule.read(text), &format!("{text:?}"), place),
                None => layer.unknown(&key, &place),
            }
        }
        layer
    }

    /// A secret file of the service manager.
    #[must_use]
    pub fn from_credential(key: &'static str, text: &str, file: &Path) -> Self {
        let mut layer = Self::default();
        let place = Place::Credential(file.to_owned());
        layer.take(key, text.trim().into(), "[redacted]", place);
        layer
    }

    fn read_root(&mut self, root: &DeTable<'_>, text: &Text<'_>) {
        // The table is sorted by name; people read from the top.
        let mut sections: Vec<_> = root.iter().collect();
        sections.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in sections {
            let section = name.get_ref().as_ref();
            let place = text.place(name.span().start);
            match value.get_ref() {
                _ if !is_section(section) => self.unknown(section, &place),
                DeValue::Table(table) => self.read_section(section, table, text),
                _ => {
                    let problem =
                        format!("{section} is a section; write [{section}] above its keys");
                    self.fault(section.to_owned(), &place, problem);
                }
            }
        }
    }

    fn read_section(&mut self, section: &str, table: &DeTable<'_>, text: &Text<'_>) {
        let mut keys: Vec<_> = table.iter().collect();
        keys.sort_by_key(|(name, _)| name.span().start);
        for (name, value) in keys {
            let key = format!("{section}.{}", name.get_ref());
            let place = text.place(name.span().start);
            match KEYS.iter().find(|(known, _)| *known == key) {
                Some((key, _)) => self.take(key, plain(value), text.slice(value), place),
                None => self.unknown(&key, &place),
            }
        }
    }

    fn take(&mut self, key: &'static str, value: ValueKind, written: &str, place: Place) {
        let Some(rule) = rule(key) else {
            return;
        };
        match rule.check(&value) {
            Ok(()) => self.given.push(Given { key, value, place }),
            Err(wanted) => {
                let written = if rule == Rule::Secret {
                    "[redacted]"
                } else {
                    written
                };
                let subject = format!("{key} = {}", shorten(written));
                self.fault(subject, &place, format!("must be {wanted}"));
            }
        }
    }

    fn unknown(&mut self, key: &str, place: &Place) {
        let known: Vec<&str> = if key.contains('.') {
            KEYS.iter().map(|(key, _)| *key).collect()
        } else {
            sections().collect()
        };
        let advice = nearest(key, &known).map_or_else(
            || "`reeld config show --defaults` shows every key".to_owned(),
            |near| format!("did you mean {near}?"),
        );
        self.fault(
            shorten(key),
            place,
            format!("there is no such key; {advice}"),
        );
    }

    fn fault(&mut self, subject: String, place: &Place, problem: String) {
        let place = place.to_string();
        self.faults.push(Fault {
            subject,
            place,
            problem,
        });
    }
}

/// A file's text, to turn byte offsets into places.
struct Text<'a> {
    text: &'a str,
    file: Option<&'a Path>,
}

impl Text<'_> {
    fn place(&self, offset: usize) -> Place {
        let before = self.text.as_bytes().get(..offset).unwrap_or_default();
        let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
        self.file
            .map_or(Place::Default, |file| Place::File(file.to_owned(), line))
    }

    fn slice(&self, value: &Spanned<DeValue<'_>>) -> &str {
        self.text.get(value.span()).unwrap_or_default()
    }
}

fn sections() -> impl Iterator<Item = &'static str> {
    KEYS.iter()
        .map(|(key, _)| key.split_once('.').map_or(*key, |(section, _)| section))
}

fn is_section(name: &str) -> bool {
    sections().any(|section| section == name)
}

/// Dates and tables fit no key, whatever they say.
fn plain(value: &Spanned<DeValue<'_>>) -> ValueKind {
    match value.get_ref() {
        DeValue::String(text) => text.as_ref().into(),
        DeValue::Boolean(switch) => ValueKind::Boolean(*switch),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(ValueKind::Nil, ValueKind::I64),
        DeValue::Float(number) => number
            .as_str()
            .parse()
            .map_or(ValueKind::Nil, ValueKind::Float),
        DeValue::Array(items) => {
            let items = items.iter().map(|item| Value::new(None, plain(item)));
            ValueKind::Array(items.collect())
        }
        DeValue::Datetime(_) | DeValue::Table(_) => ValueKind::Nil,
    }
}

fn shorten(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= SHOWN {
        return line;
    }
    line.chars().take(SHOWN).chain(['…']).collect()
}
