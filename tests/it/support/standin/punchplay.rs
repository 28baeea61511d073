//! PunchPlay's platform API, as far as its reference goes.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reeld::account::{NewLogin, Tokens};
use reeld::model::{AccountKey, Secret, ServiceName, Wall};
use serde_json::{Map, Value, json};

use super::code::{CodeState, DeviceCode};
use super::http::{App, Reply, Request};

mod check;
mod login;

use check::{FIELDS, REQUIRED, check};

/// The application that the stand-in knows.
pub const CLIENT_ID: &str = "client-of-reeld";

const API: &str = "/api/platform/v1";
const SCOPES: &str = "profile:read playback:read playback:write";
const ACTIONS: [&str; 5] = ["start", "progress", "pause", "resume", "stop"];

#[derive(Debug)]
struct Access {
    user: String,
    expires: Instant,
}

#[derive(Debug)]
struct Refresh {
    user: String,
    alive: bool,
}

#[derive(Debug, Default)]
struct Session {
    user: String,
    identity: Value,
    last_stamp: i64,
    live: bool,
    stopped: bool,
}

/// An event that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub user: String,
    pub action: String,
    pub body: Value,
    /// Why it counts for nothing.
    pub ignored: Option<String>,
}

impl Event {
    /// Whether PunchPlay would count this as a watch.
    pub fn is_watch(&self) -> bool {
        let number = |key: &str| self.body.get(key).and_then(Value::as_f64);
        let by_progress = matches!(
            (number("progress"), number("watched_threshold")),
            (Some(progress), Some(threshold)) if progress >= threshold
        );
        let said = self.body.get("watched") == Some(&Value::Bool(true));
        self.action == "stop" && self.ignored.is_none() && (said || by_progress)
    }

    pub fn title(&self) -> &str {
        self.body
            .get("title")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// A limit of so many requests in so much time.
#[derive(Debug)]
struct Limit {
    most: usize,
    within: Duration,
    times: VecDeque<Instant>,
}

impl Limit {
    fn new(most: usize, within_seconds: u64) -> Self {
        Self {
            most,
            within: Duration::from_secs(within_seconds),
            times: VecDeque::new(),
        }
    }

    fn exceeded(&mut self) -> bool {
        let now = Instant::now();
        while self
            .times
            .front()
            .is_some_and(|t| now.duration_since(*t) > self.within)
        {
            self.times.pop_front();
        }
        if self.times.len() >= self.most {
            return true;
        }
        self.times.push_back(now);
        false
    }
}

/// The stand-in. Public fields are for tests to set and to look at.
#[derive(Debug)]
pub struct PunchPlay {
    /// A code is approved at its n-th poll; `None`: not by itself.
    pub approve_at_poll: Option<u32>,
    /// Who approves.
    pub user: String,
    /// What is granted.
    pub scopes: String,
    pub code_life: Duration,
    pub access_life: Duration,
    /// The least time between two polls that is no violation.
    pub poll_every: Duration,
    /// Reasons for which the next events count for nothing.
    pub ignore_next: VecDeque<String>,
    /// What titles are resolved to.
    pub tmdb_ids: BTreeMap<String, u64>,
    /// Distinct events taken, in order.
    pub events: Vec<Event>,
    /// How many events came again.
    pub deduped: usize,
    /// How many refresh tokens came again after they were rotated.
    pub reused_refresh_tokens: usize,
    /// What the reference does not allow, in words.
    pub violations: Vec<String>,
    codes: BTreeMap<String, DeviceCode>,
    access: BTreeMap<String, Access>,
    refresh: BTreeMap<String, Refresh>,
    by_id: BTreeMap<String, (String, Value)>,
    sessions: BTreeMap<String, Session>,
    made: u64,
    code_limit: Limit,
    poll_limit: Limit,
    refresh_limit: Limit,
    event_limit: Limit,
}

impl Default for PunchPlay {
    fn default() -> Self {
        Self {
            approve_at_poll: Some(1),
            user: "ann".to_owned(),
            scopes: SCOPES.to_owned(),
            code_life: Duration::from_secs(600),
            access_life: Duration::from_secs(3600),
            poll_every: Duration::from_millis(4500),
            ignore_next: VecDeque::new(),
            tmdb_ids: BTreeMap::new(),
            events: Vec::new(),
            deduped: 0,
            reused_refresh_tokens: 0,
            violations: Vec::new(),
            codes: BTreeMap::new(),
            access: BTreeMap::new(),
            refresh: BTreeMap::new(),
            by_id: BTreeMap::new(),
            sessions: BTreeMap::new(),
            made: 0,
            code_limit: Limit::new(10, 3600),
            poll_limit: Limit::new(200, 600),
            refresh_limit: Limit::new(20, 3600),
            event_limit: Limit::new(120, 300),
        }
    }
}

/// What tests do to it and ask of it.
impl PunchPlay {
    /// A login as if it had been made by device code.
    pub fn issue_login(&mut self, user: &str) -> NewLogin {
        let (access, refresh) = self.issue(user);
        NewLogin {
            account: AccountKey {
                service: ServiceName::Punchplay,
                user: user_id(user),
                profile: None,
            },
            user_name: user.to_owned(),
            profile_name: None,
            scopes: SCOPES.split(' ').map(str::to_owned).collect(),
            client_id: CLIENT_ID.to_owned(),
            tokens: Tokens {
                access: Some(Secret::new(access)),
                access_expires_at: Wall(now_ms()).plus(self.access_life),
                access_life: self.access_life,
                refresh: Secret::new(refresh),
                refresh_expires_at: None,
            },
        }
    }

    /// Every access token is dead from now on; refresh tokens live.
    pub fn expire_access_tokens(&mut self) {
        self.access.clear();
    }

    /// As if the user had removed the application.
    pub fn revoke_all(&mut self) {
        self.access.clear();
        for refresh in self.refresh.values_mut() {
            refresh.alive = false;
        }
    }

    /// Refresh tokens that still work.
    pub fn live_refresh_tokens(&self) -> usize {
        self.refresh
            .values()
            .filter(|refresh| refresh.alive)
            .count()
    }

    /// What PunchPlay would show in the history, in order.
    pub fn watches(&self) -> Vec<&Event> {
        self.events
            .iter()
            .filter(|event| event.is_watch())
            .collect()
    }

    /// The actions taken, in order, of one title.
    pub fn actions(&self, title: &str) -> Vec<&str> {
        let of_title = self.events.iter().filter(|event| event.title() == title);
        of_title.map(|event| event.action.as_str()).collect()
    }

    fn set_codes(&mut self, state: CodeState) {
        for code in self.codes.values_mut() {
            code.answer(state);
        }
    }

    /// Somebody approves every code that waits.
    pub fn approve(&mut self) {
        self.set_codes(CodeState::Approved);
    }

    /// Somebody denies them.
    pub fn deny(&mut self) {
        self.set_codes(CodeState::Denied);
    }

    /// They expire.
    pub fn expire_codes(&mut self) {
        self.set_codes(CodeState::Expired);
    }

    fn issue(&mut self, user: &str) -> (String, String) {
        self.made += 1;
        let access = format!("at_{user}_{}", self.made);
        let refresh = format!("prt_{user}_{}", self.made);
        self.access.insert(
            access.clone(),
            Access {
                user: user.to_owned(),
                expires: Instant::now() + self.access_life,
            },
        );
        self.refresh.insert(
            refresh.clone(),
            Refresh {
                user: user.to_owned(),
                alive: true,
            },
        );
        (access, refresh)
    }

    fn violation(&mut self, words: impl Into<String>) -> Reply {
        let words = words.into();
        self.violations.push(words.clone());
        error(400, "invalid_request", &words)
    }
}

fn user_id(name: &str) -> String {
    format!("id-of-{name}")
}

fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or_default()
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    let body = json!({ "error": code, "message": message, "request_id": "ppreq_standin" });
    Reply::json(status, &body).header("X-PunchPlay-Request-Id", "ppreq_standin")
}

impl App for PunchPlay {
    fn handle(&mut self, request: &Request) -> Reply {
        let agent = request.header("user-agent");
        if !(agent.starts_with("reeld/") && agent.contains("(+")) {
            self.violations
                .push(format!("User-Agent {agent:?} on {}", request.path));
            return Reply::html(403);
        }
        let Some(path) = request.path.strip_prefix(API) else {
            return Reply::html(404);
        };
        match (request.method.as_str(), path) {
            ("POST", "/auth/device/code") => self.device_code(request),
            ("POST", "/auth/device/token") => self.device_token(request),
            ("POST", "/auth/refresh") => self.refresh(request),
            ("POST", "/oauth/revoke") => self.revoke(request),
            ("GET", "/me") => self.me(request),
            ("POST", path) => match path.strip_prefix("/playback/") {
                Some(action) if ACTIONS.contains(&action) => self.event(action, request),
                _ => error(404, "not_found", "no such route"),
            },
            _ => error(404, "not_found", "no such route"),
        }
    }

    fn control(&mut self, verb: &str, argument: &Value) -> Result<Value, String> {
        let text = |key: &str| argument.get(key).and_then(Value::as_str);
        match verb {
            "approve" => self.approve(),
            "deny" => self.deny(),
            "expire_codes" => self.expire_codes(),
            "approve_at_poll" => {
                let n = argument.get("n").and_then(Value::as_u64);
                self.approve_at_poll = n.and_then(|n| u32::try_from(n).ok());
            }
            "user" => text("name").unwrap_or("ann").clone_into(&mut self.user),
            "expire_tokens" => self.expire_access_tokens(),
            "revoke" => self.revoke_all(),
            "ignore_next" => self
                .ignore_next
                .push_back(text("reason").unwrap_or("old_event").to_owned()),
            "resolve" => {
                let id = argument.get("tmdb_id").and_then(Value::as_u64);
                let title = text("title").ok_or("title is missing")?;
                self.tmdb_ids.insert(title.to_owned(), id.unwrap_or(0));
            }
            "state" => {
                let shown = |event: &Event| {
                    json!({
                        "user": event.user,
                        "action": event.action,
                        "body": event.body,
                        "ignored": event.ignored,
                        "watch": event.is_watch(),
                    })
                };
                return Ok(json!({
                    "events": self.events.iter().map(shown).collect::<Vec<_>>(),
                    "watches": self.watches().len(),
                    "deduped": self.deduped,
                    "violations": self.violations,
                }));
            }
            _ => return Err(format!("no such verb: {verb}")),
        }
        Ok(json!({}))
    }
}

fn text<'a>(body: &'a Map<String, Value>, key: &str) -> &'a str {
    body.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Playback events.
impl PunchPlay {
    fn event(&mut self, action: &str, request: &Request) -> Reply {
        let user = match self.authorised(request) {
            Ok(user) => user,
            Err(reply) => return reply,
        };
        if !self.scopes.contains("playback:write") {
            return error(403, "insufficient_scope", "playback:write is required");
        }
        if self.event_limit.exceeded() {
            return error(429, "rate_limited", "too many events").header("Retry-After", "30");
        }
        let body = match self.closed(request, &FIELDS.map(|(name, _)| name), &REQUIRED) {
            Ok(body) => body,
            Err(reply) => return reply,
        };
        if let Err(words) = check(action, &body) {
            return self.violation(format!("{action}: {words}"));
        }
        self.take(&user, action, body)
    }

    fn take(&mut self, user: &str, action: &str, body: Map<String, Value>) -> Reply {
        let id = text(&body, "event_id").to_owned();
        let whole = Value::Object(body.clone());
        if let Some((known_action, known)) = self.by_id.get(&id) {
            if *known != whole || known_action != action {
                return self.violation(format!("{action}: event_id {id} came with another body"));
            }
            self.deduped += 1;
            return self.resolution(&body, &[("deduped", json!(true))]);
        }
        let ignored = match self.order(user, action, &body) {
            Ok(ignored) => ignored.or_else(|| self.ignore_next.pop_front()),
            Err(reply) => return reply,
        };
        self.by_id.insert(id, (action.to_owned(), whole.clone()));
        self.events.push(Event {
            user: user.to_owned(),
            action: action.to_owned(),
            body: whole,
            ignored: ignored.clone(),
        });
        match ignored {
            Some(reason) => self.resolution(&body, &[("ignored", json!(reason))]),
            None => self.resolution(&body, &[]),
        }
    }

    /// Keeps the order of a session. `Some` says why the event counts for nothing.
    fn order(
        &mut self,
        user: &str,
        action: &str,
        body: &Map<String, Value>,
    ) -> Result<Option<String>, Reply> {
        let id = text(body, "playback_session_id").to_owned();
        let stamp = body
            .get("event_created_at")
            .and_then(Value::as_i64)
            .unwrap_or(0);
        let of = |key: &str| body.get(key).cloned().unwrap_or_default();
        let identity = json!([of("media_type"), of("title"), of("season"), of("episode")]);
        let known = self.sessions.contains_key(&id);
        let session = self.sessions.entry(id.clone()).or_insert_with(|| Session {
            user: user.to_owned(),
            identity: identity.clone(),
            ..Session::default()
        });
        let mut wrong = None;
        if session.user != user {
            wrong = Some("the session of another user");
        } else if session.identity != identity {
            wrong = Some("the session of another film or episode");
        } else if session.stopped {
            wrong = Some("an event after its session's stop");
        } else if known && stamp <= session.last_stamp {
            wrong = Some("a stamp that does not increase");
        }
        if let Some(words) = wrong {
            self.violations.push(format!("{action}: {words} ({id})"));
            return Ok(Some("old_event".to_owned()));
        }
        if action == "pause" && !session.live {
            return Err(error(409, "conflict", "there is no live session"));
        }
        session.last_stamp = stamp;
        session.live = action != "stop";
        session.stopped = action == "stop";
        Ok(None)
    }

    fn resolution(&self, body: &Map<String, Value>, extra: &[(&str, Value)]) -> Reply {
        let told = body.get("tmdb_id").and_then(Value::as_u64);
        let found = self.tmdb_ids.get(text(body, "title")).copied();
        let mut reply = json!({
            "ok": true,
            "media_type": body.get("media_type"),
            "tmdb_id": told.or(found),
            "tvdb_id": body.get("tvdb_id"),
            "imdb_id": body.get("imdb_id"),
            "punchplay_id": null,
        });
        for (key, value) in extra {
            reply[*key] = value.clone();
        }
        Reply::json(200, &reply)
    }
}
