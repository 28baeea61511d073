//! `reeld login`

use std::io::IsTerminal;

use clap::Args;
use serde_json::json;

use super::link::{SERVICES, accounts, service, wait_for};
use super::{Context, Format, output, words};
use crate::account::login_discovr::{self, SignedIn};
use crate::account::{NewLogin, OnProgress, Progress, choose, give_back, login_punchplay, qr};
use crate::config::Config;
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
  reeld login discovr --profile Ann
  reeld login punchplay --json      one object a step: code, approved, linked")]
pub struct LoginArgs {
    /// Where
    #[arg(value_name = SERVICES, value_parser = service())]
    service: ServiceName,
    /// Report to this profile: its name, its number in the list, or its id (Discovr)
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    #[command(flatten)]
    format: Format,
}

pub fn run(args: &LoginArgs, context: &Context) -> Result<(), CliError> {
    let (paths, loaded) = context.load()?;
    can_be_kept(&paths, &loaded.config)?;
    let mut told = Ok(());
    let mut tell = |progress| {
        if told.is_ok() {
            told = show(args, &progress);
        }
    };
    let login = match args.service {
        ServiceName::Punchplay => punchplay(args, &paths, &loaded.config, &mut tell)?,
        ServiceName::Discovr => discovr(args, &loaded.config, &mut tell)?,
    };
    told?;
    let name = login.user_name.clone();
    let profile = login.profile_name.clone();
    let replaced = replaced(&paths, &loaded.config, &login)?;
    let reports = keep(&paths, &loaded.config, args.service, &login)?;
    if args.format.json {
        return output::json(&json!({
            "step": "linked",
            "service": args.service,
            "user": name,
            "profile": profile,
            "replaces": replaced,
            "daemon": reports,
        }));
    }
    let who = words::printable(&profile.unwrap_or(name));
    output::line(&format!("Linked: {who} at {}.", args.service.title()))?;
    if let Some(before) = replaced {
        let before = words::printable(&before);
        output::line(&format!(
            "It takes the place of {before}. What is still queued for {before} waits until {before} logs in again."
        ))?;
    }
    output::line(if reports {
        "The running reeld reports from now on."
    } else {
        "Hint: reeld is not running; start it with `systemctl --user start reeld` or `reeld run`"
    })
}

fn punchplay(
    args: &LoginArgs,
    paths: &Paths,
    config: &Config,
    tell: OnProgress<'_>,
) -> Result<NewLogin, CliError> {
    if args.profile.is_some() {
        return Err(CliError::usage("PunchPlay has no profiles").hint("leave out --profile"));
    }
    let device_id = device_id(paths)?;
    let http = Http::default();
    Ok(wait_for(login_punchplay::login(
        &http, config, &device_id, tell,
    ))??)
}

fn discovr(args: &LoginArgs, config: &Config, tell: OnProgress<'_>) -> Result<NewLogin, CliError> {
    let http = Http::default();
    let signed_in = wait_for(login_discovr::login(&http, config, tell))??;
    let asked = args.profile.as_ref().unwrap_or(&config.discovr.profile);
    let can_ask = std::io::stdin().is_terminal() && !args.format.json;
    let asks = asked.trim().is_empty() && signed_in.profiles.len() > 1 && can_ask;
    let login = if asks {
        ask_profile(&signed_in).and_then(|answer| Ok(signed_in.as_profile(&answer)?))
    } else {
        signed_in.as_profile(asked).map_err(CliError::from)
    };
    if login.is_err() {
        // Approved for months, and used by nobody.
        wait_for(signed_in.give_up(&Http::default()))?;
    }
    login
}

/// Lists the profiles and waits for an answer that names one.
fn ask_profile(signed_in: &SignedIn) -> Result<String, CliError> {
    let mut list = String::from("Which profile?\n");
    for (index, profile) in signed_in.profiles.iter().enumerate() {
        list.push_str(&format!(
            "  {} {}\n",
            index + 1,
            words::printable(&profile.name)
        ));
    }
    output::print(&list)?;
    loop {
        let answer = output::ask("Number or name: ")?;
        match choose(&signed_in.profiles, &answer) {
            Ok(profile) => return Ok(profile.id.clone()),
            Err(error) => output::line(&error.to_string())?,
        }
    }
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
            let by_hand = if url == complete {
                String::new()
            } else {
                format!("The code can also be entered at {url}. ")
            };
            let life = expires_in.map_or_else(String::new, |life| {
                format!("; it is good for {}", words::about(life))
            });
            output::print(&format!(
                "Open this page on any device and approve the code {code}:\n\n  {complete}\n\n\
                 {drawn}{by_hand}Waiting{life} …\n"
            ))
        }
        Progress::Trouble(why) => output::line(&format!(
            "Trouble with {}: {}. Trying again …",
            args.service.title(),
            words::printable(why)
        )),
        Progress::Approved => output::line("Approved."),
    }
}

/// The other account that is linked at this service until now.
fn replaced(paths: &Paths, config: &Config, login: &NewLogin) -> Result<Option<String>, CliError> {
    let linked = accounts(paths, config)?.linked();
    let mut others = linked
        .into_iter()
        .filter(|old| old.key.service == login.account.service && old.key != login.account);
    Ok(others
        .next()
        .map(|old| old.profile_name.unwrap_or(old.user_name)))
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

/// Nobody is to approve a login that cannot be kept. The daemon looks after its own file.
fn can_be_kept(paths: &Paths, config: &Config) -> Result<(), CliError> {
    match Client::connect_if_running(paths)? {
        Some(_) => Ok(()),
        None => Ok(accounts(paths, config)?.try_to_write()?),
    }
}

/// Gives the login to the daemon, or to the file where none runs; true if a daemon has it.
fn keep(
    paths: &Paths,
    config: &Config,
    service: ServiceName,
    login: &NewLogin,
) -> Result<bool, CliError> {
    if hand_over(paths, service, login)? {
        return Ok(true);
    }
    let accounts = accounts(paths, config)?;
    if let Err(error) = accounts.link(login.clone()) {
        // Approved for months, and used by nobody; but what that does to a login that is there already, nobody knows.
        if accounts
            .linked()
            .iter()
            .all(|old| old.key.service != service)
        {
            wait_for(give_back(&Http::default(), config, login))?;
        }
        return Err(error.into());
    }
    wait_for(accounts.sign_out_replaced())?;
    // A daemon that started meanwhile may have read the file before.
    hand_over(paths, service, login)
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
