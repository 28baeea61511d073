//! What people and programs read: the shapes are a contract (README, "For programs").

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

use crate::model::{Action, Media, ServiceName, Source, Wall};
use crate::outbox;

/// A time in JSON: RFC 3339, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(pub Wall);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wall = Wall::parse(&text);
        wall.map(Self)
            .ok_or_else(|| de::Error::custom("not an RFC 3339 time"))
    }
}

/// `reeld status`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusReport {
    /// Of the daemon.
    pub version: String,
    /// Since the daemon started.
    pub uptime_seconds: u64,
    /// Every player that is there.
    pub players: Vec<PlayerRow>,
    /// Every service, linked or not; one row for each of its accounts.
    pub accounts: Vec<AccountRow>,
    /// Reporting is paused until then.
    pub paused_until: Option<Stamp>,
    /// What keeps the daemon from its work (disk full, no session bus), in words for people. Usually empty, and then absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// A player.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlayerRow {
    /// For `explain` and `record`.
    pub id: String,
    /// As people know it.
    pub name: String,
    /// How it is watched.
    pub source: Source,
    /// Its process, where that can be known (not in a sandbox).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// What it does.
    pub state: PlayerState,
    /// What is open in it (`model::media_json`).
    pub media: Option<Value>,
    /// 0–1
    pub progress: Option<f64>,
    /// The viewing that is tracked in it.
    pub viewing_id: Option<String>,
    /// Why nothing in it is tracked; absent while something is, or soon will be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_not: Option<String>,
}

/// `reeld explain PLAYER`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Explained {
    /// The player, with the reason why nothing is tracked in it.
    pub player: PlayerRow,
    /// Path, URL or title of what is open in it.
    pub open: Option<String>,
    /// What that is taken for, with the evidence (`identify::identity_json`).
    pub identity: Option<Value>,
}

/// `reeld rematch`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rematched {
    /// What it was taken for.
    pub media: Media,
    /// Services that have its completion under what it was taken for, and keep it.
    pub told_before: Vec<ServiceName>,
    /// It was kept on this machine and is not any more.
    pub released: Option<Release>,
}

/// What becomes of a viewing that was kept on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Release {
    /// It has been watched, and the services are told now.
    Watched,
    /// It is not finished: what is watched of it from now on is told.
    FromNowOn,
}

/// `reeld undo`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TakenBack {
    /// Which viewing.
    pub viewing_id: String,
    /// What it is (`model::media_json`).
    pub media: Value,
    /// It still counts as watched: some service has it.
    pub watched: bool,
    /// How it stands at each service that was to be told.
    pub services: Vec<TakenBackRow>,
}

/// What became of a completion that was taken back, at a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenBackRow {
    /// Where.
    pub service: ServiceName,
    /// Whose.
    pub user: String,
    /// What.
    pub state: TakenBackState,
}

/// See [`TakenBackRow`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TakenBackState {
    /// It was not sent, and will not be.
    TakenBack,
    /// It will not be sent again; whether an earlier attempt has arrived is not known.
    InDoubt,
    /// The service has it.
    Delivered,
}

/// What a player does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlayerState {
    /// Plays.
    Playing,
    /// Paused.
    Paused,
    /// Has nothing open.
    Stopped,
    /// Is not tracked.
    Ignored,
}

/// An account in `reeld status`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountRow {
    /// At which service.
    pub service: ServiceName,
    /// How it stands.
    pub state: AccountState,
    /// The user's name there.
    pub user: Option<String>,
    /// Deliveries that wait.
    pub queued: u64,
    /// Deliveries that were refused for good.
    pub dead: u64,
    /// Last success.
    pub last_delivered_at: Option<Stamp>,
    /// Last failure since the last success.
    pub last_error: Option<String>,
}

/// How an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// Works, as far as is known.
    Ok,
    /// Was linked; the service refuses the login.
    NeedsLogin,
    /// The service cannot be reached, or does not work.
    Unreachable,
    /// Disabled, or never linked.
    Off,
}

/// `reeld queue`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QueueRow {
    /// For `retry` and `drop`.
    pub id: u64,
    /// To which service.
    pub service: ServiceName,
    /// As whom.
    pub user: Option<String>,
    /// What happened.
    pub action: Action,
    /// Fixed for ever.
    pub event_id: String,
    /// In which session.
    pub session_id: String,
    /// Of which viewing.
    pub viewing_id: String,
    /// Of the film or series.
    pub title: Option<String>,
    /// When it was queued.
    pub created_at: Stamp,
    /// Attempts made.
    pub attempts: u32,
    /// The next one, where there is one.
    pub next_attempt_at: Option<Stamp>,
    /// What it waits for.
    pub state: QueueState,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// What a delivery waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueState {
    /// Its turn, or its time.
    Due,
    /// A login.
    WaitingLogin,
    /// A TMDB id.
    WaitingId,
    /// Its service, which is switched off.
    Off,
    /// Failed often, tried rarely, holds nothing up.
    Aside,
    /// Was refused for good.
    Dead,
}

/// What became of a viewing at an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldRow {
    /// Of which viewing.
    pub viewing_id: String,
    /// At which service.
    pub service: ServiceName,
    /// What.
    pub state: ToldState,
    /// In the service's words, or the reason.
    pub answer: Option<String>,
}

/// What became of a viewing at a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToldState {
    /// The service has it.
    Delivered,
    /// It waits.
    Queued,
    /// It will not be sent.
    Skipped,
    /// It was refused for good.
    Dead,
    /// No account was linked at that time.
    NotLinked,
}

impl From<outbox::Told> for ToldRow {
    fn from(told: outbox::Told) -> Self {
        Self {
            viewing_id: told.viewing.to_string(),
            service: told.account.service,
            state: match told.state {
                outbox::ToldState::Delivered => ToldState::Delivered,
                outbox::ToldState::Skipped => ToldState::Skipped,
                outbox::ToldState::Queued => ToldState::Queued,
                outbox::ToldState::Dead => ToldState::Dead,
            },
            answer: told.answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_has_the_published_shape_and_absent_is_null() {
        let report = StatusReport {
            version: "0.1.0".into(),
            uptime_seconds: 61,
            players: vec![PlayerRow {
                id: "mpv-7".into(),
                name: "mpv".into(),
                source: Source::Mpv,
                pid: None,
                state: PlayerState::Paused,
                media: None,
                progress: Some(0.25),
                viewing_id: None,
                why_not: None,
            }],
            accounts: vec![AccountRow {
                service: ServiceName::Punchplay,
                state: AccountState::NeedsLogin,
                user: Some("ann".into()),
                queued: 2,
                dead: 0,
                last_delivered_at: Some(Stamp(Wall(1_795_312_800_250))),
                last_error: None,
            }],
            paused_until: None,
            problems: Vec::new(),
        };
        let text = serde_json::to_string(&report).unwrap();
        assert_eq!(
            text,
            r#"{"version":"0.1.0","uptime_seconds":61,"players":[{"id":"mpv-7","name":"mpv","source":"mpv","state":"paused","media":null,"progress":0.25,"viewing_id":null}],"accounts":[{"service":"punchplay","state":"needs_login","user":"ann","queued":2,"dead":0,"last_delivered_at":"2026-11-22T02:00:00.250Z","last_error":null}],"paused_until":null}"#
        );
        assert_eq!(serde_json::from_str::<StatusReport>(&text).unwrap(), report);
    }

    #[test]
    fn a_row_of_the_queue_has_the_published_shape() {
        let row = QueueRow {
            id: 7,
            service: ServiceName::Discovr,
            user: None,
            action: Action::Stop,
            event_id: "e".into(),
            session_id: "s".into(),
            viewing_id: "v".into(),
            title: Some("Heat".into()),
            created_at: Stamp(Wall(0)),
            attempts: 1,
            next_attempt_at: None,
            state: QueueState::WaitingId,
            last_error: None,
        };
        assert_eq!(
            serde_json::to_string(&row).unwrap(),
            r#"{"id":7,"service":"discovr","user":null,"action":"stop","event_id":"e","session_id":"s","viewing_id":"v","title":"Heat","created_at":"1970-01-01T00:00:00.000Z","attempts":1,"next_attempt_at":null,"state":"waiting_id","last_error":null}"#
        );
    }
}
