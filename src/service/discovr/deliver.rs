//! The moving half: one job, one call, and what an uncertain world adds to that.
//!
//! **History** is appended by every call. A job in doubt is first looked up: found, it is delivered; not found, it is
//! sent, but only once half a minute has passed since anything of ours may still have been on its way there. Until
//! then it is asked to come back.
//!
//! **Resume points** may be repeated. An episode's is a `PATCH`; where the title is not on the list it is put there
//! with `POST` first. Where `PATCH` is refused altogether `POST` alone has to do, from then on; where it is refused for
//! an episode, for that episode.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::watch;

use super::classify;
use super::classify::refuses_token;
use super::history::{Ours, Page};
use crate::account::Accounts;
use crate::clock;
use crate::config::Config;
use crate::model::{AccountKey, Ids, Secret};
use crate::service::http::{Base, Failure, Http, Request, Unreachable, encoded};
use crate::service::{Answer, Call, Disposition, Fault, Job, Service};

/// How long after its end an attempt may still take effect.
const LATE_COMMIT: Duration = Duration::from_secs(30);

/// Most episodes that are remembered to take no `PATCH`.
const MOST_REFUSED: usize = 256;

/// Most pages of history that are read: 1,000 entries.
const MOST_PAGES: usize = 20;

/// The moving half, for one account and profile.
#[derive(Debug)]
pub struct Discovr {
    http: Http,
    accounts: Accounts,
    account: AccountKey,
    config: watch::Receiver<Arc<Config>>,
    memory: Arc<Memory>,
}

/// What must be remembered from one call to the next, for as long as the process lives.
#[derive(Debug)]
pub struct Memory {
    late_commit: Duration,
    /// Boot time since when no history call of ours is on its way; what an earlier process sent is before that.
    quiet_since: Mutex<Duration>,
    refused: Mutex<Refused>,
}

/// Where `PATCH` is not tried again.
#[derive(Debug, Default)]
struct Refused {
    altogether: bool,
    episodes: BTreeSet<Episode>,
}

impl Default for Memory {
    fn default() -> Self {
        Self::with_late_commit(LATE_COMMIT)
    }
}

impl Memory {
    /// With another time for an attempt to take effect late.
    #[must_use]
    pub fn with_late_commit(late_commit: Duration) -> Self {
        Self {
            late_commit,
            quiet_since: Mutex::new(clock::now().boot),
            refused: Mutex::default(),
        }
    }

    /// A history call goes out, or has just ended without a clear answer. Returns since when it was quiet before.
    fn note_activity(&self) -> Duration {
        std::mem::replace(&mut *self.quiet_since(), clock::now().boot)
    }

    /// A call has ended with a clear answer: nothing of it is still on its way.
    fn note_quiet(&self, since: Duration) {
        *self.quiet_since() = since;
    }

    /// How long an attempt of ours may still take effect.
    fn may_still_land(&self) -> Option<Duration> {
        let quiet = clock::now().boot.saturating_sub(*self.quiet_since());
        let wait = self.late_commit.checked_sub(quiet)?;
        (!wait.is_zero()).then_some(wait)
    }

    fn quiet_since(&self) -> MutexGuard<'_, Duration> {
        self.quiet_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn refused(&self) -> MutexGuard<'_, Refused> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn takes_patch(&self, episode: &Episode) -> bool {
        let refused = self.refused();
        !refused.altogether && !refused.episodes.contains(episode)
    }

    fn note_refusal(&self, answer: &Answer, episode: Episode) {
        let mut refused = self.refused();
        if refuses_every_patch(answer) {
            refused.altogether = true;
        } else if answer.status != 403 && refused.episodes.len() < MOST_REFUSED {
            refused.episodes.insert(episode);
        }
    }
}

/// `mediaId`, season and episode.
type Episode = (String, u64, u64);

/// A call to make.
struct Step<'a> {
    method: &'a str,
    path: &'a str,
    body: Option<&'a str>,
}

impl Discovr {
    /// For one account and profile.
    #[must_use]
    pub fn new(
        http: Http,
        accounts: Accounts,
        account: AccountKey,
        config: watch::Receiver<Arc<Config>>,
        memory: Arc<Memory>,
    ) -> Self {
        Self {
            http,
            accounts,
            account,
            config,
            memory,
        }
    }

    async fn resume_point(&self, job: &Job) -> Result<Disposition, Disposition> {
        let request = &job.request;
        let patch = Step {
            method: &request.method,
            path: &request.path,
            body: Some(&request.body),
        };
        if request.method != "PATCH" {
            return Ok(classify(&self.call(&patch).await?));
        }
        let (episode, body) = without_episode(&request.body);
        let post = Step {
            method: "POST",
            path: &request.path,
            body: Some(&body),
        };
        if !self.memory.takes_patch(&episode) {
            return Ok(classify(&self.call(&post).await?));
        }
        let answer = self.call(&patch).await?;
        if !refuses_patch(&answer) {
            return Ok(classify(&answer));
        }
        let posted = self.call(&post).await?;
        if !posted.is_success() {
            return Ok(classify(&posted));
        }
        let again = match answer.status {
            404 => self.call(&patch).await?,
            _ => answer,
        };
        if refuses_patch(&again) {
            tracing::info!(
                "Discovr takes no PATCH ({}): the resume point names no episode",
                again.words()
            );
            self.memory.note_refusal(&again, episode);
            return Ok(classify(&posted));
        }
        Ok(classify(&again))
    }

    async fn history(&self, job: &Job) -> Result<Disposition, Disposition> {
        if job.in_doubt {
            if self.has_landed(job).await? {
                return Ok(Disposition::Delivered {
                    ids: Ids::default(),
                    deduped: true,
                    ignored: None,
                });
            }
            if let Some(wait) = self.memory.may_still_land() {
                return Ok(Disposition::Retry {
                    after: Some(wait),
                    fault: Fault::TooEarly,
                    reason: "waiting to see whether the last attempt took effect".to_owned(),
                });
            }
        }
        let step = Step {
            method: &job.request.method,
            path: &job.request.path,
            body: Some(&job.request.body),
        };
        let quiet_before = self.memory.note_activity();
        let result = self.call(&step).await.map(|answer| classify(&answer));
        let (Ok(disposition) | Err(disposition)) = &result;
        if is_ambiguous(disposition) {
            self.memory.note_activity();
        } else {
            self.memory.note_quiet(quiet_before);
        }
        result
    }

    /// Reads back: first what there is of the title, and where that says nothing the whole list.
    async fn has_landed(&self, job: &Job) -> Result<bool, Disposition> {
        let ours = Ours::of(&job.request.body, job.title.as_deref()).ok_or_else(|| {
            Disposition::Reject {
                reason: "its own body cannot be read".to_owned(),
            }
        })?;
        let of_title = format!("/profile/history/{}", encoded(&ours.media_id));
        match self.look(&of_title, &ours).await? {
            Page::Found => return Ok(true),
            Page::Absent => return Ok(false),
            Page::Next(_) | Page::Unknown => {}
        }
        let list = "/profile/history?limit=50";
        let mut path = list.to_owned();
        for _ in 0..MOST_PAGES {
            match self.look(&path, &ours).await? {
                Page::Found => return Ok(true),
                Page::Absent => return Ok(false),
                Page::Next(token) => path = format!("{list}&nextPageToken={}", encoded(&token)),
                Page::Unknown => return Err(self.unreadable()),
            }
        }
        // Not reached: written again it might be there twice.
        Err(self.unreadable())
    }

    async fn look(&self, path: &str, ours: &Ours) -> Result<Page, Disposition> {
        let step = Step {
            method: "GET",
            path,
            body: None,
        };
        let answer = self.call(&step).await?;
        let is_title = !path.contains('?');
        match answer.status {
            200..=299 => Ok(ours.look(&answer)),
            // This form of it is only supposed to exist; whatever refuses it, the list is the documented one.
            status if is_title && status != 401 && status != 429 && !refuses_token(&answer) => {
                Ok(Page::Unknown)
            }
            _ => match classify(&answer) {
                // What refuses a question says nothing of the entry.
                Disposition::Reject { reason } => Err(unanswered(reason)),
                other => Err(other),
            },
        }
    }

    fn unreadable(&self) -> Disposition {
        unanswered("the history cannot be read back".to_owned())
    }

    /// Makes a call with a token of the session tier; a refused token is replaced once.
    async fn call(&self, step: &Step<'_>) -> Result<Answer, Disposition> {
        let token = self.accounts.bearer(&self.account).await?;
        let answer = self.send(step, &token).await?;
        if !refuses_token(&answer) {
            return Ok(answer);
        }
        let token = self.accounts.refused(&self.account, &token).await?;
        self.send(step, &token).await
    }

    async fn send(&self, step: &Step<'_>, token: &Secret) -> Result<Answer, Disposition> {
        let base = Base::parse(&self.config.borrow().discovr.base_url).map_err(Unreachable);
        let url = base.and_then(|base| base.join(step.path));
        let request = Request {
            method: step.method,
            url: url.map_err(Failure::from)?,
            bearer: Some(token),
            body: step.body.map(str::to_owned),
        };
        Ok(self.http.attempt(request).await?)
    }
}

impl Service for Discovr {
    async fn deliver(&self, job: &Job) -> Disposition {
        let login = self.accounts.login_of(&self.account);
        let result = match job.call {
            Call::ResumePoint => self.resume_point(job).await,
            Call::History { .. } | Call::HistoryOf(_) => self.history(job).await,
            Call::Event => Err(Disposition::Reject {
                reason: "not a call of this service".to_owned(),
            }),
        };
        let (Ok(disposition) | Err(disposition)) = result;
        if let Disposition::NeedsLogin { reason } = &disposition {
            self.accounts
                .needs_login(&self.account, login, reason)
                .await;
        }
        disposition
    }
}

/// Whether an answer to a `PATCH` means that the title is not on the list, or that there is no `PATCH`.
fn refuses_patch(answer: &Answer) -> bool {
    match answer.status {
        400 | 404 | 422 => true,
        // Some firewalls let nothing pass but GET and POST; others are busy for a moment.
        403 => !refuses_token(answer),
        _ => refuses_every_patch(answer),
    }
}

/// Whether it is the method that is refused, and not what was said with it.
fn refuses_every_patch(answer: &Answer) -> bool {
    match answer.status {
        405 | 501 => true,
        404 => answer.api_error().is_none(),
        _ => false,
    }
}

fn is_ambiguous(disposition: &Disposition) -> bool {
    matches!(disposition, Disposition::Retry { fault, .. } if fault.leaves_doubt())
}

/// What a body is about, and the body as `POST` takes it: with no season and no episode.
fn without_episode(body: &str) -> (Episode, String) {
    let mut body: Map<String, Value> = serde_json::from_str(body).unwrap_or_default();
    let mut number = |key: &str| body.remove(key).and_then(|n| n.as_u64()).unwrap_or(0);
    let (season, episode) = (number("season"), number("episode"));
    let media_id = body.get("mediaId").and_then(Value::as_str);
    let about = (media_id.unwrap_or_default().to_owned(), season, episode);
    (about, Value::Object(body).to_string())
}

fn unanswered(reason: String) -> Disposition {
    Disposition::Retry {
        after: None,
        fault: Fault::Server,
        reason,
    }
}
