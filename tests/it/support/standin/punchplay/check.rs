//! What a playback event may say.

use super::*;

#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Text,
    Integer,
    Fraction,
    Boolean,
    BaseName,
}

/// Every documented key but `jellyfin_user_id`, which is not for us.
pub(super) const FIELDS: [(&str, Kind); 25] = [
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

pub(super) const REQUIRED: [&str; 8] = [
    "media_type",
    "title",
    "event_id",
    "playback_session_id",
    "event_created_at",
    "progress",
    "duration_seconds",
    "position_seconds",
];

pub(super) fn check(action: &str, body: &Map<String, Value>) -> Result<(), String> {
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
