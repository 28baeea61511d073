//! `reeld login`

use std::io::IsTerminal;

use clap::Args;
use serde_json::json;

use super::link::{accounts, service, wait_for};
use super::{Context, Format, output, words};
use crate::account::{NewLogin, Progress, login_punchplay, qr};
use crate::control::{Client, Request};
use crate::daemon::device_id;
use crate::error::CliError;
use crate::model::{Secret, ServiceName};
use crate::paths::Paths;
use crate::service::http::Http;

/// Link an account
///
/// Shows a code to approve in a browser, on this or any other device. A running reeld reports at once; what waits for
/// the same user goes out. Logging in again replaces the login.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld login punchplay
  reeld login punchplay --json    one object a step: code, approved, linked")]
pub struct LoginArgs {
    /// Where
    #[arg(value_parser = service())]
    service: ServiceName,
    #[command(flatten)]
    format: Format,
}

pub fn run(args: &LoginArgs, context: &Context) -> Result<(), CliError> {
    let (paths, loaded) = context.load()?;
    let device_id = device_id(&paths)?;
    let http = Http::default();
    let mut told = Ok(());
    let mut tell = |progress| {
        if told.is_ok() {
            told = show(args, &progress);
        }
    };
    let login = wait_for(login_punchplay::login(
        &http,
        &loaded.config,
        &device_id,
        &mut tell,
    ))??;
    told?;
    let name = login.user_name.clone();
    let reports = keep(&paths, &loaded.config, args.service, login)?;
    if args.format.json {
        return output::json(
            &json!({ "step": "linked", "service": args.service, "user": name, "daemon": reports }),
        );
    }
    let name = words::printable(&name);
    output::line(&format!("Linked: {name} at {}.", args.service.title()))?;
    output::line(if reports {
        "The running reeld reports from now on."
    } else {
        "Hint: reeld is not running; start it with `systemctl --user start reeld` or `reeld run`"
    })
}

fn show(args: &LoginArgs, progress: &Progress) -> Result<(), CliError> {
    if args.format.json {
        return output::json(&step(progress));
    }
    match progress {
        Progress::Code {
            code,
            url,
            complete,
            expires_in,
        } => {
            let terminal = std::io::stdout().is_terminal();
            let drawn = terminal.then(|| qr::draw(complete, true)).flatten();
            let drawn = drawn.map_or_else(String::new, |drawn| format!("{drawn}\n"));
            output::print(&format!(
                "Open this page on any device and approve the code {code}:\n\n  {complete}\n\n{drawn}\
                 The code can also be entered at {url}. Waiting{} …\n",
                expires_in.map_or_else(String::new, |life| format!(
                    "; it is good for {}",
                    words::about(life)
                ))
            ))
        }
        Progress::Trouble(why) => {
            output::line(&format!("{}; trying again …", words::printable(why)))
        }
        Progress::Approved => output::line("Approved."),
    }
}

fn step(progress: &Progress) -> serde_json::Value {
    match progress {
        Progress::Code {
            code,
            url,
            complete,
            expires_in,
        } => json!({
            "step": "code",
            "code": code,
            "url": url,
            "complete_url": complete,
            "expires_in_seconds": expires_in.map(|life| life.as_secs()),
        }),
        Progress::Trouble(why) => json!({ "step": "trouble", "reason": why }),
        Progress::Approved => json!({ "step": "approved" }),
    }
}

/// Gives the login to the daemon, or to the file where none runs; true if a daemon has it.
fn keep(
    paths: &Paths,
    config: &crate::config::Config,
    service: ServiceName,
    login: NewLogin,
) -> Result<bool, CliError> {
    if hand_over(paths, service, &login)? {
        return Ok(true);
    }
    accounts(paths, config)?.link(login.clone())?;
    // A daemon that started meanwhile may have read the file before.
    hand_over(paths, service, &login)
}

fn hand_over(paths: &Paths, service: ServiceName, login: &NewLogin) -> Result<bool, CliError> {
    let text = serde_json::to_string(login)
        .map_err(|_| CliError::bug("the login cannot be put into words"))?;
    let request = Request::Login {
        service,
        account: Secret::new(text),
    };
    let asked = Client::connect(paths).and_then(|mut client| client.ask(&request));
    match asked {
        Ok(_) => Ok(true),
        Err(error) if super::is_not_running(&error) => Ok(false),
        Err(error) => Err(error),
    }
}
