//! What a file's name and folders say about the film or episode in it.
//!
//! The path is brought to a simple form ([`normalise`]) and each part of it cut into words ([`token`]). Passes over the
//! words claim what they know, in a fixed order ([`part`]): sites and checksums, technical words, dates, `S01E02`,
//! seasons and episodes in words, the year, and, where nothing else tells, bare numbers. The title is what is left
//! before the first thing found. At last the parts of the path are joined ([`path`]).
//!
//! Everything is bounded, nothing is looked up, and the time is linear in the length of the name.

mod absolute;
mod claim;
mod date;
mod episode;
mod extras;
mod folders;
mod group;
mod ideographs;
mod kinship;
mod normalise;
mod numbers;
mod packed;
mod part;
mod parts;
mod path;
mod private;
mod reading;
mod render;
mod spoken;
mod technical;
mod title;
mod token;
mod url;
mod words;
mod year;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod doubts;
#[cfg(test)]
mod hostile;

pub(super) use claim::{claims, take_ids, title};
pub(super) use kinship::is_foreign;
pub(super) use url::file_path;

use crate::model::{Date, Ids, MediaType};

/// Most episodes one name is taken to hold.
const MOST_EPISODES: usize = 400;

/// What a file is if it is not the work itself. Extras are not tracked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extra {
    /// A trailer or teaser.
    Trailer,
    /// A sample of a release.
    Sample,
    /// A featurette.
    Featurette,
    /// An interview.
    Interview,
    /// From behind the scenes.
    BehindTheScenes,
    /// A deleted scene.
    DeletedScene,
    /// Any other extra.
    Other,
}

/// What a name says. Every field is what the text itself says; nothing is looked up.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ParsedName {
    /// Film or episode; none if not even a title is there.
    pub media_type: Option<MediaType>,
    /// Title of the film or show.
    pub title: Option<String>,
    /// The title in another language or script.
    pub alternative_title: Option<String>,
    /// Year of the film or show.
    pub year: Option<u16>,
    /// Usually one; several for `S01-03`; 0 is valid.
    pub season: Vec<u32>,
    /// Usually one; `S01E02E03` has two; ranges are written out, at most 400.
    pub episode: Vec<u32>,
    /// Numbers counted over all seasons.
    pub absolute_episode: Vec<u32>,
    /// Date of broadcast.
    pub date: Option<Date>,
    /// Title of the episode.
    pub episode_title: Option<String>,
    /// `Part 2`, `cd1`.
    pub part: Option<u32>,
    /// Named as anime is.
    pub anime: bool,
    /// Not the work itself, but an extra.
    pub extra: Option<Extra>,
    /// The numbers are guessed from where they stand, or the title has nothing to lean on.
    pub weak: bool,
    /// There is no title of a work in it, or it is not clear which episode is meant: a private film's name, sport, the
    /// time alone, an episode between two.
    pub nameless: bool,
    /// Called as private films are.
    pub private: bool,
    /// Ids written in the path.
    pub ids: Ids,
    /// The ids stood on a folder of an episode, or before its number, so they are the show's.
    pub ids_are_series: bool,
    /// It lies in the folder of this work and is called otherwise, likely in another language.
    pub shelved_with: Option<Box<Shelved>>,
}

/// The work of a folder that has its ids.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shelved {
    /// As the folder calls it.
    pub title: String,
    /// Likewise.
    pub year: Option<u16>,
    /// Never none.
    pub ids: Ids,
}

/// Whether a word in small letters names a part of something.
pub(super) fn is_part(word: &str) -> bool {
    words::word(word) & words::PART != 0
}

/// Reads a base name, or a relative or absolute path with `/` or `\`. Never fails, never panics.
pub fn parse(name: &str) -> ParsedName {
    Reader::default().parse(name)
}

/// Reads names one after the other in the same room.
#[derive(Debug, Default)]
pub struct Reader(token::Text);

impl Reader {
    /// As [`parse`].
    pub fn parse(&mut self, name: &str) -> ParsedName {
        path::read(name, &mut self.0)
    }
}
