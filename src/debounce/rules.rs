//! What may be tracked, and when it counts as watched.

use std::time::Duration;

use crate::config::Config;
use crate::model::{Item, Media, MediaType, Video};

/// The part of the configuration that the debouncer needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Playing this long is a start.
    pub start_after: Duration,
    /// A pause or resume that holds this long is one.
    pub settle: Duration,
    /// Between progress events.
    pub progress_every: Duration,
    /// Paused longer ends the session.
    pub pause_limit: Duration,
    /// Fraction 0–1.
    pub movie_threshold: f64,
    /// Fraction 0–1.
    pub episode_threshold: f64,
    /// Fraction 0–1.
    pub minimum_played: f64,
    /// Seconds.
    pub minimum_length: f64,
    /// Whether chapters named like end credits move the threshold.
    pub credits_chapter: bool,
    /// Whether films, episodes, anime are tracked.
    pub movies: bool,
    /// See `movies`.
    pub episodes: bool,
    /// See `movies`.
    pub anime: bool,
}

impl From<&Config> for Rules {
    fn from(config: &Config) -> Self {
        Self {
            start_after: config.debounce.start_after,
            settle: config.debounce.settle,
            progress_every: config.debounce.progress_every,
            pause_limit: config.debounce.pause_limit,
            movie_threshold: config.watched.movie_percent / 100.0,
            episode_threshold: config.watched.episode_percent / 100.0,
            minimum_played: config.watched.minimum_played_percent / 100.0,
            minimum_length: config.watched.minimum_length.as_secs_f64(),
            credits_chapter: config.watched.credits_chapter,
            movies: config.track.movies,
            episodes: config.track.episodes,
            anime: config.track.anime,
        }
    }
}

impl Rules {
    /// Why an item is not tracked whatever it is; `None` if it may be, with its length.
    pub fn refuse_item(&self, item: &Item) -> Option<String> {
        if item.video == Video::No {
            return Some("no moving picture: audio only, or cover art".into());
        }
        match item.duration {
            None => Some("of unknown length, or live".into()),
            Some(length) if !length.is_finite() || length <= 0.0 => {
                Some("of unknown length, or live".into())
            }
            Some(length) if length < self.minimum_length => Some(format!(
                "{length:.0} s long, shorter than watched.minimum_length ({:.0} s)",
                self.minimum_length
            )),
            Some(_) => None,
        }
    }

    /// Why this kind of media is not tracked; `None` if it is.
    pub fn refuse_media(&self, media: &Media) -> Option<String> {
        if media.anime && !self.anime {
            return Some("anime is switched off (track.anime)".into());
        }
        match media.media_type {
            Some(MediaType::Movie) if !self.movies => {
                Some("films are switched off (track.movies)".into())
            }
            Some(MediaType::Episode) if !self.episodes => {
                Some("episodes are switched off (track.episodes)".into())
            }
            _ => None,
        }
    }

    /// Where in the item "watched" begins, in seconds.
    pub fn threshold(&self, media: &Media, item: &Item) -> f64 {
        let length = item.duration.unwrap_or(f64::MAX);
        let fraction = match media.media_type {
            Some(MediaType::Episode) => self.episode_threshold,
            _ => self.movie_threshold,
        };
        let by_share = length * fraction;
        let credits = self
            .credits_chapter
            .then(|| credits_start(item, length))
            .flatten();
        credits.map_or(by_share, |start| start.min(by_share))
    }
}

/// Start of the first chapter named like end credits in the second half.
fn credits_start(item: &Item, length: f64) -> Option<f64> {
    item.chapters
        .iter()
        .find(|chapter| chapter.start > length * 0.5 && names_credits(&chapter.title))
        .map(|chapter| chapter.start)
}

/// Opening credits are excluded by where they stand, not by their name.
fn names_credits(title: &str) -> bool {
    let title = title.trim().to_lowercase();
    let exact = [
        "credits",
        "ending",
        "ed",
        "outro",
        "abspann",
        "crédits",
        "créditos",
        "generique",
        "générique",
        "titoli di coda",
    ];
    exact.contains(&title.as_str())
        || [
            "end credits",
            "closing credits",
            "credit roll",
            "end titles",
            "credits roll",
            "générique de fin",
        ]
        .iter()
        .any(|name| title.contains(name))
}

#[cfg(test)]
pub(super) fn test_rules() -> Rules {
    Rules {
        start_after: Duration::from_secs(5),
        settle: Duration::from_millis(1500),
        progress_every: Duration::from_secs(30),
        pause_limit: Duration::from_secs(1800),
        movie_threshold: 0.85,
        episode_threshold: 0.85,
        minimum_played: 0.0,
        minimum_length: 300.0,
        credits_chapter: true,
        movies: true,
        episodes: true,
        anime: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Chapter;

    fn item(length: f64, chapters: &[(f64, &str)]) -> Item {
        Item {
            duration: Some(length),
            chapters: chapters
                .iter()
                .map(|(start, title)| Chapter {
                    start: *start,
                    title: (*title).into(),
                })
                .collect(),
            ..Item::default()
        }
    }

    #[test]
    fn the_threshold_is_the_share_or_the_credits_if_they_come_earlier_but_past_the_middle() {
        let rules = test_rules();
        let media = Media {
            media_type: Some(MediaType::Movie),
            ..Media::default()
        };
        for (chapters, expected) in [
            (vec![], 850.0),
            (vec![(0.0, "Opening"), (800.0, "End Credits")], 800.0),
            (vec![(900.0, "Credits")], 850.0),
            (vec![(100.0, "Credits")], 850.0),
            (vec![(820.0, "ED"), (990.0, "Credits")], 820.0),
            (vec![(820.0, "The Credit Card")], 850.0),
        ] {
            assert_eq!(
                rules.threshold(&media, &item(1000.0, &chapters)),
                expected,
                "{chapters:?}"
            );
        }
    }

    #[test]
    fn short_live_and_soundless_things_are_refused_with_a_reason() {
        let rules = test_rules();
        assert!(
            rules
                .refuse_item(&item(299.0, &[]))
                .is_some_and(|why| why.contains("minimum_length"))
        );
        assert!(
            rules
                .refuse_item(&Item::default())
                .is_some_and(|why| why.contains("unknown length"))
        );
        assert!(rules.refuse_item(&item(f64::NAN, &[])).is_some());
        assert!(
            rules
                .refuse_item(&Item {
                    video: Video::No,
                    ..item(1000.0, &[])
                })
                .is_some()
        );
        assert_eq!(rules.refuse_item(&item(1000.0, &[])), None);
    }
}
