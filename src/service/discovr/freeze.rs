//! Which calls an event leads to, and their bodies.

use serde::Serialize;

use crate::model::{Action, Ids, Lifecycle, Media, MediaType, Wall};
use crate::service::numbering::Unplaced;
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
    if is_inexpressible(&event.media) {
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

/// Whether Discovr has no place for it, whatever will be found out.
fn is_inexpressible(media: &Media) -> bool {
    let is_episode = media.media_type == Some(MediaType::Episode);
    is_episode && Unplaced::of(media).is_empty() && numbers(media).is_err()
}

fn histories(media: &Media) -> Vec<Call> {
    if media.media_type != Some(MediaType::Episode) {
        return vec![Call::History { episode: None }];
    }
    let unplaced = Unplaced::of(media);
    if !unplaced.is_empty() {
        return unplaced.into_iter().map(Call::HistoryOf).collect();
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
    let id = tmdb_id(media, ids)?;
    match media.media_type? {
        MediaType::Movie => Some(format!("MV_{id}")),
        MediaType::Episode => Some(format!("TV_{id}")),
    }
}

fn tmdb_id(media: &Media, ids: &Ids) -> Option<u64> {
    ids.tmdb.or(media.ids.tmdb).filter(|id| *id > 0)
}

/// The request for one call of an event; what can never be expressed is skipped before an id is waited for. An episode
/// known by its date or by an absolute number waits until its season and number are found.
#[must_use]
pub fn freeze(event: &Lifecycle, call: &Call, stamp: Wall, context: &Context) -> Prepared {
    match request(event, call, stamp, context) {
        Ok(request) => Prepared::Send(request),
        Err(otherwise) => otherwise,
    }
}

fn request(
    event: &Lifecycle,
    call: &Call,
    stamp: Wall,
    context: &Context,
) -> Result<Frozen, Prepared> {
    let target = target(event, call, context)?;
    let body = Body {
        media_id: media_id(&event.media, &context.ids).ok_or(Prepared::NeedsId)?,
        progress: target.progress,
        updated_at: stamp.to_string(),
        episode: target.episode,
    };
    let body = serde_json::to_string(&body).map_err(|error| Prepared::Skip(error.to_string()))?;
    Ok(Frozen {
        method: target.method.to_owned(),
        path: target.path.to_owned(),
        body,
    })
}

struct Target {
    method: &'static str,
    path: &'static str,
    episode: Option<Numbers>,
    progress: u32,
}

impl Target {
    fn history(episode: Option<Numbers>) -> Self {
        Self {
            method: "POST",
            path: HISTORY,
            episode,
            progress: 100,
        }
    }
}

fn target(event: &Lifecycle, call: &Call, context: &Context) -> Result<Target, Prepared> {
    let skip = |reason: &str| Err(Prepared::Skip(reason.to_owned()));
    let media = &event.media;
    let episodes = || match media.media_type {
        Some(MediaType::Episode) => placed(media, context),
        _ => Ok(Vec::new()),
    };
    match call {
        _ if media.media_type.is_none() => skip("nobody could tell what it is"),
        Call::Event => skip("not a call of this service"),
        Call::ResumePoint => Ok(resume_point(event, &episodes()?)),
        Call::HistoryOf(unplaced) => {
            let episode = place(media, *unplaced, context).ok_or(Prepared::NeedsId)?;
            Ok(Target::history(Some(episode)))
        }
        Call::History { episode } => {
            let of = |n: &Numbers| Some((n.season, n.episode)) == *episode;
            let episode = episodes()?.into_iter().find(of);
            if media.media_type == Some(MediaType::Episode) && episode.is_none() {
                return skip("the episode is not one of this event's");
            }
            Ok(Target::history(episode))
        }
    }
}

/// Season and episode of each episode in the file, ascending, as they are known by now.
fn placed(media: &Media, context: &Context) -> Result<Vec<Numbers>, Prepared> {
    let unplaced = Unplaced::of(media);
    if unplaced.is_empty() {
        return numbers(media).map_err(Prepared::Skip);
    }
    let found = unplaced.into_iter().map(|one| place(media, one, context));
    found.collect::<Option<_>>().ok_or(Prepared::NeedsId)
}

fn place(media: &Media, unplaced: Unplaced, context: &Context) -> Option<Numbers> {
    let series = tmdb_id(media, &context.ids)?;
    let (season, episode) = context.numberings.place(series, unplaced, media)?;
    Some(Numbers { season, episode })
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

/// The same from the file alone.
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
