//! Every screen of `login`, `logout` and `accounts` as a new user sees it, every wrong turn included: `tests/screens/`.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use reeld::account::{NewLogin, login_discovr, login_punchplay};
use reeld::error::CliError;
use serde_json::json;

use crate::support::bench::Bench;
use crate::support::credentials;
use crate::support::desk::Desk;
use crate::support::home::Home;
use crate::support::screens::Screens;
use crate::support::small_disk::{SmallDisk, may_mount};
use crate::support::standin::{
    CLIENT_ID, DISCOVR_CLIENT_ID, Discovr, Fault, PunchPlay, Reply, Server,
};
use crate::support::terminal::{self, Terminal};

const LOGIN: [&str; 2] = ["login", "punchplay"];
const DAY: Duration = Duration::from_secs(24 * 3600);

/// A new user's home, and both services.
struct Stage {
    punchplay: Server<PunchPlay>,
    discovr: Server<Discovr>,
    home: Home,
}

impl Stage {
    fn new() -> Self {
        let stage = Self {
            punchplay: Server::start(PunchPlay::default()),
            discovr: Server::start(Discovr::default()),
            home: Home::new(),
        };
        stage.configure("");
        stage
    }

    /// Both services where they are, and more settings.
    fn configure(&self, more: &str) {
        self.home.configure(&self.settings(more));
    }

    fn settings(&self, more: &str) -> String {
        format!(
            "[punchplay]\nclient_id = \"{CLIENT_ID}\"\nbase_url = \"{}\"\n\
             [discovr]\nclient_id = \"{DISCOVR_CLIENT_ID}\"\nbase_url = \"{}\"\n{more}",
            self.punchplay.url(),
            self.discovr.url()
        )
    }

    /// Keeps logins, as an earlier `reeld login` did.
    fn linked(&self, logins: impl IntoIterator<Item = NewLogin>) {
        credentials::write(&self.home.paths().state_dir, logins);
    }

    fn ann(&self) -> NewLogin {
        self.punchplay.with(|app| app.issue_login("ann"))
    }

    fn ann_at_discovr(&self) -> NewLogin {
        self.discovr.with(|app| app.issue_login("ann", "p1"))
    }

    /// That login, with so long to live from now on; none: it is over.
    fn ending(&self, left: Option<Duration>) -> NewLogin {
        let mut login = self.ann_at_discovr();
        let now = reeld::clock::now().wall;
        let end = left.map_or(now.minus(DAY), |left| now.plus(left + DAY / 2));
        login.tokens.refresh_expires_at = Some(end);
        login
    }
}

#[test]
fn a_login_at_punchplay_and_its_wrong_turns() {
    let mut screens = Screens::of("login-punchplay");
    let stage = Stage::new();
    let home = &stage.home;
    screens.run("no service is named", home, &["login"]);
    screens.run("there is no such service", home, &["login", "netflix"]);
    screens.run(
        "a profile, where there are none",
        home,
        &["login", "punchplay", "--profile", "Ann"],
    );
    stage
        .punchplay
        .with(|app| app.scopes = "profile:read".into());
    screens.run("the user does not allow what is needed", home, &LOGIN);
    stage
        .punchplay
        .with(|app| app.scopes = PunchPlay::default().scopes);
    screens.run("all goes well, and reeld is not running", home, &LOGIN);
    screens.run("the same user again", home, &LOGIN);
    stage.punchplay.with(|app| app.user = "bob".into());
    screens.run("another user", home, &LOGIN);
    screens.run("for programs", home, &["login", "punchplay", "--json"]);
    stage.configure("[surprise]\nyes = 1\n");
    screens.run("the configuration has a mistake", home, &LOGIN);
    home.configure("[punchplay]\nbase_url = \"http://punchplay.example\"\nclient_id = \"x\"\n");
    screens.run("the service's address is not safe", home, &LOGIN);
    home.configure(&stage.settings("").replace(CLIENT_ID, ""));
    screens.run("there is no client id", home, &LOGIN);
    home.configure(&stage.settings("").replace(CLIENT_ID, "not-the-id"));
    screens.run("the client id is wrong", home, &LOGIN);
    screens.check();
    assert_eq!(
        stage.punchplay.with(|app| app.violations.clone()),
        Vec::<String>::new()
    );
}

#[test]
fn a_login_while_reeld_runs() {
    let mut screens = Screens::of("login-running");
    let stage = Stage::new();
    let desk = Desk::open();
    desk.home.configure(&stage.settings(""));
    screens.run("reeld is running", &desk.home, &LOGIN);
    screens.check();
}

/// Answers that are not the service's own.
fn odd_answers() -> Vec<(&'static str, Reply)> {
    let throttled = Reply::json(
        429,
        &json!({ "error": "rate_limited", "message": "too many codes" }),
    );
    vec![
        ("404 with a page", Reply::html(404)),
        (
            "200 with a page, as from a hotel's portal",
            Reply::html(200),
        ),
        (
            "200 with something else",
            Reply::json(200, &json!({ "hello": "world" })),
        ),
        (
            "a redirect",
            Reply {
                status: 302,
                ..Reply::default()
            }
            .header("Location", "http://portal.example/"),
        ),
        ("403 with a page, as from the edge", Reply::html(403)),
        (
            "400 with words",
            Reply::json(
                400,
                &json!({ "error": "invalid_scope", "message": "no such scope" }),
            ),
        ),
        (
            "500",
            Reply::json(500, &json!({ "error": "server_error", "message": "oops" })),
        ),
        ("502 with a page", Reply::html(502)),
        (
            "503 without a word",
            Reply {
                status: 503,
                ..Reply::default()
            },
        ),
        ("429", throttled.clone()),
        ("429 with a time", throttled.header("Retry-After", "360")),
    ]
}

#[test]
fn a_login_at_a_service_that_is_down_or_answers_oddly() {
    let mut screens = Screens::of("login-trouble");
    let stage = Stage::new();
    let home = &stage.home;
    for (service, route) in [
        ("punchplay", "/auth/device/code"),
        ("discovr", "POST /auth/device-codes"),
    ] {
        for (when, reply) in odd_answers() {
            stage
                .punchplay
                .fault(route, Fault::Answer(reply.clone()), None);
            stage.discovr.fault(route, Fault::Answer(reply), None);
            screens.run(
                &format!("{service} answers {when}"),
                home,
                &["login", service],
            );
            stage.punchplay.clear_faults();
            stage.discovr.clear_faults();
        }
    }
    stage
        .punchplay
        .fault("/auth/device/code", Fault::ResetBefore, None);
    screens.run("the connection is cut", home, &LOGIN);
    stage.punchplay.clear_faults();
    home.configure(&stage.settings("").replacen("http:", "https:", 1));
    screens.run("what answers there speaks no TLS", home, &LOGIN);
    stage.configure("");
    stage.punchplay.down();
    screens.run("nobody listens", home, &LOGIN);
    home.configure("[punchplay]\nbase_url = \"https://punchplay.invalid\"\nclient_id = \"x\"\n");
    screens.run("there is no such host", home, &LOGIN);
    screens.check();
}

#[tokio::test]
async fn a_login_at_a_service_that_never_answers() {
    let mut screens = Screens::of("login-timeout");
    let desk = Bench::new();
    desk.punchplay.fault("", Fault::Hang, None);
    desk.discovr.fault("", Fault::Hang, None);
    // With half a second of patience in place of half a minute.
    let config = desk.config();
    let error = login_punchplay::login(&desk.http, &config, "device", &mut |_| ()).await;
    screens.text(
        "punchplay never answers",
        &CliError::from(error.unwrap_err()).to_string(),
    );
    let error = login_discovr::login(&desk.http, &config, &mut |_| ()).await;
    screens.text(
        "discovr never answers",
        &CliError::from(error.unwrap_err()).to_string(),
    );
    screens.check();
}

#[test]
fn a_code_that_comes_to_nothing() {
    let mut screens = Screens::of("login-code");
    let stage = Stage::new();
    let home = &stage.home;
    let answers = [
        ("it is denied", "access_denied"),
        ("it has expired", "expired"),
        ("it is refused for another reason", "invalid_grant"),
    ];
    for (when, code) in answers {
        let reply = Reply::json(400, &json!({ "error": code }));
        stage
            .punchplay
            .fault("/auth/device/token", Fault::Answer(reply), None);
        screens.run(when, home, &LOGIN);
        stage.punchplay.clear_faults();
    }
    stage.punchplay.with(|app| {
        app.approve_at_poll = None;
        app.code_life = Duration::ZERO;
    });
    screens.run("nobody approves it", home, &LOGIN);
    stage
        .punchplay
        .with(|app| app.code_life = Duration::from_secs(1));
    stage
        .punchplay
        .fault("/auth/device/token", Fault::ResetBefore, None);
    screens.run("the network goes away until it expires", home, &LOGIN);
    stage.punchplay.clear_faults();
    stage.punchplay.with(|app| {
        app.approve_at_poll = Some(1);
        app.code_life = Duration::from_secs(600);
    });
    stage
        .punchplay
        .fault("/auth/device/token", Fault::Answer(Reply::html(502)), 1);
    screens.run("the service stumbles and is well again", home, &LOGIN);

    let discovr = ["login", "discovr"];
    let denied = Reply::json(200, &json!({ "status": "denied" }));
    let dead = Reply::json(401, &json!({ "code": "CODE_INVALID" }));
    for (when, reply) in [
        ("discovr says that it is denied", denied),
        ("it is dead at discovr", dead),
    ] {
        stage.discovr.fault("/poll", Fault::Answer(reply), None);
        screens.run(when, home, &discovr);
        stage.discovr.clear_faults();
    }
    let no_picture = json!({ "deviceCode": "d", "authQRCode": "data:image/png;base64,AAAA", "expiresIn": 600_000 });
    stage.discovr.fault(
        "POST /auth/device-codes",
        Fault::Answer(Reply::json(200, &no_picture)),
        None,
    );
    screens.run("discovr's picture cannot be read", home, &discovr);
    screens.check();
}

#[test]
fn the_profiles_of_a_login_at_discovr() {
    let mut screens = Screens::of("login-profiles");
    let stage = Stage::new();
    let home = &stage.home;
    screens.run(
        "several, none chosen, and nobody can be asked",
        home,
        &["login", "discovr"],
    );
    for (when, profile) in [
        ("no such profile", "Carol"),
        ("no such number", "3"),
        ("by name", "ann"),
        ("by number", "1"),
        ("by id", "p1"),
    ] {
        screens.run(when, home, &["login", "discovr", "--profile", profile]);
    }
    stage.configure("profile = \"Kids\"\n");
    screens.run("by setting", home, &["login", "discovr"]);
    stage.configure("");
    stage
        .discovr
        .with(|app| app.profiles.push(("p3".into(), "Ann".into())));
    screens.run(
        "several of that name",
        home,
        &["login", "discovr", "--profile", "Ann"],
    );
    stage.discovr.with(|app| app.profiles.truncate(1));
    screens.run("only one", home, &["login", "discovr"]);
    stage.discovr.with(|app| app.profiles.clear());
    screens.run("none", home, &["login", "discovr"]);
    for (when, reply) in [
        ("the list of them is not to be had", Reply::html(502)),
        (
            "the list of them is something else",
            Reply::json(200, &json!({})),
        ),
    ] {
        stage
            .discovr
            .fault("GET /profiles", Fault::Answer(reply), None);
        screens.run(when, home, &["login", "discovr"]);
        stage.discovr.clear_faults();
    }
    screens.check();
}

#[test]
fn a_login_at_a_terminal() {
    if !terminal::possible() {
        return;
    }
    let mut screens = Screens::of("login-terminal");
    let stage = Stage::new();
    let home = &stage.home;
    let at_punchplay = Terminal::run(home, &LOGIN).end();
    screens.keep("the code is drawn", home, &LOGIN, &at_punchplay);
    let discovr = ["login", "discovr"];
    let mut asked = Terminal::run(home, &discovr);
    for answer in ["Carol\n", "\n", "2\n"] {
        asked.until("Number or name: ");
        asked.type_in(answer);
    }
    screens.keep(
        "the profile is asked for until there is one",
        home,
        &discovr,
        &asked.end(),
    );
    let mut asked = Terminal::run(home, &discovr);
    asked.until("Number or name: ");
    asked.type_in("\x04");
    screens.keep("no profile, but Ctrl-D", home, &discovr, &asked.end());
    stage.punchplay.with(|app| app.approve_at_poll = None);
    let mut waiting = Terminal::run(home, &LOGIN);
    waiting.until("Waiting");
    waiting.type_in("\x03");
    screens.keep(
        "nobody approves it, and Ctrl-C",
        home,
        &LOGIN,
        &waiting.end(),
    );
    screens.check();
}

#[test]
fn a_login_that_cannot_be_kept() {
    if !may_mount() {
        return;
    }
    let mut screens = Screens::of("login-disk");
    let stage = Stage::new();
    let home = &stage.home;
    let state = home.paths().state_dir;
    let disk = SmallDisk::mount(&state, 64);
    let began = home.run(&["accounts"]);
    assert_eq!(began.code, Some(0), "{began:?}");
    disk.fill();
    screens.run("the disk is full", home, &LOGIN);
    disk.empty();
    disk.read_only(true);
    screens.run("the disk is read-only", home, &LOGIN);
    disk.read_only(false);
    screens.run("all is well again", home, &LOGIN);
    screens.check();
    // What could not be kept was given back.
    assert_eq!(stage.punchplay.with(|app| app.live_refresh_tokens()), 1);
}

#[test]
fn the_file_of_the_logins_is_not_as_it_should_be() {
    let mut screens = Screens::of("credentials");
    let mut stage = Stage::new();
    stage.linked([stage.ann()]);
    let file = stage.home.paths().credentials;
    let mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o644);
    screens.run("others may read it", &stage.home, &["accounts"]);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let newer = fs::read_to_string(&file)
        .unwrap()
        .replace("\"version\": 1", "\"version\": 99");
    let text = std::mem::replace(&mut fs::read_to_string(&file).unwrap(), newer.clone());
    fs::write(&file, newer).unwrap();
    for arguments in [&["accounts"][..], &LOGIN, &["logout", "punchplay"]] {
        screens.run("a newer reeld has written it", &stage.home, arguments);
    }
    fs::write(&file, "garbage").unwrap();
    screens.run("it is damaged", &stage.home, &["accounts"]);
    screens.run("it was moved aside", &stage.home, &["accounts"]);
    fs::write(&file, text).unwrap();
    if rustix::process::geteuid().is_root() {
        stage.home.leave_to_nobody();
    }
    mode(0o000);
    for arguments in [&["accounts"][..], &LOGIN, &["logout", "punchplay"]] {
        screens.run("it may not be read", &stage.home, arguments);
    }
    mode(0o600);
    let folder = stage.home.paths().state_dir;
    for arguments in [&["accounts"][..], &LOGIN] {
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).unwrap();
        screens.run(
            "its folder was shut, and is opened where need be",
            &stage.home,
            arguments,
        );
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    screens.check();
}

#[test]
fn a_logout_and_its_wrong_turns() {
    let mut screens = Screens::of("logout");
    let stage = Stage::new();
    let home = &stage.home;
    let logout = ["logout", "punchplay"];
    screens.run("no service is named", home, &["logout"]);
    screens.run("nothing was ever linked", home, &logout);
    stage.linked([stage.ann(), stage.ann_at_discovr()]);
    screens.run(
        "reeld is not running",
        home,
        &["logout", "punchplay", "--drop-queue"],
    );
    screens.run("all goes well", home, &logout);
    screens.run("it was done already", home, &logout);
    screens.run(
        "at discovr, for programs",
        home,
        &["logout", "discovr", "--json"],
    );
    stage.linked([stage.ann(), stage.ann_at_discovr()]);
    stage
        .punchplay
        .fault("/oauth/revoke", Fault::Answer(Reply::html(502)), None);
    screens.run("the service is in trouble", home, &logout);
    stage.discovr.down();
    screens.run("nobody listens", home, &["logout", "discovr"]);
    screens.run(
        "both flags",
        home,
        &["logout", "discovr", "--keep-queue", "--drop-queue"],
    );
    screens.check();
}

#[test]
fn the_accounts_in_every_state() {
    let mut screens = Screens::of("accounts");
    let stage = Stage::new();
    let home = &stage.home;
    let accounts = ["accounts"];
    screens.run("nothing is linked", home, &accounts);
    stage.linked([stage.ann(), stage.ann_at_discovr()]);
    screens.run("both are", home, &accounts);
    screens.run(
        "one is switched off",
        {
            stage.configure("enabled = false\n");
            home
        },
        &accounts,
    );
    stage.configure("");
    for (when, left) in [
        ("a login ends in six days", Some(6 * DAY)),
        ("it ends today", Some(Duration::ZERO)),
        ("it is over", None),
    ] {
        stage.linked([stage.ending(left)]);
        screens.run(when, home, &accounts);
    }
    let file = home.paths().credentials;
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("needs_login"));
    screens.check();
}
