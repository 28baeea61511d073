//! A `Media` as JSON: the shape that all commands share.

use serde_json::{Value, json};

use super::Media;

/// What it is, without input and evidence. Absent is null; numbers are lists only where there are several.
#[must_use]
pub fn media_json(media: &Media) -> Value {
    let (episode, episode_end) = span(&media.episode);
    json!({
        "media_type": media.media_type,
        "title": media.title,
        "alternative_title": media.alternative_title,
        "year": media.year,
        "season": one_or_many(&media.season),
        "episode": episode,
        "episode_end": episode_end,
        "absolute_episode": one_or_many(&media.absolute_episode),
        "date": media.date.map(|date| date.to_string()),
        "episode_title": media.episode_title,
        "part": media.part,
        "anime": media.anime,
        "ids": { "tmdb": media.ids.tmdb, "imdb": media.ids.imdb, "tvdb": media.ids.tvdb },
        "confidence": (f64::from(media.confidence) * 100.0).round() / 100.0,
    })
}

fn one_or_many(numbers: &[u32]) -> Value {
    match numbers {
        [] => Value::Null,
        [one] => (*one).into(),
        many => many.into(),
    }
}

/// Episodes in one file: the number or the list, and the last of several, if there is no gap in them.
fn span(episodes: &[u32]) -> (Value, Value) {
    let run = episodes.is_sorted_by(|a, b| a.checked_add(1) == Some(*b));
    let last = match episodes {
        [_, .., last] if run => Value::from(*last),
        _ => Value::Null,
    };
    (one_or_many(episodes), last)
}

#[cfg(test)]
mod tests {
    use super::*;

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
