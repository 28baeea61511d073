//! The systemd user service: there, started at login, alive.

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::Finding;

const CHECK: &str = "service";
/// systemd may take so long to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What systemd says of `reeld.service`.
#[derive(Debug, Default)]
struct Unit {
    load: String,
    active: String,
    enabled: String,
}

pub fn service() -> Vec<Finding> {
    let properties = "--property=LoadState,ActiveState,UnitFileState";
    let asked = ask(
        "systemctl",
        &["--user", "show", "reeld.service", properties],
    );
    let Some(said) = asked else {
        return vec![Finding::warn(
            CHECK,
            "there is no systemd that manages your services",
            "start `reeld run` when you log in, by whatever starts your programs",
        )];
    };
    let mut findings = vec![judge(&Unit::parse(&said))];
    let uid = rustix::process::getuid().as_raw().to_string();
    if let Some(linger) = ask("loginctl", &["show-user", &uid, "--property=Linger"]) {
        findings.push(Finding::ok(
            "linger",
            if linger.contains("yes") {
                "on: your services run without a login as well"
            } else {
                "off: reeld runs for as long as you are logged in"
            },
        ));
    }
    findings
}

impl Unit {
    fn parse(said: &str) -> Self {
        let mut unit = Self::default();
        for (name, value) in said.lines().filter_map(|line| line.split_once('=')) {
            match name {
                "LoadState" => unit.load = value.to_owned(),
                "ActiveState" => unit.active = value.to_owned(),
                "UnitFileState" => unit.enabled = value.to_owned(),
                _ => {}
            }
        }
        unit
    }
}

fn judge(unit: &Unit) -> Finding {
    let journal = "see what it says: `journalctl --user -u reeld`";
    match (unit.load.as_str(), unit.active.as_str()) {
        ("loaded", "failed") => Finding::problem(CHECK, "reeld.service has failed", journal),
        ("loaded", "activating") => Finding::warn(
            CHECK,
            "reeld.service is just starting, or starts again and again",
            journal,
        ),
        ("loaded", active) => {
            let runs = if active == "active" {
                "reeld.service runs"
            } else {
                "reeld.service is installed"
            };
            if unit.enabled == "enabled" {
                return Finding::ok(CHECK, format!("{runs}, and starts at login"));
            }
            Finding::warn(
                CHECK,
                format!("{runs}, but does not start at login"),
                "systemctl --user enable --now reeld",
            )
        }
        ("masked", _) => Finding::problem(
            CHECK,
            "reeld.service is masked",
            "systemctl --user unmask reeld",
        ),
        ("bad-setting" | "error", _) => Finding::problem(
            CHECK,
            "reeld.service is not a unit that systemd understands",
            "systemd-analyze --user verify reeld.service",
        ),
        _ => Finding::warn(
            CHECK,
            "reeld.service is not installed: reeld does not start at login",
            "install it as the README says, then `systemctl --user daemon-reload`",
        ),
    }
}

/// What a program prints; `None` if there is none, it fails, or takes too long.
fn ask(program: &str, arguments: &[&str]) -> Option<String> {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let mut out = child.stdout.take()?;
    let (said, hear) = mpsc::channel();
    thread::spawn(move || {
        let mut text = String::new();
        let read = out.read_to_string(&mut text);
        // Nobody hears what comes too late.
        drop(said.send(read.map(|_| text)));
    });
    let heard = hear.recv_timeout(PATIENCE);
    if heard.is_err() {
        drop(child.kill());
    }
    let ended = child.wait().ok()?;
    let text = heard.ok()?.ok()?;
    (ended.success() && !text.trim().is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::State;

    #[test]
    fn every_state_of_the_unit_is_judged() {
        for (load, active, enabled, state, words) in [
            (
                "loaded",
                "active",
                "enabled",
                State::Ok,
                "runs, and starts at login",
            ),
            ("loaded", "inactive", "enabled", State::Ok, "is installed"),
            (
                "loaded",
                "active",
                "disabled",
                State::Warn,
                "does not start at login",
            ),
            ("loaded", "failed", "enabled", State::Problem, "has failed"),
            (
                "loaded",
                "activating",
                "enabled",
                State::Warn,
                "again and again",
            ),
            ("not-found", "inactive", "", State::Warn, "not installed"),
            ("masked", "inactive", "masked", State::Problem, "masked"),
            ("bad-setting", "inactive", "", State::Problem, "understands"),
        ] {
            let said = format!("UnitFileState={enabled}\nLoadState={load}\nActiveState={active}\n");
            let finding = judge(&Unit::parse(&said));
            assert_eq!(finding.state, state, "{said}");
            assert!(finding.message.contains(words), "{finding:?}");
            assert_eq!(finding.hint.is_some(), state != State::Ok);
        }
    }

    #[test]
    fn a_program_that_is_missing_or_fails_says_nothing() {
        assert_eq!(ask("reeld-no-such-program", &[]), None);
        assert_eq!(ask("false", &[]), None);
        assert_eq!(ask("echo", &["yes"]).as_deref(), Some("yes\n"));
    }
}
