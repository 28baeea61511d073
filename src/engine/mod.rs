//! The engine: observations, answers and requests in; asks, deliveries and replies out. It does no I/O but through `Edges`.
//!
//! ```text
//!  Input ──► handle ──► debouncer ──► pump: append (durable) ──► advance ──► outbox.next ──► Output::Deliver
//! ```
//!
//! **Order.** `handle` applies one input and then pumps: every step of the debouncer is appended to the outbox, and leaves the
//! debouncer only when that has returned; a stop then goes to the history, and at last everything that is due is handed
//! out, at most one delivery in flight per account. Nothing here waits.
//!
//! **What survives what.** All that is durable lies behind the store. If it fails, it is closed, the debouncer keeps its
//! steps (live ones collapse, stops are held), and the store is opened again with a growing delay; deliveries wait. Whenever it
//! was read anew, it is compared with what the debouncer remembers and the history says, and filled up (`rebuild.rs`).
//! What the history could not be told stays in the store until it can (`diary.rs`).

mod accounts;
mod again;
mod control;
mod diary;
mod edges;
mod explain;
mod identifying;
mod lookups;
mod notices;
mod open;
mod pause;
mod placing;
mod privacy;
mod rebuild;
mod refill;
mod replay;
mod storage;
#[cfg(test)]
mod tests;
mod undo;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, info, warn};

use crate::account::{Account, Names};
use crate::config::Config;
use crate::control::Request;
use crate::debounce::{Debouncer, Rules};
use crate::identify::rules::Rules as UserRules;
use crate::model::{
    AccountKey, Action, Ids, Lifecycle, Moment, Observation, Random, Signal, Source, Step, Wall,
};
use crate::outbox::Hint;
use crate::service::Context;
use crate::store::StoreError;
use crate::watch::Report;
use crate::watch::merge::Merge;
use accounts::{Bound, is_on};
use again::Again;
use diary::Diary;
pub use edges::{Edges, Input, Notice, Opened, Output};
use lookups::Lookups;
use notices::Notices;
use open::OpenItems;
pub use pause::{Pause, is_for_ever};
pub use privacy::Private;
pub use replay::replay;
use storage::Storage;

/// Fixed for the life of the process.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Names this boot of the machine.
    pub boot_id: u64,
    /// Random, made once per machine.
    pub device_id: String,
    /// For `~/` in patterns.
    pub home: Option<PathBuf>,
}

/// See the module's documentation.
pub struct Engine<E: Edges> {
    edges: E,
    me: Identity,
    config: Arc<Config>,
    private: Private,
    started: Moment,
    merge: Merge,
    rules: Arc<UserRules>,
    /// What the rules were asked about.
    ruled: placing::Asked,
    open: OpenItems,
    debouncer: Debouncer,
    storage: Storage<E::Store>,
    diary: Diary,
    /// The machine waits for `Output::Asleep`.
    falling_asleep: bool,
    accounts: Vec<Account>,
    /// Accounts that may send, each with when it was linked.
    serving: Vec<(AccountKey, Wall)>,
    bound: Bound,
    /// Who is linked, as far as the disk knows.
    kept_linked: Option<Vec<AccountKey>>,
    /// Who was linked when the last run ended, if that is known.
    linked_before: Option<Vec<AccountKey>>,
    keep_again: Again,
    names: Names,
    lookups: Lookups,
    notices: Notices,
    outputs: VecDeque<Output>,
    unscanned: BTreeSet<Source>,
    unavailable: BTreeMap<Source, String>,
    /// `status` asked before the first scan was finished.
    waiting: Vec<(u64, Request)>,
    /// What was said last: how many players, and what goes on.
    summary: Option<(usize, &'static str)>,
    awaiting_network: bool,
    config_problem: Option<String>,
    rules_problem: Option<String>,
    /// The user wants nothing to be tracked for a while.
    pause: Option<pause::InForce>,
}

impl<E: Edges> Engine<E> {
    /// Opens the store and remembers.
    ///
    /// # Errors
    /// When another daemon has the store; any other failure is retried while watching goes on.
    pub fn new(
        mut edges: E,
        me: Identity,
        config: Arc<Config>,
        accounts: Vec<Account>,
        mut random: Random,
        now: Moment,
    ) -> Result<Self, StoreError> {
        let outbox_random = Random::seeded(random.bits());
        let storage = Storage::open(&mut edges, outbox_random, me.boot_id, now)?;
        let kinship = edges.kinship();
        let linked_before = edges.kept_linked();
        let debouncer = Debouncer::new(
            Rules::from(&*config),
            random,
            me.boot_id,
            Vec::new(),
            Vec::new(),
            now,
        );
        let private = Private::new(&config.privacy, me.home.as_deref());
        let mut engine = Self {
            edges,
            me,
            config,
            private,
            started: now,
            merge: Merge::new(kinship),
            rules: Arc::default(),
            ruled: placing::Asked::default(),
            open: OpenItems::default(),
            debouncer,
            storage,
            diary: Diary::default(),
            falling_asleep: false,
            accounts: Vec::new(),
            serving: Vec::new(),
            bound: Bound::new(),
            kept_linked: linked_before.clone(),
            linked_before,
            keep_again: Again::default(),
            names: Names::new(),
            lookups: Lookups::default(),
            notices: Notices::default(),
            outputs: VecDeque::new(),
            unscanned: BTreeSet::from([Source::Mpv, Source::Mpris]),
            unavailable: BTreeMap::new(),
            waiting: Vec::new(),
            summary: None,
            awaiting_network: false,
            config_problem: None,
            rules_problem: None,
            pause: None,
        };
        engine.go_on_pausing(now);
        engine.take_accounts(accounts, now);
        engine.recall_by_history(now);
        engine.pump(now);
        Ok(engine)
    }

    /// Applies one input, and everything that follows from it.
    pub fn handle(&mut self, input: Input, now: Moment) {
        self.end_pause_if_due(now);
        match input {
            Input::Report(report) => self.report(report, now),
            Input::Settled { delivery, outcome } => {
                self.storage.settle(&mut self.edges, delivery, outcome, now);
                self.notice_endings(now);
            }
            Input::Accounts(accounts) => self.accounts_changed(accounts, now),
            Input::Names(names) => self.names = names,
            Input::Config(config) => self.reconfigure(config, now),
            Input::ConfigProblem(problem) => self.config_problem = problem,
            Input::RulesProblem(problem) => self.rules_problem = problem,
            Input::Rules(rules) => {
                self.rules = rules;
                self.rules_changed();
                self.identify_all_again(now);
            }
            Input::Sidecars {
                player,
                path,
                found,
            } => {
                if self.open.found(&player, &path, found) {
                    self.identify(&player, now);
                }
            }
            Input::Request(number, request) => {
                // What is shown is as it is now.
                self.debouncer.timeout(now);
                self.request(number, request, now);
            }
            Input::Looked {
                title,
                media,
                lookup,
            } => self.looked(title, &media, lookup, now),
            Input::NetworkBack => {
                self.storage.hint(Hint::NetworkBack);
                self.lookups.nudge();
            }
            Input::Sleep => {
                self.storage.retry_now(now);
                self.debouncer.sleeping(now);
                self.falling_asleep = true;
            }
            Input::Woke => {
                self.falling_asleep = false;
                self.debouncer.woke(now);
                self.storage.hint(Hint::Resumed);
                self.lookups.nudge();
            }
            Input::Shutdown => {
                // The last chance: there may be room again.
                self.storage.retry_now(now);
                self.debouncer.shutdown(now);
            }
            Input::Tick => {}
        }
        for player in self.open.overdue(now.mono) {
            self.identify(&player, now);
        }
        self.debouncer.timeout(now);
        self.pump(now);
    }

    /// The next thing to be done, oldest first.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// How long from `now` until `Input::Tick` is wanted, and what for; `None` while nothing can fall due.
    #[must_use]
    pub fn poll_timeout(&self, now: Moment) -> Option<(Duration, &'static str)> {
        let debouncer = self
            .debouncer
            .poll_timeout()
            .map(|(at, why)| (at.saturating_sub(now.mono), why));
        let open = self.open.next_due().map(|at| {
            let wait = at.saturating_sub(now.mono);
            (wait, "what lies beside a file was read slowly")
        });
        let storage = self
            .storage
            .poll_timeout(now)
            .map(|(at, why)| (at.saturating_sub(now.boot), why));
        let lookups = self
            .lookups_timeout()
            .map(|(at, why)| (at.saturating_sub(now.boot), why));
        let diary = self.diary_timeout();
        let diary = diary.map(|(at, why)| (at.saturating_sub(now.boot), why));
        let keeping = self.keep_again.at().map(|at| {
            let wait = at.saturating_sub(now.boot);
            (wait, "who is linked is written down again")
        });
        let pause = self
            .pause_timeout()
            .map(|(at, why)| (at.saturating_sub(now.boot), why));
        debouncer
            .into_iter()
            .chain(pause)
            .chain(storage)
            .chain(lookups)
            .chain(diary)
            .chain(keeping)
            .chain(open)
            .min_by_key(|(wait, _)| *wait)
    }

    /// True once everything accepted is written and nothing is being sent or could be sent at once.
    #[must_use]
    pub fn nothing_to_say(&self, now: Moment) -> bool {
        self.debouncer.peek().is_none() && self.storage.quiet(now)
    }

    /// Sessions whose end could be written neither to the store nor to the history, and goes with the process: for the very end.
    #[must_use]
    pub fn lost_at_the_end(&self) -> usize {
        let sessions: BTreeSet<_> = self.debouncer.held_sessions().into_iter().collect();
        let lost = sessions
            .iter()
            .filter(|session| !self.diary.is_ahead(**session));
        lost.count()
    }

    /// What the edges hold, for tests and simulations.
    pub fn edges_mut(&mut self) -> &mut E {
        &mut self.edges
    }

    fn report(&mut self, report: Report, now: Moment) {
        match report {
            Report::Observed(observation) => self.observed(observation),
            Report::Unavailable(source, Some(why)) => {
                warn!("{} players cannot be seen: {why}", of(source));
                self.unavailable.insert(source, why);
            }
            Report::Unavailable(source, None) => {
                if self.unavailable.remove(&source).is_some() {
                    info!("{} players can be seen again", of(source));
                }
            }
            Report::Scanned(source) => {
                if self.unscanned.remove(&source) && self.unscanned.is_empty() {
                    self.first_scan_done(now);
                }
            }
        }
    }

    fn first_scan_done(&mut self, now: Moment) {
        self.debouncer.scanned(now);
        self.outputs.push_back(Output::Ready);
        for (number, request) in std::mem::take(&mut self.waiting) {
            self.request(number, request, now);
        }
    }

    /// What is seen through two transports of one process is one player's.
    fn observed(&mut self, observation: Observation) {
        for observation in self.merge.handle(observation) {
            self.follow(observation);
        }
    }

    fn follow(&mut self, observation: Observation) {
        let (player, at) = (observation.player.clone(), observation.at);
        debug!(%player, signal = ?observation.signal, "seen");
        let more_is_known = matches!(observation.signal, Signal::Opened(_) | Signal::Refined(_));
        let opened = self.open.note(&player, &observation.signal);
        self.debouncer.handle(observation);
        if opened {
            self.look_beside(&player, at);
        }
        if more_is_known {
            self.identify(&player, at);
        }
    }

    fn reconfigure(&mut self, config: Arc<Config>, now: Moment) {
        let mut services = self.accounts.iter().map(|account| account.key.service);
        if services.any(|service| is_on(&self.config, service) != is_on(&config, service)) {
            // For one that is switched off as well: its stop waits until it is on again.
            self.cut_sessions(now);
        }
        self.private = Private::new(&config.privacy, self.me.home.as_deref());
        self.debouncer.reconfigure(Rules::from(&*config), now);
        if self.config.tmdb != config.tmdb {
            self.lookups.reconfigured();
        }
        let active = self.active();
        let before = std::mem::replace(&mut self.config, config);
        self.bind_held(&active);
        if self.config.discovr.profile != before.discovr.profile {
            self.notice_profile();
        }
        self.serve();
        self.identify_all_again(now);
        info!("the configuration has changed and is in force");
    }

    /// Writes what must be written, then hands out what is due.
    fn pump(&mut self, now: Moment) {
        self.keep_linked(now);
        self.storage.reopen_if_due(&mut self.edges, now);
        self.write_steps(now);
        self.rebuild(now);
        // What was read anew may have made some.
        self.write_steps(now);
        self.write_notes(now);
        if self.falling_asleep && self.debouncer.peek().is_none() {
            self.falling_asleep = false;
            self.outputs.push_back(Output::Asleep);
        }
        while let Some(player) = self.debouncer.poll_ask() {
            self.outputs
                .push_back(Output::Ask(self.merge.route(&player)));
        }
        self.hand_out(now);
        self.write_receipts(now);
        self.place_by_rules(now);
        self.look_up(now);
        self.storage.close_if_idle(&self.debouncer, now);
        self.summarise();
        let awaiting = self.storage.unreachable(now) || self.lookups.unreachable();
        if awaiting != self.awaiting_network {
            self.awaiting_network = awaiting;
            self.outputs.push_back(Output::AwaitNetwork(awaiting));
        }
    }

    /// Appends every step of the debouncer, until that fails.
    fn write_steps(&mut self, now: Moment) {
        loop {
            let Some(step) = self.debouncer.peek() else {
                return;
            };
            let accounts = self.owners_of(step.event.as_ref().map(|event| event.session));
            if self
                .storage
                .append(&mut self.edges, step, &accounts, now)
                .is_err()
            {
                self.debouncer.held();
                return self.write_ahead(now);
            }
            if let Some(step) = self.debouncer.advance() {
                self.appended(&step);
            }
        }
    }

    fn appended(&mut self, step: &Step) {
        if let Some(event) = &step.event {
            if event.action == Action::Stop {
                self.bound.remove(&event.session);
            }
            tell(event, step);
            self.notice_watching(event, step);
        }
    }

    fn hand_out(&mut self, now: Moment) {
        let is_active = |account: &&AccountKey| self.active_keys().any(|key| key == *account);
        let due = self.storage.due_now(now).filter(is_active);
        let due: Vec<AccountKey> = due.cloned().collect();
        // Looked at after every input, and mostly nothing is.
        if due.is_empty() {
            return;
        }
        let context = self.context();
        for account in due {
            if let Some((delivery, job)) =
                self.storage.next(&mut self.edges, &account, now, &context)
            {
                self.notice_endings(now);
                self.outputs.push_back(Output::Deliver {
                    delivery,
                    account,
                    job,
                });
            }
        }
    }

    fn context(&self) -> Context {
        Context {
            ids: Ids::default(),
            device_id: self.me.device_id.clone(),
            send_file_name: self.config.privacy.send_filename,
            numberings: self.lookups.numberings(),
        }
    }

    fn summarise(&mut self) {
        let players = self.debouncer.followed();
        let watching = if self.pause.is_some() {
            "paused"
        } else if self.debouncer.watching() {
            "watching"
        } else {
            "nothing is being watched"
        };
        if self.summary.replace((players, watching)) != Some((players, watching)) {
            let many = if players == 1 { "player" } else { "players" };
            let summary = format!("{players} {many}, {watching}");
            self.outputs.push_back(Output::Summary(summary));
        }
    }
}

fn of(source: Source) -> &'static str {
    match source {
        Source::Mpv => "mpv",
        Source::Mpris => "MPRIS",
    }
}

/// The story in the log: viewing ids and players at INFO, titles at DEBUG.
fn tell(event: &Lifecycle, step: &Step) {
    let percent = event.progress() * 100.0;
    let (viewing, player) = (event.viewing, &event.player);
    match event.action {
        Action::Start => info!(%viewing, player, "started at {percent:.0} %"),
        Action::Stop if event.watched => {
            info!(%viewing, player, "watched (stopped at {percent:.0} %)")
        }
        Action::Stop => info!(%viewing, player, "stopped at {percent:.0} %"),
        action => debug!(%viewing, player, "{} at {percent:.0} %", action.as_str()),
    }
    debug!(%viewing, title = event.media.title, "is");
    if let (Action::Start, Some(why)) = (event.action, &step.viewing.local_only) {
        info!(%viewing, "kept on this machine: {why}");
    }
}
