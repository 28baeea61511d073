//! What an answer of PunchPlay to a playback event means.

use std::time::Duration;

use serde_json::Value;

use crate::service::answer::{ids, printable};
use crate::service::{Answer, Disposition, Fault};

/// After a token that is fresh and yet refused: no sooner than the next forced refresh may be.
const AFTER_REFUSAL: Duration = Duration::from_secs(60);

/// Words that say that only a new login helps. A bare status never says it.
pub(crate) const LOGIN_REFUSED: [&str; 3] =
    ["invalid_grant", "invalid_client", "unauthorized_client"];

/// What is to be done after this answer.
#[must_use]
pub fn classify(answer: &Answer) -> Disposition {
    match answer.status {
        200..=299 => accepted(answer),
        401 if answer.has_code(&LOGIN_REFUSED) => needs_login(answer),
        401 => retry(answer, Fault::Throttled, Some(AFTER_REFUSAL)),
        403 if answer.has_code(&["insufficient_scope"]) => needs_login(answer),
        // The edge's, or one that may pass: nothing is lost by asking again, aside from the others.
        403 | 408 | 425 => retry(answer, Fault::Server, answer.wait()),
        429 | 503 => retry(answer, Fault::Throttled, answer.wait()),
        400..=499 if answer.api_error().is_some() => Disposition::Reject {
            reason: answer.words(),
        },
        // A wrong `base_url`, or something between us and PunchPlay: not an answer to this event.
        404 | 405 => retry(answer, Fault::Unreachable, answer.wait()),
        400..=599 => retry(answer, Fault::Server, answer.wait()),
        _ => retry(answer, Fault::Unreachable, answer.wait()),
    }
}

/// 200 says that it was taken; whether it will be used is in the body.
fn accepted(answer: &Answer) -> Disposition {
    let body = match answer.object() {
        Some(body) => body,
        None if answer.status == 204 => serde_json::Map::new(),
        // A portal or a proxy answered in its place. Sending again is safe: the event has an id.
        None => return retry(answer, Fault::Unreachable, None),
    };
    if body.get("ok") == Some(&Value::Bool(false)) {
        return Disposition::Reject {
            reason: answer.words(),
        };
    }
    Disposition::Delivered {
        ids: ids(&body),
        deduped: body.get("deduped") == Some(&Value::Bool(true)),
        ignored: match body.get("ignored") {
            Some(Value::String(reason)) => Some(printable(reason)),
            Some(Value::Bool(true)) => Some("no reason given".to_owned()),
            _ => None,
        },
    }
}

fn needs_login(answer: &Answer) -> Disposition {
    Disposition::NeedsLogin {
        reason: answer.words(),
    }
}

fn retry(answer: &Answer, fault: Fault, after: Option<Duration>) -> Disposition {
    Disposition::Retry {
        after,
        fault,
        reason: answer.words(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: &str = "<html><body>Forbidden</body></html>";

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            body: body.to_owned(),
            ..Answer::default()
        }
    }

    fn short(disposition: &Disposition) -> String {
        match disposition {
            Disposition::Delivered {
                ids,
                deduped,
                ignored,
            } => format!("delivered {:?} {deduped} {ignored:?}", ids.tmdb),
            Disposition::Retry { after, fault, .. } => {
                format!("retry {fault:?} {:?}", after.map(|after| after.as_secs()))
            }
            Disposition::NeedsLogin { .. } => "needs login".to_owned(),
            Disposition::Reject { .. } => "reject".to_owned(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn every_status_has_one_meaning() {
        let error = |code: &str| format!(r#"{{"error":"{code}","message":"m","request_id":"r"}}"#);
        for (status, body, expected) in [
            (
                200,
                r#"{"ok":true}"#.to_owned(),
                "delivered None false None",
            ),
            (
                200,
                r#"{"ok":true,"tmdb_id":550,"new_field":[1]}"#.to_owned(),
                "delivered Some(550) false None",
            ),
            (
                200,
                r#"{"ok":true,"deduped":true}"#.to_owned(),
                "delivered None true None",
            ),
            (
                200,
                r#"{"ok":true,"ignored":"old_event"}"#.to_owned(),
                r#"delivered None false Some("old_event")"#,
            ),
            (
                200,
                r#"{"ok":true,"ignored":null,"tmdb_id":null}"#.to_owned(),
                "delivered None false None",
            ),
            (
                200,
                r#"{"ok":true,"ignored":false}"#.to_owned(),
                "delivered None false None",
            ),
            (200, r#"{"ok":false,"message":"no"}"#.to_owned(), "reject"),
            (200, HTML.to_owned(), "retry Unreachable None"),
            (200, String::new(), "retry Unreachable None"),
            (204, String::new(), "delivered None false None"),
            (302, String::new(), "retry Unreachable None"),
            (400, error("invalid_request"), "reject"),
            (400, HTML.to_owned(), "retry Server None"),
            (401, error("invalid_token"), "retry Throttled Some(60)"),
            (401, String::new(), "retry Throttled Some(60)"),
            (401, error("invalid_grant"), "needs login"),
            (401, error("unauthorized_client"), "needs login"),
            (403, error("insufficient_scope"), "needs login"),
            (403, error("invalid_grant"), "retry Server None"),
            (403, HTML.to_owned(), "retry Server None"),
            (404, error("not_found"), "reject"),
            (404, HTML.to_owned(), "retry Unreachable None"),
            (408, String::new(), "retry Server None"),
            (409, error("conflict"), "reject"),
            (413, error("invalid_request"), "reject"),
            (422, error("invalid_request"), "reject"),
            (429, error("rate_limited"), "retry Throttled None"),
            (429, HTML.to_owned(), "retry Throttled None"),
            (500, error("server_error"), "retry Server None"),
            (500, error("invalid_grant"), "retry Server None"),
            (502, HTML.to_owned(), "retry Server None"),
            (
                503,
                "no available server".to_owned(),
                "retry Throttled None",
            ),
            (599, String::new(), "retry Server None"),
            (101, String::new(), "retry Unreachable None"),
            (0, String::new(), "retry Unreachable None"),
            (999, String::new(), "retry Unreachable None"),
        ] {
            assert_eq!(
                short(&classify(&answer(status, &body))),
                expected,
                "{status} {body}"
            );
        }
    }

    #[test]
    fn a_throttled_answer_says_how_long() {
        for (retry_after, reset, expected) in [
            (Some("30"), None, Some(30)),
            (None, Some("45"), Some(45)),
            (Some("30"), Some("45"), Some(30)),
            (None, None, None),
        ] {
            let answer = Answer {
                retry_after: retry_after.map(str::to_owned),
                rate_limit_reset: reset.map(str::to_owned),
                ..answer(429, "")
            };
            let Disposition::Retry { after, .. } = classify(&answer) else {
                panic!("429 is a retry");
            };
            assert_eq!(after.map(|after| after.as_secs()), expected);
        }
    }
}
