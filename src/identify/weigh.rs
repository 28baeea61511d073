//! Who is believed: claims in order of trust, each filling what the better ones left open.

use super::{Evidence, FLOOR, Identity, Verdict};
use crate::model::{Item, Location, Media, MediaType, title_key};

/// What one source claims.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// Which source.
    pub source: &'static str,
    /// What it says; `confidence` is how sure that makes us.
    pub media: Media,
    /// It is no film or episode at all (trailer, sample), and why.
    pub extra: Option<String>,
}

/// Weighs claims, best first.
pub fn weigh(item: &Item, claims: Vec<Claim>) -> Identity {
    let evidence = claims
        .iter()
        .map(|claim| Evidence {
            source: claim.source,
            said: said(&claim.media),
        })
        .collect();
    let extra = claims.iter().find_map(|claim| claim.extra.clone());
    let mut media = Media::default();
    for claim in claims {
        merge(&mut media, claim.media);
    }
    let verdict = match extra {
        Some(why) => Verdict::Ignore(why),
        None => verdict(&media),
    };
    if media.title.is_none() {
        media.title = fallback_title(item);
    }
    Identity {
        media,
        verdict,
        evidence,
    }
}

fn verdict(media: &Media) -> Verdict {
    if media.media_type.is_none() || media.title.is_none() {
        return Verdict::Local("unidentified".into());
    }
    if media.confidence < FLOOR {
        return Verdict::Local(format!(
            "not sure enough what it is ({:.2} < {FLOOR})",
            media.confidence
        ));
    }
    Verdict::Track
}

/// A worse claim adds what is missing where both mean the same thing; a contradiction costs confidence.
fn merge(best: &mut Media, next: Media) {
    if best.media_type.is_none() && best.title.is_none() {
        let ids = std::mem::take(&mut best.ids);
        *best = next;
        best.ids.fill_from(&ids);
        return;
    }
    if next.media_type.is_none() && next.title.is_none() {
        return best.ids.fill_from(&next.ids);
    }
    let same_type = best.media_type.is_none()
        || next.media_type.is_none()
        || best.media_type == next.media_type;
    let same_title = same_title(best, &next);
    if !same_type || !same_title {
        best.confidence *= 0.9;
        return;
    }
    best.confidence = best.confidence.max(next.confidence);
    best.media_type = best.media_type.or(next.media_type);
    best.title = best.title.take().or(next.title);
    best.alternative_title = best.alternative_title.take().or(next.alternative_title);
    best.year = best.year.or(next.year);
    if best.season.is_empty()
        && best.episode.is_empty()
        && best.absolute_episode.is_empty()
        && best.date.is_none()
    {
        best.season = next.season;
        best.episode = next.episode;
        best.absolute_episode = next.absolute_episode;
        best.date = next.date;
    }
    best.episode_title = best.episode_title.take().or(next.episode_title);
    best.part = best.part.or(next.part);
    best.anime |= next.anime;
    best.ids.fill_from(&next.ids);
}

fn same_title(a: &Media, b: &Media) -> bool {
    let keys = |media: &Media| {
        [&media.title, &media.alternative_title]
            .into_iter()
            .flatten()
            .map(|title| title_key(title))
            .collect::<Vec<_>>()
    };
    let (a, b) = (keys(a), keys(b));
    a.is_empty() || b.is_empty() || a.iter().any(|key| b.contains(key))
}

fn fallback_title(item: &Item) -> Option<String> {
    let from_path = match &item.location {
        Some(Location::Path(path)) => path.rsplit('/').next().map(str::to_owned),
        _ => None,
    };
    item.title
        .clone()
        .or(from_path)
        .filter(|title| !title.trim().is_empty())
}

fn said(media: &Media) -> String {
    let mut parts = Vec::new();
    let mut say = |name: &str, value: Option<String>| {
        parts.extend(value.map(|value| format!("{name}={value}")))
    };
    say(
        "type",
        media.media_type.map(|kind| kind.as_str().to_owned()),
    );
    say("title", media.title.clone());
    say("year", media.year.map(|year| year.to_string()));
    say("season", list(&media.season));
    say("episode", list(&media.episode));
    say("absolute", list(&media.absolute_episode));
    say("date", media.date.map(|date| date.to_string()));
    say("episode_title", media.episode_title.clone());
    say("tmdb", media.ids.tmdb.map(|id| id.to_string()));
    say("imdb", media.ids.imdb.clone());
    say("tvdb", media.ids.tvdb.map(|id| id.to_string()));
    parts.join(" ")
}

fn list(numbers: &[u32]) -> Option<String> {
    (!numbers.is_empty()).then(|| {
        numbers
            .iter()
            .map(u32::to_string)
            .collect::<Vec<_>>()
            .join(",")
    })
}

/// Film if nothing says otherwise.
pub fn type_of(media: &Media) -> Option<MediaType> {
    let numbered =
        !media.season.is_empty() || !media.episode.is_empty() || !media.absolute_episode.is_empty();
    match media.media_type {
        Some(kind) => Some(kind),
        None if numbered || media.date.is_some() => Some(MediaType::Episode),
        None => None,
    }
}
