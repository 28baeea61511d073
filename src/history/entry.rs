//! What a line says of a viewing.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::{
    AccountKey, Action, Date, Ids, Journal, Lifecycle, Media, MediaType, Moment, SessionId, Step,
    TAKEN_BACK, Viewing, ViewingId, ViewingKey, Wall, media_json,
};

/// A viewing as it stood when one of its sessions ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Which viewing.
    #[serde(with = "viewing_id")]
    pub viewing_id: ViewingId,
    /// What it is, as in `identify`.
    #[serde(with = "media")]
    pub media: Media,
    /// The player's name.
    pub player: String,
    /// First play.
    #[serde(with = "rfc3339")]
    pub started_at: Wall,
    /// This stop.
    #[serde(with = "rfc3339")]
    pub ended_at: Wall,
    /// 0–1, at this stop.
    pub progress: f64,
    /// It has been watched, at this stop or before.
    pub completed: bool,
    /// Seconds of media played, over all sessions so far.
    pub played_seconds: f64,
    /// Seconds, at this stop.
    pub position_seconds: f64,
    /// Seconds.
    pub duration_seconds: f64,
    /// The session that ended.
    pub session_id: SessionId,
    /// Base name of the file.
    pub file_name: Option<String>,
    /// The accounts that were told of this stop.
    pub accounts: Vec<AccountKey>,
    /// Why nobody was to be told, if so.
    pub local_only: Option<String>,
    /// What the viewing is known again by.
    pub key: ViewingKey,
    /// The stop that completed it: in its line, and in what is read of a viewing from then on.
    pub completion: Option<Completion>,
    /// The user said that it was not watched after all: what was said of its completion before is void. In what is read of a
    /// viewing until it has been watched again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub taken_back: bool,
    /// It was played since it was taken back.
    #[serde(skip)]
    pub goes_on: bool,
    /// What became of the completion, in the order it became known; from lines of their own.
    #[serde(skip)]
    pub receipts: Vec<Receipt>,
}

/// Nothing more is owed to an account for the completion of a viewing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// To which account.
    pub account: AccountKey,
    /// Since when.
    #[serde(with = "rfc3339")]
    pub at: Wall,
    /// It has it; otherwise it never will.
    pub delivered: bool,
    /// In the service's words.
    pub answer: Option<String>,
}

impl Receipt {
    /// The user took the completion back.
    #[must_use]
    pub fn is_void(&self) -> bool {
        !self.delivered && self.answer.as_deref() == Some(TAKEN_BACK)
    }
}

/// The stop that completed a viewing: enough to tell it again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Completion {
    /// When.
    #[serde(with = "rfc3339")]
    pub at: Wall,
    /// In which session.
    pub session_id: SessionId,
    /// Seconds.
    pub position_seconds: f64,
    /// The accounts it was made for.
    pub accounts: Vec<AccountKey>,
}

impl Entry {
    /// Of a stop that was appended for these accounts, and its viewing after it.
    #[must_use]
    pub fn of(viewing: &Viewing, event: &Lifecycle, accounts: &[AccountKey]) -> Self {
        Self {
            viewing_id: event.viewing,
            media: viewing.media.clone(),
            player: event.player.clone(),
            started_at: viewing.started_at,
            ended_at: event.at.wall,
            progress: rounded(event.progress(), 10_000.0),
            completed: event.watched || viewing.completed.is_some(),
            played_seconds: rounded(viewing.played, 1000.0),
            position_seconds: rounded(event.position, 1000.0),
            duration_seconds: rounded(event.duration, 1000.0),
            session_id: event.session,
            file_name: event.file_name.clone(),
            accounts: accounts.to_vec(),
            local_only: viewing.local_only.clone(),
            key: viewing.key.clone(),
            receipts: Vec::new(),
            completion: event.watched.then(|| Completion {
                at: event.at.wall,
                session_id: event.session,
                position_seconds: rounded(event.position, 1000.0),
                accounts: accounts.to_vec(),
            }),
            taken_back: false,
            goes_on: false,
        }
    }

    /// The same viewing, not watched after all; the receipts of its completion go with it.
    #[must_use]
    pub fn take_back(mut self) -> Self {
        let told = self.completion.take().into_iter();
        for account in told.flat_map(|completion| completion.accounts) {
            if !self.accounts.contains(&account) {
                self.accounts.push(account);
            }
        }
        self.completed = false;
        self.local_only = Some(TAKEN_BACK.to_owned());
        self.taken_back = true;
        self.receipts.clear();
        self
    }

    /// What the two lines say together: the later one, unless that would take a completion back.
    pub(super) fn followed_by(self, later: Self) -> Self {
        if later.taken_back {
            return later;
        }
        let (mut kept, other) = if self.completed && !later.completed {
            (self, later)
        } else {
            (later, self)
        };
        kept.completion = kept.completion.or(other.completion);
        kept.goes_on = other.taken_back && !kept.completed;
        kept.taken_back = kept.goes_on;
        kept.receipts.extend(other.receipts);
        kept
    }

    /// The viewing, to be remembered again.
    #[must_use]
    pub fn viewing(&self) -> Viewing {
        let completed_at = self.completion.as_ref().map(|completion| completion.at);
        Viewing {
            id: self.viewing_id,
            key: self.key.clone(),
            media: self.media.clone(),
            player: self.player.clone(),
            started_at: self.started_at,
            updated_at: self.ended_at,
            position: self.position_seconds,
            duration: self.duration_seconds,
            played: self.played_seconds,
            reached: self.completed,
            completed: self
                .completed
                .then(|| completed_at.unwrap_or(self.ended_at)),
            local_only: self.local_only.clone(),
            played_in: None,
        }
    }

    /// The step that completed it and the accounts that it is still owed to, to be appended again after the database was lost;
    /// `None` if nothing is owed.
    #[must_use]
    pub fn completion_step(&self) -> Option<(Step, Vec<AccountKey>)> {
        let completion = self.completion.as_ref()?;
        let settled = |account: &AccountKey| self.receipts.iter().any(|r| r.account == *account);
        let owed: Vec<_> = completion
            .accounts
            .iter()
            .filter(|account| !settled(account))
            .cloned()
            .collect();
        (!owed.is_empty()).then(|| (self.stop(completion, true), owed))
    }

    /// The stop that the newest line tells of and the accounts that it was for, to be appended again; `None` if the viewing is
    /// completed.
    #[must_use]
    pub fn unfinished_step(&self) -> Option<(Step, Vec<AccountKey>)> {
        let stop = Completion {
            at: self.ended_at,
            session_id: self.session_id,
            position_seconds: self.position_seconds,
            accounts: self.accounts.clone(),
        };
        let told = !self.completed && !self.accounts.is_empty();
        told.then(|| (self.stop(&stop, false), stop.accounts))
    }

    /// The stop that says where it was left, and the accounts that it was for: the one that completed it, if one did, without
    /// those at which it was taken back.
    #[must_use]
    pub fn last_step(&self) -> Option<(Step, Vec<AccountKey>)> {
        let Some(completion) = &self.completion else {
            return self.unfinished_step();
        };
        let void = |account: &&AccountKey| {
            let mut receipts = self.receipts.iter();
            receipts.any(|receipt| receipt.is_void() && receipt.account == **account)
        };
        let accounts = completion.accounts.iter().filter(|account| !void(account));
        Some((self.stop(completion, true), accounts.cloned().collect()))
    }

    /// The same, completed in another session.
    #[must_use]
    pub fn completed_in(&self, session: SessionId) -> Self {
        let completion = self.completion.clone().map(|completion| Completion {
            session_id: session,
            ..completion
        });
        Self {
            session_id: session,
            completion,
            ..self.clone()
        }
    }

    fn stop(&self, stop: &Completion, watched: bool) -> Step {
        let event = Lifecycle {
            action: Action::Stop,
            at: Moment {
                mono: std::time::Duration::ZERO,
                boot: std::time::Duration::ZERO,
                wall: stop.at,
            },
            viewing: self.viewing_id,
            session: stop.session_id,
            media: self.media.clone(),
            position: stop.position_seconds,
            duration: self.duration_seconds,
            watched,
            player: self.player.clone(),
            file_name: self.file_name.clone(),
        };
        Step {
            event: Some(event),
            viewing: self.viewing(),
            journal: Journal::Closed(stop.session_id),
            seeked: false,
        }
    }

    /// As `reeld history` shows it, without what became of its deliveries.
    #[must_use]
    pub fn shown(&self) -> Value {
        json!({
            "viewing_id": self.viewing_id.to_string(),
            "media": media_json(&self.media),
            "player": self.player,
            "started_at": self.started_at.to_string(),
            "ended_at": self.ended_at.to_string(),
            "progress": self.progress,
            "completed": self.completed,
            "played_seconds": self.played_seconds,
        })
    }
}

/// Digits beyond these mean nothing to anybody; what is not a number is 0.
fn rounded(value: f64, parts: f64) -> f64 {
    let rounded = (value * parts).round() / parts;
    if rounded.is_finite() { rounded } else { 0.0 }
}

mod viewing_id {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::model::ViewingId;

    pub fn serialize<S: Serializer>(id: &ViewingId, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(id)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<ViewingId, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(D::Error::custom)
    }
}

mod rfc3339 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::model::Wall;

    pub fn serialize<S: Serializer>(wall: &Wall, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(wall)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Wall, D::Error> {
        let text = String::deserialize(from)?;
        Wall::parse(&text).ok_or_else(|| D::Error::custom("not RFC 3339 in UTC"))
    }
}

/// `media_json`, and back.
mod media {
    use serde::{
        Deserialize, Deserializer, Serialize, Serializer, de::Error as _, ser::Error as _,
    };

    use super::{Date, Ids, Media, MediaType};
    use crate::model::{Line, put_media};

    #[derive(Deserialize)]
    struct Shape {
        media_type: Option<MediaType>,
        title: Option<String>,
        alternative_title: Option<String>,
        year: Option<u16>,
        season: Option<Numbers>,
        episode: Option<Numbers>,
        absolute_episode: Option<Numbers>,
        date: Option<String>,
        episode_title: Option<String>,
        part: Option<u32>,
        #[serde(default)]
        anime: bool,
        #[serde(default)]
        ids: Ids,
        #[serde(default)]
        confidence: f32,
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Numbers {
        One(u32),
        Several(Vec<u32>),
    }

    pub fn serialize<S: Serializer>(media: &Media, to: S) -> Result<S::Ok, S::Error> {
        let raw = Line::raw(|line| put_media(media, line)).map_err(S::Error::custom)?;
        raw.serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Media, D::Error> {
        let shape = Shape::deserialize(from)?;
        let date = match shape.date {
            None => None,
            Some(text) => Some(parse(&text).ok_or_else(|| D::Error::custom("not a date"))?),
        };
        Ok(Media {
            media_type: shape.media_type,
            title: shape.title,
            alternative_title: shape.alternative_title,
            year: shape.year,
            season: numbers(shape.season),
            episode: numbers(shape.episode),
            absolute_episode: numbers(shape.absolute_episode),
            date,
            episode_title: shape.episode_title,
            part: shape.part,
            anime: shape.anime,
            ids: shape.ids,
            confidence: shape.confidence,
        })
    }

    fn numbers(numbers: Option<Numbers>) -> Vec<u32> {
        match numbers {
            None => Vec::new(),
            Some(Numbers::One(one)) => vec![one],
            Some(Numbers::Several(several)) => several,
        }
    }

    fn parse(text: &str) -> Option<Date> {
        let mut parts = text.split('-');
        let date = Date {
            year: parts.next()?.parse().ok()?,
            month: parts.next()?.parse().ok()?,
            day: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(date)
    }
}
