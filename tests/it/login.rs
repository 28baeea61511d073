//! Logging in and out, as a new user types it, every wrong turn included.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use reeld::account::NewLogin;
use reeld::control::Request;
use serde_json::Value;

use crate::support::desk::Desk;
use crate::support::home::{Home, Ran};
use crate::support::standin::{CLIENT_ID, DISCOVR_CLIENT_ID, Discovr, PunchPlay, Server};

fn start() -> Server<PunchPlay> {
    Server::start(PunchPlay::default())
}

fn configure(home: &Home, server: &Server<PunchPlay>, client_id: &str) {
    let url = server.url();
    home.configure(&format!(
        "[punchplay]\nclient_id = \"{client_id}\"\nbase_url = \"{url}\"\n"
    ));
}

/// A home that is linked to the stand-in.
fn linked(server: &Server<PunchPlay>) -> Home {
    let home = Home::new();
    configure(&home, server, CLIENT_ID);
    assert_eq!(home.run(&["login", "punchplay"]).code, Some(0));
    home
}

/// Nothing secret may ever be printed.
fn holds_no_token(ran: &Ran) {
    for text in [&ran.out, &ran.err] {
        assert!(!text.contains("at_") && !text.contains("prt_"), "{text}");
    }
}

#[test]
fn a_login_without_a_daemon_goes_into_a_private_file_and_is_shown() {
    let server = start();
    let home = Home::new();
    configure(&home, &server, CLIENT_ID);
    let ran = home.run(&["login", "punchplay"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    holds_no_token(&ran);
    assert!(ran.out.contains("approve the code "), "{}", ran.out);
    assert!(
        ran.out
            .contains("\nApproved.\nLinked: ann at PunchPlay.\nHint: reeld is not running"),
        "{}",
        ran.out
    );
    let file = home.paths().credentials.metadata().unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);

    let accounts = home.run(&["accounts", "--json"]);
    holds_no_token(&accounts);
    let row: Value = serde_json::from_str(accounts.out.lines().next().unwrap()).unwrap();
    assert_eq!(row["state"], "ok");
    assert_eq!(row["user"], "ann");
    let table = home.run(&["accounts"]);
    assert!(
        table.out.contains("PunchPlay  ok          ann"),
        "{}",
        table.out
    );
    assert_eq!(
        server.with(|app| app.violations.clone()),
        Vec::<String>::new()
    );
}

#[test]
fn the_steps_of_a_login_are_objects_for_programs() {
    let server = start();
    let home = Home::new();
    configure(&home, &server, CLIENT_ID);
    let ran = home.run(&["login", "punchplay", "--json"]);
    holds_no_token(&ran);
    let steps: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let names: Vec<&str> = steps
        .iter()
        .filter_map(|step| step["step"].as_str())
        .collect();
    assert_eq!(names, ["code", "approved", "linked"]);
    assert!(
        steps[0]["complete_url"]
            .as_str()
            .unwrap()
            .contains(steps[0]["code"].as_str().unwrap())
    );
    assert_eq!(steps[0]["expires_in_seconds"], 600);
    assert_eq!(steps[2]["user"], "ann");
    assert_eq!(steps[2]["daemon"], false);
}

#[test]
fn a_running_daemon_is_handed_the_login_and_the_file_is_left_to_it() {
    let server = start();
    let desk = Desk::open();
    configure(&desk.home, &server, CLIENT_ID);
    let ran = desk.home.run(&["login", "punchplay"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out
            .ends_with("The running reeld reports from now on.\n"),
        "{}",
        ran.out
    );
    let Request::Login { account, .. } = desk.seen.recv().unwrap() else {
        panic!("the daemon was asked something else");
    };
    let login: NewLogin = serde_json::from_str(account.expose()).unwrap();
    assert_eq!(login.user_name, "ann");
    assert!(!desk.home.paths().credentials.exists());
}

#[test]
fn every_wrong_turn_of_a_login_is_told_in_words_with_a_hint() {
    type Turn = fn(&mut PunchPlay);
    let turns: [(&str, Turn, &str); 4] = [
        ("not-the-id", |_| {}, "does not accept the client id"),
        (
            CLIENT_ID,
            |app| app.scopes = "profile:read".into(),
            "playback:write was not granted",
        ),
        (
            CLIENT_ID,
            |app| {
                app.approve_at_poll = None;
                app.code_life = Duration::ZERO;
            },
            "not approved before it expired",
        ),
        ("", |_| {}, "no client id for PunchPlay"),
    ];
    for (client_id, turn, words) in turns {
        let server = start();
        server.with(turn);
        let home = Home::new();
        configure(&home, &server, client_id);
        let ran = home.run(&["login", "punchplay"]);
        assert_eq!(ran.code, Some(1), "{words}: {ran:?}");
        assert!(
            ran.err
                .starts_with("Error: the login did not succeed\nWhy: "),
            "{ran:?}"
        );
        assert!(
            ran.err.contains(words) && ran.err.contains("\nHint: "),
            "{words}: {ran:?}"
        );
        assert!(!home.paths().credentials.exists());
    }
    let server = start();
    let home = Home::new();
    configure(&home, &server, CLIENT_ID);
    server.down();
    let ran = home.run(&["login", "punchplay"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("PunchPlay cannot be reached"), "{ran:?}");
}

#[test]
fn a_denied_login_says_so_and_what_to_do() {
    let server = start();
    server.with(|app| app.approve_at_poll = None);
    let home = Home::new();
    configure(&home, &server, CLIENT_ID);
    std::thread::scope(|scope| {
        let login = scope.spawn(|| home.run(&["login", "punchplay"]));
        let polled = |app: &mut PunchPlay| {
            app.deny();
            login.is_finished()
        };
        assert!(server.wait(Duration::from_secs(30), polled));
        let ran = login.join().unwrap();
        assert_eq!(
            ran.err,
            "Error: the login did not succeed\n\
             Why: the login was denied at PunchPlay\n\
             Hint: run `reeld login punchplay` again\n"
        );
        assert_eq!(ran.code, Some(1));
    });
}

#[test]
fn logging_out_without_a_daemon_tells_the_service_and_forgets_the_login() {
    let server = start();
    let home = linked(&server);
    let ran = home.run(&["logout", "punchplay"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out.starts_with("PunchPlay is not linked any more.\n"),
        "{ran:?}"
    );
    assert_eq!(server.with(|app| app.live_refresh_tokens()), 0);
    let text = fs::read_to_string(home.paths().credentials).unwrap();
    assert!(!text.contains("prt_"), "{text}");
    assert_eq!(home.run(&["logout", "punchplay"]).code, Some(1));
}

#[test]
fn logging_out_while_the_service_is_away_says_what_is_left_to_do() {
    let server = start();
    let home = linked(&server);
    server.down();
    let ran = home.run(&["logout", "punchplay"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("could not be told"), "{}", ran.out);
    assert!(
        ran.out
            .contains("\nHint: remove reeld from the connected apps"),
        "{}",
        ran.out
    );
    assert!(
        home.run(&["accounts"])
            .out
            .contains("PunchPlay  not linked")
    );
}

fn discovr() -> (Server<Discovr>, Home) {
    let server = Server::start(Discovr::default());
    let home = Home::new();
    home.configure(&format!(
        "[discovr]\nclient_id = \"{DISCOVR_CLIENT_ID}\"\nbase_url = \"{}\"\n",
        server.url()
    ));
    (server, home)
}

#[test]
fn a_profile_is_chosen_by_flag_or_by_setting_and_shown() {
    let (_server, home) = discovr();
    let ran = home.run(&["login", "discovr", "--profile", "ann"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    holds_no_token(&ran);
    assert!(ran.out.contains("Linked: Ann at Discovr."), "{}", ran.out);
    let accounts = home.run(&["accounts"]);
    assert!(accounts.out.contains("Discovr    ok"), "{}", accounts.out);
    assert!(accounts.out.contains("in 89 days"), "{}", accounts.out);

    let mut by_setting = home.command(&["login", "discovr", "--json"]);
    let output = by_setting
        .env("REELD__DISCOVR__PROFILE", "2")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let linked: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(linked["profile"], "Ann");
}

#[test]
fn where_nobody_can_be_asked_a_missing_or_unknown_profile_is_an_error_that_names_the_flag() {
    let (server, home) = discovr();
    for arguments in [
        &["login", "discovr"][..],
        &["login", "discovr", "--profile", "Carol"],
    ] {
        let ran = home.run(arguments);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.err.contains("1 Kids (p2), 2 Ann (p1)"), "{ran:?}");
        assert!(
            ran.err.contains("\nHint: choose one with --profile"),
            "{ran:?}"
        );
        let alive = server.with(|app| app.live_logins());
        assert_eq!(alive, 0, "what was approved in vain is ended");
    }
    server.with(|app| app.profiles.clear());
    let ran = home.run(&["login", "discovr"]);
    assert!(
        ran.err.contains("make a profile in Discovr's app"),
        "{ran:?}"
    );
    let ran = home.run(&["login", "punchplay", "--profile", "Ann"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("PunchPlay has no profiles"), "{ran:?}");
    assert!(!home.paths().credentials.exists());
}

#[test]
fn at_a_terminal_the_profile_is_asked_for_until_the_answer_names_one() {
    let (_server, home) = discovr();
    let command = format!("{} login discovr", env!("CARGO_BIN_EXE_reeld"));
    let script = home.command(&[]);
    let mut terminal = std::process::Command::new("script");
    terminal
        .args(["-qec", &command, "/dev/null"])
        .env_clear()
        .envs(
            script
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let Ok(mut child) = terminal.spawn() else {
        eprintln!("SKIPPED: at_a_terminal_the_profile_is_asked_for: there is no script(1)");
        return;
    };
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"Carol\n2\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("1 Kids") && text.contains("2 Ann"), "{text}");
    assert!(text.contains("Linked: Ann at Discovr."), "{text}");
    assert!(text.contains('█'), "a QR code is drawn: {text}");
    drop(stdin);
}
