//! reeld in this process, and hours in no time: the engine, the accounts, the services over HTTP and the control socket are
//! the real ones; players, disk and time are ours. A timer that is due comes at once, and a delivery takes no time.
//!
//! The wall clock begins at the true time or a while before it, so that a command that is run at the end of the while
//! (`run`) sees the same time as the engine.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use reeld::account::{self, Accounts, NewLogin};
use reeld::config::{Config, Sources, load};
use reeld::control::{Call, Listener, Request, Response, serve};
use reeld::engine::{Edges, Engine, Identity, Input, Notice, Opened, Output, Pause};
use reeld::history::{Entry, MemoryHistory, Read, Receipt};
use reeld::model::{
    AccountKey, EndReason, Item, Location, Moment, Observation, PlayerId, PlayerInfo, Process,
    Random, ServiceName, Signal, Source, Transport, Video, ViewingId,
};
use reeld::service::discovr::{Discovr as AtDiscovr, Memory};
use reeld::service::http::{Http, Timeouts};
use reeld::service::punchplay::PunchPlay as AtPunchPlay;
use reeld::service::{Disposition, Job, Service};
use reeld::store::{Batch, Durability, MemoryStore, Store, StoreError, StoreErrorKind};
use reeld::watch::Report;
use reeld::watch::merge::Started;
use tokio::sync::{mpsc, oneshot, watch};

use super::home::{Home, Ran};
use super::standin::{CLIENT_ID, DISCOVR_CLIENT_ID, Discovr, PunchPlay, Server};

/// Seconds of every film.
pub const LENGTH: f64 = 600.0;

/// In place of half a minute.
const LATE: Duration = Duration::from_millis(60);

const PATIENCE: Timeouts = Timeouts {
    connect: Duration::from_millis(250),
    whole: Duration::from_millis(250),
};

/// The disk: it may be full.
#[derive(Debug, Clone, Default)]
struct Disk {
    store: Rc<RefCell<MemoryStore>>,
    log: Rc<RefCell<MemoryHistory>>,
    pause: Option<Pause>,
    full: Rc<RefCell<bool>>,
}

#[derive(Debug)]
struct OnDisk(Disk);

impl Store for OnDisk {
    fn scan(&self, prefix: &[u8], each: &mut dyn FnMut(&[u8], &[u8])) -> Result<(), StoreError> {
        self.0.store.borrow().scan(prefix, each)
    }

    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.store.borrow().get(key)
    }

    fn commit(&mut self, batch: Batch, durability: Durability) -> Result<(), StoreError> {
        self.0.room()?;
        self.0.store.borrow_mut().commit(batch, durability)
    }
}

impl Disk {
    fn room(&self) -> Result<(), StoreError> {
        match *self.full.borrow() {
            false => Ok(()),
            true => Err(StoreError {
                kind: StoreErrorKind::Full,
                message: "No space left on device".into(),
            }),
        }
    }
}

impl Edges for Disk {
    type Store = OnDisk;

    fn open_store(&mut self, _: Moment) -> Result<Opened<OnDisk>, StoreError> {
        self.room()?;
        Ok(Opened {
            store: OnDisk(self.clone()),
            fresh: false,
            loss: None,
        })
    }

    fn loss_repaired(&mut self, _: &OnDisk) -> Result<(), StoreError> {
        Ok(())
    }

    fn kinship(&self) -> Started {
        Box::new(|_, _| false)
    }

    fn remember(&mut self, entry: &Entry) -> io::Result<()> {
        self.log.borrow_mut().append(entry)
    }

    fn receipt(&mut self, viewing: ViewingId, receipt: &Receipt) -> io::Result<()> {
        self.log.borrow_mut().receipt(viewing, receipt)
    }

    fn recall(&mut self) -> io::Result<Read> {
        self.log.borrow().recent()
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
        self.pause
    }

    fn keep_pause(&mut self, pause: Option<&Pause>) -> io::Result<()> {
        self.pause = pause.copied();
        Ok(())
    }
}

/// What truly plays.
#[derive(Debug, Clone)]
struct Playing {
    path: String,
    position: f64,
    moves: bool,
}

/// See the module's documentation.
pub struct Rehearsal {
    pub home: Home,
    pub punchplay: Server<PunchPlay>,
    pub discovr: Server<Discovr>,
    pub accounts: Accounts,
    /// What the user was told without asking.
    pub notices: Vec<Notice>,
    config: watch::Sender<Arc<Config>>,
    http: Http,
    memory: Arc<Memory>,
    disk: Disk,
    engine: Engine<Disk>,
    began: Moment,
    now: Moment,
    players: u32,
    playing: Option<Playing>,
    calls: mpsc::Receiver<Call>,
    asked: u64,
    open: BTreeMap<u64, (oneshot::Sender<Response>, Option<ServiceName>)>,
    changes: watch::Receiver<u64>,
    // Last: what runs in it is dropped before.
    runtime: tokio::runtime::Runtime,
}

impl Rehearsal {
    /// With nobody linked; so long ago.
    pub fn begun(ago: Duration) -> Self {
        let home = Home::new();
        let punchplay = Server::start(PunchPlay::default());
        let discovr = Server::start(Discovr::default());
        home.configure(&settings(&punchplay, &discovr, None));
        let config = watch::Sender::new(read(&home));
        let http = Http::with_timeouts(PATIENCE);
        let state = home.paths().state_dir;
        let accounts = Accounts::open(&state, http.clone(), config.subscribe()).unwrap();
        let truly = reeld::clock::now();
        let began = Moment {
            mono: Duration::from_secs(1000),
            boot: Duration::from_secs(1000),
            wall: truly.wall.minus(ago),
        };
        let disk = Disk::default();
        let me = Identity {
            boot_id: 1,
            device_id: "device".into(),
            home: None,
        };
        let first = config.borrow().clone();
        let engine = Engine::new(
            disk.clone(),
            me,
            first,
            Vec::new(),
            Random::seeded(7),
            began,
        );
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let (tell, calls) = mpsc::channel(4);
        let paths = home.paths();
        runtime.block_on(async {
            let listener = Listener::bind(&paths).unwrap();
            let (_, changes) = watch::channel(());
            tokio::spawn(serve(listener, tell, changes));
        });
        let changes = accounts.changes();
        let mut rehearsal = Self {
            home,
            punchplay,
            discovr,
            accounts,
            notices: Vec::new(),
            config,
            http,
            memory: Arc::new(Memory::with_late_commit(LATE)),
            disk,
            engine: engine.unwrap(),
            began,
            now: began,
            players: 0,
            playing: None,
            calls,
            asked: 0,
            open: BTreeMap::new(),
            changes,
            runtime,
        };
        for source in [Source::Mpv, Source::Mpris] {
            rehearsal.tell(Input::Report(Report::Scanned(source)));
        }
        rehearsal
    }

    /// With both services linked.
    pub fn linked() -> Self {
        let mut rehearsal = Self::begun(Duration::ZERO);
        rehearsal.link_both();
        rehearsal
    }

    pub fn link_both(&mut self) {
        let ann = self.punchplay.with(|app| app.issue_login("ann"));
        self.link(ann);
        let ann = self.discovr.with(|app| app.issue_login("ann", "p1"));
        self.link(ann);
    }

    /// As `reeld login` does it with the running daemon.
    pub fn link(&mut self, login: NewLogin) {
        self.accounts.link(login).unwrap();
        self.runtime.block_on(self.accounts.sign_out_replaced());
        self.accounts_changed();
    }

    /// The user's configuration switches a service off.
    pub fn switch_off(&mut self, service: ServiceName) {
        self.configure(settings(&self.punchplay, &self.discovr, Some(service)));
    }

    /// The user's configuration names a profile.
    pub fn ask_for_profile(&mut self, profile: &str) {
        let text = settings(&self.punchplay, &self.discovr, None);
        self.configure(format!("{text}profile = \"{profile}\"\n"));
    }

    fn configure(&mut self, text: String) {
        self.home.configure(&text);
        let config = read(&self.home);
        self.config.send_replace(config.clone());
        self.tell(Input::Config(config));
    }

    /// Nothing can be written any more, or it can again.
    pub fn disk_is_full(&mut self, full: bool) {
        *self.disk.full.borrow_mut() = full;
        self.disk.log.borrow_mut().fail(full);
    }

    /// Until the next timer; `None` if there is none.
    pub fn rests(&self) -> Option<Duration> {
        self.engine.poll_timeout(self.now).map(|(wait, _)| wait)
    }

    /// Since the beginning.
    pub fn elapsed(&self) -> Duration {
        self.now.boot - self.began.boot
    }

    /// Opens a film in a new player.
    pub fn open(&mut self, path: &str, position: f64) {
        self.players += 1;
        self.playing = Some(Playing {
            path: path.to_owned(),
            position,
            moves: true,
        });
        self.say(Signal::Appeared(PlayerInfo {
            name: "mpv".into(),
            source: Source::Mpv,
            process: Some(Process {
                pid: 100 + self.players,
                started: 1,
            }),
            ignored: None,
        }));
        self.say(Signal::Opened(Box::new(Item {
            location: Some(Location::Path(path.to_owned())),
            duration: Some(LENGTH),
            video: Video::Yes,
            ..Item::default()
        })));
        self.say_state();
    }

    pub fn set_playing(&mut self, moves: bool) {
        self.playing.as_mut().unwrap().moves = moves;
        self.say_state();
    }

    pub fn seek(&mut self, to: f64) {
        self.playing.as_mut().unwrap().position = to;
        self.say(Signal::Position {
            seconds: to,
            seeked: true,
        });
    }

    /// The player is closed where it is.
    pub fn quit(&mut self) {
        self.say(Signal::Vanished);
        self.playing = None;
    }

    /// Plays on to the end, which closes the player.
    pub fn play_out(&mut self) {
        let left = LENGTH - self.playing.as_ref().unwrap().position;
        self.wait(left);
        self.say(Signal::Ended(EndReason::Eof));
        self.quit();
    }

    /// Watches a film from its beginning to its end.
    pub fn watch(&mut self, path: &str) {
        self.open(path, 0.0);
        self.play_out();
    }

    /// Lets seconds pass, with everything that falls due on the way.
    pub fn wait(&mut self, seconds: f64) {
        let until = self.now.mono + Duration::from_secs_f64(seconds);
        for _ in 0..100_000 {
            let due = self.engine.poll_timeout(self.now);
            let left = until.saturating_sub(self.now.mono);
            let step = due.map_or(left, |(wait, _)| wait.min(left));
            self.now = self.now.after(step);
            if let Some(playing) = self.playing.as_mut().filter(|playing| playing.moves) {
                playing.position = (playing.position + step.as_secs_f64()).min(LENGTH);
            }
            self.tell(Input::Tick);
            if self.now.mono >= until {
                return;
            }
        }
        panic!(
            "the timers do not come to rest: {:?}",
            self.engine.poll_timeout(self.now)
        );
    }

    /// Runs a command against this daemon.
    pub fn run(&mut self, arguments: &[&str]) -> Ran {
        let mut command = self.home.command(arguments);
        let command = std::thread::spawn(move || Ran::from(command.output().unwrap()));
        while !command.is_finished() {
            let calls = &mut self.calls;
            let call = self.runtime.block_on(async {
                let soon = Duration::from_millis(10);
                tokio::time::timeout(soon, calls.recv()).await
            });
            if let Ok(Some(call)) = call {
                self.called(call);
            }
        }
        command.join().unwrap()
    }

    /// `reeld … --json`, a value a line.
    pub fn json(&mut self, arguments: &[&str]) -> Vec<serde_json::Value> {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        let lines = ran.out.lines();
        lines
            .map(|line| serde_json::from_str(line).expect(line))
            .collect()
    }

    /// What is queued, as `service user state`.
    pub fn queued(&mut self) -> Vec<String> {
        let rows = match self.ask(Request::Queue { after: 0 }) {
            Response::Queue(rows) => rows,
            other => panic!("{other:?}"),
        };
        let row = |row: &reeld::control::QueueRow| {
            let user = row.user.clone().unwrap_or_default();
            format!("{} {user} {:?}", row.service, row.state)
        };
        rows.iter().map(row).collect()
    }

    /// What the references do not allow.
    pub fn violations(&self) -> Vec<String> {
        let mut violations = self.punchplay.with(|app| app.violations.clone());
        violations.extend(self.discovr.with(|app| app.violations.clone()));
        violations
    }

    fn ask(&mut self, request: Request) -> Response {
        let (reply, mut answer) = oneshot::channel();
        self.called(Call { request, reply });
        answer.try_recv().expect("an answer")
    }

    /// As `daemon/requests.rs` does it.
    fn called(&mut self, Call { request, reply }: Call) {
        if let Request::Login { account, .. } = &request {
            let login = serde_json::from_str(account.expose()).unwrap();
            self.link(login);
            return drop(reply.send(Response::done()));
        }
        let logout = match &request {
            Request::Logout { service, .. } => Some(*service),
            _ => None,
        };
        self.asked += 1;
        self.open.insert(self.asked, (reply, logout));
        self.tell(Input::Request(self.asked, request));
        self.accounts_changed();
    }

    fn replied(&mut self, number: u64, response: Response) {
        let (reply, logout) = self.open.remove(&number).expect("a question");
        let response = match (logout, response) {
            (Some(service), Response::Done { .. }) => {
                let unlinked = self.runtime.block_on(self.accounts.unlink(service));
                Response::LoggedOut {
                    not_revoked: unlinked.unwrap().unwrap().not_revoked,
                }
            }
            (_, response) => response,
        };
        drop(reply.send(response));
    }

    /// Tells the engine who is linked, if that is news.
    fn accounts_changed(&mut self) {
        if self.changes.has_changed().unwrap_or(false) {
            self.changes.borrow_and_update();
            let linked = self.accounts.linked();
            let names = account::remember(&self.home.paths().state_dir, &linked);
            self.tell(Input::Names(names));
            self.tell(Input::Accounts(linked));
        }
    }

    fn say_state(&mut self) {
        let playing = self.playing.as_ref().unwrap();
        let state = match playing.moves {
            true => Transport::Playing,
            false => Transport::Paused,
        };
        let position = Some(playing.position);
        self.say(Signal::Transport { state, position });
    }

    fn say(&mut self, signal: Signal) {
        let observation = Observation {
            at: self.now,
            player: PlayerId::new(&format!("mpv-{}", 100 + self.players)),
            signal,
        };
        self.tell(Input::Report(Report::Observed(observation)));
    }

    /// One input, and everything that follows from it at once.
    fn tell(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.engine.handle(input, self.now);
            while let Some(output) = self.engine.poll_output() {
                inputs.extend(self.perform(output));
            }
            if self.changes.has_changed().unwrap_or(false) {
                self.changes.borrow_and_update();
                inputs.push_back(Input::Accounts(self.accounts.linked()));
            }
        }
    }

    fn perform(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Ask(player) => {
                let seconds = self.playing.as_ref()?.position;
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
                let outcome = self.deliver(&account, &job);
                Some(Input::Settled { delivery, outcome })
            }
            Output::ReadSidecars { player, path } => Some(Input::Sidecars {
                player,
                path,
                found: Vec::new(),
            }),
            Output::Reply(number, response) => {
                self.replied(number, response);
                None
            }
            Output::Notify(notice) => {
                self.notices.push(notice);
                None
            }
            _ => None,
        }
    }

    fn deliver(&self, account: &AccountKey, job: &Job) -> Disposition {
        let (http, accounts, key) = (self.http.clone(), self.accounts.clone(), account.clone());
        let config = self.config.subscribe();
        let outcome = self.runtime.block_on(async {
            match account.service {
                ServiceName::Punchplay => {
                    let service = AtPunchPlay::new(http, accounts, key, config);
                    service.deliver(job).await
                }
                ServiceName::Discovr => {
                    let memory = Arc::clone(&self.memory);
                    let service = AtDiscovr::new(http, accounts, key, config, memory);
                    service.deliver(job).await
                }
            }
        });
        // The one wait that is measured by a true clock: for what may still land.
        if let Disposition::Retry {
            after: Some(wait), ..
        } = &outcome
            && *wait <= LATE
        {
            std::thread::sleep(*wait);
        }
        outcome
    }
}

fn settings(
    punchplay: &Server<PunchPlay>,
    discovr: &Server<Discovr>,
    off: Option<ServiceName>,
) -> String {
    format!(
        "[punchplay]\nclient_id = \"{CLIENT_ID}\"\nbase_url = \"{}\"\nenabled = {}\n\
         [discovr]\nclient_id = \"{DISCOVR_CLIENT_ID}\"\nbase_url = \"{}\"\nenabled = {}\n",
        punchplay.url(),
        off != Some(ServiceName::Punchplay),
        discovr.url(),
        off != Some(ServiceName::Discovr),
    )
}

fn read(home: &Home) -> Arc<Config> {
    let sources = Sources::from_process(&home.paths());
    Arc::new(load(&sources).unwrap().config)
}
