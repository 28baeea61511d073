//! TMDB: the id of a film or series by its other ids or its title, asked with the user's own key, and only where no
//! other evidence has one.
//!
//! `ask` says what is asked, `choose` what of the answer is believed, `cache` remembers, all pure; `Tmdb` moves.
//!
//! **The key.** TMDB gives every user two: a read access token, which travels in the `Authorization` header, and an API
//! key of 32 hexadecimal digits, which it takes nowhere but in the query. Both work here; the token is the better one.
//! Where the key has to stand in the URL it goes nowhere else: over https the URL is encrypted, and no URL is ever
//! logged.

mod ask;
mod cache;
mod choose;

pub use cache::Cache;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};
use tokio::time::sleep;

use super::Answer;
use super::http::{Base, Http, Request, Unreachable};
use crate::clock;
use crate::config::Config;
use crate::model::{Media, Secret};
use ask::{Question, questions};

/// Between two calls: far below what TMDB allows.
const PACE: Duration = Duration::from_millis(250);

/// What TMDB knows of a film or series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// Its id.
    Found(u64),
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

    /// The id of a film or series: by its other ids first, then by title. At most a few calls; bounded in time.
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
        let questions = questions(media);
        if questions.is_empty() {
            return Lookup::Unasked;
        }
        let mut last = self.last.lock().await;
        for question in questions {
            let answer = match self.ask(&base, &key, &question, &mut last).await {
                Ok(answer) => answer,
                Err(error) => return later(None, error.0),
            };
            match judge(&answer, media, &question) {
                Lookup::Nothing => {}
                other => return other,
            }
        }
        Lookup::Nothing
    }

    async fn ask(
        &self,
        base: &Base,
        key: &Secret,
        question: &Question,
        last: &mut Option<Duration>,
    ) -> Result<Answer, Unreachable> {
        let due = last.map(|last| (last + PACE).saturating_sub(clock::now().boot));
        sleep(due.unwrap_or_default()).await;
        *last = Some(clock::now().boot);
        let mut url = base.join(&question.path())?;
        let in_header = !is_api_key(key.expose());
        if !in_header {
            url.query_pairs_mut().append_pair("api_key", key.expose());
        }
        let mut request = Request::get(url);
        request.bearer = in_header.then_some(key);
        let answer = self.http.send(request).await;
        // From the answer on: however slow the way there was, they are apart at the service.
        *last = Some(clock::now().boot);
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

/// What an answer to a question means.
fn judge(answer: &Answer, media: &Media, question: &Question) -> Lookup {
    match answer.status {
        200..=299 => match choose::choose(answer, media, question) {
            Some(Some(id)) => Lookup::Found(id),
            Some(None) => Lookup::Nothing,
            None => later(None, answer.words()),
        },
        401 if answer.api_error().is_some() => Lookup::Refused {
            reason: answer.words(),
        },
        404 | 422 if answer.api_error().is_some() => Lookup::Nothing,
        _ => later(answer.wait(), answer.words()),
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
                Lookup::Unasked => "unasked".to_owned(),
            };
            assert_eq!(short, expected, "{status} {body}");
        }
    }
}
