//! What the player itself says, where there is no file: Jellyfin Desktop puts the series into artist, the number into track.

use super::weigh::Claim;
use crate::model::{Item, Location, Media, MediaType};

/// Reads a title the way media-server clients write it.
pub fn read(item: &Item) -> Option<Claim> {
    if matches!(item.location, Some(Location::Path(_))) {
        return None;
    }
    let title = item
        .title
        .as_deref()
        .map(str::trim)
        .filter(|title| !title.is_empty())?;
    let tags = &item.tags;
    let year = tags
        .get("xesam:contentcreated")
        .and_then(|date| date.get(..4))
        .and_then(|year| year.parse().ok());
    let track = tags
        .get("xesam:tracknumber")
        .and_then(|number| number.trim().parse::<u32>().ok());
    let artist = tags.get("xesam:artist").map(|artist| artist.trim());
    let media = match (artist.filter(|artist| !artist.is_empty()), track) {
        (Some(series), Some(track)) => Media {
            media_type: Some(MediaType::Episode),
            title: Some(series.to_owned()),
            // What is on no season is on an album: music.
            season: vec![tags.get("xesam:album").and_then(season_of)?],
            episode: vec![track],
            episode_title: Some(title.to_owned()),
            confidence: 0.8,
            ..Media::default()
        },
        // The title of a page on the web is whatever its author wrote.
        _ if item.location.as_ref().is_some_and(Location::is_web) => return None,
        _ => {
            let mut media = super::name::title(title);
            if media.year.is_none() && year.is_some() {
                media.year = year;
                if media.media_type == Some(MediaType::Movie) {
                    media.confidence = media.confidence.max(0.6);
                }
            }
            media
        }
    };
    Some(Claim {
        source: "player",
        media,
        ..Claim::default()
    })
}

/// How media servers call a season, in the languages of their users.
const SEASON: [&str; 20] = [
    "season",
    "staffel",
    "saison",
    "temporada",
    "stagione",
    "seizoen",
    "sæson",
    "sesong",
    "säsong",
    "kausi",
    "sezon",
    "сезон",
    "série",
    "řada",
    "évad",
    "sezóna",
    "シーズン",
    "시즌",
    "第",
    "σεζόν",
];

/// `Season 2`, `Staffel 2`, `2. Staffel`, `Specials`.
fn season_of(album: &str) -> Option<u32> {
    let album = album.trim().to_lowercase();
    if album == "specials" {
        return Some(0);
    }
    let mut parts = album
        .split(|c: char| !c.is_ascii_digit())
        .filter(|digits| !digits.is_empty());
    let number = parts.next()?.parse().ok()?;
    let words = album
        .split(|c: char| !c.is_alphabetic())
        .filter(|word| !word.is_empty());
    let seasons = words
        .clone()
        .filter(|word| SEASON.iter().any(|season| word.starts_with(season)));
    let alone = parts.next().is_none() && words.count() == 1;
    (alone && seasons.count() == 1).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seasons_are_told_from_albums() {
        for (album, season) in [
            ("Season 2", Some(2)),
            ("2. Staffel", Some(2)),
            ("Specials", Some(0)),
            ("시즌 3", Some(3)),
            ("1989", None),
            ("Abbey Road", None),
            ("Led Zeppelin 4", None),
            ("Greatest Season 2 Hits", None),
            ("", None),
        ] {
            assert_eq!(season_of(album), season, "{album}");
        }
    }

    #[test]
    fn of_a_page_on_the_web_only_proper_fields_count() {
        let fields = [
            ("xesam:artist", "Dark"),
            ("xesam:album", "Season 1"),
            ("xesam:tracknumber", "2"),
        ];
        let fields = fields.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let page = |url: &str, tags: &[(String, String)]| Item {
            location: Some(Location::Url(url.into())),
            title: Some("Dark S01E02 - all we know".into()),
            tags: crate::model::Tags(tags.to_vec()),
            ..Item::default()
        };
        let verdict = |item: &Item| {
            let rules = crate::identify::rules::Rules::default();
            crate::identify::identify(item, &[], &rules).verdict
        };
        let tracked = crate::identify::Verdict::Track;
        for url in [
            "https://example.org/watch?v=1",
            "HTTP://example.org/Dark.S01E02",
            "https://example.org/dark-s01e02.html",
        ] {
            assert_ne!(verdict(&page(url, &[])), tracked, "{url}");
            assert_eq!(verdict(&page(url, &fields)), tracked, "{url}");
        }
        let film = page("https://example.org/Dark.S01E02.mkv?token=1", &[]);
        assert_eq!(verdict(&film), tracked);
        let other = page("smb://nas/Dark.S01E02.mkv", &[]);
        assert_eq!(verdict(&other), tracked);
    }

    #[test]
    fn music_is_no_episode() {
        let said = |album: &str| {
            let tags = [
                ("xesam:artist", "The Band"),
                ("xesam:album", album),
                ("xesam:tracknumber", "4"),
            ];
            let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
            read(&Item {
                title: Some("The Song".into()),
                tags: crate::model::Tags(tags.to_vec()),
                ..Item::default()
            })
        };
        assert!(said("The Record").is_none());
        let episode = said("Season 1").unwrap().media;
        assert_eq!((episode.season, episode.episode), (vec![1], vec![4]));
    }

    #[test]
    fn a_slash_in_a_title_is_its_own() {
        let said = |title: &str| {
            let item = Item {
                title: Some(title.into()),
                ..Item::default()
            };
            let media = read(&item).unwrap().media;
            (media.title.unwrap(), media.year)
        };
        for (told, title, year) in [
            ("Face/Off (1997)", "Face/Off", Some(1997)),
            ("V/H/S (2012)", "V/H/S", Some(2012)),
            (
                "AC/DC: Let There Be Rock (1980)",
                "AC/DC: Let There Be Rock",
                Some(1980),
            ),
            ("/v/Heat (1995)/Heat.mkv", "Heat", Some(1995)),
        ] {
            assert_eq!(said(told), (title.to_owned(), year), "{told}");
        }
    }
}
