//! Season and number of episodes that are known by their air date or by counting through all seasons. Pure: what has to be
//! asked is told step by step, and what was answered is kept here.
//!
//! **Absolute numbers** go through the lengths of the seasons, specials left out, to a place in one of them. The number is
//! then read off the season itself, which may count on where the last one ended.
//! **Dates** are looked for in the last two seasons that had begun by then. Of several episodes that were aired on one day
//! the name tells which it is, or that it is the first or second part; where neither does, nobody can tell.
//! **The user's rules** come first.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{Date, Media, MediaType, Wall, title_key};

/// How long it is believed: a series grows.
const LIFE: Duration = Duration::from_secs(24 * 3600);
/// Series that are kept; those asked about longest ago go first.
const MOST_SERIES: usize = 50;
/// Seasons and episodes that are believed of one series.
const MOST: usize = 5_000;

/// What an episode is known by where season and number are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Unplaced {
    /// The day it was aired.
    Aired(Date),
    /// Counted through all seasons, from 1.
    Absolute(u32),
}

impl Unplaced {
    /// The episodes of a file, ascending; none if season and number are known, or nothing is.
    #[must_use]
    pub fn of(media: &Media) -> Vec<Self> {
        let numbered = !media.season.is_empty() && !media.episode.is_empty();
        if media.media_type != Some(MediaType::Episode) || numbered {
            return Vec::new();
        }
        let mut absolute: Vec<u32> = media.absolute_episode.clone();
        if absolute.is_empty() && media.season.is_empty() {
            // Of a series with one season, or counted through all of them.
            absolute.clone_from(&media.episode);
        }
        absolute.retain(|number| *number > 0);
        absolute.sort_unstable();
        absolute.dedup();
        if absolute.is_empty() {
            return media.date.map(Self::Aired).into_iter().collect();
        }
        absolute.into_iter().map(Self::Absolute).collect()
    }
}

/// A season as the series tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Season {
    /// From 1; the specials are none.
    pub number: u32,
    /// How many episodes it has.
    pub episodes: u32,
    /// When it began.
    pub aired: Option<Date>,
}

/// An episode as its season tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Episode {
    /// In its season.
    pub number: u32,
    /// The day.
    pub aired: Option<Date>,
    /// Its title as a key; empty if it has none.
    pub name: String,
}

/// What is to be done to place an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Season and number.
    At(u32, u32),
    /// It is not there, or nobody can tell which it is.
    Nowhere,
    /// Ask for the series with its seasons.
    AskSeries,
    /// Ask for this season with its episodes.
    AskSeason(u32),
}

/// What is known of the numbers of one series.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Numbering {
    /// Ascending, without the specials.
    seasons: Option<Vec<Season>>,
    /// Ascending in each season.
    episodes: BTreeMap<u32, Vec<Episode>>,
}

impl Numbering {
    /// Takes the seasons; none if there is no such series.
    pub fn learn_seasons(&mut self, mut seasons: Vec<Season>) {
        seasons.retain(|season| season.number > 0);
        seasons.truncate(MOST);
        seasons.sort_by_key(|season| season.number);
        seasons.dedup_by_key(|season| season.number);
        self.seasons = Some(seasons);
    }

    /// Takes the episodes of a season; none if there is no such season.
    pub fn learn_season(&mut self, season: u32, mut episodes: Vec<Episode>) {
        episodes.retain(|episode| episode.number > 0);
        episodes.truncate(MOST);
        episodes.sort_by_key(|episode| episode.number);
        episodes.dedup_by_key(|episode| episode.number);
        self.episodes.insert(season, episodes);
    }

    /// Adds what `newer` knows.
    pub fn merge(&mut self, newer: Self) {
        self.seasons = newer.seasons.or(self.seasons.take());
        self.episodes.extend(newer.episodes);
    }

    /// Where an episode is, or what must be asked first.
    #[must_use]
    pub fn find(&self, unplaced: Unplaced) -> Step {
        self.find_for(&Media::default(), unplaced)
    }

    /// The same with what is known of it besides.
    #[must_use]
    pub fn find_for(&self, media: &Media, unplaced: Unplaced) -> Step {
        let Some(seasons) = &self.seasons else {
            return Step::AskSeries;
        };
        match unplaced {
            Unplaced::Absolute(number) => self.find_absolute(seasons, number),
            Unplaced::Aired(date) => self.find_aired(seasons, date, media),
        }
    }

    fn find_absolute(&self, seasons: &[Season], number: u32) -> Step {
        let mut before = 0;
        for season in seasons {
            let place = number - before;
            if place > season.episodes {
                before += season.episodes;
                continue;
            }
            let Some(episodes) = self.episodes.get(&season.number) else {
                return Step::AskSeason(season.number);
            };
            let index = usize::try_from(place).unwrap_or(usize::MAX);
            let found = index.checked_sub(1).and_then(|index| episodes.get(index));
            return found.map_or(Step::Nowhere, |found| Step::At(season.number, found.number));
        }
        Step::Nowhere
    }

    fn find_aired(&self, seasons: &[Season], date: Date, media: &Media) -> Step {
        let begun = |season: &&Season| season.aired.is_some_and(|aired| aired <= date);
        for season in seasons.iter().rev().filter(begun).take(2) {
            let Some(episodes) = self.episodes.get(&season.number) else {
                return Step::AskSeason(season.number);
            };
            let aired = |episode: &&Episode| episode.aired == Some(date);
            let that_day: Vec<&Episode> = episodes.iter().filter(aired).collect();
            if !that_day.is_empty() {
                let found = which(&that_day, media);
                return found.map_or(Step::Nowhere, |found| Step::At(season.number, found.number));
            }
        }
        Step::Nowhere
    }
}

/// Shortest name that may be part of another: "Guest" of "Guest, and Another".
const SHORTEST_NAME: usize = 5;

/// Which of the episodes of one day it is.
fn which<'a>(that_day: &[&'a Episode], media: &Media) -> Option<&'a Episode> {
    if let [only] = that_day {
        return Some(only);
    }
    let named = title_key(media.episode_title.as_deref().unwrap_or(""));
    let alike = |name: &str| {
        let within = |a: &str, b: &str| a.len() >= SHORTEST_NAME && b.contains(a);
        !name.is_empty() && (name == named || within(name, &named) || within(&named, name))
    };
    let mut fitting = that_day.iter().filter(|episode| alike(&episode.name));
    if let (Some(only), None) = (fitting.next(), fitting.next()) {
        return Some(only);
    }
    let part = usize::try_from(media.part?).ok()?.checked_sub(1)?;
    that_day.get(part).copied()
}

/// The numbers of several series, by TMDB id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Numberings {
    /// What TMDB says, and when it was asked.
    series: BTreeMap<u64, (Wall, Numbering)>,
    /// What the user's rules say, which is stronger.
    word: BTreeMap<(u64, Unplaced), (u32, u32)>,
}

impl Numberings {
    /// Season and number of an episode of a series, if they are known.
    #[must_use]
    pub fn place(&self, series: u64, unplaced: Unplaced, media: &Media) -> Option<(u32, u32)> {
        if let Some(place) = self.word(series, unplaced) {
            return Some(place);
        }
        match self.series.get(&series)?.1.find_for(media, unplaced) {
            Step::At(season, number) => Some((season, number)),
            _ => None,
        }
    }

    /// Season and number as the user's rules say.
    #[must_use]
    pub fn word(&self, series: u64, unplaced: Unplaced) -> Option<(u32, u32)> {
        self.word.get(&(series, unplaced)).copied()
    }

    /// Takes the user's word; what is too much for the memory is not taken.
    pub fn take_word(&mut self, series: u64, word: &[(Unplaced, (u32, u32))]) {
        for (unplaced, place) in word {
            if self.word.len() < MOST {
                self.word.insert((series, *unplaced), *place);
            }
        }
    }

    /// Forgets it.
    pub fn forget_word(&mut self) {
        self.word.clear();
    }

    /// What is known of a series, unless so much time has passed that it may have grown.
    #[must_use]
    pub fn fresh(&self, series: u64, now: Wall) -> Option<&Numbering> {
        let (at, numbering) = self.series.get(&series)?;
        // A time ahead of now is a clock that was wrong.
        (*at <= now && now.since(*at) < LIFE).then_some(numbering)
    }

    /// Adds what is known of a series now.
    pub fn learn(&mut self, series: u64, numbering: Numbering, now: Wall) {
        if self.fresh(series, now).is_none() {
            self.series.insert(series, (now, Numbering::default()));
        }
        if let Some((_, known)) = self.series.get_mut(&series) {
            known.merge(numbering);
        }
        while self.series.len() > MOST_SERIES {
            let oldest = self.series.iter().min_by_key(|(_, (at, _))| *at);
            let Some(oldest) = oldest.map(|(series, _)| *series) else {
                return;
            };
            self.series.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Option<Date> {
        Date::parse(text)
    }

    fn numbering(seasons: &[(u32, u32, &str)]) -> Numbering {
        let mut numbering = Numbering::default();
        let of = |(number, episodes, aired): &(u32, u32, &str)| Season {
            number: *number,
            episodes: *episodes,
            aired: day(aired),
        };
        numbering.learn_seasons(seasons.iter().map(of).collect());
        numbering
    }

    fn episodes(all: &[(u32, &str)]) -> Vec<Episode> {
        let of = |(number, aired): &(u32, &str)| Episode {
            number: *number,
            aired: day(aired),
            name: String::new(),
        };
        all.iter().map(of).collect()
    }

    fn media(edit: impl Fn(&mut Media)) -> Media {
        let mut media = Media {
            media_type: Some(MediaType::Episode),
            title: Some("Show".to_owned()),
            ..Media::default()
        };
        edit(&mut media);
        media
    }

    #[test]
    fn of_two_episodes_on_one_day_the_name_or_the_part_tells_which() {
        let mut numbering = numbering(&[(1, 3, "2021-03-15")]);
        let of = |number, name: &str| Episode {
            number,
            aired: day("2021-03-17"),
            name: title_key(name),
        };
        numbering.learn_season(1, vec![of(4, "Ann Harbour"), of(5, "Bob Quay & Friends")]);
        let aired = Unplaced::Aired(Date::parse("2021-03-17").unwrap());
        for (name, part, wanted) in [
            ("ann harbour", None, Step::At(1, 4)),
            ("Bob Quay", None, Step::At(1, 5)),
            ("Late: Ann Harbour, Carl Pier", None, Step::At(1, 4)),
            ("", Some(2), Step::At(1, 5)),
            ("Part 1", Some(1), Step::At(1, 4)),
            ("", Some(3), Step::Nowhere),
            ("Bob", None, Step::Nowhere),
            ("Ann Harbour and Bob Quay & Friends", None, Step::Nowhere),
            ("", None, Step::Nowhere),
        ] {
            let media = media(|media| {
                media.episode_title = Some(name.to_owned());
                media.part = part;
            });
            assert_eq!(numbering.find_for(&media, aired), wanted, "{name} {part:?}");
        }
    }

    #[test]
    fn only_episodes_without_season_and_number_are_unplaced() {
        let aired = Unplaced::Aired(Date::parse("2021-03-17").unwrap());
        let absolute = |numbers: &[u32]| numbers.iter().copied().map(Unplaced::Absolute).collect();
        let dated = |media: &mut Media| media.date = day("2021-03-17");
        let cases: [(Media, Vec<Unplaced>); 8] = [
            (
                media(|m| m.absolute_episode = vec![1071]),
                absolute(&[1071]),
            ),
            (
                media(|m| (m.absolute_episode, m.episode) = (vec![8, 7, 8, 0], vec![7, 8])),
                absolute(&[7, 8]),
            ),
            (media(dated), vec![aired]),
            (
                media(|m| {
                    dated(m);
                    m.season = vec![26]
                }),
                vec![aired],
            ),
            (
                media(|m| {
                    dated(m);
                    (m.season, m.episode) = (vec![26], vec![75])
                }),
                vec![],
            ),
            (
                media(|m| (m.season, m.episode, m.absolute_episode) = (vec![2], vec![3], vec![28])),
                vec![],
            ),
            (media(|m| m.episode = vec![3]), absolute(&[3])),
            (
                media(|m| {
                    dated(m);
                    m.media_type = Some(MediaType::Movie)
                }),
                vec![],
            ),
        ];
        for (media, expected) in cases {
            assert_eq!(Unplaced::of(&media), expected, "{media:?}");
        }
    }

    #[test]
    fn an_absolute_number_goes_through_the_lengths_of_the_seasons() {
        let mut known = numbering(&[(0, 9, ""), (1, 12, ""), (2, 13, ""), (3, 3, "")]);
        known.learn_season(1, episodes(&(1..=12).map(|n| (n, "")).collect::<Vec<_>>()));
        known.learn_season(2, episodes(&(1..=13).map(|n| (n, "")).collect::<Vec<_>>()));
        // Counts on, and one of the three is missing.
        known.learn_season(3, episodes(&[(26, ""), (28, "")]));
        for (number, expected) in [
            (1, Step::At(1, 1)),
            (12, Step::At(1, 12)),
            (13, Step::At(2, 1)),
            (25, Step::At(2, 13)),
            (26, Step::At(3, 26)),
            (27, Step::At(3, 28)),
            (28, Step::Nowhere),
            (29, Step::Nowhere),
            (u32::MAX, Step::Nowhere),
        ] {
            assert_eq!(known.find(Unplaced::Absolute(number)), expected, "{number}");
        }
    }

    #[test]
    fn a_date_is_looked_for_in_the_last_two_seasons_begun_by_then() {
        let mut known = numbering(&[
            (1, 2, "2019-01-07"),
            (2, 3, "2020-01-06"),
            (3, 1, "2021-01-04"),
            (4, 0, ""),
        ]);
        let find = |known: &Numbering, date: &str| known.find(Unplaced::Aired(day(date).unwrap()));
        assert_eq!(find(&known, "2020-05-01"), Step::AskSeason(2));
        known.learn_season(
            2,
            episodes(&[
                (1, "2020-01-06"),
                (2, "2020-05-01"),
                (3, "2020-05-04"),
                (4, "2020-05-04"),
            ]),
        );
        assert_eq!(find(&known, "2020-05-01"), Step::At(2, 2));
        assert_eq!(find(&known, "2020-05-04"), Step::Nowhere, "two on one day");
        assert_eq!(find(&known, "2020-05-02"), Step::AskSeason(1));
        known.learn_season(1, episodes(&[(1, "2019-01-07"), (2, "2020-05-02")]));
        assert_eq!(find(&known, "2020-05-02"), Step::At(1, 2), "aired late");
        assert_eq!(find(&known, "2020-05-03"), Step::Nowhere);
        assert_eq!(find(&known, "2018-01-01"), Step::Nowhere, "before it began");
        assert_eq!(find(&Numbering::default(), "2020-05-01"), Step::AskSeries);
    }

    #[test]
    fn few_series_are_kept_for_a_day() {
        let mut all = Numberings::default();
        let at = |hour: u64| Wall(0).plus(Duration::from_secs(hour * 3600));
        for series in 1..=60 {
            all.learn(series, numbering(&[(1, 1, "")]), at(series / 10));
        }
        assert_eq!(all.series.len(), MOST_SERIES);
        assert!(all.fresh(1, at(6)).is_none() && all.fresh(60, at(6)).is_some());
        assert!(all.fresh(60, at(29)).is_some() && all.fresh(60, at(30)).is_none());
        assert!(all.fresh(60, at(5)).is_none(), "asked in the future");
        let mut season = Numbering::default();
        season.learn_season(1, episodes(&[(1, "")]));
        all.learn(60, season.clone(), at(7));
        assert_eq!(
            all.place(60, Unplaced::Absolute(1), &Media::default()),
            Some((1, 1)),
            "added"
        );
        all.learn(60, season, at(40));
        assert_eq!(
            all.place(60, Unplaced::Absolute(1), &Media::default()),
            None,
            "anew"
        );
    }
}
