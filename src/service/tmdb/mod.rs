//! TMDB: the id of a film or series by its other ids or its title, and season and number of an episode by its air date
//! or its absolute number, asked with the user's own key, and only where no other evidence has them.
//!
//! `ask` says what is asked, `choose` what of the answer is believed, `cache` remembers; `series` reads what is said of
//! seasons, which `numbering` keeps: all pure; `Tmdb` moves.
//!
//! **The key.** TMDB gives every user two: a read access token, which travels in the `Authorization` header, and an API
//! key of 32 hexadecimal digits, which it takes nowhere but in the query. Both work here; the token is the better one.
//! Where the key has to stand in the URL it goes nowhere else: over https the URL is encrypted, and no URL is ever
//! logged.

mod ask;
mod cache;
mod choose;
mod series;

pub use cache::Cache;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard, watch};
use tokio::time::sleep;

use super::Answer;
use super::http::{Base, Http, Request, Unreachable};
use super::numbering::{Numbering, Step, Unplaced};
use crate::clock;
use crate::config::Config;
use crate::model::{Media, Secret};
use ask::{Question, questions};

/// Between two calls: far below what TMDB allows.
const PACE: Duration = Duration::from_millis(250);
/// A season of a daily show with everybody in it.
const LONGEST_ANSWER: usize = 8 << 20;

/// What TMDB knows of a film or series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// Its id.
    Found(u64),
    /// What it says of the seasons and episodes of a series whose id was known.
    Numbered(Box<Numbering>),
    /// Nothing that is surely the same.
    Nothing,
    /// It could not be asked this time.
    Later {
        /// Its wish.
        after: Option<Duration>,
        /// In words.
        reason: String,
    },
    /// It does not accept the key, in its words: only the user can change that.
    Refused {
        /// In its words.
        reason: String,
    },
    /// There is no key, or nothing that could be asked for.
    Unasked,
}

/// Asks TMDB. Clones share their pace.
#[derive(Debug, Clone)]
pub struct Tmdb {
    http: Http,
    config: watch::Receiver<Arc<Config>>,
    /// Boot time of the last call; its lock lets one lookup at a time through.
    last: Arc<Mutex<Option<Duration>>>,
}

impl Tmdb {
    /// Asks nobody until there is a key.
    #[must_use]
    pub fn new(http: Http, config: watch::Receiver<Arc<Config>>) -> Self {
        Self {
            http,
            config,
            last: Arc::default(),
        }
    }

    /// Whether there is a key.
    #[must_use]
    pub fn is_on(&self) -> bool {
        key(&self.config.borrow()).is_some()
    }

    /// The id of a film or series: by its other ids first, then by title. Where the id is known, but neither season nor
    /// number, what says them. At most a few calls; bounded in time.
    pub async fn lookup(&self, media: &Media) -> Lookup {
        let (key, base) = {
            let config = self.config.borrow();
            (key(&config), Base::parse(&config.tmdb.base_url))
        };
        let Some(key) = key else {
            return Lookup::Unasked;
        };
        let base = match base {
            Ok(base) => base,
            Err(reason) => return later(None, reason),
        };
        let mut asking = Asking {
            http: &self.http,
            base,
            key,
            last: self.last.lock().await,
        };
        let unplaced = Unplaced::of(media);
        let found = match media.ids.tmdb {
            Some(series) if !unplaced.is_empty() => asking.number(series, &unplaced).await,
            _ => asking.find(media).await,
        };
        found.unwrap_or_else(|error| later(None, error.0))
    }
}

/// One lookup.
struct Asking<'a> {
    http: &'a Http,
    base: Base,
    key: Secret,
    last: MutexGuard<'a, Option<Duration>>,
}

impl Asking<'_> {
    async fn find(&mut self, media: &Media) -> Result<Lookup, Unreachable> {
        let questions = questions(media);
        if questions.is_empty() {
            return Ok(Lookup::Unasked);
        }
        for question in questions {
            let answer = self.get(&question.path()).await?;
            match judge(&answer, media, &question) {
                Lookup::Nothing => {}
                other => return Ok(other),
            }
        }
        Ok(Lookup::Nothing)
    }

    async fn number(&mut self, series: u64, all: &[Unplaced]) -> Result<Lookup, Unreachable> {
        let mut numbering = Numbering::default();
        for unplaced in all {
            // Ends: what was asked for once is known afterwards.
            while let step = numbering.find(*unplaced)
                && let Some(path) = series::path(series, step)
            {
                let answer = self.get(&path).await?;
                if let Some(trouble) = learn(&mut numbering, step, &answer) {
                    return Ok(trouble);
                }
            }
        }
        Ok(Lookup::Numbered(Box::new(numbering)))
    }

    async fn get(&mut self, path: &str) -> Result<Answer, Unreachable> {
        let due = self
            .last
            .map(|last| (last + PACE).saturating_sub(clock::now().boot));
        sleep(due.unwrap_or_default()).await;
        *self.last = Some(clock::now().boot);
        let mut url = self.base.join(path)?;
        let in_header = !is_api_key(self.key.expose());
        if !in_header {
            url.query_pairs_mut()
                .append_pair("api_key", self.key.expose());
        }
        let mut request = Request::get(url);
        request.bearer = in_header.then_some(&self.key);
        let answer = self.http.send_up_to(request, LONGEST_ANSWER).await;
        // From the answer on: however slow the way there was, they are apart at the service.
        *self.last = Some(clock::now().boot);
        answer
    }
}

fn key(config: &Config) -> Option<Secret> {
    let key = config.tmdb.api_key.expose().trim();
    (!key.is_empty()).then(|| Secret::new(key))
}

/// Whether it is the key that travels in the query, and not the access token.
fn is_api_key(key: &str) -> bool {
    key.len() == 32 && key.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn later(after: Option<Duration>, reason: String) -> Lookup {
    Lookup::Later { after, reason }
}

/// What an answer would mean to each question about `media`.
pub(crate) fn read(answer: &Answer, media: &Media) {
    for question in questions(media) {
        judge(answer, media, &question);
    }
    for step in [Step::AskSeries, Step::AskSeason(1)] {
        let mut numbering = Numbering::default();
        learn(&mut numbering, step, answer);
        for number in [1, 12, u32::MAX] {
            assert_ne!(
                numbering.find(Unplaced::Absolute(number)),
                Step::At(0, number)
            );
        }
    }
}

/// Takes what an answer says of a series; what else it means, if it says nothing.
fn learn(numbering: &mut Numbering, step: Step, answer: &Answer) -> Option<Lookup> {
    match meaning(answer) {
        Meaning::Answered if series::learn(numbering, step, answer).is_some() => None,
        Meaning::Answered => Some(later(None, answer.words())),
        Meaning::Absent => {
            series::learn_nothing(numbering, step);
            None
        }
        Meaning::Trouble(trouble) => Some(trouble),
    }
}

/// What an answer to a question means.
fn judge(answer: &Answer, media: &Media, question: &Question) -> Lookup {
    match meaning(answer) {
        Meaning::Answered => match choose::choose(answer, media, question) {
            Some(Some(id)) => Lookup::Found(id),
            Some(None) => Lookup::Nothing,
            None => later(None, answer.words()),
        },
        Meaning::Absent => Lookup::Nothing,
        Meaning::Trouble(trouble) => trouble,
    }
}

enum Meaning {
    Answered,
    /// There is no such thing.
    Absent,
    Trouble(Lookup),
}

fn meaning(answer: &Answer) -> Meaning {
    match answer.status {
        200..=299 => Meaning::Answered,
        401 if answer.api_error().is_some() => Meaning::Trouble(Lookup::Refused {
            reason: answer.words(),
        }),
        404 | 422 if answer.api_error().is_some() => Meaning::Absent,
        _ => Meaning::Trouble(later(answer.wait(), answer.words())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MediaType;

    #[test]
    fn only_the_old_form_of_key_goes_into_the_query() {
        assert!(is_api_key("0123456789abcdef0123456789ABCDEF"));
        for token in [
            "eyJhbGciOiJIUzI1NiJ9.eyJhdWQiOiIwIn0.x",
            "",
            "0123",
            &"g".repeat(32),
        ] {
            assert!(!is_api_key(token), "{token}");
        }
    }

    #[test]
    fn every_status_has_one_meaning() {
        let media = Media {
            media_type: Some(MediaType::Movie),
            title: Some("Heat".to_owned()),
            ..Media::default()
        };
        let question = questions(&media).remove(0);
        let said = r#"{"status_code":7,"status_message":"Invalid API key","success":false}"#;
        for (status, body, expected) in [
            (200, r#"{"results":[]}"#, "nothing"),
            (
                200,
                r#"{"results":[{"id":949,"title":"Heat"}]}"#,
                "found 949",
            ),
            (200, "<html>", "later"),
            (200, "{}", "later"),
            (401, said, "refused"),
            (401, "<html>", "later"),
            (403, "<html>", "later"),
            (404, said, "nothing"),
            (404, "<html>", "later"),
            (422, said, "nothing"),
            (429, said, "later"),
            (500, said, "later"),
            (0, "", "later"),
        ] {
            let answer = Answer {
                status,
                body: body.to_owned(),
                ..Answer::default()
            };
            let short = match judge(&answer, &media, &question) {
                Lookup::Found(id) => format!("found {id}"),
                Lookup::Nothing => "nothing".to_owned(),
                Lookup::Later { .. } => "later".to_owned(),
                Lookup::Refused { reason } => {
                    assert!(reason.contains("Invalid API key"), "{reason}");
                    "refused".to_owned()
                }
                Lookup::Unasked | Lookup::Numbered(_) => "another".to_owned(),
            };
            assert_eq!(short, expected, "{status} {body}");
        }
    }
}
