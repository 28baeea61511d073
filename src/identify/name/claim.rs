//! A parsed name as evidence.

use super::normalise::{self, has_known_extension};
use super::{Extra, ParsedName, Reader, Shelved, parse, path, url};
use crate::identify::CALLED_PRIVATE;
use crate::identify::weigh::{Claim, Reach};
use crate::model::{Ids, Item, Location, Media, MediaType};

/// What the item's path, or its URL's, claims, and what its folder does that calls it otherwise. What streams are called
/// by everybody says nothing where the player tells a title; and on the web, where a page may be called anything, only what
/// is called like a file says something.
pub fn claims(item: &Item, reader: &mut Reader) -> Option<(Claim, Option<Claim>)> {
    let told = item.title.as_deref().is_some_and(|t| !t.trim().is_empty());
    let mut parsed = match item.location.as_ref()? {
        Location::Path(path) => reader.parse(path),
        place @ Location::Url(url) => {
            let path = url::path(url)?;
            let page = place.is_web() && !has_known_extension(&path);
            if page || told && url::is_nameless(&path) {
                return None;
            }
            reader.parse(&path)
        }
    };
    // Behind the number of an episode stands the episode's own id, if anything.
    if parsed.media_type == Some(MediaType::Episode) && !parsed.ids_are_series {
        parsed.ids = Ids::default();
    }
    let extra = parsed
        .extra
        .map(|extra| format!("{}, not the film or episode itself", describe(extra)));
    let private = parsed.private && parsed.ids.is_empty() && extra.is_none();
    let around = parsed.shelved_with.take();
    let around = around.map(|work| around_it(*work, parsed.media_type));
    let claim = Claim {
        source: "name",
        media: media(parsed),
        doubt: private.then_some(CALLED_PRIVATE),
        also: around
            .as_ref()
            .and_then(|around| around.media.title.clone()),
        extra,
        ..Claim::default()
    };
    Some((claim, around))
}

/// What a folder with ids says of what lies in it under another name.
fn around_it(work: Shelved, kind: Option<MediaType>) -> Claim {
    Claim {
        source: "path",
        detail: Some("the folder".to_owned()),
        media: Media {
            media_type: kind,
            title: Some(work.title),
            year: work.year,
            ids: work.ids,
            confidence: 0.95,
            ..Media::default()
        },
        reach: Reach::Around,
        ..Claim::default()
    }
}

/// The ids written in the path, as better evidence than the words around them.
pub fn take_ids(claim: &mut Claim) -> Option<Claim> {
    let ids = std::mem::take(&mut claim.media.ids);
    (!ids.is_empty()).then(|| Claim {
        source: "path",
        media: Media {
            ids,
            ..Media::default()
        },
        ..Claim::default()
    })
}

/// What a title says that a player or a tag tells: it may be a file's name or path, but a `/` within a title is its own.
pub fn title(told: &str) -> Media {
    let told = told.trim();
    let is_path = told.starts_with(['/', '~']) || told.contains("://") || told.contains('\\');
    if is_path || normalise::has_extension(told) {
        return media(parse(told));
    }
    media(path::read_title(told))
}

fn media(parsed: ParsedName) -> Media {
    let confidence = confidence(&parsed);
    Media {
        media_type: parsed.media_type,
        title: parsed.title,
        alternative_title: parsed.alternative_title,
        year: parsed.year,
        season: parsed.season,
        episode: parsed.episode,
        absolute_episode: parsed.absolute_episode,
        date: parsed.date,
        episode_title: parsed.episode_title,
        part: parsed.part,
        anime: parsed.anime,
        ids: parsed.ids,
        confidence,
    }
}

/// A bare title could be anything, a home video included; a number in its proper form hardly ever lies.
fn confidence(parsed: &ParsedName) -> f32 {
    let Some(kind) = parsed.media_type.filter(|_| parsed.title.is_some()) else {
        return 0.0;
    };
    let known = !parsed.ids.is_empty();
    match kind {
        _ if known => 0.95,
        _ if parsed.nameless => 0.3,
        MediaType::Episode if parsed.weak => 0.6,
        MediaType::Episode => 0.9,
        MediaType::Movie if parsed.year.is_some() => 0.9,
        MediaType::Movie if parsed.weak => 0.4,
        MediaType::Movie => 0.6,
    }
}

fn describe(extra: Extra) -> &'static str {
    match extra {
        Extra::Trailer => "a trailer",
        Extra::Sample => "a sample",
        Extra::Featurette => "a featurette",
        Extra::Interview => "an interview",
        Extra::BehindTheScenes => "from behind the scenes",
        Extra::DeletedScene => "a deleted scene",
        Extra::Other => "an extra",
    }
}
