//! PunchPlay: strict about what is sent, honest about what it records.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

use reeld::model::Wall;
use reeld::service::Answer;
use serde::Deserialize;

use crate::library::{FILMS, Fate, Film, Work};
use crate::wire::answer;

/// Published: so many playback events in so long a time.
const LIMIT: (usize, Duration) = (120, Duration::from_secs(300));
/// What is live is not worth sending when it is older, milliseconds.
const STALE: i64 = 600_000 + 5_000;
/// So much later than it ended a session may still be spoken of as if it went on, milliseconds.
const LINGERS: i64 = 20_000;
/// A stamp may be ahead of the clock by so much, as those of a session increase and a small step ends none; milliseconds.
const AHEAD: i64 = 31_000;
/// Counts as watched where nobody says otherwise.
const THRESHOLD: f64 = 0.9;

/// The answer to what it has no use for.
const IGNORED: &str = r#"{"ok":true,"ignored":"old_event"}"#;

/// One user's account there.
#[derive(Debug, Default)]
pub struct PunchPlay {
    /// Events by id, as they were first sent; empty where the sender cannot know it any more.
    sent: BTreeMap<String, String>,
    /// What was sent, as it was read when it went out first: a retry is the same to the byte, and so is what arrives.
    read: BTreeMap<String, Rc<Event>>,
    sessions: BTreeMap<String, Session>,
    recent: VecDeque<Duration>,
    /// Events that took effect.
    landed: BTreeSet<String>,
    /// Taken, and not used.
    ignored: BTreeSet<String>,
    /// Completions that were ignored, by event, and those of them that went with the database.
    unwanted: BTreeMap<String, Work>,
    pub gone: BTreeMap<String, Work>,
    pub watches: BTreeMap<Work, usize>,
    /// The stamps of the stops that told of them.
    pub watched_at: Vec<(Work, Wall)>,
    /// Stamp and position (seconds) of the last stop.
    pub stopped_at: BTreeMap<Work, (i64, f64)>,
    /// What nobody could be sure of, and the user has said what it is.
    pub let_go: BTreeSet<Work>,
    /// Whatever it was ever told of.
    pub told: BTreeSet<Work>,
    /// Stops of sessions of which it knew no start; and how often it was told how far one is.
    pub without_start: u32,
    pub beats: u32,
    /// Of every event, as it went out first.
    pub places: Vec<Place>,
}

/// Where an event says that a film was.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    pub work: Work,
    pub path: String,
    /// Wall milliseconds.
    pub stamp: i64,
    /// Seconds.
    pub position: f64,
}

/// What is known of the machine when a request goes out.
#[derive(Debug, Clone, Copy)]
pub struct Sending<'a> {
    /// True time since the beginning of the run.
    pub now: Duration,
    /// File names may be sent.
    pub names: bool,
    /// This film is private since then, wall milliseconds.
    pub hidden: Option<(Work, i64)>,
    /// What the daemon's clock says, if nothing that goes out now can be ahead of it; wall milliseconds.
    pub ahead_of: Option<i64>,
    /// What all clocks agree on; `None`: they never all did.
    pub wall: Option<Awake<'a>>,
}

/// A clock that was always right.
#[derive(Debug, Clone, Copy)]
pub struct Awake<'a> {
    /// Milliseconds, like all that follows.
    pub now: i64,
    /// Since then the daemon runs, the machine is awake and the disk works.
    pub since: i64,
    /// From when to when the machine slept.
    pub sleeps: &'a [(i64, i64)],
}

#[derive(Debug, Default)]
struct Session {
    started: bool,
    /// Of the events sent.
    stamp: i64,
    stop_sent: bool,
    /// When the last live event was sent first, and since when all was well then, milliseconds.
    live: Option<(i64, i64)>,
    /// Something was refused: the user may have it sent anew.
    refused: bool,
    stopped: bool,
}

/// The schema is closed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "only that they may be there is of interest")]
struct Event {
    media_type: String,
    title: String,
    event_id: String,
    playback_session_id: String,
    event_created_at: i64,
    year: Option<u16>,
    imdb_id: Option<String>,
    tmdb_id: Option<u64>,
    tvdb_id: Option<u64>,
    season: Option<u32>,
    episode: Option<u32>,
    episode_end: Option<u32>,
    absolute_episode: Option<u32>,
    multi_episode: Option<bool>,
    episode_title: Option<String>,
    anime: Option<bool>,
    progress: f64,
    position_seconds: u64,
    duration_seconds: u64,
    device_id: String,
    client_version: String,
    watched: Option<bool>,
    watched_threshold: Option<f64>,
    raw_filename: Option<String>,
}

impl PunchPlay {
    /// What is wrong with a request that goes out now, whether or not it arrives.
    pub fn judge(&mut self, path: &str, body: &str, sending: Sending) -> Result<(), String> {
        self.judge_rate(sending.now)?;
        if self.read.contains_key(body) {
            return Ok(());
        }
        let event: Event =
            serde_json::from_str(body).map_err(|error| format!("{error}: {body}"))?;
        self.judge_event(path, body, &event, sending)?;
        self.read.insert(body.to_owned(), Rc::new(event));
        Ok(())
    }

    fn judge_event(
        &mut self,
        path: &str,
        body: &str,
        event: &Event,
        sending: Sending,
    ) -> Result<(), String> {
        let film = film(event).ok_or_else(|| {
            format!(
                "{} S{:?}E{:?} was to stay here",
                event.title, event.season, event.episode
            )
        })?;
        judge_words(event, film)?;
        if film.fate == Fate::Doubtful && !self.let_go.contains(&film.work()) {
            return Err(format!("{} was kept here, and sent", event.title));
        }
        self.told.insert(film.work());
        let folders = ["/films/", "/tv/", "/home/", "/downloads/", "/music/", "://"];
        if body.contains('/') && folders.iter().any(|folder| body.contains(folder)) {
            return Err("a path was sent".into());
        }
        if !(0.0..=1.0).contains(&event.progress) || event.position_seconds > event.duration_seconds
        {
            return Err(format!("nonsense was sent: {body}"));
        }
        if let Some(first) = self.sent.get(&event.event_id) {
            return if first == body || first.is_empty() {
                Ok(())
            } else {
                Err(format!("one event id, two bodies: {first} and {body}"))
            };
        }
        if event.raw_filename.is_some() && !sending.names {
            return Err("a file name was sent".into());
        }
        let is_hidden = |(work, since)| work == film.work() && since < event.event_created_at;
        if sending.wall.is_some() && sending.hidden.is_some_and(is_hidden) {
            return Err(format!("{} is private by now, and was sent", event.title));
        }
        let stop = path.ends_with("/stop");
        let session = self.sessions.entry(event.playback_session_id.clone());
        let session = session.or_default();
        if session.refused && stop {
            self.sent.insert(event.event_id.clone(), body.to_owned());
            return Ok(());
        }
        if session.stop_sent {
            return Err(format!("{path} was sent after the stop of its session"));
        }
        if event.event_created_at <= session.stamp {
            return Err(format!(
                "{path} of {} was sent after one of {}",
                event.event_created_at, session.stamp
            ));
        }
        let ahead = |wall| !stop && event.event_created_at > wall + AHEAD;
        if sending.ahead_of.is_some_and(ahead) {
            return Err(format!("{path} is of a time to come"));
        }
        if let Some(wall) = sending.wall {
            session.judge_times(path, event.event_created_at, stop, wall)?;
        }
        session.stamp = event.event_created_at;
        session.stop_sent = stop;
        #[allow(clippy::cast_precision_loss, reason = "seconds of a film")]
        self.places.push(Place {
            work: film.work(),
            path: path.to_owned(),
            stamp: event.event_created_at,
            position: event.position_seconds as f64,
        });
        self.sent.insert(event.event_id.clone(), body.to_owned());
        Ok(())
    }

    fn judge_rate(&mut self, now: Duration) -> Result<(), String> {
        while self.recent.front().is_some_and(|at| *at + LIMIT.1 <= now) {
            self.recent.pop_front();
        }
        self.recent.push_back(now);
        if self.recent.len() > LIMIT.0 {
            return Err("more requests than are allowed".into());
        }
        Ok(())
    }

    /// The sender has lost its database: under the id of a stop it may send the same in other words.
    pub fn lost(&mut self) {
        self.sent.values_mut().for_each(String::clear);
        self.gone.append(&mut self.unwanted);
    }

    /// The stamps were of a clock that was ahead, and nobody can know of the last of them any more.
    pub fn forget_stamps(&mut self) {
        self.sessions
            .values_mut()
            .for_each(|session| session.stamp = 0);
    }

    /// The session that a request is about.
    pub fn session_of(&self, body: &str) -> Option<&str> {
        let event = self.read.get(body)?;
        Some(&event.playback_session_id)
    }

    /// Whether this user was told of a session.
    pub fn was_told(&self, session: &str) -> bool {
        self.sessions.contains_key(session)
    }

    /// What its stop told is taken back, and may be told otherwise.
    pub fn taken_back(&mut self, session: &str) {
        if let Some(session) = self.sessions.get_mut(session) {
            session.refused = true;
        }
    }

    /// It was refused.
    pub fn refuse(&mut self, body: &str) {
        if let Some(event) = self.read.get(body) {
            let session = self.sessions.entry(event.playback_session_id.clone());
            session.or_default().refused = true;
        }
    }

    /// Takes effect. `ignore`: the service does not want it.
    pub fn take(&mut self, path: &str, body: &str, ignore: bool) -> Answer {
        let Some(event) = self.read.get(body).cloned() else {
            return answer(400, r#"{"error":"invalid_request"}"#);
        };
        if ignore && !self.landed.contains(&event.event_id) {
            self.ignored.insert(event.event_id.clone());
            let work = film(&event).map(Film::work);
            let watched = event.watched == Some(true);
            let id = event.event_id.clone();
            self.unwanted
                .extend(work.filter(|_| watched).map(|work| (id, work)));
            // Where the film was left then, the service does not want to know.
            if let Some(work) = work.filter(|_| path.ends_with("/stop")) {
                self.stopped_at.remove(&work);
            }
            self.refuse(body);
        }
        if self.ignored.contains(&event.event_id) {
            if !ignore && let Some(work) = self.unwanted.remove(&event.event_id) {
                // The answer was lost, and in doubt it may as well mean that the watch is there.
                self.gone.insert(event.event_id.clone(), work);
            }
            return answer(200, IGNORED);
        }
        if !self.landed.insert(event.event_id.clone()) {
            return answer(200, r#"{"ok":true,"deduped":true}"#);
        }
        let session = self.sessions.entry(event.playback_session_id.clone());
        let session = session.or_default();
        if session.stopped {
            return answer(200, IGNORED);
        }
        match path.rsplit('/').next() {
            Some("start") => session.started = true,
            Some("pause") if !session.started => {
                self.landed.remove(&event.event_id);
                return answer(409, r#"{"error":"conflict","message":"no live session"}"#);
            }
            Some("progress") => self.beats += 1,
            Some("stop") => {
                session.stopped = true;
                self.without_start += u32::from(!session.started);
                self.stop(&event);
            }
            _ => {}
        }
        let known = film(&event).filter(|film| film.fate != Fate::Nameless);
        let id = known.map_or("null".to_owned(), |film| film.tmdb.to_string());
        let kind = &event.media_type;
        answer(
            200,
            format!(r#"{{"ok":true,"media_type":"{kind}","tmdb_id":{id}}}"#),
        )
    }

    fn stop(&mut self, event: &Event) {
        let Some(film) = film(event) else { return };
        let last = self.stopped_at.entry(film.work()).or_default();
        if event.event_created_at >= last.0 {
            #[allow(clippy::cast_precision_loss, reason = "seconds of a film")]
            let position = event.position_seconds as f64;
            *last = (event.event_created_at, position);
        }
        let threshold = event.watched_threshold.unwrap_or(THRESHOLD);
        if event.watched == Some(true) || event.progress >= threshold {
            *self.watches.entry(film.work()).or_default() += 1;
            let at = Wall(event.event_created_at);
            self.watched_at.push((film.work(), at));
        }
    }
}

impl Session {
    /// What is live is of now, of one stretch of being awake, and not of what is over. (A daemon that was killed meanwhile
    /// closes a session where it last knew it: that says nothing of when the session ended.)
    fn judge_times(
        &mut self,
        path: &str,
        stamp: i64,
        stop: bool,
        wall: Awake,
    ) -> Result<(), String> {
        if stop {
            let late = self
                .live
                .filter(|(_, since)| *since == wall.since && *since + LINGERS < stamp)
                .filter(|(sent, _)| stamp + LINGERS < *sent);
            return match late {
                Some((sent, _)) => Err(format!(
                    "a session was told of {} s after its end",
                    (sent - stamp) / 1000
                )),
                None => Ok(()),
            };
        }
        let age = wall.now - stamp;
        if age > STALE {
            return Err(format!("stale: {path} is {} s old", age / 1000));
        }
        let before = self.stamp;
        let across =
            |(asleep, awake): &(i64, i64)| before > 0 && before < *asleep && stamp > *awake + 5_000;
        if wall.sleeps.iter().any(across) {
            return Err("a session went on across a suspend".into());
        }
        self.live = Some((wall.now, wall.since));
        Ok(())
    }
}

/// Whether an event says of a film what is true of it.
fn judge_words(event: &Event, film: &Film) -> Result<(), String> {
    let says = |text: &str| film.path.contains(text);
    let last = film
        .episodes
        .and_then(|(_, all)| all.last().copied().filter(|_| all.len() > 1));
    let wrong = [
        (event.media_type == "episode") != film.episodes.is_some(),
        event.tmdb_id.is_some_and(|id| id != film.tmdb),
        event.imdb_id.as_ref().is_some_and(|id| !says(id)),
        event.tvdb_id.is_some(),
        event.year.is_some_and(|year| !says(&year.to_string())),
        event.year.is_none() && says("(1995)"),
        event.episode_end != last,
        event.multi_episode.unwrap_or(false) != last.is_some(),
        event.absolute_episode.is_some() || event.anime == Some(true),
        event.duration_seconds.abs_diff(film.length as u64) > 1,
    ];
    match wrong.iter().position(|wrong| *wrong) {
        Some(number) => Err(format!("{} is not so: {number} of {event:?}", event.title)),
        None => Ok(()),
    }
}

/// What it is about, if it may be told.
fn film(event: &Event) -> Option<&'static Film> {
    let episode = event.season.zip(event.episode);
    FILMS
        .iter()
        .find(|film| film.may_be_told() && film.work().0 == event.title && film.work().1 == episode)
}
