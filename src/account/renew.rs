//! Getting a new access token with the refresh token: the calls, and what their answers mean.

use std::time::Duration;

use serde_json::{Value, json};

use super::profile::{Profile, profiles};
use super::record::{NewLogin, Tokens, Unavailable};
use crate::model::{Secret, ServiceName};
use crate::service::answer::{Answer, epoch, text, whole};
use crate::service::http::{Base, Http, Request, Unreachable};
use crate::service::{Fault, punchplay};

/// What an access token of PunchPlay lives, should the answer not say.
const USUAL_LIFE: Duration = Duration::from_secs(3600);

/// PunchPlay allows 20 refreshes an hour from one address; after a 429 without a time, this keeps far below.
const AFTER_THROTTLED: Duration = Duration::from_secs(300);

/// Words that end a login. A bare status, a 403 and a 5xx never do.
pub(super) const REFUSED: [&str; 3] = ["invalid_grant", "invalid_client", "unauthorized_client"];

/// The same at Discovr, where they are said of the long-lived token.
const LOGIN_DEAD: [&str; 4] = [
    "TOKEN_INVALID",
    "TOKEN_EXPIRED",
    "SESSION_EXPIRED",
    "invalid_grant",
];

/// What a session token of Discovr lives, should the answer not say.
const SESSION_LIFE: Duration = Duration::from_secs(1800);

/// A session token that seems to end sooner than this is taken for one of the usual life.
const LEAST_LIFE: Duration = Duration::from_secs(60);

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
        ServiceName::Discovr => mint(http, base, login).await,
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
        ServiceName::Discovr => return sign_out(http, base, &login.tokens.refresh).await,
    };
    ended(&answer)
}

/// Ends a login at Discovr.
pub(super) async fn sign_out(
    http: &Http,
    base: &Base,
    refresh: &Secret,
) -> Result<(), Unreachable> {
    let mut request = Request::get(base.join("/auth/session")?);
    request.method = "DELETE";
    ended(&http.send(request.bearer(refresh)).await?)
}

fn ended(answer: &Answer) -> Result<(), Unreachable> {
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

/// A session token of Discovr for the login's profile.
async fn mint(http: &Http, base: &Base, login: &NewLogin) -> Result<Tokens, Unavailable> {
    let body = json!({ "profileId": login.account.profile });
    let url = base.join("/auth/session-token").map_err(unreachable)?;
    let request = Request::post(url, &body).bearer(&login.tokens.refresh);
    let answer = http.send(request).await.map_err(unreachable)?;
    let refused = match minted(&answer, &login.tokens) {
        Err(refused) if answer.api_error().is_some() => refused,
        result => return result,
    };
    if matches!(answer.status, 400 | 403 | 404 | 422) && profile_is_gone(http, base, login).await {
        return Err(Unavailable::NeedsLogin(format!(
            "its profile {} is not there any more",
            login.profile_name.as_deref().unwrap_or("(without a name)")
        )));
    }
    Err(refused)
}

/// The answer to a mint does not say what is wrong with a profile; the list of profiles does.
async fn profile_is_gone(http: &Http, base: &Base, login: &NewLogin) -> bool {
    let Ok(url) = base.join("/profiles") else {
        return false;
    };
    let answer = http
        .send(Request::get(url).bearer(&login.tokens.refresh))
        .await;
    let list = answer
        .ok()
        .filter(Answer::is_success)
        .and_then(|answer| profiles(&answer));
    let is_ours = |profile: &Profile| Some(&profile.id) == login.account.profile.as_ref();
    list.is_some_and(|list| !list.iter().any(is_ours))
}

/// What Discovr's answer to a mint means.
fn minted(answer: &Answer, old: &Tokens) -> Result<Tokens, Unavailable> {
    let body = answer.object().unwrap_or_default();
    let token = body.get("sessionToken").and_then(text);
    if let Some(token) = token.filter(|_| answer.is_success()) {
        let expires_at = body.get("expiresAt").and_then(epoch);
        // A token that is new is not over: it is a clock that is wrong, ours or theirs.
        let expires_at = expires_at
            .filter(|end| end.since(answer.at) > LEAST_LIFE)
            .unwrap_or_else(|| answer.at.plus(SESSION_LIFE));
        return Ok(Tokens {
            access: Some(Secret::new(token)),
            access_expires_at: expires_at,
            access_life: expires_at.since(answer.at),
            ..old.clone()
        });
    }
    let expired = old.refresh_expires_at.is_some_and(|end| end <= answer.at);
    match answer.status {
        400 | 401 | 403 if answer.has_code(&LOGIN_DEAD) => {
            Err(Unavailable::NeedsLogin(answer.words()))
        }
        // Its errors are not documented; that its time is over is.
        401 if expired => Err(Unavailable::NeedsLogin(
            "the login is over; Discovr ends it after 90 days".to_owned(),
        )),
        _ => Err(later(answer)),
    }
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
            .ok_or_else(|| later(answer));
    }
    match answer.status {
        400 | 401 if answer.has_code(&REFUSED) => Err(Unavailable::NeedsLogin(answer.words())),
        _ => Err(later(answer)),
    }
}

/// It concerns the account, whatever its status, and no delivery was sent.
fn later(answer: &Answer) -> Unavailable {
    let after = match answer.wait() {
        None if answer.status == 429 => Some(AFTER_THROTTLED),
        wait => wait,
    };
    Unavailable::Later {
        after,
        fault: Fault::Throttled,
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
