//! The MPRIS watcher: every media player on the session bus.
//!
//! **One loop, no task per player.** `bus.rs` brings everything that arrives into one ordered stream, `players.rs` and
//! `track.rs` decide without waiting for anything, and the loop here carries out what they say. A player that hangs
//! holds nobody up because nobody awaits it: its silence is an event that comes when its deadline does. One stream
//! also means that an answer never overtakes a signal sent before it, which tasks per player could not promise.
//!
//! **Nothing while idle.** The bus wakes us only for the names of media players and for the signals of those that are
//! watched. A timer runs only while a call is unanswered or parts of a change are settling.
//!
//! **No bus** is a state, not an error: it is reported, and the bus is joined when its socket appears (`absence.rs`).

mod absence;
pub(super) mod bus;
mod container;
pub(crate) mod heard;
mod ids;
pub(crate) mod location;
pub(crate) mod lookup;
pub(super) mod players;
pub(super) mod policy;
pub(crate) mod quirks;
pub(crate) mod raw;
pub(crate) mod track;
pub(crate) mod values;

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::SendError;
use zbus::Address;

use super::{Report, WatchContext};
use crate::clock;
use crate::config::Config;
use crate::detached::Detached;
use crate::engine::Private;
use crate::identify;
use crate::model::{Moment, Source};
use crate::watch::record::Entry;
use absence::Absence;
use bus::Bus;
use lookup::{Lookup, Lookups};
use players::{Command, Players};

/// Why the loop ended.
enum End {
    /// The bus is gone.
    BusGone(String),
    /// The daemon is stopping.
    Shutdown,
}

impl<T> From<SendError<T>> for End {
    fn from(_: SendError<T>) -> Self {
        Self::Shutdown
    }
}

impl From<zbus::Error> for End {
    fn from(error: zbus::Error) -> Self {
        Self::BusGone(error.to_string())
    }
}

/// Watches the players on the session bus until the daemon stops.
pub async fn run(ctx: WatchContext) {
    let address = bus::session_address().map_err(|error| error.to_string());
    run_at(ctx, address).await;
}

/// As [`run`], on the bus at `address`; an error says why there is none.
pub async fn run_at(mut ctx: WatchContext, address: Result<Address, String>) {
    let mut players = Players::new(ctx.config.borrow().players.clone(), ctx.tap.is_some());
    let mut first = true;
    let threads = Detached::new("lookups");
    let mut bus = connect(&address).await;
    loop {
        let end = match bus {
            Ok(bus) => watch(&mut ctx, bus, &mut players, &mut first, &threads).await,
            Err(why) => End::BusGone(why),
        };
        let End::BusGone(why) = end else { return };
        if missing(&mut ctx, &mut players, &mut first, &why)
            .await
            .is_err()
        {
            return;
        }
        match rejoin(&mut ctx, &address).await {
            Some(joined) => bus = Ok(joined),
            None => return,
        }
    }
}

/// Waits for the bus to be there (again); `None` when the daemon is stopping.
async fn rejoin(ctx: &mut WatchContext, address: &Result<Address, String>) -> Option<Bus> {
    let mut absence = Absence::begin(address.as_ref().ok());
    loop {
        tokio::select! {
            // Nobody is there to be asked.
            ask = ctx.asks.recv() => { ask?; }
            () = absence.wait() => if let Ok(bus) = connect(address).await {
                return Some(bus);
            }
        }
    }
}

async fn connect(address: &Result<Address, String>) -> Result<Bus, String> {
    let address = address.clone()?;
    Bus::connect(address)
        .await
        .map_err(|error| error.to_string())
}

/// Says that the bus is not there, and that nobody on it is any more.
async fn missing(
    ctx: &mut WatchContext,
    players: &mut Players,
    first: &mut bool,
    why: &str,
) -> Result<(), End> {
    players.disconnected(clock::now());
    for command in players.commands() {
        match command {
            Command::Observed(seen) => ctx.reports.send(Report::Observed(seen)).await?,
            Command::Record(entry) => record(ctx, entry).await?,
            _ => {}
        }
    }
    let words = format!(
        "no session bus: {why}. Players on MPRIS are not seen until it is there; mpv's sockets are."
    );
    ctx.reports
        .send(Report::Unavailable(Source::Mpris, Some(words)))
        .await?;
    if std::mem::take(first) {
        ctx.reports.send(Report::Scanned(Source::Mpris)).await?;
    }
    Ok(())
}

/// Watches one connection until it ends.
async fn watch(
    ctx: &mut WatchContext,
    mut bus: Bus,
    players: &mut Players,
    first: &mut bool,
    threads: &Detached,
) -> End {
    let config = ctx.config.borrow_and_update().players.clone();
    players.configure(&config, clock::now());
    players.connected();
    let available = Report::Unavailable(Source::Mpris, None);
    if ctx.reports.send(available).await.is_err() {
        return End::Shutdown;
    }
    let (tell, mut found) = mpsc::channel(1);
    let lookups = Lookups::new(threads, tell);
    loop {
        if let Err(end) = carry_out(ctx, &mut bus, players, &lookups, first).await {
            return end;
        }
        let deadline = players.deadline().into_iter().chain(bus.deadline()).min();
        tokio::select! {
            event = bus.next() => match event {
                Some(event) => players.handle(event, clock::now()),
                None => return End::BusGone("the connection was closed".to_owned()),
            },
            ask = ctx.asks.recv() => match ask {
                Some(id) => players.asked(&id, clock::now()),
                None => return End::Shutdown,
            },
            changed = ctx.config.changed() => match changed {
                Ok(()) => {
                    let config = ctx.config.borrow_and_update().players.clone();
                    players.configure(&config, clock::now());
                }
                Err(_) => return End::Shutdown,
            },
            Some((owner, result)) = found.recv() => {
                players.looked_up(&owner, result, clock::now());
            }
            () = until(deadline) => {
                let now = clock::now();
                for event in bus.give_up(now) {
                    players.handle(event, now);
                }
                players.timeout(now);
            }
        }
    }
}

async fn carry_out(
    ctx: &mut WatchContext,
    bus: &mut Bus,
    players: &mut Players,
    lookups: &Lookups<'_>,
    first: &mut bool,
) -> Result<(), End> {
    for command in players.commands() {
        match command {
            Command::Call(call) => bus.call(call, clock::now()).await?,
            Command::Listen { owner, on } => bus.listen(&owner, on).await?,
            Command::Lookup(owner, process, lookup) => {
                if may_be_looked_up(&lookup, &ctx.config.borrow()) {
                    lookups.begin(owner, process, lookup);
                }
            }
            Command::Observed(seen) => ctx.reports.send(Report::Observed(seen)).await?,
            Command::Record(entry) => record(ctx, entry).await?,
            Command::Scanned if std::mem::take(first) => {
                ctx.reports.send(Report::Scanned(Source::Mpris)).await?;
            }
            Command::Scanned => {}
            Command::Mpv => ctx.rescan.notify_one(),
        }
    }
    Ok(())
}

/// What is private is not looked into.
fn may_be_looked_up(lookup: &Lookup, config: &Config) -> bool {
    let Lookup::Video(path) = lookup else {
        return true;
    };
    let home = std::env::home_dir();
    let private = Private::new(&config.privacy, home.as_deref());
    private.refuse(&identify::named(path)).is_none()
}

async fn record(ctx: &WatchContext, entry: Entry) -> Result<(), End> {
    match &ctx.tap {
        Some(tap) => Ok(tap.send(entry).await?),
        None => Ok(()),
    }
}

/// Sleeps until `deadline` on `Moment::mono`; for ever without one.
async fn until(deadline: Option<Duration>) {
    let Some(deadline) = deadline else {
        return std::future::pending().await;
    };
    let Moment { mono, .. } = clock::now();
    tokio::time::sleep(deadline.saturating_sub(mono)).await;
}
