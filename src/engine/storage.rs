//! The outbox with its store: open while there is something to write or to send, closed while there is not (an open store costs
//! memory, and the more the longer it is used: one that is never idle is closed now and then), closed after any failure and
//! opened again with a growing delay.

use std::time::Duration;

use tracing::{debug, error, info, warn};

use super::Edges;
use super::again::Again;
use crate::debounce::Debouncer;
use crate::history::Entry;
use crate::model::{AccountKey, DeliveryId, Ids, Moment, Random, SessionId, Step};
use crate::outbox::{Ended, Hint, Note, Outbox, Remembered, Settled, Standings, TitleKey, Wanted};
use crate::service::{Catalogue, Context, Disposition, Job};
use crate::store::{Store, StoreError, StoreErrorKind};

/// After so many uses the store is closed, to be opened at the next: its process has taken some 2 MiB by then.
const LONG: u32 = 20_000;

/// See the module's documentation.
pub struct Storage<S> {
    state: State<S>,
    random: Random,
    boot_id: u64,
    /// It is closed after a failure until that is over.
    again: Again,
    /// Of the store since it was opened.
    uses: u32,
    problem: Option<String>,
    /// Answers that could not be written yet.
    unsettled: Vec<(DeliveryId, Disposition)>,
    /// What was read, until the engine has looked at it.
    found: Option<Found>,
}

/// What lay in the store when it was read anew.
#[derive(Debug)]
pub struct Found {
    /// As the outbox remembers it.
    pub remembered: Remembered,
    /// The store was made just now.
    pub fresh: bool,
    /// Something of it is gone, and is not made good for yet.
    pub lost: bool,
    /// The debouncer knows of it.
    pub recalled: bool,
}

enum State<S> {
    /// Never opened in this run.
    Absent(Vec<AccountKey>),
    Present(Box<Outbox<S, Catalogue>>),
}

impl<S: Store> Storage<S> {
    /// Opens the store. What fails is retried; only a store that another daemon has is an error.
    pub fn open<E: Edges<Store = S>>(
        edges: &mut E,
        random: Random,
        boot_id: u64,
        now: Moment,
    ) -> Result<Self, StoreError> {
        let mut storage = Self {
            state: State::Absent(Vec::new()),
            random,
            boot_id,
            again: Again::default(),
            uses: 0,
            problem: None,
            unsettled: Vec::new(),
            found: None,
        };
        match storage.load(edges, now) {
            Ok(()) => Ok(storage),
            Err(error) if error.kind == StoreErrorKind::Locked => Err(error),
            Err(error) => {
                storage.failed(&error, now);
                Ok(storage)
            }
        }
    }

    fn load<E: Edges<Store = S>>(&mut self, edges: &mut E, now: Moment) -> Result<(), StoreError> {
        let opened = edges.open_store(now)?;
        opened.tell();
        let random = Random::seeded(self.random.bits());
        let (outbox, remembered) = Outbox::load(opened.store, Catalogue, random, self.boot_id)?;
        self.state = State::Present(Box::new(outbox));
        self.found = Some(Found::of(remembered, opened.fresh, opened.loss.is_some()));
        Ok(())
    }

    fn reopen<E: Edges<Store = S>>(
        &mut self,
        edges: &mut E,
        now: Moment,
    ) -> Result<(), StoreError> {
        let State::Present(outbox) = &mut self.state else {
            return self.load(edges, now);
        };
        let opened = edges.open_store(now)?;
        opened.tell();
        let lost = opened.loss.is_some();
        if lost {
            outbox.mistrust();
        }
        if let Some(remembered) = outbox.reopen(opened.store)? {
            self.found = Some(Found::of(remembered, opened.fresh, lost));
        }
        Ok(())
    }

    /// What lies in it may not be what it ought to be: it is read anew when it is opened again.
    pub fn mistrust(&mut self) {
        if let State::Present(outbox) = &mut self.state {
            outbox.mistrust();
        }
    }

    /// A closed store is opened at the next chance, whatever is left of the delay.
    pub fn retry_now(&mut self, now: Moment) {
        self.again.hurry(now);
    }

    /// Opens the store again, if it is closed and the delay is over.
    pub fn reopen_if_due<E: Edges<Store = S>>(&mut self, edges: &mut E, now: Moment) {
        if !self.again.fails() || self.again.rests(now) {
            return;
        }
        let linked = match &mut self.state {
            State::Absent(linked) => std::mem::take(linked),
            State::Present(_) => Vec::new(),
        };
        match self.reopen(edges, now) {
            Ok(()) => {
                info!("the database is open again");
                self.again.works();
                self.problem = None;
                for account in linked {
                    self.hint(Hint::LoggedIn(account));
                }
                for (delivery, outcome) in std::mem::take(&mut self.unsettled) {
                    self.settle(edges, delivery, outcome, now);
                }
            }
            Err(error) => {
                if let State::Absent(waiting) = &mut self.state {
                    *waiting = linked;
                }
                self.failed(&error, now);
            }
        }
    }

    /// Appends a step, durably. An error closes the store; the step is to be appended again.
    pub fn append<E: Edges<Store = S>>(
        &mut self,
        edges: &mut E,
        step: &Step,
        accounts: &[AccountKey],
        now: Moment,
    ) -> Result<(), ()> {
        let Some(outbox) = self.ready(edges, now) else {
            return Err(());
        };
        match outbox.append(step, accounts, now) {
            Ok(appended) => {
                debug!(viewing = %step.viewing.id, ?appended, "queued");
                Ok(())
            }
            Err(error) => {
                self.failed(&error, now);
                Err(())
            }
        }
    }

    /// As whom something may be sent now.
    pub fn due_now(&self, now: Moment) -> impl Iterator<Item = &AccountKey> {
        self.outbox()
            .into_iter()
            .flat_map(move |outbox| outbox.due_now(now))
    }

    /// What is to be sent now as `account`.
    pub fn next<E: Edges<Store = S>>(
        &mut self,
        edges: &mut E,
        account: &AccountKey,
        now: Moment,
        context: &Context,
    ) -> Option<(DeliveryId, Job)> {
        match self.ready(edges, now)?.next(account, now, context) {
            Ok(next) => next,
            Err(error) => {
                self.failed(&error, now);
                None
            }
        }
    }

    /// Takes an answer; one that cannot be written now is kept and written when the store is open again.
    pub fn settle<E: Edges<Store = S>>(
        &mut self,
        edges: &mut E,
        delivery: DeliveryId,
        outcome: Disposition,
        now: Moment,
    ) {
        let Some(outbox) = self.ready(edges, now) else {
            return self.unsettled.push((delivery, outcome));
        };
        match outbox.settle(delivery, outcome.clone(), now) {
            Ok(settled) => {
                tell(delivery, &settled);
                for problem in outbox.take_problems() {
                    warn!("{problem}");
                }
            }
            Err(error) => {
                self.unsettled.push((delivery, outcome));
                self.failed(&error, now);
            }
        }
    }

    /// The oldest stop that the history has not been told of.
    pub fn note<E: Edges<Store = S>>(&mut self, edges: &mut E, now: Moment) -> Option<(u64, Note)> {
        if self.outbox()?.untold() == 0 {
            return None;
        }
        match self.ready(edges, now)?.note() {
            Ok(note) => note,
            Err(error) => {
                self.failed(&error, now);
                None
            }
        }
    }

    /// The history has been told of it.
    pub fn noted(&mut self, number: u64, session: SessionId) {
        if let State::Present(outbox) = &mut self.state {
            outbox.noted(number, session);
        }
    }

    /// How the completion that a line tells of stands.
    pub fn standings(&mut self, entry: &Entry, now: Moment) -> Standings {
        let Some((outbox, completion)) = self.outbox().zip(entry.completion.as_ref()) else {
            return Standings::new();
        };
        let accounts = completion.accounts.iter();
        let asked = accounts.map(|account| (entry.viewing_id, account.clone()));
        match outbox.standings(asked.collect()) {
            Ok(standings) => standings,
            Err(error) => {
                self.failed(&error, now);
                Standings::new()
            }
        }
    }

    /// Whether the history has not been told of something that can be read now.
    pub fn has_notes(&self) -> bool {
        !self.again.fails() && self.outbox().is_some_and(|outbox| outbox.untold() > 0)
    }

    /// Completions that need nothing more at an account.
    pub fn take_ended(&mut self) -> Vec<Ended> {
        match &mut self.state {
            State::Present(outbox) => outbox.take_ended(),
            State::Absent(_) => Vec::new(),
        }
    }

    /// What was read anew and is not looked at yet; nothing while the store cannot be had.
    pub fn found(&mut self) -> Option<&mut Found> {
        self.found.as_mut().filter(|_| !self.again.fails())
    }

    /// The same, for looking at whether there is something.
    pub fn has_found(&self) -> bool {
        self.found.is_some() && !self.again.fails()
    }

    /// It was looked at, and what was lost is made good for.
    pub fn looked_at<E: Edges<Store = S>>(&mut self, edges: &mut E, now: Moment) {
        let Some(found) = self.found.take() else {
            return;
        };
        if !found.lost {
            return;
        }
        let State::Present(outbox) = &mut self.state else {
            return;
        };
        let repaired = outbox.store_mut().map(|store| edges.loss_repaired(store));
        if let Some(Err(error)) = repaired {
            self.failed(&error, now);
        }
    }

    /// Titles that deliveries wait for the ids of; `None` while the store cannot be had.
    pub fn wanted<E: Edges<Store = S>>(
        &mut self,
        edges: &mut E,
        limit: usize,
        now: Moment,
    ) -> Option<Vec<Wanted>> {
        match self.ready(edges, now)?.wanted(limit) {
            Ok(wanted) => Some(wanted),
            Err(error) => {
                self.failed(&error, now);
                None
            }
        }
    }

    /// Remembers ids of a title, durably, unless they are known by now; while that fails the title stays wanted.
    pub fn learn<E: Edges<Store = S>>(
        &mut self,
        edges: &mut E,
        title: TitleKey,
        ids: &Ids,
        now: Moment,
    ) {
        if let Some(outbox) = self.ready(edges, now)
            && let Err(error) = outbox.learn_answer(title, ids)
        {
            self.failed(&error, now);
        }
    }

    /// What waits under a title is tried again: more is known of it.
    pub fn let_go<E: Edges<Store = S>>(&mut self, edges: &mut E, title: TitleKey, now: Moment) {
        if let Some(outbox) = self.ready(edges, now) {
            outbox.let_go(title);
        }
    }

    /// Something makes it worth trying at once.
    pub fn hint(&mut self, hint: Hint) {
        match (&mut self.state, hint) {
            (State::Present(outbox), hint) => outbox.hint(&hint),
            (State::Absent(linked), Hint::LoggedIn(account)) => linked.push(account),
            (State::Absent(linked), Hint::LoggedOut(account)) => {
                linked.retain(|known| *known != account)
            }
            (State::Absent(_), Hint::NetworkBack | Hint::Resumed) => {}
        }
    }

    /// Boot time at which something here falls due, and what.
    pub fn poll_timeout(&self, now: Moment) -> Option<(Duration, &'static str)> {
        if let Some(at) = self.again.at() {
            return Some((at, "the database is opened again"));
        }
        self.outbox()?.poll_timeout(now)
    }

    /// The outbox, for looking at.
    pub fn outbox(&self) -> Option<&Outbox<S, Catalogue>> {
        match &self.state {
            State::Present(outbox) => Some(outbox),
            State::Absent(_) => None,
        }
    }

    /// The outbox with its store open; `None` while that cannot be had.
    pub fn ready<E: Edges<Store = S>>(
        &mut self,
        edges: &mut E,
        now: Moment,
    ) -> Option<&mut Outbox<S, Catalogue>> {
        if self.again.fails() {
            return None;
        }
        if self.outbox().is_some_and(Outbox::is_closed)
            && let Err(error) = self.reopen(edges, now)
        {
            self.failed(&error, now);
            return None;
        }
        self.uses = self.uses.saturating_add(1);
        match &mut self.state {
            State::Present(outbox) => Some(outbox),
            State::Absent(_) => None,
        }
    }

    /// Closes the store if nothing is open, in flight or can fall due, or if it was used for long.
    pub fn close_if_idle(&mut self, debouncer: &Debouncer, now: Moment) {
        let State::Present(outbox) = &mut self.state else {
            return;
        };
        let idle = debouncer.idle() && !outbox.in_flight() && outbox.is_at_rest(now);
        if idle || self.uses > LONG {
            drop(outbox.close());
            self.uses = 0;
        }
    }

    /// True if nothing is in flight and nothing could be sent at once.
    pub fn quiet(&self, now: Moment) -> bool {
        let Some(outbox) = self.outbox() else {
            return true;
        };
        !outbox.in_flight() && outbox.poll_timeout(now).is_none_or(|(at, _)| at > now.boot)
    }

    /// True while something is queued for a service that could not be reached.
    pub fn unreachable(&self, now: Moment) -> bool {
        self.outbox().is_some_and(|outbox| outbox.failing(now))
    }

    /// What is wrong, for people.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Closes the store and says when it is tried again.
    pub fn failed(&mut self, error: &StoreError, now: Moment) {
        if let State::Present(outbox) = &mut self.state {
            drop(outbox.close());
        }
        self.again.failed(now);
        let problem = format!(
            "the database cannot be used: {error}. Watching goes on; nothing accepted is lost"
        );
        if self.problem.as_ref() != Some(&problem) {
            error!("{problem}. Hint: {}", advice(error.kind));
        }
        self.problem = Some(problem);
    }
}

impl Found {
    fn of(mut remembered: Remembered, fresh: bool, lost: bool) -> Self {
        for problem in std::mem::take(&mut remembered.problems) {
            warn!("{problem}");
        }
        Self {
            remembered,
            fresh,
            lost,
            recalled: false,
        }
    }
}

fn advice(kind: StoreErrorKind) -> &'static str {
    match kind {
        StoreErrorKind::Full => {
            "make room on the disk of the state folder (`reeld doctor` names it); it is tried again by itself"
        }
        StoreErrorKind::Denied => {
            "make the state folder writable for you (`reeld doctor` names it), or set XDG_STATE_HOME to a place that is; it is tried again by itself"
        }
        StoreErrorKind::Locked => "end the other reeld",
        StoreErrorKind::Newer => "install the newer version of reeld again",
        StoreErrorKind::Damaged | StoreErrorKind::Io => {
            "look at the disk's health (`journalctl -k`); it is tried again by itself"
        }
    }
}

fn tell(delivery: DeliveryId, settled: &Settled) {
    match settled {
        Settled::Delivered {
            ignored: Some(words),
            ..
        } => info!(%delivery, "delivered; the service ignores it: {words}"),
        Settled::Delivered { deduped: true, .. } => {
            info!(%delivery, "delivered; the service had it before")
        }
        Settled::Delivered { .. } => debug!(%delivery, "delivered"),
        Settled::Skipped(why) => info!(%delivery, "not sent: {why}"),
        Settled::Refused(why) => info!(%delivery, "refused, and not worth repeating: {why}"),
        Settled::Dead(why) => {
            warn!(%delivery, "refused for good: {why}. Hint: `reeld queue` shows it, `reeld queue retry {delivery}` tries again")
        }
        // `Accounts` has told it, once for all deliveries.
        Settled::NeedsLogin(why) => debug!(%delivery, "kept, as the login was refused: {why}"),
        Settled::NeedsId => info!(%delivery, "waits for an id"),
        Settled::Superseded | Settled::Retried(_) | Settled::Unknown => {
            debug!(%delivery, ?settled, "settled")
        }
    }
}
