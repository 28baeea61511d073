//! Getting a new access token with the refresh token: the calls, and what their answers mean.

use std::time::Duration;

use serde_json::{Value, json};

use super::record::{NewLogin, Tokens, Unavailable};
use crate::model::{Secret, ServiceName};
use crate::service::answer::{Answer, text, whole};
use crate::service::http::{Base, Http, Request, Unreachable};
use crate::service::{Fault, punchplay};

/// What an access token of PunchPlay lives, should the answer not say.
const USUAL_LIFE: Duration = Duration::from_secs(3600);

/// PunchPlay allows 20 refreshes an hour from one address; after a 429 without a time, this keeps far below.
const AFTER_THROTTLED: Duration = Duration::from_secs(300);

/// Words that end a login. A bare status, a 403 and a 5xx never do.
pub(super) const REFUSED: [&str; 3] = ["invalid_grant", "invalid_client", "unauthorized_client"];

/// Asks the service for a new access token.
pub(super) async fn renew(
    http: &Http,
    base: &Base,
    login: &NewLogin,
) -> Result<Tokens, Unavailable> {
    match login.account.service {
        ServiceName::Punchplay => {
            let answer = refresh(http, base, login).await.map_err(unreachable)?;
            refreshed(&answer, &login.tokens)
        }
        ServiceName::Discovr => Err(Unavailable::NeedsLogin("not linked".to_owned())),
    }
}

/// Tells the service that a login is not used any more.
pub(super) async fn revoke(http: &Http, base: &Base, login: &NewLogin) -> Result<(), Unreachable> {
    let answer = match login.account.service {
        ServiceName::Punchplay => {
            let body = json!({
                "client_id": login.client_id,
                "token": login.tokens.refresh.expose(),
                "token_type_hint": "refresh_token",
            });
            let url = base.join(&format!("{}/oauth/revoke", punchplay::API))?;
            http.send(Request::post(url, &body)).await?
        }
        ServiceName::Discovr => return Ok(()),
    };
    if answer.is_success() {
        Ok(())
    } else {
        Err(Unreachable(answer.words()))
    }
}

async fn refresh(http: &Http, base: &Base, login: &NewLogin) -> Result<Answer, Unreachable> {
    let body = json!({
        "client_id": login.client_id,
        "refresh_token": login.tokens.refresh.expose(),
    });
    let url = base.join(&format!("{}/auth/refresh", punchplay::API))?;
    http.send(Request::post(url, &body)).await
}

fn unreachable(error: Unreachable) -> Unavailable {
    Unavailable::Later {
        after: None,
        fault: Fault::Unreachable,
        reason: format!("the login could not be renewed: {error}"),
    }
}

/// What PunchPlay's answer to a refresh means.
fn refreshed(answer: &Answer, old: &Tokens) -> Result<Tokens, Unavailable> {
    if answer.is_success() {
        return tokens(answer, Some(&old.refresh))
            .map(|new| Tokens {
                refresh_expires_at: new.refresh_expires_at.or(old.refresh_expires_at),
                ..new
            })
            .ok_or_else(|| later(answer, Fault::Server));
    }
    match answer.status {
        400 | 401 if answer.has_code(&REFUSED) => Err(Unavailable::NeedsLogin(answer.words())),
        429 | 503 => Err(later(answer, Fault::Throttled)),
        500..=599 => Err(later(answer, Fault::Server)),
        _ => Err(later(answer, Fault::Unreachable)),
    }
}

fn later(answer: &Answer, fault: Fault) -> Unavailable {
    let after = match answer.wait() {
        None if answer.status == 429 => Some(AFTER_THROTTLED),
        wait => wait,
    };
    Unavailable::Later {
        after,
        fault,
        reason: format!("the login could not be renewed: {}", answer.words()),
    }
}

/// PunchPlay's token pair; an answer without a refresh token leaves the old one in force.
pub(super) fn tokens(answer: &Answer, old_refresh: Option<&Secret>) -> Option<Tokens> {
    let body = answer.object()?;
    let secret = |key: &str| body.get(key).and_then(text).map(Secret::new);
    let seconds = |key: &str| {
        let seconds = body.get(key).and_then(whole).filter(|seconds| *seconds > 0);
        seconds.map(Duration::from_secs)
    };
    let life = seconds("expires_in").unwrap_or(USUAL_LIFE);
    Some(Tokens {
        access: Some(secret("access_token")?),
        access_expires_at: answer.at.plus(life),
        access_life: life,
        refresh: secret("refresh_token").or_else(|| old_refresh.cloned())?,
        refresh_expires_at: seconds("refresh_expires_in").map(|life| answer.at.plus(life)),
    })
}

/// `scope` of a token answer, or `scopes` of `/me`.
pub(super) fn scopes(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(list)) => list.split_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(list)) => list.iter().filter_map(text).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
#[path = "renew_tests.rs"]
mod tests;
