//! The running daemon, if there is one.

use super::Finding;
use crate::cli::{is_not_running, unexpected};
use crate::control::{Client, Request, Response, StatusReport};
use crate::error::CliError;
use crate::paths::Paths;

const CHECK: &str = "daemon";

/// What it says of itself.
pub enum Daemon {
    /// It runs.
    Running(Box<StatusReport>),
    /// It does not.
    Stopped(CliError),
    /// It does, but cannot be asked.
    Silent(CliError),
}

impl Daemon {
    /// Asks it, after it has looked for players anew.
    pub fn ask(paths: &Paths) -> Self {
        match status(paths) {
            Ok(report) => Self::Running(report),
            Err(error) if is_not_running(&error) => Self::Stopped(error),
            Err(error) => Self::Silent(error),
        }
    }

    /// Its report, if it gave one.
    pub fn report(&self) -> Option<&StatusReport> {
        match self {
            Self::Running(report) => Some(report),
            _ => None,
        }
    }

    pub fn finding(&self) -> Finding {
        let report = match self {
            Self::Running(report) => report,
            Self::Stopped(error) | Self::Silent(error) => return Finding::of_error(CHECK, error),
        };
        let ours = env!("CARGO_PKG_VERSION");
        if report.version != ours {
            return Finding::warn(
                CHECK,
                format!("reeld {} runs, and this is {ours}", report.version),
                "restart it: `systemctl --user restart reeld`",
            );
        }
        if let Some(until) = report.paused_until {
            let end = crate::cli::pause::end(until, crate::clock::now().wall);
            return Finding::warn(
                CHECK,
                format!("it runs, and is paused {end}"),
                "`reeld resume`, if that is not what you want",
            );
        }
        let players = report.players.len();
        let many = if players == 1 { "player" } else { "players" };
        Finding::ok(CHECK, format!("it runs, and sees {players} {many}"))
    }

    /// What keeps it from its work.
    pub fn problems(&self) -> Vec<Finding> {
        let problems = self
            .report()
            .into_iter()
            .flat_map(|report| &report.problems);
        let finding = |problem: &String| {
            let (what, hint) = problem
                .split_once(" Hint: ")
                .unwrap_or((problem, "see what it says: `journalctl --user -u reeld`"));
            Finding::problem(CHECK, what, hint)
        };
        problems.map(finding).collect()
    }
}

fn status(paths: &Paths) -> Result<Box<StatusReport>, CliError> {
    let mut client = Client::connect(paths)?;
    client.ask(&Request::Players)?;
    match client.ask(&Request::Status)? {
        Response::Status(report) => Ok(report),
        _ => Err(unexpected()),
    }
}
