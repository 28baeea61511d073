//! What was asked before: plain data, to be kept wherever its owner keeps it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Media, Wall, title_key};

/// An id hardly ever changes; what was not found may be added any day.
const HIT: Duration = Duration::from_secs(180 * 24 * 3600);
const MISS: Duration = Duration::from_secs(24 * 3600);

/// Most titles that are kept; those asked longest ago go first.
const MOST: usize = 2000;

/// What was found, or not, and when.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cache(BTreeMap<String, Asked>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    at: Wall,
    tmdb: Option<u64>,
}

impl Cache {
    /// What was found: `Some(None)` for what was not there when it was asked; `None` if it must be asked (again).
    #[must_use]
    pub fn get(&self, media: &Media, now: Wall) -> Option<Option<u64>> {
        let asked = self.0.get(&key(media)?)?;
        let life = if asked.tmdb.is_some() { HIT } else { MISS };
        // A time ahead of now is a clock that was wrong.
        let fresh = asked.at <= now && now.since(asked.at) < life;
        fresh.then_some(asked.tmdb)
    }

    /// Remembers an answer.
    pub fn put(&mut self, media: &Media, now: Wall, tmdb: Option<u64>) {
        let Some(key) = key(media) else {
            return;
        };
        self.0.insert(key, Asked { at: now, tmdb });
        while self.0.len() > MOST {
            let oldest = self.0.iter().min_by_key(|(_, asked)| asked.at);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                return;
            };
            self.0.remove(&oldest);
        }
    }
}

/// What is asked with: type, title, year and other ids; the episode is none of it.
fn key(media: &Media) -> Option<String> {
    let media_type = media.media_type?.as_str();
    let title = title_key(media.full_title().unwrap_or_default());
    let imdb = media.ids.imdb.as_deref().unwrap_or_default();
    let (year, tvdb) = (media.year.unwrap_or(0), media.ids.tvdb.unwrap_or(0));
    let known = !title.is_empty() || !imdb.is_empty() || tvdb != 0;
    known.then(|| format!("{media_type} {year} {imdb} {tvdb} {title}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MediaType;

    const NOW: Wall = Wall(1_795_312_800_000);

    fn film(title: &str) -> Media {
        Media {
            media_type: Some(MediaType::Movie),
            title: Some(title.to_owned()),
            ..Media::default()
        }
    }

    #[test]
    fn hits_last_for_months_and_misses_for_a_day() {
        let mut cache = Cache::default();
        cache.put(&film("Heat"), NOW, Some(949));
        cache.put(&film("Nothing"), NOW, None);
        let days = |days: u64| NOW.plus(Duration::from_secs(days * 86_400));
        for (title, day, expected) in [
            ("Heat", 0, Some(Some(949))),
            ("heat!", 179, Some(Some(949))),
            ("Heat", 180, None),
            ("Nothing", 0, Some(None)),
            ("Nothing", 1, None),
            ("Other", 0, None),
        ] {
            assert_eq!(
                cache.get(&film(title), days(day)),
                expected,
                "{title}, day {day}"
            );
        }
        assert_eq!(
            cache.get(&film("Heat"), Wall(0)),
            None,
            "asked in the future"
        );
    }

    #[test]
    fn types_years_and_ids_are_told_apart_and_episodes_are_not() {
        let mut cache = Cache::default();
        let mut series = film("Show");
        series.media_type = Some(MediaType::Episode);
        cache.put(&series, NOW, Some(1));
        assert_eq!(cache.get(&film("Show"), NOW), None);
        series.episode = vec![7];
        assert_eq!(cache.get(&series, NOW), Some(Some(1)));
        series.year = Some(2019);
        assert_eq!(cache.get(&series, NOW), None);
        cache.put(&Media::default(), NOW, Some(1));
        assert_eq!(cache.get(&Media::default(), NOW), None);
    }

    #[test]
    fn it_is_bounded_and_the_oldest_go_first() {
        let mut cache = Cache::default();
        for n in 0..MOST + 10 {
            let at = NOW.plus(Duration::from_millis(n as u64));
            cache.put(&film(&format!("Film {n}")), at, None);
        }
        let later = NOW.plus(Duration::from_secs(60));
        assert_eq!(cache.0.len(), MOST);
        assert_eq!(cache.get(&film("Film 9"), later), None);
        assert_eq!(cache.get(&film("Film 10"), later), Some(None));
    }
}
