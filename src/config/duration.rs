//! Durations as people write them: `"5s"`, `"1.5s"`, `"1m 30s"`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    humantime::parse_duration(&text).map_err(|_| {
        de::Error::custom(format!(
            "{text:?} is not a duration; write it like \"5s\", \"1.5s\" or \"1m 30s\""
        ))
    })
}
