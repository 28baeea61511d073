//! The user's own rules: `rules.toml`, beside `config.toml`.
//!
//! ```toml
//! [[rule]]
//! when = { path = "~/Videos/Home" }              # a folder, or a glob; also: regex, title, type, year, season
//! ignore = true
//!
//! [[rule]]
//! when = { title = "One Piece" }                 # as it is understood, or as its file or the player calls it
//! set = { type = "episode", tmdb = 37854 }       # also: title, year, season, imdb, tvdb
//! map = [{ from = 1, to = 61, season = 1 }, { from = 62, season = 2, episode = 1 }]
//!
//! [[rule]]
//! when = { title = "Attack on Titan", season = 2 }    # numbered on: its first episode is called 26
//! shift = { episode = -25 }
//! ```
//!
//! Everything in a `when` must fit. What shares a title with a work need not be it: a rule without path and regex leaves
//! trailers and other extras what they are, and makes no film of numbered episodes. The first rule that fits is applied, and no other. It is stronger than all other
//! evidence and applies whatever the source: files, streams, players that tell a title only. `map` turns numbers that
//! are counted through all seasons into season and episode; `shift` comes after it.

mod file;
pub mod write;

pub use file::{RuleFault, parse};

use glob::{MatchOptions, Pattern};
use regex_lite::Regex;

use super::weigh::{has_numbers, title_keys, verdict};
use super::{CALLED_PRIVATE, Evidence, Identity, Verdict};
use crate::model::{Ids, Item, Location, Media, MediaType, title_key};

/// All rules, in the order of the file.
#[derive(Debug, Clone, Default)]
pub struct Rules(Vec<Rule>);

#[derive(Debug, Clone)]
struct Rule {
    /// Where it begins in the file, counted from 1.
    line: usize,
    when: When,
    set: Set,
    map: Vec<Range>,
    shift: Shift,
    ignore: bool,
}

#[derive(Debug, Clone, Default)]
struct When {
    path: Option<Place>,
    regex: Option<Regex>,
    /// Normalised.
    title: Option<String>,
    kind: Option<MediaType>,
    year: Option<u16>,
    season: Option<u32>,
}

#[derive(Debug, Clone)]
struct Place {
    folder: String,
    glob: Option<Pattern>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Set {
    title: Option<String>,
    year: Option<u16>,
    kind: Option<MediaType>,
    season: Option<u32>,
    ids: Ids,
}

/// Numbers from `from` to `to` are the episodes of `season` from `episode` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    from: u32,
    to: u32,
    season: u32,
    episode: u32,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Shift {
    season: i64,
    episode: i64,
}

/// How sure a name called like a private film's makes of what a rule says is none.
const A_WORK: f32 = 0.6;

/// `*` crosses `/`, as in `privacy.ignore_paths`.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: false,
    require_literal_leading_dot: false,
};

impl Rules {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True if there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The lines of the rules that make one and the same film or series of everything there is.
    #[must_use]
    pub fn for_everything(&self) -> Vec<usize> {
        let everything = |rule: &&Rule| !rule.set.ids.is_empty() && rule.when.is_everything();
        let rules = self.0.iter().filter(everything);
        rules.map(|rule| rule.line).collect()
    }

    /// What can hardly be meant: ranges of one `map` that overlap, and rules before which another always comes.
    #[must_use]
    pub fn doubts(&self) -> Vec<RuleFault> {
        let doubt = |line, problem| RuleFault { line, problem };
        let overlapping = self.0.iter().filter_map(|rule| {
            let (first, second) = rule.overlap()?;
            Some(doubt(
                rule.line,
                format!(
                    "two ranges of its map hold {}; the first of them counts, the one from {} on",
                    first.from.max(second.from),
                    first.from
                ),
            ))
        });
        let hidden = self.0.iter().enumerate().filter_map(|(at, rule)| {
            let earlier = self.0.get(..at)?.iter().find(|other| other.hides(rule))?;
            let problem = format!(
                "it is never applied: the rule in line {} fits whatever it fits, and comes first",
                earlier.line
            );
            Some(doubt(rule.line, problem))
        });
        overlapping.chain(hidden).collect()
    }

    /// What the first rule that fits makes of something whose title alone is still known; `None` if that is nothing new. Rules
    /// that ask for a path fit nothing then.
    #[must_use]
    pub fn read(&self, media: &Media) -> Option<Media> {
        let nowhere = Item::default();
        let fits = |rule: &&Rule| rule.when.by_title_alone() && rule.fits(&nowhere, media, &[]);
        let rule = self.0.iter().find(fits).filter(|rule| !rule.ignore)?;
        let mut said = media.clone();
        rule.change(&mut said);
        (said != *media).then_some(said)
    }

    /// Applies the first rule that fits; `named` are the keys of the titles that the file's name has, whatever else won.
    pub fn apply(&self, item: &Item, named: &[String], identity: &mut Identity) {
        let fits = |rule: &&Rule| rule.fits(item, &identity.media, named);
        let Some(rule) = self.0.iter().find(fits) else {
            return;
        };
        let mut said = rule.said();
        if let Some(but) = rule.apply(identity) {
            said.push_str(but);
        }
        identity.evidence.insert(
            0,
            Evidence {
                source: "rule",
                said,
                disputes: None,
            },
        );
    }
}

impl When {
    /// Whether it asks for a place alone, and every place will do.
    fn is_everything(&self) -> bool {
        let anything = |place: &str| {
            let item = super::named(place);
            self.fits(&item, &Media::default(), &[])
        };
        ["/q/0.mkv", "/z/y/x 1.avi", "/w"].into_iter().all(anything)
    }

    fn by_title_alone(&self) -> bool {
        self.path.is_none() && self.regex.is_none()
    }

    fn fits(&self, item: &Item, media: &Media, named: &[String]) -> bool {
        let place = item.location.as_ref().map_or("", Location::as_str);
        let called = |title: &String| {
            named.contains(title)
                || title_keys(media).contains(title)
                || item
                    .title
                    .as_deref()
                    .is_some_and(|raw| title_key(raw) == *title)
        };
        self.path.as_ref().is_none_or(|path| path.holds(place))
            && self
                .regex
                .as_ref()
                .is_none_or(|regex| regex.is_match(place))
            && self.title.as_ref().is_none_or(called)
            && self.kind.is_none_or(|kind| media.media_type == Some(kind))
            && self.year.is_none_or(|year| media.year == Some(year))
            && self.season.is_none_or(|season| media.season == [season])
    }
}

impl When {
    /// Whether it surely fits whatever another fits.
    fn is_wider_than(&self, other: &Self) -> bool {
        fn open<T: PartialEq>(own: Option<&T>, other: Option<&T>) -> bool {
            own.is_none() || own == other
        }
        let path = match (&self.path, &other.path) {
            (None, _) => true,
            (Some(own), Some(other)) => own.is_wider_than(other),
            _ => false,
        };
        let regex = |when: &Self| when.regex.as_ref().map(|regex| regex.as_str().to_owned());
        path && open(regex(self).as_ref(), regex(other).as_ref())
            && open(self.title.as_ref(), other.title.as_ref())
            && open(self.kind.as_ref(), other.kind.as_ref())
            && open(self.year.as_ref(), other.year.as_ref())
            && open(self.season.as_ref(), other.season.as_ref())
    }
}

impl Place {
    /// Whether the other is the same place, or a folder in this one.
    fn is_wider_than(&self, other: &Self) -> bool {
        let inside = other
            .folder
            .strip_prefix(self.folder.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        inside && (self.glob == other.glob || self.glob.is_none())
    }

    fn holds(&self, place: &str) -> bool {
        let inside = place
            .strip_prefix(self.folder.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let glob = self.glob.as_ref();
        inside || glob.is_some_and(|glob| glob.matches_with(place, OPTIONS))
    }
}

impl Rule {
    /// Whether another rule is never reached behind it. One by title alone that makes a film leaves numbered episodes.
    fn hides(&self, other: &Self) -> bool {
        let leaves = self.when.by_title_alone() && self.set.kind == Some(MediaType::Movie);
        let leaves_too = other.when.by_title_alone() && other.set.kind == Some(MediaType::Movie);
        self.when.is_wider_than(&other.when) && (!leaves || leaves_too)
    }

    /// The first two ranges that hold the same number.
    fn overlap(&self) -> Option<(Range, Range)> {
        let mut sorted: Vec<(usize, Range)> = self.map.iter().copied().enumerate().collect();
        sorted.sort_by_key(|(at, range)| (range.from, *at));
        sorted.windows(2).find_map(|pair| match pair {
            [(a, first), (b, second)] if second.from <= first.to => Some(if a < b {
                (*first, *second)
            } else {
                (*second, *first)
            }),
            _ => None,
        })
    }

    fn fits(&self, item: &Item, media: &Media, named: &[String]) -> bool {
        let numbered = !media.season.is_empty() && !media.episode.is_empty();
        let makes_film = self.set.kind == Some(MediaType::Movie);
        let by_title_alone = self.when.by_title_alone();
        self.when.fits(item, media, named) && !(by_title_alone && makes_film && numbered)
    }

    /// What of it could not be done.
    fn apply(&self, identity: &mut Identity) -> Option<&'static str> {
        if self.ignore {
            identity.verdict = Verdict::Ignore(format!("your rule in line {} says so", self.line));
            return None;
        }
        if matches!(identity.verdict, Verdict::Ignore(_)) && self.when.by_title_alone() {
            return Some(" (left out: it is an extra, and the rule has no path or regex)");
        }
        let media = &mut identity.media;
        let but = self.change(media);
        let called_private = |evidence: &Evidence| evidence.said.ends_with(CALLED_PRIVATE);
        if self.set.is_of_a_work() && identity.evidence.iter().any(called_private) {
            media.confidence = media.confidence.max(A_WORK);
        }
        if self.set.names_it() {
            media.confidence = 1.0;
        } else if let Verdict::Ignore(_) = identity.verdict {
            return None;
        }
        identity.verdict = verdict(media);
        but
    }

    /// What of it could not be done.
    fn change(&self, media: &mut Media) -> Option<&'static str> {
        let counted = [&media.season, &media.episode, &media.absolute_episode].map(Clone::clone);
        self.set.apply(media);
        let numbered = !media.season.is_empty() && media.absolute_episode.is_empty();
        let mapped = self.map.is_empty() || self.map.iter().any(|range| range.apply(media));
        if !self.shift.apply(media) {
            // What is counted otherwise is left as it is, not half changed.
            let [season, episode, absolute] = counted;
            (media.season, media.episode, media.absolute_episode) = (season, episode, absolute);
            return Some(" (not shifted: a number would be less than 1)");
        }
        match (mapped, numbered) {
            (true, _) => None,
            (false, true) => Some(" (not mapped: it has a season of its own)"),
            (false, false) => Some(" (no range holds all of its numbers)"),
        }
    }

    fn said(&self) -> String {
        let mut parts = vec![format!("line {}:", self.line)];
        if self.ignore {
            parts.push("ignore".to_owned());
        }
        let set = Media {
            media_type: self.set.kind,
            title: self.set.title.clone(),
            year: self.set.year,
            season: self.set.season.into_iter().collect(),
            ids: self.set.ids.clone(),
            ..Media::default()
        };
        parts.extend(Some(super::weigh::words(&set)).filter(|words| !words.is_empty()));
        if !self.map.is_empty() {
            parts.push("map".to_owned());
        }
        if self.shift != Shift::default() {
            parts.push(format!(
                "shift season={:+} episode={:+}",
                self.shift.season, self.shift.episode
            ));
        }
        parts.join(" ")
    }
}

impl Set {
    /// It says that this is a film or series, and nobody's private one.
    fn is_of_a_work(&self) -> bool {
        self.kind.is_some() || self.year.is_some()
    }

    /// It says what the thing is, not just how it is counted.
    fn names_it(&self) -> bool {
        self.title.is_some() || !self.ids.is_empty()
    }

    fn apply(&self, media: &mut Media) {
        let renamed = self
            .title
            .as_ref()
            .is_some_and(|title| !title_keys(media).contains(&title_key(title)));
        let retyped = self.kind.is_some() && self.kind != media.media_type;
        if !self.ids.is_empty() || renamed || retyped {
            // Ids of what it was taken for would say so again.
            media.ids = self.ids.clone();
        }
        if renamed {
            media.alternative_title = None;
            media.year = None;
        }
        media.title = self.title.clone().or(media.title.take());
        media.year = self.year.or(media.year);
        media.media_type = self.kind.or(media.media_type);
        if self.title.is_some() && media.media_type.is_none() {
            let numbered = has_numbers(media) || self.season.is_some();
            media.media_type = Some(if numbered {
                MediaType::Episode
            } else {
                MediaType::Movie
            });
        }
        if media.media_type == Some(MediaType::Movie) {
            media.season.clear();
            media.episode.clear();
            media.absolute_episode.clear();
            media.episode_title = None;
            media.date = None;
        } else if let Some(season) = self.season {
            media.season = vec![season];
            media.media_type = Some(MediaType::Episode);
        }
    }
}

impl Range {
    /// True if it was meant.
    fn apply(self, media: &mut Media) -> bool {
        let counted = if !media.absolute_episode.is_empty() {
            &media.absolute_episode
        } else if media.season.is_empty() {
            &media.episode
        } else {
            return false;
        };
        let within = |number: &u32| (self.from..=self.to).contains(number);
        if counted.is_empty() || !counted.iter().all(within) {
            return false;
        }
        let place = |number: &u32| (number - self.from).saturating_add(self.episode);
        let episodes = counted.iter().map(place).collect();
        if media.absolute_episode.is_empty() {
            media.absolute_episode.clone_from(&media.episode);
        }
        media.episode = episodes;
        media.season = vec![self.season];
        media.media_type = Some(MediaType::Episode);
        true
    }
}

impl Shift {
    /// All of it, or nothing: false where a season would become negative, or an episode less than 1. What has a number and no
    /// season is of the first.
    fn apply(self, media: &mut Media) -> bool {
        if self.season != 0 && media.season.is_empty() && !media.episode.is_empty() {
            media.season = vec![1];
        }
        let season = shifted(&media.season, self.season);
        let episode = shifted(&media.episode, self.episode);
        let Some((season, episode)) = season.zip(episode) else {
            return false;
        };
        if self.episode < 0 && episode.contains(&0) {
            return false;
        }
        media.season = season;
        media.episode = episode;
        true
    }
}

fn shifted(numbers: &[u32], by: i64) -> Option<Vec<u32>> {
    let shift = |number: &u32| u32::try_from(i64::from(*number).checked_add(by)?).ok();
    numbers.iter().map(shift).collect()
}

#[cfg(test)]
mod tests;
