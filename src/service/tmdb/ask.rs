//! What TMDB is asked for a film or series, best first.

use crate::model::{Media, MediaType};
use crate::service::answer::is_imdb_id;
use crate::service::http::encoded;

/// Longest title that is asked for, in characters.
const LONGEST_TITLE: usize = 200;

/// One call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) media_type: MediaType,
    pub(super) by: By,
}

/// By what it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum By {
    /// Another id of the film or series, and whose.
    Id { id: String, source: &'static str },
    /// Its title; TMDB narrows it down by the year itself.
    Title { title: String, year: Option<u16> },
}

impl Question {
    /// Path and query, without the key.
    pub(super) fn path(&self) -> String {
        match &self.by {
            By::Id { id, source } => {
                format!("/3/find/{}?external_source={source}", encoded(id))
            }
            By::Title { title, year } => {
                let (kind, year_key) = match self.media_type {
                    MediaType::Movie => ("movie", "year"),
                    MediaType::Episode => ("tv", "first_air_date_year"),
                };
                let query = encoded(title);
                let year = year.map_or_else(String::new, |year| format!("&{year_key}={year}"));
                format!("/3/search/{kind}?query={query}&include_adult=false{year}")
            }
        }
    }
}

/// What to ask, in order, until something is found. Empty for what has neither ids nor a title.
pub(super) fn questions(media: &Media) -> Vec<Question> {
    let Some(media_type) = media.media_type else {
        return Vec::new();
    };
    let mut all = Vec::new();
    let imdb = media.ids.imdb.clone().filter(|id| is_imdb_id(id));
    all.extend(imdb.map(|id| By::Id {
        id,
        source: "imdb_id",
    }));
    let tvdb = media
        .ids
        .tvdb
        .filter(|id| *id > 0 && media_type == MediaType::Episode);
    all.extend(tvdb.map(|id| By::Id {
        id: id.to_string(),
        source: "tvdb_id",
    }));
    let year = media.year.filter(|year| *year > 0);
    for title in [&media.title, &media.alternative_title]
        .into_iter()
        .flatten()
    {
        let title: String = title.trim().chars().take(LONGEST_TITLE).collect();
        if title.is_empty() {
            continue;
        }
        // The year of a file is often off by one, so the search without it follows.
        if year.is_some() {
            let title = title.clone();
            all.push(By::Title { title, year });
        }
        all.push(By::Title { title, year: None });
    }
    all.into_iter()
        .map(|by| Question { media_type, by })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Ids;

    fn paths(media: &Media) -> Vec<String> {
        questions(media).iter().map(Question::path).collect()
    }

    #[test]
    fn ids_come_before_titles_and_titles_with_their_year_before_those_without() {
        let film = Media {
            media_type: Some(MediaType::Movie),
            title: Some("Amélie & Co?".to_owned()),
            alternative_title: Some("Le Fabuleux".to_owned()),
            year: Some(2001),
            ids: Ids {
                imdb: Some("tt0211915".to_owned()),
                // Films have no id there that TMDB would find.
                tvdb: Some(7),
                ..Ids::default()
            },
            ..Media::default()
        };
        assert_eq!(
            paths(&film),
            [
                "/3/find/tt0211915?external_source=imdb_id",
                "/3/search/movie?query=Am%C3%A9lie%20%26%20Co%3F&include_adult=false&year=2001",
                "/3/search/movie?query=Am%C3%A9lie%20%26%20Co%3F&include_adult=false",
                "/3/search/movie?query=Le%20Fabuleux&include_adult=false&year=2001",
                "/3/search/movie?query=Le%20Fabuleux&include_adult=false",
            ]
        );
    }

    #[test]
    fn an_episode_is_asked_for_by_its_series() {
        let episode = Media {
            media_type: Some(MediaType::Episode),
            title: Some("Show".to_owned()),
            year: Some(2019),
            season: vec![1],
            episode: vec![2],
            episode_title: Some("Pilot".to_owned()),
            ids: Ids {
                tvdb: Some(81189),
                imdb: Some("nonsense".to_owned()),
                ..Ids::default()
            },
            ..Media::default()
        };
        assert_eq!(
            paths(&episode),
            [
                "/3/find/81189?external_source=tvdb_id",
                "/3/search/tv?query=Show&include_adult=false&first_air_date_year=2019",
                "/3/search/tv?query=Show&include_adult=false",
            ]
        );
    }

    #[test]
    fn what_nobody_knows_is_not_asked_for() {
        assert!(paths(&Media::default()).is_empty());
        let untyped = Media {
            title: Some("x".to_owned()),
            ..Media::default()
        };
        assert!(paths(&untyped).is_empty());
        let untitled = Media {
            media_type: Some(MediaType::Movie),
            title: Some("  ".to_owned()),
            ..Media::default()
        };
        assert!(paths(&untitled).is_empty());
    }
}
