//! Sign-in: device codes, profiles and sessions of a profile.

use super::*;

impl Discovr {
    pub(super) fn device_code(&mut self, request: &Request) -> Reply {
        let body = match self.closed(request, &["clientID"], &["clientID"]) {
            Ok(body) => body,
            Err(reply) => return reply,
        };
        if body.get("clientID") != Some(&json!(DISCOVR_CLIENT_ID)) {
            return error(401, "CLIENT_INVALID", "unknown client");
        }
        self.made += 1;
        let code = format!("dev-{}", self.made);
        let user_code = format!("WXYZ-{}", self.made);
        let url = format!("https://discovr.media/link?code={user_code}");
        self.codes.insert(code.clone(), DeviceCode::default());
        Reply::json(
            200,
            &json!({
                "deviceCode": code,
                "userCode": user_code,
                "authQRCode": qr_image(&url),
                "expiresIn": 600_000,
            }),
        )
    }

    pub(super) fn poll(&mut self, code: &str) -> Reply {
        let (approve_at, every) = (self.approve_at_poll, self.poll_every);
        let Some(code) = self.codes.get_mut(code) else {
            return error(401, "CODE_INVALID", "unknown code");
        };
        let (state, too_soon) = code.poll(approve_at, every);
        if too_soon {
            self.violations
                .push("polled sooner than allowed".to_owned());
        }
        match state {
            CodeState::Pending => Reply::json(200, &json!({ "status": "pending" })),
            CodeState::Denied | CodeState::Expired | CodeState::Used => {
                error(401, "CODE_INVALID", "denied or expired")
            }
            CodeState::Approved => {
                let refresh = self.issue();
                let expires = Wall(now_ms()).plus(NINETY_DAYS).0 / 1000;
                Reply::json(
                    200,
                    &json!({
                        "refreshToken": refresh,
                        "publicId": public_id(&self.user),
                        "expiresAt": expires,
                    }),
                )
            }
        }
    }

    pub(super) fn list_profiles(&mut self, request: &Request) -> Reply {
        if let Err(reply) = self.signed_in(request) {
            return reply;
        }
        let one = |(id, name): &(String, String)| json!({ "id": id, "name": name, "avatarUrl": null, "createdAt": "2026-01-01T00:00:00Z" });
        let list: Vec<Value> = self.profiles.iter().map(one).collect();
        Reply::json(200, &json!({ "profiles": list }))
    }

    pub(super) fn mint(&mut self, request: &Request) -> Reply {
        if let Err(reply) = self.signed_in(request) {
            return reply;
        }
        let body = match self.closed(request, &["profileId"], &["profileId"]) {
            Ok(body) => body,
            Err(reply) => return reply,
        };
        let profile = text(&body, "profileId").to_owned();
        if !self.profiles.iter().any(|(id, _)| *id == profile) {
            return error(404, "PROFILE_NOT_FOUND", "no such profile");
        }
        self.mints += 1;
        self.made += 1;
        let token = format!("eyJ.session.{}", self.made);
        let life = self.session_life;
        self.sessions.insert(
            token.clone(),
            Session {
                profile,
                expires: Instant::now() + life,
            },
        );
        let expires = Wall(now_ms()).plus(life).0 / 1000;
        Reply::json(
            200,
            &json!({ "sessionToken": token, "sessionId": self.made, "expiresAt": expires }),
        )
    }

    pub(super) fn sign_out(&mut self, request: &Request) -> Reply {
        if let Err(reply) = self.signed_in(request) {
            return reply;
        }
        let token = request.bearer().unwrap_or_default();
        self.refresh.insert(token.to_owned(), false);
        Reply::json(200, &json!({ "revoked": true }))
    }

    pub(super) fn signed_in(&mut self, request: &Request) -> Result<(), Reply> {
        let token = request.bearer().unwrap_or_default();
        if self.sessions.contains_key(token) {
            self.violations
                .push("a session token came to the identity tier".to_owned());
            return Err(error(403, "WRONG_TOKEN_KIND", "not a refresh token"));
        }
        match self.refresh.get(token) {
            Some(true) => Ok(()),
            _ => Err(error(401, "TOKEN_INVALID", "signed out")),
        }
    }
}
