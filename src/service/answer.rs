//! What a service answered, and how to read it: pure, tolerant, and safe to print.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::model::{Ids, Wall, visible};

/// Longest wait that a service may ask for: a wrong header must not silence us for a year.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Longest text of a service that is kept.
const LONGEST_WORDS: usize = 300;

/// One answer, whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// `Retry-After`, as it came.
    pub retry_after: Option<String>,
    /// `X-RateLimit-Reset`, as it came.
    pub rate_limit_reset: Option<String>,
    /// `X-PunchPlay-Request-Id` or the like.
    pub request_id: Option<String>,
    /// At most 1 MiB; bytes that are not UTF-8 are replaced.
    pub body: String,
    /// When it was received.
    pub at: Wall,
}

/// The machine-readable part of an error answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// E.g. `invalid_grant`; may be empty.
    pub code: String,
    /// For people; may be empty.
    pub message: String,
}

impl Answer {
    /// 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The body, if it is a JSON object.
    #[must_use]
    pub fn object(&self) -> Option<Map<String, Value>> {
        serde_json::from_str(&self.body).ok()
    }

    /// The error, if the body is one of an API and not of a proxy on the way. Its shape differs between services:
    /// `error` may be the code or an object, `code` may stand beside it.
    #[must_use]
    pub fn api_error(&self) -> Option<ApiError> {
        let body = self.object()?;
        let nested = body.get("error").and_then(Value::as_object);
        let text = |map: Option<&Map<String, Value>>, key: &str| {
            map.and_then(|map| map.get(key))
                .and_then(Value::as_str)
                .map(printable)
        };
        let code = text(nested, "code")
            .or_else(|| text(Some(&body), "code"))
            .or_else(|| text(Some(&body), "error"));
        let message = text(nested, "message")
            .or_else(|| text(Some(&body), "message"))
            .or_else(|| text(Some(&body), "status_message"));
        if code.is_none() && message.is_none() {
            return None;
        }
        Some(ApiError {
            code: code.unwrap_or_default(),
            message: message.unwrap_or_default(),
        })
    }

    /// Whether the error's code is one of these, in any case, or all that is said of it.
    #[must_use]
    pub fn has_code(&self, codes: &[&str]) -> bool {
        self.api_error().is_some_and(|error| {
            codes.iter().any(|code| {
                error.code.eq_ignore_ascii_case(code) || error.message.eq_ignore_ascii_case(code)
            })
        })
    }

    /// What it says, for people and logs: bounded, one line, with the request id where there is one.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = match self.api_error() {
            Some(ApiError { code, message }) if message.is_empty() => {
                format!("{} {code}", self.status)
            }
            Some(ApiError { code, message }) if code.is_empty() => {
                format!("{} {message}", self.status)
            }
            Some(ApiError { code, message }) => format!("{} {code}: {message}", self.status),
            None if (300..400).contains(&self.status) => {
                format!("{} and points elsewhere", self.status)
            }
            None if self.body.trim_start().starts_with('<') => {
                format!("{} with a web page instead of an answer", self.status)
            }
            None if self.body.trim().is_empty() => format!("{} without a word", self.status),
            // It may hold a token under a name that we do not know.
            None if self.is_success() => format!("{} with an answer of another form", self.status),
            None => format!("{} {}", self.status, printable(&self.body)),
        };
        if let Some(id) = self.request_id() {
            words.push_str(" (request ");
            words.push_str(&id);
            words.push(')');
        }
        words
    }

    fn request_id(&self) -> Option<String> {
        let body = || Some(self.object()?.get("request_id")?.as_str()?.to_owned());
        let id = self.request_id.clone().or_else(body)?;
        Some(printable(&id)).filter(|id| !id.is_empty())
    }

    /// How long it asks us to wait: `Retry-After` in seconds or as a date, else `X-RateLimit-Reset` as seconds from
    /// now or since 1970 (no document says which). At most an hour.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        let asked = self
            .retry_after
            .as_deref()
            .and_then(|text| self.seconds_or_date(text))
            .or_else(|| {
                self.rate_limit_reset
                    .as_deref()
                    .and_then(|text| self.seconds_or_epoch(text))
            });
        asked.map(|wait| wait.min(LONGEST_WAIT))
    }

    fn seconds_or_date(&self, text: &str) -> Option<Duration> {
        if let Some(wait) = seconds(text) {
            return Some(wait);
        }
        let date = httpdate::parse_http_date(text.trim()).ok()?;
        let since = date.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(Wall(0).plus(since).since(self.at))
    }

    fn seconds_or_epoch(&self, text: &str) -> Option<Duration> {
        const A_BILLION_SECONDS: Duration = Duration::from_secs(1_000_000_000);
        let value = seconds(text)?;
        if value < A_BILLION_SECONDS {
            return Some(value);
        }
        let epoch = if value < A_BILLION_SECONDS * 1000 {
            value
        } else {
            value / 1000
        };
        Some(Wall(0).plus(epoch).since(self.at))
    }
}

fn seconds(text: &str) -> Option<Duration> {
    let value: f64 = text.trim().parse().ok()?;
    Duration::try_from_secs_f64(value).ok()
}

/// Foreign text for a terminal or a log: one line, no control characters, nothing that turns or hides text, bounded.
#[must_use]
pub fn printable(text: &str) -> String {
    let line = visible(text)
        .chars()
        .take(LONGEST_WORDS)
        .collect::<String>();
    line.trim().to_owned()
}

/// A whole number, though it may come as a string or with a fraction of zero.
#[must_use]
pub fn whole(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_str()?.trim().parse().ok())
        .or_else(|| exact(value.as_f64()?))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked"
)]
fn exact(value: f64) -> Option<u64> {
    let in_range = (0.0..9_007_199_254_740_992.0).contains(&value);
    (in_range && value.fract() == 0.0).then_some(value as u64)
}

/// Text, though it may come as a number (ids do).
#[must_use]
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A time in seconds since 1970; what is too long ahead for that is in milliseconds.
#[must_use]
pub fn epoch(value: &Value) -> Option<Wall> {
    const MOST_SECONDS: u64 = 100_000_000_000;
    let number = whole(value).filter(|number| *number > 0)?;
    let ms = if number < MOST_SECONDS {
        number.checked_mul(1000)?
    } else {
        number
    };
    i64::try_from(ms).ok().map(Wall)
}

/// `tmdb_id`, `imdb_id` and `tvdb_id` of an answer.
#[must_use]
pub fn ids(body: &Map<String, Value>) -> Ids {
    let number = |key: &str| body.get(key).and_then(whole).filter(|id| *id > 0);
    Ids {
        tmdb: number("tmdb_id"),
        imdb: body
            .get("imdb_id")
            .and_then(text)
            .filter(|id| is_imdb_id(id)),
        tvdb: number("tvdb_id"),
    }
}

/// `tt` and digits.
#[must_use]
pub fn is_imdb_id(id: &str) -> bool {
    id.strip_prefix("tt").is_some_and(|digits| {
        (1..=12).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_312_800_000; // 2026-11-22T02:00:00Z

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            body: body.to_owned(),
            at: Wall(NOW),
            ..Answer::default()
        }
    }

    #[test]
    fn an_error_is_found_wherever_a_service_puts_it() {
        for (body, code, message) in [
            (r#"{"error":"invalid_grant"}"#, "invalid_grant", ""),
            (
                r#"{"error":"not_found","message":"No."}"#,
                "not_found",
                "No.",
            ),
            (
                r#"{"code":"TOKEN_INVALID","error":"Bad"}"#,
                "TOKEN_INVALID",
                "",
            ),
            (r#"{"error":{"code":"X","message":"Y"}}"#, "X", "Y"),
            (r#"{"message":"only words"}"#, "", "only words"),
            (r#"{"status_code":7,"status_message":"No."}"#, "", "No."),
        ] {
            let error = answer(400, body).api_error().unwrap();
            assert_eq!(
                (error.code.as_str(), error.message.as_str()),
                (code, message)
            );
        }
        for body in [
            "",
            "<html>403</html>",
            "[]",
            "{}",
            r#"{"error":null}"#,
            "no available server",
        ] {
            assert_eq!(answer(403, body).api_error(), None, "{body}");
        }
    }

    #[test]
    fn words_are_one_bounded_line_without_control_characters() {
        let hostile = format!(
            "{{\"error\":\"a\\u001b[2Jb\",\"message\":\"{}\"}}",
            "x".repeat(5000)
        );
        let words = answer(400, &hostile).words();
        assert!(!words.contains('\u{1b}') && words.chars().count() < 2 * LONGEST_WORDS + 20);
        assert_eq!(
            answer(200, r#"{"token":"secret"}"#).words(),
            "200 with an answer of another form"
        );
        assert_eq!(printable("a\u{202e}b\u{200b}c"), "abc");
        assert_eq!(
            answer(403, " <html>").words(),
            "403 with a web page instead of an answer"
        );
        assert_eq!(
            answer(400, r#"{"error":"x","message":"y","request_id":"ppreq_1"}"#).words(),
            "400 x: y (request ppreq_1)"
        );
    }

    #[test]
    fn the_wait_is_read_in_every_form_and_bounded() {
        let wait = |retry: Option<&str>, reset: Option<&str>| {
            Answer {
                retry_after: retry.map(str::to_owned),
                rate_limit_reset: reset.map(str::to_owned),
                ..answer(429, "")
            }
            .wait()
            .map(|wait| wait.as_secs())
        };
        assert_eq!(wait(Some("7"), None), Some(7));
        assert_eq!(wait(Some("Sun, 22 Nov 2026 02:00:30 GMT"), None), Some(30));
        assert_eq!(wait(Some("Sun, 22 Nov 2026 01:00:00 GMT"), None), Some(0));
        assert_eq!(wait(Some("999999999"), None), Some(3600));
        assert_eq!(wait(Some("soon"), Some("12")), Some(12));
        assert_eq!(wait(None, Some("1795312860")), Some(60));
        assert_eq!(wait(None, Some("1795312860000")), Some(60));
        assert_eq!(wait(Some("-1"), None), None);
        assert_eq!(wait(Some("NaN"), None), None);
        assert_eq!(wait(None, None), None);
    }

    #[test]
    fn a_time_is_in_seconds_unless_that_is_absurd() {
        let read = |text: &str| epoch(&serde_json::from_str(text).unwrap()).map(|wall| wall.0);
        assert_eq!(read("1803088800"), Some(1_803_088_800_000));
        assert_eq!(read("\"1803088800\""), Some(1_803_088_800_000));
        assert_eq!(read("1803088800000"), Some(1_803_088_800_000));
        assert_eq!(read("18446744073709551615"), None);
        assert_eq!(read("0"), None);
        assert_eq!(read("null"), None);
    }

    #[test]
    fn ids_are_read_as_numbers_or_strings_and_nonsense_is_dropped() {
        let body = answer(
            200,
            r#"{"tmdb_id":"550","imdb_id":"tt0137523","tvdb_id":7.0}"#,
        );
        let ids = ids(&body.object().unwrap());
        assert_eq!((ids.tmdb, ids.tvdb), (Some(550), Some(7)));
        assert_eq!(ids.imdb.as_deref(), Some("tt0137523"));
        let body = answer(200, r#"{"tmdb_id":0,"imdb_id":"nm1","tvdb_id":null}"#);
        assert!(super::ids(&body.object().unwrap()).is_empty());
    }
}
