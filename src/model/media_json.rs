//! A `Media` as JSON: the shape that all commands share.

use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{Media, MediaType};

/// What it is, without input and evidence. Absent is null; numbers are lists only where there are several.
#[must_use]
pub fn media_json(media: &Media) -> Value {
    serde_json::to_value(MediaJson::from(media)).unwrap_or_default()
}

/// The same, for writing many of them without a tree in between.
#[derive(Debug, Serialize)]
pub struct MediaJson<'a> {
    media_type: Option<MediaType>,
    title: Option<&'a str>,
    alternative_title: Option<&'a str>,
    year: Option<u16>,
    season: Numbers<'a>,
    episode: Numbers<'a>,
    episode_end: Option<u32>,
    absolute_episode: Numbers<'a>,
    date: Option<String>,
    episode_title: Option<&'a str>,
    part: Option<u32>,
    anime: bool,
    ids: IdsJson<'a>,
    confidence: f64,
}

#[derive(Debug, Serialize)]
struct IdsJson<'a> {
    tmdb: Option<u64>,
    imdb: Option<&'a str>,
    tvdb: Option<u64>,
}

#[derive(Debug)]
struct Numbers<'a>(&'a [u32]);

impl Serialize for Numbers<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            [] => serializer.serialize_none(),
            [one] => serializer.serialize_u32(*one),
            many => many.serialize(serializer),
        }
    }
}

impl<'a> From<&'a Media> for MediaJson<'a> {
    fn from(media: &'a Media) -> Self {
        Self {
            media_type: media.media_type,
            title: media.title.as_deref(),
            alternative_title: media.alternative_title.as_deref(),
            year: media.year,
            season: Numbers(&media.season),
            episode: Numbers(&media.episode),
            episode_end: end(&media.episode),
            absolute_episode: Numbers(&media.absolute_episode),
            date: media.date.map(|date| date.to_string()),
            episode_title: media.episode_title.as_deref(),
            part: media.part,
            anime: media.anime,
            ids: IdsJson {
                tmdb: media.ids.tmdb,
                imdb: media.ids.imdb.as_deref(),
                tvdb: media.ids.tvdb,
            },
            confidence: (f64::from(media.confidence) * 100.0).round() / 100.0,
        }
    }
}

/// The last of several episodes in one file, if there is no gap in them.
fn end(episodes: &[u32]) -> Option<u32> {
    let run = episodes.is_sorted_by(|a, b| a.checked_add(1) == Some(*b));
    match episodes {
        [_, .., last] if run => Some(*last),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_episode_is_a_number_and_several_are_a_list_with_an_end_if_they_are_a_run() {
        for (episodes, episode, end) in [
            (vec![], json!(null), json!(null)),
            (vec![3], json!(3), json!(null)),
            (vec![3, 4, 5], json!([3, 4, 5]), json!(5)),
            (vec![3, 5], json!([3, 5]), json!(null)),
            (vec![u32::MAX, 0], json!([u32::MAX, 0]), json!(null)),
        ] {
            let json = media_json(&Media {
                episode: episodes,
                ..Media::default()
            });
            assert_eq!((&json["episode"], &json["episode_end"]), (&episode, &end));
        }
    }
}
