//! What the machine says on the system bus: it is about to sleep (logind), the network is back (NetworkManager).
//!
//! Both are comforts. Without logind a suspend shows afterwards, as boot time without monotonic time; without NetworkManager the
//! backoff's own timer finds out. So a bus that is missing is no error, and nothing here is retried in a loop.
//!
//! **Sleep.** A delay inhibitor is held. `PrepareForSleep(true)`: the engine ends its sessions and writes them, then the
//! inhibitor is let go. `PrepareForSleep(false)`: the engine is told, and a new inhibitor is taken.
//! **Network.** NetworkManager is listened to only while something is queued.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::timeout;
use tracing::debug;
use zbus::{Connection, MatchRule, MessageStream, OwnedFd};

use crate::engine::Input;

/// No call on the system bus may take longer.
const PATIENCE: Duration = Duration::from_secs(2);
/// logind waits five seconds by default; the engine needs far less.
const FALL_ASLEEP: Duration = Duration::from_secs(4);
/// NetworkManager's `NM_STATE_CONNECTED_SITE` and `_GLOBAL`.
const CONNECTED: [u32; 2] = [60, 70];

const LOGIND: (&str, &str, &str) = (
    "org.freedesktop.login1",
    "/org/freedesktop/login1",
    "org.freedesktop.login1.Manager",
);
const NETWORK_MANAGER: (&str, &str, &str) = (
    "org.freedesktop.NetworkManager",
    "/org/freedesktop/NetworkManager",
    "org.freedesktop.NetworkManager",
);

/// Listens for as long as the daemon lives. `asleep` is notified when the engine has written everything; `network` says
/// whether anything waits for the network.
pub async fn listen(
    inputs: mpsc::Sender<Input>,
    asleep: Arc<Notify>,
    network: watch::Receiver<bool>,
) {
    let bus = match timeout(PATIENCE, Connection::system()).await {
        Ok(Ok(bus)) => bus,
        Ok(Err(error)) => return debug!("no system bus: {error}"),
        Err(_) => return debug!("the system bus does not answer"),
    };
    tokio::join!(
        sleep_and_wake(&bus, &inputs, &asleep),
        network_back(&bus, &inputs, network)
    );
}

async fn sleep_and_wake(bus: &Connection, inputs: &mpsc::Sender<Input>, asleep: &Notify) {
    let Some(mut signals) = signals(bus, LOGIND, "PrepareForSleep").await else {
        return;
    };
    let mut inhibitor = inhibit(bus).await;
    while let Some(Ok(message)) = signals.next().await {
        match message.body().deserialize::<bool>() {
            Ok(true) => {
                // An answer that came too late for the last sleep says nothing of this one.
                let _ = asleep.notified().now_or_never();
                if inputs.send(Input::Sleep).await.is_err() {
                    return;
                }
                // Without an inhibitor there is nothing to let go of, but no harm in waiting either.
                drop(timeout(FALL_ASLEEP, asleep.notified()).await);
                drop(inhibitor.take());
            }
            Ok(false) => {
                if inputs.send(Input::Woke).await.is_err() {
                    return;
                }
                inhibitor = inhibit(bus).await;
            }
            Err(error) => debug!("PrepareForSleep makes no sense: {error}"),
        }
    }
}

/// A delay inhibitor: logind waits a moment for us before the machine sleeps.
async fn inhibit(bus: &Connection) -> Option<OwnedFd> {
    let what = ("sleep", "reeld", "notes where you are in the film", "delay");
    let call = bus.call_method(Some(LOGIND.0), LOGIND.1, Some(LOGIND.2), "Inhibit", &what);
    match timeout(PATIENCE, call).await {
        Ok(Ok(reply)) => reply.body().deserialize().ok(),
        Ok(Err(error)) => {
            debug!("no delay inhibitor: {error}");
            None
        }
        Err(_) => None,
    }
}

async fn network_back(
    bus: &Connection,
    inputs: &mpsc::Sender<Input>,
    mut wanted: watch::Receiver<bool>,
) {
    loop {
        if wanted.wait_for(|wanted| *wanted).await.is_err() {
            return;
        }
        let Some(mut signals) = signals(bus, NETWORK_MANAGER, "StateChanged").await else {
            return;
        };
        loop {
            let signal = tokio::select! {
                ended = wanted.wait_for(|wanted| !wanted) => match ended {
                    Ok(_) => break,
                    Err(_) => return,
                },
                signal = signals.next() => signal,
            };
            let Some(Ok(message)) = signal else { return };
            let connected = message
                .body()
                .deserialize::<u32>()
                .is_ok_and(|state| CONNECTED.contains(&state));
            if connected && inputs.send(Input::NetworkBack).await.is_err() {
                return;
            }
        }
    }
}

async fn signals(bus: &Connection, from: (&str, &str, &str), name: &str) -> Option<MessageStream> {
    let rule = MatchRule::builder()
        .msg_type(zbus::message::Type::Signal)
        .sender(from.0)
        .path(from.1)
        .interface(from.2)
        .member(name)
        .build()
        .ok()?;
    match timeout(PATIENCE, MessageStream::for_match_rule(rule, bus, None)).await {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) => {
            debug!("cannot listen to {}: {error}", from.0);
            None
        }
        Err(_) => None,
    }
}
