//! Discovr's API, as far as its reference goes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reeld::account::{NewLogin, Tokens};
use reeld::model::{AccountKey, Secret, ServiceName, Wall};
use serde_json::{Map, Value, json};

use super::code::{CodeState, DeviceCode};
use super::http::{App, Reply, Request};

mod login;

/// The application that the stand-in knows.
pub const DISCOVR_CLIENT_ID: &str = "client-of-reeld-at-discovr";

const NINETY_DAYS: Duration = Duration::from_secs(90 * 24 * 3600);

/// Entries this close are the same one, written twice.
const SAME: i64 = 2000;

#[derive(Debug)]
struct Session {
    profile: String,
    expires: Instant,
}

/// An entry of the history, or a resume point.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub profile: String,
    pub media_id: String,
    pub updated_at: i64,
    pub progress: f64,
    pub episode: Option<(u64, u64)>,
}

/// The stand-in. Public fields are for tests to set and to look at.
#[derive(Debug)]
pub struct Discovr {
    /// A code is approved at its n-th poll; `None`: not by itself.
    pub approve_at_poll: Option<u32>,
    /// Who approves.
    pub user: String,
    /// Id and name of each profile, newest first.
    pub profiles: Vec<(String, String)>,
    pub session_life: Duration,
    pub poll_every: Duration,
    /// Only the older form of polling is there.
    pub old_poll: bool,
    /// `PATCH /profile/playback` exists.
    pub patch: bool,
    /// `GET /profile/history/{mediaId}` exists.
    pub history_by_title: bool,
    pub page: usize,
    /// Titles that Discovr does not have.
    pub unknown: BTreeSet<String>,
    /// The history, oldest first.
    pub history: Vec<Entry>,
    /// Continue Watching: the last word on each title of each profile.
    pub playback: BTreeMap<(String, String), Entry>,
    /// Resume points taken.
    pub updates: usize,
    /// Session tokens made.
    pub mints: usize,
    pub violations: Vec<String>,
    codes: BTreeMap<String, DeviceCode>,
    refresh: BTreeMap<String, bool>,
    sessions: BTreeMap<String, Session>,
    made: u64,
}

impl Default for Discovr {
    fn default() -> Self {
        Self {
            approve_at_poll: Some(1),
            user: "ann".to_owned(),
            profiles: vec![("p2".into(), "Kids".into()), ("p1".into(), "Ann".into())],
            session_life: Duration::from_secs(1800),
            poll_every: Duration::from_millis(4500),
            old_poll: false,
            patch: true,
            history_by_title: true,
            page: 50,
            unknown: BTreeSet::new(),
            history: Vec::new(),
            playback: BTreeMap::new(),
            updates: 0,
            mints: 0,
            violations: Vec::new(),
            codes: BTreeMap::new(),
            refresh: BTreeMap::new(),
            sessions: BTreeMap::new(),
            made: 0,
        }
    }
}

/// What tests do to it.
impl Discovr {
    /// A login as if it had been made by device code.
    pub fn issue_login(&mut self, user: &str, profile: &str) -> NewLogin {
        let name = self.profiles.iter().find(|(id, _)| id == profile);
        let name = name.map(|(_, name)| name.clone());
        let refresh = self.issue();
        NewLogin {
            account: AccountKey {
                service: ServiceName::Discovr,
                user: public_id(user),
                profile: Some(profile.to_owned()),
            },
            user_name: public_id(user),
            profile_name: name,
            scopes: Vec::new(),
            client_id: DISCOVR_CLIENT_ID.to_owned(),
            tokens: Tokens {
                access: None,
                access_expires_at: Wall(0),
                access_life: Duration::ZERO,
                refresh: Secret::new(refresh),
                refresh_expires_at: Some(Wall(now_ms()).plus(NINETY_DAYS)),
            },
        }
    }

    /// Session tokens are dead from now on; logins live.
    pub fn expire_sessions(&mut self) {
        self.sessions.clear();
    }

    /// As if every device had been signed out.
    pub fn revoke_all(&mut self) {
        self.sessions.clear();
        for alive in self.refresh.values_mut() {
            *alive = false;
        }
    }

    /// Logins that still work.
    pub fn live_logins(&self) -> usize {
        self.refresh.values().filter(|alive| **alive).count()
    }

    /// Takes an entry as `POST /profile/history` does, though late: its caller has long gone.
    pub fn commit_late(&mut self, profile: &str, body: &str) {
        let body = serde_json::from_str(body).unwrap_or_default();
        let _ = self.take_history(profile, &body);
    }

    pub fn approve(&mut self) {
        self.set_codes(CodeState::Approved);
    }

    /// Denied or expired: the service does not say which.
    pub fn kill_codes(&mut self) {
        self.set_codes(CodeState::Denied);
    }

    fn set_codes(&mut self, state: CodeState) {
        for code in self.codes.values_mut() {
            code.answer(state);
        }
    }

    fn issue(&mut self) -> String {
        self.made += 1;
        let refresh = format!("rt_{:08x}", self.made);
        self.refresh.insert(refresh.clone(), true);
        refresh
    }

    fn violation(&mut self, words: impl Into<String>) -> Reply {
        let words = words.into();
        self.violations.push(words.clone());
        error(400, "INVALID_REQUEST", &words)
    }
}

fn public_id(user: &str) -> String {
    format!("public-{user}")
}

fn now_ms() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or_default()
}

fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({ "code": code, "message": message }))
}

/// The address as a picture, which is the only place where it stands.
fn qr_image(url: &str) -> String {
    const SCALE: usize = 4;
    const QUIET: usize = 4;
    let code = qrcode::QrCode::new(url).expect("a short URL");
    let (width, colours) = (code.width(), code.to_colors());
    let side = (width + 2 * QUIET) * SCALE;
    let mut grey = Vec::new();
    for y in 0..side {
        for x in 0..side {
            let module = |at: usize| (at / SCALE).checked_sub(QUIET).filter(|at| *at < width);
            let place = module(x).zip(module(y));
            let dark = place.is_some_and(|(x, y)| colours[y * width + x] == qrcode::Color::Dark);
            grey.push(if dark { 0 } else { 255 });
        }
    }
    let side = u32::try_from(side).expect("a small picture");
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&grey).expect("a picture");
    writer.finish().expect("an end");
    format!("data:image/png;base64,{}", STANDARD.encode(bytes))
}

impl App for Discovr {
    fn handle(&mut self, request: &Request) -> Reply {
        let agent = request.header("user-agent");
        if !(agent.starts_with("reeld/") && agent.contains("(+")) {
            self.violations
                .push(format!("User-Agent {agent:?} on {}", request.path));
            return Reply::html(403);
        }
        let segments: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        match (request.method.as_str(), &segments[..]) {
            ("POST", ["auth", "device-codes"]) => self.device_code(request),
            ("POST", ["auth", "device-codes", code, "poll"]) if !self.old_poll => self.poll(code),
            ("GET", ["auth", "device-codes", code, "token"]) if self.old_poll => self.poll(code),
            ("GET", ["profiles"]) => self.list_profiles(request),
            ("POST", ["auth", "session-token"]) => self.mint(request),
            ("DELETE", ["auth", "session"]) => self.sign_out(request),
            ("POST" | "PATCH", ["profile", "playback"]) => self.resume_point(request),
            ("POST", ["profile", "history"]) => self.post_history(request),
            ("GET", ["profile", "history"]) => self.list_history(request),
            ("GET", ["profile", "history", id]) if self.history_by_title => {
                self.title_history(request, id)
            }
            _ => error(404, "NOT_FOUND", "no such route"),
        }
    }

    fn control(&mut self, verb: &str, argument: &Value) -> Result<Value, String> {
        let flag = || argument.get("on").and_then(Value::as_bool).unwrap_or(true);
        match verb {
            "approve" => self.approve(),
            "kill_codes" => self.kill_codes(),
            "approve_at_poll" => {
                let n = argument.get("n").and_then(Value::as_u64);
                self.approve_at_poll = n.and_then(|n| u32::try_from(n).ok());
            }
            "user" => {
                let name = argument.get("name").and_then(Value::as_str);
                name.unwrap_or("ann").clone_into(&mut self.user);
            }
            "expire_sessions" => self.expire_sessions(),
            "revoke" => self.revoke_all(),
            "patch" => self.patch = flag(),
            "history_by_title" => self.history_by_title = flag(),
            "profiles" => {
                let list = argument.get("profiles").cloned().unwrap_or_default();
                let list = serde_json::from_value(list);
                self.profiles = list.map_err(|_| "profiles: [[id, name], …]")?;
            }
            "state" => {
                let playback: Vec<Value> = self.playback.values().map(shown).collect();
                return Ok(json!({
                    "history": self.history.iter().map(shown).collect::<Vec<_>>(),
                    "playback": playback,
                    "updates": self.updates,
                    "mints": self.mints,
                    "violations": self.violations,
                }));
            }
            _ => return Err(format!("no such verb: {verb}")),
        }
        Ok(json!({}))
    }
}

fn shown(entry: &Entry) -> Value {
    let mut value = json!({
        "id": entry.media_id,
        "profile": entry.profile,
        "updatedAt": Wall(entry.updated_at).to_string(),
        "progress": entry.progress,
        "completed": entry.progress >= 80.0,
    });
    if let Some((season, episode)) = entry.episode {
        value["season"] = json!(season);
        value["episode"] = json!(episode);
    }
    value
}

/// Session tier.
impl Discovr {
    /// The profile that the token is for.
    fn session(&mut self, request: &Request) -> Result<String, Reply> {
        let token = request.bearer().unwrap_or_default();
        if self.refresh.contains_key(token) {
            self.violations
                .push("a refresh token came to the session tier".to_owned());
            return Err(error(403, "WRONG_TOKEN_KIND", "not a session token"));
        }
        match self.sessions.get(token) {
            Some(session) if session.expires > Instant::now() => Ok(session.profile.clone()),
            _ => Err(error(401, "TOKEN_EXPIRED", "the session is over")),
        }
    }

    fn resume_point(&mut self, request: &Request) -> Reply {
        let profile = match self.session(request) {
            Ok(profile) => profile,
            Err(reply) => return reply,
        };
        let patch = request.method == "PATCH";
        if patch && !self.patch {
            return error(405, "METHOD_NOT_ALLOWED", "no PATCH here");
        }
        let allowed: &[&str] = if patch {
            &["mediaId", "progress", "updatedAt", "season", "episode"]
        } else {
            &["mediaId", "progress", "updatedAt"]
        };
        let required = ["mediaId", "progress", "updatedAt"];
        let entry = match self.entry(request, &profile, allowed, &required) {
            Ok(entry) => entry,
            Err(reply) => return reply,
        };
        if self.unknown.contains(&entry.media_id) {
            return error(404, "MEDIA_NOT_FOUND", "no such title");
        }
        let key = (profile, entry.media_id.clone());
        let known = self.playback.get(&key);
        if patch && known.is_none() {
            return error(404, "NOT_ON_LIST", "not on the playback list");
        }
        if let Some(known) = known.filter(|known| known.updated_at > entry.updated_at) {
            let (older, newer) = (Wall(entry.updated_at), Wall(known.updated_at));
            return self.violation(format!(
                "{}: the resume point of {older} after that of {newer}",
                key.1
            ));
        }
        self.playback.insert(key, entry);
        self.updates += 1;
        Reply::json(200, &json!({ "message": "ok" }))
    }

    fn post_history(&mut self, request: &Request) -> Reply {
        let profile = match self.session(request) {
            Ok(profile) => profile,
            Err(reply) => return reply,
        };
        let allowed = ["mediaId", "updatedAt", "progress", "season", "episode"];
        let required = ["mediaId", "updatedAt", "progress"];
        if let Err(reply) = self.entry(request, &profile, &allowed, &required) {
            return reply;
        }
        self.take_history(&profile, &request.json().unwrap_or_default())
    }

    fn take_history(&mut self, profile: &str, body: &Value) -> Reply {
        let Ok(entry) = entry(profile, body) else {
            return error(400, "INVALID_REQUEST", "no entry");
        };
        if self.unknown.contains(&entry.media_id) {
            return error(404, "MEDIA_NOT_FOUND", "no such title");
        }
        if entry.progress < 80.0 {
            return self.violation("partial progress in the history");
        }
        if entry.media_id.starts_with("TV_") && entry.episode.is_none() {
            return self.violation("a TV entry without episode covers the season");
        }
        let same = |other: &Entry| {
            other.profile == entry.profile
                && other.media_id == entry.media_id
                && other.episode == entry.episode
                && (other.updated_at - entry.updated_at).abs() <= SAME
        };
        if self.history.iter().any(same) {
            self.violations
                .push(format!("{}: the same entry twice", entry.media_id));
        }
        self.history.push(entry);
        Reply::json(200, &json!({ "message": "ok" }))
    }

    fn list_history(&mut self, request: &Request) -> Reply {
        let profile = match self.session(request) {
            Ok(profile) => profile,
            Err(reply) => return reply,
        };
        let limit = request
            .query
            .get("limit")
            .and_then(|n| n.parse::<usize>().ok());
        if !limit.is_some_and(|n| (1..=50).contains(&n)) {
            return self.violation("limit is not 1–50");
        }
        let from = request
            .query
            .get("nextPageToken")
            .map_or("0", String::as_str);
        let Some(from) = from
            .strip_prefix("page ")
            .unwrap_or(from)
            .parse::<usize>()
            .ok()
        else {
            return self.violation("not a page token of ours");
        };
        let mut all: Vec<&Entry> = self
            .history
            .iter()
            .filter(|e| e.profile == profile)
            .collect();
        all.sort_by_key(|entry| std::cmp::Reverse(entry.updated_at));
        let page: Vec<Value> = all
            .iter()
            .skip(from)
            .take(self.page)
            .map(|e| listed(e))
            .collect();
        let next = from + self.page;
        let mut reply = json!({ "items": page, "hasMore": next < all.len() });
        if next < all.len() {
            reply["nextPageToken"] = json!(format!("page {next}"));
        }
        Reply::json(200, &reply)
    }

    fn title_history(&mut self, request: &Request, media_id: &str) -> Reply {
        let profile = match self.session(request) {
            Ok(profile) => profile,
            Err(reply) => return reply,
        };
        let of_title = |e: &&Entry| e.profile == profile && e.media_id == media_id;
        let items: Vec<Value> = self.history.iter().filter(of_title).map(listed).collect();
        Reply::json(200, &json!({ "items": items, "hasMore": false }))
    }

    fn entry(
        &mut self,
        request: &Request,
        profile: &str,
        allowed: &[&str],
        required: &[&str],
    ) -> Result<Entry, Reply> {
        let body = self.closed(request, allowed, required)?;
        entry(profile, &Value::Object(body)).map_err(|words| {
            self.violation(format!("{} {}: {words}", request.method, request.path))
        })
    }

    fn closed(
        &mut self,
        request: &Request,
        allowed: &[&str],
        required: &[&str],
    ) -> Result<Map<String, Value>, Reply> {
        let Some(Value::Object(body)) = request.json() else {
            return Err(self.violation(format!("{}: no JSON object", request.path)));
        };
        if let Some(key) = body.keys().find(|key| !allowed.contains(&key.as_str())) {
            let words = format!("{} {}: {key} has no place", request.method, request.path);
            return Err(self.violation(words));
        }
        if let Some(key) = required.iter().find(|key| !body.contains_key(**key)) {
            return Err(self.violation(format!("{}: {key} is missing", request.path)));
        }
        Ok(body)
    }
}

/// As the documented list shows it: without a media id.
fn listed(entry: &Entry) -> Value {
    let mut value = shown(entry);
    value["id"] = json!(format!("h-{}", entry.updated_at));
    value["title"] = json!("A title");
    value["createdAt"] = json!(Wall(entry.updated_at).to_string());
    value["mediaType"] = json!(&entry.media_id[..2]);
    value
}

fn entry(profile: &str, body: &Value) -> Result<Entry, String> {
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let media_id = text("mediaId").to_owned();
    let digits = media_id
        .strip_prefix("MV_")
        .or_else(|| media_id.strip_prefix("TV_"));
    if !digits.is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit())) {
        return Err(format!("mediaId {media_id:?}"));
    }
    let updated_at = Wall::parse(text("updatedAt")).ok_or("updatedAt is not ISO 8601")?;
    if updated_at.0 < 1_000_000_000_000 {
        return Err("updatedAt is not a time of this century".to_owned());
    }
    let progress = body.get("progress").and_then(Value::as_f64).unwrap_or(-1.0);
    if !(0.0..=100.0).contains(&progress) {
        return Err(format!("progress {progress}"));
    }
    let number = |key: &str| match body.get(key) {
        None => Ok(None),
        Some(value) => match value.as_u64() {
            Some(n) if n >= 1 => Ok(Some(n)),
            _ => Err(format!("{key} {value}")),
        },
    };
    let episode = match (number("season")?, number("episode")?) {
        (Some(season), Some(episode)) => Some((season, episode)),
        (None, None) => None,
        _ => return Err("season without episode, or the other way".to_owned()),
    };
    if episode.is_some() && media_id.starts_with("MV_") {
        return Err("a film has no episode".to_owned());
    }
    Ok(Entry {
        profile: profile.to_owned(),
        media_id,
        updated_at: updated_at.0,
        progress,
        episode,
    })
}

fn text<'a>(body: &'a Map<String, Value>, key: &str) -> &'a str {
    body.get(key).and_then(Value::as_str).unwrap_or_default()
}
