//! `reeld status`

use std::time::Duration;

use clap::Args;

use super::table::table;
use super::{Context, Format, output, words};
use crate::clock;
use crate::control::{
    AccountRow, AccountState, Client, PlayerRow, PlayerState, Request, Response, StatusReport,
};
use crate::error::CliError;
use crate::model::Wall;

/// What is playing, and how the accounts stand
///
/// Answers once the daemon has looked for players; exits with 3 if no daemon runs.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld status
  reeld status --follow
  reeld status --json | jq -r '.players[] | select(.state == \"playing\") | .media.title'")]
pub struct StatusArgs {
    /// Go on and print it again whenever it changes
    #[arg(long, short)]
    follow: bool,
    #[command(flatten)]
    format: Format,
}

pub fn run(args: &StatusArgs, context: &Context) -> Result<(), CliError> {
    let mut client = Client::connect(&context.paths()?)?;
    if args.follow {
        let mut first = true;
        return client.follow(|response| {
            if !args.format.json && !std::mem::take(&mut first) {
                output::line("")?;
            }
            show(response, args.format)
        });
    }
    show(client.ask(&Request::Status)?, args.format)
}

fn show(response: Response, format: Format) -> Result<(), CliError> {
    let Response::Status(report) = response else {
        return Err(super::unexpected());
    };
    if format.json {
        output::json(&report)
    } else {
        output::print(&describe(&report, clock::now().wall, output::width()))
    }
}

fn describe(report: &StatusReport, now: Wall, width: usize) -> String {
    let uptime = words::about(Duration::from_secs(report.uptime_seconds));
    let mut text = format!("reeld {}, running for {uptime}\n", report.version);
    if let Some(until) = report.paused_until {
        let end = super::pause::end(until, now);
        text.push_str(&format!("Paused: nothing is tracked {end}\n"));
    }
    for problem in &report.problems {
        let said = format!("Problem: {problem}");
        text.push_str(&format!("{}\n", words::wrapped(&said, width)));
    }
    text.push('\n');
    if report.players.is_empty() {
        text.push_str("No player is running.\n");
    } else {
        text.push_str(&players(&report.players, width));
    }
    text.push('\n');
    text.push_str(&accounts(&report.accounts, now, width));
    text.push_str(&in_full(&report.accounts, &text, width));
    if report
        .accounts
        .iter()
        .all(|account| account.state == AccountState::Off && account.user.is_none())
    {
        text.push_str("\nNo account is linked: only the local history is kept.\nHint: reeld login punchplay\n");
    }
    for (place, account) in report.accounts.iter().enumerate() {
        if account.state == AccountState::NeedsLogin {
            let (before, _) = report.accounts.split_at(place);
            text.push_str(&wants_login(account, before));
        }
    }
    if report.accounts.iter().any(|account| account.dead > 0) {
        text.push_str("\nSome deliveries were refused for good.\nHint: `reeld queue` shows them, and what can be done\n");
    }
    text
}

/// A service that another uses by now has rows before this one.
fn wants_login(account: &AccountRow, before: &[AccountRow]) -> String {
    let service = account.service;
    let another_uses_it = before.iter().any(|row| row.service == service);
    let what = match &account.user {
        Some(user) if another_uses_it => {
            let user = words::printable(user);
            let title = service.title();
            format!("What is queued for {user} at {title} is kept until {user} logs in again.")
        }
        _ => format!(
            "{} wants a new login; what is queued is kept.",
            service.title()
        ),
    };
    format!("\n{what}\nHint: reeld login {service}\n")
}

/// What the table had no room for.
fn in_full(rows: &[AccountRow], drawn: &str, width: usize) -> String {
    let mut text = String::new();
    for row in rows {
        let Some(error) = &row.last_error else {
            continue;
        };
        let error = words::printable(error.trim());
        if !drawn.contains(&error) {
            let said = format!("{}: {error}", row.service.title());
            text.push_str(&format!("\n{}\n", words::wrapped(&said, width)));
        }
    }
    text
}

pub(super) fn players(rows: &[PlayerRow], width: usize) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.id.clone(),
                row.name.clone(),
                state(row.state).to_owned(),
                row.progress.map_or_else(String::new, words::percent),
                watching(row),
            ]
        })
        .collect();
    table(&["ID", "PLAYER", "STATE", "AT", "WATCHING"], &rows, width)
}

fn watching(row: &PlayerRow) -> String {
    let media = words::media(row.media.as_ref());
    match &row.why_not {
        Some(why) if media.is_empty() => format!("({why})"),
        Some(why) => format!("{media} ({why})"),
        None => media,
    }
}

fn state(state: PlayerState) -> &'static str {
    match state {
        PlayerState::Playing => "playing",
        PlayerState::Paused => "paused",
        PlayerState::Stopped => "stopped",
        PlayerState::Ignored => "ignored",
    }
}

fn accounts(rows: &[AccountRow], now: Wall, width: usize) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let delivered = row.last_delivered_at;
            vec![
                row.service.title().to_owned(),
                account_state(row).to_owned(),
                row.user.clone().unwrap_or_default(),
                row.queued.to_string(),
                row.dead.to_string(),
                delivered.map_or_else(String::new, |at| words::relative(at.0, now)),
                row.last_error.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let head = [
        "SERVICE",
        "STATE",
        "USER",
        "QUEUED",
        "REFUSED",
        "DELIVERED",
        "LAST ERROR",
    ];
    table(&head, &rows, width)
}

fn account_state(row: &AccountRow) -> &'static str {
    match row.state {
        AccountState::Ok => "ok",
        AccountState::NeedsLogin => "needs login",
        AccountState::Unreachable => "unreachable",
        AccountState::Off if row.user.is_none() => "not linked",
        AccountState::Off => "switched off",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Stamp;
    use crate::model::{ServiceName, Source};
    use serde_json::json;

    fn account(service: ServiceName, state: AccountState) -> AccountRow {
        AccountRow {
            service,
            state,
            user: None,
            queued: 0,
            dead: 0,
            last_delivered_at: None,
            last_error: None,
        }
    }

    #[test]
    fn the_status_is_readable_at_80_columns() {
        let report = StatusReport {
            version: "0.1.0".into(),
            uptime_seconds: 7300,
            players: vec![PlayerRow {
                id: "mpv-4711".into(),
                name: "mpv".into(),
                source: Source::Mpv,
                pid: None,
                state: PlayerState::Playing,
                media: Some(json!({"title": "Heat", "year": 1995})),
                progress: Some(0.42),
                viewing_id: Some("00ff".into()),
                why_not: None,
            }],
            accounts: vec![
                AccountRow {
                    user: Some("ann".into()),
                    queued: 3,
                    last_delivered_at: Some(Stamp(Wall(0))),
                    last_error: Some("503 ".repeat(8)),
                    ..account(ServiceName::Punchplay, AccountState::NeedsLogin)
                },
                account(ServiceName::Discovr, AccountState::Off),
            ],
            paused_until: None,
            problems: vec!["the disk is full".into()],
        };
        let text = describe(&report, Wall(120_000), 80);
        assert!(
            text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
        let wanted = "\
reeld 0.1.0, running for 2 h
Problem: the disk is full

ID        PLAYER  STATE    AT    WATCHING
mpv-4711  mpv     playing  42 %  Heat (1995)

SERVICE    STATE        USER  QUEUED  REFUSED  DELIVERED  LAST ERROR
PunchPlay  needs login  ann   3       0        2 min ago  503 503 503 503 503 5…
Discovr    not linked         0       0

PunchPlay: 503 503 503 503 503 503 503 503

PunchPlay wants a new login; what is queued is kept.
Hint: reeld login punchplay
";
        assert_eq!(text, wanted);
    }

    #[test]
    fn without_accounts_or_players_the_status_says_what_to_do() {
        let report = StatusReport {
            version: "0.1.0".into(),
            uptime_seconds: 1,
            players: Vec::new(),
            accounts: ServiceName::ALL
                .map(|service| account(service, AccountState::Off))
                .to_vec(),
            paused_until: None,
            problems: Vec::new(),
        };
        let text = describe(&report, Wall(0), 80);
        assert!(text.contains("No player is running.\n"), "{text}");
        assert!(text.contains("No account is linked"), "{text}");
        let mut switched_off = report;
        switched_off.accounts[0].user = Some("ann".into());
        let text = describe(&switched_off, Wall(0), 80);
        assert!(!text.contains("No account is linked"), "{text}");
    }
}
