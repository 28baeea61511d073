//! What there is to watch: every kind of thing that reeld treats differently.

use std::path::Path;

/// A file, and what is truly in it.
#[derive(Debug)]
pub struct Film {
    pub path: &'static str,
    /// Seconds.
    pub length: f64,
    /// What a service calls it; empty where nobody could tell from the file.
    pub title: &'static str,
    /// Season and episodes; a film has none.
    pub episodes: Option<(u32, &'static [u32])>,
    /// Of the film or series, at TMDB.
    pub tmdb: u64,
    /// Whether the user would be surprised to find it at a service.
    pub fate: Fate,
}

/// What may become of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Reported.
    Told,
    /// Reported where specials can be expressed.
    Special,
    /// Nobody can tell what it is: stays here.
    Unknown,
    /// Nobody can be sure what it is: stays here, each time, until the user has said so.
    Doubtful,
    /// Reported; where an id is needed, when the user has said which.
    Nameless,
    /// In a folder that is private: not even looked at.
    Private,
    /// Too short to count.
    Short,
}

/// The folder that is private in every configuration.
pub const PRIVATE: &str = "/home/ann/Private";

/// So many of them, the first, are played by everybody; the others where the user says what they are.
pub const COMMON: usize = 13;
pub const DOUBTFUL: usize = 13;
pub const NAMELESS: usize = 14;
/// From the net, and nothing to see.
pub const STREAM: usize = 15;
pub const AUDIO: usize = 16;

/// Two of them are the same film in two files; one series has its id in the path, the other has not. All are short: an hour
/// more shows nothing but more of the same beats.
pub static FILMS: [Film; 17] = [
    film(
        "/films/Heat (1995)/Heat (1995) {tmdb-949}.mkv",
        800.0,
        "Heat",
        949,
    ),
    film(
        "/downloads/Heat.1995.1080p.BluRay.x264-GRP.mkv",
        800.0,
        "Heat",
        949,
    ),
    film("/films/Alien.1979.mkv", 640.0, "Alien", 348),
    film(
        "/films/Fight Club (1999) [imdbid-tt0137523].mkv",
        1000.0,
        "Fight Club",
        550,
    ),
    episode(
        "/tv/The Wire {tmdb-1438}/Season 01/The.Wire.S01E01.mkv",
        500.0,
        "The Wire",
        1,
        &[1],
        1438,
    ),
    episode(
        "/tv/The Wire {tmdb-1438}/Season 01/The.Wire.S01E02.mkv",
        520.0,
        "The Wire",
        1,
        &[2],
        1438,
    ),
    episode(
        "/tv/The Wire {tmdb-1438}/Season 01/The.Wire.S01E03.mkv",
        480.0,
        "The Wire",
        1,
        &[3],
        1438,
    ),
    episode(
        "/tv/Severance/Severance.S01E01E02.1080p.mkv",
        760.0,
        "Severance",
        1,
        &[1, 2],
        95396,
    ),
    episode(
        "/tv/Severance/Severance.S01E03.1080p.mkv",
        420.0,
        "Severance",
        1,
        &[3],
        95396,
    ),
    Film {
        fate: Fate::Special,
        ..episode(
            "/tv/The Wire {tmdb-1438}/Specials/The.Wire.S00E01.mkv",
            400.0,
            "The Wire",
            0,
            &[1],
            1438,
        )
    },
    Film {
        fate: Fate::Unknown,
        ..film("/downloads/00017.m2ts", 600.0, "", 0)
    },
    Film {
        fate: Fate::Private,
        ..film(
            "/home/ann/Private/Secret Holiday (2020) {tmdb-4242}.mkv",
            500.0,
            "Secret Holiday",
            4242,
        )
    },
    Film {
        fate: Fate::Short,
        ..film(
            "/films/Bambi Meets Godzilla (1969).mkv",
            120.0,
            "Bambi Meets Godzilla",
            30_060,
        )
    },
    Film {
        fate: Fate::Doubtful,
        ..film("/downloads/Ronin.mkv", 700.0, "Ronin", 8195)
    },
    Film {
        fate: Fate::Nameless,
        ..film(
            "/films/Kin-dza-dza (1986).mkv",
            560.0,
            "Kin-dza-dza",
            20_871,
        )
    },
    film(
        "https://films.example.org/Brazil.1985.1080p.mkv",
        620.0,
        "Brazil",
        68,
    ),
    Film {
        fate: Fate::Unknown,
        ..film("/music/Brazil.1985.mp3", 600.0, "", 0)
    },
];

const fn film(path: &'static str, length: f64, title: &'static str, tmdb: u64) -> Film {
    Film {
        path,
        length,
        title,
        episodes: None,
        tmdb,
        fate: Fate::Told,
    }
}

const fn episode(
    path: &'static str,
    length: f64,
    title: &'static str,
    season: u32,
    episodes: &'static [u32],
    tmdb: u64,
) -> Film {
    Film {
        episodes: Some((season, episodes)),
        ..film(path, length, title, tmdb)
    }
}

/// What a service knows it by: the title, season and first episode.
pub type Work = (&'static str, Option<(u32, u32)>);

impl Film {
    /// Whether a service may ever hear of it.
    pub fn may_be_told(&self) -> bool {
        !matches!(self.fate, Fate::Unknown | Fate::Private | Fate::Short)
    }

    /// Two files of one film are one work.
    pub fn work(&self) -> Work {
        let episode = self
            .episodes
            .and_then(|(season, all)| Some((season, *all.first()?)));
        (self.title, episode)
    }

    /// The episode that an unfinished resume point names.
    pub fn resume_episode(&self) -> Option<(u32, u32)> {
        self.work().1
    }

    /// As its file is called, if it is called so.
    pub fn year(&self) -> Option<&'static str> {
        let years = self.path.split(['(', ')', '.', ' ']);
        let is_year = |part: &&str| part.len() == 4 && part.bytes().all(|b| b.is_ascii_digit());
        years.rev().find(is_year)
    }

    pub fn is_stream(&self) -> bool {
        self.path.contains("://")
    }

    pub fn is_audio(&self) -> bool {
        self.path.ends_with(".mp3")
    }

    /// For people.
    pub fn name(&self) -> &'static str {
        let name = Path::new(self.path).file_name();
        name.and_then(|name| name.to_str()).unwrap_or(self.path)
    }
}
