//! `reeld accounts`

use clap::Args;
use serde_json::{Value, json};

use super::link::accounts;
use super::table::table;
use super::{Context, Format, output, words};
use crate::account::Account;
use crate::clock;
use crate::config::Config;
use crate::control::Stamp;
use crate::error::CliError;
use crate::model::{ServiceName, Wall};

/// Which accounts are linked
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld accounts
  reeld accounts --json")]
pub struct AccountsArgs {
    #[command(flatten)]
    format: Format,
}

pub fn run(args: &AccountsArgs, context: &Context) -> Result<(), CliError> {
    let (paths, loaded) = context.load()?;
    let linked = accounts(&paths, &loaded.config)?.linked();
    let rows = ServiceName::ALL.map(|service| Row {
        service,
        enabled: enabled(&loaded.config, service),
        account: linked.iter().find(|account| account.key.service == service),
    });
    let now = clock::now().wall;
    if args.format.json {
        return output::json_lines(rows.iter().map(|row| row.json(now)));
    }
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row.cells(now)).collect();
    let head = ["SERVICE", "STATE", "USER", "PROFILE", "EXPIRES", "MAY"];
    output::print(&table(&head, &cells, output::width()))
}

struct Row<'a> {
    service: ServiceName,
    enabled: bool,
    account: Option<&'a Account>,
}

impl Row<'_> {
    fn state(&self) -> &'static str {
        match self.account {
            _ if !self.enabled => "off",
            None => "off",
            Some(account) if account.needs_login.is_some() => "needs_login",
            Some(_) => "ok",
        }
    }

    fn json(&self, now: Wall) -> Value {
        let account = self.account;
        json!({
            "service": self.service,
            "state": self.state(),
            "enabled": self.enabled,
            "user": account.map(|account| &account.user_name),
            "profile": account.and_then(|account| account.profile_name.as_ref()),
            "scopes": account.map(|account| &account.scopes),
            "linked_at": account.map(|account| Stamp(account.linked_at)),
            "expires_at": account.and_then(|account| account.expires_at).map(Stamp),
            "last_error": account.and_then(|account| {
                let refused = account.needs_login.clone();
                refused.or_else(|| account.ends_soon(now))
            }),
        })
    }

    fn cells(&self, now: Wall) -> Vec<String> {
        let state = match (self.account, self.state()) {
            (_, "off") if !self.enabled => "disabled",
            (None, _) => "not linked",
            (_, "needs_login") => "needs login",
            (Some(account), _) if account.ends_soon(now).is_some() => "log in again soon",
            (_, state) => state,
        };
        let of = |value: fn(&Account) -> Option<String>| {
            self.account.and_then(value).unwrap_or_default()
        };
        let expires = self.account.and_then(|account| account.expires_at);
        vec![
            self.service.title().to_owned(),
            state.to_owned(),
            of(|account| Some(account.user_name.clone())),
            of(|account| account.profile_name.clone()),
            expires.map_or_else(String::new, |at| words::relative(at, now)),
            of(|account| Some(account.scopes.join(" "))),
        ]
    }
}

fn enabled(config: &Config, service: ServiceName) -> bool {
    match service {
        ServiceName::Punchplay => config.punchplay.enabled,
        ServiceName::Discovr => config.discovr.enabled,
    }
}
