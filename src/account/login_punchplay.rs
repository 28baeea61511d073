//! Logging in at PunchPlay by device code. Not stock RFC 8628: there is no `interval`, and "not yet" is a 400.

use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::device_code::Heard;
use super::error::LoginError;
use super::progress::{OnProgress, Progress, approved};
use super::record::{NewLogin, Tokens};
use super::{client_id, renew};
use crate::config::Config;
use crate::model::{AccountKey, ServiceName};
use crate::service::answer::{printable, text, whole};
use crate::service::http::{Base, Http, Request, Unreachable};
use crate::service::{Answer, punchplay};

const SERVICE: ServiceName = ServiceName::Punchplay;

/// What we ask to be allowed.
const SCOPES: &str = "profile:read playback:read playback:write";

/// Without this one, nothing could be reported.
const NEEDED: &str = "playback:write";

/// How often `/me` is asked, should it not answer: the code is used up, the login is in hand.
const WHO_ATTEMPTS: u32 = 4;
const WHO_PAUSE: Duration = Duration::from_secs(2);

/// Logs in. Takes as long as the user does, at most as long as the code lives; may be dropped at any time.
///
/// # Errors
/// In words that say what, why and what to do.
pub async fn login(
    http: &Http,
    config: &Config,
    device_id: &str,
    on: OnProgress<'_>,
) -> Result<NewLogin, LoginError> {
    let client_id =
        client_id(SERVICE, config).ok_or(LoginError::NoClientId { service: SERVICE })?;
    let base = Base::parse(&config.punchplay.base_url).map_err(|why| LoginError::BaseUrl {
        service: SERVICE,
        why,
    })?;
    let flow = Flow {
        http,
        base,
        client_id,
        device_id,
    };
    let code = flow.code().await?;
    on(code.progress());
    let poll = async || flow.poll(&code).await;
    let (tokens, scopes) = approved(SERVICE, code.life, poll, on).await?;
    flow.who(tokens, scopes).await
}

struct Flow<'a> {
    http: &'a Http,
    base: Base,
    client_id: String,
    device_id: &'a str,
}

/// What `/auth/device/code` gives.
#[derive(Debug, PartialEq, Eq)]
struct Code {
    user: String,
    device: String,
    url: String,
    complete: String,
    life: Option<Duration>,
}

impl Code {
    fn progress(&self) -> Progress {
        Progress::Code {
            code: printable(&self.user),
            url: printable(&self.url),
            complete: printable(&self.complete),
            expires_in: self.life,
        }
    }

    fn read(body: &Map<String, Value>) -> Option<Self> {
        let field = |key: &str| body.get(key).and_then(text);
        let url = field("verification_uri").or_else(|| field("verification_uri_complete"))?;
        Some(Self {
            user: field("user_code")?,
            device: field("device_code")?,
            complete: field("verification_uri_complete").unwrap_or_else(|| url.clone()),
            url,
            life: body
                .get("expires_in")
                .and_then(whole)
                .map(Duration::from_secs),
        })
    }
}

impl Flow<'_> {
    async fn post(&self, path: &str, body: &Value) -> Result<Answer, Unreachable> {
        let url = self.base.join(&format!("{}{path}", punchplay::API))?;
        self.http.send(Request::post(url, body)).await
    }

    async fn code(&self) -> Result<Code, LoginError> {
        let body = json!({ "client_id": self.client_id, "scope": SCOPES });
        let answer = self
            .post("/auth/device/code", &body)
            .await
            .map_err(offline)?;
        if !answer.is_success() {
            return Err(refused(&answer));
        }
        let code = answer.object().as_ref().and_then(Code::read);
        code.ok_or_else(|| LoginError::odd(SERVICE, answer.words()))
    }

    async fn poll(&self, code: &Code) -> Heard<(Tokens, Vec<String>)> {
        let body = json!({
            "client_id": self.client_id,
            "device_code": code.device,
            "device_id": self.device_id,
            "device_name": "reeld",
        });
        match self.post("/auth/device/token", &body).await {
            Ok(answer) => polled(&answer),
            Err(error) => Heard::Trouble(error.0),
        }
    }

    /// Whose login it is, and for what.
    async fn who(&self, tokens: Tokens, granted: Vec<String>) -> Result<NewLogin, LoginError> {
        let me = self.me(&tokens).await?;
        let user = me.get("id").and_then(text).ok_or_else(|| {
            LoginError::odd(SERVICE, "without saying whose login it is".to_owned())
        })?;
        let name = me.get("username").or_else(|| me.get("name")).and_then(text);
        let mut scopes = renew::scopes(me.get("scopes"));
        if scopes.is_empty() {
            scopes = granted;
        }
        if !scopes.is_empty() && !scopes.iter().any(|scope| scope == NEEDED) {
            return Err(LoginError::MissingScope {
                service: SERVICE,
                missing: NEEDED,
            });
        }
        Ok(NewLogin {
            user_name: printable(&name.unwrap_or_else(|| user.clone())),
            account: AccountKey {
                service: SERVICE,
                user,
                profile: None,
            },
            profile_name: None,
            scopes,
            client_id: self.client_id.clone(),
            tokens,
        })
    }

    async fn me(&self, tokens: &Tokens) -> Result<Map<String, Value>, LoginError> {
        let mut attempts = 0;
        loop {
            let mut request = Request::get(
                self.base
                    .join(&format!("{}/me", punchplay::API))
                    .map_err(offline)?,
            );
            request.bearer = tokens.access.as_ref();
            let error = match self.http.send(request).await {
                Ok(answer) if answer.is_success() => match answer.object() {
                    Some(me) => return Ok(me),
                    None => LoginError::odd(SERVICE, answer.words()),
                },
                Ok(answer) if matches!(answer.status, 400..=428) => return Err(refused(&answer)),
                Ok(answer) => refused(&answer),
                Err(error) => offline(error),
            };
            attempts += 1;
            if attempts == WHO_ATTEMPTS {
                return Err(error);
            }
            sleep(WHO_PAUSE).await;
        }
    }
}

/// What the answer to a poll says. "Not yet" is a 400, hence by the code, not the status.
fn polled(answer: &Answer) -> Heard<(Tokens, Vec<String>)> {
    if answer.is_success() {
        let body = answer.object().unwrap_or_default();
        return match renew::tokens(answer, None) {
            Some(tokens) => Heard::Approved((tokens, renew::scopes(body.get("scope")))),
            None => Heard::Trouble(answer.words()),
        };
    }
    let is = |codes: &[&str]| answer.has_code(codes);
    match answer.status {
        429 => Heard::Throttled(answer.wait()),
        500..=599 => Heard::Trouble(answer.words()),
        _ if is(&["authorization_pending"]) => Heard::Pending,
        _ if is(&["slow_down"]) => Heard::SlowDown,
        _ if is(&["expired", "expired_token"]) => Heard::Expired,
        _ if is(&["access_denied"]) => Heard::Denied,
        _ if answer.api_error().is_some() => Heard::Refused(answer.words()),
        _ => Heard::Trouble(answer.words()),
    }
}

fn refused(answer: &Answer) -> LoginError {
    LoginError::refused(SERVICE, answer)
}

fn offline(error: Unreachable) -> LoginError {
    LoginError::offline(SERVICE, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            body: body.to_owned(),
            ..Answer::default()
        }
    }

    #[test]
    fn a_poll_is_read_by_its_code() {
        let name = |status, body: &str| polled(&answer(status, body)).name();
        for (status, body, expected) in [
            (400, r#"{"error":"authorization_pending"}"#, "pending"),
            (400, r#"{"error":"slow_down"}"#, "slow down"),
            (400, r#"{"error":"expired"}"#, "expired"),
            (400, r#"{"error":"access_denied"}"#, "denied"),
            (403, r#"{"error":"access_denied"}"#, "denied"),
            (400, r#"{"error":"invalid_grant"}"#, "refused"),
            (401, r#"{"error":"invalid_client"}"#, "refused"),
            (429, r#"{"error":"rate_limited"}"#, "throttled"),
            (403, "<html>", "trouble"),
            (503, "no available server", "trouble"),
            (200, "<html>", "trouble"),
            (200, r#"{"access_token":"a"}"#, "trouble"),
            (
                200,
                r#"{"access_token":"a","refresh_token":"r"}"#,
                "approved",
            ),
        ] {
            assert_eq!(name(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_refused_code_request_says_whose_fault_it_is() {
        for (status, body, expected) in [
            (
                400,
                r#"{"error":"invalid_client"}"#,
                "does not accept the client id",
            ),
            (
                401,
                r#"{"error":"unauthorized_client"}"#,
                "does not accept the client id",
            ),
            (400, r#"{"error":"invalid_scope"}"#, "refused the login"),
            (429, r#"{"error":"rate_limited"}"#, "allows no more logins"),
            (403, "<html>", "is not one of PunchPlay's"),
            (404, "<html>", "is not one of PunchPlay's"),
            (503, "", "is in trouble"),
        ] {
            let error = refused(&answer(status, body));
            assert!(
                error.to_string().contains(expected),
                "{status} {body}: {error}"
            );
            assert!(!error.hint().is_empty());
        }
    }
}
