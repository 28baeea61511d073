//! PunchPlay: every lifecycle event is one call, deduped there by its `event_id`.
//!
//! `freeze` says what is sent, `classify` what an answer means, both pure; `PunchPlay` moves.

mod classify;
mod freeze;

pub use classify::classify;
pub use freeze::freeze;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::http::{Base, Failure, Http, Request, Unreachable};
use super::{Answer, Call, Disposition, Job, Service};
use crate::account::Accounts;
use crate::config::Config;
use crate::model::{AccountKey, Lifecycle, Secret};
use crate::sender::plan::Rate;

/// Below the base URL.
pub const API: &str = "/api/platform/v1";

/// Published for playback events: 120 in 5 minutes. The outbox stays below it.
pub const RATE: Rate = Rate {
    calls: 120,
    per: Duration::from_secs(300),
};

/// What an event leads to.
#[must_use]
pub fn calls(_event: &Lifecycle) -> Vec<Call> {
    vec![Call::Event]
}

/// The moving half, for one account.
#[derive(Debug, Clone)]
pub struct PunchPlay {
    http: Http,
    accounts: Accounts,
    account: AccountKey,
    config: watch::Receiver<Arc<Config>>,
}

impl PunchPlay {
    /// For one account.
    #[must_use]
    pub fn new(
        http: Http,
        accounts: Accounts,
        account: AccountKey,
        config: watch::Receiver<Arc<Config>>,
    ) -> Self {
        Self {
            http,
            accounts,
            account,
            config,
        }
    }

    async fn send(&self, job: &Job, token: &Secret) -> Result<Answer, Disposition> {
        let url = self.base().and_then(|base| base.join(&job.request.path));
        let request = Request {
            method: &job.request.method,
            url: url.map_err(Failure::from)?,
            bearer: Some(token),
            body: Some(job.request.body.clone()),
        };
        Ok(self.http.attempt(request).await?)
    }

    fn base(&self) -> Result<Base, Unreachable> {
        Base::parse(&self.config.borrow().punchplay.base_url).map_err(Unreachable)
    }

    /// A refused token is replaced once; whatever is answered then counts.
    async fn attempt(&self, job: &Job) -> Result<Answer, Disposition> {
        let token = self.accounts.bearer(&self.account).await?;
        let answer = self.send(job, &token).await?;
        if answer.status != 401 {
            return Ok(answer);
        }
        let token = self.accounts.refused(&self.account, &token).await?;
        self.send(job, &token).await
    }
}

impl Service for PunchPlay {
    async fn deliver(&self, job: &Job) -> Disposition {
        let login = self.accounts.login_of(&self.account);
        let disposition = match self.attempt(job).await {
            Ok(answer) => classify(&answer),
            Err(disposition) => disposition,
        };
        if let Disposition::NeedsLogin { reason } = &disposition {
            self.accounts
                .needs_login(&self.account, login, reason)
                .await;
        }
        disposition
    }
}
