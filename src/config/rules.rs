//! What each key may be. One table: the file, the environment and `config show` go by it.

use std::net::IpAddr;
use std::time::Duration;

use config::ValueKind;

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Rule {
    /// `true` or `false`.
    Switch,
    /// Any text.
    Text,
    /// Any text, never shown.
    Secret,
    /// https, or http on a loopback address.
    BaseUrl,
    /// A number from the first to the second.
    Percent(f64, f64),
    /// A duration from the first to the second.
    Duration(Duration, Duration),
    /// A list of globs.
    Globs,
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const SHORTEST: Duration = Duration::from_millis(100);
const HOUR: Duration = seconds(3600);

/// Every key there is, in the order of `defaults.toml`.
pub const KEYS: &[(&str, Rule)] = &[
    ("punchplay.enabled", Rule::Switch),
    ("punchplay.client_id", Rule::Text),
    ("punchplay.base_url", Rule::BaseUrl),
    ("discovr.enabled", Rule::Switch),
    ("discovr.client_id", Rule::Text),
    ("discovr.profile", Rule::Text),
    ("discovr.base_url", Rule::BaseUrl),
    ("tmdb.api_key", Rule::Secret),
    ("tmdb.base_url", Rule::BaseUrl),
    ("watched.movie_percent", Rule::Percent(1.0, 100.0)),
    ("watched.episode_percent", Rule::Percent(1.0, 100.0)),
    ("watched.minimum_played_percent", Rule::Percent(0.0, 100.0)),
    (
        "watched.minimum_length",
        Rule::Duration(Duration::ZERO, seconds(12 * 3600)),
    ),
    ("watched.credits_chapter", Rule::Switch),
    (
        "debounce.start_after",
        Rule::Duration(SHORTEST, seconds(600)),
    ),
    ("debounce.settle", Rule::Duration(SHORTEST, seconds(60))),
    ("debounce.progress_every", Rule::Duration(SHORTEST, HOUR)),
    (
        "debounce.pause_limit",
        Rule::Duration(seconds(1), seconds(7 * 24 * 3600)),
    ),
    ("players.deny", Rule::Globs),
    ("players.allow", Rule::Globs),
    ("mpv.sockets", Rule::Globs),
    ("privacy.ignore_paths", Rule::Globs),
    ("privacy.only_paths", Rule::Globs),
    ("privacy.send_filename", Rule::Switch),
    ("track.movies", Rule::Switch),
    ("track.episodes", Rule::Switch),
    ("track.anime", Rule::Switch),
    ("notifications.login", Rule::Switch),
    ("notifications.unidentified", Rule::Switch),
    ("notifications.watched", Rule::Switch),
];

/// The rule of a key, if there is such a key.
#[must_use]
pub fn rule(key: &str) -> Option<Rule> {
    KEYS.iter()
        .find(|(known, _)| *known == key)
        .map(|(_, rule)| *rule)
}

impl Rule {
    /// Turns what stands in an environment variable into a value; what cannot be turned stays text, for `check` to refuse.
    #[must_use]
    pub fn read(self, text: &str) -> ValueKind {
        match self {
            Self::Switch => match text.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => ValueKind::Boolean(true),
                "false" | "0" | "no" | "off" => ValueKind::Boolean(false),
                _ => text.into(),
            },
            Self::Percent(..) => text
                .trim()
                .parse::<f64>()
                .map_or_else(|_| text.into(), ValueKind::Float),
            Self::Globs => {
                let parts = text.split(',').map(str::trim);
                let values = parts.filter(|part| !part.is_empty());
                ValueKind::Array(values.map(config::Value::from).collect())
            }
            Self::Text | Self::Secret | Self::BaseUrl | Self::Duration(..) => text.into(),
        }
    }

    /// Whether a value is what it must be.
    ///
    /// # Errors
    /// In words that follow "must be".
    pub fn check(self, value: &ValueKind) -> Result<(), String> {
        let (fits, wanted) = match self {
            Self::Switch => (
                matches!(value, ValueKind::Boolean(_)),
                "true or false".to_owned(),
            ),
            Self::Text | Self::Secret => (text(value).is_some(), "a text in quotes".to_owned()),
            Self::BaseUrl => (
                text(value).is_some_and(is_base_url),
                "an https:// address, or http:// on a loopback address".to_owned(),
            ),
            Self::Percent(low, high) => (
                number(value).is_some_and(|number| (low..=high).contains(&number)),
                format!("a number from {low} to {high}"),
            ),
            Self::Duration(low, high) => (
                duration(value).is_some_and(|duration| (low..=high).contains(&duration)),
                format!(
                    "a duration like \"5s\" or \"1m 30s\", from {} to {}",
                    humantime::format_duration(low),
                    humantime::format_duration(high)
                ),
            ),
            Self::Globs => return check_globs(value),
        };
        if fits { Ok(()) } else { Err(wanted) }
    }
}

fn check_globs(value: &ValueKind) -> Result<(), String> {
    let wanted = || "a list of texts in quotes, like [\"a\", \"b*\"]".to_owned();
    let ValueKind::Array(globs) = value else {
        return Err(wanted());
    };
    for glob in globs {
        let glob = text(&glob.kind).ok_or_else(wanted)?;
        glob::Pattern::new(glob).map_err(|error| {
            let problem = error.msg;
            format!("a list of globs; in {glob:?}, {problem}")
        })?;
    }
    Ok(())
}

fn text(value: &ValueKind) -> Option<&str> {
    match value {
        ValueKind::String(text) => Some(text),
        _ => None,
    }
}

fn number(value: &ValueKind) -> Option<f64> {
    match value {
        ValueKind::Float(number) => Some(*number),
        #[expect(clippy::cast_precision_loss, reason = "only 0 to 100 is of interest")]
        ValueKind::I64(number) => Some(*number as f64),
        _ => None,
    }
}

fn duration(value: &ValueKind) -> Option<Duration> {
    humantime::parse_duration(text(value)?).ok()
}

fn is_base_url(text: &str) -> bool {
    let Ok(url) = reqwest::Url::parse(text) else {
        return false;
    };
    let Some(host) = url.host_str() else {
        return false;
    };
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    bare && match url.scheme() {
        "https" => true,
        "http" => is_loopback(host),
        _ => false,
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
