//! `reeld doctor`, from a bare home to a running daemon.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::bus::PrivateBus;
use crate::support::evening::{Evening, possible};
use crate::support::home::{Home, Ran};
use crate::support::standin::{CLIENT_ID, PunchPlay, Server};

/// A folder with a `systemctl` and a `loginctl` that say this.
fn systemd(home: &Home, unit: &str) -> PathBuf {
    let folder = home.folder.path().join("bin");
    fs::create_dir_all(&folder).unwrap();
    for (name, says) in [("systemctl", unit), ("loginctl", "Linger=no")] {
        let file = folder.join(name);
        fs::write(&file, format!("#!/bin/sh\nprintf '%b' '{says}\\n'\n")).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

fn doctor(home: &Home, bus: Option<&PrivateBus>, unit: &str) -> (Ran, Vec<Value>) {
    let mut command = home.command(&["doctor", "--json"]);
    command.env(
        "PATH",
        format!("{}:/usr/bin:/bin", systemd(home, unit).display()),
    );
    command.envs(bus.map(|bus| ("DBUS_SESSION_BUS_ADDRESS", bus.address_text())));
    let ran = Ran::from(command.output().unwrap());
    let lines = ran.out.lines();
    let findings = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    (ran, findings)
}

/// `state message` of the findings of a check.
fn of<'a>(findings: &'a [Value], check: &str) -> Vec<String> {
    let text = |value: &'a Value| value.as_str().unwrap_or_default();
    let found = findings.iter().filter(|finding| finding["check"] == check);
    found
        .map(|finding| format!("{} {}", text(&finding["state"]), text(&finding["message"])))
        .collect()
}

#[test]
fn a_bare_home_is_told_what_to_do_first_and_nothing_is_made_in_it() {
    let home = Home::new();
    let (ran, findings) = doctor(&home, None, "LoadState=not-found\\nActiveState=inactive");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.starts_with("Error: "), "{ran:?}");
    let problems: Vec<&Value> = findings
        .iter()
        .filter(|finding| finding["state"] == "problem")
        .map(|finding| &finding["check"])
        .collect();
    assert_eq!(problems, ["daemon", "session bus"], "{findings:#?}");
    for finding in &findings {
        let keys: Vec<&String> = finding.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["check", "hint", "message", "state"]);
        assert_eq!(
            finding["hint"].is_null(),
            finding["state"] == "ok",
            "{finding}"
        );
    }
    assert!(of(&findings, "service")[0].starts_with("warn reeld.service is not installed"));
    assert!(of(&findings, "mpv script")[0].starts_with("warn there is no "));
    assert!(of(&findings, "accounts")[0].starts_with("warn no account is linked"));
    assert!(!home.paths().state_dir.exists() && !home.paths().config_file.exists());
    let text = home.run(&["doctor"]);
    assert!(
        text.out
            .lines()
            .next()
            .unwrap()
            .starts_with("ok       configuration  there is no ")
    );
    assert!(
        text.out.contains("\n                        Hint: "),
        "{}",
        text.out
    );
}

#[test]
fn what_is_broken_is_named_with_its_place_and_its_remedy() {
    let home = Home::new();
    let server = Server::start(PunchPlay::default());
    home.configure(&format!(
        "[punchplay]\nclient_id = \"{CLIENT_ID}\"\nbase_url = \"{}\"\n",
        server.url()
    ));
    assert_eq!(home.run(&["login", "punchplay"]).code, Some(0));
    let credentials = home.paths().credentials;
    fs::set_permissions(&credentials, fs::Permissions::from_mode(0o644)).unwrap();
    let unit = "LoadState=loaded\\nActiveState=failed\\nUnitFileState=enabled";
    let (_, findings) = doctor(&home, None, unit);
    assert!(of(&findings, "credentials")[0].starts_with("problem others may read "));
    assert_eq!(
        of(&findings, "service"),
        ["problem reeld.service has failed"]
    );
    let mode = fs::metadata(&credentials).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644, "the doctor changes nothing");
    fs::set_permissions(&credentials, fs::Permissions::from_mode(0o600)).unwrap();

    let (_, findings) = doctor(&home, None, unit);
    let punchplay = of(&findings, "PunchPlay");
    assert!(
        punchplay[0].starts_with("ok ann is linked, for another "),
        "{punchplay:?}"
    );
    assert_eq!(punchplay[1..], ["ok 127.0.0.1 answers"]);
    server.down();
    let (ran, findings) = doctor(&home, None, unit);
    assert_eq!(ran.code, Some(1));
    assert!(of(&findings, "PunchPlay")[1].starts_with("problem it cannot be reached: "));

    fs::write(&credentials, "{}").unwrap();
    home.configure("[watched]\nmovie_percent = 850\n");
    fs::write(home.paths().rules_file(), "[[rule]]\nnonsense = 1\n").unwrap();
    let (_, findings) = doctor(&home, None, unit);
    assert!(of(&findings, "credentials")[0].contains("is damaged"));
    assert!(of(&findings, "configuration")[0].contains("movie_percent = 850"));
    assert!(of(&findings, "rules")[0].starts_with("problem "));
    assert!(credentials.exists(), "what is damaged is left where it is");
}

#[test]
fn with_everything_in_place_every_line_is_ok() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    evening.start_bus();
    evening.home.run(&["setup", "mpv"]);
    evening.start();
    let unit = "LoadState=loaded\\nActiveState=active\\nUnitFileState=enabled";
    let (ran, findings) = doctor(&evening.home, Some(evening.bus()), unit);
    let not_ok: Vec<&Value> = findings.iter().filter(|f| f["state"] != "ok").collect();
    assert!(not_ok.is_empty(), "{not_ok:#?}");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    assert_eq!(of(&findings, "database"), ["ok the running reeld has it"]);
    evening.home.run(&["pause", "1h"]);
    let (ran, findings) = doctor(&evening.home, Some(evening.bus()), unit);
    assert_eq!(ran.code, Some(0), "a warning is nothing to mend");
    assert!(of(&findings, "daemon")[0].starts_with("warn it runs, and is paused for "));
    evening.end_daemon(rustix::process::Signal::TERM);
    let (ran, findings) = doctor(&evening.home, Some(evening.bus()), unit);
    assert_eq!(ran.code, Some(1));
    assert!(of(&findings, "daemon")[0].starts_with("problem reeld is not running"));
    assert!(
        of(&findings, "database")[0].starts_with("ok the store holds "),
        "{findings:#?}"
    );
    evening.assert_clean();
}
