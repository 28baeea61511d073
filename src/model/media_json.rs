//! A `Media` as JSON: the shape that all commands share.

use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::Value;

use super::{Entries, Fields, Media};

/// What it is, without input and evidence. Absent is null; numbers are lists only where there are several.
#[must_use]
pub fn media_json(media: &Media) -> Value {
    serde_json::to_value(MediaJson(media)).unwrap_or_default()
}

/// The same, for writing many of them without a tree in between.
#[derive(Debug)]
pub struct MediaJson<'a>(pub &'a Media);

impl MediaJson<'_> {
    /// Its fields, in their order.
    ///
    /// # Errors
    /// As what takes the fields.
    pub fn put_into<F: Fields>(&self, to: &mut F) -> Result<(), F::Error> {
        let media = self.0;
        to.put("media_type", media.media_type)?;
        to.put("title", media.title.as_deref())?;
        to.put("alternative_title", media.alternative_title.as_deref())?;
        to.put("year", media.year)?;
        to.put("season", Numbers(&media.season))?;
        to.put("episode", Numbers(&media.episode))?;
        to.put("episode_end", end(&media.episode))?;
        to.put("absolute_episode", Numbers(&media.absolute_episode))?;
        to.put("date", media.date.map(|date| date.to_string()))?;
        to.put("episode_title", media.episode_title.as_deref())?;
        to.put("part", media.part)?;
        to.put("anime", media.anime)?;
        let ids = IdsJson {
            tmdb: media.ids.tmdb,
            imdb: media.ids.imdb.as_deref(),
            tvdb: media.ids.tvdb,
        };
        to.put("ids", ids)?;
        let confidence = (f64::from(media.confidence) * 100.0).round() / 100.0;
        to.put("confidence", confidence)
    }
}

impl Serialize for MediaJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entries = Entries(serializer.serialize_map(None)?);
        self.put_into(&mut entries)?;
        entries.0.end()
    }
}

#[derive(Debug, serde::Serialize)]
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
