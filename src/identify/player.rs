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
    let media = match (tags.get("xesam:artist"), track) {
        (Some(series), Some(track)) if !series.trim().is_empty() => Media {
            media_type: Some(MediaType::Episode),
            title: Some(series.trim().to_owned()),
            season: tags
                .get("xesam:album")
                .and_then(season_of)
                .into_iter()
                .collect(),
            episode: vec![track],
            episode_title: Some(title.to_owned()),
            confidence: 0.8,
            ..Media::default()
        },
        _ => {
            let mut media = super::name::media_of(title);
            media.year = media.year.or(year);
            media
        }
    };
    Some(Claim {
        source: "player",
        media,
        ..Claim::default()
    })
}

/// `Season 2`, `Staffel 2`, `Specials`.
fn season_of(album: &str) -> Option<u32> {
    if album.trim().eq_ignore_ascii_case("specials") {
        return Some(0);
    }
    album
        .split(|c: char| !c.is_ascii_digit())
        .find(|digits| !digits.is_empty())?
        .parse()
        .ok()
}
