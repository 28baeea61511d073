//! A whole evening behind a player: what it says goes through the engine into a store in memory.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::account::Account;
use crate::config::Config;
use crate::engine::{Edges, Engine, Identity, Input, Opened, Output, Pause};
use crate::history::{Entry, Read, Receipt};
use crate::model::{
    AccountKey, Moment, Observation, PlayerId, PlayerInfo, Random, ServiceName, Signal, Source,
    ViewingId, Wall,
};
use crate::service::{Disposition, Fault};
use crate::store::{MemoryStore, StoreError};
use crate::watch::Report;
use crate::watch::merge::Started;

/// Nothing of it touches the machine.
struct Nowhere;

impl Edges for Nowhere {
    type Store = MemoryStore;

    fn open_store(&mut self, _: Moment) -> Result<Opened<MemoryStore>, StoreError> {
        Ok(Opened {
            store: MemoryStore::default(),
            fresh: true,
            loss: None,
        })
    }

    fn loss_repaired(&mut self, _: &MemoryStore) -> Result<(), StoreError> {
        Ok(())
    }

    fn kinship(&self) -> Started {
        Box::new(|_, _| false)
    }

    fn remember(&mut self, entry: &Entry) -> io::Result<()> {
        assert!((0.0..=1.0).contains(&entry.progress));
        let title = entry.media.title.as_ref();
        assert!(title.is_some_and(|title| !title.trim().is_empty()));
        Ok(())
    }

    fn receipt(&mut self, _: ViewingId, _: &Receipt) -> io::Result<()> {
        Ok(())
    }

    fn recall(&mut self) -> io::Result<Read> {
        Ok(Read::default())
    }

    fn take_back(&mut self, _: ViewingId) -> io::Result<()> {
        Ok(())
    }

    fn kept_linked(&mut self) -> Option<Vec<AccountKey>> {
        None
    }

    fn keep_linked(&mut self, _: &[AccountKey]) -> io::Result<()> {
        Ok(())
    }

    fn kept_pause(&mut self) -> Option<Pause> {
        None
    }

    fn keep_pause(&mut self, _: Option<&Pause>) -> io::Result<()> {
        Ok(())
    }
}

/// Engine and time.
pub struct Desk {
    engine: Option<Engine<Nowhere>>,
    player: PlayerId,
    pub now: Moment,
}

impl Desk {
    /// With one player, and both services linked.
    pub fn new(source: Source) -> Self {
        let now = Moment {
            mono: Duration::from_secs(1000),
            boot: Duration::from_secs(1000),
            wall: Wall(1_795_312_800_000),
        };
        let me = Identity {
            boot_id: 1,
            device_id: "device".to_owned(),
            home: None,
        };
        let config: Option<Config> = toml::from_str(crate::config::DEFAULTS).ok();
        let engine = config.and_then(|config| {
            let accounts = ServiceName::ALL
                .iter()
                .map(|service| account(*service, now.wall));
            let (edges, random) = (Nowhere, Random::seeded(1));
            Engine::new(edges, me, Arc::new(config), accounts.collect(), random, now).ok()
        });
        let mut desk = Self {
            engine,
            player: PlayerId("player".into()),
            now,
        };
        desk.observe(Signal::Appeared(PlayerInfo {
            name: "player".to_owned(),
            source,
            process: None,
            ignored: None,
        }));
        desk.input(Input::Report(Report::Scanned(Source::Mpv)));
        desk.input(Input::Report(Report::Scanned(Source::Mpris)));
        desk
    }

    /// The player said so. Whether it is asked for its position thereupon.
    pub fn observe(&mut self, signal: Signal) -> bool {
        let (at, player) = (self.now, self.player.clone());
        let observation = Observation { at, player, signal };
        self.input(Input::Report(Report::Observed(observation)))
    }

    /// Time passes. Whether the player is asked for its position thereupon.
    pub fn pass(&mut self, by: Duration) -> bool {
        self.now = self.now.after(by);
        self.input(Input::Tick)
    }

    fn input(&mut self, input: Input) -> bool {
        let Some(engine) = &mut self.engine else {
            return false;
        };
        engine.handle(input, self.now);
        let mut asked = false;
        while let Some(output) = engine.poll_output() {
            match output {
                Output::Ask(_) => asked = true,
                Output::Deliver { delivery, .. } => {
                    let outcome = Disposition::Retry {
                        after: None,
                        fault: Fault::Unreachable,
                        reason: "nobody is there".to_owned(),
                    };
                    engine.handle(Input::Settled { delivery, outcome }, self.now);
                }
                Output::ReadSidecars { player, path } => {
                    let found = Vec::new();
                    engine.handle(
                        Input::Sidecars {
                            player,
                            path,
                            found,
                        },
                        self.now,
                    );
                }
                _ => {}
            }
        }
        asked
    }

    /// The daemon ends.
    pub fn close(mut self) {
        self.observe(Signal::Vanished);
        self.pass(Duration::from_secs(60));
        self.input(Input::Shutdown);
    }
}

fn account(service: ServiceName, linked_at: Wall) -> Account {
    Account {
        key: AccountKey {
            service,
            user: "user".into(),
            profile: None,
        },
        user_name: "user".to_owned(),
        profile_name: None,
        scopes: Vec::new(),
        linked_at,
        linked_since: linked_at,
        expires_at: None,
        needs_login: None,
    }
}
