//! `reeld doctor`: looks at everything that reeld stands on, one finding a line, and mends nothing. Only the database, while no
//! daemon has it, is opened as a daemon would, which does what opening does.
//!
//! Works with the daemon stopped. What only the daemon may touch (the database, the accounts' state) it is asked about
//! while it runs. Every question that goes elsewhere (bus, services, systemd) is bounded in time.

mod daemon;
mod files;
mod players;
mod services;
mod unit;

use clap::Args;
use serde::Serialize;

use super::link::wait_for;
use super::{Context, Format, output, words};
use crate::config::{Config, Loaded, Sources, load, load_rules};
use crate::error::CliError;
use crate::paths::Paths;
use daemon::Daemon;

/// Look for what keeps reeld from its work
///
/// Checks configuration, files, database, bus, mpv, the systemd service, accounts, services and the clock, and says
/// what to do. Ends with 1 if something is to be mended.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld doctor
  reeld doctor --json | jq -r 'select(.state != \"ok\") | .hint'")]
pub struct DoctorArgs {
    #[command(flatten)]
    format: Format,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// As it should be.
    Ok,
    /// Worth knowing; reeld works.
    Warn,
    /// To be mended.
    Problem,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Problem => "problem",
        }
    }
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    /// Of what.
    check: &'static str,
    /// How it is.
    state: State,
    /// In a sentence.
    message: String,
    /// What to do; always there unless it is ok.
    hint: Option<String>,
}

impl Finding {
    fn ok(check: &'static str, message: impl Into<String>) -> Self {
        Self {
            check,
            state: State::Ok,
            message: message.into(),
            hint: None,
        }
    }

    fn warn(check: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            state: State::Warn,
            hint: Some(hint.into()),
            ..Self::ok(check, message)
        }
    }

    fn problem(check: &'static str, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            state: State::Problem,
            ..Self::warn(check, message, hint)
        }
    }

    fn of_error(check: &'static str, error: &CliError) -> Self {
        let message = match &error.why {
            Some(why) => format!("{}: {why}", error.what),
            None => error.what.clone(),
        };
        let hint = error.hint.as_deref().unwrap_or("look at what is said");
        Self::problem(check, message, hint)
    }
}

pub fn run(args: &DoctorArgs, context: &Context) -> Result<(), CliError> {
    let findings = examine(&context.paths()?)?;
    if args.format.json {
        output::json_lines(&findings)?;
    } else {
        output::print(&describe(&findings))?;
    }
    let to_mend = findings.iter().filter(|f| f.state == State::Problem);
    match to_mend.count() {
        0 => Ok(()),
        1 => Err(CliError::user("one thing is to be mended").hint("its line says how")),
        many => {
            let what = format!("{many} things are to be mended");
            Err(CliError::user(what).hint("their lines say how; begin with the first"))
        }
    }
}

fn examine(paths: &Paths) -> Result<Vec<Finding>, CliError> {
    let mut findings = Vec::new();
    let (config, finding) = configuration(paths);
    findings.push(finding);
    findings.push(rules(paths));
    let daemon = Daemon::ask(paths);
    findings.extend(files::state_folder(paths));
    findings.push(files::credentials(paths));
    findings.push(files::database(paths, &daemon));
    findings.push(files::history(paths));
    findings.push(daemon.finding());
    findings.extend(daemon.problems());
    findings.extend(unit::service());
    findings.push(wait_for(players::session_bus())?);
    findings.extend(players::mpv(paths, config.as_ref()));
    if let Some(config) = &config {
        findings.extend(services::accounts(paths, config, &daemon));
        findings.extend(wait_for(services::reach(paths, config))?);
    }
    Ok(findings)
}

fn configuration(paths: &Paths) -> (Option<Config>, Finding) {
    const CHECK: &str = "configuration";
    match load(&Sources::from_process(paths)) {
        Ok(Loaded {
            config,
            file_exists,
            ..
        }) => {
            let file = paths.config_file.display();
            let message = if file_exists {
                format!("{file} is right")
            } else {
                format!("there is no {file}: the defaults are in force")
            };
            (Some(config), Finding::ok(CHECK, message))
        }
        Err(error) => {
            let error = CliError::from(error);
            (None, Finding::of_error(CHECK, &error))
        }
    }
}

fn rules(paths: &Paths) -> Finding {
    const CHECK: &str = "rules";
    match load_rules(paths) {
        Ok(_) if !paths.rules_file().exists() => Finding::ok(CHECK, "there are none of yours"),
        Ok(_) => Finding::ok(CHECK, format!("{} is right", paths.rules_file().display())),
        Err(error) => Finding::problem(
            CHECK,
            error.to_string(),
            "mend it and look with `reeld rules check`",
        ),
    }
}

fn describe(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let (state, check) = (finding.state.as_str(), finding.check);
        let message = words::printable(&finding.message);
        text.push_str(&format!("{state:<8} {check:<14} {message}\n"));
        if let Some(hint) = &finding.hint {
            let hint = words::printable(hint);
            text.push_str(&format!("{:<24}Hint: {hint}\n", ""));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_is_a_line_and_what_is_not_ok_has_a_hint_below_it() {
        let findings = [
            Finding::ok("clock", "it is right"),
            Finding::warn("mpv script", "it is not there", "reeld setup mpv"),
            Finding::of_error("daemon", &CliError::not_running("nobody answers")),
        ];
        assert_eq!(
            describe(&findings),
            "ok       clock          it is right\n\
             warn     mpv script     it is not there\n                        Hint: reeld setup mpv\n\
             problem  daemon         reeld is not running: nobody answers\n                        Hint: start it with \
             `systemctl --user start reeld`, or in a terminal with `reeld run`\n"
        );
        let json = serde_json::to_string(&findings[1]).unwrap();
        assert_eq!(
            json,
            r#"{"check":"mpv script","state":"warn","message":"it is not there","hint":"reeld setup mpv"}"#
        );
    }
}
