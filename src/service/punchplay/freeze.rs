//! The body of a playback event. PunchPlay's schema is closed: an unknown key is refused, so nothing is sent that is
//! not documented, and what is not known is left out.

use std::borrow::Cow;

use serde::Serialize;

use super::API;
use crate::model::{Action, Date, EventId, Ids, Lifecycle, Media, MediaType, SessionId, Wall};
use crate::service::answer::is_imdb_id;
use crate::service::numbering::Unplaced;
use crate::service::{Context, Frozen, Prepared};

/// Longest title and file name, in characters.
const LONGEST_TEXT: usize = 500;

/// PunchPlay takes a stop for a watch at `progress >= watched_threshold`, whatever `watched` says: a stop that must not
/// count keeps below the highest threshold there is.
const UNWATCHED_THRESHOLD: f64 = 1.0;
const UNWATCHED_LIMIT: f64 = 0.99;

#[derive(Debug, Serialize)]
struct Body<'a> {
    media_type: MediaType,
    title: &'a str,
    event_id: EventId,
    playback_session_id: SessionId,
    /// Milliseconds since 1970.
    event_created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    year: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    imdb_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tmdb_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tvdb_id: Option<u64>,
    #[serde(flatten)]
    numbers: Numbers,
    #[serde(skip_serializing_if = "Option::is_none")]
    episode_title: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "is_false")]
    anime: bool,
    /// 0–1
    progress: f64,
    /// Seconds.
    position_seconds: u64,
    /// Seconds.
    duration_seconds: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    device_id: &'a str,
    client_version: &'static str,
    #[serde(flatten)]
    verdict: Option<Verdict>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw_filename: Option<&'a str>,
}

/// Which episode or episodes; empty for a film.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Numbers {
    #[serde(skip_serializing_if = "Option::is_none")]
    season: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    episode: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    episode_end: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    absolute_episode: Option<u32>,
    #[serde(skip_serializing_if = "is_false")]
    multi_episode: bool,
}

/// Only on a `stop`.
#[derive(Debug, Serialize)]
struct Verdict {
    watched: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    watched_threshold: Option<f64>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(value: &bool) -> bool {
    !value
}

/// The request for an event, or why there can be none.
#[must_use]
pub fn freeze(event: &Lifecycle, id: EventId, stamp: Wall, context: &Context) -> Prepared {
    match body(event, id, stamp, context) {
        Ok(body) => Prepared::Send(Frozen {
            method: "POST".to_owned(),
            path: [API, "/playback/", event.action.as_str()].concat(),
            body,
        }),
        Err(reason) => Prepared::Skip(reason),
    }
}

fn body(event: &Lifecycle, id: EventId, stamp: Wall, context: &Context) -> Result<String, String> {
    let media = &event.media;
    let media_type = media.media_type.ok_or("nobody could tell what it is")?;
    let title = media.full_title().and_then(cut).ok_or("it has no title")?;
    let is_episode = media_type == MediaType::Episode;
    let mut ids = context.ids.clone();
    ids.fill_from(&media.ids);
    let numbers = match is_episode {
        true => Numbers::of(placed(media, ids.tmdb, context).as_ref().unwrap_or(media)),
        false => Numbers::default(),
    };
    let numbers_are_absolute = numbers.absolute_episode.is_some() && numbers.season.is_none();
    let episode_title = is_episode.then(|| episode_title(media)).flatten();
    if is_episode && numbers == Numbers::default() && episode_title.is_none() {
        return Err("nobody could tell which episode it is".to_owned());
    }
    let Ids { tmdb, imdb, tvdb } = &ids;
    let place = Place::of(event);
    let body = Body {
        media_type,
        title,
        event_id: id,
        playback_session_id: event.session,
        event_created_at: stamp.0,
        year: media.year.filter(|year| *year > 0),
        imdb_id: imdb.as_deref().filter(|id| is_imdb_id(id)),
        tmdb_id: tmdb.filter(|id| *id > 0),
        tvdb_id: tvdb.filter(|id| *id > 0),
        numbers,
        episode_title,
        anime: media.anime || numbers_are_absolute,
        progress: place.progress,
        position_seconds: place.position,
        duration_seconds: place.duration,
        device_id: &context.device_id,
        client_version: env!("CARGO_PKG_VERSION"),
        verdict: verdict(event),
        raw_filename: file_name(event, context),
    };
    serde_json::to_string(&body).map_err(|error| error.to_string())
}

/// The episodes of a number without a season, where they are known by now. Anime is told as it is counted.
fn placed(media: &Media, series: Option<u64>, context: &Context) -> Option<Media> {
    if media.anime || !media.season.is_empty() || media.episode.is_empty() {
        return None;
    }
    let place = |one| context.numberings.place(series?, one, media);
    let places: Vec<(u32, u32)> = Unplaced::of(media)
        .into_iter()
        .map(place)
        .collect::<Option<_>>()?;
    let (season, _) = *places.first()?;
    let one_season = places.iter().all(|(other, _)| *other == season);
    one_season.then(|| Media {
        season: vec![season],
        episode: places.iter().map(|(_, episode)| *episode).collect(),
        absolute_episode: Vec::new(),
        ..media.clone()
    })
}

impl Numbers {
    fn of(media: &Media) -> Self {
        // Anime without a season is counted through all of them: that number is not the episode of any season.
        let counted_through = media.season.is_empty() && !media.absolute_episode.is_empty();
        let episodes = run(&media.episode).filter(|_| !counted_through);
        Self {
            season: media.season.iter().min().copied(),
            episode: episodes.map(|(first, _)| first),
            episode_end: episodes.map(|(_, last)| last),
            absolute_episode: media.absolute_episode.iter().min().copied(),
            multi_episode: counted_through && media.absolute_episode.len() > 1,
        }
        .marked()
    }

    /// A run of one is no run.
    fn marked(mut self) -> Self {
        self.multi_episode |= self.episode_end != self.episode;
        self.episode_end = self.episode_end.filter(|end| self.episode != Some(*end));
        self
    }
}

/// First and last of the consecutive numbers that the list begins with.
fn run(numbers: &[u32]) -> Option<(u32, u32)> {
    let first = *numbers.iter().min()?;
    let mut last = first;
    while let Some(next) = last.checked_add(1).filter(|next| numbers.contains(next)) {
        last = next;
    }
    Some((first, last))
}

/// A daily show has no numbers; its date goes where a name is looked for.
fn episode_title(media: &Media) -> Option<Cow<'_, str>> {
    let title = media.episode_title.as_deref().and_then(cut);
    let numbered = !media.episode.is_empty() || !media.absolute_episode.is_empty();
    match media.date.filter(|_| !numbered) {
        Some(date) => Some(dated(date, title).into()),
        None => title.map(Cow::Borrowed),
    }
}

fn dated(date: Date, title: Option<&str>) -> String {
    match title {
        Some(title) => format!("{date} {title}"),
        None => date.to_string(),
    }
}

/// Where in the media, in PunchPlay's units.
struct Place {
    progress: f64,
    position: u64,
    duration: u64,
}

impl Place {
    fn of(event: &Lifecycle) -> Self {
        let progress = event.progress();
        let duration = whole_seconds(event.duration).max(1);
        let position = whole_seconds(event.position).min(duration);
        if event.action == Action::Stop && !event.watched {
            // Both are capped: nobody says from which of them the service works progress out.
            let limit = event.duration * UNWATCHED_LIMIT;
            return Self {
                progress: four_digits(progress.min(UNWATCHED_LIMIT)).min(UNWATCHED_LIMIT),
                position: position.min(whole_seconds(limit.floor())),
                duration,
            };
        }
        Self {
            progress: four_digits(progress),
            position,
            duration,
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturates, and NaN becomes 0"
)]
fn whole_seconds(seconds: f64) -> u64 {
    seconds.round() as u64
}

/// NaN becomes 0.
fn four_digits(fraction: f64) -> f64 {
    (fraction.max(0.0) * 10_000.0).round() / 10_000.0
}

fn verdict(event: &Lifecycle) -> Option<Verdict> {
    (event.action == Action::Stop).then_some(Verdict {
        watched: event.watched,
        watched_threshold: (!event.watched).then_some(UNWATCHED_THRESHOLD),
    })
}

/// The base name, though a base name is what there should be already: paths never leave.
fn file_name<'a>(event: &'a Lifecycle, context: &Context) -> Option<&'a str> {
    let name = event
        .file_name
        .as_deref()
        .filter(|_| context.send_file_name)?;
    cut(name.rsplit(['/', '\\']).next().unwrap_or_default())
}

fn cut(text: &str) -> Option<&str> {
    let text = text.trim();
    let end = text.char_indices().nth(LONGEST_TEXT);
    let text = text.get(..end.map_or(text.len(), |(end, _)| end))?;
    Some(text.trim_end()).filter(|text| !text.is_empty())
}

#[cfg(test)]
#[path = "freeze_tests.rs"]
mod tests;
