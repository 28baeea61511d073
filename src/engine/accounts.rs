//! Who is linked, and for whom a session's events are made.
//!
//! A session belongs to the accounts it was opened for: its id, and what is seen in it, are told to nobody else. When an
//! account is linked, every session ends for those linked so far, and another begins for those linked from now on. What could
//! not be written before the change, and what lies open in the database for others, stays bound to those linked then (`bound`). Who
//! that was lies there with the session, as another may log in while no daemon runs.

use std::collections::{BTreeMap, BTreeSet};

use tracing::warn;

use super::{Edges, Engine};
use crate::account::Account;
use crate::config::Config;
use crate::model::{AccountKey, Moment, ServiceName, SessionId, Span, Step, Wall};
use crate::outbox::Hint;

/// Sessions that belong to others than those linked now.
pub type Bound = BTreeMap<SessionId, Vec<AccountKey>>;

impl<E: Edges> Engine<E> {
    pub(super) fn accounts_changed(&mut self, accounts: Vec<Account>, now: Moment) {
        let gained = accounts.iter().any(|account| {
            self.enabled(account.key.service) && self.accounts.iter().all(|a| a.key != account.key)
        });
        if gained {
            self.cut_sessions(now);
        } else {
            self.bind_held(&self.active());
        }
        self.take_accounts(accounts, now);
        self.keep_owners(now);
    }

    /// The database learns whom everything open is told to from now on: whoever has logged out may be back before the next beat.
    fn keep_owners(&mut self, now: Moment) {
        let mut open = self.open_with_owners();
        if open.is_empty() {
            return;
        }
        let Some(outbox) = self.storage.ready(&mut self.edges, now) else {
            return;
        };
        open.retain(|(accounts, span)| !outbox.knows_whose(span.session, accounts));
        if let Err(error) = outbox.journal_again(&open, &BTreeSet::new()) {
            self.storage.failed(&error, now);
        }
    }

    /// Everything that is open, each with whom it is told to.
    pub(super) fn open_with_owners(&self) -> Vec<(Vec<AccountKey>, Span)> {
        let spans = self.debouncer.spans().into_iter();
        let with = |span: Span| (self.owners_of(Some(span.session)), span);
        spans.map(with).collect()
    }

    /// Ends every session for those who may be told now; new ones begin at the next chance.
    pub(super) fn cut_sessions(&mut self, now: Moment) {
        let accounts = self.active();
        self.debouncer.cut(now);
        self.write_steps(now);
        self.bind_held(&accounts);
    }

    /// Sessions whose end could not be written yet ended for these, whoever is linked when it can.
    pub(super) fn bind_held(&mut self, accounts: &[AccountKey]) {
        let stops = self.debouncer.held_stops();
        for session in stops.filter_map(|step| Some(step.event.as_ref()?.session)) {
            self.bound
                .entry(session)
                .or_insert_with(|| accounts.to_vec());
        }
    }

    /// Nothing of what could not be written yet is for this one any more.
    pub(super) fn unbind(&mut self, key: &AccountKey) {
        self.bind_held(&self.active());
        for accounts in self.bound.values_mut() {
            accounts.retain(|account| account != key);
        }
    }

    /// What was opened for others is not for those who were linked since; and whose service was switched off since is owed its stop.
    /// `told_to`: for whom; what is not in it was for those linked before this run, or for nobody.
    pub(super) fn bind_former(
        &mut self,
        open: &[Span],
        mut told_to: BTreeMap<SessionId, Vec<AccountKey>>,
    ) {
        for session in open.iter().map(|span| span.session) {
            let known = told_to.remove(&session);
            let accounts = known.or_else(|| self.linked_before.clone());
            let accounts = accounts.unwrap_or_default();
            if self.is_of_others(&accounts) {
                self.bound.entry(session).or_insert(accounts);
            }
        }
    }

    fn is_of_others(&self, accounts: &[AccountKey]) -> bool {
        let is_told = |key: &AccountKey| accounts.contains(key);
        let is_off =
            |account: &Account| is_told(&account.key) && !self.enabled(account.key.service);
        !self.active_keys().all(is_told) || self.accounts.iter().any(is_off)
    }

    /// Ends what a former run left open for others.
    pub(super) fn close_former(&mut self, now: Moment) {
        if !self.bound.is_empty() {
            let bound = &self.bound;
            self.debouncer
                .close_orphans(|session| bound.contains_key(&session));
            self.write_steps(now);
            let held = self.debouncer.held_sessions();
            self.bound.retain(|session, _| held.contains(session));
        }
    }

    /// Keeps who is linked, for a run that cannot read who it is.
    pub(super) fn keep_linked(&mut self, now: Moment) {
        let kept = self.kept_linked.as_ref();
        if kept.is_some_and(|kept| kept.iter().eq(self.active_keys())) {
            return self.keep_again.works();
        }
        if self.keep_again.rests(now) {
            return;
        }
        let active = self.active();
        match self.edges.keep_linked(&active) {
            Ok(()) => {
                self.keep_again.works();
                self.kept_linked = Some(active);
            }
            Err(error) => {
                if !self.keep_again.fails() {
                    warn!(
                        "who is linked cannot be written down: {error}. It is tried again by itself. \
                         Hint: check the space and the permissions of reeld's state folder"
                    );
                }
                self.keep_again.failed(now);
            }
        }
    }

    pub(super) fn take_accounts(&mut self, accounts: Vec<Account>, now: Moment) {
        let before = std::mem::replace(&mut self.accounts, accounts);
        self.notice_refusals(&before);
        self.notice_endings(now);
        self.serve();
    }

    /// Tells the outbox who may send, and who may not any more. A new login of the same user is one to try with at once.
    pub(super) fn serve(&mut self) {
        let may_send = self
            .accounts
            .iter()
            .filter(|account| account.needs_login.is_none() && self.enabled(account.key.service));
        let may_send: Vec<(AccountKey, Wall)> = may_send
            .map(|account| (account.key.clone(), account.linked_at))
            .collect();
        let before = std::mem::replace(&mut self.serving, may_send);
        for (key, _) in &before {
            if !self.serving.iter().any(|(other, _)| other == key) {
                self.storage.hint(Hint::LoggedOut(key.clone()));
            }
        }
        for login in self.serving.iter().filter(|login| !before.contains(login)) {
            self.storage.hint(Hint::LoggedIn(login.0.clone()));
        }
    }

    pub(super) fn enabled(&self, service: ServiceName) -> bool {
        is_on(&self.config, service)
    }

    /// Services that are linked and switched on.
    pub(super) fn active(&self) -> Vec<AccountKey> {
        self.active_keys().cloned().collect()
    }

    pub(super) fn active_keys(&self) -> impl Iterator<Item = &AccountKey> {
        let keys = self.accounts.iter().map(|account| &account.key);
        keys.filter(|key| self.enabled(key.service))
    }

    /// Whom a step is told to.
    pub(super) fn told_of(&self, step: &Step) -> Vec<AccountKey> {
        match step.viewing.local_only {
            Some(_) => Vec::new(),
            None => self.owners_of(step.event.as_ref().map(|event| event.session)),
        }
    }

    /// Whom a session is for, be it of something that is kept here.
    pub(super) fn owners_of(&self, session: Option<SessionId>) -> Vec<AccountKey> {
        let bound = session.and_then(|session| self.bound.get(&session));
        bound.cloned().unwrap_or_else(|| self.active())
    }
}

/// Whether a service is switched on.
pub(super) fn is_on(config: &Config, service: ServiceName) -> bool {
    match service {
        ServiceName::Punchplay => config.punchplay.enabled,
        ServiceName::Discovr => config.discovr.enabled,
    }
}
