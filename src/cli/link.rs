//! What the commands about accounts share: who holds the logins just now, the daemon or the file.

use std::sync::Arc;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use tokio::sync::watch;

use crate::account::Accounts;
use crate::config::Config;
use crate::error::CliError;
use crate::model::ServiceName;
use crate::paths::{Paths, private_dir};
use crate::service::http::Http;

/// What a service is called where one is to be named.
pub const SERVICES: &str = "punchplay|discovr";

/// Parses a service that can be logged in to.
pub fn service() -> impl TypedValueParser<Value = ServiceName> {
    PossibleValuesParser::new(ServiceName::ALL.map(ServiceName::as_str))
        .map(|name| name.parse().unwrap_or(ServiceName::Punchplay))
}

/// The logins as they lie on disk. While a daemon runs they are only to be read: it alone changes them.
pub fn accounts(paths: &Paths, config: &Config) -> Result<Accounts, CliError> {
    private_dir(&paths.state_dir)?;
    let (_, config) = watch::channel(Arc::new(config.clone()));
    Ok(Accounts::open(&paths.state_dir, Http::default(), config)?)
}

/// Runs what waits for a service.
pub fn wait_for<T>(future: impl Future<Output = T>) -> Result<T, CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::user("reeld cannot start").because(error.to_string()))?;
    Ok(runtime.block_on(future))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_service_is_named() {
        let all = ServiceName::ALL.map(ServiceName::as_str);
        assert_eq!(SERVICES, all.join("|"));
    }
}
