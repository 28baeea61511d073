//! What an NFO file says, by the elements that Kodi, Jellyfin and Emby have written over the years.

use std::collections::BTreeMap;

use serde_json::Value;

use super::links::{self, is_imdb};
use super::xml::{self, Field, Root};
use super::{Fact, Link};
use crate::model::{Date, Ids, Media, MediaType};

/// `None` if it says nothing.
pub fn read(text: &str) -> Option<Fact> {
    let (roots, tail) = xml::roots(text);
    let Some(first) = roots.first() else {
        let links = links::find(text);
        return (!links.is_empty()).then_some(Fact::Links(links));
    };
    match first.name.to_ascii_lowercase().as_str() {
        "movie" => Some(Fact::Film(titled(first, MediaType::Movie, tail))),
        "tvshow" => Some(Fact::Show(titled(first, MediaType::Episode, tail))),
        "season" => number(first, &["seasonnumber", "season"]).map(Fact::Season),
        "episodedetails" => Some(Fact::Episodes(episodes(&roots))),
        _ => Some(Fact::Other("a music video")),
    }
}

/// A film or a series.
fn titled(root: &Root<'_>, kind: MediaType, tail: &str) -> Media {
    let title = text(root, &["title"]);
    let original = text(root, &["originaltitle"]).filter(|other| Some(other) != title.as_ref());
    let year = ["year", "premiered", "releasedate", "aired"]
        .into_iter()
        .find_map(|name| year(root.text(&[name])?));
    let (title, alternative_title) = match title {
        Some(title) => (Some(title), original),
        None => (original, None),
    };
    Media {
        media_type: Some(kind),
        confidence: if title.is_some() { 0.95 } else { 0.0 },
        title,
        alternative_title,
        year,
        ids: ids(root, kind, tail),
        ..Media::default()
    }
}

/// All episodes in one file; several only if they are of one season.
fn episodes(roots: &[Root<'_>]) -> Media {
    let mut media = Media {
        media_type: Some(MediaType::Episode),
        confidence: 0.95,
        ..Media::default()
    };
    let mut titles: Vec<String> = Vec::new();
    let all = roots
        .iter()
        .filter(|root| root.name.eq_ignore_ascii_case("episodedetails"));
    for root in all {
        let season: Vec<u32> = number(root, &["season"]).into_iter().collect();
        if !media.episode.is_empty() && media.season != season {
            continue;
        }
        media.season = season;
        if let Some(first) = number(root, &["episode"]) {
            let last = number(root, &["episodenumberend"]).unwrap_or(first);
            media
                .episode
                .extend(first..=last.clamp(first, first.saturating_add(50)));
        }
        media.title = media.title.take().or_else(|| text(root, &["showtitle"]));
        media.date = media
            .date
            .or_else(|| date(root.text(&["aired", "premiered"])?));
        titles.extend(text(root, &["title"]));
    }
    media.episode.sort_unstable();
    media.episode.dedup();
    titles.dedup();
    media.episode_title = (!titles.is_empty()).then(|| titles.join(" / "));
    // A date is how daily shows are known, and else says nothing that the number does not.
    media.date = media.date.filter(|_| media.episode.is_empty());
    if media.episode.is_empty() && media.date.is_none() {
        media.season.clear();
    }
    media
}

/// `uniqueid` first, of several of a type the default one; then the older ways; then a link behind it all.
fn ids(root: &Root<'_>, kind: MediaType, tail: &str) -> Ids {
    let mut ids = Ids::default();
    let mut unique: Vec<&Field<'_>> = root.all("uniqueid").collect();
    unique.sort_by_key(|field| field.attribute("default") != Some("true"));
    for field in unique {
        let named = field.attribute("type").unwrap_or("");
        ids.fill_from(&id(&named.to_ascii_lowercase(), field.text()));
    }
    for (name, of) in [
        ("tmdbid", "tmdb"),
        ("tmdb_id", "tmdb"),
        ("imdbid", "imdb"),
        ("imdb_id", "imdb"),
        ("tvdbid", "tvdb"),
        ("tvdb_id", "tvdb"),
    ] {
        root.all(name)
            .for_each(|field| ids.fill_from(&id(of, field.text())));
    }
    // Kodi, since version 20: `<episodeguide>{"tmdb": "1396", "tvdb": "81189"}</episodeguide>`; before, a link.
    for field in root.all("episodeguide") {
        let said: BTreeMap<String, Value> = serde_json::from_str(field.text()).unwrap_or_default();
        for (of, value) in &said {
            let number = value.to_string();
            ids.fill_from(&id(of, value.as_str().unwrap_or(&number)));
        }
    }
    for field in root.all("id") {
        for name in ["tmdb", "moviedb", "imdb", "tvdb"] {
            let Some(named) = field.attribute(name) else {
                continue;
            };
            // `<id moviedb="tmdb">550</id>` and `<id TMDB="550">tt0137523</id>`
            match name {
                "moviedb" => ids.fill_from(&id(&named.to_ascii_lowercase(), field.text())),
                _ => ids.fill_from(&id(name, named)),
            }
        }
        if is_imdb(field.text()) {
            ids.fill_from(&id("imdb", field.text()));
        } else if kind == MediaType::Episode && field.attribute("moviedb").is_none() {
            // A bare number was TheTVDB's in files of series; in those of films it may be anybody's.
            ids.fill_from(&id("tvdb", field.text()));
        }
    }
    for link in links::find(tail) {
        ids.fill_from(&linked(&link, kind));
    }
    ids
}

/// The ids that a link gives to a film or a series.
pub fn linked(link: &Link, kind: MediaType) -> Ids {
    let mut ids = Ids::default();
    match (link, kind) {
        (Link::TmdbFilm(id), MediaType::Movie)
        | (Link::TmdbShow { id, .. }, MediaType::Episode) => {
            ids.tmdb = Some(*id);
        }
        (Link::TvdbShow(id), MediaType::Episode) => ids.tvdb = Some(*id),
        (Link::Imdb(id), _) => ids.imdb = Some(id.clone()),
        _ => {}
    }
    ids
}

fn id(kind: &str, text: &str) -> Ids {
    let number = || text.parse().ok().filter(|id| *id > 0);
    let mut ids = Ids::default();
    match kind {
        "tmdb" | "themoviedb" => ids.tmdb = number(),
        "tvdb" | "thetvdb" => ids.tvdb = number(),
        "imdb" => ids.imdb = is_imdb(text).then(|| text.to_owned()),
        // Some write the type of none: only IMDb's can be told by their looks.
        _ if is_imdb(text) => ids.imdb = Some(text.to_owned()),
        _ => {}
    }
    ids
}

fn text(root: &Root<'_>, names: &[&'static str]) -> Option<String> {
    let words: Vec<&str> = root.text(names)?.split_whitespace().collect();
    let text: String = words.join(" ").chars().take(300).collect();
    // What could not be read names nothing.
    (!text.is_empty() && !text.contains(char::REPLACEMENT_CHARACTER)).then_some(text)
}

fn number(root: &Root<'_>, names: &[&'static str]) -> Option<u32> {
    // -1 is how Kodi writes that it does not know.
    root.text(names)?.parse().ok().filter(|n| *n < 100_000)
}

fn year(text: &str) -> Option<u16> {
    let year = text.get(..4)?.parse().ok()?;
    (1870..2100).contains(&year).then_some(year)
}

fn date(text: &str) -> Option<Date> {
    Date::parse(text.get(..10)?)
}

#[cfg(test)]
#[path = "nfo_tests.rs"]
mod tests;
