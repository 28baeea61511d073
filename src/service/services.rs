//! All services behind one door: what an event means to each, and who sends it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::discovr::{self, Discovr};
use super::http::Http;
use super::punchplay::{self, PunchPlay};
use super::{Call, Context, Disposition, Job, Prepared, Service};
use crate::account::Accounts;
use crate::config::Config;
use crate::model::{AccountKey, EventId, Lifecycle, ServiceName, Wall};
use crate::outbox;
use crate::sender::plan::Rate;

/// The pure halves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Catalogue;

impl outbox::Catalogue for Catalogue {
    fn calls(&self, service: ServiceName, event: &Lifecycle) -> Vec<Call> {
        match service {
            ServiceName::Punchplay => punchplay::calls(event),
            ServiceName::Discovr => discovr::calls(event),
        }
    }

    fn freeze(
        &self,
        service: ServiceName,
        call: &Call,
        event: &Lifecycle,
        event_id: EventId,
        stamp: Wall,
        context: &Context,
    ) -> Prepared {
        match service {
            ServiceName::Punchplay => punchplay::freeze(event, event_id, stamp, context),
            ServiceName::Discovr => discovr::freeze(event, call, stamp, context),
        }
    }

    fn rate(&self, service: ServiceName) -> Option<Rate> {
        match service {
            ServiceName::Punchplay => Some(punchplay::RATE),
            ServiceName::Discovr => None,
        }
    }

    fn pace(&self, service: ServiceName) -> Duration {
        match service {
            ServiceName::Punchplay => Duration::ZERO,
            ServiceName::Discovr => discovr::PACE,
        }
    }
}

/// The moving halves.
#[derive(Debug, Clone)]
pub struct Services {
    http: Http,
    accounts: Accounts,
    config: watch::Receiver<Arc<Config>>,
    discovr: Arc<discovr::Memory>,
}

impl Services {
    /// For all linked accounts.
    #[must_use]
    pub fn new(http: Http, accounts: Accounts, config: watch::Receiver<Arc<Config>>) -> Self {
        Self {
            http,
            accounts,
            config,
            discovr: Arc::default(),
        }
    }

    /// Sends one job as `account`.
    pub async fn deliver(&self, account: &AccountKey, job: &Job) -> Disposition {
        let (http, accounts, config) = (
            self.http.clone(),
            self.accounts.clone(),
            self.config.clone(),
        );
        match account.service {
            ServiceName::Punchplay => {
                PunchPlay::new(http, accounts, account.clone(), config)
                    .deliver(job)
                    .await
            }
            ServiceName::Discovr => {
                let memory = Arc::clone(&self.discovr);
                Discovr::new(http, accounts, account.clone(), config, memory)
                    .deliver(job)
                    .await
            }
        }
    }
}
