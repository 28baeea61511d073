//! Who we are at the services: one linked account at each, its tokens, and how they stay fresh.
//!
//! - **Memory and disk.** The logins are held in memory; every change goes through `credentials.json` first
//!   (read-modify-write under its lock) and memory takes what the file then says.
//! - **Renewing** happens on use, never by a timer, and one at a time for each service: whoever comes while another
//!   renews waits and finds the result. It runs in a task of its own: once the service has rotated the refresh token,
//!   the old one is dead, so nobody may drop the call half-way. New tokens are on disk before anyone gets them; if the
//!   disk refuses them, they are kept for the next attempt and nothing is sent until they are saved.
//! - **A refused token** (401) forces a renewal at most once a minute, and none if another one is in force by now. Renewals
//!   that the service answers with an error come ever more rarely (`pace`).
//! - **A refused login** (only in the words of the service, never by a status alone) is marked on the account,
//!   durably, and ends with the next login. It never touches what is queued.
//! - Only the daemon renews. Other processes write the file only while no daemon runs.

mod client_id;
mod device_code;
mod error;
mod file;
mod names;
mod pace;
mod profile;
mod progress;
mod qr_image;
mod record;
mod renew;
mod standing_in;

pub mod linked;
pub mod login_discovr;
pub mod login_punchplay;
pub mod qr;

pub use client_id::client_id;
pub use error::{AccountError, LoginError};
pub use file::look;
pub use names::{Names, remember};
pub use profile::{Profile, choose};
pub use progress::{OnProgress, Progress};
pub use record::{Account, NewLogin, Tokens, Unavailable};

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::clock;
use crate::config::Config;
use crate::model::{AccountKey, Secret, ServiceName, Wall};
use crate::service::Fault;
use crate::service::http::{Base, Http, Unreachable};

use file::CredentialsFile;
use pace::Pace;
use record::{Age, Record};

/// Handle of the linked accounts; clones are the same accounts.
#[derive(Debug, Clone)]
pub struct Accounts(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: CredentialsFile,
    http: Http,
    config: watch::Receiver<Arc<Config>>,
    records: Mutex<Vec<Record>>,
    /// While the logins could not be read: who stands for them.
    standing_in: Mutex<Option<Vec<Account>>>,
    /// One change at a time: memory must not go back behind the file.
    changing: Mutex<()>,
    renewals: [Arc<tokio::sync::Mutex<Renewal>>; ServiceName::ALL.len()],
    /// Logins that others have taken the place of, and whose service has not been told yet.
    replaced: Mutex<Vec<NewLogin>>,
    changed: watch::Sender<u64>,
}

/// What is remembered between the renewals of one service. Its lock is the single flight.
#[derive(Debug)]
struct Renewal {
    pace: Pace,
    /// Got from the service, but not on disk yet: the refresh token it was got with, and the new tokens.
    unsaved: Option<(Secret, Tokens)>,
}

impl Renewal {
    fn of(service: ServiceName) -> Self {
        Self {
            pace: Pace::of(service),
            unsaved: None,
        }
    }
}

/// What became of an unlinked account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlinked {
    /// Which it was.
    pub account: Account,
    /// Why the service could not be told, if it could not; on this machine the login is gone either way.
    pub not_revoked: Option<String>,
}

impl Accounts {
    /// Reads `credentials.json` in the state folder.
    ///
    /// # Errors
    /// If it cannot be read, or is a newer version's. A damaged one is moved aside instead.
    pub fn open(
        state_dir: &Path,
        http: Http,
        config: watch::Receiver<Arc<Config>>,
    ) -> Result<Self, AccountError> {
        let file = CredentialsFile::in_folder(state_dir);
        let records = file.read()?;
        Ok(Self::with(file, http, config, records))
    }

    fn with(
        file: CredentialsFile,
        http: Http,
        config: watch::Receiver<Arc<Config>>,
        records: Vec<Record>,
    ) -> Self {
        Self(Arc::new(Inner {
            file,
            http,
            config,
            records: Mutex::new(records),
            standing_in: Mutex::default(),
            changing: Mutex::default(),
            replaced: Mutex::default(),
            renewals: ServiceName::ALL
                .map(|service| Arc::new(tokio::sync::Mutex::new(Renewal::of(service)))),
            changed: watch::Sender::new(0),
        }))
    }

    /// The linked accounts, in the order of the services.
    #[must_use]
    pub fn linked(&self) -> Vec<Account> {
        let standing_in = self.0.standing_in().clone();
        let mut accounts: Vec<Account> =
            standing_in.unwrap_or_else(|| self.records().iter().map(Account::from).collect());
        accounts.sort_by(|a, b| a.key.cmp(&b.key));
        accounts
    }

    /// Wakes up whenever `linked` would say something new.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// Keeps a login, durably, in place of any other at the same service. Returns the account that it takes the place
    /// of, if that is another one: what is queued for it waits for it.
    ///
    /// # Errors
    /// If it cannot be written; nothing has changed then.
    pub fn link(&self, login: NewLogin) -> Result<Option<Account>, AccountError> {
        let key = login.account.clone();
        let refresh = login.tokens.refresh.clone();
        let now = clock::now().wall;
        let mut before = None;
        self.change(|records| {
            before = records.iter().find(|old| old.is_at(key.service)).cloned();
            let record = Record::in_place_of(before.as_ref(), login, now);
            records.retain(|old| !old.is_at(key.service));
            records.push(record);
        })?;
        tracing::info!("{} is linked", key.service.title());
        let Some(before) = before else {
            return Ok(None);
        };
        let replaced = (before.login.account != key).then(|| Account::from(&before));
        if before.login.tokens.refresh != refresh && before.may_be_signed_out(&key) {
            self.replaced().push(before.login);
        }
        Ok(replaced)
    }

    /// Tells the services of logins that others have taken the place of, as far as they can be reached. To be called after
    /// `link`: the new one is on the disk by then.
    pub async fn sign_out_replaced(&self) {
        let replaced = std::mem::take(&mut *self.replaced());
        for login in replaced {
            let service = login.account.service;
            // What renews the old one would leave a token behind.
            let _renewal = self.renewal(service).lock_owned().await;
            let config = Arc::clone(&self.0.config.borrow());
            give_back(&self.0.http, &config, &login).await;
        }
    }

    /// Whether the logins can be written at all: before the user is asked to approve one.
    ///
    /// # Errors
    /// If they cannot.
    pub fn try_to_write(&self) -> Result<(), AccountError> {
        self.0.file.rewrite()
    }

    /// Forgets the login at a service, durably, then tells the service, as far as that can be done.
    ///
    /// # Errors
    /// If it cannot be written; nothing has changed then.
    pub async fn unlink(&self, service: ServiceName) -> Result<Option<Unlinked>, AccountError> {
        // A renewal under way would leave a token behind that nobody revokes.
        let _renewal = self.renewal(service).lock_owned().await;
        let mut removed = None;
        self.change(|records| {
            removed = records.iter().find(|old| old.is_at(service)).cloned();
            records.retain(|old| !old.is_at(service));
        })?;
        let Some(record) = removed else {
            return Ok(None);
        };
        tracing::info!("{} is not linked any more", service.title());
        let revoked = match self.base(service) {
            Ok(base) => renew::revoke(&self.0.http, &base, &record.login)
                .await
                .map_err(|error| error.0),
            Err(error) => Err(error),
        };
        Ok(Some(Unlinked {
            account: Account::from(&record),
            not_revoked: revoked.err(),
        }))
    }

    /// A token to send with, renewed if it is due.
    ///
    /// # Errors
    /// If there is none: not linked, refused, or not renewable just now.
    pub async fn bearer(&self, account: &AccountKey) -> Result<Secret, Unavailable> {
        let record = self.usable(account)?;
        match record.fresh(clock::now().wall) {
            Some(token) => Ok(token),
            None => self.renew(account, None).await,
        }
    }

    /// The service answered 401 to this token: another one, if there can be one.
    ///
    /// # Errors
    /// As `bearer`; also if a renewal was forced less than a minute ago.
    pub async fn refused(
        &self,
        account: &AccountKey,
        token: &Secret,
    ) -> Result<Secret, Unavailable> {
        self.renew(account, Some(token)).await
    }

    /// The user wants everything tried at once: renewals that failed as well. One that is under way is tried already.
    pub fn nudge(&self) {
        for service in ServiceName::ALL {
            if let Ok(mut renewal) = self.renewal(service).try_lock_owned() {
                renewal.pace.nudge();
            }
        }
    }

    /// Which login of the account there is: when it was made.
    #[must_use]
    pub fn login_of(&self, account: &AccountKey) -> Option<Wall> {
        let records = self.records();
        let record = records.iter().find(|r| r.login.account == *account);
        record.map(|record| record.linked_at)
    }

    /// The service refused this `login` and wants a new one: said, and marked until there is one. What is refused of an earlier
    /// login says nothing of the one there is.
    pub async fn needs_login(&self, account: &AccountKey, login: Option<Wall>, reason: &str) {
        let key = account.clone();
        let is_it =
            move |record: &Record| record.login.account == key && login == Some(record.linked_at);
        let unmarked = |record: &Record| is_it(record) && record.needs_login.is_none();
        if !self.records().iter().any(unmarked) {
            return;
        }
        tracing::warn!(
            "{} wants a new login ({reason}). What is queued is kept. Run: reeld login {}",
            account.service.title(),
            account.service
        );
        let reason = reason.to_owned();
        let mark = move |records: &mut Vec<Record>| {
            for record in records.iter_mut().filter(|record| is_it(record)) {
                record.needs_login = Some(reason.clone());
            }
        };
        mark(&mut self.records());
        if let Err(error) = self.change_aside(mark).await {
            tracing::warn!("that could not be kept for the next start: {error}");
        }
        self.announce();
    }

    /// Waits until no renewal is under way: a daemon that ends before would lose a rotated token.
    pub async fn settled(&self) {
        for service in ServiceName::ALL {
            drop(self.renewal(service).lock_owned().await);
        }
    }

    /// Renews in single flight, unless that was done while we waited.
    async fn renew(
        &self,
        account: &AccountKey,
        refused: Option<&Secret>,
    ) -> Result<Secret, Unavailable> {
        let mut renewal = self.renewal(account.service).lock_owned().await;
        let record = self.usable(account)?;
        let now = clock::now();
        let fresh = record.fresh(now.wall);
        if let Some(token) = fresh.filter(|token| Some(token) != refused) {
            return Ok(token);
        }
        let forced = refused.is_some() && refused == record.login.tokens.access.as_ref();
        let serves_on = record.alive(now.wall).filter(|_| !forced);
        if let Err(unavailable) = renewal.pace.ask(now.boot, forced) {
            return serves_on.ok_or(unavailable);
        }
        let this = self.clone();
        #[allow(
            clippy::disallowed_methods,
            reason = "must outlive whoever waits for it: the old refresh token is dead by then"
        )]
        let task = tokio::spawn(async move {
            let result = this.renew_now(&mut renewal, &record).await;
            match (result, serves_on) {
                (Err(Unavailable::Later { .. }), Some(token)) => Ok(token),
                (result, _) => result,
            }
        });
        task.await.unwrap_or_else(|_| {
            Err(Unavailable::Later {
                after: None,
                fault: Fault::Unreachable,
                reason: "the renewal of the login was broken off".to_owned(),
            })
        })
    }

    async fn renew_now(
        &self,
        renewal: &mut Renewal,
        record: &Record,
    ) -> Result<Secret, Unavailable> {
        let login = &record.login;
        let unsaved = renewal.unsaved.take();
        let tokens = match unsaved.filter(|(used, _)| *used == login.tokens.refresh) {
            Some((_, tokens)) => tokens,
            None => self.fetch(&mut renewal.pace, record).await?,
        };
        let access = tokens.access.clone().ok_or_else(not_linked)?;
        if let Err(error) = self.save(login, tokens.clone()).await {
            tracing::error!(
                "renewed tokens cannot be saved: {error}. Hint: {}",
                error.hint()
            );
            renewal.unsaved = Some((login.tokens.refresh.clone(), tokens));
            return Err(Unavailable::Later {
                after: None,
                fault: Fault::Unreachable,
                reason: error.to_string(),
            });
        }
        Ok(access)
    }

    async fn fetch(&self, pace: &mut Pace, record: &Record) -> Result<Tokens, Unavailable> {
        let login = &record.login;
        let base = self
            .base(login.account.service)
            .map_err(|reason| Unavailable::Later {
                after: None,
                fault: Fault::Unreachable,
                reason,
            })?;
        let result = renew::renew(&self.0.http, &base, login).await;
        match &result {
            Ok(_) => pace.succeeded(),
            Err(Unavailable::NeedsLogin(reason)) => {
                let made = Some(record.linked_at);
                self.needs_login(&login.account, made, reason).await;
            }
            // Without an answer nothing was used up.
            Err(Unavailable::Later { fault, .. }) if *fault == Fault::Unreachable => {}
            Err(Unavailable::Later { after, reason, .. }) => {
                pace.failed(clock::now().boot, *after, reason);
            }
        }
        result
    }

    /// Keeps renewed tokens, unless another login has come in between.
    async fn save(&self, login: &NewLogin, tokens: Tokens) -> Result<(), AccountError> {
        let (account, used) = (login.account.clone(), login.tokens.refresh.clone());
        self.change_aside(move |records| {
            for record in records.iter_mut() {
                if record.login.account == account && record.login.tokens.refresh == used {
                    record.login.tokens = tokens.clone();
                }
            }
        })
        .await
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Record>)) -> Result<(), AccountError> {
        self.0.change(change)?;
        self.announce();
        Ok(())
    }

    /// `change`, away from the engine's thread.
    async fn change_aside(
        &self,
        change: impl FnOnce(&mut Vec<Record>) + Send + 'static,
    ) -> Result<(), AccountError> {
        let inner = Arc::clone(&self.0);
        let done = spawn_blocking(move || inner.change(change));
        done.await.unwrap_or_else(|error| {
            Err(AccountError::Unwritable {
                path: "credentials.json".into(),
                why: error.to_string(),
            })
        })
    }

    fn announce(&self) {
        self.0.changed.send_modify(|version| *version += 1);
    }

    fn usable(&self, account: &AccountKey) -> Result<Record, Unavailable> {
        let records = self.records();
        let record = records
            .iter()
            .find(|record| record.login.account == *account);
        let record = record.ok_or_else(not_linked)?;
        match &record.needs_login {
            Some(reason) => Err(Unavailable::NeedsLogin(reason.clone())),
            None => Ok(record.clone()),
        }
    }

    fn base(&self, service: ServiceName) -> Result<Base, String> {
        base(service, &self.0.config.borrow())
    }

    fn renewal(&self, service: ServiceName) -> Arc<tokio::sync::Mutex<Renewal>> {
        let [punchplay, discovr] = &self.0.renewals;
        Arc::clone(match service {
            ServiceName::Punchplay => punchplay,
            ServiceName::Discovr => discovr,
        })
    }

    fn records(&self) -> MutexGuard<'_, Vec<Record>> {
        self.0.records()
    }

    fn replaced(&self) -> MutexGuard<'_, Vec<NewLogin>> {
        self.0
            .replaced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the service that a login is not used any more, as far as it can be reached.
pub async fn give_back(http: &Http, config: &Config, login: &NewLogin) {
    let service = login.account.service;
    let told = match base(service, config) {
        Ok(base) => renew::revoke(http, &base, login).await,
        Err(why) => Err(Unreachable(why)),
    };
    if let Err(error) = told {
        tracing::info!(
            "{} could not be told that a login is not used any more: {error}",
            service.title()
        );
    }
}

fn base(service: ServiceName, config: &Config) -> Result<Base, String> {
    Base::parse(match service {
        ServiceName::Punchplay => &config.punchplay.base_url,
        ServiceName::Discovr => &config.discovr.base_url,
    })
}

impl Inner {
    /// First the file, then memory.
    fn change(&self, change: impl FnOnce(&mut Vec<Record>)) -> Result<(), AccountError> {
        let _one = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.records().clone();
        let records = self.file.update(&known, change)?;
        self.take(records);
        Ok(())
    }

    /// Takes what the file says.
    fn take(&self, records: Vec<Record>) {
        *self.records() = records;
        *self.standing_in() = None;
    }

    fn standing_in(&self) -> MutexGuard<'_, Option<Vec<Account>>> {
        self.standing_in
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn records(&self) -> MutexGuard<'_, Vec<Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    /// At PunchPlay nobody knows whether signing out one login of a user ends the others.
    fn may_be_signed_out(&self, new: &AccountKey) -> bool {
        new.service == ServiceName::Discovr || self.login.account.user != new.user
    }

    fn is_at(&self, service: ServiceName) -> bool {
        self.login.account.service == service
    }

    fn fresh(&self, now: Wall) -> Option<Secret> {
        let tokens = &self.login.tokens;
        tokens
            .access
            .clone()
            .filter(|_| tokens.age(now) == Age::Fresh)
    }

    fn alive(&self, now: Wall) -> Option<Secret> {
        let tokens = &self.login.tokens;
        tokens
            .access
            .clone()
            .filter(|_| tokens.age(now) != Age::Spent)
    }
}

fn not_linked() -> Unavailable {
    Unavailable::NeedsLogin("this account is not logged in here".to_owned())
}
