//! Which calls an event leads to, and their bodies.

use serde::Serialize;

use crate::model::{Action, Ids, Lifecycle, Media, MediaType, Wall};
use crate::service::{Call, Context, Frozen, Prepared};

const PLAYBACK: &str = "/profile/playback";
const HISTORY: &str = "/profile/history";

/// An unfinished viewing never says 100.
const UNWATCHED_LIMIT: u32 = 99;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    media_id: String,
    /// 0–100
    progress: u32,
    /// When it was so, not when it is told. ISO 8601, UTC.
    updated_at: String,
    #[serde(flatten)]
    episode: Option<Numbers>,
}

/// Both at least 1, and never one without the other: a TV entry without an episode would cover a whole season.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
struct Numbers {
    season: u32,
    episode: u32,
}

/// What an event leads to. A completed viewing is history, one entry an episode, and then its resume point is at the
/// end; everything else only moves the resume point. What cannot be expressed moves none: it would take the place of one
/// that can. Its stop is seen to be skipped.
#[must_use]
pub fn calls(event: &Lifecycle) -> Vec<Call> {
    let completed = event.action == Action::Stop && event.watched;
    if target(event, &Call::ResumePoint).is_err() {
        let stop = event.action == Action::Stop;
        return stop
            .then_some(Call::History { episode: None })
            .into_iter()
            .collect();
    }
    let mut calls = Vec::new();
    if completed {
        calls.extend(histories(&event.media));
    }
    calls.push(Call::ResumePoint);
    calls
}

fn histories(media: &Media) -> Vec<Call> {
    if media.media_type != Some(MediaType::Episode) {
        return vec![Call::History { episode: None }];
    }
    let all = numbers(media).unwrap_or_default();
    all.iter()
        .map(|n| Call::History {
            episode: Some((n.season, n.episode)),
        })
        .collect()
}

/// `MV_…` or `TV_…`; the film's or series' TMDB id from the service's context, else the media's own.
#[must_use]
pub fn media_id(media: &Media, ids: &Ids) -> Option<String> {
    let id = ids.tmdb.or(media.ids.tmdb).filter(|id| *id > 0)?;
    match media.media_type? {
        MediaType::Movie => Some(format!("MV_{id}")),
        MediaType::Episode => Some(format!("TV_{id}")),
    }
}

/// The request for one call of an event; what can never be expressed is skipped before an id is waited for.
#[must_use]
pub fn freeze(event: &Lifecycle, call: &Call, stamp: Wall, context: &Context) -> Prepared {
    let target = match target(event, call) {
        Ok(target) => target,
        Err(reason) => return Prepared::Skip(reason),
    };
    let Some(media_id) = media_id(&event.media, &context.ids) else {
        return Prepared::NeedsId;
    };
    let body = Body {
        media_id,
        progress: target.progress,
        updated_at: stamp.to_string(),
        episode: target.episode,
    };
    match serde_json::to_string(&body) {
        Ok(body) => Prepared::Send(Frozen {
            method: target.method.to_owned(),
            path: target.path.to_owned(),
            body,
        }),
        Err(error) => Prepared::Skip(error.to_string()),
    }
}

struct Target {
    method: &'static str,
    path: &'static str,
    episode: Option<Numbers>,
    progress: u32,
}

fn target(event: &Lifecycle, call: &Call) -> Result<Target, String> {
    let media_type = event
        .media
        .media_type
        .ok_or("nobody could tell what it is")?;
    let episodes = match media_type {
        MediaType::Movie => Vec::new(),
        MediaType::Episode => numbers(&event.media)?,
    };
    match call {
        Call::Event => Err("not a call of this service".to_owned()),
        Call::ResumePoint => Ok(resume_point(event, &episodes)),
        Call::History { episode } => {
            let of = |n: &Numbers| Some((n.season, n.episode)) == *episode;
            let episode = episodes.iter().copied().find(of);
            if media_type == MediaType::Episode && episode.is_none() {
                return Err("the episode is not one of this event's".to_owned());
            }
            Ok(Target {
                method: "POST",
                path: HISTORY,
                episode,
                progress: 100,
            })
        }
    }
}

/// A `start` puts the film or series on the list, with `POST`, which takes no episode. `PATCH` says which episode.
fn resume_point(event: &Lifecycle, episodes: &[Numbers]) -> Target {
    let completed = event.action == Action::Stop && event.watched;
    let episode = if completed {
        episodes.last()
    } else {
        episodes.first()
    };
    let episode = episode.copied().filter(|_| event.action != Action::Start);
    Target {
        method: if episode.is_some() { "PATCH" } else { "POST" },
        path: PLAYBACK,
        episode,
        progress: if completed {
            100
        } else {
            percent(event.progress()).min(UNWATCHED_LIMIT)
        },
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, and NaN becomes 0"
)]
fn percent(fraction: f64) -> u32 {
    (fraction * 100.0).round() as u32
}

/// Season and episode of each episode in the file, ascending.
fn numbers(media: &Media) -> Result<Vec<Numbers>, String> {
    let season = match media.season[..] {
        [season] => season,
        [] => return Err("Discovr knows episodes by season and number only".to_owned()),
        _ => return Err("it spans several seasons".to_owned()),
    };
    let mut episodes = media.episode.clone();
    episodes.sort_unstable();
    episodes.dedup();
    if episodes.is_empty() {
        return Err("Discovr knows episodes by season and number only".to_owned());
    }
    if season == 0 || episodes.contains(&0) {
        return Err("Discovr has no place for specials (season or episode 0)".to_owned());
    }
    Ok(episodes
        .into_iter()
        .map(|episode| Numbers { season, episode })
        .collect())
}

#[cfg(test)]
#[path = "freeze_tests.rs"]
mod tests;
