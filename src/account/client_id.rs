//! As which registered application we log in. Client ids are no secrets: native apps are public clients.

use crate::config::Config;
use crate::model::ServiceName;

/// Longest that is believed.
const LONGEST: usize = 512;

/// The client id for a service: the configured one (which may be a credential of systemd), else the one of this build.
#[must_use]
pub fn client_id(service: ServiceName, config: &Config) -> Option<String> {
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
    usable(configured).or_else(|| usable(built_in?))
}

fn usable(text: &str) -> Option<String> {
    let text = text.trim();
    (1..=LONGEST).contains(&text.len()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configured_client_id_comes_before_the_one_of_the_build() {
        let mut config: Config = toml::from_str(include_str!("../config/defaults.toml")).unwrap();
        for (configured, expected) in [
            ("mine", Some("mine")),
            (" mine\n", Some("mine")),
            ("  ", option_env!("REELD_PUNCHPLAY_CLIENT_ID")),
        ] {
            config.punchplay.client_id = configured.to_owned();
            let found = client_id(ServiceName::Punchplay, &config);
            assert_eq!(found.as_deref(), expected, "{configured:?}");
        }
    }
}
