//! Whether an entry of the history is ours: the reading of what `GET /profile/history…` answers. Pure and tolerant:
//! the list is documented, the form for one title only supposed.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::model::{Wall, title_key};
use crate::service::Answer;
use crate::service::answer::{epoch, text, whole};

/// How far the service's note of a time may be from ours.
const SAME_INSTANT: Duration = Duration::from_secs(2);

/// How far it is if all that the service does is to leave out the milliseconds.
const SAME_SECOND: Duration = Duration::from_secs(1);

/// What `mediaType` may say; which words it uses is not documented.
const FILMS: [&str; 3] = ["movie", "film", "mv"];
const SERIES: [&str; 6] = ["tv", "show", "series", "tvshow", "tvseries", "episode"];

/// Entries this much older than ours end the search: the list is newest first.
const FAR_OLDER: Duration = Duration::from_secs(24 * 3600);

/// The entry we look for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ours {
    pub(crate) media_id: String,
    pub(crate) episode: Option<(u32, u32)>,
    pub(crate) updated_at: Wall,
    /// As we know it, which need not be the service's way.
    pub(crate) title: Option<String>,
}

/// How an entry stands to ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kin {
    Ours,
    Another,
    /// Written again, it might be there twice; left out, never.
    Doubtful,
}

/// What a page says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Page {
    /// Ours is there.
    Found,
    /// It is not here; there is a next page.
    Next(String),
    /// It is not here, and there is no more.
    Absent,
    /// Not a page of history at all.
    Unknown,
}

impl Ours {
    /// From the body of our own request, and what it is called.
    pub(crate) fn of(body: &str, title: Option<&str>) -> Option<Self> {
        let body: Map<String, Value> = serde_json::from_str(body).ok()?;
        Some(Self {
            media_id: body.get("mediaId").and_then(text)?,
            episode: episode(&body),
            updated_at: time(body.get("updatedAt")?)?,
            title: title.map(str::to_owned),
        })
    }

    /// Looks for it on a page of the list, or in what is answered for its title.
    pub(crate) fn look(&self, answer: &Answer) -> Page {
        let value: Value = serde_json::from_str(&answer.body).unwrap_or_default();
        let Some(items) = items(&value) else {
            return Page::Unknown;
        };
        let kin: Vec<Kin> = items.iter().map(|item| self.kin(item)).collect();
        if kin.contains(&Kin::Ours) {
            return Page::Found;
        }
        if kin.contains(&Kin::Doubtful) {
            return Page::Unknown;
        }
        // One entry where a list should be may be the latest of several.
        if value.get("updatedAt").is_some() {
            return Page::Unknown;
        }
        let token = value.get("nextPageToken").and_then(text);
        let more = value.get("hasMore") != Some(&Value::Bool(false));
        match token {
            Some(token) if more && !self.all_far_older(&items) => Page::Next(token),
            _ => Page::Absent,
        }
    }

    fn kin(&self, item: &Map<String, Value>) -> Kin {
        let named = named(item);
        let is_of_another = named.as_ref().is_some_and(|id| *id != self.media_id)
            || self.is_of_another_type(item)
            || episode(item) != self.episode;
        let at = item.get("updatedAt").filter(|at| !at.is_null());
        let (false, Some(at)) = (is_of_another, at) else {
            return Kin::Another;
        };
        let Some(at) = time(at) else {
            return Kin::Doubtful;
        };
        let off = at.since(self.updated_at).max(self.updated_at.since(at));
        if off > SAME_INSTANT {
            return Kin::Another;
        }
        if named.is_some() || off.is_zero() || !self.is_called_otherwise(item) {
            return Kin::Ours;
        }
        // The same film in another language, or another film that ended about then?
        let without_milliseconds = at.0 % 1000 == 0 && off < SAME_SECOND;
        if without_milliseconds {
            Kin::Doubtful
        } else {
            Kin::Another
        }
    }

    fn is_of_another_type(&self, item: &Map<String, Value>) -> bool {
        let said = item.get("mediaType").and_then(text).unwrap_or_default();
        let said = title_key(&said);
        let others: &[&str] = if self.media_id.starts_with("MV_") {
            &SERIES
        } else {
            &FILMS
        };
        others.contains(&said.as_str())
    }

    /// Of films alone: what the title of an episode's entry is the title of is not documented.
    fn is_called_otherwise(&self, item: &Map<String, Value>) -> bool {
        let key = |title: String| Some(title_key(&title)).filter(|key| !key.is_empty());
        let ours = self.title.clone().and_then(key);
        let theirs = item.get("title").and_then(text).and_then(key);
        let (Some(ours), Some(theirs), None) = (ours, theirs, self.episode) else {
            return false;
        };
        !ours.contains(&theirs) && !theirs.contains(&ours)
    }

    fn all_far_older(&self, items: &[&Map<String, Value>]) -> bool {
        let limit = self.updated_at.minus(FAR_OLDER);
        let older = |item: &&Map<String, Value>| {
            let times = ["updatedAt", "createdAt"];
            let mut known = times.iter().filter_map(|key| item.get(*key).and_then(time));
            known.all(|at| at < limit)
        };
        !items.is_empty() && items.iter().all(older)
    }
}

/// `items`, a bare list, or a single entry.
fn items(value: &Value) -> Option<Vec<&Map<String, Value>>> {
    let list = match value {
        Value::Array(list) => list,
        Value::Object(object) => match object.get("items") {
            Some(Value::Array(list)) => list,
            _ if object.contains_key("updatedAt") => return Some(vec![object]),
            _ => return None,
        },
        _ => return None,
    };
    Some(list.iter().filter_map(Value::as_object).collect())
}

/// The title's id, if the entry has it in our way; the list need not.
fn named(item: &Map<String, Value>) -> Option<String> {
    let ids = ["mediaId", "id"].into_iter();
    let mut ids = ids.filter_map(|key| item.get(key).and_then(text));
    ids.find(|id| id.starts_with("MV_") || id.starts_with("TV_"))
}

fn episode(item: &Map<String, Value>) -> Option<(u32, u32)> {
    let number = |key: &str| {
        let number = item.get(key).and_then(whole)?;
        u32::try_from(number).ok().filter(|n| *n > 0)
    };
    number("season").zip(number("episode"))
}

/// ISO 8601 with or without a zone (then it is UTC), or a number.
fn time(value: &Value) -> Option<Wall> {
    match value {
        Value::String(text) => iso_8601(text.trim()).or_else(|| epoch(value)),
        other => epoch(other),
    }
}

fn iso_8601(text: &str) -> Option<Wall> {
    let (_, time) = text.split_once(['T', 't', ' '])?;
    let sign = time
        .rfind(['+', '-'])
        .map(|at| text.len() - time.len() + at);
    let (local, offset) = match sign {
        Some(at) => (text.get(..at)?, offset(text.get(at..)?)?),
        None => (text.trim_end_matches(['Z', 'z']), 0),
    };
    let mut utc = local.replacen(['t', ' '], "T", 1);
    utc.push('Z');
    Some(Wall(Wall::parse(&utc)?.0.checked_sub(offset)?))
}

/// `+02:00`, `+0200` or `+02`, in milliseconds.
fn offset(text: &str) -> Option<i64> {
    let (sign, rest) = text.split_at_checked(1)?;
    let (hours, rest) = rest.split_at_checked(2)?;
    let minutes = match rest.strip_prefix(':').unwrap_or(rest) {
        "" => "00",
        minutes => minutes,
    };
    let part = |digits: &str, below: i64| {
        let is_plain = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse::<i64>().ok().filter(|_| is_plain);
        number.filter(|number| *number < below)
    };
    let minutes = part(hours, 24)? * 60 + part(minutes, 60)?;
    Some(minutes * if sign == "-" { -60_000 } else { 60_000 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Ours {
        Ours::of(
            r#"{"mediaId":"TV_1","progress":100,"updatedAt":"2026-11-22T02:00:00.250Z","season":1,"episode":2}"#,
            Some("Show"),
        )
        .unwrap()
    }

    fn look(ours: &Ours, body: &str) -> Page {
        ours.look(&Answer {
            status: 200,
            body: body.to_owned(),
            ..Answer::default()
        })
    }

    #[test]
    fn ours_is_the_one_of_our_episode_and_instant() {
        let entry = |season: &str, episode: &str, at: &str| {
            format!(
                r#"{{"items":[{{"id":"x","season":{season},"episode":{episode},"updatedAt":{at}}}]}}"#
            )
        };
        for (season, episode, at, found) in [
            ("1", "2", r#""2026-11-22T02:00:00.250Z""#, true),
            ("1", "2", r#""2026-11-22T02:00:00Z""#, true),
            ("1", "2", r#""2026-11-22T02:00:02.250Z""#, true),
            ("1", "2", r#""2026-11-22T01:59:58.250+00:00""#, true),
            ("1", "2", r#""2026-11-22T04:00:00.250+02:00""#, true),
            ("1", "2", r#""2026-11-21T18:30:00-0730""#, true),
            ("1", "2", r#""2026-11-22T02:00:00.250""#, true),
            ("1", "2", r#""2026-11-22 02:00:00""#, true),
            ("1", "2", r#""2026-11-22T02:00:00+02:00""#, false),
            ("1", "2", "1795312800250", true),
            ("1", "2", "1795312800", true),
            ("\"1\"", "\"2\"", "1795312800", true),
            ("1", "2", r#""2026-11-22T02:00:02.251Z""#, false),
            ("1", "2", r#""2026-11-22T01:59:58.249Z""#, false),
            ("1", "3", r#""2026-11-22T02:00:00Z""#, false),
            ("2", "2", r#""2026-11-22T02:00:00Z""#, false),
            ("null", "null", r#""2026-11-22T02:00:00Z""#, false),
            ("1", "2", "null", false),
        ] {
            let page = look(&ours(), &entry(season, episode, at));
            let expected = if found { Page::Found } else { Page::Absent };
            assert_eq!(page, expected, "{season} {episode} {at}");
        }
    }

    #[test]
    fn the_entry_of_another_title_is_not_ours() {
        let entry = |key: &str, id: &str| {
            format!(r#"[{{"{key}":"{id}","season":1,"episode":2,"updatedAt":1795312800}}]"#)
        };
        assert_eq!(look(&ours(), &entry("mediaId", "TV_1")), Page::Found);
        assert_eq!(look(&ours(), &entry("id", "TV_1")), Page::Found);
        assert_eq!(look(&ours(), &entry("id", "h_77")), Page::Found);
        assert_eq!(look(&ours(), &entry("mediaId", "TV_2")), Page::Absent);
        assert_eq!(look(&ours(), &entry("id", "TV_2")), Page::Absent);
    }

    #[test]
    fn an_entry_whose_time_cannot_be_read_leaves_the_doubt() {
        let entry = r#"[{"mediaId":"TV_1","season":1,"episode":2,"updatedAt":"yesterday"}]"#;
        assert_eq!(look(&ours(), entry), Page::Unknown);
        let other = entry.replace("\"episode\":2", "\"episode\":3");
        assert_eq!(look(&ours(), &other), Page::Absent);
    }

    #[test]
    fn a_zone_that_makes_no_sense_makes_none_of_the_time() {
        for zone in [
            "-1844674407370955161",
            "+9223372036854775807",
            "+2",
            "+",
            "+0é",
            "+300",
            "+2:00",
            "+020",
            "++5",
            "+0:200",
            "+24:00",
            "+00:60",
        ] {
            let entry = format!(
                r#"[{{"mediaId":"TV_1","season":1,"episode":2,"updatedAt":"2026-11-22T02:00:00{zone}"}}]"#
            );
            assert_eq!(look(&ours(), &entry), Page::Unknown, "{zone}");
        }
    }

    #[test]
    fn of_films_that_ended_at_about_the_same_time_ours_is_told_by_type_and_title() {
        let heat = Ours {
            media_id: "MV_949".to_owned(),
            episode: None,
            title: Some("Heat".to_owned()),
            ..ours()
        };
        let precise = "2026-11-22T02:00:01.750Z";
        let exact = "2026-11-22T02:00:00.250Z";
        let short = "2026-11-22T02:00:00Z";
        for (media_type, title, at, expected) in [
            ("movie", "Heat", precise, Page::Found),
            ("movie", "HEAT!", precise, Page::Found),
            ("movie", "Heat (Director's Cut)", precise, Page::Found),
            ("movie", "", precise, Page::Found),
            ("movie", "Alien", precise, Page::Absent),
            ("movie", "Alien", "2026-11-22T02:00:02Z", Page::Absent),
            // The same instant, in another language.
            ("movie", "Hitze", exact, Page::Found),
            // Perhaps the same instant, as far as it is said.
            ("movie", "Hitze", short, Page::Unknown),
            ("tv", "Heat", exact, Page::Absent),
            ("TV Show", "Heat", exact, Page::Absent),
            ("?", "Heat", exact, Page::Found),
        ] {
            let entry = format!(
                r#"[{{"id":"h1","mediaType":"{media_type}","title":"{title}","updatedAt":"{at}"}}]"#
            );
            assert_eq!(look(&heat, &entry), expected, "{media_type} {title} {at}");
        }
        let of_film = r#"[{"mediaType":"movie","season":1,"episode":2,"updatedAt":1795312800}]"#;
        assert_eq!(look(&ours(), of_film), Page::Absent);
        // Whose title it is, of the series or of the episode, nobody knows.
        let episode =
            r#"[{"mediaType":"tv","title":"Pilot","season":1,"episode":2,"updatedAt":1795312800}]"#;
        assert_eq!(look(&ours(), episode), Page::Found);
    }

    #[test]
    fn a_film_has_no_episode() {
        let film = Ours {
            media_id: "MV_550".to_owned(),
            episode: None,
            ..ours()
        };
        assert_eq!(
            look(&film, r#"{"updatedAt":1795312800,"mediaId":"MV_550"}"#),
            Page::Found
        );
        let episode = r#"{"updatedAt":1795312800,"season":1,"episode":1}"#;
        assert_eq!(look(&film, episode), Page::Unknown);
        assert_eq!(look(&film, &format!("[{episode}]")), Page::Absent);
    }

    #[test]
    fn pages_are_turned_until_they_are_far_older_or_there_are_no_more() {
        for (body, expected) in [
            (
                r#"{"items":[],"hasMore":true,"nextPageToken":"t"}"#,
                Page::Next("t".into()),
            ),
            (
                r#"{"items":[],"nextPageToken":"t"}"#,
                Page::Next("t".into()),
            ),
            (
                r#"{"items":[],"hasMore":false,"nextPageToken":"t"}"#,
                Page::Absent,
            ),
            (r#"{"items":[],"hasMore":true}"#, Page::Absent),
            (
                r#"{"items":[{"updatedAt":1795300000}],"hasMore":true,"nextPageToken":"t"}"#,
                Page::Next("t".into()),
            ),
            (
                r#"{"items":[{"updatedAt":1705300000}],"hasMore":true,"nextPageToken":"t"}"#,
                Page::Absent,
            ),
            (
                r#"{"items":[{"updatedAt":1705300000,"createdAt":1795312801}],"nextPageToken":"t"}"#,
                Page::Next("t".into()),
            ),
            ("<html>", Page::Unknown),
            (r#"{"message":"?"}"#, Page::Unknown),
            ("7", Page::Unknown),
        ] {
            assert_eq!(look(&ours(), body), expected, "{body}");
        }
    }
}
