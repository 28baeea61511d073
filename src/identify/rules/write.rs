//! A rule that says which id a title has, as `reeld rematch --always` appends it.

use std::fmt::Write as _;

use crate::model::{Ids, Media};

/// The text of a rule for everything that is understood as this film or series.
#[must_use]
pub fn rule_for(media: &Media, ids: &Ids) -> Option<String> {
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
