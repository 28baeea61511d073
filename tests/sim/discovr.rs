//! Discovr: everything by TMDB id, every call to the history appended; and the calls that reeld makes there, one after the
//! other, as `service/discovr/deliver.rs` makes them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use reeld::model::Wall;
use reeld::service::Answer;
use serde::{Deserialize, Deserializer};

use crate::library::{FILMS, Fate, Film, Work};
use crate::store::WRITTEN_BACK;
use crate::wire::answer;

/// One profile there.
#[derive(Debug, Default)]
pub struct Discovr {
    /// By media id.
    pub resume: BTreeMap<String, Resume>,
    /// By media id: the newest resume point sent, and when.
    newest_sent: BTreeMap<String, (Wall, Duration)>,
    pub history: Vec<Entry>,
    /// What was sent, as it was read when it went out first: a retry is the same to the byte, and so is what arrives.
    read: BTreeMap<String, Rc<Body>>,
    /// Of what could not be told without the user's word, what the user has said.
    pub let_go: BTreeSet<Work>,
}

/// A resume point.
#[derive(Debug, Clone, PartialEq)]
pub struct Resume {
    pub progress: u32,
    pub at: Wall,
    pub episode: Option<(u32, u32)>,
}

/// An entry of the history.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    media_id: String,
    episode: Option<(u32, u32)>,
    pub at: Wall,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Body {
    media_id: String,
    progress: u32,
    #[serde(deserialize_with = "wall")]
    updated_at: Wall,
    season: Option<u32>,
    episode: Option<u32>,
}

impl Body {
    fn episode(&self) -> Option<(u32, u32)> {
        self.season.zip(self.episode)
    }

    fn entry(&self) -> Entry {
        Entry {
            media_id: self.media_id.clone(),
            episode: self.episode(),
            at: self.updated_at,
        }
    }

    fn films(&self) -> impl Iterator<Item = &'static Film> {
        let tv = self.media_id.starts_with("TV_");
        let id = self.media_id.get(3..).and_then(|id| id.parse().ok());
        FILMS
            .iter()
            .filter(move |film| Some(film.tmdb) == id && film.episodes.is_some() == tv)
            .filter(|film| film.may_be_told() && film.fate != Fate::Special)
    }
}

fn wall<'de, D: Deserializer<'de>>(from: D) -> Result<Wall, D::Error> {
    let text = String::deserialize(from)?;
    Ok(Wall::parse(&text).unwrap_or_default())
}

/// By what Discovr knows a film or series.
pub fn media_id(film: &Film) -> String {
    match film.episodes {
        Some(_) => format!("TV_{}", film.tmdb),
        None => format!("MV_{}", film.tmdb),
    }
}

impl Discovr {
    /// What is wrong with a request that goes out now. `back`: so far was the clock ever set back.
    pub fn judge(
        &mut self,
        path: &str,
        body: &str,
        now: Duration,
        back: Duration,
    ) -> Result<(), String> {
        let body = self.read(body)?;
        let is_known = |film: &&Film| match film.fate {
            Fate::Doubtful | Fate::Nameless => self.let_go.contains(&film.work()),
            _ => true,
        };
        let expressible =
            body.films()
                .filter(is_known)
                .any(|film| match (film.episodes, body.episode()) {
                    (Some((season, all)), Some((s, e))) => s == season && all.contains(&e),
                    (_, None) => true,
                    (None, Some(_)) => false,
                });
        if !expressible {
            return Err(format!(
                "{} {:?} was to stay here",
                body.media_id,
                body.episode()
            ));
        }
        if path.ends_with("/history") {
            if body.progress != 100
                || (body.media_id.starts_with("TV_") && body.episode().is_none())
            {
                return Err(format!("history that means something else: {body:?}"));
            }
            return Ok(());
        }
        let newest = self.newest_sent.entry(body.media_id.clone()).or_default();
        if body.updated_at.plus(back) < newest.0 {
            return Err(format!(
                "the resume point of {} at {} was sent after one of {}",
                body.media_id, body.updated_at, newest.0
            ));
        }
        *newest = (body.updated_at.max(newest.0), now);
        Ok(())
    }

    fn read(&mut self, body: &str) -> Result<Rc<Body>, String> {
        if let Some(read) = self.read.get(body) {
            return Ok(Rc::clone(read));
        }
        let read = serde_json::from_str(body).map_err(|error| format!("{error}: {body}"))?;
        let read = self.read.entry(body.to_owned()).or_insert(Rc::new(read));
        Ok(Rc::clone(read))
    }

    /// The sender has lost its database: what is newest it cannot know.
    pub fn lost(&mut self) {
        self.newest_sent.clear();
    }

    /// What was told of a title last may be taken back, and an older place told again.
    pub fn taken_back(&mut self, work: Work) {
        let films = FILMS.iter().filter(|film| film.work() == work);
        for film in films {
            self.newest_sent.remove(&media_id(film));
        }
    }

    /// Power is lost: what was newest of late is not on the sender's disk.
    pub fn power_fails(&mut self, now: Duration) {
        let written = |sent: Duration| sent + WRITTEN_BACK < now;
        self.newest_sent.retain(|_, (_, sent)| written(*sent));
    }

    /// Takes effect. `late`: long after the sender gave it up, which is out of its hands; nothing newer is undone by that.
    pub fn take(&mut self, method: &str, path: &str, body: &str, late: bool) -> Answer {
        let Ok(body) = self.read(body) else {
            return answer(400, r#"{"message":"bad request"}"#);
        };
        if path.ends_with("/history") {
            self.history.push(body.entry());
            return taken();
        }
        let there = self.resume.get(&body.media_id);
        if late && there.is_some_and(|there| there.at > body.updated_at) {
            return taken();
        }
        if method == "PATCH" && !self.resume.contains_key(&body.media_id) {
            // What reeld does then: puts it on the list, and patches it.
            self.resume
                .insert(body.media_id.clone(), resume(&body, None));
        }
        self.resume
            .insert(body.media_id.clone(), resume(&body, body.episode()));
        taken()
    }

    /// Whether an entry like that of this request is there.
    pub fn has(&self, body: &str) -> bool {
        let Some(ours) = self.read.get(body).map(|body| body.entry()) else {
            return false;
        };
        let near = Duration::from_secs(2);
        self.history.iter().any(|entry| {
            entry.media_id == ours.media_id
                && entry.episode == ours.episode
                && entry.at.since(ours.at) <= near
                && ours.at.since(entry.at) <= near
        })
    }

    /// How often a film or episode is in the history; the fewest of a file's episodes, and the most.
    pub fn watches(&self, work: Work) -> (usize, usize) {
        let Some(film) = FILMS.iter().find(|film| film.work() == work) else {
            return (0, 0);
        };
        let id = media_id(film);
        let count = |episode: Option<(u32, u32)>| {
            let of = |entry: &&Entry| entry.media_id == id && entry.episode == episode;
            self.history.iter().filter(of).count()
        };
        let counts: Vec<usize> = match film.episodes {
            None => vec![count(None)],
            Some((season, all)) => all.iter().map(|e| count(Some((season, *e)))).collect(),
        };
        let least = counts.iter().min().copied();
        let most = counts.iter().max().copied();
        (least.unwrap_or(0), most.unwrap_or(0))
    }
}

impl Entry {
    /// Whether it is of this film, or of one of the episodes in this file.
    pub fn is_of(&self, film: &Film) -> bool {
        let episode = match (film.episodes, self.episode) {
            (None, None) => true,
            (Some((season, all)), Some((s, e))) => season == s && all.contains(&e),
            _ => false,
        };
        self.media_id == media_id(film) && episode
    }
}

fn resume(body: &Body, episode: Option<(u32, u32)>) -> Resume {
    Resume {
        progress: body.progress,
        at: body.updated_at,
        episode,
    }
}

fn taken() -> Answer {
    answer(200, r#"{"message":"ok"}"#)
}
