//! Container tags (Matroska, MP4) as mpv reports them.

use super::weigh::{Claim, type_of};
use crate::model::{Ids, Item, Media, MediaType, Tags};

/// Tags that name a show and a number, or carry ids, are good evidence; a lone `title` is often an advertisement.
pub fn read(item: &Item) -> Option<Claim> {
    let tags = &item.tags;
    let show = first(tags, &["show", "tvsh", "series"]);
    let number =
        |names: &[&str]| first(tags, names).and_then(|text| text.trim().parse::<u32>().ok());
    let season = number(&["season_number", "tvsn", "season"]);
    let episode = number(&["episode_sort", "tves", "episode"]);
    let ids = ids(tags);
    let mut media = Media {
        ids,
        ..Media::default()
    };
    if let (Some(show), Some(episode)) = (show, episode) {
        media.media_type = Some(MediaType::Episode);
        media.title = Some(show.to_owned());
        media.season = season.into_iter().collect();
        media.episode = vec![episode];
        media.episode_title = first(tags, &["title"]).map(str::to_owned);
        media.confidence = 0.9;
    }
    media.media_type = type_of(&media);
    let said_something = media.title.is_some() || !media.ids.is_empty();
    said_something.then_some(Claim {
        source: "tags",
        media,
        extra: None,
    })
}

fn first<'a>(tags: &'a Tags, names: &[&str]) -> Option<&'a str> {
    names
        .iter()
        .find_map(|name| tags.get(name))
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// `TMDB` is `movie/550` or `tv/1396` by Matroska's convention, or a bare number.
fn ids(tags: &Tags) -> Ids {
    let digits = |text: &str| {
        text.rsplit('/')
            .next()
            .and_then(|text| text.trim().parse::<u64>().ok())
    };
    Ids {
        tmdb: first(tags, &["tmdb"]).and_then(digits),
        imdb: first(tags, &["imdb"])
            .filter(|id| id.starts_with("tt"))
            .map(str::to_owned),
        tvdb: first(tags, &["tvdb2", "tvdb"])
            .filter(|id| !id.starts_with("episodes"))
            .and_then(digits),
    }
}
