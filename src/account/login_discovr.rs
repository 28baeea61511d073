//! Logging in at Discovr by device code. The address to open stands only inside a QR image; the login is for the whole
//! account, and a profile of it is chosen afterwards.

use std::time::Duration;

use serde_json::{Value, json};

use super::device_code::Heard;
use super::error::LoginError;
use super::profile::{Profile, choose, profiles};
use super::progress::{OnProgress, Progress, approved};
use super::record::{NewLogin, Tokens};
use super::{client_id, qr_image, renew};
use crate::config::Config;
use crate::model::{AccountKey, Secret, ServiceName, Wall};
use crate::service::Answer;
use crate::service::answer::{epoch, printable, text, whole};
use crate::service::http::{Base, Http, Request, Unreachable, encoded};

const SERVICE: ServiceName = ServiceName::Discovr;

/// What a login lives, should the answer not say.
const USUAL_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

/// Signed in; a profile is still to be chosen.
#[derive(Debug)]
pub struct SignedIn {
    /// Newest first, as the service lists them; may be empty.
    pub profiles: Vec<Profile>,
    user: String,
    client_id: String,
    refresh: Secret,
    expires_at: Wall,
    base: Base,
}

impl SignedIn {
    /// Ends the login that was approved, as nothing comes of it; as far as the service can be reached.
    pub async fn give_up(&self, http: &Http) {
        sign_out(http, &self.base, &self.refresh).await;
    }

    /// The login for one profile: by name, number or id; empty for the only one.
    ///
    /// # Errors
    /// If that is none, or more than one.
    pub fn as_profile(&self, asked: &str) -> Result<NewLogin, LoginError> {
        let profile = choose(&self.profiles, asked)?;
        Ok(NewLogin {
            account: AccountKey {
                service: SERVICE,
                user: self.user.clone(),
                profile: Some(profile.id.clone()),
            },
            user_name: printable(&self.user),
            profile_name: Some(profile.name.clone()),
            scopes: Vec::new(),
            client_id: self.client_id.clone(),
            tokens: Tokens {
                access: None,
                access_expires_at: Wall(0),
                access_life: Duration::ZERO,
                refresh: self.refresh.clone(),
                refresh_expires_at: Some(self.expires_at),
            },
        })
    }
}

/// Signs in. Takes as long as the user does, at most as long as the code lives; may be dropped at any time.
///
/// # Errors
/// In words that say what, why and what to do.
pub async fn login(
    http: &Http,
    config: &Config,
    on: OnProgress<'_>,
) -> Result<SignedIn, LoginError> {
    let client_id =
        client_id(SERVICE, config).ok_or(LoginError::NoClientId { service: SERVICE })?;
    let base = Base::parse(&config.discovr.base_url).map_err(|why| LoginError::BaseUrl {
        service: SERVICE,
        why,
    })?;
    let flow = Flow { http, base };
    let code = flow.code(&client_id).await?;
    let url = qr_image::read(&code.image).filter(|url| is_web_address(url));
    let url = url.ok_or(LoginError::UnreadableQr { service: SERVICE })?;
    on(Progress::Code {
        code: printable(&code.user),
        url: url.clone(),
        complete: url,
        expires_in: code.life,
    });
    let poll = async || flow.poll(&code.device).await;
    let approval = approved(SERVICE, code.life, poll, on).await?;
    let profiles = match flow.profiles(&approval.refresh).await {
        Ok(profiles) => profiles,
        Err(error) => {
            sign_out(http, &flow.base, &approval.refresh).await;
            return Err(error);
        }
    };
    Ok(SignedIn {
        base: flow.base,
        profiles,
        user: approval.user,
        client_id,
        refresh: approval.refresh,
        expires_at: approval.expires_at,
    })
}

async fn sign_out(http: &Http, base: &Base, refresh: &Secret) {
    if let Err(error) = renew::sign_out(http, base, refresh).await {
        tracing::debug!(
            "the login that was not used could not be ended: {}",
            error.0
        );
    }
}

/// Only what a browser opens, and only what a terminal can print.
fn is_web_address(url: &str) -> bool {
    let web = url.starts_with("https://") || url.starts_with("http://");
    web && url.len() <= 2000 && url.chars().all(|c| c.is_ascii_graphic())
}

struct Flow<'a> {
    http: &'a Http,
    base: Base,
}

/// What `/auth/device-codes` gives.
struct Code {
    device: String,
    user: String,
    image: String,
    life: Option<Duration>,
}

/// What an approved poll gives.
#[derive(Debug, PartialEq, Eq)]
struct Approval {
    refresh: Secret,
    user: String,
    expires_at: Wall,
}

impl Flow<'_> {
    async fn code(&self, client_id: &str) -> Result<Code, LoginError> {
        let url = self.base.join("/auth/device-codes").map_err(offline)?;
        let request = Request::post(url, &json!({ "clientID": client_id }));
        let answer = self.http.send(request).await.map_err(offline)?;
        if !answer.is_success() {
            return Err(refused_code(&answer));
        }
        let body = answer.object().unwrap_or_default();
        let field = |key: &str| body.get(key).and_then(text);
        let code = field("deviceCode").zip(field("authQRCode"));
        let (device, image) = code.ok_or_else(|| LoginError::odd(SERVICE, answer.words()))?;
        Ok(Code {
            device,
            image,
            user: field("userCode").unwrap_or_default(),
            life: body
                .get("expiresIn")
                .and_then(whole)
                .map(Duration::from_millis),
        })
    }

    async fn poll(&self, device: &str) -> Heard<Approval> {
        let path = format!("/auth/device-codes/{}", encoded(device));
        let answer = match self.ask("POST", &format!("{path}/poll")).await {
            // An older form of the same.
            Ok(answer) if matches!(answer.status, 404 | 405) && !has_status(&answer) => {
                self.ask("GET", &format!("{path}/token")).await
            }
            other => other,
        };
        match answer {
            Ok(answer) => polled(&answer),
            Err(error) => Heard::Trouble(error.0),
        }
    }

    async fn ask(&self, method: &str, path: &str) -> Result<Answer, Unreachable> {
        let mut request = Request::get(self.base.join(path)?);
        request.method = method;
        self.http.send(request).await
    }

    async fn profiles(&self, refresh: &Secret) -> Result<Vec<Profile>, LoginError> {
        let url = self.base.join("/profiles").map_err(offline)?;
        let request = Request::get(url).bearer(refresh);
        let answer = self.http.send(request).await.map_err(offline)?;
        if !answer.is_success() {
            return Err(LoginError::refused(SERVICE, &answer));
        }
        profiles(&answer).ok_or_else(|| LoginError::odd(SERVICE, answer.words()))
    }
}

fn has_status(answer: &Answer) -> bool {
    answer
        .object()
        .is_some_and(|body| body.contains_key("status"))
}

/// What the answer to a poll says: by its body first, for the status of "not yet" is not documented.
fn polled(answer: &Answer) -> Heard<Approval> {
    let body = answer.object().unwrap_or_default();
    let field = |key: &str| body.get(key).and_then(text);
    let status = body
        .get("status")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if let Some(refresh) = field("refreshToken").filter(|_| answer.is_success()) {
        return match field("publicId") {
            Some(user) => Heard::Approved(Approval {
                refresh: Secret::new(refresh),
                user,
                expires_at: body
                    .get("expiresAt")
                    .and_then(epoch)
                    .unwrap_or_else(|| answer.at.plus(USUAL_LIFE)),
            }),
            None => Heard::Trouble("it does not say whose login it is".to_owned()),
        };
    }
    match (status.to_ascii_lowercase().as_str(), answer.status) {
        ("pending", _) => Heard::Pending,
        ("denied" | "rejected", _) => Heard::Denied,
        ("expired", _) => Heard::Expired,
        (_, 429) => Heard::Throttled(answer.wait()),
        // The documented end: the code is dead, whether by time or by a no.
        (_, 401) => Heard::Expired,
        (_, 400..=499) if answer.api_error().is_some() => Heard::Refused(answer.words()),
        _ => Heard::Trouble(answer.words()),
    }
}

/// Discovr documents no error code for a wrong client id, and a request for a code says nothing but that id.
fn refused_code(answer: &Answer) -> LoginError {
    match answer.status {
        400 | 401 | 403 | 404 | 422 if answer.api_error().is_some() => LoginError::WrongClientId {
            service: SERVICE,
            words: answer.words(),
        },
        _ => LoginError::refused(SERVICE, answer),
    }
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
            at: Wall(1_795_312_800_000),
            ..Answer::default()
        }
    }

    #[test]
    fn a_poll_is_read_by_its_body() {
        let name = |status, body: &str| polled(&answer(status, body)).name();
        for (status, body, expected) in [
            (200, r#"{"status":"pending"}"#, "pending"),
            (202, r#"{"status":"pending"}"#, "pending"),
            (400, r#"{"status":"PENDING"}"#, "pending"),
            (401, "", "expired"),
            (401, r#"{"error":"expired"}"#, "expired"),
            (200, r#"{"status":"denied"}"#, "denied"),
            (400, r#"{"error":"bad"}"#, "refused"),
            (404, "<html>", "trouble"),
            (429, "", "throttled"),
            (500, r#"{"error":"x"}"#, "trouble"),
            (200, "{}", "trouble"),
            (200, r#"{"refreshToken":"rt_1"}"#, "trouble"),
            (200, r#"{"refreshToken":"rt_1","publicId":"u"}"#, "approved"),
        ] {
            assert_eq!(name(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn the_end_of_a_login_is_in_seconds_since_1970() {
        let body = r#"{"refreshToken":"rt_1","publicId":7,"expiresAt":1803088800}"#;
        let Heard::Approved(approval) = polled(&answer(200, body)) else {
            panic!("approved");
        };
        assert_eq!(approval.expires_at, Wall(1_803_088_800_000));
        assert_eq!(approval.user, "7");
    }

    #[test]
    fn only_a_printable_web_address_is_shown() {
        assert!(is_web_address("https://discovr.media/x?y=z"));
        for bad in [
            "javascript:alert(1)",
            "https://x/\u{1b}[2J",
            "https://x y",
            "",
            "tel:1",
        ] {
            assert!(!is_web_address(bad), "{bad}");
        }
    }
}
