//! Identifiers, and the injected source of randomness they come from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Seeded randomness for ids and jitter: from the system in the daemon, from a printed seed in tests.
#[derive(Debug, Clone)]
pub struct Random(fastrand::Rng);

impl Random {
    /// The same seed gives the same ids.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(fastrand::Rng::with_seed(seed))
    }

    /// Uniform in `0.0..1.0`.
    pub fn fraction(&mut self) -> f64 {
        self.0.f64()
    }

    /// Any 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0.u64(..)
    }

    fn uuid(&mut self) -> Uuid {
        uuid::Builder::from_random_bytes(self.0.u128(..).to_be_bytes()).into_uuid()
    }
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh one.
            pub fn random(random: &mut Random) -> Self {
                Self(random.uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

uuid_id! {
    /// `event_id`: names one lifecycle event for ever; the key that a service dedupes by.
    EventId
}
uuid_id! {
    /// `playback_session_id`: one live stretch of a viewing. Spent after its `stop`.
    SessionId
}

impl SessionId {
    /// The one that tells what this one no longer can, as it was ended otherwise; always the same.
    #[must_use]
    pub fn after_it(self) -> Self {
        let other = !self.0.as_u128();
        Self(uuid::Builder::from_random_bytes(other.to_be_bytes()).into_uuid())
    }
}

/// Names a viewing on this machine: 16 hexadecimal digits, short enough to type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ViewingId(pub u64);

impl ViewingId {
    /// A fresh one.
    pub fn random(random: &mut Random) -> Self {
        Self(random.bits())
    }
}

impl fmt::Display for ViewingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for ViewingId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

/// Names one delivery; grows by one with every delivery ever made on this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeliveryId(pub u64);

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
