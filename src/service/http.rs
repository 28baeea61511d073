//! The one HTTP client: every call to every service leaves through here.
//!
//! It is built at the first call, so that a daemon without accounts never reads a certificate. It keeps no cookies,
//! follows no redirect (a bearer token must not travel to another host, and a POST must not become a GET), bounds
//! time and size, and always says who it is: the edge before PunchPlay refuses the names of libraries. Proxies are
//! taken from the environment, but never for a loopback address.

use std::error::Error as _;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Client, Method, Url};

use super::answer::{Answer, printable};
use super::{Disposition, Fault};
use crate::clock;
use crate::error::in_short;
use crate::model::{Secret, Wall};

/// `User-Agent` of every call.
pub const USER_AGENT: &str = concat!(
    env!("CARGO_PKG_NAME"),
    "/",
    env!("CARGO_PKG_VERSION"),
    " (+",
    env!("CARGO_PKG_REPOSITORY"),
    ")"
);

/// Longer answers are not read.
const LONGEST_BODY: usize = 1 << 20;

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until connected, TLS included.
    pub connect: Duration,
    /// Until the whole answer is there.
    pub whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            whole: Duration::from_secs(30),
        }
    }
}

/// Handle of the shared client.
#[derive(Debug, Clone, Default)]
pub struct Http(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    timeouts: Timeouts,
    /// Through the environment's proxies.
    outward: OnceLock<Client>,
    /// Past them.
    loopback: OnceLock<Client>,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// From a [`Base`].
    pub url: Url,
    /// For the `Authorization` header.
    pub bearer: Option<&'a Secret>,
    /// JSON.
    pub body: Option<String>,
}

impl<'a> Request<'a> {
    /// A `GET`.
    #[must_use]
    pub fn get(url: Url) -> Self {
        Self {
            method: "GET",
            url,
            bearer: None,
            body: None,
        }
    }

    /// A `POST` of JSON.
    #[must_use]
    pub fn post(url: Url, body: &serde_json::Value) -> Self {
        Self {
            method: "POST",
            url,
            bearer: None,
            body: Some(body.to_string()),
        }
    }

    /// With a token.
    #[must_use]
    pub fn bearer(mut self, token: &'a Secret) -> Self {
        self.bearer = Some(token);
        self
    }
}

/// Somebody answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Knock {
    /// Who.
    pub host: String,
    /// By their clock.
    pub date: Option<Wall>,
}

/// No answer. The request may have arrived all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreachable(pub String);

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreachable {}

/// No answer, and whether the request can have arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// `Unsent` or `Unreachable`.
    pub fault: Fault,
    /// In words.
    pub reason: String,
}

/// Of a request that could not even be made.
impl From<Unreachable> for Failure {
    fn from(unmade: Unreachable) -> Self {
        Self {
            fault: Fault::Unsent,
            reason: unmade.0,
        }
    }
}

impl From<Failure> for Disposition {
    fn from(failure: Failure) -> Self {
        Self::Retry {
            after: None,
            fault: failure.fault,
            reason: failure.reason,
        }
    }
}

impl Http {
    /// With other time-outs than the usual.
    #[must_use]
    pub fn with_timeouts(timeouts: Timeouts) -> Self {
        Self(Arc::new(Shared {
            timeouts,
            ..Shared::default()
        }))
    }

    /// Sends one request and reads its answer.
    ///
    /// # Errors
    /// Without an answer, or with one that is too long.
    pub async fn send(&self, request: Request<'_>) -> Result<Answer, Unreachable> {
        self.send_up_to(request, LONGEST_BODY).await
    }

    /// The same for an answer of at most `longest` bytes.
    ///
    /// # Errors
    /// As `send`.
    pub async fn send_up_to(
        &self,
        request: Request<'_>,
        longest: usize,
    ) -> Result<Answer, Unreachable> {
        let answer = self.answer(request, longest).await;
        answer.map_err(|failure| Unreachable(failure.reason))
    }

    /// Sends one request as `send` does, where it matters whether one without an answer can have arrived.
    ///
    /// # Errors
    /// As `send`.
    pub async fn attempt(&self, request: Request<'_>) -> Result<Answer, Failure> {
        self.answer(request, LONGEST_BODY).await
    }

    async fn answer(&self, request: Request<'_>, longest: usize) -> Result<Answer, Failure> {
        let method = Method::from_bytes(request.method.as_bytes())
            .map_err(|_| Unreachable(format!("no such method: {}", request.method)))?;
        let client = self.client(is_loopback(&request.url))?;
        // Not the path: one of Discovr's holds a device code.
        let host = request.url.host_str().unwrap_or_default().to_owned();
        let mut builder = client.request(method, request.url);
        if let Some(token) = request.bearer {
            builder = builder.bearer_auth(token.expose());
        }
        if let Some(body) = request.body {
            builder = builder.header(CONTENT_TYPE, "application/json").body(body);
        }
        let failed = |error: reqwest::Error| Failure {
            fault: fault_of(&error),
            reason: self.unreachable(error).0,
        };
        let mut response = builder.send().await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > longest {
                let most = longest >> 20;
                return Err(Failure {
                    fault: Fault::Unreachable,
                    reason: format!("the answer is longer than {most} MiB"),
                });
            }
            body.extend_from_slice(&chunk);
        }
        let headers = response.headers();
        tracing::debug!(
            host,
            method = request.method,
            status = response.status().as_u16(),
            "answered"
        );
        Ok(Answer {
            status: response.status().as_u16(),
            retry_after: header(headers, RETRY_AFTER.as_str()),
            rate_limit_reset: header(headers, "x-ratelimit-reset"),
            request_id: header(headers, "x-punchplay-request-id"),
            body: String::from_utf8_lossy(&body).into_owned(),
            at: clock::now().wall,
        })
    }

    /// Whether anybody answers at a service's address, whatever the answer; sends nothing of the user's.
    ///
    /// # Errors
    /// Without an answer.
    pub async fn knock(&self, base: &Base) -> Result<Knock, Unreachable> {
        let client = self.client(is_loopback(&base.0))?;
        let failed = |error| self.unreachable(error);
        let answer = client.get(base.0.clone()).send().await.map_err(failed)?;
        let date = header(answer.headers(), DATE.as_str());
        let date = date.and_then(|date| httpdate::parse_http_date(&date).ok());
        let since = date.and_then(|date| date.duration_since(std::time::UNIX_EPOCH).ok());
        Ok(Knock {
            host: base.0.host_str().unwrap_or_default().to_owned(),
            date: since.map(|since| Wall(0).plus(since)),
        })
    }

    fn client(&self, loopback: bool) -> Result<&Client, Unreachable> {
        let shared = &*self.0;
        let cell = if loopback {
            &shared.loopback
        } else {
            &shared.outward
        };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let client = build(shared.timeouts, loopback)?;
        Ok(cell.get_or_init(|| client))
    }

    fn unreachable(&self, error: reqwest::Error) -> Unreachable {
        if error.is_timeout() && !error.is_connect() {
            let seconds = self.0.timeouts.whole.as_secs_f32();
            return Unreachable(format!("no answer within {seconds} s"));
        }
        // Without the URL: one of Discovr's holds a device code.
        let error = error.without_url();
        let mut cause: &dyn std::error::Error = &error;
        loop {
            if let Some(why) = cause.downcast_ref::<io::Error>().and_then(no_tls) {
                return Unreachable(why);
            }
            match cause.source() {
                Some(deeper) => cause = deeper,
                None => break,
            }
        }
        let words = in_short(cause);
        if error.is_connect() && words.starts_with("failed to lookup address") {
            return Unreachable(
                "its address cannot be looked up: no network, or no such host".to_owned(),
            );
        }
        Unreachable(printable(&words))
    }
}

/// What is wrong with TLS, if that is it.
fn no_tls(error: &io::Error) -> Option<String> {
    use rustls::CertificateError as Bad;
    let inner = error.get_ref()?;
    if let Some(deeper) = inner.downcast_ref::<io::Error>() {
        return no_tls(deeper);
    }
    let Some(tls) = inner.downcast_ref::<rustls::Error>() else {
        let ended = inner.to_string() == "tls handshake eof";
        return ended.then(|| "what listens there speaks no TLS".to_owned());
    };
    Some(match tls {
        rustls::Error::InvalidCertificate(
            Bad::Expired | Bad::ExpiredContext { .. } | Bad::NotValidYet | Bad::NotValidYetContext { .. },
        ) => "its certificate is not valid at this time; is this machine's clock right?".to_owned(),
        rustls::Error::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            "its certificate is another's: something else answers in its place".to_owned()
        }
        rustls::Error::InvalidCertificate(_) => {
            "its certificate is signed by nobody that this machine trusts: something else may answer in its place".to_owned()
        }
        other => format!("no TLS: {}", printable(&other.to_string())),
    })
}

/// Whether anything of the request can have left: not without a connection, name and TLS included.
fn fault_of(error: &reqwest::Error) -> Fault {
    if error.is_connect() || error.is_builder() {
        Fault::Unsent
    } else {
        Fault::Unreachable
    }
}

fn build(timeouts: Timeouts, loopback: bool) -> Result<Client, Unreachable> {
    // An error means that one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut builder = Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.whole)
        // A connection that died while the machine slept is noticed by the kernel in this time.
        .tcp_user_timeout(timeouts.connect)
        .redirect(reqwest::redirect::Policy::none())
        .referer(false);
    if loopback {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| {
        let why = error
            .source()
            .map_or_else(|| error.to_string(), ToString::to_string);
        Unreachable(format!(
            "no TLS: {}; are the CA certificates installed (package ca-certificates)?",
            printable(&why)
        ))
    })
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(printable)
}

/// Text as one segment of a path or one value of a query.
#[must_use]
pub fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            // A dot too: a segment of dots alone would climb.
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// Where a service is: https, or http on a loopback address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base(Url);

impl Base {
    /// Checks a `base_url`.
    ///
    /// # Errors
    /// In words that say what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("{text:?} is no URL: {error}"))?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        match url.scheme() {
            _ if !plain => Err("a base URL is only scheme, host, port and path".to_owned()),
            "https" => Ok(Self(url)),
            "http" if is_loopback(&url) => Ok(Self(url)),
            "http" => Err(format!(
                "{text:?} would send your login unencrypted; http is only for loopback addresses, use https"
            )),
            other => Err(format!("{other:?} is not a scheme for this; use https")),
        }
    }

    /// The URL of a path below it, which begins with `/` and may carry a query.
    ///
    /// # Errors
    /// If the path is none.
    pub fn join(&self, path: &str) -> Result<Url, Unreachable> {
        let text = format!("{}{path}", self.0.as_str().trim_end_matches('/'));
        let url = Url::parse(&text).map_err(|error| Unreachable(error.to_string()))?;
        let same_host = url.host() == self.0.host() && url.port() == self.0.port();
        if !path.starts_with('/') || !same_host {
            return Err(Unreachable("not a path of this service".to_owned()));
        }
        Ok(url)
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_https_or_http_on_loopback() {
        for good in [
            "https://punchplay.tv",
            "https://host/prefix/",
            "http://127.0.0.1:8080",
            "http://[::1]:1",
            "http://localhost:1",
        ] {
            assert!(Base::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://punchplay.tv",
            "http://localhost.evil.example",
            "http://10.0.0.1",
            "ftp://x",
            "punchplay.tv",
            "",
            "https://user:pass@host",
            "https://host/?q=1",
            "file:///etc/passwd",
        ] {
            assert!(Base::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn paths_are_joined_below_the_base_and_cannot_leave_its_host() {
        let base = Base::parse("https://host/prefix/").unwrap();
        assert_eq!(
            base.join("/a?b=1").unwrap().as_str(),
            "https://host/prefix/a?b=1"
        );
        let bare = Base::parse("https://host").unwrap();
        assert_eq!(bare.join("/a").unwrap().as_str(), "https://host/a");
        assert!(bare.join("@evil.example/a").is_err());
        assert!(bare.join(".evil.example/a").is_err());
    }

    #[test]
    fn foreign_text_stays_one_segment() {
        assert_eq!(encoded("dc_1-A"), "dc_1-A");
        assert_eq!(encoded("../x?y#é"), "%2E%2E%2Fx%3Fy%23%C3%A9");
    }

    /// The fault of a request to a listener that does this with every connection.
    fn fault_at(url: &str, with: Option<fn(std::net::TcpStream)>) -> Fault {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        match with {
            None => drop(listener),
            Some(with) => drop(std::thread::spawn(move || {
                listener.incoming().flatten().for_each(with);
            })),
        }
        let url = Url::parse(&url.replace("PORT", &port.to_string())).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let http = Http::with_timeouts(Timeouts {
            connect: Duration::from_secs(10),
            whole: Duration::from_secs(3),
        });
        let sent = runtime.block_on(http.attempt(Request::get(url)));
        sent.unwrap_err().fault
    }

    #[test]
    fn without_a_connection_nothing_was_sent_and_with_one_it_may_have_arrived() {
        let garbage: fn(std::net::TcpStream) = |mut stream| {
            drop(std::io::Write::write_all(&mut stream, b"no TLS\r\n\r\n"));
        };
        let hang: fn(std::net::TcpStream) = |mut stream| {
            drop(std::io::Read::read_to_end(&mut stream, &mut Vec::new()));
        };
        for (what, url, with, expected) in [
            ("refused", "http://127.0.0.1:PORT/", None, Fault::Unsent),
            (
                "no TLS",
                "https://127.0.0.1:PORT/",
                Some(garbage),
                Fault::Unsent,
            ),
            (
                "cut off",
                "http://127.0.0.1:PORT/",
                Some(drop as fn(_)),
                Fault::Unreachable,
            ),
            (
                "no answer",
                "http://127.0.0.1:PORT/",
                Some(hang),
                Fault::Unreachable,
            ),
        ] {
            assert_eq!(fault_at(url, with), expected, "{what}");
        }
    }

    #[test]
    fn we_say_who_we_are() {
        assert!(USER_AGENT.starts_with("reeld/") && USER_AGENT.contains("(+https://"));
    }
}
