//! Which of the files beside a video are believed, and what they claim.

use super::nfo::linked;
use super::{Fact, Link, Place, Sidecar};
use crate::identify::name::is_foreign;
use crate::identify::weigh::{Claim, Reach, title_keys};
use crate::model::{Ids, Media, MediaType, title_key};

/// Their claims, best first. `named` is what the video's name claims: a series, and a bare link, need to know what it
/// is. `path` is the video's.
pub fn claims(
    sidecars: &[Sidecar],
    named: Option<&Media>,
    path: Option<&str>,
) -> Vec<(Place, Claim)> {
    let kind_named = named.and_then(|media| media.media_type);
    let own = sidecars.iter().find_map(|sidecar| match sidecar.fact {
        _ if sidecar.place != Place::Own => None,
        Fact::Episodes(_) => Some(MediaType::Episode),
        Fact::Film(_) => Some(MediaType::Movie),
        _ => None,
    });
    let kind = own.or(kind_named);
    let speaks_for_a_folder = |s: &Sidecar| matches!(s.place, Place::Film | Place::Show);
    let folders = path.filter(|_| sidecars.iter().any(speaks_for_a_folder));
    let folders = folders.map(folder_titles).unwrap_or_default();
    sidecars
        .iter()
        .filter_map(|sidecar| {
            let mut claim = claim(sidecar, kind)?;
            if speaks_for_a_folder(sidecar) {
                reach(&mut claim, sidecar.above, named, &folders);
            } else if sidecar.place == Place::Own {
                // It is called as the video is: where its numbers agree, its title is in another language.
                claim.also = named.and_then(|named| named.title.clone());
            }
            Some((sidecar.place, claim))
        })
        .collect()
}

/// The titles of the folders above a video, the nearest first.
fn folder_titles(path: &str) -> Vec<Option<String>> {
    path.split('/')
        .rev()
        .skip(1)
        .map(|folder| crate::identify::name::parse(folder).title)
        .collect()
}

/// What lies in a folder speaks for what the folder is of. Whether a video is of it shows in their names: the folder's
/// own may be the work's in another language, and a folder in between may be another work's.
fn reach(claim: &mut Claim, above: usize, named: Option<&Media>, folders: &[Option<String>]) {
    claim.reach = Reach::Folder;
    let Some(named) = named else {
        return;
    };
    let of_video = title_keys(named);
    let is_of = |folder: &Option<String>| {
        folder
            .as_deref()
            .is_some_and(|title| of_video.contains(&title_key(title)))
    };
    if folders.get(above).is_some_and(is_of) {
        claim.also.clone_from(&named.title);
        return;
    }
    let said = title_keys(&claim.media);
    let agrees = said.iter().any(|title| of_video.contains(title));
    let between = folders.iter().take(above).any(is_of);
    let own_folder = folders.get(above).and_then(Option::as_deref);
    if !between && own_folder.is_some_and(|title| said.contains(&title_key(title))) {
        // The library is in one language, the video's name in another.
        claim.also.clone_from(&named.title);
    }
    let seasons = above > 0 && folders.iter().take(above).all(Option::is_none);
    let foreign = |media: &Media| media.title.as_deref().is_some_and(is_foreign);
    if seasons && (foreign(&claim.media) || foreign(named)) {
        // A season's folder is the series', also where no folder is called like it.
        claim.also.clone_from(&named.title);
    }
    if !agrees && (between || said.is_empty()) {
        claim.reach = Reach::Another;
    }
}

fn claim(sidecar: &Sidecar, named: Option<MediaType>) -> Option<Claim> {
    let mut extra = None;
    let media = match (&sidecar.fact, sidecar.place) {
        (Fact::Film(media), Place::Own | Place::Film) => media.clone(),
        (Fact::Episodes(media), Place::Own) => media.clone(),
        // A film in the folder of a series is a film.
        (Fact::Show(media), Place::Own | Place::Show) if named != Some(MediaType::Movie) => {
            media.clone()
        }
        (Fact::Season(season), Place::Season) => Media {
            media_type: Some(MediaType::Episode),
            season: vec![*season],
            ..Media::default()
        },
        (Fact::Links(links), place) => from_links(links, place, named)?,
        (Fact::Other(what), Place::Own) => {
            extra = Some(format!("{what}, neither film nor episode"));
            Media::default()
        }
        _ => return None,
    };
    Some(Claim {
        source: "nfo",
        detail: Some(sidecar.file.clone()),
        media,
        extra,
        ..Claim::default()
    })
}

/// A link names a film, a series, or (IMDb) anything: beside an episode that may be the episode itself.
fn from_links(links: &[Link], place: Place, named: Option<MediaType>) -> Option<Media> {
    let kind = match place {
        Place::Film => MediaType::Movie,
        Place::Show => named.filter(|kind| *kind == MediaType::Episode)?,
        Place::Season => return None,
        Place::Own => links.iter().find_map(kind_of).or(named)?,
    };
    let mut media = Media::default();
    for link in links {
        if place == Place::Own && kind == MediaType::Episode && matches!(link, Link::Imdb(_)) {
            continue;
        }
        media.ids.fill_from(&linked(link, kind));
        if let Link::TmdbShow {
            season: Some((season, episode)),
            ..
        } = link
            && place == Place::Own
            && media.season.is_empty()
        {
            media.season = vec![*season];
            media.episode = episode.iter().copied().collect();
        }
    }
    if media.ids == Ids::default() {
        return None;
    }
    media.media_type = Some(kind);
    Some(media)
}

fn kind_of(link: &Link) -> Option<MediaType> {
    match link {
        Link::TmdbFilm(_) => Some(MediaType::Movie),
        Link::TmdbShow { .. } | Link::TvdbShow(_) => Some(MediaType::Episode),
        Link::Imdb(_) => None,
    }
}
