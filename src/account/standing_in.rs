//! When the daemon starts and the logins cannot be read: watching goes on all the same. Those who were linked when it last
//! looked (`linked.json`) stand for them, as accounts that want a login: what is watched is queued for them, nothing is sent.
//! The file is tried again with a growing delay, until it can be read.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{error, info};

use super::file::CredentialsFile;
use super::{Account, Accounts, linked, names};
use crate::config::Config;
use crate::model::{AccountKey, Wall};
use crate::service::http::Http;

const FIRST_TRY: Duration = Duration::from_secs(5);
const RAREST_TRY: Duration = Duration::from_secs(600);

impl Accounts {
    /// As [`Accounts::open`]; what cannot be read is waited for by [`Accounts::until_readable`].
    #[must_use]
    pub fn open_or_wait(
        state_dir: &Path,
        http: Http,
        config: watch::Receiver<Arc<Config>>,
    ) -> Self {
        let file = CredentialsFile::in_folder(state_dir);
        match file.read() {
            Ok(records) => Self::with(file, http, config, records),
            Err(why) => {
                error!(
                    "{why}. Nothing is sent until it can be read; what is watched meanwhile is kept for those who were \
                     linked. Hint: {}",
                    why.hint()
                );
                let accounts = Self::with(file, http, config, Vec::new());
                *accounts.0.standing_in() = Some(last_linked(state_dir, &why.to_string()));
                accounts
            }
        }
    }

    /// Ends once the logins are read; at once if they were.
    pub async fn until_readable(self) {
        let mut delay = FIRST_TRY;
        while self.0.standing_in().is_some() {
            sleep(delay).await;
            delay = (delay * 2).min(RAREST_TRY);
            if let Ok(records) = self.0.file.read() {
                self.0.take(records);
                info!("the logins can be read again");
                self.announce();
            }
        }
    }
}

fn last_linked(state_dir: &Path, why: &str) -> Vec<Account> {
    let names = names::known(state_dir);
    let linked = linked::read(state_dir).unwrap_or_default();
    let account = |key: AccountKey| Account {
        user_name: names
            .iter()
            .find(|(named, _)| *named == key)
            .map_or_else(|| key.user.clone(), |(_, name)| name.clone()),
        key,
        profile_name: None,
        scopes: Vec::new(),
        linked_at: Wall(0),
        linked_since: Wall(0),
        expires_at: None,
        needs_login: Some(why.to_owned()),
    };
    linked.into_iter().map(account).collect()
}
