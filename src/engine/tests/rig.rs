//! An evening without a machine: a real engine, a disk and a history that fail on request, players, and services that are as strict
//! as the real ones. Whatever the engine says in a `handle` in which it crashed was never said.

mod disk;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use serde_json::Value;

use crate::account::Account;
use crate::config::Config;
use crate::control::Response;
use crate::engine::{Engine, Identity, Input, Output};
use crate::history::Read;
use crate::model::*;
use crate::service::{Call, Disposition, Fault, Job};
use crate::store::StoreError;
use crate::watch::Report;

pub use disk::{Handle, Machine, Platter, Trouble};

/// What the services hold.
#[derive(Debug, Default)]
pub struct World {
    pub down: bool,
    /// This one is.
    pub away: Option<ServiceName>,
    /// So many requests from now on arrive, and their answers do not.
    pub deaf: u32,
    /// PunchPlay: ids of events that arrived.
    seen: BTreeSet<String>,
    /// Sessions that have had a start, in order; with their stop if there was one.
    pub sessions: Vec<(String, bool)>,
    /// Titles that were completed there, once for each time.
    pub watched: Vec<String>,
    /// Discovr: entries of the history, as media id, episode and time.
    pub history: Vec<String>,
    pub resume_points: BTreeMap<String, String>,
    pub requests: Vec<String>,
}

impl World {
    fn answer(&mut self, account: &AccountKey, job: &Job) -> Disposition {
        let lost = Disposition::Retry {
            after: None,
            fault: Fault::Unreachable,
            reason: "no answer".into(),
        };
        if self.down || self.away == Some(account.service) {
            return lost;
        }
        let body: Value = serde_json::from_str(&job.request.body).unwrap();
        self.requests
            .push(format!("{} {}", account.service, job.request.path));
        let answer = match job.call {
            Call::Event => self.event(&job.request.path, &body),
            Call::ResumePoint => self.resume_point(&body),
            Call::History { .. } | Call::HistoryOf(_) => self.entry(job, &body),
        };
        if self.deaf > 0 {
            self.deaf -= 1;
            return lost;
        }
        answer
    }

    fn event(&mut self, path: &str, body: &Value) -> Disposition {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let (id, session) = (text("event_id"), text("playback_session_id"));
        let deduped = !self.seen.insert(id);
        let is_over = self.sessions.contains(&(session.clone(), true));
        if deduped || is_over {
            let ignored = (!deduped).then(|| "old_event".to_owned());
            return taken(deduped, ignored);
        }
        if path.ends_with("stop") {
            self.sessions.retain(|(known, _)| *known != session);
            self.sessions.push((session, true));
            if body["watched"] == true {
                self.watched.push(text("title"));
            }
        } else if !self.sessions.contains(&(session.clone(), false)) {
            assert!(path.ends_with("start"), "{path} before the session's start");
            self.sessions.push((session, false));
        }
        taken(false, None)
    }

    fn resume_point(&mut self, body: &Value) -> Disposition {
        let media = body["mediaId"].to_string();
        let at = body["updatedAt"].to_string();
        let before = self.resume_points.insert(media, at.clone());
        assert!(before.is_none_or(|before| before <= at), "an older one");
        taken(false, None)
    }

    fn entry(&mut self, job: &Job, body: &Value) -> Disposition {
        let entry = format!(
            "{} {} {}",
            body["mediaId"], body["episode"], body["updatedAt"]
        );
        let there = self.history.contains(&entry);
        if !(job.in_doubt && there) {
            self.history.push(entry);
        }
        taken(there, None)
    }
}

fn taken(deduped: bool, ignored: Option<String>) -> Disposition {
    Disposition::Delivered {
        ids: Ids::default(),
        deduped,
        ignored,
    }
}

/// A player as it truly is.
#[derive(Debug, Clone)]
struct Truth {
    item: Item,
    position: f64,
    playing: bool,
    pid: u32,
}

pub struct Rig {
    pub machine: Machine,
    engine: Option<Engine<Machine>>,
    pub now: Moment,
    pub world: World,
    pub accounts: Vec<Account>,
    players: BTreeMap<PlayerId, Truth>,
    pub replies: Vec<Response>,
    /// How long the daemon is away after a crash, seconds.
    pub away: f64,
    pub starts: u64,
    pub asleep: u32,
    boot_id: u64,
}

pub fn punchplay() -> Account {
    account(ServiceName::Punchplay, None)
}

pub fn discovr() -> Account {
    account(ServiceName::Discovr, Some("p1".into()))
}

fn account(service: ServiceName, profile: Option<String>) -> Account {
    Account {
        key: AccountKey {
            service,
            user: "7".into(),
            profile,
        },
        user_name: "ann".into(),
        profile_name: None,
        scopes: Vec::new(),
        linked_at: Wall(0),
        linked_since: Wall(0),
        expires_at: None,
        needs_login: None,
    }
}

/// Six minutes long.
pub const LENGTH: f64 = 360.0;

fn item(path: &str) -> Item {
    Item {
        location: Some(Location::Path(path.into())),
        duration: Some(LENGTH),
        video: Video::Yes,
        ..Item::default()
    }
}

impl Rig {
    pub fn new(machine: Machine) -> Self {
        let mut rig = Self {
            machine,
            engine: None,
            now: Moment {
                mono: Duration::from_secs(1000),
                boot: Duration::from_secs(1000),
                wall: Wall(1_795_312_800_000),
            },
            world: World::default(),
            accounts: vec![punchplay(), discovr()],
            players: BTreeMap::new(),
            replies: Vec::new(),
            away: 3.0,
            starts: 0,
            asleep: 0,
            boot_id: 1,
        };
        rig.start();
        rig
    }

    /// A new process.
    pub fn start(&mut self) {
        self.engine = None;
        for _ in 0..20 {
            self.machine.crashed.set(false);
            self.starts += 1;
            let engine = self.new_engine().expect("the daemon starts");
            if self.machine.crashed.get() {
                self.pass(self.away);
                continue;
            }
            self.engine = Some(engine);
            return self.announce();
        }
        panic!("it crashes at every start");
    }

    pub fn new_engine(&mut self) -> Result<Engine<Machine>, StoreError> {
        static CONFIG: LazyLock<Arc<Config>> = LazyLock::new(|| {
            let text = include_str!("../../config/defaults.toml");
            let mut config: Config = toml::from_str(text).unwrap();
            // Every beat is a write at which everything may go wrong: fewer show as much.
            config.debounce.progress_every = Duration::from_secs(45);
            Arc::new(config)
        });
        Engine::new(
            self.machine.clone(),
            Identity {
                boot_id: self.boot_id,
                device_id: "d".into(),
                home: None,
            },
            Arc::clone(&CONFIG),
            self.accounts.clone(),
            Random::seeded(self.starts),
            self.now,
        )
    }

    fn announce(&mut self) {
        let ids: Vec<PlayerId> = self.players.keys().cloned().collect();
        for id in ids {
            self.introduce(&id);
        }
        for source in [Source::Mpv, Source::Mpris] {
            self.tell(Input::Report(Report::Scanned(source)));
        }
    }

    fn introduce(&mut self, id: &PlayerId) {
        let truth = self.players[id].clone();
        let info = PlayerInfo {
            name: "mpv".into(),
            source: Source::Mpv,
            process: Some(Process {
                pid: truth.pid,
                started: 1,
            }),
            ignored: None,
        };
        self.say(id, Signal::Appeared(info));
        self.say(id, Signal::Opened(Box::new(truth.item.clone())));
        self.say_state(id);
    }

    fn say_state(&mut self, id: &PlayerId) {
        let truth = &self.players[id];
        let state = match truth.playing {
            true => Transport::Playing,
            false => Transport::Paused,
        };
        let position = Some(truth.position);
        self.say(id, Signal::Transport { state, position });
    }

    fn say(&mut self, id: &PlayerId, signal: Signal) {
        let observation = Observation {
            at: self.now,
            player: id.clone(),
            signal,
        };
        self.tell(Input::Report(Report::Observed(observation)));
    }

    /// One input, and everything that follows from it at once.
    pub fn tell(&mut self, input: Input) {
        let mut inputs = std::collections::VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let Some(engine) = &mut self.engine else {
                return;
            };
            engine.handle(input, self.now);
            if self.machine.crashed.get() {
                self.engine = None;
                self.pass(self.away);
                return self.start();
            }
            while let Some(output) = self.engine.as_mut().and_then(Engine::poll_output) {
                inputs.extend(self.perform(output));
            }
        }
    }

    fn perform(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Ask(player) => {
                let truth = self.players.get(&player)?;
                let seconds = truth.position;
                Some(Input::Report(Report::Observed(Observation {
                    at: self.now,
                    player,
                    signal: Signal::Position {
                        seconds,
                        seeked: false,
                    },
                })))
            }
            Output::Deliver {
                delivery,
                account,
                job,
            } => {
                let outcome = self.world.answer(&account, &job);
                Some(Input::Settled { delivery, outcome })
            }
            Output::ReadSidecars { player, path } => Some(Input::Sidecars {
                player,
                path,
                found: Vec::new(),
            }),
            Output::Reply(_, response) => {
                self.replies.push(response);
                None
            }
            Output::Asleep => {
                self.asleep += 1;
                None
            }
            _ => None,
        }
    }

    fn pass(&mut self, seconds: f64) {
        self.now = self.now.after(Duration::from_secs_f64(seconds));
        for truth in self.players.values_mut().filter(|truth| truth.playing) {
            truth.position = (truth.position + seconds).min(LENGTH);
        }
    }

    /// Lets time pass, with everything that falls due on the way.
    pub fn wait(&mut self, seconds: f64) {
        let until = self.now.mono + Duration::from_secs_f64(seconds);
        for _ in 0..100_000 {
            let due = self.engine.as_ref().and_then(|e| e.poll_timeout(self.now));
            let left = until.saturating_sub(self.now.mono);
            let step = due.map_or(left, |(wait, _)| wait.min(left));
            self.pass(step.as_secs_f64());
            self.tell(Input::Tick);
            if self.now.mono >= until {
                return;
            }
        }
        let due = self.engine.as_ref().and_then(|e| e.poll_timeout(self.now));
        panic!("the timers do not come to rest: {due:?}");
    }

    pub fn open(&mut self, player: &str, path: &str, position: f64) {
        let id = PlayerId::new(player);
        let fresh = !self.players.contains_key(&id);
        let pid = match self.players.get(&id) {
            Some(old) => old.pid,
            None => 100 + self.now.mono.as_secs() as u32,
        };
        let truth = Truth {
            item: item(path),
            position,
            playing: true,
            pid,
        };
        self.players.insert(id.clone(), truth);
        if fresh {
            return self.introduce(&id);
        }
        self.say(&id, Signal::Opened(Box::new(item(path))));
        self.say_state(&id);
    }

    pub fn set_playing(&mut self, player: &str, playing: bool) {
        let id = PlayerId::new(player);
        self.players.get_mut(&id).unwrap().playing = playing;
        self.say_state(&id);
    }

    pub fn quit(&mut self, player: &str) {
        let id = PlayerId::new(player);
        self.players.remove(&id);
        self.say(&id, Signal::Vanished);
    }

    /// SIGTERM, and a new process after a while.
    pub fn restart(&mut self, away: f64) {
        self.tell(Input::Shutdown);
        self.engine = None;
        self.pass(away);
        self.start();
    }

    /// kill -9.
    pub fn kill(&mut self, away: f64) {
        self.engine = None;
        self.pass(away);
        self.start();
    }

    /// The machine loses its power, and is on again later: nothing plays.
    pub fn reboot(&mut self, away: f64) {
        self.engine = None;
        self.players.clear();
        self.boot_id += 1;
        let wall = self.now.wall.plus(Duration::from_secs_f64(away));
        let boot = Duration::from_secs(20);
        self.now = Moment {
            mono: boot,
            boot,
            wall,
        };
        self.start();
    }

    /// The machine sleeps: only boot clock and wall go on.
    pub fn suspend(&mut self, seconds: u64) {
        let by = Duration::from_secs(seconds);
        self.now.boot += by;
        self.now.wall = self.now.wall.plus(by);
    }

    pub fn engine(&self) -> &Engine<Machine> {
        self.engine.as_ref().unwrap()
    }

    pub fn log(&self) -> Read {
        self.machine.log.borrow().recent().unwrap()
    }

    /// What `status` says that is wrong.
    pub fn problems(&self) -> String {
        let storage = self.engine().storage.problem();
        let diary = self.engine().diary.problems();
        let all = storage.into_iter().chain(diary.map(String::as_str));
        all.collect::<Vec<_>>().join("\n")
    }

    /// `service user: queued + dead` where there is something.
    pub fn queue(&self) -> Vec<String> {
        let outbox = self.engine().storage.outbox().unwrap();
        let counts = outbox.counts(self.now).into_iter();
        let some = counts.filter(|(_, counts)| counts.queued + counts.dead > 0);
        let line = |(key, counts): (AccountKey, crate::outbox::Counts)| {
            let AccountKey { service, user, .. } = key;
            format!("{service} {user}: {} + {}", counts.queued, counts.dead)
        };
        some.map(line).collect()
    }
}
