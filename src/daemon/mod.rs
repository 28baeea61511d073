//! Builds the stages and owns every task.
//!
//! Two threads do all the work. The **main** thread runs everything that waits for others: watchers, HTTP, the control
//! socket, signals. The **engine** thread runs the engine and alone touches the store, so that a slow disk delays neither a
//! stamp nor an answer. They talk over two channels: inputs (bounded: a watcher that is ahead of the disk waits, with its
//! stamps already taken) and outputs (as many as were asked for). An idle daemon sleeps in both.
//!
//! **Life.** control socket (so that only one daemon runs) → store, and watchers meanwhile → first scan → `READY=1`. **Death.** SIGTERM,
//! SIGINT or SIGHUP (its terminal is closed): sessions are stopped and on disk, what is due may go out for `LAST_WORDS`, then exit. A second signal exits at once;
//! everything accepted is on disk by then or never was.

mod desktop;
mod edges;
mod engine_thread;
mod patient;
mod pause_file;
mod requests;
mod system;

pub use edges::device_id;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, mpsc, watch as value};
use tokio::task::JoinSet;
use tracing::{debug, error, info, warn};

use crate::account::{self, Accounts};
use crate::config::{self, Config};
use crate::control::{self, Listener};
use crate::detached::Detached;
use crate::engine::{Input, Notice, Output};
use crate::error::CliError;
use crate::identify::sidecar;
use crate::model::{AccountKey, DeliveryId, Media, PlayerId};
use crate::notify;
use crate::outbox::TitleKey;
use crate::paths::Paths;
use crate::service::http::Http;
use crate::service::tmdb::Tmdb;
use crate::service::{Job, Services};
use crate::watch::{self, Report, WatchContext};
use engine_thread::EngineThread;
use requests::Requests;

/// How long after the end of all sessions what is due may still be sent.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// Opening the store for longer than this is told of.
const SLOW_START: Duration = Duration::from_secs(5);
/// How long a signal waits for the end at most, a disk that does not answer included.
const LAST_MOMENTS: Duration = Duration::from_millis(4500);
/// How long a renewal of a login that is under way may still take.
const LAST_TOKENS: Duration = Duration::from_secs(1);
/// Observations that may wait for the engine.
const INPUTS: usize = 256;

/// Runs until a signal ends it.
///
/// # Errors
/// When it cannot begin: another daemon runs, folders cannot be used.
pub fn run(paths: &Paths) -> Result<(), CliError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            CliError::user("reeld cannot start").because(format!("no runtime: {error}"))
        })?;
    runtime.block_on(live(paths))
}

async fn live(paths: &Paths) -> Result<(), CliError> {
    let mut signals = Signals::new()?;
    let listener = Listener::bind(paths)?;
    let live = config::watch(paths)?;
    let config = live.config;
    let rules = config::watch_rules(paths)?;
    let http = Http::default();
    let accounts = Accounts::open_or_wait(&paths.state_dir, http.clone(), config.clone());
    let services = Services::new(http.clone(), accounts.clone(), config.clone());
    let tmdb = Tmdb::new(http, config.clone());

    let (inputs, inputs_taken) = mpsc::channel(INPUTS);
    let (reports, reports_taken) = mpsc::channel(INPUTS);
    let (outputs, wanted) = mpsc::unbounded_channel();
    let (changed, changes) = value::channel(());
    let start = config.borrow().clone();
    let mut engine = engine_thread::spawn(
        paths,
        start,
        accounts.linked(),
        inputs_taken,
        reports_taken,
        outputs,
        changed,
    )?;
    hint_at_first_steps(&accounts);

    let mut tasks = Tasks::new(inputs.clone(), services, tmdb);
    tasks.others.spawn(live.following);
    tasks.others.spawn(accounts.clone().until_readable());
    tasks.forward_rules(rules).await;
    tasks.forward_changes(config.clone(), live.problem, &accounts, paths);
    let hands = Hands::new(
        &mut tasks,
        paths,
        &reports,
        &config,
        Requests::new(accounts.clone(), inputs.clone()),
    );
    drop(reports);
    let (calls, called) = mpsc::channel(16);
    tasks.others.spawn(control::serve(listener, calls, changes));
    let stopping = serve(tasks, hands, wanted, called, &mut signals, &mut engine).await?;
    // A token that the service has just rotated must reach the disk.
    let _ = tokio::time::timeout(LAST_TOKENS, accounts.settled()).await;
    engine.ended(stopping)
}

/// The main loop: passes things on until the engine has ended, or a second signal came. True if the end was wanted.
///
/// What players do while the store is being opened waits for the engine, with its true stamps.
async fn serve(
    mut tasks: Tasks,
    mut hands: Hands,
    mut wanted: mpsc::UnboundedReceiver<Output>,
    mut called: mpsc::Receiver<control::Call>,
    signals: &mut Signals,
    engine: &mut EngineThread,
) -> Result<bool, CliError> {
    let mut stopping = false;
    let mut opening = true;
    let slow = tokio::time::sleep(SLOW_START);
    let end = tokio::time::sleep(Duration::MAX);
    tokio::pin!(end);
    tokio::pin!(slow);
    loop {
        tokio::select! {
            output = wanted.recv() => match output {
                Some(output) => hands.perform(output, &mut tasks),
                None => return engine.not_opened().map(|()| stopping),
            },
            opened = engine.opened() => {
                opened?;
                opening = false;
            }
            () = &mut slow, if opening => {
                opening = false;
                info!("the database is slow to open; a damaged or a large one may take some minutes. Players are watched");
                notify::starting_slowly("opening the database");
            }
            Some(call) = called.recv() => hands.requests.take(call),
            Some(()) = hands.requests.progress() => {}
            Some(_) = tasks.deliveries.join_next() => {}
            () = &mut end, if stopping => {
                error!("ended although the disk did not answer: what it did not take is lost, as by a crash");
                return Ok(true);
            }
            () = signals.any() => {
                if stopping {
                    info!("stopped at once by a second signal; everything accepted is on disk");
                    return Ok(true);
                }
                stopping = true;
                end.set(tokio::time::sleep(LAST_MOMENTS));
                notify::stopping();
                info!("stopping: open sessions are ended and written");
                let inputs = tasks.inputs.clone();
                tasks.others.spawn(async move { drop(inputs.send(Input::Shutdown).await) });
            }
        }
    }
}

/// What does what the engine wants.
struct Hands {
    asks: [mpsc::Sender<PlayerId>; 2],
    rescan: Arc<Notify>,
    asleep: Arc<Notify>,
    await_network: value::Sender<bool>,
    requests: Requests,
    /// Reads what lies beside a video: a disk may have to spin up, a server may be gone.
    sidecars: Detached,
}

impl Hands {
    fn new(
        tasks: &mut Tasks,
        paths: &Paths,
        reports: &mpsc::Sender<Report>,
        config: &value::Receiver<Arc<Config>>,
        requests: Requests,
    ) -> Self {
        let rescan = Arc::new(Notify::new());
        let asks = tasks.spawn_watchers(paths, reports, config, &rescan);
        let asleep = Arc::new(Notify::new());
        let (await_network, network) = value::channel(false);
        tasks.others.spawn(system::listen(
            tasks.inputs.clone(),
            asleep.clone(),
            network,
        ));
        Self {
            asks,
            rescan,
            asleep,
            await_network,
            requests,
            sidecars: Detached::new("sidecars"),
        }
    }

    fn perform(&mut self, output: Output, tasks: &mut Tasks) {
        match output {
            // A full channel is a watcher that hangs: the debouncer goes on without an answer.
            Output::Ask(player) => self
                .asks
                .iter()
                .for_each(|watcher| drop(watcher.try_send(player.clone()))),
            Output::Deliver {
                delivery,
                account,
                job,
            } => tasks.deliver(delivery, account, job),
            Output::LookUp { title, media } => tasks.look_up(title, media),
            Output::Notify(notice) => tasks.notify(notice),
            Output::ReadSidecars { player, path } => {
                let inputs = tasks.inputs.clone();
                self.sidecars.run(move || {
                    let found = sidecar::read(Path::new(&path));
                    let answer = Input::Sidecars {
                        player,
                        path,
                        found,
                    };
                    drop(inputs.blocking_send(answer));
                });
            }
            Output::Reply(number, response) => self.requests.reply(number, response),
            Output::Rescan => self.rescan.notify_one(),
            Output::Ready => {
                info!("ready: every player that is there has been seen");
                notify::ready();
            }
            Output::Asleep => self.asleep.notify_one(),
            Output::AwaitNetwork(awaiting) => drop(self.await_network.send_replace(awaiting)),
            Output::Summary(summary) => notify::status(&summary),
        }
    }
}

fn hint_at_first_steps(accounts: &Accounts) {
    if accounts.linked().is_empty() {
        info!(
            "no account is linked: what is watched is kept in the local history only (`reeld history`). Hint: `reeld login punchplay` links one"
        );
    }
}

/// Everything that runs beside the main loop; aborted when it is dropped.
struct Tasks {
    inputs: mpsc::Sender<Input>,
    services: Services,
    tmdb: Tmdb,
    deliveries: JoinSet<()>,
    others: JoinSet<()>,
}

impl Tasks {
    fn new(inputs: mpsc::Sender<Input>, services: Services, tmdb: Tmdb) -> Self {
        Self {
            inputs,
            services,
            tmdb,
            deliveries: JoinSet::new(),
            others: JoinSet::new(),
        }
    }

    fn spawn_watchers(
        &mut self,
        paths: &Paths,
        reports: &mpsc::Sender<Report>,
        config: &value::Receiver<Arc<Config>>,
        rescan: &Arc<Notify>,
    ) -> [mpsc::Sender<PlayerId>; 2] {
        let context = || {
            let (asks, taken) = mpsc::channel(64);
            let context = WatchContext {
                reports: reports.clone(),
                asks: taken,
                config: config.clone(),
                runtime_dir: paths.runtime_dir.clone(),
                tap: None,
                rescan: rescan.clone(),
            };
            (asks, context)
        };
        let (mpv_asks, mpv) = context();
        let (mpris_asks, mpris) = context();
        self.others.spawn(watch::mpv::run(mpv));
        self.others.spawn(watch::mpris::run(mpris));
        [mpv_asks, mpris_asks]
    }

    /// The rules reach the engine before the first player does.
    async fn forward_rules(&mut self, mut live: config::LiveRules) {
        let first = live.rules.borrow_and_update().clone();
        drop(self.inputs.send(Input::Rules(first)).await);
        self.others.spawn(live.following);
        let inputs = self.inputs.clone();
        self.others.spawn(async move {
            while live.rules.changed().await.is_ok() {
                let now = live.rules.borrow_and_update().clone();
                if inputs.send(Input::Rules(now)).await.is_err() {
                    return;
                }
            }
        });
        let inputs = self.inputs.clone();
        self.others.spawn(async move {
            while live.problem.changed().await.is_ok() {
                let now = live.problem.borrow_and_update().clone();
                if inputs.send(Input::RulesProblem(now)).await.is_err() {
                    return;
                }
            }
        });
    }

    fn forward_changes(
        &mut self,
        mut config: value::Receiver<Arc<Config>>,
        mut problem: value::Receiver<Option<String>>,
        accounts: &Accounts,
        paths: &Paths,
    ) {
        let inputs = self.inputs.clone();
        self.others.spawn(async move {
            while problem.changed().await.is_ok() {
                let now = problem.borrow_and_update().clone();
                if inputs.send(Input::ConfigProblem(now)).await.is_err() {
                    return;
                }
            }
        });
        let inputs = self.inputs.clone();
        self.others.spawn(async move {
            while config.changed().await.is_ok() {
                let now = config.borrow_and_update().clone();
                if inputs.send(Input::Config(now)).await.is_err() {
                    return;
                }
            }
        });
        let (inputs, accounts, mut changes) =
            (self.inputs.clone(), accounts.clone(), accounts.changes());
        let state_dir = paths.state_dir.clone();
        self.others.spawn(async move {
            loop {
                changes.borrow_and_update();
                let linked = accounts.linked();
                let names = account::remember(&state_dir, &linked);
                for input in [Input::Names(names), Input::Accounts(linked)] {
                    if inputs.send(input).await.is_err() {
                        return;
                    }
                }
                if changes.changed().await.is_err() {
                    return;
                }
            }
        });
    }

    fn look_up(&mut self, title: TitleKey, media: Media) {
        let (tmdb, inputs) = (self.tmdb.clone(), self.inputs.clone());
        self.deliveries.spawn(async move {
            let lookup = tmdb.lookup(&media).await;
            let input = Input::Looked {
                title,
                media,
                lookup,
            };
            // After the end nobody wants to know.
            drop(inputs.send(input).await);
        });
    }

    fn notify(&mut self, notice: Notice) {
        self.deliveries.spawn(desktop::show(notice));
    }

    fn deliver(&mut self, delivery: DeliveryId, account: AccountKey, job: Job) {
        let (services, inputs) = (self.services.clone(), self.inputs.clone());
        self.deliveries.spawn(async move {
            let outcome = services.deliver(&account, &job).await;
            debug!(%delivery, service = %account.service, ?outcome, "answered");
            if inputs
                .send(Input::Settled { delivery, outcome })
                .await
                .is_err()
            {
                warn!(%delivery, "answered after the end; the next run finds out");
            }
        });
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// Not listened to under `nohup`.
    hangup: Option<Signal>,
}

impl Signals {
    fn new() -> Result<Self, CliError> {
        let handler = |kind| {
            signal(kind).map_err(|error| {
                CliError::user("reeld cannot start").because(format!("no signal handler: {error}"))
            })
        };
        Ok(Self {
            terminate: handler(SignalKind::terminate())?,
            interrupt: handler(SignalKind::interrupt())?,
            hangup: match ignores_hangup() {
                true => None,
                false => Some(handler(SignalKind::hangup())?),
            },
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            Some(()) = async { self.hangup.as_mut()?.recv().await } => {}
        }
    }
}

/// Whether whoever started us wanted SIGHUP to be ignored.
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 != 0)
}
