//! A `Media` as JSON: the shape that all commands share.

use serde_json::Value;

use super::line::key;
use super::{Line, Media};

/// What it is, without input and evidence. Absent is null; numbers are lists only where there are several.
#[must_use]
pub fn media_json(media: &Media) -> Value {
    Line::value(|line| put_media(media, line))
}

/// The same, for writing many of them without a tree in between.
pub fn put_media(media: &Media, line: &mut Line) {
    let date = media.date.map(|date| date.to_string());
    line.word(
        key!("media_type"),
        media.media_type.map(|kind| kind.as_str()),
    );
    line.text(key!("title"), media.title.as_deref());
    line.text(
        key!("alternative_title"),
        media.alternative_title.as_deref(),
    );
    line.number(key!("year"), media.year.map(u64::from));
    line.numbers(key!("season"), &media.season);
    line.numbers(key!("episode"), &media.episode);
    line.number(key!("episode_end"), end(&media.episode).map(u64::from));
    line.numbers(key!("absolute_episode"), &media.absolute_episode);
    line.text(key!("date"), date.as_deref());
    line.text(key!("episode_title"), media.episode_title.as_deref());
    line.number(key!("part"), media.part.map(u64::from));
    line.flag(key!("anime"), media.anime);
    line.object(key!("ids"), |line| {
        line.number(key!("tmdb"), media.ids.tmdb);
        line.text(key!("imdb"), media.ids.imdb.as_deref());
        line.number(key!("tvdb"), media.ids.tvdb);
    });
    line.share(key!("confidence"), media.confidence);
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
