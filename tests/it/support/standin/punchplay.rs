//! PunchPlay's platform API, as far as its reference goes.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reeld::account::{NewLogin, Tokens};
use reeld::model::{AccountKey, Secret, ServiceName, Wall};
use serde_json::{Map, Value, json};

use super::http::{App, Reply, Request};

/// The application that the stand-in knows.
pub const CLIENT_ID: &str = "client-of-reeld";

const API: &str = "/api/platform/v1";
const SCOPES: &str = "profile:read playback:read playback:write";
const ACTIONS: [&str; 5] = ["start", "progress", "pause", "resume", "stop"];

/// A sign-in under way.
#[derive(Debug)]
struct DeviceCode {
    user_code: String,
    state: CodeState,
    polls: u32,
    last_poll: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CodeState {
    Pending,
    Approved,
    Denied,
    Expired,
    Used,
}

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
            if code.state == CodeState::Pending {
                code.state = state;
            }
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

/// Sign-in.
impl PunchPlay {
    fn device_code(&mut self, request: &Request) -> Reply {
        let body = match self.closed(
            request,
            &["client_id", "client_secret", "scope"],
            &["client_id"],
        ) {
            Ok(body) => body,
            Err(reply) => return reply,
        };
        if self.code_limit.exceeded() {
            return error(429, "rate_limited", "too many codes").header("Retry-After", "360");
        }
        if !known_client(&body) {
            return error(400, "invalid_client", "unknown client");
        }
        self.made += 1;
        let device_code = format!("dc_{}", self.made);
        let user_code = format!("ABCD-{:04}", self.made);
        let code = DeviceCode {
            user_code: user_code.clone(),
            state: CodeState::Pending,
            polls: 0,
            last_poll: None,
        };
        self.codes.insert(device_code.clone(), code);
        Reply::json(
            200,
            &json!({
                "user_code": user_code,
                "device_code": device_code,
                "verification_uri": "https://punchplay.tv/link",
                "verification_uri_complete": format!("https://punchplay.tv/link?code={user_code}"),
                "verification_uri_qr": "data:image/png;base64,",
                "expires_in": self.code_life.as_secs(),
                "scope": self.scopes,
            }),
        )
    }

    fn device_token(&mut self, request: &Request) -> Reply {
        let fields = [
            "client_id",
            "device_code",
            "client_secret",
            "device_id",
            "device_name",
            "linked_user_id",
            "linked_username",
        ];
        let body = match self.closed(request, &fields, &["client_id", "device_code"]) {
            Ok(body) => body,
            Err(reply) => return reply,
        };
        if self.poll_limit.exceeded() {
            return error(429, "rate_limited", "too many polls");
        }
        if !known_client(&body) {
            return error(400, "invalid_client", "unknown client");
        }
        let approve_at = self.approve_at_poll;
        let (every, now) = (self.poll_every, Instant::now());
        let Some(code) = self.codes.get_mut(text(&body, "device_code")) else {
            return error(400, "invalid_grant", "unknown device code");
        };
        code.polls += 1;
        if approve_at.is_some_and(|n| code.polls >= n) && code.state == CodeState::Pending {
            code.state = CodeState::Approved;
        }
        let too_soon = code
            .last_poll
            .is_some_and(|last| now.duration_since(last) < every);
        code.last_poll = Some(now);
        let state = code.state;
        if state == CodeState::Approved {
            code.state = CodeState::Used;
        }
        if too_soon {
            self.violations
                .push("polled sooner than allowed".to_owned());
        }
        match state {
            CodeState::Pending => error(400, "authorization_pending", "not yet"),
            CodeState::Denied => error(400, "access_denied", "denied"),
            CodeState::Expired => error(400, "expired", "the code has expired"),
            CodeState::Used => self.violation("a used device code was polled"),
            CodeState::Approved => {
                let user = self.user.clone();
                let (access, refresh) = self.issue(&user);
                let mut reply = self.token_body(&access, &refresh);
                reply.insert("username".into(), json!(user));
                Reply::json(200, &Value::Object(reply))
            }
        }
    }

    fn token_body(&self, access: &str, refresh: &str) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("access_token".into(), json!(access));
        body.insert("refresh_token".into(), json!(refresh));
        body.insert("token_type".into(), json!("bearer"));
        body.insert("expires_in".into(), json!(self.access_life.as_secs()));
        body.insert("refresh_expires_in".into(), json!(90 * 24 * 3600));
        body.insert("scope".into(), json!(self.scopes));
        body
    }

    fn refresh(&mut self, request: &Request) -> Reply {
        let fields = ["client_id", "refresh_token", "client_secret"];
        let body = match self.closed(request, &fields, &["client_id", "refresh_token"]) {
            Ok(body) => body,
            Err(reply) => return reply,
        };
        if self.refresh_limit.exceeded() {
            return error(429, "rate_limited", "too many refreshes").header("Retry-After", "180");
        }
        if !known_client(&body) {
            return error(400, "invalid_client", "unknown client");
        }
        let Some(old) = self.refresh.get_mut(text(&body, "refresh_token")) else {
            return error(400, "invalid_grant", "unknown refresh token");
        };
        if !old.alive {
            self.reused_refresh_tokens += 1;
            return error(
                400,
                "invalid_grant",
                "this refresh token was used or revoked",
            );
        }
        old.alive = false;
        let user = old.user.clone();
        let (access, refresh) = self.issue(&user);
        Reply::json(200, &Value::Object(self.token_body(&access, &refresh)))
    }

    fn revoke(&mut self, request: &Request) -> Reply {
        let fields = ["client_id", "token", "token_type_hint"];
        let body = match self.closed(request, &fields, &fields) {
            Ok(body) => body,
            Err(reply) => return reply,
        };
        if let Some(refresh) = self.refresh.get_mut(text(&body, "token")) {
            refresh.alive = false;
            let user = refresh.user.clone();
            self.access.retain(|_, access| access.user != user);
        }
        Reply::json(200, &json!({}))
    }

    fn me(&mut self, request: &Request) -> Reply {
        match self.authorised(request) {
            Err(reply) => reply,
            Ok(user) => Reply::json(
                200,
                &json!({
                    "id": user_id(&user),
                    "username": user,
                    "name": "Somebody",
                    "email": "somebody@example.org",
                    "client_type": "platform",
                    "token_id": "tok_1",
                    "scopes": self.scopes.split(' ').collect::<Vec<_>>(),
                    "developer_app": { "id": "app_1", "name": "reeld" },
                }),
            ),
        }
    }

    fn authorised(&mut self, request: &Request) -> Result<String, Reply> {
        let token = request.bearer().unwrap_or_default();
        if self.refresh.contains_key(token) {
            return Err(self.violation("a refresh token came as bearer"));
        }
        match self.access.get(token) {
            Some(access) if access.expires > Instant::now() => Ok(access.user.clone()),
            _ => Err(error(
                401,
                "invalid_token",
                "the token is invalid or has expired",
            )),
        }
    }

    /// A body with these keys only.
    fn closed(
        &mut self,
        request: &Request,
        allowed: &[&str],
        required: &[&str],
    ) -> Result<Map<String, Value>, Reply> {
        if !request
            .header("content-type")
            .starts_with("application/json")
        {
            return Err(self.violation(format!("{}: not sent as JSON", request.path)));
        }
        let Some(Value::Object(body)) = request.json() else {
            return Err(self.violation(format!("{}: no JSON object", request.path)));
        };
        if let Some(key) = body.keys().find(|key| !allowed.contains(&key.as_str())) {
            return Err(self.violation(format!("{}: unknown key {key}", request.path)));
        }
        if let Some(key) = required.iter().find(|key| !body.contains_key(**key)) {
            return Err(self.violation(format!("{}: {key} is missing", request.path)));
        }
        Ok(body)
    }
}

fn known_client(body: &Map<String, Value>) -> bool {
    text(body, "client_id") == CLIENT_ID
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

#[derive(Debug, Clone, Copy)]
enum Kind {
    Text,
    Integer,
    Fraction,
    Boolean,
    BaseName,
}

/// Every documented key but `jellyfin_user_id`, which is not for us.
const FIELDS: [(&str, Kind); 25] = [
    ("media_type", Kind::Text),
    ("title", Kind::Text),
    ("event_id", Kind::Text),
    ("playback_session_id", Kind::Text),
    ("event_created_at", Kind::Integer),
    ("year", Kind::Integer),
    ("imdb_id", Kind::Text),
    ("tmdb_id", Kind::Integer),
    ("tvdb_id", Kind::Integer),
    ("punchplay_id", Kind::Text),
    ("season", Kind::Integer),
    ("episode", Kind::Integer),
    ("episode_end", Kind::Integer),
    ("absolute_episode", Kind::Integer),
    ("multi_episode", Kind::Boolean),
    ("anime", Kind::Boolean),
    ("episode_title", Kind::Text),
    ("progress", Kind::Fraction),
    ("duration_seconds", Kind::Integer),
    ("position_seconds", Kind::Integer),
    ("device_id", Kind::Text),
    ("client_version", Kind::Text),
    ("watched", Kind::Boolean),
    ("watched_threshold", Kind::Fraction),
    ("raw_filename", Kind::BaseName),
];

const REQUIRED: [&str; 8] = [
    "media_type",
    "title",
    "event_id",
    "playback_session_id",
    "event_created_at",
    "progress",
    "duration_seconds",
    "position_seconds",
];

fn check(action: &str, body: &Map<String, Value>) -> Result<(), String> {
    for (key, value) in body {
        if let Some((_, kind)) = FIELDS.iter().find(|(name, _)| name == key) {
            check_kind(key, *kind, value)?;
        }
    }
    let number = |key: &str| body.get(key).and_then(Value::as_u64);
    let title = text(body, "title");
    if title.is_empty() || title.chars().count() > 500 {
        return Err("title is not 1–500 characters long".to_owned());
    }
    for key in ["event_id", "playback_session_id"] {
        if !is_uuid(text(body, key)) {
            return Err(format!("{key} is no UUID"));
        }
    }
    let stamp = number("event_created_at").unwrap_or(0);
    if !(1_000_000_000_000..10_000_000_000_000).contains(&stamp) {
        return Err("event_created_at is not in milliseconds".to_owned());
    }
    let duration = number("duration_seconds").unwrap_or(0);
    let position = number("position_seconds").unwrap_or(0);
    if duration == 0 || duration > 1_000_000 || position > duration {
        return Err(format!("position {position} s of {duration} s"));
    }
    check_episode(body)?;
    check_verdict(action, body)?;
    check_progress(body, position, duration)
}

fn check_kind(key: &str, kind: Kind, value: &Value) -> Result<(), String> {
    let right = match kind {
        Kind::Text => value.as_str().is_some_and(|text| !text.is_empty()),
        Kind::Integer => value.is_u64(),
        Kind::Fraction => value.as_f64().is_some_and(|v| (0.0..=1.0).contains(&v)),
        Kind::Boolean => value.is_boolean(),
        Kind::BaseName => value
            .as_str()
            .is_some_and(|name| !name.contains(['/', '\\'])),
    };
    if right {
        Ok(())
    } else {
        Err(format!("{key} must not be {value}"))
    }
}

fn check_episode(body: &Map<String, Value>) -> Result<(), String> {
    let keys = [
        "season",
        "episode",
        "episode_end",
        "absolute_episode",
        "multi_episode",
        "episode_title",
    ];
    match text(body, "media_type") {
        "movie" => match keys.iter().find(|key| body.contains_key(**key)) {
            Some(key) => Err(format!("a film has no {key}")),
            None => Ok(()),
        },
        "episode" => {
            let (first, last) = (body.get("episode"), body.get("episode_end"));
            let multi = body.get("multi_episode") == Some(&Value::Bool(true));
            let ordered = last.and_then(Value::as_u64) > first.and_then(Value::as_u64);
            if last.is_some() && !(multi && ordered) {
                return Err("episode_end without multi_episode, or not after episode".to_owned());
            }
            Ok(())
        }
        other => Err(format!("media_type {other:?}")),
    }
}

fn check_verdict(action: &str, body: &Map<String, Value>) -> Result<(), String> {
    let progress = body.get("progress").and_then(Value::as_f64);
    let threshold = body.get("watched_threshold").and_then(Value::as_f64);
    match (action, body.get("watched")) {
        ("stop", Some(Value::Bool(true))) => Ok(()),
        ("stop", Some(Value::Bool(false))) if threshold == Some(1.0) && progress <= Some(0.99) => {
            Ok(())
        }
        ("stop", _) => Err("a stop that may count although it must not say so".to_owned()),
        (_, None) if threshold.is_none() => Ok(()),
        _ => Err("a verdict on something that is no stop".to_owned()),
    }
}

/// Progress and position must tell the same story.
fn check_progress(body: &Map<String, Value>, position: u64, duration: u64) -> Result<(), String> {
    let progress = body.get("progress").and_then(Value::as_f64).unwrap_or(-1.0);
    #[expect(clippy::cast_precision_loss, reason = "seconds of media")]
    let by_position = position as f64 / duration as f64;
    #[expect(clippy::cast_precision_loss, reason = "seconds of media")]
    let tolerance = 0.011 + 1.5 / duration as f64;
    if (progress - by_position).abs() > tolerance {
        return Err(format!(
            "progress {progress} at {position} s of {duration} s"
        ));
    }
    Ok(())
}

fn is_uuid(text: &str) -> bool {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    let hex = text.chars().all(|c| c == '-' || c.is_ascii_hexdigit());
    hex && groups == [8, 4, 4, 4, 12]
}
