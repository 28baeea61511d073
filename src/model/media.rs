//! What is being watched, once something knows.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Film or episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MediaType {
    /// A film.
    Movie,
    /// One or more episodes of a series.
    Episode,
}

impl MediaType {
    /// As in JSON and at the services.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Movie => "movie",
            Self::Episode => "episode",
        }
    }
}

/// Ids of the **film or the series**. An episode's own ids have no place in here, on purpose: a service that is told
/// an episode's id where the series' belongs records the wrong thing.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Ids {
    /// themoviedb.org
    pub tmdb: Option<u64>,
    /// imdb.com, with its `tt`.
    pub imdb: Option<String>,
    /// thetvdb.com
    pub tvdb: Option<u64>,
}

impl Ids {
    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes from `other` what is missing here.
    pub fn fill_from(&mut self, other: &Self) {
        self.tmdb = self.tmdb.or(other.tmdb);
        self.imdb = self.imdb.take().or_else(|| other.imdb.clone());
        self.tvdb = self.tvdb.or(other.tvdb);
    }
}

/// The day an episode of a daily show was aired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Date {
    /// Year.
    pub year: u16,
    /// 1–12
    pub month: u8,
    /// 1–31
    pub day: u8,
}

impl Date {
    /// `2021-03-17`; `None` for what is no day of any month.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let date = Self {
            year: parts.next()?.parse().ok()?,
            month: parts.next()?.parse().ok()?,
            day: parts.next()?.parse().ok()?,
        };
        let real = parts.next().is_none()
            && (1..=12).contains(&date.month)
            && (1..=31).contains(&date.day);
        real.then_some(date)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// A film or episode, as far as it is known. `title` is the series' for an episode.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Media {
    /// `None`: nobody could tell.
    pub media_type: Option<MediaType>,
    /// Title of the film or series.
    pub title: Option<String>,
    /// Another title of the same.
    pub alternative_title: Option<String>,
    /// Year of the film, or the one that tells the series from its namesakes.
    pub year: Option<u16>,
    /// Usually one; 0 is the specials.
    pub season: Vec<u32>,
    /// Usually one; several in a multi-episode file, ascending.
    pub episode: Vec<u32>,
    /// Numbers counted through all seasons (anime).
    pub absolute_episode: Vec<u32>,
    /// Air date, for shows without numbers.
    pub date: Option<Date>,
    /// Title of the episode.
    pub episode_title: Option<String>,
    /// `Part 2`, `cd1`.
    pub part: Option<u32>,
    /// Looks like anime.
    pub anime: bool,
    /// Of the film or series.
    pub ids: Ids,
    /// 0–1; below `identify::FLOOR` nothing is sent.
    pub confidence: f32,
}

impl Media {
    /// The country that tells a series from its namesakes: `UK`, where `The Office (UK)` is another title of `The Office`.
    #[must_use]
    pub fn country(&self) -> Option<&str> {
        let added = self
            .alternative_title
            .as_deref()?
            .strip_prefix(self.title.as_deref()?)?;
        let country = added.strip_prefix(" (")?.strip_suffix(')')?;
        let is_code = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
        is_code.then_some(country)
    }

    /// The title, with its country where it has one.
    #[must_use]
    pub fn full_title(&self) -> Option<&str> {
        match self.country() {
            Some(_) => self.alternative_title.as_deref(),
            None => self.title.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_what_another_title_adds_in_brackets() {
        for (title, also, country) in [
            ("The Office", Some("The Office (UK)"), Some("UK")),
            ("The Office", Some("Das Büro (UK)"), None),
            ("The Office", Some("The Office (2005)"), None),
            ("The Office", None, None),
        ] {
            let media = Media {
                title: Some(title.into()),
                alternative_title: also.map(Into::into),
                ..Media::default()
            };
            assert_eq!(media.country(), country, "{also:?}");
            let full = if country.is_some() { also } else { Some(title) };
            assert_eq!(media.full_title(), full);
        }
    }
}
