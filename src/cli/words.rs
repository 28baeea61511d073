//! How things are said to people.

use std::time::Duration;

use serde_json::Value;

use crate::model::Wall;

/// Text of players and services without what would steer a terminal.
pub fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
    };
    text.chars()
        .map(|c| if steers(c) { '\u{fffd}' } else { c })
        .collect()
}

/// `5 min`, `3 h`, `2 days`: the largest unit is enough.
pub fn about(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// `5 min ago`, `in 3 h`.
pub fn relative(time: Wall, now: Wall) -> String {
    if time > now {
        format!("in {}", about(time.since(now)))
    } else {
        format!("{} ago", about(now.since(time)))
    }
}

/// In lines of at most `width` characters, broken between words where that can be.
pub fn wrapped(text: &str, width: usize) -> String {
    let mut lines = String::new();
    let mut used = 0;
    for word in printable(text).split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > width {
            lines.push('\n');
            used = 0;
        } else if used > 0 {
            lines.push(' ');
            used += 1;
        }
        lines.push_str(word);
        used += length;
    }
    lines
}

/// `42 %`
pub fn percent(fraction: f64) -> String {
    format!("{:.0} %", fraction * 100.0)
}

/// A `media_json` in a line: `Heat (1995)`, `Severance S02E01 “Hello, Ms. Cobel”`.
pub fn media(media: Option<&Value>) -> String {
    let Some(media) = media.filter(|media| media.is_object()) else {
        return String::new();
    };
    let text = |key: &str| media.get(key).and_then(Value::as_str);
    let mut line = text("title").unwrap_or("(unidentified)").to_owned();
    if let Some(year) = media.get("year").and_then(Value::as_u64) {
        line.push_str(&format!(" ({year})"));
    }
    let number = |key: &str, letter: &str| numbers(media.get(key), letter);
    let place = match (number("season", "S"), number("episode", "E")) {
        (None, None) => number("absolute_episode", "#"),
        (season, episode) => Some(season.unwrap_or_default() + &episode.unwrap_or_default()),
    };
    for part in [place.as_deref(), text("date")].into_iter().flatten() {
        line.push(' ');
        line.push_str(part);
    }
    if let Some(part) = media.get("part").and_then(Value::as_u64) {
        line.push_str(&format!(", part {part}"));
    }
    if let Some(title) = text("episode_title") {
        line.push_str(&format!(" “{title}”"));
    }
    line
}

fn numbers(value: Option<&Value>, letter: &str) -> Option<String> {
    let one = |value: &Value| value.as_u64().map(|number| format!("{letter}{number:02}"));
    match value? {
        Value::Array(several) => {
            let parts: Vec<String> = several.iter().filter_map(one).collect();
            (!parts.is_empty()).then(|| parts.concat())
        }
        single => one(single),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn durations_are_said_in_their_largest_unit() {
        for (seconds, wanted) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3599, "59 min"),
            (3600, "1 h"),
            (90_000, "25 h"),
            (200_000, "2 days"),
        ] {
            assert_eq!(about(Duration::from_secs(seconds)), wanted);
        }
        assert_eq!(relative(Wall(60_000), Wall(0)), "in 1 min");
        assert_eq!(relative(Wall(0), Wall(5_000)), "5 s ago");
    }

    #[test]
    fn long_text_is_broken_between_words() {
        for (text, wanted) in [
            ("", ""),
            ("one two three", "one two\nthree"),
            ("one  two", "one two"),
            ("a-very-long-word b", "a-very-long-word\nb"),
        ] {
            assert_eq!(wrapped(text, 8), wanted);
        }
    }

    #[test]
    fn media_is_said_in_a_line() {
        for (value, wanted) in [
            (json!({"title": "Heat", "year": 1995}), "Heat (1995)"),
            (
                json!({"title": "Severance", "season": 2, "episode": 1, "episode_title": "Hello"}),
                "Severance S02E01 “Hello”",
            ),
            (
                json!({"title": "Show", "season": 1, "episode": [2, 3]}),
                "Show S01E02E03",
            ),
            (
                json!({"title": "One Piece", "absolute_episode": 1071}),
                "One Piece #1071",
            ),
            (
                json!({"title": "News", "date": "2026-01-02"}),
                "News 2026-01-02",
            ),
            (
                json!({"title": "Kill Bill", "part": 2}),
                "Kill Bill, part 2",
            ),
            (json!({"title": null}), "(unidentified)"),
            (json!(null), ""),
        ] {
            assert_eq!(media(Some(&value)), wanted);
        }
    }
}
