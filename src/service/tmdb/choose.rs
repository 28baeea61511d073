//! Which of TMDB's hits is the film or series that was asked for, if any surely is. A wrong id is worse than none: it
//! puts something into a history that was never watched.

use serde_json::{Map, Value};

use super::ask::{By, Question};
use crate::model::{Media, MediaType, title_key};
use crate::service::Answer;
use crate::service::answer::{text, whole};

/// Titles less alike than this are not the same.
const FLOOR: f64 = 0.85;

/// Of two films of one title, with no year to tell them apart, one must be this much better known.
const CLEARLY: f64 = 3.0;

/// Years of a file and of TMDB may differ by this much.
const YEARS_APART: u16 = 1;

#[derive(Debug)]
struct Hit {
    id: u64,
    /// How alike the titles are, 0–1.
    likeness: f64,
    /// How far the years are apart; `None` if either is unknown.
    apart: Option<u16>,
    popularity: f64,
}

/// `None` if the answer is none of TMDB's, `Some(None)` if nothing in it is surely the same.
pub(super) fn choose(answer: &Answer, media: &Media, question: &Question) -> Option<Option<u64>> {
    let body = answer.object()?;
    match &question.by {
        By::Id { .. } => {
            let key = match question.media_type {
                MediaType::Movie => "movie_results",
                MediaType::Episode => "tv_results",
            };
            let list = body.get(key)?.as_array()?;
            let ids: Vec<u64> = list.iter().filter_map(id).collect();
            Some(only(&ids))
        }
        By::Title { title, .. } => {
            let list = body.get("results")?.as_array()?;
            let hits = list.iter().filter_map(Value::as_object);
            let hits = hits.filter(|hit| is_from(hit, media.country()));
            let hits = hits.filter_map(|hit| Hit::of(hit, title, media.year));
            Some(best(hits.collect()))
        }
    }
}

fn id(value: &Value) -> Option<u64> {
    value.get("id").and_then(whole).filter(|id| *id > 0)
}

/// The one of a list that holds one; an id of another service names one thing.
fn only(ids: &[u64]) -> Option<u64> {
    let first = *ids.first()?;
    ids.iter().all(|id| *id == first).then_some(first)
}

/// Whether a series may be from the country that its name tells; names say `UK`, codes `GB`.
fn is_from(hit: &Map<String, Value>, country: Option<&str>) -> bool {
    let wanted = country.map(|country| if country == "UK" { "GB" } else { country });
    let known = hit.get("origin_country").and_then(Value::as_array);
    let known = known.filter(|countries| !countries.is_empty());
    wanted
        .zip(known)
        .is_none_or(|(wanted, known)| known.iter().any(|country| country == wanted))
}

impl Hit {
    /// `None` if it cannot be the same.
    fn of(hit: &Map<String, Value>, title: &str, year: Option<u16>) -> Option<Self> {
        let field = |keys: [&str; 2]| keys.iter().find_map(|key| hit.get(*key).and_then(text));
        let titles = [
            field(["title", "name"]),
            field(["original_title", "original_name"]),
        ];
        let likeness = titles
            .iter()
            .flatten()
            .map(|found| likeness(title, found))
            .fold(0.0, f64::max);
        let date = field(["release_date", "first_air_date"]);
        let found_year = date.and_then(|date| date.get(..4)?.parse::<u16>().ok());
        let apart = year.zip(found_year).map(|(a, b)| a.abs_diff(b));
        let possible = likeness >= FLOOR && apart.is_none_or(|apart| apart <= YEARS_APART);
        possible.then(|| Self {
            id: hit.get("id").and_then(whole).unwrap_or_default(),
            likeness,
            apart,
            popularity: hit.get("popularity").and_then(Value::as_f64).unwrap_or(0.0),
        })
    }

    /// A full match of title, then the nearer year; an unknown year is further than any near one.
    fn rank(&self) -> (bool, std::cmp::Reverse<u16>) {
        let apart = self.apart.unwrap_or(YEARS_APART + 1);
        (self.likeness >= 1.0, std::cmp::Reverse(apart))
    }
}

/// The best hit, unless others are as good.
fn best(mut hits: Vec<Hit>) -> Option<u64> {
    hits.retain(|hit| hit.id > 0);
    let top = hits.iter().map(Hit::rank).max()?;
    hits.retain(|hit| hit.rank() == top);
    hits.sort_by(|a, b| b.popularity.total_cmp(&a.popularity));
    match &hits[..] {
        [only] => Some(only.id),
        [first, second, ..] => {
            let clearly = first.popularity >= second.popularity * CLEARLY;
            (clearly || first.id == second.id).then_some(first.id)
        }
        [] => None,
    }
}

/// How alike two titles are once case, punctuation and accents are gone: 1 the same, 0 nothing in common.
fn likeness(a: &str, b: &str) -> f64 {
    // A number tells parts of a series apart, however alike the rest is.
    let same_part = numbers(a) == numbers(b);
    let (a, b) = (title_key(a), title_key(b));
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    if a == b {
        return 1.0;
    }
    if !same_part {
        return 0.0;
    }
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let longest = a.len().max(b.len());
    let common = longest.saturating_sub(distance(&a, &b));
    #[expect(clippy::cast_precision_loss, reason = "titles are short")]
    let share = common as f64 / longest as f64;
    // Near is not the same.
    share.min(0.999)
}

/// The numbers of a title, in digits or in Roman ones.
fn numbers(title: &str) -> Vec<String> {
    let words = title.split(|c: char| !c.is_alphanumeric());
    let is_number = |word: &String| {
        let roman = |c: char| matches!(c, 'i' | 'v' | 'x');
        word.contains(|c: char| c.is_ascii_digit()) || (!word.is_empty() && word.chars().all(roman))
    };
    words.map(str::to_lowercase).filter(is_number).collect()
}

/// Letters to change, to add or to take away (Levenshtein).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, above) in b.iter().zip(row.iter_mut().skip(1)) {
            let here = (diagonal + usize::from(x != y))
                .min(left + 1)
                .min(*above + 1);
            diagonal = std::mem::replace(above, here);
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::ask::questions;
    use super::*;
    use crate::model::Ids;
    use serde_json::json;

    fn film(title: &str, year: Option<u16>) -> Media {
        Media {
            media_type: Some(MediaType::Movie),
            title: Some(title.to_owned()),
            year,
            ..Media::default()
        }
    }

    fn series(title: &str, year: Option<u16>) -> Media {
        Media {
            media_type: Some(MediaType::Episode),
            ..film(title, year)
        }
    }

    fn chosen(media: &Media, body: &Value) -> Option<u64> {
        let answer = Answer {
            status: 200,
            body: body.to_string(),
            ..Answer::default()
        };
        choose(&answer, media, &questions(media)[0]).unwrap()
    }

    fn movie(id: u64, title: &str, date: &str, popularity: f64) -> Value {
        json!({ "id": id, "title": title, "original_title": title, "release_date": date, "popularity": popularity })
    }

    fn show(id: u64, name: &str, date: &str, popularity: f64) -> Value {
        json!({ "id": id, "name": name, "original_name": name, "first_air_date": date, "popularity": popularity })
    }

    #[test]
    fn titles_are_alike_or_not() {
        for (a, b, expected) in [
            ("X-Men '97", "X-Men ’97", true),
            ("Spider-Man: No Way Home", "spider man no way home", true),
            ("Mr. & Mrs. Smith", "Mr and Mrs Smith", true),
            (
                "The Lord of the Rings: The Fellowship of the Ring",
                "Lord of the Rings: The Fellowship of the Ring",
                true,
            ),
            ("Schindlers List", "Schindler's List", true),
            ("X-Men '97", "Mad Men", false),
            ("Alien", "Aliens", false),
            ("Alien", "Alien 3", false),
            ("Rocky II", "Rocky III", false),
            ("Iron Man 2", "Iron Man 3", false),
            ("John Wick: Chapter 2", "John Wick: Chapter 3", false),
            ("Heat", "Meat", false),
            ("", "", false),
            ("!!!", "???", false),
        ] {
            assert_eq!(
                likeness(a, b) >= FLOOR,
                expected,
                "{a} / {b}: {}",
                likeness(a, b)
            );
        }
    }

    #[test]
    fn the_same_title_and_year_is_chosen_whatever_comes_first() {
        let results = json!({ "results": [
            movie(1, "Heat Wave", "1995-01-01", 90.0),
            movie(2, "Heat", "1986-11-12", 80.0),
            movie(949, "Heat", "1995-12-15", 50.0),
            movie(3, "Heat", "1996-01-01", 99.0),
        ] });
        assert_eq!(chosen(&film("Heat", Some(1995)), &results), Some(949));
    }

    #[test]
    fn a_country_in_the_name_tells_namesakes_apart() {
        let from = |id: u64, country: &str, popularity: f64| {
            let mut show = show(id, "The Office", "", popularity);
            show["origin_country"] = json!([country]);
            show
        };
        let results = json!({ "results": [from(2316, "US", 90.0), from(2996, "GB", 9.0)] });
        for (also, wanted) in [
            (Some("The Office (UK)"), Some(2996)),
            (Some("The Office (US)"), Some(2316)),
            (Some("The Office (AU)"), None),
            (None, Some(2316)),
        ] {
            let media = Media {
                alternative_title: also.map(Into::into),
                ..series("The Office", None)
            };
            assert_eq!(chosen(&media, &results), wanted, "{also:?}");
        }
    }

    #[test]
    fn years_may_be_one_apart_and_no_more() {
        let of = |date: &str| json!({ "results": [movie(7, "Heat", date, 1.0)] });
        for (date, expected) in [
            ("1994-12-31", Some(7)),
            ("1996-01-01", Some(7)),
            ("1997-01-01", None),
            ("1993-01-01", None),
            ("", Some(7)),
            ("soon", Some(7)),
        ] {
            assert_eq!(
                chosen(&film("Heat", Some(1995)), &of(date)),
                expected,
                "{date}"
            );
        }
    }

    #[test]
    fn of_namesakes_without_a_year_only_the_clearly_better_known_one_is_taken() {
        let offices = |us: f64| {
            json!({ "results": [
                show(2316, "The Office", "2005-03-24", us),
                show(2996, "The Office", "2001-07-09", 20.0),
            ] })
        };
        assert_eq!(
            chosen(&series("The Office", None), &offices(90.0)),
            Some(2316)
        );
        assert_eq!(chosen(&series("The Office", None), &offices(30.0)), None);
        assert_eq!(
            chosen(&series("The Office", Some(2001)), &offices(90.0)),
            Some(2996)
        );
    }

    #[test]
    fn the_original_title_counts_as_well() {
        let results = json!({ "results": [
            { "id": 71446, "name": "Money Heist", "original_name": "La Casa de Papel", "first_air_date": "2017-05-02" },
        ] });
        assert_eq!(
            chosen(&series("La casa de papel", None), &results),
            Some(71446)
        );
        assert_eq!(chosen(&series("Haus des Geldes", None), &results), None);
    }

    #[test]
    fn an_id_finds_the_film_or_series_and_never_an_episode() {
        let mut media = series("x", None);
        media.ids = Ids {
            imdb: Some("tt0903747".to_owned()),
            ..Ids::default()
        };
        let found = |body| chosen(&media, &body);
        assert_eq!(
            found(json!({ "movie_results": [], "tv_results": [{ "id": 1396 }] })),
            Some(1396)
        );
        let episode_only = json!({
            "movie_results": [{ "id": 5 }], "tv_results": [],
            "tv_episode_results": [{ "id": 62085, "show_id": 1396 }],
        });
        assert_eq!(found(episode_only), None);
        assert_eq!(
            found(json!({ "tv_results": [{ "id": 1 }, { "id": 2 }] })),
            None
        );
    }

    #[test]
    fn nonsense_chooses_nothing() {
        let odd = json!({ "results": [7, null, {}, { "id": -1, "title": "Heat" }, { "id": "x", "title": "Heat" }] });
        assert_eq!(chosen(&film("Heat", None), &odd), None);
    }

    #[test]
    fn the_distance_is_levenshteins() {
        let d = |a: &str, b: &str| {
            let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
            distance(&a, &b)
        };
        for (a, b, expected) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
            ("flaw", "lawn", 2),
            ("same", "same", 0),
        ] {
            assert_eq!(d(a, b), expected, "{a} {b}");
        }
    }
}
