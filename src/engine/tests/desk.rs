//! The engine on a store in memory, with logins and settings that change: no player, no service.

use std::io;

pub use super::super::*;
pub use super::rig::{Handle, Machine};
use crate::control::Response;
use crate::history::{self, Entry, Receipt};
use crate::model::{DeliveryId, Ids, PlayerId, ServiceName, ViewingId, Wall};
use crate::service::Disposition;
use crate::watch::merge::Started;

/// A desk whose disk may refuse.
#[derive(Default)]
pub struct Desk {
    pub machine: Machine,
    pub linked: Option<Vec<AccountKey>>,
    pub pause: Option<Pause>,
    pub disk_full: bool,
}

impl Edges for Desk {
    type Store = Handle;

    fn open_store(&mut self, now: Moment) -> Result<Opened<Handle>, StoreError> {
        self.machine.open_store(now)
    }

    fn loss_repaired(&mut self, store: &Handle) -> Result<(), StoreError> {
        self.machine.loss_repaired(store)
    }

    fn kinship(&self) -> Started {
        self.machine.kinship()
    }

    fn remember(&mut self, entry: &Entry) -> io::Result<()> {
        self.machine.remember(entry)
    }

    fn receipt(&mut self, viewing: ViewingId, receipt: &Receipt) -> io::Result<()> {
        self.machine.receipt(viewing, receipt)
    }

    fn recall(&mut self) -> io::Result<history::Read> {
        self.machine.recall()
    }

    fn take_back(&mut self, viewing: ViewingId) -> io::Result<()> {
        self.machine.take_back(viewing)
    }

    fn kept_linked(&mut self) -> Option<Vec<AccountKey>> {
        self.linked.clone()
    }

    fn keep_linked(&mut self, linked: &[AccountKey]) -> io::Result<()> {
        if self.disk_full || self.machine.crashed.get() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.linked = Some(linked.to_vec());
        Ok(())
    }

    fn kept_pause(&mut self) -> Option<Pause> {
        self.pause
    }

    fn keep_pause(&mut self, pause: Option<&Pause>) -> io::Result<()> {
        if self.disk_full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.pause = pause.copied();
        Ok(())
    }
}

pub const DEFAULTS: &str = include_str!("../../config/defaults.toml");

pub fn config(punchplay: bool) -> Arc<Config> {
    let mut config: Config = toml::from_str(DEFAULTS).unwrap();
    config.punchplay.enabled = punchplay;
    Arc::new(config)
}

pub fn ann(linked_at: i64) -> Account {
    user("ann", linked_at)
}

pub fn user(name: &str, linked_at: i64) -> Account {
    Account {
        key: AccountKey {
            service: ServiceName::Punchplay,
            user: format!("id-{name}"),
            profile: None,
        },
        user_name: name.into(),
        profile_name: None,
        scopes: Vec::new(),
        linked_at: Wall(linked_at),
        linked_since: Wall(linked_at),
        expires_at: None,
        needs_login: None,
    }
}

/// An engine with a clock, and what it wanted.
pub struct Rig {
    pub engine: Engine<Desk>,
    pub now: Moment,
    pub outputs: Vec<Output>,
}

pub fn start_of_time() -> Moment {
    Moment {
        mono: Duration::from_secs(1000),
        boot: Duration::from_secs(1000),
        wall: Wall(1_795_312_800_000),
    }
}

impl Rig {
    pub fn new(desk: Desk, now: Moment) -> Self {
        Self::of(desk, vec![ann(1)], now)
    }

    pub fn of(desk: Desk, accounts: Vec<Account>, now: Moment) -> Self {
        Self::with(desk, accounts, config(true), now)
    }

    pub fn with(desk: Desk, accounts: Vec<Account>, config: Arc<Config>, now: Moment) -> Self {
        let me = Identity {
            boot_id: 1,
            device_id: "d".into(),
            home: None,
        };
        let random = Random::seeded(now.mono.as_secs());
        let engine = Engine::new(desk, me, config, accounts, random, now);
        let mut rig = Self {
            engine: engine.unwrap(),
            now,
            outputs: Vec::new(),
        };
        for source in [Source::Mpv, Source::Mpris] {
            rig.tell(Input::Report(Report::Scanned(source)));
        }
        rig
    }

    /// kill -9, and another start.
    pub fn kill(self, accounts: Vec<Account>) -> Self {
        self.kill_and_switch(accounts, config(true))
    }

    pub fn kill_and_switch(self, accounts: Vec<Account>, config: Arc<Config>) -> Self {
        let desk = Desk {
            machine: self.engine.edges.machine.clone(),
            linked: self.engine.edges.linked.clone(),
            ..Desk::default()
        };
        let now = self.now.after(Duration::from_secs(5));
        drop(self.engine);
        desk.machine.crashed.set(false);
        Self::with(desk, accounts, config, now)
    }

    pub fn tell(&mut self, input: Input) {
        self.engine.handle(input, self.now);
        while let Some(output) = self.engine.poll_output() {
            if let Output::ReadSidecars { player, path } = &output {
                let input = Input::Sidecars {
                    player: player.clone(),
                    path: path.clone(),
                    found: Vec::new(),
                };
                self.engine.handle(input, self.now);
            }
            self.outputs.push(output);
        }
    }

    pub fn say(&mut self, signal: Signal) {
        let at = self.now;
        let player = PlayerId::new("mpv-1");
        let observation = Observation { at, player, signal };
        self.tell(Input::Report(Report::Observed(observation)));
    }

    /// A film begins in a player.
    pub fn play(&mut self) {
        self.play_from(0.0);
    }

    /// A film plays in a player, now at this position.
    pub fn play_from(&mut self, position: f64) {
        let item = crate::model::Item {
            location: Some(crate::model::Location::Path(
                "/films/Heat (1995).mkv".into(),
            )),
            duration: Some(6000.0),
            video: crate::model::Video::Yes,
            ..Default::default()
        };
        self.say(Signal::Appeared(crate::model::PlayerInfo {
            name: "mpv".into(),
            source: Source::Mpv,
            process: Some(crate::model::Process { pid: 7, started: 1 }),
            ignored: None,
        }));
        self.say(Signal::Opened(Box::new(item)));
        self.say(Signal::Transport {
            state: crate::model::Transport::Playing,
            position: Some(position),
        });
    }

    pub fn pass(&mut self, seconds: u64) {
        let end = self.now.mono + Duration::from_secs(seconds);
        while let Some((wait, _)) = self.engine.poll_timeout(self.now)
            && self.now.mono + wait <= end
        {
            self.now = self.now.after(wait.max(Duration::from_millis(1)));
            self.tell(Input::Tick);
        }
        let left = end.saturating_sub(self.now.mono);
        self.now = self.now.after(left);
        self.tell(Input::Tick);
    }

    /// What is to be sent, as `action`s; none of it is answered.
    pub fn sent(&mut self) -> Vec<(DeliveryId, String)> {
        let outputs = std::mem::take(&mut self.outputs);
        let sent = outputs.into_iter().filter_map(|output| match output {
            Output::Deliver { delivery, job, .. } => {
                let action = job.request.path.rsplit('/').next().unwrap_or_default();
                Some((delivery, action.to_owned()))
            }
            _ => None,
        });
        sent.collect()
    }

    pub fn taken(&mut self, delivery: DeliveryId) {
        self.tell(Input::Settled {
            delivery,
            outcome: Disposition::Delivered {
                ids: Ids::default(),
                deduped: false,
                ignored: None,
            },
        });
    }

    pub fn unreachable(&mut self, delivery: DeliveryId) {
        self.tell(Input::Settled {
            delivery,
            outcome: Disposition::Retry {
                after: None,
                fault: crate::service::Fault::Unreachable,
                reason: "no route".into(),
            },
        });
    }

    pub fn ask(&mut self, request: Request) -> Response {
        self.tell(Input::Request(1, request));
        let reply = self.outputs.iter().rev().find_map(|output| match output {
            Output::Reply(_, response) => Some(response.clone()),
            _ => None,
        });
        reply.unwrap()
    }

    pub fn paused_until(&mut self) -> Option<String> {
        match self.ask(Request::Status) {
            Response::Status(status) => status.paused_until.map(|until| until.to_string()),
            other => panic!("{other:?}"),
        }
    }

    pub fn watching(&self) -> bool {
        self.engine.debouncer.watching()
    }

    /// Why a timer runs, if one does.
    pub fn timer(&self) -> Option<&'static str> {
        self.engine.poll_timeout(self.now).map(|(_, why)| why)
    }
}
