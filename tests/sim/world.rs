//! The world of one run: a machine, its players, the daemon on it, the services, and what truly happens. Virtual time jumps
//! from event to event; there is no thread, no clock and no I/O.
//!
//! The engine is the real one, with everything in it. `wire.rs` is the network, `acts.rs` what the user does.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reeld::account::Account;
use reeld::config::{Config, DEFAULTS};
use reeld::control::{PlayerRow, Release};
use reeld::engine::{Engine, Input};
use reeld::identify::rules::Rules;
use reeld::model::{AccountKey, DeliveryId, Observation, PlayerId, ServiceName, Source, Wall};
use reeld::watch::Report;

use crate::clock::Clock;
use crate::discovr::Discovr;
use crate::ears::{Ears, Heard};
use crate::edges::{Remembered, SimEdges};
use crate::library::{PRIVATE, Work};
use crate::log::{Down, Fact, Jump, Reach, What};
use crate::pauses::Ordered;
use crate::player::{Player, Say};
use crate::punchplay::PunchPlay;
use crate::script::{Env, SLOTS, Script};
use crate::store::Disk;
use crate::wire::{Answered, Landing, Memory};

/// Steps of the engine at one and the same time, before it is said to spin.
const SPINS: u32 = 200;

/// What a run has shown.
#[derive(Debug, Default)]
pub struct Outcome {
    pub facts: Vec<Fact>,
    pub complaints: Vec<String>,
    /// Of Ann and of Ben.
    pub punchplay: [PunchPlay; 2],
    pub discovr: Discovr,
    pub requests: u32,
    /// How often players on the bus were asked something.
    pub calls: u32,
    /// Seconds of playing.
    pub played: f64,
    /// Seconds in which a service could not be reached, or refused the login.
    pub outages: f64,
    /// What is newest cannot be told by stamps.
    pub clock_was_wrong: bool,
    pub diary: Vec<String>,
}

/// See the module's documentation.
pub struct World {
    pub script: Rc<Script>,
    pub clock: Clock,
    pub random: fastrand::Rng,
    pub queue: BTreeMap<(Duration, u64), Event>,
    order: u64,
    pub slots: [Option<Seat>; SLOTS],
    pub playbacks: u32,
    pub players: u32,
    pub serial: u32,
    pub disk: Rc<RefCell<Disk>>,
    pub remembered: Rc<RefCell<Remembered>>,
    pub engine: Option<Engine<SimEdges>>,
    /// Where players are heard on the wire.
    pub ears: Option<Ears>,
    /// Grows with every daemon: what was on its way to an earlier one is lost.
    pub life: u32,
    /// It was told to end.
    pub ending: bool,
    pub due: Option<Duration>,
    spins: (Duration, u32),
    pub config: Config,
    pub accounts: Vec<Account>,
    pub calm: bool,
    pub unreachable: [Duration; 2],
    pub revoked: [bool; 2],
    pub memory: Memory,
    /// Nothing more before then, an account's service has said to this daemon.
    pub patience: [Duration; ACCOUNTS],
    /// Requests of accounts (path and body) to which the daemon has had a clear answer, and cannot have forgotten it.
    pub told: BTreeMap<(usize, DeliveryId), Vec<(String, String)>>,
    /// The daemon runs, the machine is awake and the disk works since then, wall milliseconds.
    pub well_since: i64,
    /// From when to when it slept, likewise.
    pub sleeps: Vec<(i64, i64)>,
    /// Since when the store fails.
    pub failing: Option<Duration>,
    /// The other user was logged in at some time.
    pub ben_was_here: bool,
    pub could_write: bool,
    /// The history cannot be used.
    pub history_fails: bool,
    /// The history has failed at some time; and the store.
    pub history_failed: bool,
    pub store_failed: bool,
    pub set_back: Duration,
    /// When the clock was set last.
    pub stepped: Duration,
    /// What is played is tracked, by the user's orders.
    pub tracked: bool,
    /// The pause in force, if it ends by itself; how many orders and ends there were; and what the daemon said last.
    pub ordered: Option<Ordered>,
    pub pause: u32,
    pub paused: bool,
    /// The user's rules, and what they ignore.
    pub rules: Arc<Rules>,
    pub ignored: Option<Work>,
    /// What is private besides, and since when, wall milliseconds.
    pub hidden: Option<(Work, i64)>,
    /// How far the completion of a title at a time has come at an account.
    pub reached: BTreeMap<(usize, Wall, String), Reach>,
    /// The answer to the last undo: it is to be watched again.
    pub taken_back: Option<bool>,
    /// The answer to the last rematch, if it was not refused.
    pub rematched: Option<Option<Release>>,
    /// What plays, by the last status; and what waits for an id, by the last look at the queue.
    pub playing: Vec<PlayerRow>,
    pub waiting: usize,
    /// The history was damaged at some time.
    pub damaged: bool,
    pub queued: Option<(u64, u64)>,
    pub log: Outcome,
    pub writes_diary: bool,
}

/// A player where it sits, and what it has been doing for the log.
pub struct Seat {
    pub player: Player,
    /// Awake and true time of the present stretch or pause.
    pub since: (Duration, Duration),
    pub from: f64,
    pub jump: Jump,
    /// Changes with everything that happens in it: an end that was foreseen before is none.
    pub serial: u32,
    /// The daemon hears nothing of it, though it runs.
    pub deaf: bool,
}

impl Seat {
    /// Another stretch or pause begins here.
    pub fn restart(&mut self, here: f64, awake: Duration, now: Duration) {
        self.since = (awake, now);
        self.from = here;
    }
}

/// Something that will happen. Small, as the queue moves them to and fro: what is large lies in a box.
pub enum Event {
    /// A watcher says something of a player.
    Say {
        slot: usize,
        id: PlayerId,
        playback: Option<u32>,
        say: Box<Say>,
    },
    /// The daemon hears it.
    Hear(u32, Box<Observation>),
    Asked(u32, PlayerId),
    /// Something comes to the daemon's ears.
    Ears(u32, Box<Heard>),
    /// The film is over.
    Out {
        slot: usize,
        serial: u32,
    },
    /// What was lost from sight is found again.
    Found(usize),
    /// The buffer is full.
    Filled {
        slot: usize,
        serial: u32,
    },
    Lands(Box<Landing>),
    Answered(Box<Answered>),
    Tells(u32, Box<Input>),
    Start,
    Scanned(u32, Source),
    /// The log is brought up to date.
    Pulse,
    /// The time of a pause is over, by its number.
    PauseEnds(u32),
    LookAtPause(u32, u32),
    /// The disk works again.
    DiskWorks,
    /// The local history can be used again.
    HistoryWorks,
    Env(crate::script::Env),
}

/// The shipped defaults; read once.
fn defaults() -> &'static Config {
    static CONFIG: OnceLock<Config> = OnceLock::new();
    CONFIG.get_or_init(|| toml::from_str(DEFAULTS).expect("the defaults are a configuration"))
}

pub const SERVICES: [ServiceName; 2] = ServiceName::ALL;

/// Ann at PunchPlay, Ann at Discovr, Ben at PunchPlay.
pub const ACCOUNTS: usize = 3;

/// The service of an account.
pub const fn service_of(account: usize) -> usize {
    account % 2
}

/// All of them, by number.
pub fn all_accounts() -> &'static [Account; ACCOUNTS] {
    static ACCOUNTS_OF_ALL: OnceLock<[Account; ACCOUNTS]> = OnceLock::new();
    ACCOUNTS_OF_ALL.get_or_init(|| std::array::from_fn(account))
}

pub fn account(number: usize) -> Account {
    let user = if number < 2 { "ann" } else { "ben" };
    Account {
        key: AccountKey {
            service: SERVICES[service_of(number)],
            user: user.into(),
            profile: (number == 1).then(|| "p1".into()),
        },
        user_name: user.into(),
        profile_name: None,
        scopes: Vec::new(),
        linked_at: Wall(0),
        linked_since: Wall(0),
        expires_at: None,
        needs_login: None,
    }
}

impl World {
    pub fn new(script: &Script, writes_diary: bool) -> Self {
        let mut config = defaults().clone();
        let setup = &script.setup;
        config.debounce.progress_every = Duration::from_secs(setup.progress_every);
        config.watched.movie_percent = f64::from(setup.threshold);
        config.watched.episode_percent = f64::from(setup.threshold);
        config.privacy.ignore_paths = vec![PRIVATE.to_owned()];
        config.privacy.send_filename = setup.send_filename;
        if setup.tmdb {
            config.tmdb.api_key = reeld::model::Secret::new("key");
        }
        let mut env = script.steps.iter().flat_map(|step| &step.env);
        let loses_power = env.any(|(_, env)| matches!(env, Env::Power { .. }));
        let linked = (0..2).filter(|service| setup.linked[*service]);
        Self {
            script: Rc::new(script.clone()),
            clock: Clock::default(),
            random: fastrand::Rng::with_seed(script.seed),
            queue: BTreeMap::new(),
            order: 0,
            slots: [const { None }; SLOTS],
            playbacks: 0,
            players: 0,
            serial: 0,
            disk: Disk::new(script.store.clone(), loses_power),
            remembered: Rc::default(),
            engine: None,
            ears: None,
            life: 0,
            ending: false,
            due: None,
            spins: (Duration::ZERO, 0),
            config,
            accounts: linked.map(account).collect(),
            calm: false,
            unreachable: [Duration::ZERO; 2],
            revoked: [false; 2],
            memory: Memory::default(),
            patience: [Duration::ZERO; ACCOUNTS],
            told: BTreeMap::new(),
            well_since: 0,
            sleeps: Vec::new(),
            failing: None,
            ben_was_here: false,
            could_write: true,
            history_fails: false,
            history_failed: false,
            store_failed: false,
            set_back: Duration::ZERO,
            stepped: Duration::ZERO,
            tracked: true,
            ordered: None,
            pause: 0,
            paused: false,
            rules: Arc::default(),
            ignored: None,
            hidden: None,
            reached: BTreeMap::new(),
            taken_back: None,
            rematched: None,
            playing: Vec::new(),
            waiting: 0,
            damaged: false,
            queued: None,
            log: Outcome::default(),
            writes_diary,
        }
    }

    /// Carries out the whole script, then lets everything come to rest.
    pub fn run(mut self) -> Outcome {
        let threshold = f64::from(self.script.setup.threshold) / 100.0;
        self.fact(What::Threshold(threshold));
        for service in 0..2 {
            let on = self.script.setup.linked[service];
            self.fact(What::Linked {
                account: service,
                on,
            });
        }
        self.start();
        let script = Rc::clone(&self.script);
        for step in &script.steps {
            if !self.log.complaints.is_empty() {
                break;
            }
            self.step(step);
        }
        if self.log.complaints.is_empty() {
            self.come_to_rest();
        }
        let remembered = std::mem::take(&mut self.remembered.borrow_mut().complaints);
        self.log.complaints.extend(remembered);
        self.log
    }

    pub fn note(&mut self, text: impl FnOnce() -> String) {
        if self.writes_diary {
            let text = text();
            self.log
                .diary
                .push(format!("{} {text}", time(self.clock.now)));
        }
    }

    pub fn complain(&mut self, complaint: String) {
        self.note(|| format!("!! {complaint}"));
        self.log.complaints.push(complaint);
    }

    pub fn fact(&mut self, what: What) {
        let at = self.clock.now;
        if self.writes_diary {
            let text = format!("   ({what:?})");
            self.log.diary.push(text);
        }
        self.log.facts.push(Fact { at, what });
    }

    pub fn after(&mut self, delay: Duration, event: Event) {
        self.order += 1;
        self.queue
            .insert((self.clock.now + delay, self.order), event);
    }

    /// Lets time pass, and everything happen that happens by then.
    pub fn run_until(&mut self, until: Duration) {
        while self.log.complaints.is_empty() {
            let event = self.queue.first_key_value().map(|((at, _), _)| *at);
            let event = event.filter(|at| *at <= until);
            let tick = self.due.filter(|at| *at <= until);
            match (event, tick) {
                (None, None) => break,
                (Some(at), tick) if tick.is_none_or(|tick| at <= tick) => {
                    self.clock.now = self.clock.now.max(at);
                    if let Some((_, event)) = self.queue.pop_first() {
                        self.happen(event);
                    }
                }
                (_, tick) => {
                    self.clock.now = self.clock.now.max(tick.unwrap_or_default());
                    self.tell(Input::Tick);
                }
            }
        }
        self.clock.now = self.clock.now.max(until);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Say {
                slot,
                id,
                playback,
                say,
            } => self.say(slot, &id, playback, *say),
            Event::Hear(life, observation) if life == self.life => {
                self.tell(Input::Report(Report::Observed(*observation)));
            }
            Event::Asked(life, id) if life == self.life => self.answer(&id),
            Event::Ears(life, heard) if life == self.life => self.heard(*heard),
            Event::Out { slot, serial } => self.out(slot, serial),
            Event::Filled { slot, serial } => self.filled(slot, serial),
            Event::Found(slot) => self.found(slot),
            Event::Lands(landing) => self.lands(*landing),
            Event::Answered(answered) => self.answered(*answered),
            Event::Tells(life, input) if life == self.life => self.tell(*input),
            Event::Start => self.start(),
            Event::Scanned(life, source) if life == self.life => {
                self.tell(Input::Report(Report::Scanned(source)));
            }
            Event::Pulse => self.split(),
            Event::PauseEnds(pause) => self.pause_ends(pause),
            Event::LookAtPause(life, pause) => self.look_at_pause(life, pause),
            Event::DiskWorks => self.disk().down = false,
            Event::HistoryWorks => self.history_fails(false),
            Event::Env(env) => self.befall(&env),
            Event::Hear(..)
            | Event::Asked(..)
            | Event::Ears(..)
            | Event::Tells(..)
            | Event::Scanned(..) => {}
        }
    }

    /// Tells the daemon, and does what it wants then.
    pub fn tell(&mut self, input: Input) {
        let now = self.clock.moment();
        let Some(engine) = &mut self.engine else {
            return;
        };
        {
            let mut disk = self.disk.borrow_mut();
            disk.now = self.clock.now;
            disk.written = false;
        }
        engine.handle(input, now);
        self.follow_up();
    }

    pub fn follow_up(&mut self) {
        if self.died() {
            return;
        }
        self.note_failures();
        while let Some(output) = self.engine.as_mut().and_then(Engine::poll_output) {
            self.obey(output);
        }
        let now = self.clock.moment();
        let wait = self
            .engine
            .as_ref()
            .and_then(|engine| engine.poll_timeout(now));
        self.due = wait.map(|(wait, _)| self.clock.now + wait);
        let (at, times) = self.spins;
        self.spins = if at == self.clock.now {
            (at, times + 1)
        } else {
            (self.clock.now, 0)
        };
        if self.spins.1 > SPINS {
            let why = wait.map(|(_, why)| why);
            self.complain(format!("the engine spins: {why:?}"));
        }
    }

    /// Since when the store fails, and what was told before that.
    fn note_failures(&mut self) {
        let (failed, written) = {
            let mut disk = self.disk.borrow_mut();
            (std::mem::take(&mut disk.failed), disk.written)
        };
        self.store_failed |= failed;
        if failed {
            self.failing.get_or_insert(self.clock.now);
            self.well_since = i64::MAX / 2;
            // What had been settled in memory only is told again.
            self.told.clear();
            self.note(|| "the store fails".into());
        } else if written && self.failing.take().is_some() {
            self.well_since = self.clock.true_wall().0;
            self.fact(What::Knows);
        }
    }

    /// Whether the process died over the disk; then it is gone, with everything it wanted.
    fn died(&mut self) -> bool {
        if !std::mem::take(&mut self.disk.borrow_mut().died) {
            return false;
        }
        self.note(|| "the daemon dies in the middle of a write".into());
        self.down(Down::Kill(self.failing));
        self.after(Duration::from_secs(5), Event::Start);
        true
    }

    /// Whether nothing can fall due any more.
    pub fn is_idle(&self) -> bool {
        self.due.is_none()
    }
}

/// Since the beginning, for people.
pub fn time(at: Duration) -> String {
    let seconds = at.as_secs();
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let mut text = String::new();
    if days > 0 {
        let _ = write!(text, "day {days} ");
    }
    let (hours, minutes) = (rest / 3600, rest % 3600 / 60);
    let _ = write!(
        text,
        "{hours:02}:{minutes:02}:{:02}.{:03}",
        rest % 60,
        at.subsec_millis()
    );
    text
}
