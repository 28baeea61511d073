//! A daemon that is nothing but its control socket.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc as blocking;
use std::thread::JoinHandle;
use std::time::Duration;

use reeld::control::{
    AccountRow, AccountState, Call, Client, Listener, Request, Response, StatusReport, serve,
};
use reeld::error::CliError;
use reeld::model::ServiceName;
use tokio::sync::{mpsc, oneshot, watch};

use super::home::Home;

/// Answers `Status` with the number of requests so far.
pub struct Desk {
    pub home: Home,
    pub changes: watch::Sender<()>,
    pub stop: Option<oneshot::Sender<()>>,
    pub seen: blocking::Receiver<Request>,
    thread: Option<JoinHandle<()>>,
}

fn report(problem: &str) -> StatusReport {
    StatusReport {
        version: "0.0.0".into(),
        uptime_seconds: 1,
        players: Vec::new(),
        accounts: vec![AccountRow {
            service: ServiceName::Punchplay,
            state: AccountState::Off,
            user: None,
            queued: 0,
            dead: 0,
            last_delivered_at: None,
            last_error: None,
        }],
        paused_until: None,
        problems: vec![problem.to_owned()],
    }
}

pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

impl Desk {
    pub fn open() -> Self {
        let home = Home::new();
        let paths = home.paths();
        let (stop, stopped) = oneshot::channel::<()>();
        let (changes, changed) = watch::channel(());
        let (see, seen) = blocking::channel();
        let (ready, is_ready) = blocking::channel();
        let thread = std::thread::spawn(move || {
            runtime().block_on(async move {
                let listener = Listener::bind(&paths).unwrap();
                ready.send(()).unwrap();
                let (calls, called) = mpsc::channel(4);
                tokio::select! {
                    () = serve(listener, calls, changed) => {}
                    () = answer(called, see) => {}
                    _ = stopped => {}
                }
            });
        });
        is_ready.recv_timeout(Duration::from_secs(10)).unwrap();
        Self {
            home,
            changes,
            stop: Some(stop),
            seen,
            thread: Some(thread),
        }
    }

    pub fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(self.home.paths().control_socket).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
    }

    /// What is answered to these bytes, until the daemon closes or a line is complete.
    pub fn answer_to(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect();
        let mut writer = stream.try_clone().unwrap();
        let bytes = bytes.to_owned();
        // The daemon may stop reading long before the end.
        let writer = std::thread::spawn(move || drop(writer.write_all(&bytes)));
        let mut line = String::new();
        BufReader::new(&mut stream).read_line(&mut line).unwrap();
        drop(stream);
        writer.join().unwrap();
        line
    }

    pub fn still_works(&self) {
        let mut client = Client::connect(&self.home.paths()).unwrap();
        let response = client.ask(&Request::Status).unwrap();
        assert!(matches!(response, Response::Status(_)));
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

async fn answer(mut called: mpsc::Receiver<Call>, see: blocking::Sender<Request>) {
    let mut count = 0;
    while let Some(Call { request, reply }) = called.recv().await {
        count += 1;
        let response = match &request {
            Request::Status => Response::Status(Box::new(report(&count.to_string()))),
            Request::QueueRetry { .. } => Response::Done { count: 3 },
            Request::QueueDrop { .. } => {
                Response::Failed(CliError::user("no such delivery").hint("look at `reeld queue`"))
            }
            // Goes away without a word.
            Request::Queue { .. } => continue,
            _ => Response::done(),
        };
        drop(see.send(request));
        drop(reply.send(response));
    }
}
