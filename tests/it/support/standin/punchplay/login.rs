//! Sign-in: device codes, tokens and who somebody is.

use super::*;

impl PunchPlay {
    pub(super) fn device_code(&mut self, request: &Request) -> Reply {
        let body = match self.closed(
            request,
            &["client_id", "client_secret", "scope"],
            &["client_id"],
        ) {
            Ok(body) => body,
            Err(reply) => return reply,
        };
        if self.code_limit.exceeded() {
            return error(429, "rate_limited", "too many codes").header("Retry-After", "360");
        }
        if !known_client(&body) {
            return error(400, "invalid_client", "unknown client");
        }
        self.made += 1;
        let device_code = format!("dc_{}", self.made);
        let user_code = format!("ABCD-{:04}", self.made);
        self.codes
            .insert(device_code.clone(), DeviceCode::default());
        Reply::json(
            200,
            &json!({
                "user_code": user_code,
                "device_code": device_code,
                "verification_uri": "https://punchplay.tv/link",
                "verification_uri_complete": format!("https://punchplay.tv/link?code={user_code}"),
                "verification_uri_qr": "data:image/png;base64,",
                "expires_in": self.code_life.as_secs(),
                "scope": self.scopes,
            }),
        )
    }

    pub(super) fn device_token(&mut self, request: &Request) -> Reply {
        let fields = [
            "client_id",
            "device_code",
            "client_secret",
            "device_id",
            "device_name",
            "linked_user_id",
            "linked_username",
        ];
        let body = match self.closed(request, &fields, &["client_id", "device_code"]) {
            Ok(body) => body,
            Err(reply) => return reply,
        };
        if self.poll_limit.exceeded() {
            return error(429, "rate_limited", "too many polls");
        }
        if !known_client(&body) {
            return error(400, "invalid_client", "unknown client");
        }
        let (approve_at, every) = (self.approve_at_poll, self.poll_every);
        let Some(code) = self.codes.get_mut(text(&body, "device_code")) else {
            return error(400, "invalid_grant", "unknown device code");
        };
        let (state, too_soon) = code.poll(approve_at, every);
        if too_soon {
            self.violations
                .push("polled sooner than allowed".to_owned());
        }
        match state {
            CodeState::Pending => error(400, "authorization_pending", "not yet"),
            CodeState::Denied => error(400, "access_denied", "denied"),
            CodeState::Expired => error(400, "expired", "the code has expired"),
            CodeState::Used => self.violation("a used device code was polled"),
            CodeState::Approved => {
                let user = self.user.clone();
                let (access, refresh) = self.issue(&user);
                let mut reply = self.token_body(&access, &refresh);
                reply.insert("username".into(), json!(user));
                Reply::json(200, &Value::Object(reply))
            }
        }
    }

    fn token_body(&self, access: &str, refresh: &str) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("access_token".into(), json!(access));
        body.insert("refresh_token".into(), json!(refresh));
        body.insert("token_type".into(), json!("bearer"));
        body.insert("expires_in".into(), json!(self.access_life.as_secs()));
        body.insert("refresh_expires_in".into(), json!(90 * 24 * 3600));
        body.insert("scope".into(), json!(self.scopes));
        body
    }

    pub(super) fn refresh(&mut self, request: &Request) -> Reply {
        let fields = ["client_id", "refresh_token", "client_secret"];
        let body = match self.closed(request, &fields, &["client_id", "refresh_token"]) {
            Ok(body) => body,
            Err(reply) => return reply,
        };
        if self.refresh_limit.exceeded() {
            return error(429, "rate_limited", "too many refreshes").header("Retry-After", "180");
        }
        if !known_client(&body) {
            return error(400, "invalid_client", "unknown client");
        }
        let Some(old) = self.refresh.get_mut(text(&body, "refresh_token")) else {
            return error(400, "invalid_grant", "unknown refresh token");
        };
        if !old.alive {
            self.reused_refresh_tokens += 1;
            return error(
                400,
                "invalid_grant",
                "this refresh token was used or revoked",
            );
        }
        old.alive = false;
        let user = old.user.clone();
        let (access, refresh) = self.issue(&user);
        Reply::json(200, &Value::Object(self.token_body(&access, &refresh)))
    }

    pub(super) fn revoke(&mut self, request: &Request) -> Reply {
        let fields = ["client_id", "token", "token_type_hint"];
        let body = match self.closed(request, &fields, &fields) {
            Ok(body) => body,
            Err(reply) => return reply,
        };
        if let Some(refresh) = self.refresh.get_mut(text(&body, "token")) {
            refresh.alive = false;
            let user = refresh.user.clone();
            self.access.retain(|_, access| access.user != user);
        }
        Reply::json(200, &json!({}))
    }

    pub(super) fn me(&mut self, request: &Request) -> Reply {
        match self.authorised(request) {
            Err(reply) => reply,
            Ok(user) => Reply::json(
                200,
                &json!({
                    "id": user_id(&user),
                    "username": user,
                    "name": "Somebody",
                    "email": "somebody@example.org",
                    "client_type": "platform",
                    "token_id": "tok_1",
                    "scopes": self.scopes.split(' ').collect::<Vec<_>>(),
                    "developer_app": { "id": "app_1", "name": "reeld" },
                }),
            ),
        }
    }

    pub(super) fn authorised(&mut self, request: &Request) -> Result<String, Reply> {
        let token = request.bearer().unwrap_or_default();
        if self.refresh.contains_key(token) {
            return Err(self.violation("a refresh token came as bearer"));
        }
        match self.access.get(token) {
            Some(access) if access.expires > Instant::now() => Ok(access.user.clone()),
            _ => Err(error(
                401,
                "invalid_token",
                "the token is invalid or has expired",
            )),
        }
    }

    /// A body with these keys only.
    pub(super) fn closed(
        &mut self,
        request: &Request,
        allowed: &[&str],
        required: &[&str],
    ) -> Result<Map<String, Value>, Reply> {
        if !request
            .header("content-type")
            .starts_with("application/json")
        {
            return Err(self.violation(format!("{}: not sent as JSON", request.path)));
        }
        let Some(Value::Object(body)) = request.json() else {
            return Err(self.violation(format!("{}: no JSON object", request.path)));
        };
        if let Some(key) = body.keys().find(|key| !allowed.contains(&key.as_str())) {
            return Err(self.violation(format!("{}: unknown key {key}", request.path)));
        }
        if let Some(key) = required.iter().find(|key| !body.contains_key(**key)) {
            return Err(self.violation(format!("{}: {key} is missing", request.path)));
        }
        Ok(body)
    }
}

pub(super) fn known_client(body: &Map<String, Value>) -> bool {
    text(body, "client_id") == CLIENT_ID
}
