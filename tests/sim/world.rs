//! The world of one run: a machine, its players, the daemon on it, the services, and what truly happens. Virtual time jumps
//! from event to event; there is no thread, no clock and no I/O.
//!
//! The engine is the real one, with everything in it. `wire.rs` is the network, `acts.rs` what the user does.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reeld::account::Account;
use reeld::config::{Config, DEFAULTS};
use reeld::control::{Request, Response};
use reeld::engine::{Edges, Engine, Identity, Input, Opened, Output, Pause};
use reeld::history::{Entry, MemoryHistory, Read, Receipt};
use reeld::model::{
    AccountKey, DeliveryId, Moment, Observation, PlayerId, Random, ServiceName, SessionId, Signal,
    Source, ViewingId, Wall,
};
use reeld::service::tmdb::Lookup;
use reeld::store::StoreError;
use reeld::watch::Report;
use reeld::watch::merge::Started;

use crate::clock::Clock;
use crate::discovr::Discovr;
use crate::library::{FILMS, Fate, PRIVATE};
use crate::log::{Down, Fact, Jump, Stretch, What};
use crate::player::{Player, Said, Say, State};
use crate::punchplay::PunchPlay;
use crate::script::{Kind, SLOTS, Script};
use crate::store::{Disk, SimStore};
use crate::wire::{Answered, Landing, Memory};

/// Steps of the engine at one and the same time, before it is said to spin.
const SPINS: u32 = 200;

/// So long after a change something may come of it: a start, a completion in a pause.
const ORDER: [Duration; 2] = [Duration::from_secs(9), Duration::from_millis(64_500)];

/// What a run has shown.
#[derive(Debug, Default)]
pub struct Outcome {
    pub facts: Vec<Fact>,
    pub complaints: Vec<String>,
    /// Of Ann and of Ben.
    pub punchplay: [PunchPlay; 2],
    pub discovr: Discovr,
    pub requests: u32,
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
    queue: BTreeMap<(Duration, u64), Event>,
    order: u64,
    pub slots: [Option<Seat>; SLOTS],
    pub playbacks: u32,
    pub players: u32,
    pub serial: u32,
    disk: Rc<RefCell<Disk>>,
    remembered: Rc<RefCell<Remembered>>,
    pub engine: Option<Engine<SimEdges>>,
    /// Grows with every daemon: what was on its way to an earlier one is lost.
    pub life: u32,
    /// It was told to end.
    pub ending: bool,
    due: Option<Duration>,
    spins: (Duration, u32),
    pub config: Config,
    pub accounts: Vec<Account>,
    pub calm: bool,
    pub unreachable: [Duration; 2],
    pub revoked: [bool; 2],
    pub memory: Memory,
    /// Requests of accounts (path and body) to which the daemon has had a clear answer, and cannot have forgotten it.
    pub told: BTreeMap<(usize, DeliveryId), Vec<(String, String)>>,
    /// The daemon runs, the machine is awake and the disk works since then, wall milliseconds.
    pub well_since: i64,
    /// From when to when it slept, likewise.
    pub sleeps: Vec<(i64, i64)>,
    /// Since when the store fails.
    failing: Option<Duration>,
    /// The other user was logged in at some time.
    pub ben_was_here: bool,
    /// The history has failed at some time.
    pub history_failed: bool,
    pub set_back: Duration,
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
}

impl Seat {
    /// Another stretch or pause begins here.
    pub fn restart(&mut self, here: f64, awake: Duration, now: Duration) {
        self.since = (awake, now);
        self.from = here;
    }
}

/// Something that will happen.
pub enum Event {
    /// A watcher says something of a player.
    Say {
        slot: usize,
        id: PlayerId,
        playback: Option<u32>,
        say: Say,
    },
    /// The daemon hears it.
    Hear(u32, Box<Observation>),
    Asked(u32, PlayerId),
    /// The film is over.
    Out {
        slot: usize,
        serial: u32,
    },
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
    /// The disk works again.
    DiskWorks,
    /// The local history can be used again.
    HistoryWorks,
    Env(crate::script::Env),
}

/// What the local history was told.
#[derive(Debug, Default)]
pub struct Remembered {
    log: MemoryHistory,
    completed: BTreeMap<ViewingId, BTreeSet<SessionId>>,
    linked: Option<Vec<AccountKey>>,
    complaints: Vec<String>,
}

/// The engine's door to the world.
pub struct SimEdges {
    disk: Rc<RefCell<Disk>>,
    remembered: Rc<RefCell<Remembered>>,
}

impl Edges for SimEdges {
    type Store = SimStore;

    fn open_store(&mut self, _now: Moment) -> Result<Opened<SimStore>, StoreError> {
        Disk::open(&self.disk).map(|store| Opened {
            store,
            fresh: self.disk.borrow().is_empty(),
            loss: None,
        })
    }

    fn loss_repaired(&mut self, _store: &SimStore) -> Result<(), StoreError> {
        Ok(())
    }

    fn kinship(&self) -> Started {
        Box::new(|_, _| false)
    }

    fn remember(&mut self, entry: &Entry) -> std::io::Result<()> {
        let mut remembered = self.remembered.borrow_mut();
        remembered.log.append(entry)?;
        if entry.completion.is_some() {
            let by = remembered.completed.entry(entry.viewing_id).or_default();
            by.insert(entry.session_id);
            if by.len() > 1 {
                let complaint = format!("viewing {} was completed twice", entry.viewing_id);
                remembered.complaints.push(complaint);
            }
        }
        Ok(())
    }

    fn receipt(&mut self, viewing: ViewingId, receipt: &Receipt) -> std::io::Result<()> {
        self.remembered.borrow_mut().log.receipt(viewing, receipt)
    }

    fn recall(&mut self) -> std::io::Result<Read> {
        self.remembered.borrow().log.recent()
    }

    fn take_back(&mut self, _: ViewingId) -> std::io::Result<()> {
        Ok(())
    }

    fn kept_pause(&mut self) -> Option<Pause> {
        None
    }

    fn keep_pause(&mut self, _: Option<&Pause>) -> std::io::Result<()> {
        Ok(())
    }

    fn kept_linked(&mut self) -> Option<Vec<AccountKey>> {
        self.remembered.borrow().linked.clone()
    }

    fn keep_linked(&mut self, linked: &[AccountKey]) -> std::io::Result<()> {
        self.remembered.borrow_mut().linked = Some(linked.to_vec());
        Ok(())
    }
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
            disk: Disk::new(script.store.clone()),
            remembered: Rc::default(),
            engine: None,
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
            told: BTreeMap::new(),
            well_since: 0,
            sleeps: Vec::new(),
            failing: None,
            ben_was_here: false,
            history_failed: false,
            set_back: Duration::ZERO,
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
            } => self.say(slot, &id, playback, say),
            Event::Hear(life, observation) if life == self.life => {
                self.tell(Input::Report(Report::Observed(*observation)));
            }
            Event::Asked(life, id) if life == self.life => self.answer(&id),
            Event::Out { slot, serial } => self.out(slot, serial),
            Event::Filled { slot, serial } => self.filled(slot, serial),
            Event::Lands(landing) => self.lands(*landing),
            Event::Answered(answered) => self.answered(*answered),
            Event::Tells(life, input) if life == self.life => self.tell(*input),
            Event::Start => self.start(),
            Event::Scanned(life, source) if life == self.life => {
                self.tell(Input::Report(Report::Scanned(source)));
            }
            Event::Pulse => self.split(),
            Event::DiskWorks => self.disk().down = false,
            Event::HistoryWorks => self.history_fails(false),
            Event::Env(env) => self.befall(&env),
            Event::Hear(..) | Event::Asked(..) | Event::Tells(..) | Event::Scanned(..) => {}
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

    fn follow_up(&mut self) {
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
        if failed {
            self.failing.get_or_insert(self.clock.now);
            self.well_since = i64::MAX / 2;
            // What had been settled in memory only is told again.
            self.told.clear();
            self.note(|| "the store fails".into());
        } else if written && self.failing.take().is_some() {
            self.well_since = self.clock.true_wall().0;
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

    fn obey(&mut self, output: Output) {
        match output {
            Output::Ask(player) => {
                let slow = self.random.u32(0..40) == 0;
                let wait = if slow { 2500 } else { self.random.u64(2..60) };
                let life = self.life;
                self.after(Duration::from_millis(wait), Event::Asked(life, player));
            }
            Output::Deliver {
                delivery,
                account,
                job,
            } => self.send(delivery, &account, job),
            Output::LookUp { title, media } => {
                let named = media.title.as_deref().unwrap_or_default();
                let film = FILMS.iter().find(|film| film.title == named);
                if film.is_none_or(|film| film.fate != Fate::Told) {
                    return self.complain(format!("TMDB was asked for {named:?}"));
                }
                let later = Lookup::Later {
                    after: None,
                    reason: "later".into(),
                };
                let trouble = !self.calm && self.random.u32(0..4) == 0;
                let found = film.map_or(Lookup::Nothing, |film| Lookup::Found(film.tmdb));
                let lookup = if trouble { later } else { found };
                let life = self.life;
                let input = Input::Looked {
                    title,
                    media,
                    lookup,
                };
                self.after(
                    Duration::from_millis(300),
                    Event::Tells(life, Box::new(input)),
                );
            }
            Output::ReadSidecars { player, path } => {
                let wait = match self.random.u32(0..10) {
                    0 => return,
                    1 => 4000,
                    _ => 15,
                };
                let life = self.life;
                let input = Input::Sidecars {
                    player,
                    path,
                    found: Vec::new(),
                };
                self.after(
                    Duration::from_millis(wait),
                    Event::Tells(life, Box::new(input)),
                );
            }
            Output::Reply(_, response) => self.read(response),
            Output::Notify(_)
            | Output::Rescan
            | Output::Ready
            | Output::Asleep
            | Output::AwaitNetwork(_)
            | Output::Summary(_) => {}
        }
    }

    fn read(&mut self, response: Response) {
        if let Response::Status(status) = response {
            let rows = status.accounts.iter();
            self.queued =
                Some(rows.fold((0, 0), |sum, row| (sum.0 + row.queued, sum.1 + row.dead)));
        }
    }

    // The daemon's life.

    fn start(&mut self) {
        if self.engine.is_some() {
            return;
        }
        self.life += 1;
        self.ending = false;
        self.split();
        let now = self.clock.moment();
        let edges = SimEdges {
            disk: Rc::clone(&self.disk),
            remembered: Rc::clone(&self.remembered),
        };
        let me = Identity {
            boot_id: self.clock.boot_id,
            device_id: "device".into(),
            home: None,
        };
        let random = Random::seeded(self.random.u64(..));
        let config = Arc::new(self.config.clone());
        let engine = Engine::new(edges, me, config, self.accounts.clone(), random, now);
        self.note(|| "the daemon starts".into());
        match engine {
            Ok(engine) => self.engine = Some(engine),
            Err(error) => return self.complain(format!("the engine does not start: {error}")),
        }
        self.memory = Memory::since(self.clock.now);
        self.well_since = self.clock.true_wall().0;
        self.fact(What::Up);
        self.follow_up();
        for slot in 0..SLOTS {
            let awake = self.clock.awake();
            let Some(seat) = &mut self.slots[slot] else {
                continue;
            };
            if let Some(open) = &mut seat.player.open {
                open.watched_since = awake;
                open.told_unknown = false;
            }
            let mut said = seat.player.appears();
            said.extend(seat.player.introduces(awake));
            self.hear_all(slot, said);
        }
        let life = self.life;
        let scan = Duration::from_millis(self.random.u64(150..600));
        self.after(scan, Event::Scanned(life, Source::Mpv));
        self.after(scan, Event::Scanned(life, Source::Mpris));
        self.look_again();
    }

    /// The daemon is gone.
    pub fn down(&mut self, how: Down) {
        self.split();
        self.engine = None;
        self.due = None;
        self.life += 1;
        self.told.clear();
        self.failing = None;
        {
            let mut disk = self.disk.borrow_mut();
            disk.died = false;
            disk.failed = false;
        }
        if !std::mem::take(&mut self.ending) {
            self.fact(What::Down(how));
        }
    }

    pub fn history_fails(&mut self, fails: bool) {
        self.remembered.borrow_mut().log.fail(fails);
        self.history_failed |= fails;
    }

    pub fn failing(&self) -> Option<Duration> {
        self.failing
    }

    pub fn disk(&self) -> std::cell::RefMut<'_, Disk> {
        self.disk.borrow_mut()
    }

    /// Everything that was on its way on this machine comes later by so much; the services know nothing of that.
    pub fn postpone(&mut self, time: Duration) {
        let queue = std::mem::take(&mut self.queue);
        for ((at, order), event) in queue {
            let at = if matches!(event, Event::Lands(_)) {
                at
            } else {
                at + time
            };
            self.queue.insert((at, order), event);
        }
    }

    /// Everything that was on its way on this machine is gone.
    pub fn forget(&mut self) {
        self.queue.retain(|_, event| {
            matches!(
                event,
                Event::Lands(_) | Event::DiskWorks | Event::HistoryWorks
            )
        });
    }

    /// Nothing befalls any more.
    pub fn no_more_env(&mut self) {
        self.queue
            .retain(|_, event| !matches!(event, Event::Env(_)));
    }

    // What watchers say.

    /// Passes on what a player's watchers say from now on.
    pub fn hear_all(&mut self, slot: usize, said: Vec<Said>) {
        let Some(seat) = &self.slots[slot] else {
            return;
        };
        let playback = seat.player.open.as_ref().map(|open| open.playback);
        let ids = seat.player.ids.clone();
        for (delay, transport, say) in said {
            let Some(id) = ids.get(transport).cloned() else {
                continue;
            };
            if delay.is_zero() {
                self.say(slot, &id, playback, say);
            } else {
                self.after(
                    delay,
                    Event::Say {
                        slot,
                        id,
                        playback,
                        say,
                    },
                );
            }
        }
    }

    fn say(&mut self, slot: usize, id: &PlayerId, playback: Option<u32>, say: Say) {
        let awake = self.clock.awake();
        let signal = match say {
            Say::Signal(signal) => signal,
            Say::Position { .. } | Say::Refined => {
                let Some(seat) = &mut self.slots[slot] else {
                    return;
                };
                let (kind, rate) = (seat.player.kind, seat.player.rate);
                let open = seat
                    .player
                    .open
                    .as_mut()
                    .filter(|open| Some(open.playback) == playback);
                let Some(open) = open else { return };
                match say {
                    Say::Position { .. } if kind == Kind::Mute => match mute(open, awake) {
                        Some(signal) => signal,
                        None => return,
                    },
                    Say::Position { seeked } => Signal::Position {
                        seconds: open.at(awake, rate),
                        seeked,
                    },
                    _ => {
                        open.length_known = true;
                        Signal::Refined(Box::new(open.item()))
                    }
                }
            }
        };
        self.hear(id.clone(), signal);
    }

    fn hear(&mut self, player: PlayerId, signal: Signal) {
        if self.engine.is_none() {
            return;
        }
        let at = self.clock.moment();
        let observation = Observation { at, player, signal };
        let lag = Duration::from_millis(self.script.setup.lag);
        if lag.is_zero() {
            self.tell(Input::Report(Report::Observed(observation)));
        } else {
            let life = self.life;
            self.after(lag, Event::Hear(life, Box::new(observation)));
        }
    }

    /// The position was asked for.
    fn answer(&mut self, id: &PlayerId) {
        for slot in 0..SLOTS {
            let Some(seat) = &self.slots[slot] else {
                continue;
            };
            if seat.player.ids.contains(id) {
                let playback = seat.player.open.as_ref().map(|open| open.playback);
                let say = Say::Position { seeked: false };
                return self.say(slot, id, playback, say);
            }
        }
    }

    // What truly happens, for the log.

    /// Something changes in a player: in the log everybody's present stretch ends, and the next begins here. What comes of
    /// it in time is told in its order, too.
    pub fn cut(&mut self, slot: usize) {
        self.split_but(Some(slot));
        self.cut_one(slot);
        self.look_again();
    }

    /// Where two players may have the same film, it matters what came first: the log says how things are when something may
    /// have come of what happens now.
    pub fn look_again(&mut self) {
        if self.slots.iter().flatten().count() > 1 {
            for later in ORDER {
                self.after(later, Event::Pulse);
            }
        }
    }

    fn cut_one(&mut self, slot: usize) {
        let (now, awake, seen) = (
            self.clock.now,
            self.clock.awake(),
            self.engine.is_some() && !self.ending,
        );
        let Some(seat) = &mut self.slots[slot] else {
            return;
        };
        let Some(open) = &seat.player.open else {
            return;
        };
        let (began, rate) = (seat.since.1, seat.player.rate);
        let here = open.at(awake, rate);
        let playback = open.playback;
        let what = match open.state {
            State::Playing => {
                let from = seat.from;
                let jump = std::mem::replace(&mut seat.jump, Jump::No);
                self.log.played += now.saturating_sub(began).as_secs_f64();
                What::Played(Stretch {
                    playback,
                    from,
                    to: here,
                    began,
                    rate,
                    jump,
                    seen,
                })
            }
            State::Paused => What::Paused {
                playback,
                position: here,
                since: began,
                seen,
            },
            State::Buffering => return seat.restart(here, awake, now),
        };
        seat.restart(here, awake, now);
        if now > began {
            self.fact(what);
        } else if let What::Played(stretch) = what {
            seat.jump = stretch.jump;
        }
    }

    /// Something happens to the whole machine: stretches do not reach across it.
    pub fn split(&mut self) {
        self.split_but(None);
    }

    fn split_but(&mut self, but: Option<usize>) {
        for slot in (0..SLOTS).filter(|slot| Some(*slot) != but) {
            let paused = self.slots[slot].as_ref().is_some_and(|seat| {
                let open = seat.player.open.as_ref();
                open.is_none_or(|open| open.state != State::Playing)
            });
            let since = self.slots[slot].as_ref().map(|seat| seat.since);
            self.cut_one(slot);
            // A pause goes on being one.
            if let (true, Some(seat), Some(since)) = (paused, &mut self.slots[slot], since) {
                seat.since = since;
            }
        }
    }

    /// Asks the daemon what is queued.
    pub fn ask_status(&mut self) -> Option<(u64, u64)> {
        self.queued = None;
        self.tell(Input::Request(1, Request::Status));
        self.queued
    }

    /// Whether nothing can fall due any more.
    pub fn is_idle(&self) -> bool {
        self.due.is_none()
    }
}

/// A position that is 0 for ever is found out after ten seconds.
fn mute(open: &mut crate::player::Open, awake: Duration) -> Option<Signal> {
    if open.told_unknown {
        return None;
    }
    let long = awake.saturating_sub(open.watched_since) > Duration::from_secs(10);
    open.told_unknown = long;
    Some(if long {
        Signal::PositionUnknown
    } else {
        Signal::Position {
            seconds: 0.0,
            seeked: false,
        }
    })
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
