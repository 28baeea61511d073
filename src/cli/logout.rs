//! `reeld logout`

use std::io::IsTerminal;

use clap::Args;
use serde_json::json;

use super::link::{SERVICES, accounts, service, wait_for};
use super::{Context, Format, output, words};
use crate::control::{AccountRow, Client, QueueFate, Request, Response};
use crate::error::CliError;
use crate::model::ServiceName;

/// Unlink an account
///
/// The service is told to forget the login. What is still queued is kept for the same user's next login, or dropped:
/// that is asked, unless a flag says it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld logout punchplay
  reeld logout punchplay --keep-queue")]
pub struct LogoutArgs {
    /// Where
    #[arg(value_name = SERVICES, value_parser = service())]
    service: ServiceName,
    /// What is queued waits for the same user to log in again
    #[arg(long)]
    keep_queue: bool,
    /// What is queued is forgotten for good
    #[arg(long, conflicts_with = "keep_queue")]
    drop_queue: bool,
    #[command(flatten)]
    format: Format,
}

impl LogoutArgs {
    fn fate(&self) -> Option<QueueFate> {
        match (self.keep_queue, self.drop_queue) {
            (true, _) => Some(QueueFate::Keep),
            (_, true) => Some(QueueFate::Drop),
            _ => None,
        }
    }
}

pub fn run(args: &LogoutArgs, context: &Context) -> Result<(), CliError> {
    let (paths, loaded) = context.load()?;
    let accounts = accounts(&paths, &loaded.config)?;
    let linked = accounts.linked();
    let Some(account) = linked.iter().find(|a| a.key.service == args.service) else {
        return Err(not_linked(args.service));
    };
    let user = account.profile_name.as_ref().unwrap_or(&account.user_name);
    let user = words::printable(user);
    let mut queue = Some(QueueFate::Keep);
    let not_told = match Client::connect_if_running(&paths)? {
        Some(mut client) => {
            queue = fate(args, &mut client)?;
            through_daemon(args.service, queue, &mut client)?
        }
        None => {
            if args.drop_queue {
                return Err(CliError::not_running(
                    "only the daemon can drop what is queued",
                )
                .hint("start it with `systemctl --user start reeld`; or leave the flag out, and what is queued is kept"));
            }
            let unlinked = wait_for(accounts.unlink(args.service))??;
            unlinked
                .ok_or_else(|| not_linked(args.service))?
                .not_revoked
        }
    };
    let service = args.service.title();
    if args.format.json {
        return output::json(
            &json!({ "service": args.service, "linked": false, "not_revoked": not_told }),
        );
    }
    output::line(&format!("{service} is not linked any more."))?;
    match queue {
        None => {}
        Some(QueueFate::Keep) => output::line(&format!(
            "What is still queued for {user} waits until {user} logs in again."
        ))?,
        Some(QueueFate::Drop) => {
            output::line(&format!("What was queued for {user} is forgotten."))?
        }
    }
    if let Some(why) = not_told {
        let why = words::printable(&why);
        output::line(&format!(
            "The login is gone from this machine, but {service} could not be told: {why}\n\
             Hint: remove reeld from the connected apps in your account there"
        ))?;
    }
    Ok(())
}

/// What is to become of what is queued; `None`: nothing is.
fn fate(args: &LogoutArgs, client: &mut Client) -> Result<Option<QueueFate>, CliError> {
    let Response::Status(report) = client.ask(&Request::Status)? else {
        return Err(super::unexpected());
    };
    // The linked account stands before those that were.
    let mut rows = report.accounts.iter();
    let row = rows.find(|row| row.service == args.service);
    match row.filter(|row| row.queued + row.dead > 0) {
        Some(row) if args.fate().is_none() => ask(row, row.queued + row.dead).map(Some),
        Some(_) => Ok(args.fate()),
        None => Ok(None),
    }
}

/// Why the service could not be told, if it could not.
fn through_daemon(
    service: ServiceName,
    queue: Option<QueueFate>,
    client: &mut Client,
) -> Result<Option<String>, CliError> {
    match client.ask(&Request::Logout { service, queue })? {
        Response::LoggedOut { not_revoked } => Ok(not_revoked),
        _ => Err(super::unexpected()),
    }
}

fn ask(account: &AccountRow, queued: u64) -> Result<QueueFate, CliError> {
    let service = account.service.title();
    if !std::io::stdin().is_terminal() {
        return Err(CliError::usage(format!("what is to become of what is queued for {service} ({queued})?"))
            .hint("add --keep-queue (it waits for the same user's next login) or --drop-queue (it is forgotten)"));
    }
    let answer = output::ask(&format!(
        "Queued for {service}: {queued}. Keep it for the next login of {}, or drop it for good? [keep/drop] ",
        words::printable(account.user.as_deref().unwrap_or("the same user"))
    ))?;
    match answer.as_str() {
        "keep" | "k" => Ok(QueueFate::Keep),
        "drop" | "d" => Ok(QueueFate::Drop),
        _ => Err(CliError::user("nothing is changed").hint("answer keep or drop")),
    }
}

fn not_linked(service: ServiceName) -> CliError {
    CliError::user(format!("{} is not linked", service.title()))
        .hint("`reeld accounts` shows what is")
}
