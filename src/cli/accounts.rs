//! `reeld accounts`

use clap::Args;
use serde_json::{Value, json};

use super::link::accounts;
use super::table::table;
use super::{Context, Format, output, words};
use crate::account::Account;
use crate::clock;
use crate::config::Config;
use crate::control::{AccountRow, Client, Request, Response, Stamp};
use crate::error::CliError;
use crate::model::{ServiceName, Wall};
use crate::paths::Paths;

/// Which accounts are linked
///
/// While reeld runs, also those that something is still queued for though they are not linked any more.
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
    let waiting = waiting(&paths, &linked);
    if args.format.json {
        output::json_lines(rows.iter().map(|row| row.json(now)))?;
        return output::json_lines(waiting.iter().map(of_another));
    }
    let mut cells: Vec<Vec<String>> = rows.iter().map(|row| row.cells(now)).collect();
    cells.extend(waiting.iter().map(cells_of_another));
    let head = ["SERVICE", "STATE", "USER", "PROFILE", "EXPIRES", "MAY"];
    let width = output::width();
    let drawn = table(&head, &cells, width);
    let mut notes = notes(&rows, &drawn, now, width);
    for row in &waiting {
        notes.push_str(&of_another_in_words(row, width));
    }
    let gap = if notes.is_empty() { "" } else { "\n" };
    output::print(&format!("{drawn}{gap}{notes}"))
}

/// What the table had no room for, and what to do.
fn notes(rows: &[Row<'_>], drawn: &str, now: Wall, width: usize) -> String {
    let mut text = String::new();
    for row in rows {
        let (service, title) = (row.service, row.service.title());
        let Some(account) = row.account else {
            continue;
        };
        let may = words::printable(&account.scopes.join(" "));
        if !drawn.contains(&may) {
            text.push_str(&words::wrapped(&format!("{title} may: {may}"), width));
            text.push('\n');
        }
        let again = format!("Hint: reeld login {service}");
        if !row.enabled {
            text.push_str(&format!(
                "{title} is switched off: nothing is sent there.\nHint: set `{service}.enabled = true`, or `reeld logout {service}`\n"
            ));
        } else if let Some(why) = &account.needs_login {
            let said = format!("{title} wants a new login: {why}. What is queued is kept.");
            text.push_str(&format!("{}\n{again}\n", words::wrapped(&said, width)));
        } else if account.ends_soon(now).is_some() {
            let end = if account.is_over(now) {
                "is over: nothing can be sent there any more. What is queued is kept."
            } else {
                "ends soon. What is queued then is kept."
            };
            text.push_str(&format!("The login at {title} {end}\n{again}\n"));
        }
    }
    if rows.iter().all(|row| row.account.is_none()) {
        text.push_str(
            "No account is linked: only the local history is kept.\nHint: reeld login punchplay\n",
        );
    }
    text
}

fn of_another_in_words(row: &AccountRow, width: usize) -> String {
    let user = row.user.as_deref().unwrap_or("its user");
    let title = row.service.title();
    let said = format!(
        "What is queued for {user} at {title} waits until {user} logs in again; nobody else gets it."
    );
    format!("{}\n", words::wrapped(&said, width))
}

/// Accounts that are not linked any more, and for which something is queued. Only a running daemon knows.
fn waiting(paths: &Paths, linked: &[Account]) -> Vec<AccountRow> {
    let asked = Client::connect(paths).and_then(|mut client| client.ask(&Request::Status));
    let Ok(Response::Status(report)) = asked else {
        return Vec::new();
    };
    let is_linked = |row: &AccountRow| {
        let of = |account: &Account| {
            account.key.service == row.service && Some(&account.user_name) == row.user.as_ref()
        };
        row.user.is_none() || linked.iter().any(of)
    };
    let rows = report.accounts.into_iter();
    rows.filter(|row| !is_linked(row)).collect()
}

fn of_another(row: &AccountRow) -> Value {
    json!({
        "service": row.service,
        "state": "needs_login",
        "enabled": null,
        "user": row.user,
        "profile": null,
        "scopes": null,
        "linked_at": null,
        "expires_at": null,
        "last_error": format!("{} queued; not linked any more", row.queued + row.dead),
    })
}

fn cells_of_another(row: &AccountRow) -> Vec<String> {
    vec![
        row.service.title().to_owned(),
        format!("{} queued", row.queued + row.dead),
        row.user.clone().unwrap_or_default(),
        String::new(),
        String::new(),
        String::new(),
    ]
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
            (None, _) => "not linked",
            (_, "off") => "switched off",
            (_, "needs_login") => "needs login",
            (Some(account), _) if account.is_over(now) => "is over",
            (Some(account), _) if account.ends_soon(now).is_some() => "ends soon",
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
