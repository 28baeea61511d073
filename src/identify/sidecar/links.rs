//! Links to the pages of films and series, as NFO files hold them: alone, behind the XML, or among drawings.

use super::Link;

/// Most links that are looked at.
const MOST: usize = 50;

/// All links that name something, in order.
pub fn find(text: &str) -> Vec<Link> {
    text.match_indices("://")
        .take(MOST)
        .filter_map(|(at, mark)| {
            let url = text.get(at + mark.len()..)?;
            let end = url.find(|c: char| c.is_whitespace() || "\"'<>)]|".contains(c));
            link(url.get(..end.unwrap_or(url.len()))?)
        })
        .collect()
}

fn link(url: &str) -> Option<Link> {
    let (host, path) = url.split_once('/')?;
    let host = host.trim_start_matches("www.").trim_start_matches("m.");
    let mut parts = path.split(['/', '?', '#']).filter(|part| !part.is_empty());
    match host {
        "themoviedb.org" | "tmdb.org" => match (parts.next()?, number(parts.next()?)?) {
            ("movie", id) => Some(Link::TmdbFilm(id)),
            ("tv", id) => Some(Link::TmdbShow {
                id,
                season: season(&mut parts),
            }),
            _ => None,
        },
        "imdb.com" | "akas.imdb.com" => {
            // Between them there may be a language: /de/title/tt0137523/
            let id = parts.find(|part| is_imdb(part))?;
            Some(Link::Imdb(id.to_owned()))
        }
        "thetvdb.com" => tvdb(path),
        _ => None,
    }
}

/// `season/1/episode/2`
fn season<'a>(parts: &mut impl Iterator<Item = &'a str>) -> Option<(u32, Option<u32>)> {
    let mut numbered = |word: &str| {
        let named = parts.next()? == word;
        named.then(|| parts.next()?.parse().ok()).flatten()
    };
    let season = numbered("season")?;
    Some((season, numbered("episode")))
}

/// `?tab=series&id=81189`, `?tab=episode&seriesid=81189&id=…`, `dereferrer/series/81189`.
fn tvdb(path: &str) -> Option<Link> {
    let path = path.to_ascii_lowercase();
    if let Some(id) = path.strip_prefix("dereferrer/series/") {
        return Some(Link::TvdbShow(number(id)?));
    }
    let (_, query) = path.split_once('?')?;
    let value = |name: &str| {
        query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    };
    let id = match value("tab")? {
        "series" => value("id")?,
        _ => value("seriesid")?,
    };
    Some(Link::TvdbShow(number(id)?))
}

/// The digits that a part begins with: `550-fight-club`.
fn number(part: &str) -> Option<u64> {
    let end = part.find(|c: char| !c.is_ascii_digit());
    let id = part.get(..end.unwrap_or(part.len()))?.parse().ok()?;
    (id > 0).then_some(id)
}

/// `tt` and 7 to 10 digits.
pub fn is_imdb(id: &str) -> bool {
    id.strip_prefix("tt").is_some_and(|digits| {
        (7..=10).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_name_films_series_and_episodes() {
        let show = |id, season| Link::TmdbShow { id, season };
        for (text, wanted) in [
            (
                "https://www.themoviedb.org/movie/550-fight-club",
                Some(Link::TmdbFilm(550)),
            ),
            (
                "http://www.themoviedb.org/movie/550?language=de",
                Some(Link::TmdbFilm(550)),
            ),
            ("https://www.themoviedb.org/tv/1396", Some(show(1396, None))),
            (
                "https://www.themoviedb.org/tv/1396-breaking-bad/season/2/episode/3",
                Some(show(1396, Some((2, Some(3))))),
            ),
            (
                "https://themoviedb.org/tv/1396/season/0",
                Some(show(1396, Some((0, None)))),
            ),
            (
                "║ iMDB: http://www.imdb.com/title/tt0137523/ ║",
                Some(Link::Imdb("tt0137523".into())),
            ),
            (
                "https://m.imdb.com/de/title/tt0137523",
                Some(Link::Imdb("tt0137523".into())),
            ),
            (
                "https://thetvdb.com/?tab=series&id=81189&lid=7",
                Some(Link::TvdbShow(81189)),
            ),
            (
                "http://thetvdb.com/index.php?tab=episode&seriesid=81189&seasonid=1&id=349232",
                Some(Link::TvdbShow(81189)),
            ),
            (
                "https://thetvdb.com/dereferrer/series/81189",
                Some(Link::TvdbShow(81189)),
            ),
            ("https://thetvdb.com/series/breaking-bad", None),
            ("https://www.themoviedb.org/person/550", None),
            ("https://www.themoviedb.org/movie/0", None),
            ("https://example.org/movie/550", None),
            ("https://www.imdb.com/name/nm0000093/", None),
            ("://", None),
        ] {
            assert_eq!(find(text).into_iter().next(), wanted, "{text}");
        }
    }
}
