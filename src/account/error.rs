//! What can go wrong around accounts, for people: what, why, what to do.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use super::device_code::Failure;
use crate::error::{CliError, in_short};
use crate::model::ServiceName;
use crate::service::Answer;
use crate::service::http::Unreachable;

/// The credentials could not be read or kept.
#[derive(Debug, Error)]
pub enum AccountError {
    /// Not readable.
    #[error("cannot read {}: {why}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// In the system's words.
        why: String,
    },
    /// Not writable.
    #[error("cannot write {}: {why}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// In the system's words.
        why: String,
    },
    /// Written by a later version.
    #[error("{} was written by a newer version of reeld", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// Held for longer than any change takes.
    #[error("another process keeps {} locked", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
}

impl AccountError {
    pub(super) fn unreadable(path: &Path, error: &io::Error) -> Self {
        Self::Unreadable {
            path: path.to_owned(),
            why: in_short(error),
        }
    }

    pub(super) fn unwritable(path: &Path, error: &io::Error) -> Self {
        Self::Unwritable {
            path: path.to_owned(),
            why: in_short(error),
        }
    }

    /// What to do.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => {
                "check that it is yours with the mode 0600, and that what its path leads through are folders"
            }
            Self::Unwritable { .. } => {
                "check that the folder belongs to you and that the disk is not full"
            }
            Self::Newer { .. } => "update reeld, or move the file away and log in again",
            Self::Locked { .. } => "end the other reeld command and try again",
        }
    }
}

/// A login did not come about.
#[derive(Debug, Error)]
pub enum LoginError {
    /// No application to log in as.
    #[error("no client id for {}: this build of reeld has none, and none is configured", service.title())]
    NoClientId {
        /// Where.
        service: ServiceName,
    },
    /// The service does not know the application.
    #[error("{} does not accept the client id: {words}", service.title())]
    WrongClientId {
        /// Where.
        service: ServiceName,
        /// In its words.
        words: String,
    },
    /// `base_url` is not usable.
    #[error("{service}.base_url is not usable: {why}")]
    BaseUrl {
        /// Where.
        service: ServiceName,
        /// Why.
        why: String,
    },
    /// No answer.
    #[error("{} cannot be reached: {why}", service.title())]
    Offline {
        /// Where.
        service: ServiceName,
        /// Why.
        why: String,
    },
    /// It answers, and does not work.
    #[error("{} is in trouble, and answers {words}", service.title())]
    InTrouble {
        /// Where.
        service: ServiceName,
        /// In its words.
        words: String,
    },
    /// Somebody answers, but not as the service does.
    #[error("the answer is not one of {}'s: {words}", service.title())]
    Odd {
        /// Where.
        service: ServiceName,
        /// In its words.
        words: String,
    },
    /// The code has died while the service could not be asked for it.
    #[error("{} could not be asked until the code expired: {why}", service.title())]
    Unasked {
        /// Where.
        service: ServiceName,
        /// Why.
        why: String,
    },
    /// The user said no.
    #[error("the login was denied at {}", service.title())]
    Denied {
        /// Where.
        service: ServiceName,
    },
    /// Nobody approved it in time.
    #[error("the code was {}not approved before it expired", perhaps_denied(*service))]
    Expired {
        /// Where.
        service: ServiceName,
    },
    /// Too many attempts.
    #[error("{} allows no more logins from this address for {}", service.title(), in_words(*after))]
    Throttled {
        /// Where.
        service: ServiceName,
        /// When it allows more.
        after: Option<Duration>,
    },
    /// Approved, but not for what is needed.
    #[error("the login may not report what is watched: the scope {missing} was not granted")]
    MissingScope {
        /// Where.
        service: ServiceName,
        /// Which.
        missing: &'static str,
    },
    /// Anything else that the service answers.
    #[error("{} refused the login: {words}", service.title())]
    Refused {
        /// Where.
        service: ServiceName,
        /// In its words.
        words: String,
    },
    /// The account has no profile.
    #[error("the account has no profile to report to")]
    NoProfile,
    /// There are several profiles.
    #[error("there are several profiles and none was chosen: {known}")]
    ProfileNotChosen {
        /// Number, name and id of each.
        known: String,
    },
    /// There is no such profile.
    #[error("there is no profile {asked:?}; there are: {known}")]
    UnknownProfile {
        /// What was asked for.
        asked: String,
        /// Number, name and id of each.
        known: String,
    },
    /// Several profiles have the name.
    #[error("several profiles are named {asked:?}: {known}")]
    AmbiguousProfile {
        /// What was asked for.
        asked: String,
        /// Number, name and id of each.
        known: String,
    },
    /// The QR image holds no URL.
    #[error("the QR code that {} sent cannot be read, and the address to open stands only in it", service.title())]
    UnreadableQr {
        /// Where.
        service: ServiceName,
    },
    /// The new login could not be kept.
    #[error(transparent)]
    Store(#[from] AccountError),
}

fn in_words(after: Option<Duration>) -> String {
    after.map_or_else(
        || "now".to_owned(),
        |after| {
            let whole = Duration::from_secs(after.as_secs());
            format!("the next {}", humantime::format_duration(whole))
        },
    )
}

/// Discovr does not tell a no from the end of a code's time.
fn perhaps_denied(service: ServiceName) -> &'static str {
    match service {
        ServiceName::Punchplay => "",
        ServiceName::Discovr => "denied, or ",
    }
}

impl LoginError {
    pub(super) fn offline(service: ServiceName, error: Unreachable) -> Self {
        Self::Offline {
            service,
            why: error.0,
        }
    }

    /// A code came to nothing.
    pub(super) fn failed(service: ServiceName, failure: Failure) -> Self {
        match failure {
            Failure::Denied => Self::Denied { service },
            Failure::Expired => Self::Expired { service },
            Failure::Unreachable(why) => Self::Unasked { service, why },
            Failure::Refused(words) => Self::Refused { service, words },
        }
    }

    /// A request of the sign-in was answered with an error.
    pub(super) fn refused(service: ServiceName, answer: &Answer) -> Self {
        let words = answer.words();
        let unknown = ["invalid_client", "unauthorized_client", "invalid_client_id"];
        match answer.status {
            429 => Self::Throttled {
                service,
                after: answer.wait(),
            },
            400..=499 if answer.has_code(&unknown) => Self::WrongClientId { service, words },
            400..=499 if answer.api_error().is_some() => Self::Refused { service, words },
            500..=599 => Self::InTrouble { service, words },
            _ => Self::odd(service, words),
        }
    }

    /// An answer of another form.
    pub(super) fn odd(service: ServiceName, words: String) -> Self {
        Self::Odd { service, words }
    }

    /// What to do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoClientId { service } => format!(
                "register an application with {} and set {service}.client_id in the configuration (reeld config path)",
                service.title()
            ),
            Self::WrongClientId { service, .. } => {
                format!("check {service}.client_id (reeld config show)")
            }
            Self::BaseUrl { service, .. } => format!("correct or remove {service}.base_url"),
            Self::Offline { service, .. } => format!(
                "check the network, then run `reeld login {service}` again; `reeld doctor` looks closer"
            ),
            Self::InTrouble { service, .. } => {
                format!("run `reeld login {service}` again later")
            }
            Self::Odd { service, .. } => format!(
                "does something stand in between, such as the sign-in page of a hotel? Open a page in a browser; and check {service}.base_url if it is set (reeld config show)"
            ),
            Self::Unasked { service, .. } => {
                format!("check the network, then run `reeld login {service}` again")
            }
            Self::Denied { service } | Self::Expired { service } => {
                format!("run `reeld login {service}` again")
            }
            Self::Throttled { service, .. } => {
                format!("run `reeld login {service}` again then")
            }
            Self::MissingScope { service, .. } => format!(
                "run `reeld login {service}` again and allow all that is asked, or allow the application the scope"
            ),
            Self::Refused { .. } => {
                "try again later; if it stays, report the words above".to_owned()
            }
            Self::NoProfile => "make a profile in Discovr's app, then log in again".to_owned(),
            Self::ProfileNotChosen { .. }
            | Self::UnknownProfile { .. }
            | Self::AmbiguousProfile { .. } => {
                "choose one with --profile NUMBER, NAME or ID, or set discovr.profile".to_owned()
            }
            Self::UnreadableQr { .. } => {
                "try again; if it stays, please report it: the service may have changed".to_owned()
            }
            Self::Store(error) => error.hint().to_owned(),
        }
    }
}

impl From<AccountError> for CliError {
    fn from(error: AccountError) -> Self {
        Self::user("the logins cannot be used")
            .because(error.to_string())
            .hint(error.hint())
    }
}

impl From<LoginError> for CliError {
    fn from(error: LoginError) -> Self {
        Self::user("the login did not succeed")
            .because(error.to_string())
            .hint(error.hint())
    }
}
