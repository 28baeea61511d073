//! What Kodi, Jellyfin and others have left beside a video: NFO files.
//!
//! `read` alone touches the disk: a handful of files, their names as written or in another case, each up to `LARGEST` bytes, never on the engine's thread. What it
//! hands on is already understood (`nfo`, over the scanner in `xml`, after `decode`); `claim` turns it into claims.
//! Nothing in a file can make this slow, large or fail: entities beyond the five are left as they are, what cannot be
//! understood says nothing.
//!
//! **Ids.** `Ids` are the film's or series'. Those in `<episodedetails>` are the episode's and are not even looked at;
//! those in a bare link beside an episode may be, and are dropped unless the link itself says that it names a series.

mod claim;
mod decode;
mod links;
mod nfo;
mod read;
mod xml;

pub(super) use claim::claims;
pub(super) use links::is_imdb;
pub use read::read;

use crate::model::Media;

/// Longest part of a file that is read. A real one has a few kilobytes.
pub const LARGEST: u64 = 1024 * 1024;

/// One file beside a video, understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Sidecar {
    /// Its base name.
    pub file: String,
    /// What it is about, going by its name and folder.
    pub place: Place,
    /// How many folders above the video's own it lies.
    pub above: usize,
    /// What it says.
    pub fact: Fact,
}

/// What a file is about, going by its name and folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// This video (`NAME.nfo`).
    Own,
    /// The film in this folder (`movie.nfo`).
    Film,
    /// The season in this folder (`season.nfo`).
    Season,
    /// The series in this folder or the ones above (`tvshow.nfo`).
    Show,
}

/// What a file says.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// A film: title, year, ids.
    Film(Media),
    /// A series: title, year, ids.
    Show(Media),
    /// The number of a season.
    Season(u32),
    /// One or more episodes of one series; no ids.
    Episodes(Media),
    /// Only links to pages about it.
    Links(Vec<Link>),
    /// The next of several files that are one film.
    NextPart,
    /// Neither film nor episode, and what.
    Other(&'static str),
}

/// What a link to a page names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// TMDB's number of a film.
    TmdbFilm(u64),
    /// TMDB's number of a series, and what of it.
    TmdbShow {
        /// The series.
        id: u64,
        /// Season, and episode where the link goes that far.
        season: Option<(u32, Option<u32>)>,
    },
    /// IMDb's of anything at all.
    Imdb(String),
    /// TheTVDB's of a series.
    TvdbShow(u64),
}

/// Understands the bytes of one NFO file; `None` if it says nothing.
#[must_use]
pub fn understand(bytes: &[u8]) -> Option<Fact> {
    nfo::read(&decode::text(bytes))
}
