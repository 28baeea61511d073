//! The moving half of whichever service an account is at.

use std::sync::Arc;

use tokio::sync::watch;

use super::discovr::Discovr;
use super::http::Http;
use super::punchplay::PunchPlay;
use super::{Disposition, Job, Service};
use crate::account::Accounts;
use crate::config::Config;
use crate::model::{AccountKey, ServiceName};

/// Sends for one account.
#[derive(Debug)]
pub enum Client {
    /// At PunchPlay.
    PunchPlay(PunchPlay),
    /// At Discovr.
    Discovr(Discovr),
}

impl Client {
    /// For one account; all share the HTTP client.
    #[must_use]
    pub fn new(
        http: Http,
        accounts: Accounts,
        account: AccountKey,
        config: watch::Receiver<Arc<Config>>,
    ) -> Self {
        match account.service {
            ServiceName::Punchplay => {
                Self::PunchPlay(PunchPlay::new(http, accounts, account, config))
            }
            ServiceName::Discovr => Self::Discovr(Discovr::new(http, accounts, account, config)),
        }
    }
}

impl Service for Client {
    async fn deliver(&self, job: &Job) -> Disposition {
        match self {
            Self::PunchPlay(service) => service.deliver(job).await,
            Self::Discovr(service) => service.deliver(job).await,
        }
    }
}
