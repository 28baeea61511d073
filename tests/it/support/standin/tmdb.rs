//! The few calls of TMDB that are needed: search and find, a series with its seasons, a season with its episodes.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reeld::model::title_key;
use serde_json::{Value, json};

use super::http::{App, Reply, Request};

/// An access token and an API key that the stand-in takes.
pub const TMDB_TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiJ0ZXN0In0.c2ln";
pub const TMDB_KEY: &str = "0123456789abcdef0123456789abcdef";

/// A film or series.
#[derive(Debug, Clone)]
pub struct Title {
    pub series: bool,
    pub id: u64,
    pub title: String,
    pub year: u16,
    pub popularity: f64,
    pub imdb: String,
}

/// An episode: season, number, day.
pub type Aired = (u32, u32, &'static str);

/// The stand-in. Public fields are for tests to set and to look at.
#[derive(Debug)]
pub struct Tmdb {
    pub titles: Vec<Title>,
    /// What series have, by id.
    pub episodes: BTreeMap<u64, Vec<Aired>>,
    pub violations: Vec<String>,
    last: Option<Instant>,
    hasty: bool,
}

/// The series' second season counts on where the first ended.
const EPISODES: [Aired; 6] = [
    (0, 1, "2007-12-24"),
    (1, 1, "2008-01-20"),
    (1, 2, "2008-01-27"),
    (2, 3, "2009-03-08"),
    (2, 4, "2009-03-15"),
    (2, 5, ""),
];

impl Default for Tmdb {
    fn default() -> Self {
        let title = |series, id, title: &str, year, popularity, imdb: &str| Title {
            series,
            id,
            title: title.to_owned(),
            year,
            popularity,
            imdb: imdb.to_owned(),
        };
        Self {
            titles: vec![
                title(false, 550, "Fight Club", 1999, 80.0, "tt0137523"),
                title(false, 949, "Heat", 1995, 50.0, "tt0113277"),
                title(false, 11091, "Heat", 1986, 8.0, "tt0093164"),
                title(true, 1396, "Show", 2008, 90.0, "tt0903747"),
            ],
            episodes: BTreeMap::from([(1396, EPISODES.to_vec())]),
            violations: Vec::new(),
            last: None,
            hasty: false,
        }
    }
}

impl App for Tmdb {
    fn handle(&mut self, request: &Request) -> Reply {
        let agent = request.header("user-agent");
        if !agent.starts_with("reeld/") {
            self.violations.push(format!("User-Agent {agent:?}"));
        }
        let now = Instant::now();
        // A busy machine may hold one request up until the next is there, hardly two in a row.
        let hasty = self
            .last
            .is_some_and(|last| now.duration_since(last) < Duration::from_millis(200));
        if hasty && self.hasty {
            self.violations
                .push("asked three times within 400 ms".to_owned());
        }
        self.hasty = hasty;
        self.last = Some(now);
        let in_header = request.bearer() == Some(TMDB_TOKEN);
        let in_query = request.query.get("api_key").map(String::as_str) == Some(TMDB_KEY);
        if !in_header && !in_query {
            return Reply::json(
                401,
                &json!({ "status_code": 7, "status_message": "Invalid API key.", "success": false }),
            );
        }
        let allowed: &[&str] = match request.path.as_str() {
            "/3/search/movie" => &["query", "year", "include_adult", "api_key"],
            "/3/search/tv" => &["query", "first_air_date_year", "include_adult", "api_key"],
            path if path.starts_with("/3/find/") => &["external_source", "api_key"],
            _ => &["api_key"],
        };
        if let Some(key) = request
            .query
            .keys()
            .find(|key| !allowed.contains(&key.as_str()))
        {
            self.violations
                .push(format!("{}: unknown {key}", request.path));
        }
        match request.path.as_str() {
            "/3/search/movie" => self.search(request, false, "year"),
            "/3/search/tv" => self.search(request, true, "first_air_date_year"),
            path => match path.strip_prefix("/3/find/") {
                Some(id) => self.find(id),
                None => self.series(path),
            },
        }
    }

    fn control(&mut self, verb: &str, argument: &Value) -> Result<Value, String> {
        let text = |key: &str| {
            argument
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        match verb {
            "title" => self.titles.push(Title {
                series: argument.get("series") == Some(&json!(true)),
                id: argument
                    .get("id")
                    .and_then(Value::as_u64)
                    .ok_or("id is missing")?,
                title: text("title").to_owned(),
                year: argument
                    .get("year")
                    .and_then(Value::as_u64)
                    .and_then(|year| u16::try_from(year).ok())
                    .unwrap_or(2000),
                popularity: 1.0,
                imdb: text("imdb").to_owned(),
            }),
            "state" => return Ok(json!({ "violations": self.violations })),
            _ => return Err(format!("no such verb: {verb}")),
        }
        Ok(json!({}))
    }
}

impl Tmdb {
    fn search(&mut self, request: &Request, series: bool, year_key: &str) -> Reply {
        let Some(query) = request.query.get("query").filter(|query| !query.is_empty()) else {
            self.violations.push("a search without a query".to_owned());
            return Reply::json(422, &json!({ "errors": ["query must be provided"] }));
        };
        let year = request
            .query
            .get(year_key)
            .and_then(|year| year.parse::<u16>().ok());
        let query = title_key(query);
        let matches = |title: &&Title| {
            title.series == series
                && title_key(&title.title).contains(&query)
                && year.is_none_or(|year| year == title.year)
        };
        let results: Vec<Value> = self.titles.iter().filter(matches).map(shown).collect();
        Reply::json(
            200,
            &json!({ "page": 1, "results": results, "total_pages": 1 }),
        )
    }

    /// `/3/tv/1396`, `/3/tv/1396/season/2`
    fn series(&mut self, path: &str) -> Reply {
        let parts: Vec<&str> = path.split('/').collect();
        let (id, season) = match parts[..] {
            ["", "3", "tv", id] => (id, None),
            ["", "3", "tv", id, "season", season] => (id, Some(season)),
            _ => {
                self.violations.push(format!("there is no {path}"));
                return Reply::html(404);
            }
        };
        let all = id.parse().ok().and_then(|id: u64| self.episodes.get(&id));
        let season = season.map(|season| season.parse::<u32>().unwrap_or(u32::MAX));
        let found = all.map(|all| match season {
            None => seasons(id, all),
            Some(season) => episodes(season, all),
        });
        let absent = json!({
            "status_code": 34, "success": false,
            "status_message": "The resource you requested could not be found.",
        });
        found.flatten().map_or_else(
            || Reply::json(404, &absent),
            |found| Reply::json(200, &found),
        )
    }

    fn find(&self, id: &str) -> Reply {
        let of = |series: bool| {
            let matches = |title: &&Title| title.series == series && title.imdb == id;
            self.titles
                .iter()
                .filter(matches)
                .map(shown)
                .collect::<Vec<_>>()
        };
        Reply::json(
            200,
            &json!({ "movie_results": of(false), "tv_results": of(true), "tv_episode_results": [] }),
        )
    }
}

fn date(day: &str) -> Value {
    if day.is_empty() {
        Value::Null
    } else {
        json!(day)
    }
}

fn seasons(id: &str, all: &[Aired]) -> Option<Value> {
    let mut numbers: Vec<u32> = all.iter().map(|(season, ..)| *season).collect();
    numbers.dedup();
    let of = |number: &u32| {
        let mut episodes = all.iter().filter(|(season, ..)| season == number);
        let count = episodes.clone().count();
        let first = episodes.next().map_or(Value::Null, |(.., day)| date(day));
        json!({
            "id": 3572, "season_number": number, "episode_count": count, "air_date": first,
            "name": format!("Season {number}"), "overview": "", "poster_path": null, "vote_average": 8.2,
        })
    };
    let seasons: Vec<Value> = numbers.iter().map(of).collect();
    Some(json!({
        "id": id.parse::<u64>().ok()?, "name": "Show", "in_production": true, "number_of_seasons": numbers.len(),
        "next_episode_to_air": null, "seasons": seasons,
    }))
}

fn episodes(season: u32, all: &[Aired]) -> Option<Value> {
    let episodes: Vec<Value> = all
        .iter()
        .filter(|(number, ..)| *number == season)
        .map(|(_, number, day)| {
            json!({
                "id": 62085, "season_number": season, "episode_number": number, "air_date": date(day),
                "name": format!("Episode {number}"), "crew": [], "guest_stars": [{ "id": 1, "character": "x" }],
            })
        })
        .collect();
    (!episodes.is_empty()).then(
        || json!({ "_id": "5256c89f", "id": 3572, "season_number": season, "episodes": episodes }),
    )
}

fn shown(title: &Title) -> Value {
    let date = format!("{}-06-01", title.year);
    if title.series {
        json!({
            "id": title.id, "name": title.title, "original_name": title.title,
            "first_air_date": date, "popularity": title.popularity,
        })
    } else {
        json!({
            "id": title.id, "title": title.title, "original_title": title.title,
            "release_date": date, "popularity": title.popularity,
        })
    }
}
