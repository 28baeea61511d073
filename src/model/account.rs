//! Which service, and as whom.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The services that reeld reports to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ServiceName {
    /// punchplay.tv
    Punchplay,
    /// discovr.media
    Discovr,
}

impl ServiceName {
    /// All of them, in the order they are shown.
    pub const ALL: [Self; 2] = [Self::Punchplay, Self::Discovr];

    /// As typed on the command line and written in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Punchplay => "punchplay",
            Self::Discovr => "discovr",
        }
    }

    /// As people write it.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Punchplay => "PunchPlay",
            Self::Discovr => "Discovr",
        }
    }
}

impl fmt::Display for ServiceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for ServiceName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|service| service.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| format!("unknown service {text:?}; known are punchplay and discovr"))
    }
}

/// One account: deliveries are bound to it and are never sent as another one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountKey {
    /// At which service.
    pub service: ServiceName,
    /// The service's own id of the user (not the name, which may change).
    pub user: String,
    /// The profile's id, at services that have profiles.
    pub profile: Option<String>,
}
