//! What TMDB says of a series' seasons and of a season's episodes.

use serde::Deserialize;

use crate::model::{Date, title_key};
use crate::service::Answer;
use crate::service::numbering::{Episode, Numbering, Season, Step};

// Read straight into these: with the cast of every episode an answer may be megabytes.

#[derive(Deserialize)]
struct SeriesAnswer {
    seasons: Vec<SeasonOf>,
}

#[derive(Deserialize)]
struct SeasonOf {
    season_number: u32,
    episode_count: Option<u32>,
    air_date: Option<String>,
}

#[derive(Deserialize)]
struct SeasonAnswer {
    episodes: Vec<EpisodeOf>,
}

#[derive(Deserialize)]
struct EpisodeOf {
    episode_number: u32,
    air_date: Option<String>,
    name: Option<String>,
}

/// Path of what is to be asked, without the key; `None` if nothing is.
pub(super) fn path(series: u64, step: Step) -> Option<String> {
    match step {
        Step::AskSeries => Some(format!("/3/tv/{series}")),
        Step::AskSeason(season) => Some(format!("/3/tv/{series}/season/{season}")),
        Step::At(..) | Step::Nowhere => None,
    }
}

/// Takes the answer to it; `None` if it is none of TMDB's.
pub(super) fn learn(numbering: &mut Numbering, step: Step, answer: &Answer) -> Option<()> {
    match step {
        Step::AskSeries => {
            let answer: SeriesAnswer = serde_json::from_str(&answer.body).ok()?;
            let seasons = answer.seasons.into_iter().map(|season| Season {
                number: season.season_number,
                episodes: season.episode_count.unwrap_or(0),
                aired: day(season.air_date),
            });
            numbering.learn_seasons(seasons.collect());
        }
        Step::AskSeason(season) => {
            let answer: SeasonAnswer = serde_json::from_str(&answer.body).ok()?;
            let episodes = answer.episodes.into_iter().map(|episode| Episode {
                number: episode.episode_number,
                aired: day(episode.air_date),
                name: key(&episode.name.unwrap_or_default()),
            });
            numbering.learn_season(season, episodes.collect());
        }
        Step::At(..) | Step::Nowhere => {}
    }
    Some(())
}

/// There is no such series or season.
pub(super) fn learn_nothing(numbering: &mut Numbering, step: Step) {
    match step {
        Step::AskSeries => numbering.learn_seasons(Vec::new()),
        Step::AskSeason(season) => numbering.learn_season(season, Vec::new()),
        Step::At(..) | Step::Nowhere => {}
    }
}

/// A name as a key, cut to what tells episodes apart.
fn key(name: &str) -> String {
    let head: String = name.chars().take(100).collect();
    title_key(&head)
}

fn day(text: Option<String>) -> Option<Date> {
    Date::parse(&text?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::numbering::Unplaced;

    fn answer(body: &str) -> Answer {
        Answer {
            status: 200,
            body: body.to_owned(),
            ..Answer::default()
        }
    }

    #[test]
    fn seasons_and_episodes_are_read_whatever_else_stands_there() {
        let mut numbering = Numbering::default();
        let aired = Unplaced::Aired(Date::parse("2008-01-27").unwrap());
        let step = numbering.find(aired);
        assert_eq!(path(1396, step).as_deref(), Some("/3/tv/1396"));
        let series = r#"{"id":1396,"name":"Show","seasons":[
            {"air_date":null,"episode_count":9,"season_number":0,"name":"Specials"},
            {"air_date":"2008-01-20","episode_count":2,"season_number":1,"poster_path":null},
            {"air_date":"","episode_count":null,"season_number":2}]}"#;
        learn(&mut numbering, step, &answer(series)).unwrap();
        let step = numbering.find(aired);
        assert_eq!(path(1396, step).as_deref(), Some("/3/tv/1396/season/1"));
        let season = r#"{"season_number":1,"episodes":[
            {"episode_number":1,"air_date":"2008-01-20","name":"Pilot","crew":[{"id":1}]},
            {"episode_number":2,"air_date":"2008-01-27","guest_stars":[]},
            {"episode_number":3,"air_date":null}]}"#;
        learn(&mut numbering, step, &answer(season)).unwrap();
        assert_eq!(numbering.find(aired), Step::At(1, 2));
        assert_eq!(path(1396, numbering.find(aired)), None);
    }

    #[test]
    fn what_is_no_answer_teaches_nothing() {
        for step in [Step::AskSeries, Step::AskSeason(1)] {
            for body in ["", "<html>", "{}", "[]", r#"{"seasons":5,"episodes":null}"#] {
                let mut numbering = Numbering::default();
                assert_eq!(learn(&mut numbering, step, &answer(body)), None, "{body}");
                assert_eq!(numbering, Numbering::default());
            }
        }
        let mut numbering = Numbering::default();
        learn_nothing(&mut numbering, Step::AskSeries);
        assert_eq!(numbering.find(Unplaced::Absolute(1)), Step::Nowhere);
    }
}
