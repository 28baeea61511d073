//! What the user is told without asking: once in the log, and on the desktop where `[notifications]` allows it.
//!
//! A login that ends soon is noticed when something happens anyway (a start, a login, a delivery), never by a timer.

use std::collections::BTreeSet;

use tracing::warn;

use super::{Edges, Engine, Notice, Output};
use crate::account::Account;
use crate::model::{AccountKey, Action, Lifecycle, Moment, ServiceName, Step, Wall};

/// What was told already in this run.
#[derive(Debug, Default)]
pub struct Notices {
    endings: BTreeSet<(AccountKey, Wall)>,
}

impl<E: Edges> Engine<E> {
    /// Tells of logins that end soon, once for each.
    pub(super) fn notice_endings(&mut self, now: Moment) {
        for account in &self.accounts {
            let Some((words, end)) = account.ends_soon(now.wall).zip(account.expires_at) else {
                continue;
            };
            if !self.notices.endings.insert((account.key.clone(), end)) {
                continue;
            }
            let service = account.key.service;
            warn!(%service, "{words}");
            if self.config.notifications.login {
                self.outputs.push_back(Output::Notify(Notice {
                    summary: format!("Log in to {} again soon", service.title()),
                    body: words,
                }));
            }
        }
    }

    /// Tells of logins that have been refused since `before`.
    pub(super) fn notice_refusals(&mut self, before: &[Account]) {
        if !self.config.notifications.login {
            return;
        }
        let served = |account: &&Account| {
            before
                .iter()
                .any(|old| old.key == account.key && old.needs_login.is_none())
        };
        let refused = self.accounts.iter().filter(|a| a.needs_login.is_some());
        for account in refused.filter(served) {
            let service = account.key.service;
            self.outputs.push_back(Output::Notify(Notice {
                summary: format!("{} wants a new login", service.title()),
                body: format!("What you watch is kept until then. Run: reeld login {service}"),
            }));
        }
    }

    /// Tells that the settings ask for another profile than the one that is linked: they are read at a login alone.
    pub(super) fn notice_profile(&self) {
        let asked = &self.config.discovr.profile;
        if self.accounts.iter().any(|account| is_other(account, asked)) {
            warn!(
                "`discovr.profile` names another profile than the one that is linked, and everything still goes to that one. Run: reeld login discovr"
            );
        }
    }

    /// Tells of what was watched.
    pub(super) fn notice_watching(&mut self, event: &Lifecycle, step: &Step) {
        let config = &self.config.notifications;
        if event.action != Action::Stop {
            return;
        }
        let title = event.media.title.clone().unwrap_or_default();
        let summary = if event.watched && config.watched {
            "Watched"
        } else if config.unidentified && step.viewing.key.media_type.is_none() {
            "Watched something that could not be identified"
        } else {
            return;
        };
        self.outputs.push_back(Output::Notify(Notice {
            summary: summary.to_owned(),
            body: title,
        }));
    }
}

/// Whether an account is at Discovr and another profile than the one asked for. What a number stands for only the service
/// knows.
fn is_other(account: &Account, asked: &str) -> bool {
    let asked = asked.trim().to_lowercase();
    let names = [&account.key.profile, &account.profile_name];
    let is_it = names
        .into_iter()
        .flatten()
        .any(|name| name.to_lowercase() == asked);
    account.key.service == ServiceName::Discovr
        && !(asked.is_empty() || asked.parse::<u16>().is_ok() || is_it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_profile_than_the_linked_one_is_noticed() {
        let account = |service| Account {
            key: AccountKey {
                service,
                user: "7".into(),
                profile: Some("p1".into()),
            },
            user_name: "ann".into(),
            profile_name: Some("Ann".into()),
            scopes: Vec::new(),
            linked_at: Wall(0),
            linked_since: Wall(0),
            expires_at: None,
            needs_login: None,
        };
        for (asked, other) in [
            ("", false),
            ("Ann", false),
            (" ann ", false),
            ("p1", false),
            ("2", false),
            ("Kids", true),
            ("p2", true),
        ] {
            let at_discovr = account(ServiceName::Discovr);
            assert_eq!(is_other(&at_discovr, asked), other, "{asked:?}");
            assert!(!is_other(&account(ServiceName::Punchplay), asked));
        }
    }
}
