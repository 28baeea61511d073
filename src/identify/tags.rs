//! Container tags (Matroska, MP4) as mpv reports them.

use super::sidecar::is_imdb;
use super::weigh::Claim;
use crate::model::{Item, Media, MediaType, Tags};

/// Tags that name a show and a number, or carry ids, are good evidence; a lone `title` is often an advertisement.
/// `named` is what the file's name takes it for.
pub fn read(item: &Item, named: Option<MediaType>) -> Option<Claim> {
    let tags = &item.tags;
    let number =
        |names: &[&str]| first(tags, names).and_then(|text| text.trim().parse::<u32>().ok());
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
    let said_something = media.title.is_some() || !media.ids.is_empty();
    said_something.then_some(Claim {
        source: "tags",
        media,
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
        read(&item, None).map(|claim| super::super::weigh::words(&claim.media).join(" "))
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
                vec![("tmdb", "movie/550"), ("imdb", "tt0137523")],
                Some("type=movie tmdb=550 imdb=tt0137523"),
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
