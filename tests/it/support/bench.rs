//! Both stand-ins, a state folder, and clients of them.

use std::sync::Arc;
use std::time::Duration;

use reeld::account::{Accounts, NewLogin};
use reeld::config::Config;
use reeld::model::{
    AccountKey, Action, EventId, Ids, Lifecycle, Media, MediaType, Moment, Random, SessionId,
    ViewingId, Wall,
};
use reeld::outbox::Catalogue as _;
use reeld::service::discovr::{Discovr, Memory};
use reeld::service::http::{Http, Timeouts};
use reeld::service::punchplay::PunchPlay;
use reeld::service::{Call, Catalogue, Context, Disposition, Fault, Job, Prepared};
use tempfile::TempDir;
use tokio::sync::watch;

use super::standin::{self, CLIENT_ID, DISCOVR_CLIENT_ID, Server};

pub struct Bench {
    pub punchplay: Server<standin::PunchPlay>,
    pub discovr: Server<standin::Discovr>,
    pub folder: TempDir,
    pub config: watch::Sender<Arc<Config>>,
    pub http: Http,
    random: Random,
    clock: i64,
}

impl Bench {
    pub fn new() -> Self {
        let punchplay = Server::start(standin::PunchPlay::default());
        let discovr = Server::start(standin::Discovr::default());
        let mut config: Config =
            toml::from_str(include_str!("../../../src/config/defaults.toml")).unwrap();
        config.punchplay.base_url = punchplay.url();
        config.punchplay.client_id = CLIENT_ID.to_owned();
        config.discovr.base_url = discovr.url();
        config.discovr.client_id = DISCOVR_CLIENT_ID.to_owned();
        Self {
            punchplay,
            discovr,
            folder: tempfile::tempdir().unwrap(),
            config: watch::Sender::new(Arc::new(config)),
            http: Http::with_timeouts(Timeouts {
                connect: Duration::from_millis(500),
                whole: Duration::from_millis(500),
            }),
            random: Random::seeded(7),
            clock: 1_795_312_800_000,
        }
    }

    pub fn config(&self) -> Config {
        Config::clone(&self.config.borrow())
    }

    /// The accounts as a new process finds them.
    pub fn accounts(&self) -> Accounts {
        let config = self.config.subscribe();
        Accounts::open(self.folder.path(), self.http.clone(), config).unwrap()
    }

    pub fn link(&self, login: NewLogin) -> (Accounts, AccountKey) {
        let accounts = self.accounts();
        let key = login.account.clone();
        accounts.link(login).unwrap();
        (accounts, key)
    }

    /// A login at PunchPlay whose access token has so long to live.
    pub fn punchplay_login(&self, left: Duration) -> NewLogin {
        let mut login = self.punchplay.with(|app| app.issue_login("ann"));
        let tokens = &mut login.tokens;
        tokens.access_expires_at = reeld::clock::now().wall.plus(left);
        login
    }

    pub fn at_punchplay(&self, accounts: &Accounts, key: &AccountKey) -> PunchPlay {
        let config = self.config.subscribe();
        PunchPlay::new(self.http.clone(), accounts.clone(), key.clone(), config)
    }

    /// With so much time for an attempt to take effect late.
    pub fn at_discovr(&self, accounts: &Accounts, key: &AccountKey, late: Duration) -> Discovr {
        let config = self.config.subscribe();
        let memory = Arc::new(Memory::with_late_commit(late));
        Discovr::new(
            self.http.clone(),
            accounts.clone(),
            key.clone(),
            config,
            memory,
        )
    }

    pub fn session(&mut self) -> SessionId {
        SessionId::random(&mut self.random)
    }

    /// An event one second after the last; a stop completes.
    pub fn event(&mut self, action: Action, session: SessionId, media: Media) -> Lifecycle {
        self.clock += 10_000;
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
            media,
            position: 6000.0,
            duration: 6300.0,
            watched: action == Action::Stop,
            player: "mpv".to_owned(),
            file_name: None,
        }
    }

    /// The jobs of an event at the service of an account.
    pub fn jobs(&mut self, account: &AccountKey, event: &Lifecycle) -> Vec<Job> {
        let calls = Catalogue.calls(account.service, event);
        calls
            .into_iter()
            .map(|call| self.job(account, event, call))
            .collect()
    }

    fn job(&mut self, account: &AccountKey, event: &Lifecycle, call: Call) -> Job {
        let id = EventId::random(&mut self.random);
        let context = Context {
            device_id: "device".to_owned(),
            ..Context::default()
        };
        let stamp = event.at.wall;
        match Catalogue.freeze(account.service, &call, event, id, stamp, &context) {
            Prepared::Send(request) => Job {
                call,
                request,
                in_doubt: false,
                first_attempt_at: stamp,
                stamp,
                title: event.media.title.clone(),
            },
            other => panic!("not sent: {other:?}"),
        }
    }

    pub fn assert_no_violation(&self) {
        let mut violations = self.punchplay.with(|app| app.violations.clone());
        violations.extend(self.discovr.with(|app| app.violations.clone()));
        assert_eq!(violations, Vec::<String>::new());
    }
}

pub fn film() -> Media {
    Media {
        media_type: Some(MediaType::Movie),
        title: Some("Fight Club".to_owned()),
        year: Some(1999),
        ids: Ids {
            tmdb: Some(550),
            ..Ids::default()
        },
        ..Media::default()
    }
}

pub fn episode(episodes: &[u32]) -> Media {
    Media {
        media_type: Some(MediaType::Episode),
        title: Some("Show".to_owned()),
        season: vec![1],
        episode: episodes.to_vec(),
        ids: Ids {
            tmdb: Some(1396),
            ..Ids::default()
        },
        ..Media::default()
    }
}

pub fn is_delivered(disposition: &Disposition) -> bool {
    matches!(disposition, Disposition::Delivered { .. })
}

/// After an attempt without a clear answer, the outbox hands a job out as in doubt.
pub fn after(mut job: Job, disposition: &Disposition) -> Job {
    let unclear = [Fault::Unreachable, Fault::Server];
    job.in_doubt |=
        matches!(disposition, Disposition::Retry { fault, .. } if unclear.contains(fault));
    job
}
