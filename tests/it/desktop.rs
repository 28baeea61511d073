//! What is shown on the desktop, over a real bus, by a server of notifications that writes down what it is told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::StreamExt;
use reeld::model::Wall;
use tokio::sync::oneshot;
use zbus::connection::Builder;
use zbus::message::Type;
use zbus::{Address, Connection, MessageStream, OwnedVariant};

use crate::support::desk::runtime;
use crate::support::evening::{Evening, possible};

const SOON: Duration = Duration::from_secs(60);

/// `org.freedesktop.Notifications`, until it is dropped.
struct Desktop {
    shown: Shown,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

type Shown = Arc<Mutex<Vec<String>>>;

impl Desktop {
    fn start(address: Address) -> Self {
        let shown = Shown::default();
        let told = Arc::clone(&shown);
        let (stop, stopped) = oneshot::channel();
        let (ready, is_ready) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            runtime().block_on(async {
                let connection = Builder::address(address).build().await.unwrap();
                let stream = MessageStream::from(&connection);
                let name = "org.freedesktop.Notifications";
                connection.request_name(name).await.unwrap();
                ready.send(()).unwrap();
                tokio::select! {
                    () = serve(&connection, stream, &told) => {}
                    _ = stopped => {}
                }
            });
        });
        is_ready.recv().unwrap();
        Self {
            shown,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    fn shown(&self) -> Vec<String> {
        self.shown.lock().unwrap().clone()
    }
}

impl Drop for Desktop {
    fn drop(&mut self) {
        drop(self.stop.take());
        drop(self.thread.take().map(JoinHandle::join));
    }
}

async fn serve(connection: &Connection, mut stream: MessageStream, told: &Shown) {
    type Hints = BTreeMap<String, OwnedVariant>;
    type Notify = (String, u32, String, String, String, Vec<String>, Hints, i32);
    while let Some(Ok(message)) = stream.next().await {
        if message.message_type() != Type::MethodCall {
            continue;
        }
        let header = message.header();
        if header
            .member()
            .is_some_and(|name| name.as_str() == "Notify")
        {
            let body = message.body();
            let (app, _, _, summary, text, ..): Notify = body.deserialize().unwrap();
            let mut told = told.lock().unwrap();
            told.push(format!("{app}: {summary} | {text}"));
        }
        connection.reply(&header, &7_u32).await.unwrap();
    }
}

#[test]
fn a_login_that_ends_soon_and_one_that_is_refused_are_shown_once_each() {
    if !possible() {
        return;
    }
    let mut evening = Evening::unlinked();
    let desktop = Desktop::start(evening.start_bus().address());
    let mut soon = evening.discovr_login("ann", "p1");
    let now = reeld::clock::now().wall;
    soon.tokens.refresh_expires_at = Some(Wall(now.0 + 3 * 86_400_000 + 3_600_000));
    let punchplay = evening.punchplay.with(|app| app.issue_login("ann"));
    evening.link([punchplay, soon]);
    evening.punchplay.with(|app| app.revoke_all());
    evening.start();
    evening.until("the end of a login is shown", SOON, |_| {
        !desktop.shown().is_empty()
    });
    let first = desktop.shown().remove(0);
    assert!(
        first.starts_with("reeld: Log in to Discovr again soon | ") && first.contains("3 days"),
        "{first}"
    );
    let film = evening.film("Heat (1995) {tmdb-949}.mkv", 400);
    evening.mpv(&[], &[&film]).wait();
    evening.until("the refused login is shown", SOON, |_| {
        desktop.shown().len() == 2
    });
    assert_eq!(
        desktop.shown()[1],
        "reeld: PunchPlay wants a new login | What you watch is kept until then. Run: reeld login punchplay"
    );
    evening.until("the film is at Discovr", SOON, |evening| {
        evening.discovr.with(|app| app.history.len()) == 1
    });
    assert_eq!(desktop.shown().len(), 2, "each once: {:?}", desktop.shown());
    let status = evening.home.run(&["status"]).out;
    assert!(status.contains("ends in 3 days"), "{status}");
    assert_eq!(
        evening.log().matches("PunchPlay wants a new login").count(),
        1
    );
}

#[test]
fn nothing_is_shown_where_the_user_does_not_want_it() {
    if !possible() {
        return;
    }
    let mut evening = Evening::linked();
    let desktop = Desktop::start(evening.start_bus().address());
    evening
        .environment
        .push(("REELD__NOTIFICATIONS__LOGIN".into(), "false".into()));
    evening
        .environment
        .push(("REELD__NOTIFICATIONS__WATCHED".into(), "true".into()));
    evening.punchplay.with(|app| app.revoke_all());
    evening.start();
    let film = evening.film("Heat (1995).mkv", 400);
    evening.mpv(&[], &[&film]).wait();
    evening.until("the login is refused", SOON, |evening| {
        evening
            .json(&["queue", "--json"])
            .iter()
            .any(|row| row["state"] == "waiting_login")
    });
    evening.until("what was watched is shown", SOON, |_| {
        !desktop.shown().is_empty()
    });
    assert_eq!(desktop.shown(), ["reeld: Watched | Heat"]);
}
