//! A ready `credentials.json`.

use std::path::Path;
use std::sync::Arc;

use reeld::account::{Accounts, NewLogin};
use reeld::config::Config;
use reeld::service::http::Http;

/// Writes these logins into a state folder, as `reeld login` does while no daemon runs.
pub fn write(state_dir: &Path, logins: impl IntoIterator<Item = NewLogin>) {
    let config: Config =
        toml::from_str(include_str!("../../../src/config/defaults.toml")).expect("the defaults");
    let (_sender, config) = tokio::sync::watch::channel(Arc::new(config));
    let accounts = Accounts::open(state_dir, Http::default(), config).expect("a state folder");
    for login in logins {
        accounts.link(login).expect("a login");
    }
}
