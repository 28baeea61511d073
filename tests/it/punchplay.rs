//! PunchPlay's client against its stand-in: login, tokens, and every fault with every action.

use std::sync::Arc;
use std::time::Duration;

use reeld::account::{Accounts, LoginError, NewLogin};
use reeld::account::{Progress, login_punchplay};
use reeld::config::Config;
use reeld::model::{
    AccountKey, Action, EventId, Lifecycle, Media, MediaType, Moment, Random, SessionId, ViewingId,
    Wall,
};
use reeld::service::http::{Http, Timeouts};
use reeld::service::{Context, Disposition, Fault as Whose, Job, Prepared, Service, punchplay};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::support::standin::{CLIENT_ID, Fault, PunchPlay, Reply, Server};

/// A client of one stand-in, with a state folder of its own.
struct Desk {
    server: Server<PunchPlay>,
    folder: TempDir,
    config: watch::Receiver<Arc<Config>>,
    http: Http,
    random: Random,
    clock: i64,
}

impl Desk {
    fn new() -> Self {
        let server = Server::start(PunchPlay::default());
        let mut config: Config =
            toml::from_str(include_str!("../../src/config/defaults.toml")).unwrap();
        config.punchplay.base_url = server.url();
        config.punchplay.client_id = CLIENT_ID.to_owned();
        Self {
            server,
            folder: tempfile::tempdir().unwrap(),
            config: watch::channel(Arc::new(config)).1,
            http: Http::with_timeouts(Timeouts {
                connect: Duration::from_millis(500),
                whole: Duration::from_millis(500),
            }),
            random: Random::seeded(7),
            clock: 1_795_312_800_000,
        }
    }

    fn config(&self) -> Config {
        Config::clone(&self.config.borrow())
    }

    fn accounts(&self) -> Accounts {
        Accounts::open(self.folder.path(), self.http.clone(), self.config.clone()).unwrap()
    }

    fn linked(&self) -> (Accounts, AccountKey) {
        let login: NewLogin = self.server.with(|app| app.issue_login("ann"));
        let accounts = self.accounts();
        let key = login.account.clone();
        accounts.link(login).unwrap();
        (accounts, key)
    }

    fn service(&self, accounts: &Accounts, key: &AccountKey) -> punchplay::PunchPlay {
        punchplay::PunchPlay::new(
            self.http.clone(),
            accounts.clone(),
            key.clone(),
            self.config.clone(),
        )
    }

    fn event(&mut self, action: Action, session: SessionId) -> Lifecycle {
        self.clock += 1000;
        let at = Moment {
            mono: Duration::ZERO,
            boot: Duration::ZERO,
            wall: Wall(self.clock),
        };
        Lifecycle {
            action,
            at,
            viewing: ViewingId(1),
            session,
            media: Media {
                media_type: Some(MediaType::Movie),
                title: Some("Fight Club".to_owned()),
                year: Some(1999),
                ..Media::default()
            },
            position: 6000.0,
            duration: 6300.0,
            watched: action == Action::Stop,
            player: "mpv".to_owned(),
            file_name: None,
        }
    }

    fn job(&mut self, action: Action, session: SessionId) -> Job {
        let event = self.event(action, session);
        let id = EventId::random(&mut self.random);
        let context = Context {
            device_id: "device".to_owned(),
            ..Context::default()
        };
        let Prepared::Send(request) = punchplay::freeze(&event, id, event.at.wall, &context) else {
            panic!("a film can be sent");
        };
        Job {
            call: punchplay::calls(&event).remove(0),
            request,
            in_doubt: false,
            first_attempt_at: event.at.wall,
            stamp: event.at.wall,
        }
    }

    fn session(&mut self) -> SessionId {
        SessionId::random(&mut self.random)
    }

    fn assert_no_violation(&self) {
        let violations = self.server.with(|app| app.violations.clone());
        assert_eq!(violations, Vec::<String>::new());
    }
}

fn delivered(disposition: &Disposition) -> bool {
    matches!(disposition, Disposition::Delivered { .. })
}

async fn log_in(desk: &Desk, seen: &mut Vec<Progress>) -> Result<NewLogin, LoginError> {
    login_punchplay::login(&desk.http, &desk.config(), "device", &mut |progress| {
        seen.push(progress);
    })
    .await
}

#[tokio::test]
async fn a_login_shows_the_code_and_links_the_account() {
    let desk = Desk::new();
    let mut seen = Vec::new();
    let login = log_in(&desk, &mut seen).await.unwrap();
    let [
        Progress::Code {
            code,
            url,
            complete,
            expires_in,
        },
        Progress::Approved,
    ] = &seen[..]
    else {
        panic!("{seen:?}");
    };
    assert_eq!(
        (code.as_str(), url.as_str()),
        ("ABCD-0001", "https://punchplay.tv/link")
    );
    assert_eq!(complete, "https://punchplay.tv/link?code=ABCD-0001");
    assert_eq!(*expires_in, Duration::from_secs(600));
    let accounts = desk.accounts();
    assert_eq!(accounts.link(login).unwrap(), None);
    let linked = desk.accounts().linked();
    assert_eq!(linked.len(), 1);
    assert_eq!(linked[0].user_name, "ann");
    assert_eq!(
        linked[0].scopes,
        ["profile:read", "playback:read", "playback:write"]
    );
    assert!(linked[0].expires_at.is_some());
    desk.assert_no_violation();
}

#[tokio::test]
async fn the_five_actions_arrive_as_documented() {
    let mut desk = Desk::new();
    let (accounts, key) = desk.linked();
    let service = desk.service(&accounts, &key);
    let session = desk.session();
    let actions = [
        Action::Start,
        Action::Progress,
        Action::Pause,
        Action::Resume,
        Action::Stop,
    ];
    for action in actions {
        let job = desk.job(action, session);
        let disposition = service.deliver(&job).await;
        assert!(delivered(&disposition), "{action:?}: {disposition:?}");
    }
    let taken = desk
        .server
        .with(|app| (app.actions("Fight Club").len(), app.watches().len()));
    assert_eq!(taken, (5, 1));
    assert_eq!(desk.server.connections(), 1, "the connection is kept");
    desk.assert_no_violation();
}

#[tokio::test]
async fn whatever_goes_wrong_on_the_way_each_event_lands_once() {
    let json = |status: u16, code: &str| {
        Reply::json(
            status,
            &serde_json::json!({ "error": code, "message": "m" }),
        )
    };
    let faults = [
        (
            "500",
            Fault::Answer(json(500, "server_error")),
            Whose::Server,
            None,
        ),
        (
            "502 of a proxy",
            Fault::Answer(Reply::html(502)),
            Whose::Server,
            None,
        ),
        (
            "503",
            Fault::Answer(json(503, "server_error")),
            Whose::Throttled,
            None,
        ),
        (
            "403 of the edge",
            Fault::Answer(Reply::html(403)),
            Whose::Server,
            None,
        ),
        (
            "429",
            Fault::Answer(json(429, "rate_limited")),
            Whose::Throttled,
            None,
        ),
        (
            "429 with Retry-After",
            Fault::Answer(json(429, "rate_limited").header("Retry-After", "17")),
            Whose::Throttled,
            Some(17),
        ),
        ("reset before", Fault::ResetBefore, Whose::Unreachable, None),
        ("reset after", Fault::ResetAfter, Whose::Unreachable, None),
        ("hang", Fault::Hang, Whose::Unreachable, None),
        ("hang after", Fault::HangAfter, Whose::Unreachable, None),
        (
            "slow",
            Fault::Slow(Duration::from_secs(1)),
            Whose::Unreachable,
            None,
        ),
    ];
    for (name, fault, whose, wait) in faults {
        let mut desk = Desk::new();
        let (accounts, key) = desk.linked();
        let service = desk.service(&accounts, &key);
        let session = desk.session();
        let mut jobs = Vec::new();
        for action in [
            Action::Start,
            Action::Pause,
            Action::Resume,
            Action::Progress,
            Action::Stop,
        ] {
            jobs.push((action, desk.job(action, session)));
        }
        for (action, job) in jobs {
            desk.server.fault("/playback/", fault.clone(), 1);
            let failed = service.deliver(&job).await;
            let Disposition::Retry { after, fault, .. } = failed else {
                panic!("{name}, {action:?}: {failed:?}");
            };
            assert_eq!(
                (fault, after),
                (whose, wait.map(Duration::from_secs)),
                "{name}, {action:?}"
            );
            let again = service.deliver(&job).await;
            assert!(delivered(&again), "{name}, {action:?}: {again:?}");
        }
        let taken = desk
            .server
            .with(|app| (app.events.len(), app.watches().len()));
        assert_eq!(taken, (5, 1), "{name}");
        desk.assert_no_violation();
    }
}
