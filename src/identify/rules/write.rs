//! A rule that says which id a title has, as `reeld rematch --always` writes it: where it is the one that is applied.

use std::fmt::Write as _;

use super::{Rule, Rules, Set, parse};
use crate::model::{Ids, Item, Media, title_key};

/// The file's new text.
#[derive(Debug, PartialEq, Eq)]
pub struct Written {
    /// All of it.
    pub text: String,
    /// Rules by path or regex stand before the new one, and are applied instead of it where they fit.
    pub behind_paths: bool,
}

/// Why a rule cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unwritten {
    /// Whether it is a film or a series is not known, or it has no title.
    Unnamed,
    /// The rule in this line comes first, and says more than an id.
    Behind(usize),
}

/// The text with a rule for this film or series, in front of the one that says otherwise by now.
///
/// # Errors
/// When it would not be the one that is applied.
pub fn with_rule(text: &str, media: &Media, ids: &Ids) -> Result<Written, Unwritten> {
    let rule = media.media_type.and_then(|_| rule_for(media, ids));
    let rule = rule.ok_or(Unwritten::Unnamed)?;
    let rules = parse(text, None).unwrap_or_default();
    let first = rules.0.iter().find(|rule| rule.decides(media));
    let line = match first {
        Some(first) if first.says_more() => return Err(Unwritten::Behind(first.line)),
        first => first.map(|first| first.line),
    };
    let (before, after) = split_before(text, line);
    let text = [before.trim_end(), rule.trim_end(), after.trim_end()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n\n")
        + "\n";
    // It is read as it will be: what is not at the head of a line of its own cannot be put in front of.
    let behind = Unwritten::Behind(line.unwrap_or(1));
    let rules = parse(&text, None).map_err(|_| behind)?;
    let mut paths = rules.0.iter().take_while(|rule| !rule.decides(media));
    let behind_paths = paths.any(|rule| !rule.when.by_title_alone());
    if rules.says(media).as_ref() != Some(ids) {
        return Err(behind);
    }
    Ok(Written { text, behind_paths })
}

/// In front of a line, or at the end.
fn split_before(text: &str, line: Option<usize>) -> (&str, &str) {
    let Some(line) = line else {
        return (text, "");
    };
    let start: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    text.split_at_checked(start).unwrap_or((text, ""))
}

impl Rules {
    /// The ids that the rule gives which is applied.
    fn says(&self, media: &Media) -> Option<Ids> {
        let rule = self.0.iter().find(|rule| rule.decides(media))?;
        Some(rule.set.ids.clone())
    }
}

impl Rule {
    /// Whether it is applied to this title, or has made it what it is; by what is known without its path.
    fn decides(&self, media: &Media) -> bool {
        let named_it = self.set.title.as_deref().is_some_and(|title| {
            let title = title_key(title);
            media
                .title
                .as_deref()
                .is_some_and(|known| title_key(known) == title)
        });
        named_it || self.when.by_title_alone() && self.fits(&Item::default(), media, &[])
    }

    /// What would be lost if another came before it.
    fn says_more(&self) -> bool {
        let only_ids = Set {
            ids: self.set.ids.clone(),
            kind: self.set.kind,
            ..Set::default()
        };
        let counts = !self.map.is_empty() || self.shift != super::Shift::default();
        self.ignore || counts || self.set != only_ids
    }
}

/// The text of a rule for everything that is understood as this film or series.
fn rule_for(media: &Media, ids: &Ids) -> Option<String> {
    let title = media.title.as_deref()?;
    let mut when = format!("title = {}", quoted(title));
    if let Some(kind) = media.media_type {
        let _ = write!(when, ", type = \"{}\"", kind.as_str());
    }
    if let Some(year) = media.year {
        let _ = write!(when, ", year = {year}");
    }
    let mut set: Vec<String> = Vec::new();
    set.extend(
        media
            .media_type
            .map(|kind| format!("type = \"{}\"", kind.as_str())),
    );
    set.extend(ids.tmdb.map(|id| format!("tmdb = {id}")));
    set.extend(ids.imdb.as_ref().map(|id| format!("imdb = {}", quoted(id))));
    set.extend(ids.tvdb.map(|id| format!("tvdb = {id}")));
    Some(format!(
        "[[rule]]\nwhen = {{ {when} }}\nset = {{ {} }}\n",
        set.join(", ")
    ))
}

/// What JSON puts in quotes TOML reads alike, but for one letter that nobody sees.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text.replace('\u{7f}', "")).to_string()
}
