//! The command line as a user types it, without a daemon.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::Value;

use crate::support::home::Home;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn what_needs_the_daemon_says_that_it_is_not_running_and_ends_with_3() {
    let home = Home::new();
    let socket = home.paths().control_socket;
    for arguments in [
        &["status"][..],
        &["status", "--json"],
        &["status", "--follow"],
        &["players"],
        &["queue"],
        &["queue", "list"],
        &["queue", "retry", "--refused"],
        &["queue", "drop", "7"],
        &["queue", "export"],
        &["pause"],
        &["pause", "2h"],
        &["resume"],
        &["undo", "00000000000000ff"],
    ] {
        let ran = home.run(arguments);
        assert_eq!(ran.code, Some(3), "{arguments:?}: {ran:?}");
        assert_eq!(ran.out, "");
        assert!(
            ran.err.starts_with("Error: reeld is not running\nWhy: "),
            "{ran:?}"
        );
        assert!(
            ran.err
                .contains("\nHint: start it with `systemctl --user start reeld`")
        );
    }
    std::fs::create_dir(socket.parent().unwrap()).unwrap();
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let ran = home.run(&["status"]);
    assert_eq!(
        ran.code,
        Some(3),
        "a socket that a dead daemon left: {ran:?}"
    );
    assert!(ran.err.contains("nobody answers at"), "{ran:?}");
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_what_is_wrong() {
    let home = Home::new();
    for (arguments, words) in [
        (&["statsu"][..], "'status'"),
        (&["login"], "<punchplay|discovr>"),
        (&["login", "netflix"], "possible values: punchplay, discovr"),
        (&["queue", "drop"], "<ID|--refused>"),
        (&["queue", "retry", "x"], "invalid value 'x'"),
        (&["undo"], "<VIEWING>"),
        (&["undo", "Heat"], "16 digits and letters"),
        (&["pause", "2"], "write it like 90s, 45m, 2h or 1day"),
        (&["identify"], "<NAME>"),
        (
            &["logout", "punchplay", "--keep-queue", "--drop-queue"],
            "cannot be used with",
        ),
        (&["status", "--jsno"], "a similar argument exists: '--json'"),
        (&["completions", "tcsh"], "possible values: bash"),
        (&[], "a command is missing"),
        (&["config"], "a command is missing"),
    ] {
        let ran = home.run(arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(words), "{arguments:?}: {ran:?}");
        assert!(
            ran.err.contains("Error: ") && ran.err.contains("Hint: "),
            "{ran:?}"
        );
    }
}

#[test]
fn every_command_explains_itself_with_examples() {
    let home = Home::new();
    let help = home.run(&["--help"]);
    assert_eq!(help.code, Some(0));
    assert!(
        help.out.lines().all(|line| line.chars().count() <= 100),
        "{}",
        help.out
    );
    let commands = help.out.split("Commands:\n").nth(1).unwrap();
    let commands: Vec<&str> = commands
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.len() >= 13, "{commands:?}");
    for command in commands {
        let ran = home.run(&[command, "--help"]);
        assert_eq!(ran.code, Some(0), "{command}");
        assert!(ran.out.contains("Examples:\n"), "{command}: {}", ran.out);
        let widest = ran.out.lines().chain(help.out.lines());
        let widest = widest.max_by_key(|line| line.chars().count()).unwrap();
        assert!(widest.chars().count() <= 80, "{command}: {widest}");
    }
}

#[test]
fn without_home_or_runtime_folder_the_error_says_what_to_set() {
    let home = Home::new();
    let output = home
        .command(&["config", "path"])
        .env_remove("HOME")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("Hint: set HOME"), "{error}");
}

#[test]
fn config_init_makes_a_private_file_once_and_check_finds_it_right() {
    let home = Home::new();
    let file = home.paths().config_file;
    let path = home.run(&["config", "path"]);
    assert_eq!(path.out.trim_end(), file.display().to_string());
    assert_eq!(
        home.run(&["config", "check"]).code,
        Some(0),
        "no file is fine"
    );

    assert_eq!(home.run(&["config", "init"]).code, Some(0));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let folder = file.parent().unwrap().metadata().unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
    let check = home.run(&["config", "check", "--json"]);
    assert_eq!(json(&check.out)["valid"], true);

    let again = home.run(&["config", "init"]);
    assert_eq!(again.code, Some(1));
    assert!(again.err.contains("is already there"), "{again:?}");
}

#[test]
fn config_check_names_key_value_file_and_line() {
    let home = Home::new();
    let file = home.configure("[watched]\nmovie_percent = 850\n[debounce]\nsetle = \"2s\"\n");
    let ran = home.run(&["config", "check"]);
    assert_eq!(ran.code, Some(1));
    let file = file.display();
    assert_eq!(
        ran.err,
        format!(
            "Error: the configuration cannot be used\n\
             Why: watched.movie_percent = 850 in {file}, line 2: must be a number from 1 to 100\n\
             debounce.setle in {file}, line 4: there is no such key; did you mean debounce.settle?\n\
             Hint: mend it and look with `reeld config check`; `reeld config show --defaults` shows every key\n"
        )
    );
    let faults = json(&home.run(&["config", "check", "--json"]).out);
    assert_eq!(faults["valid"], false);
    assert_eq!(faults["faults"][1]["subject"], "debounce.setle");
    assert_eq!(
        home.run(&["accounts"]).code,
        Some(1),
        "nothing runs on half a configuration"
    );
}

#[test]
fn config_show_tells_where_values_come_from_and_never_a_secret() {
    let home = Home::new();
    let file = home.configure("[tmdb]\napi_key = \"k3y-k3y\"\n[track]\nanime = false\n");
    let mut command = home.command(&["config", "show"]);
    let output = command
        .env("REELD__WATCHED__MOVIE_PERCENT", "90")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!text.contains("k3y"), "{text}");
    assert!(
        text.contains(&format!("anime = false  # {}, line 4\n", file.display())),
        "{text}"
    );
    assert!(
        text.contains("movie_percent = 90.0  # the environment, REELD__WATCHED__MOVIE_PERCENT\n"),
        "{text}"
    );
    let shown = json(&home.run(&["config", "show", "--json"]).out);
    assert_eq!(shown["tmdb"]["api_key"], "[redacted]");
    assert_eq!(shown["debounce"]["settle"], "1.5s");
    let elsewhere = home.run(&["--config", "/nonexistent.toml", "config", "show"]);
    assert_eq!(elsewhere.code, Some(1));
    assert!(
        elsewhere
            .err
            .contains("/nonexistent.toml: cannot be opened"),
        "{elsewhere:?}"
    );
}

#[test]
fn accounts_and_login_work_without_a_daemon_and_say_what_is_missing() {
    let home = Home::new();
    let accounts = home.run(&["accounts", "--json"]);
    let rows: Vec<Value> = accounts.out.lines().map(json).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["service"], "punchplay");
    assert_eq!(rows[0]["state"], "off");
    assert_eq!(rows[0]["user"], Value::Null);
    let login = home.run(&["login", "punchplay"]);
    assert_eq!(login.code, Some(1));
    assert!(login.err.contains("punchplay.client_id"), "{login:?}");
    let logout = home.run(&["logout", "punchplay", "--keep-queue"]);
    assert_eq!(logout.code, Some(1));
    assert!(
        logout.err.starts_with("Error: PunchPlay is not linked\n"),
        "{logout:?}"
    );
}

#[test]
fn identify_answers_each_name_in_order_as_one_object_a_line() {
    let home = Home::new();
    let ran = home.run(&[
        "identify",
        "--json",
        "Heat.1995.1080p.mkv",
        "Show.S01E02E03.mkv",
    ]);
    let lines: Vec<Value> = ran.out.lines().map(json).collect();
    assert_eq!(lines[0]["input"], "Heat.1995.1080p.mkv");
    assert_eq!(lines[0]["title"], "Heat");
    assert_eq!(lines[0]["season"], Value::Null);
    assert_eq!(lines[1]["season"], 1);
    assert_eq!(lines[1]["episode"], serde_json::json!([2, 3]));
    assert_eq!(lines[1]["episode_end"], 3);
    assert!(lines[1]["evidence"].is_array());
    let keys: Vec<&str> = lines[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "absolute_episode",
            "alternative_title",
            "anime",
            "confidence",
            "date",
            "episode",
            "episode_end",
            "episode_title",
            "evidence",
            "ids",
            "input",
            "media_type",
            "part",
            "reason",
            "season",
            "title",
            "verdict",
            "year"
        ]
    );
    let mut input = b"Heat.1995.mkv\n\n\xff\xfe.mkv\n".to_vec();
    input.extend(vec![b'a'; 64 * 1024]);
    let ran = home.run_with(&["identify", "--stdin", "--json"], &input);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(ran.out.lines().count(), 4);
}

#[test]
fn a_reader_that_has_seen_enough_ends_a_command_quietly() {
    let home = Home::new();
    let mut child = home
        .command(&["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn completions_and_manual_pages_come_from_the_parser() {
    let home = Home::new();
    for shell in ["bash", "zsh", "fish"] {
        let ran = home.run(&["completions", shell]);
        assert!(ran.out.contains("keep-queue"), "{shell}");
    }
    assert!(home.run(&["man"]).out.contains(".TH reeld 1"));
    let folder = home.folder.path().join("man1");
    let ran = home.run(&["man", "--dir", folder.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(folder.join("reeld-queue.1").exists());
}

#[test]
fn a_log_level_that_does_not_exist_is_refused() {
    let home = Home::new();
    let output = home
        .command(&["accounts"])
        .env("REELD_LOG", "loud")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no log level"));
}

#[test]
fn setup_mpv_says_what_it_did_and_undoes_it() {
    let home = Home::new();
    let script = home.folder.path().join(".config/mpv/scripts/reeld.lua");
    let own = home.folder.path().join(".config/mpv/mpv.conf");
    std::fs::create_dir_all(own.parent().unwrap()).unwrap();
    std::fs::write(&own, "volume=50\ninput-ipc-server=/tmp/mine\n").unwrap();

    let ran = home.run(&["setup", "mpv"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(
        ran.out
            .starts_with(&format!("{} is installed.\n", script.display())),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("Your own input-ipc-server = /tmp/mine"),
        "{}",
        ran.out
    );
    assert!(script.exists());
    let again = home.run(&["setup", "mpv", "--json"]);
    assert_eq!(json(&again.out)["files"][0]["change"], "unchanged");

    let removed = home.run(&["setup", "mpv", "--remove"]);
    assert_eq!(removed.out, format!("{} is removed.\n", script.display()));
    assert!(!script.exists() && own.exists());
    assert_eq!(home.run(&["setup", "mpv", "--remove"]).code, Some(0));

    std::fs::create_dir_all(script.parent().unwrap()).unwrap();
    std::fs::write(&script, "-- mine").unwrap();
    let foreign = home.run(&["setup", "mpv"]);
    assert_eq!(foreign.code, Some(1));
    assert!(foreign.err.contains("is not touched"), "{foreign:?}");
}

#[test]
fn recording_a_player_that_is_not_there_leaves_the_file_as_it_was() {
    let home = Home::new();
    let file = home.folder.path().join("trace.jsonl");
    std::fs::write(&file, "kept").unwrap();
    let ran = home.run(&["record", "nosuch", file.to_str().unwrap()]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("there is no player nosuch"), "{ran:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
    let beside = std::fs::read_dir(home.folder.path()).unwrap();
    let names = beside.map(|entry| entry.unwrap().file_name());
    assert!(!names.into_iter().any(|name| name == "trace.jsonl.part"));
}
