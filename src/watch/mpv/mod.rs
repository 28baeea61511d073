//! Every mpv of this user that has an IPC socket, each over one connection that is held for as long as it lives.
//!
//! ```text
//!  places   own folder, pointers, configured globs ─┐            introduce        hold
//!  inotify  what appears there; mpv being started ──┼─► Door ──────────────► mpv ──────► Conversation ─► Report
//!  sockets  /proc: where running mpvs listen ───────┘   └► nobody, not mpv: left alone until something changes
//! ```
//!
//! - A **door** is one socket at one address. Each is tried once: a second mpv that binds the same path is another
//!   door, and the connection to the first one is kept, as nobody can reach that one any more.
//! - An mpv that is behind two doors is connected through the first; it is recognised by its process.
//! - Every connection is a task of its own, so an mpv that hangs holds nothing up; all tasks are owned by [`run`].
//! - No timer while idle. `/proc` is looked at at start, when asked to, and for three seconds after an mpv was started
//!   or has dropped its connection without ending.
//!
//! `conversation` decides what is said and what it means; it is pure. `connection` moves the bytes.

mod address;
mod check;
mod connection;
pub(crate) mod conversation;
pub(crate) mod heard;
mod inotify;
mod item;
mod places;
pub(crate) mod protocol;
pub mod script;
mod sockets;

pub use check::{Found, sockets};

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{debug, error, info, warn};

use self::address::{Address, Door};
use self::connection::{Connection, Refusal};
use self::heard::Heard;
use self::inotify::{Change, Inotify, Watch};
use self::places::Places;
use super::{Report, WatchContext};
use crate::clock;
use crate::config::Config;
use crate::model::{Moment, Observation, PlayerId, PlayerInfo, Process, Signal, Source};
use crate::watch::process;
use crate::watch::record::{self, Entry};

/// The first scan is over after this at the latest, whatever some mpv does.
const FIRST_SCAN: Duration = Duration::from_secs(5);
/// After an mpv was started `/proc` is looked at after this, then after twice as long, up to [`LAST_LOOK`].
const FIRST_LOOK: Duration = Duration::from_millis(50);
const LAST_LOOK: Duration = Duration::from_millis(1600);
/// An mpv that lives on but hangs up so soon would do it again and again.
const SHORT_LIFE: Duration = Duration::from_secs(1);

/// Watches until `asks` is closed.
pub async fn run(mut context: WatchContext) {
    let (introduced, mut all_introduced) = mpsc::channel(1);
    let mut watcher = Watcher::new(&context, introduced);
    watcher.reconfigure();
    watcher.look_everywhere();
    // From here on only the tasks of the first scan hold it.
    watcher.introduced = None;
    let mut scanning = true;
    let mut configurable = true;
    let first_scan = sleep(FIRST_SCAN);
    tokio::pin!(first_scan);
    loop {
        let scanned = tokio::select! {
            asked = context.asks.recv() => match asked {
                Some(player) => {
                    watcher.ask(&player);
                    false
                }
                None => return,
            },
            changes = changes(&mut watcher.inotify) => {
                watcher.changed(changes);
                false
            }
            () = context.rescan.notified() => {
                watcher.forget_the_stale();
                watcher.look_everywhere();
                false
            }
            changed = context.config.changed(), if configurable => {
                configurable = changed.is_ok();
                watcher.reconfigure();
                false
            }
            Some(done) = watcher.tasks.join_next() => {
                match done {
                    Ok(done) => watcher.done(done),
                    Err(e) => error!("watching an mpv failed; this is a bug in reeld: {e}"),
                }
                false
            }
            _none = all_introduced.recv(), if scanning => true,
            () = &mut first_scan, if scanning => true,
        };
        if scanned {
            scanning = false;
            let scanned = Report::Scanned(Source::Mpv);
            if context.reports.send(scanned).await.is_err() {
                return;
            }
        }
    }
}

async fn changes(inotify: &mut Option<Inotify>) -> io::Result<BTreeSet<Change>> {
    match inotify {
        Some(inotify) => inotify.changes().await,
        None => std::future::pending().await,
    }
}

/// What is known of a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Behind {
    /// A task is finding out.
    Trying,
    /// This mpv, which is connected (perhaps through another door).
    Mpv(Process),
    /// Nobody: an mpv left it behind.
    Nobody,
    /// Something else; it is not tried again.
    NotMpv,
}

/// What a task ends with.
#[derive(Debug)]
enum Done {
    Tried(Door, Result<Connection, Refusal>, Introduced),
    /// The connection to this mpv ended after so long.
    Gone(Process, Duration),
    /// Time to look at `/proc`.
    Look,
}

/// Held by every task of the first scan until its mpv has been reported.
type Introduced = Option<mpsc::Sender<Infallible>>;

struct Watcher {
    context: Given,
    places: Places,
    inotify: Option<Inotify>,
    /// What could not be watched and has been complained of.
    unwatched: BTreeSet<Watch>,
    doors: BTreeMap<Door, Behind>,
    asks: BTreeMap<PlayerId, mpsc::Sender<()>>,
    /// The process that each number stood for last.
    numbers: BTreeMap<u32, Process>,
    /// While `/proc` is looked at again and again: the pause after the next look.
    looking: Option<Duration>,
    introduced: Introduced,
    tasks: JoinSet<Done>,
}

/// What the watcher passes on to its connections.
struct Given {
    reports: mpsc::Sender<Report>,
    tap: Option<mpsc::Sender<Entry>>,
    config: watch::Receiver<Arc<Config>>,
    runtime_dir: std::path::PathBuf,
}

impl Watcher {
    fn new(context: &WatchContext, introduced: mpsc::Sender<Infallible>) -> Self {
        let inotify = Inotify::new().inspect_err(|e| {
            warn!(
                "new mpv sockets will not be noticed by themselves: inotify refuses: {e}. \
                 Hint: raise the sysctl fs.inotify.max_user_instances, then restart reeld"
            );
        });
        Self {
            context: Given {
                reports: context.reports.clone(),
                tap: context.tap.clone(),
                config: context.config.clone(),
                runtime_dir: context.runtime_dir.clone(),
            },
            places: Places::new(&context.runtime_dir, &[]).0,
            inotify: inotify.ok(),
            unwatched: BTreeSet::new(),
            doors: BTreeMap::new(),
            asks: BTreeMap::new(),
            numbers: BTreeMap::new(),
            looking: None,
            introduced: Some(introduced),
            tasks: JoinSet::new(),
        }
    }

    fn reconfigure(&mut self) {
        let sockets = self.context.config.borrow().mpv.sockets.clone();
        let (places, refused) = Places::new(&self.context.runtime_dir, &sockets);
        for refused in refused {
            warn!("{refused}");
        }
        self.places = places;
        self.look_in_places();
    }

    fn changed(&mut self, changes: io::Result<BTreeSet<Change>>) {
        let changes = match changes {
            Ok(changes) => changes,
            Err(e) => {
                warn!("new mpv sockets are no longer noticed by themselves: inotify failed: {e}");
                self.inotify = None;
                return;
            }
        };
        let matters = |change: &Change| match change {
            Change::Appeared(path) => self.places.concerns(path),
            Change::Unsure => true,
            Change::Started => false,
        };
        if changes.iter().any(matters) {
            self.look_in_places();
        }
        if changes.contains(&Change::Started) {
            self.keep_looking();
        }
    }

    /// Watches first, then looks: nothing that appears in between is missed.
    fn look_in_places(&mut self) {
        if let Err(e) = self.places.prepare() {
            debug!("the folder for mpv sockets cannot be made: {e}");
        }
        self.watch_places();
        self.doors.retain(|door, behind| {
            matches!(behind, Behind::Trying | Behind::Mpv(_)) || door.is_still_there()
        });
        for address in self.places.addresses() {
            self.try_address(&address);
        }
    }

    fn watch_places(&mut self) {
        let Some(inotify) = &mut self.inotify else {
            return;
        };
        for (watch, e) in inotify.set(self.places.watches()) {
            // A folder in PATH may well be closed to this user.
            if e.kind() == io::ErrorKind::PermissionDenied || self.unwatched.contains(&watch) {
                debug!("{watch:?} cannot be watched: {e}");
                continue;
            }
            warn!(
                "{watch:?} cannot be watched: {e}. New mpv sockets there are noticed late. \
                 Hint: raise the sysctl fs.inotify.max_user_watches"
            );
            self.unwatched.insert(watch);
        }
    }

    fn look_everywhere(&mut self) {
        self.look_in_places();
        self.look_at_processes();
    }

    /// True if there is an mpv that is not connected.
    fn look_at_processes(&mut self) -> bool {
        let mut waiting = false;
        for (pid, addresses) in sockets::listening_mpvs() {
            let connected = |behind: &Behind| matches!(behind, Behind::Mpv(p) if p.pid == pid);
            if self.doors.values().any(connected) {
                continue;
            }
            waiting = true;
            for address in addresses {
                // The kernel says that somebody listens there.
                if let Some(door) = address.door()
                    && self.doors.get(&door) == Some(&Behind::Nobody)
                {
                    self.doors.remove(&door);
                }
                self.try_address(&address);
            }
        }
        waiting
    }

    /// Looks at `/proc` until every mpv is connected, or for about three seconds from now.
    fn keep_looking(&mut self) {
        if self.looking.is_none() {
            self.look_after(FIRST_LOOK);
        } else {
            self.looking = Some(FIRST_LOOK);
        }
    }

    fn look_after(&mut self, pause: Duration) {
        self.looking = Some(pause * 2);
        self.tasks.spawn(async move {
            sleep(pause).await;
            Done::Look
        });
    }

    fn look(&mut self) {
        let next = self.looking.take().filter(|next| *next <= LAST_LOOK);
        if self.look_at_processes()
            && let Some(next) = next
        {
            self.look_after(next);
        }
    }

    /// What was found out and may have changed without leaving a trace.
    fn forget_the_stale(&mut self) {
        self.doors.retain(|door, behind| match behind {
            Behind::Trying | Behind::Mpv(_) => true,
            Behind::Nobody => false,
            Behind::NotMpv => door.is_unique(),
        });
    }

    fn try_address(&mut self, address: &Address) {
        let Some(door) = address.door() else { return };
        if self.doors.contains_key(&door) {
            return;
        }
        self.doors.insert(door.clone(), Behind::Trying);
        let introduced = self.introduced.clone();
        self.tasks.spawn(async move {
            let result = connection::introduce(&door).await;
            Done::Tried(door, result, introduced)
        });
    }

    fn done(&mut self, done: Done) {
        match done {
            Done::Tried(door, Ok(connection), introduced) => {
                self.connected(door, connection, introduced);
            }
            Done::Tried(door, Err(Refusal::Nobody(e)), _) => {
                debug!(address = %door.address, "nobody listens: {e}");
                self.doors.insert(door, Behind::Nobody);
            }
            Done::Tried(door, Err(Refusal::NotMpv(why)), _) => {
                let address = &door.address;
                warn!("the socket {address} is not mpv's: {why}. It is left alone");
                self.doors.insert(door, Behind::NotMpv);
            }
            Done::Gone(process, lived) => self.gone(process, lived),
            Done::Look => self.look(),
        }
    }

    fn connected(&mut self, door: Door, connection: Connection, introduced: Introduced) {
        let (process, encodes) = (connection.process, connection.encodes);
        let known = self.doors.values().any(|b| *b == Behind::Mpv(process));
        self.doors.insert(door, Behind::Mpv(process));
        if known {
            return;
        }
        let player = self.name(process);
        info!("watching {player}");
        let (asks, asked) = mpsc::channel(1);
        self.asks.insert(player.clone(), asks);
        let mut config = self.context.config.clone();
        let ignored = ignored(&config.borrow_and_update(), encodes);
        let post = Post {
            player,
            process,
            encodes,
            reports: self.context.reports.clone(),
            tap: self.context.tap.clone(),
            config,
            configurable: true,
            ignored,
            asks: asked,
            introduced,
        };
        self.tasks.spawn(async move {
            let began = clock::now().mono;
            post.run(connection).await;
            Done::Gone(process, clock::now().mono.saturating_sub(began))
        });
    }

    /// `mpv-4711`; if the number stood for another process before in this run, the start time is added.
    fn name(&mut self, process: Process) -> PlayerId {
        let pid = process.pid;
        if *self.numbers.entry(pid).or_insert(process) == process {
            PlayerId::new(&format!("mpv-{pid}"))
        } else {
            PlayerId::new(&format!("mpv-{pid}-{}", process.started))
        }
    }

    fn gone(&mut self, process: Process, lived: Duration) {
        let name = self.name(process);
        self.asks.remove(&name);
        let ended = process::of(process.pid) != Some(process);
        if !ended && lived < SHORT_LIFE {
            debug!("{name} hangs up at once; it is left alone");
            for behind in self.doors.values_mut() {
                if *behind == Behind::Mpv(process) {
                    *behind = Behind::NotMpv;
                }
            }
            return;
        }
        self.doors
            .retain(|_, behind| *behind != Behind::Mpv(process));
        if !ended {
            // It dropped its connections, perhaps for another socket, or it is just ending.
            self.keep_looking();
        }
    }

    fn ask(&self, player: &PlayerId) {
        if let Some(asks) = self.asks.get(player) {
            // Full: it has been asked and has not come to it yet.
            let _ = asks.try_send(());
        }
    }
}

/// Where a connection gets its orders and leaves what it sees.
struct Post {
    player: PlayerId,
    process: Process,
    encodes: bool,
    reports: mpsc::Sender<Report>,
    tap: Option<mpsc::Sender<Entry>>,
    config: watch::Receiver<Arc<Config>>,
    /// False once nobody is left who could change it.
    configurable: bool,
    ignored: Option<String>,
    asks: mpsc::Receiver<()>,
    introduced: Introduced,
}

impl Post {
    async fn run(self, connection: Connection) {
        let player = self.player.clone();
        let (reports, tap) = (self.reports.clone(), self.tap.clone());
        if self.appear().await.is_err() {
            return;
        }
        match connection.hold(self).await {
            Ok(()) => debug!("{player} is not watched any more"),
            Err(e) => debug!("{player} is gone: {e}"),
        }
        info!("{player} is gone");
        let (at, signal) = (clock::now(), Signal::Vanished);
        if let Some(tap) = tap {
            let heard = record::Heard::Signal(signal.clone());
            let _ = tap.send(Entry::new(at, player.clone(), heard)).await;
        }
        let observation = Observation { at, player, signal };
        // Nobody is there to be told only when the daemon ends.
        let _ = reports.send(Report::Observed(observation)).await;
    }

    async fn appear(&self) -> io::Result<()> {
        let info = PlayerInfo {
            name: "mpv".to_owned(),
            source: Source::Mpv,
            process: Some(self.process),
            ignored: self.ignored.clone(),
        };
        let (now, appeared) = (clock::now(), Signal::Appeared(info));
        self.keep(now, record::Heard::Signal(appeared.clone()))
            .await?;
        self.tell(now, appeared).await
    }

    /// The configuration changed: appears again if that makes a difference to the player.
    async fn reconsider(&mut self) -> io::Result<()> {
        let ignored = ignored(&self.config.borrow_and_update(), self.encodes);
        if ignored == self.ignored {
            return Ok(());
        }
        self.ignored = ignored;
        self.appear().await
    }

    /// Puts what passes into the trace, if one is made.
    async fn record(&self, heard: Heard) -> io::Result<()> {
        self.record_at(clock::now(), heard).await
    }

    async fn record_at(&self, at: Moment, heard: Heard) -> io::Result<()> {
        self.keep(at, record::Heard::Mpv(heard)).await
    }

    async fn keep(&self, at: Moment, heard: record::Heard) -> io::Result<()> {
        let Some(tap) = &self.tap else { return Ok(()) };
        let entry = Entry::new(at, self.player.clone(), heard);
        let sent = tap.send(entry).await;
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    async fn tell(&self, at: Moment, signal: Signal) -> io::Result<()> {
        let player = self.player.clone();
        let observation = Observation { at, player, signal };
        let sent = self.reports.send(Report::Observed(observation)).await;
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Why mpv is not tracked, if the user does not want it to be or nobody watches it.
fn ignored(config: &Config, encodes: bool) -> Option<String> {
    let denied = config.players.deny.iter().find(|text| {
        glob::Pattern::new(&text.to_lowercase()).is_ok_and(|pattern| pattern.matches("mpv"))
    });
    match denied {
        Some(denied) => Some(format!("denied by players.deny ({denied:?})")),
        None => encodes.then(|| {
            "writes to a file and shows nothing (an encoder, or thumbnails for another player)"
                .to_owned()
        }),
    }
}
