//! As which registered application we log in. Client ids are no secrets: native apps are public clients.

use std::env;
use std::fs;
use std::path::Path;

use crate::config::Config;
use crate::model::ServiceName;

/// Longest that is believed.
const LONGEST: usize = 512;

/// The client id for a service: the configured one, else systemd's credential, else the one of this build.
#[must_use]
pub fn client_id(service: ServiceName, config: &Config) -> Option<String> {
    let folder = env::var_os("CREDENTIALS_DIRECTORY");
    find(service, config, folder.as_deref().map(Path::new))
}

fn find(service: ServiceName, config: &Config, credentials: Option<&Path>) -> Option<String> {
    let (configured, built_in) = match service {
        ServiceName::Punchplay => (
            &config.punchplay.client_id,
            option_env!("REELD_PUNCHPLAY_CLIENT_ID"),
        ),
        ServiceName::Discovr => (
            &config.discovr.client_id,
            option_env!("REELD_DISCOVR_CLIENT_ID"),
        ),
    };
    usable(configured)
        .or_else(|| {
            usable(&fs::read_to_string(credentials?.join(format!("{service}_client_id"))).ok()?)
        })
        .or_else(|| usable(built_in?))
}

fn usable(text: &str) -> Option<String> {
    let text = text.trim();
    (1..=LONGEST).contains(&text.len()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(client_id: &str) -> Config {
        let mut config: Config = toml::from_str(include_str!("../config/defaults.toml")).unwrap();
        config.punchplay.client_id = client_id.to_owned();
        config
    }

    #[test]
    fn the_configured_client_id_comes_before_the_credential() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("punchplay_client_id"), "from-systemd\n").unwrap();
        let found = |configured| {
            find(
                ServiceName::Punchplay,
                &config(configured),
                Some(folder.path()),
            )
        };
        assert_eq!(found("mine").as_deref(), Some("mine"));
        assert_eq!(found("  ").as_deref(), Some("from-systemd"));
        let discovr = find(ServiceName::Discovr, &config(""), Some(folder.path()));
        assert_eq!(discovr.as_deref(), option_env!("REELD_DISCOVR_CLIENT_ID"));
    }
}
