//! The accounts, the way to their services, and the clock (which the services know).

use std::time::Duration;

use super::Finding;
use super::daemon::Daemon;
use crate::account::{self, Account, client_id};
use crate::cli::words;
use crate::clock;
use crate::config::Config;
use crate::control::AccountState;
use crate::model::{ServiceName, Wall};
use crate::paths::Paths;
use crate::service::http::{Base, Http, Knock, Timeouts};

/// A service may take so long to answer.
const TIMEOUTS: Timeouts = Timeouts {
    connect: Duration::from_secs(5),
    whole: Duration::from_secs(8),
};
/// A clock that is further off than this dates what is watched wrongly.
const OFF: Duration = Duration::from_secs(120);
/// No clock that is right shows less: 2024.
const EARLIEST: Wall = Wall(1_704_067_200_000);

fn check(service: ServiceName) -> &'static str {
    match service {
        ServiceName::Punchplay => "PunchPlay",
        ServiceName::Discovr => "Discovr",
    }
}

fn settings(service: ServiceName, config: &Config) -> (bool, &str) {
    match service {
        ServiceName::Punchplay => (config.punchplay.enabled, &config.punchplay.base_url),
        ServiceName::Discovr => (config.discovr.enabled, &config.discovr.base_url),
    }
}

/// The file is only read: what opens it otherwise mends it as well.
fn linked(paths: &Paths) -> Vec<Account> {
    let text = std::fs::read_to_string(&paths.credentials).ok();
    text.and_then(|text| account::look(&text))
        .unwrap_or_default()
}

/// How each account stands.
pub fn accounts(paths: &Paths, config: &Config, daemon: &Daemon) -> Vec<Finding> {
    let linked = linked(paths);
    if linked.is_empty() {
        return vec![Finding::warn(
            "accounts",
            "no account is linked: only the local history is kept",
            "`reeld login punchplay` or `reeld login discovr`",
        )];
    }
    let now = clock::now().wall;
    let mut findings = Vec::new();
    for account in &linked {
        let service = account.key.service;
        findings.push(standing(account, config, now));
        findings.extend(backlog(service, daemon));
    }
    findings
}

fn standing(account: &Account, config: &Config, now: Wall) -> Finding {
    let service = account.key.service;
    let check = check(service);
    let again = format!("reeld login {service}");
    let who = account.profile_name.as_ref().unwrap_or(&account.user_name);
    if !settings(service, config).0 {
        let message = format!("{who} is linked, but nothing is sent: it is disabled");
        let hint = format!("set {service}.enabled = true, or log out");
        return Finding::warn(check, message, hint);
    }
    if let Some(why) = &account.needs_login {
        let message = format!("{who} must log in again ({why}); what is queued is kept");
        return Finding::problem(check, message, again);
    }
    if account.expires_at.is_some_and(|at| at <= now) {
        let message = format!("the login of {who} has ended; what is queued is kept");
        return Finding::problem(check, message, again);
    }
    if let Some(words) = account.ends_soon(now) {
        return Finding::warn(check, words, again);
    }
    if client_id(service, config).is_none() {
        return Finding::warn(
            check,
            format!("{who} is linked, but there is no client id for the next login"),
            format!("set {service}.client_id"),
        );
    }
    let ends = account.expires_at.map_or_else(String::new, |at| {
        format!(", for another {}", words::about(at.since(now)))
    });
    Finding::ok(check, format!("{who} is linked{ends}"))
}

/// What the daemon says of the queue.
fn backlog(service: ServiceName, daemon: &Daemon) -> Option<Finding> {
    let mut rows = daemon.report()?.accounts.iter();
    let row = rows.find(|row| row.service == service && row.state != AccountState::Off)?;
    (row.dead > 0).then(|| {
        Finding::warn(
            check(service),
            format!("{} deliveries were refused for good", row.dead),
            "`reeld queue` shows them; `reeld queue retry --refused` tries again, `drop` forgets",
        )
    })
}

/// Whether each linked service answers, and what that says of the clock.
pub async fn reach(paths: &Paths, config: &Config) -> Vec<Finding> {
    let http = Http::with_timeouts(TIMEOUTS);
    let mut findings = Vec::new();
    let mut heard = None;
    for account in linked(paths) {
        let service = account.key.service;
        let (enabled, base) = settings(service, config);
        if !enabled {
            continue;
        }
        let (finding, date) = knock(&http, check(service), base).await;
        findings.push(finding);
        heard = heard.or(date);
    }
    if !config.tmdb.api_key.expose().trim().is_empty() {
        findings.push(knock(&http, "TMDB", &config.tmdb.base_url).await.0);
    }
    findings.push(judge_clock(clock::now().wall, heard));
    findings
}

async fn knock(http: &Http, check: &'static str, base: &str) -> (Finding, Option<Wall>) {
    let knocked = match Base::parse(base) {
        Ok(base) => http.knock(&base).await.map_err(|error| error.to_string()),
        Err(why) => Err(why),
    };
    match knocked {
        Ok(Knock { host, date }) => (Finding::ok(check, format!("{host} answers")), date),
        Err(why) => (
            Finding::problem(
                check,
                format!("it cannot be reached: {why}"),
                "check the network, a proxy and the service's base_url; what is watched is kept meanwhile",
            ),
            None,
        ),
    }
}

fn judge_clock(now: Wall, heard: Option<Wall>) -> Finding {
    const CHECK: &str = "clock";
    let hint = "let it be set from the network: `sudo timedatectl set-ntp true`";
    if now < EARLIEST {
        let message = format!("it shows {now}: nothing is sent before it is right");
        return Finding::problem(CHECK, message, hint);
    }
    let Some(heard) = heard else {
        return Finding::ok(CHECK, format!("it shows {now}"));
    };
    let (off, which) = if now > heard {
        (now.since(heard), "ahead of")
    } else {
        (heard.since(now), "behind")
    };
    if off > OFF {
        let off = words::about(off);
        let message = format!("it is {off} {which} the services': what you watch is dated wrongly");
        return Finding::problem(CHECK, message, hint);
    }
    Finding::ok(CHECK, "it agrees with the services'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::State;

    #[test]
    fn the_clock_is_compared_with_the_services() {
        let right = Wall(1_795_312_800_000);
        let minutes = |minutes: i64| Wall(right.0 + minutes * 60_000);
        for (now, heard, state, words) in [
            (right, None, State::Ok, "it shows 2026-11-22"),
            (right, Some(minutes(1)), State::Ok, "agrees"),
            (right, Some(minutes(50)), State::Problem, "50 min behind"),
            (right, Some(minutes(-5)), State::Problem, "5 min ahead of"),
            (Wall(0), Some(right), State::Problem, "1970-01-01"),
        ] {
            let finding = judge_clock(now, heard);
            assert_eq!(finding.state, state, "{finding:?}");
            assert!(finding.message.contains(words), "{finding:?}");
        }
    }
}
