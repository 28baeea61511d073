//! What an answer of Discovr to a call below `/profile` means. Its errors are not documented: by status, with its words.

use std::time::Duration;

use crate::model::Ids;
use crate::service::{Answer, Disposition, Fault};

/// After a session token that is fresh and yet refused: no sooner than the next forced renewal may be.
const AFTER_REFUSAL: Duration = Duration::from_secs(60);

/// Words that say that the token is no good. A bare status, or a page of something on the way, never says it.
const TOKEN_REFUSED: [&str; 4] = [
    "TOKEN_INVALID",
    "TOKEN_EXPIRED",
    "SESSION_EXPIRED",
    "WRONG_TOKEN_KIND",
];

/// Whether another token may help.
#[must_use]
pub fn refuses_token(answer: &Answer) -> bool {
    answer.status == 401 || (answer.status == 403 && answer.has_code(&TOKEN_REFUSED))
}

/// What is to be done after this answer. A token that is refused was renewed before this is asked.
#[must_use]
pub fn classify(answer: &Answer) -> Disposition {
    match answer.status {
        204 => delivered(),
        200..=299 if answer.object().is_some() => delivered(),
        // Something else answered in its place; what became of the call nobody knows.
        200..=299 => retry(answer, Fault::Unreachable, None),
        401 | 403 if answer.has_code(&TOKEN_REFUSED) => Disposition::NeedsLogin {
            reason: answer.words(),
        },
        401 => retry(answer, Fault::Throttled, Some(AFTER_REFUSAL)),
        403 | 408 | 425 => retry(answer, Fault::Server, answer.wait()),
        429 => retry(answer, Fault::Throttled, answer.wait()),
        400..=499 if answer.api_error().is_some() => Disposition::Reject {
            reason: answer.words(),
        },
        404 | 405 => retry(answer, Fault::Unreachable, answer.wait()),
        // 503 as well: where every call appends, what may have been done is in doubt.
        400..=599 => retry(answer, Fault::Server, answer.wait()),
        _ => retry(answer, Fault::Unreachable, answer.wait()),
    }
}

fn delivered() -> Disposition {
    Disposition::Delivered {
        ids: Ids::default(),
        deduped: false,
        ignored: None,
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

    #[test]
    fn every_status_has_one_meaning() {
        let html = "<html></html>";
        for (status, body, expected) in [
            (200, r#"{"message":"ok"}"#, "delivered"),
            (201, r#"{"message":"ok","added":true}"#, "delivered"),
            (204, "", "delivered"),
            (200, html, "retry Unreachable None"),
            (200, "", "retry Unreachable None"),
            (302, "", "retry Unreachable None"),
            (400, r#"{"message":"bad mediaId"}"#, "reject"),
            (400, html, "retry Server None"),
            (401, "", "retry Throttled Some(60)"),
            (
                401,
                r#"{"message":"Unauthorized"}"#,
                "retry Throttled Some(60)",
            ),
            (401, r#"{"code":"TOKEN_INVALID"}"#, "needs login"),
            (401, r#"{"message":"TOKEN_EXPIRED"}"#, "needs login"),
            (
                403,
                r#"{"error":{"code":"WRONG_TOKEN_KIND"}}"#,
                "needs login",
            ),
            (403, r#"{"error":"forbidden"}"#, "retry Server None"),
            (403, html, "retry Server None"),
            (404, r#"{"error":"no such title"}"#, "reject"),
            (404, html, "retry Unreachable None"),
            (409, r#"{"error":"conflict"}"#, "reject"),
            (422, r#"{"error":"x"}"#, "reject"),
            (429, "", "retry Throttled None"),
            (500, r#"{"error":"x"}"#, "retry Server None"),
            (502, html, "retry Server None"),
            (503, "", "retry Server None"),
            (0, "", "retry Unreachable None"),
        ] {
            let answer = Answer {
                status,
                body: body.to_owned(),
                ..Answer::default()
            };
            let short = match classify(&answer) {
                Disposition::Delivered { .. } => "delivered".to_owned(),
                Disposition::NeedsLogin { .. } => "needs login".to_owned(),
                Disposition::Reject { .. } => "reject".to_owned(),
                Disposition::Retry { after, fault, .. } => {
                    format!("retry {fault:?} {:?}", after.map(|after| after.as_secs()))
                }
                other => format!("{other:?}"),
            };
            assert_eq!(short, expected, "{status} {body}");
        }
    }

    #[test]
    fn another_token_is_tried_for_a_401_or_for_words() {
        let refuses = |status, body: &str| {
            refuses_token(&Answer {
                status,
                body: body.to_owned(),
                ..Answer::default()
            })
        };
        assert!(refuses(401, ""));
        assert!(refuses(403, r#"{"code":"TOKEN_EXPIRED"}"#));
        assert!(!refuses(403, "<html>TOKEN_EXPIRED</html>"));
        assert!(!refuses(403, r#"{"code":"other"}"#));
        assert!(!refuses(500, r#"{"code":"TOKEN_EXPIRED"}"#));
    }
}
