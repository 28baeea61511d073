//! The thread that runs the engine: take one input, apply it, pass on what it wants.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot, watch as value};
use tracing::error;

use super::LAST_WORDS;
use super::edges::{Files, identity, seed};
use crate::account::Account;
use crate::clock;
use crate::config::Config;
use crate::engine::{Engine, Input, Output};
use crate::error::CliError;
use crate::model::{Moment, Random};
use crate::paths::Paths;
use crate::watch::Report;

/// The running thread.
pub struct EngineThread {
    thread: thread::JoinHandle<()>,
    opened: Option<oneshot::Receiver<Result<(), CliError>>>,
}

/// Starts the engine. Its store is open once `opened` says so.
pub fn spawn(
    paths: &Paths,
    config: Arc<Config>,
    accounts: Vec<Account>,
    inputs: mpsc::Receiver<Input>,
    reports: mpsc::Receiver<Report>,
    outputs: mpsc::UnboundedSender<Output>,
    changed: value::Sender<()>,
) -> Result<EngineThread, CliError> {
    let (tell, opened) = oneshot::channel();
    let files = Files::claim(paths)?;
    let me = identity(paths)?;
    let random = Random::seeded(seed()?);
    let thread = thread::Builder::new()
        .name("engine".into())
        .spawn(move || {
            let runtime = match Builder::new_current_thread().enable_time().build() {
                Ok(runtime) => runtime,
                Err(error) => return drop(tell.send(Err(cannot_start(&error)))),
            };
            match Engine::new(files, me, config, accounts, random, clock::now()) {
                Ok(engine) => {
                    drop(tell.send(Ok(())));
                    runtime.block_on(
                        Loop {
                            engine,
                            inputs,
                            reports,
                            outputs,
                            changed,
                        }
                        .run(),
                    );
                }
                Err(error) => drop(tell.send(Err(error.into()))),
            }
        })
        .map_err(|error| cannot_start(&error))?;
    Ok(EngineThread {
        thread,
        opened: Some(opened),
    })
}

fn cannot_start(error: &std::io::Error) -> CliError {
    CliError::user("reeld cannot start").because(error.to_string())
}

impl EngineThread {
    /// Waits until the store is open; for ever, once that was told. Dropping it loses nothing.
    pub async fn opened(&mut self) -> Result<(), CliError> {
        let Some(opened) = &mut self.opened else {
            return std::future::pending().await;
        };
        let told = opened.await;
        self.opened = None;
        told.unwrap_or_else(|_| {
            Err(CliError::bug(
                "the engine ended while it was opening the store",
            ))
        })
    }

    /// Why the store was not opened, if nobody was told yet.
    pub fn not_opened(&mut self) -> Result<(), CliError> {
        let told = self.opened.as_mut().map(oneshot::Receiver::try_recv);
        told.and_then(Result::ok).unwrap_or(Ok(()))
    }

    /// The outputs have ended: tells a wanted end from a failure. `at_once`: do not wait for the thread.
    pub fn ended(self, wanted: bool) -> Result<(), CliError> {
        if !self.thread.is_finished() {
            return Ok(());
        }
        match self.thread.join() {
            Ok(()) if wanted => Ok(()),
            _ => Err(CliError::bug(
                "the engine has ended by itself; what was accepted is on disk",
            )),
        }
    }
}

struct Loop {
    engine: Engine<Files>,
    inputs: mpsc::Receiver<Input>,
    reports: mpsc::Receiver<Report>,
    outputs: mpsc::UnboundedSender<Output>,
    /// Touched whenever `status` may say something else.
    changed: value::Sender<()>,
}

impl Loop {
    /// Selecting decides nothing, applying awaits nothing.
    async fn run(mut self) {
        let mut until: Option<Duration> = None;
        loop {
            self.pass_on();
            if until.is_some_and(|until| self.may_end(until, clock::now())) {
                self.tell_what_is_lost();
                return;
            }
            let input = self.next(until).await;
            let now = clock::now();
            if matches!(input, Input::Shutdown) {
                until = Some(now.boot + LAST_WORDS);
            }
            let only_looks = matches!(&input, Input::Request(_, request) if request.only_looks());
            self.engine.handle(input, now);
            if !only_looks {
                self.changed.send_replace(());
            }
        }
    }

    async fn next(&mut self, until: Option<Duration>) -> Input {
        let now = clock::now();
        let due = self.engine.poll_timeout(now).map(|(wait, _)| wait);
        let end = until.map(|until| until.saturating_sub(now.boot));
        let wait = due.into_iter().chain(end).min();
        tokio::select! {
            biased;
            Some(input) = self.inputs.recv() => input,
            Some(report) = self.reports.recv() => Input::Report(report),
            () = tokio::time::sleep(wait.unwrap_or(Duration::MAX)), if wait.is_some() => Input::Tick,
            else => {
                error!("the main thread has ended first");
                Input::Shutdown
            }
        }
    }

    fn may_end(&self, until: Duration, now: Moment) -> bool {
        now.boot >= until || self.engine.nothing_to_say(now)
    }

    fn tell_what_is_lost(&self) {
        let sessions = self.engine.lost_at_the_end();
        if sessions > 0 {
            tracing::error!(
                sessions,
                "ending although the database cannot be written: what was watched last is lost, but for what was written \
                 before. Mend what is said above before starting again"
            );
        }
    }

    fn pass_on(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            // The main thread takes no more once it is ending; what is durable stays so.
            drop(self.outputs.send(output));
        }
    }
}
