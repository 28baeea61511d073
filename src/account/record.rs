//! What is kept of a login, and when its token wants renewing. Pure.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{AccountKey, Secret, Wall};
use crate::service::{Disposition, Fault};

/// The tokens of one login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tokens {
    /// PunchPlay: access token. Discovr: session token; none until something must be sent.
    pub access: Option<Secret>,
    /// When that one dies.
    pub access_expires_at: Wall,
    /// How long it lived when it was new.
    pub access_life: Duration,
    /// What a new one is got with.
    pub refresh: Secret,
    /// When the login itself dies, where the service says so.
    pub refresh_expires_at: Option<Wall>,
}

/// How old an access token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// Use it.
    Fresh,
    /// Renew it, but it still serves if that fails.
    Ageing,
    /// There is none, or it is dead.
    Spent,
}

/// A token is renewed when less than this is left of it, or a fifth of its life.
const RENEW_AHEAD: Duration = Duration::from_secs(300);

impl Tokens {
    /// How old the access token is.
    #[must_use]
    pub fn age(&self, now: Wall) -> Age {
        let left = self.access_expires_at.since(now);
        if self.access.is_none() || left.is_zero() {
            Age::Spent
        } else if left < RENEW_AHEAD.min(self.access_life / 5) {
            Age::Ageing
        } else {
            Age::Fresh
        }
    }
}

/// A login as it comes from the sign-in, on its way to `Accounts::link` (perhaps through the control socket: only for
/// a peer of the same user, for it holds the tokens).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewLogin {
    /// Whose.
    pub account: AccountKey,
    /// The name at the service.
    pub user_name: String,
    /// Where there are profiles.
    pub profile_name: Option<String>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The application it was made for; its tokens are renewed as that one.
    pub client_id: String,
    /// The tokens.
    pub tokens: Tokens,
}

/// A login as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    #[serde(flatten)]
    pub(super) login: NewLogin,
    pub(super) linked_at: Wall,
    /// Since when the same user is logged in without a break, if not since `linked_at`.
    #[serde(default)]
    pub(super) linked_since: Option<Wall>,
    /// The service refused the login, in its words.
    pub(super) needs_login: Option<String>,
}

impl Record {
    /// A login made `now`, in the place of the one `before` it at its service.
    pub(super) fn in_place_of(before: Option<&Self>, login: NewLogin, now: Wall) -> Self {
        let same = before.filter(|before| before.login.account == login.account);
        Self {
            login,
            linked_at: now,
            // A clock that was ahead may have dated the one before.
            linked_since: same
                .map(|before| before.linked_since.unwrap_or(before.linked_at).min(now)),
            needs_login: None,
        }
    }
}

/// A linked account as people see it. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Which.
    pub key: AccountKey,
    /// The name at the service.
    pub user_name: String,
    /// Where there are profiles.
    pub profile_name: Option<String>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When the login was made.
    pub linked_at: Wall,
    /// Since when the user is logged in without a break: logging in anew is none.
    pub linked_since: Wall,
    /// When it ends and must be made again, where the service says so.
    pub expires_at: Option<Wall>,
    /// The service refused it, and why: nothing is sent until the next login.
    pub needs_login: Option<String>,
}

/// A login that ends is told of so long ahead.
const TELL_AHEAD: Duration = Duration::from_secs(7 * 24 * 3600);

impl Account {
    /// Whether the time of its login is over.
    #[must_use]
    pub fn is_over(&self, now: Wall) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// That its login ends within a week or has ended, and what to do, in words for people.
    #[must_use]
    pub fn ends_soon(&self, now: Wall) -> Option<String> {
        let end = self.expires_at.filter(|_| self.needs_login.is_none())?;
        let service = self.key.service;
        let days = end.since(now).as_secs() / (24 * 3600);
        (end.since(now) < TELL_AHEAD).then(|| {
            let when = match days {
                _ if end <= now => "has ended".to_owned(),
                0 => "ends within a day".to_owned(),
                1 => "ends in a day".to_owned(),
                days => format!("ends in {days} days"),
            };
            format!(
                "the login at {} {when}: run `reeld login {service}`",
                service.title()
            )
        })
    }
}

impl From<&Record> for Account {
    fn from(record: &Record) -> Self {
        let login = &record.login;
        Self {
            key: login.account.clone(),
            user_name: login.user_name.clone(),
            profile_name: login.profile_name.clone(),
            scopes: login.scopes.clone(),
            linked_at: record.linked_at,
            linked_since: record.linked_since.unwrap_or(record.linked_at),
            expires_at: login.tokens.refresh_expires_at,
            needs_login: record.needs_login.clone(),
        }
    }
}

/// Why there is no token to send with. Nothing queued is ever touched by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unavailable {
    /// Only a new login helps.
    NeedsLogin(String),
    /// It could not be renewed this time.
    Later {
        /// The service's wish.
        after: Option<Duration>,
        /// Whose fault.
        fault: Fault,
        /// In words.
        reason: String,
    },
}

/// Without a token nothing of a delivery was sent.
impl From<Unavailable> for Disposition {
    fn from(unavailable: Unavailable) -> Self {
        match unavailable {
            Unavailable::NeedsLogin(reason) => Self::NeedsLogin { reason },
            Unavailable::Later {
                after,
                fault,
                reason,
            } => Self::Retry {
                after,
                fault: match fault {
                    Fault::Unreachable => Fault::Unsent,
                    fault => fault,
                },
                reason,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ServiceName;

    #[test]
    fn a_login_that_ends_within_a_week_is_told_of() {
        let now = Wall(1_795_312_800_000);
        let hours = |hours: u64| now.plus(Duration::from_secs(hours * 3600));
        for (end, refused, expected) in [
            (None, false, None),
            (Some(hours(90 * 24)), false, None),
            (Some(hours(7 * 24)), false, None),
            (Some(hours(7 * 24 - 1)), false, Some("ends in 6 days")),
            (Some(hours(25)), false, Some("ends in a day")),
            (Some(hours(23)), false, Some("ends within a day")),
            (Some(now), false, Some("has ended")),
            (Some(hours(25)), true, None),
        ] {
            let account = Account {
                key: AccountKey {
                    service: ServiceName::Discovr,
                    user: "ann".to_owned(),
                    profile: None,
                },
                user_name: "Ann".to_owned(),
                profile_name: None,
                scopes: Vec::new(),
                linked_at: Wall(0),
                linked_since: Wall(0),
                expires_at: end,
                needs_login: refused.then(|| "signed out".to_owned()),
            };
            let words = account.ends_soon(now);
            assert_eq!(words.is_some(), expected.is_some(), "{words:?}");
            let words = words.unwrap_or_default();
            assert!(words.contains(expected.unwrap_or_default()), "{words}");
        }
    }

    #[test]
    fn a_user_who_logs_in_anew_is_linked_since_the_first_login_of_the_row() {
        let login = |user: &str| NewLogin {
            account: AccountKey {
                service: ServiceName::Punchplay,
                user: user.to_owned(),
                profile: None,
            },
            user_name: user.to_owned(),
            profile_name: None,
            scopes: Vec::new(),
            client_id: "c".to_owned(),
            tokens: Tokens {
                access: None,
                access_expires_at: Wall(0),
                access_life: Duration::ZERO,
                refresh: Secret::new("r"),
                refresh_expires_at: None,
            },
        };
        let mut record = None;
        for (user, now, since) in [
            ("ann", 1, 1),
            ("ann", 2, 1),
            ("ann", 3, 1),
            ("bob", 4, 4),
            ("ann", 5, 5),
            ("ann", 6, 5),
            ("ann", 3, 3),
        ] {
            let new = Record::in_place_of(record.as_ref(), login(user), Wall(now));
            let account = Account::from(&new);
            assert_eq!(
                (account.linked_at, account.linked_since),
                (Wall(now), Wall(since))
            );
            record = Some(new);
        }
    }

    #[test]
    fn a_token_is_renewed_five_minutes_or_a_fifth_of_its_life_ahead() {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        for (life, left, expected) in [
            (60, 60, Age::Fresh),
            (60, 5, Age::Fresh),
            (60, 4, Age::Ageing),
            (60, 0, Age::Spent),
            (10, 3, Age::Fresh),
            (10, 2, Age::Fresh),
            (10, 1, Age::Ageing),
        ] {
            let now = Wall(1_000_000_000_000);
            let mut tokens = Tokens {
                access: Some(Secret::new("a")),
                access_expires_at: now.plus(minutes(left)),
                access_life: minutes(life),
                refresh: Secret::new("r"),
                refresh_expires_at: None,
            };
            assert_eq!(tokens.age(now), expected, "{left} of {life} minutes");
            assert_eq!(tokens.age(now.plus(minutes(61))), Age::Spent);
            tokens.access = None;
            assert_eq!(tokens.age(now), Age::Spent);
        }
    }
}
