//! Container tags (Matroska, MP4) as mpv reports them.

use super::sidecar::is_imdb;
use super::weigh::{Claim, Reach};
use crate::model::{Item, Media, MediaType, Tags};

/// Tags that name a show and a number, or carry ids, are good evidence; a lone `title` is often an advertisement.
/// `named` is what the file's name takes it for.
pub fn read(item: &Item, named: Option<MediaType>) -> Option<Claim> {
    let tags = &item.tags;
    if tags.0.is_empty() {
        return None;
    }
    // "01/10": the first of ten.
    let number = |names: &[&str]| {
        let text = first(tags, names)?;
        let text = text.split_once('/').map_or(text, |(number, _)| number);
        text.trim().parse::<u32>().ok()
    };
    let mut media = Media::default();
    if let Some(show) = first(tags, &["show", "tvsh", "series"])
        && let Some(episode) = number(&["episode_sort", "tves", "episode", "episode_number"])
    {
        media.media_type = Some(MediaType::Episode);
        media.title = Some(show.to_owned());
        media.season = number(&["season_number", "tvsn", "season"])
            .into_iter()
            .collect();
        media.episode = vec![episode];
        media.episode_title = first(tags, &["title"]).map(str::to_owned);
        media.confidence = 0.9;
    }
    add_ids(&mut media, tags, named);
    // Who writes a film's id writes its title too.
    if media.media_type == Some(MediaType::Movie)
        && let Some(title) = first(tags, &["title"])
    {
        let written = super::name::title(title);
        media.title = written.title;
        media.year = written.year;
        media.confidence = 0.9;
    }
    let said_something = media.title.is_some() || !media.ids.is_empty();
    said_something.then_some(Claim {
        source: "tags",
        media,
        ..Claim::default()
    })
}

/// What a lone `title` says if it is written as films are: with a year.
pub fn hint(item: &Item) -> Option<Claim> {
    let title = first(&item.tags, &["title"])?;
    let media = super::name::title(title);
    let film = media.media_type == Some(MediaType::Movie) && media.year.is_some();
    film.then_some(Claim {
        source: "tags",
        media: Media {
            confidence: 0.6,
            ..media
        },
        reach: Reach::Hint,
        ..Claim::default()
    })
}

fn first<'a>(tags: &'a Tags, names: &[&str]) -> Option<&'a str> {
    names
        .iter()
        .find_map(|name| tags.get(name))
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// Matroska writes `movie/550` and `tv/1396`, `series/81189`; a bare number does not say of what. IMDb's does not
/// either, and in an episode it is mostly the episode's own.
fn add_ids(media: &mut Media, tags: &Tags, named: Option<MediaType>) {
    let kind_of = |prefix: &str| match prefix {
        "movie" | "movies" => Some(MediaType::Movie),
        "tv" | "series" => Some(MediaType::Episode),
        _ => None,
    };
    let mut take = |names: &[&str]| {
        let text = first(tags, names)?;
        let (kind, id) = match text.split_once('/') {
            Some((prefix, id)) => (Some(kind_of(prefix)?), id),
            None => (None, text),
        };
        let id = id.parse::<u64>().ok().filter(|id| *id > 0)?;
        if kind.is_some() && media.media_type.is_some() && kind != media.media_type {
            return None;
        }
        media.media_type = media.media_type.or(kind);
        Some(id)
    };
    let tmdb = take(&["tmdb"]);
    let tvdb = take(&["tvdb2"]).or_else(|| take(&["tvdb"]));
    media.ids.tmdb = tmdb;
    media.ids.tvdb = tvdb;
    media.ids.imdb = first(tags, &["imdb"])
        .filter(|id| is_imdb(id) && media.media_type.or(named) != Some(MediaType::Episode))
        .map(str::to_owned);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(tags: &[(&str, &str)]) -> Option<String> {
        let tags = tags.iter().map(|(k, v)| ((*k).into(), (*v).into()));
        let item = Item {
            tags: Tags(tags.collect()),
            ..Item::default()
        };
        read(&item, None).map(|claim| super::super::weigh::words(&claim.media))
    }

    #[test]
    fn tags_name_shows_with_numbers_and_ids_with_their_kind() {
        for (tags, wanted) in [
            (vec![("title", "www.example.org - Heat")], None),
            (
                vec![
                    ("show", "Severance"),
                    ("season_number", "2"),
                    ("episode_sort", "1"),
                    ("title", "Hello"),
                ],
                Some("type=episode title=Severance season=2 episode=1 episode_title=Hello"),
            ),
            (
                vec![("show", "Severance"), ("episode_sort", "01/10")],
                Some("type=episode title=Severance episode=1"),
            ),
            (
                vec![("tmdb", "movie/550"), ("imdb", "tt0137523")],
                Some("type=movie tmdb=550 imdb=tt0137523"),
            ),
            (
                vec![("tmdb", "movie/949"), ("title", "Heat")],
                Some("type=movie title=Heat tmdb=949"),
            ),
            (
                vec![
                    ("tmdb", "tv/1396"),
                    ("tvdb2", "series/81189"),
                    ("imdb", "tt0959621"),
                ],
                Some("type=episode tmdb=1396 tvdb=81189"),
            ),
            (vec![("tvdb2", "episodes/349232")], None),
            (vec![("tmdb", "550")], Some("tmdb=550")),
            (vec![("tmdb", "person/1")], None),
            (
                vec![("tmdb", "movie/550"), ("tvdb", "series/1")],
                Some("type=movie tmdb=550"),
            ),
            (vec![("show", "X"), ("episode", "many")], None),
        ] {
            assert_eq!(claim(&tags).as_deref(), wanted, "{tags:?}");
        }
    }
}
