//! `next`: what to send now. Its body is frozen and the attempt marked durably before it is handed out.

use std::time::Duration;

use super::due::is_stale;
use super::index::Header;
use super::record::{self, Attempts, Entry, Kind, Payload, encode};
use super::{Catalogue, Draft, Outbox};
use crate::model::{AccountKey, Action, DeliveryId, EventId, Moment};
use crate::service::{Call, Context, Job, Prepared};
use crate::store::{Durability, Store, StoreError};

/// Deliveries that turn out not to need a request, dealt with in one call.
const PATIENCE: usize = 32;

/// What became of a delivery that was picked.
enum Readied {
    Job(DeliveryId, Job),
    /// It needed no request: skipped, waiting for an id, or unreadable.
    Passed,
}

impl<S: Store, C: Catalogue> Outbox<S, C> {
    /// What to send now as `account`; nothing while a request of it is in flight. The context's ids are filled in here.
    /// Whatever is returned must be settled.
    ///
    /// # Errors
    /// When the store failed; nothing must be sent then.
    pub fn next(
        &mut self,
        account: &AccountKey,
        now: Moment,
        context: &Context,
    ) -> Result<Option<(DeliveryId, Job)>, StoreError> {
        let Some(number) = self.number(account) else {
            return Ok(None);
        };
        self.open_store()?;
        self.date(now)?;
        self.expire(number, now);
        for _ in 0..PATIENCE {
            let Some((id, turn)) = self.pick(number, now) else {
                return Ok(None);
            };
            if let Readied::Job(id, job) = self.ready(id, now, context)? {
                let lane = self.index.get(id).map(|header| header.lane);
                let pace = self.catalogue.pace(account.service);
                if let Some(account) = self.accounts.get_mut(&number) {
                    if let Some(lane) = lane.filter(|_| job.call == Call::ResumePoint) {
                        account.keep_pace(lane, now.boot, pace);
                    }
                    account.in_flight = Some(id);
                    account.budget.spend(now.boot);
                    account.turn = turn.next();
                }
                return Ok(Some((id, job)));
            }
        }
        Ok(None)
    }

    /// Drops live events that are no longer true. A `start` is kept as a mark that its session has none: the session's
    /// next event brings a fresh one.
    fn expire(&mut self, number: u16, now: Moment) {
        let mut draft = Draft::default();
        let in_flight = self.accounts.get(&number).and_then(|a| a.in_flight);
        for (id, header) in self.index.live(number) {
            if in_flight == Some(id) || header.dormant || !is_stale(header, now) {
                continue;
            }
            if header.kind == Kind::Event && header.action == Action::Start {
                let mut header = *header;
                header.dormant = true;
                draft.put(id, header);
            } else {
                draft.remove(id);
            }
        }
        let dropped = draft.gone.len() as u64;
        self.defer(draft);
        if let Some(account) = self.accounts.get_mut(&number) {
            account.dropped += dropped;
        }
    }

    fn ready(
        &mut self,
        id: DeliveryId,
        now: Moment,
        context: &Context,
    ) -> Result<Readied, StoreError> {
        let mut draft = Draft::default();
        let Some((mut entry, mut payload)) = self.entry_and_payload(id)? else {
            return Ok(Readied::Passed);
        };
        let mut id = id;
        if let Some(start) = self.start_to_renew(id) {
            payload = self.renew_start(start, id, &mut entry, payload, &mut draft)?;
            id = start;
        }
        let Some(account) = self.accounts.get(&entry.account) else {
            return Ok(Readied::Passed);
        };
        let service = account.key.service;
        let renewed = !draft.batch.changes.is_empty();
        let mut attempts = if renewed {
            Attempts::default()
        } else {
            self.attempts_of(id)?
        };
        let repeated = attempts.in_doubt && attempts.request.is_some();
        let request = match attempts.request.take() {
            Some(request) => request,
            None => {
                let mut context = context.clone();
                context.ids = self.ids_of(&entry, &payload);
                let stamp = payload.event.at.wall;
                let (event, event_id) = (&payload.event, payload.event_id);
                let prepared =
                    self.catalogue
                        .freeze(service, &payload.call, event, event_id, stamp, &context);
                match prepared {
                    Prepared::Send(request) => request,
                    Prepared::NeedsId => {
                        self.wait_for_id(id, attempts)?;
                        return Ok(Readied::Passed);
                    }
                    Prepared::Skip(reason) => {
                        self.skip(id, &reason)?;
                        return Ok(Readied::Passed);
                    }
                }
            }
        };
        let in_doubt = attempts.in_doubt;
        let first_attempt_at = attempts.first_attempt_at.unwrap_or(now.wall);
        attempts.count = attempts.count.saturating_add(1);
        attempts.begun = true;
        attempts.needs_id = false;
        attempts.request = Some(request.clone());
        attempts.first_attempt_at = Some(first_attempt_at);
        draft.batch.put(record::attempts(id), encode(&attempts)?);
        self.mark(id, &entry, &attempts, &mut draft);
        if repeated {
            // On disk it is in doubt already, with this body.
            self.defer(draft);
        } else if entry.action.is_live() {
            // Does not outlive the boot, so it need not survive a loss of power.
            self.commit(draft, Durability::Process)?;
        } else {
            self.commit(draft, Durability::Disk)?;
        }
        let job = Job {
            call: payload.call,
            request,
            in_doubt,
            first_attempt_at,
            stamp: payload.event.at.wall,
        };
        Ok(Readied::Job(id, job))
    }

    /// Notes the attempt in the header.
    fn mark(&self, id: DeliveryId, entry: &Entry, attempts: &Attempts, draft: &mut Draft) {
        if let Some(header) = self.index.get(id) {
            let mut header = *header;
            if header.dormant {
                header = Header::new(entry, header.lane, self.boot_id, attempts);
            }
            header.attempts = attempts.count;
            header.needs_id = false;
            draft.put(id, header);
        }
    }

    /// The session's `start` that came too late, if `id` is an event that tells of a session without one.
    fn start_to_renew(&self, id: DeliveryId) -> Option<DeliveryId> {
        let event = self.index.get(id)?;
        if event.kind != Kind::Event || !event.is_live() {
            return None;
        }
        let mut lane = self.index.lane(event.account, event.lane);
        let start = lane.find(|(_, old)| old.dormant && old.session == event.session);
        start.map(|(start, _)| start)
    }

    /// Turns the late `start` into a fresh one that tells what the newest event tells, under an id of its own. A `pause`
    /// still follows it; of anything else the `start` has said everything.
    fn renew_start(
        &mut self,
        start: DeliveryId,
        newest: DeliveryId,
        entry: &mut Entry,
        payload: Payload,
        draft: &mut Draft,
    ) -> Result<Payload, StoreError> {
        let mut payload = payload;
        payload.event_id = EventId::random(&mut self.random);
        if payload.event.action == Action::Pause {
            payload.event.at.wall = payload.event.at.wall.minus(Duration::from_millis(1));
        } else {
            draft.remove(newest);
        }
        payload.event.action = Action::Start;
        entry.action = Action::Start;
        draft.batch.put(record::entry(start), encode(entry)?);
        draft.batch.put(record::payload(start), encode(&payload)?);
        Ok(payload)
    }

    /// How far a delivery has come. What was found begun at load is in doubt.
    pub(super) fn attempts_of(&mut self, id: DeliveryId) -> Result<Attempts, StoreError> {
        let mut attempts: Attempts = self.read(&record::attempts(id))?.unwrap_or_default();
        let header = self.index.get(id);
        attempts.in_doubt = header.is_some_and(|header| header.in_doubt);
        Ok(attempts)
    }

    /// Everything known of a title's ids: the file's own first.
    fn ids_of(&self, entry: &Entry, payload: &Payload) -> crate::model::Ids {
        let mut ids = payload.event.media.ids.clone();
        ids.tmdb = ids.tmdb.or(entry.tmdb);
        if let Some(known) = entry.title.and_then(|title| self.ids.get(title)) {
            ids.fill_from(known);
        }
        ids
    }

    /// Moves a delivery that cannot be read out of the way, and says so.
    pub(super) fn quarantine(&mut self, id: DeliveryId) -> Result<(), StoreError> {
        let mut draft = Draft::default();
        draft.remove(id);
        for key in [record::entry(id), record::payload(id), record::attempts(id)] {
            if let Some(bytes) = self.get(&key)? {
                draft.batch.put(record::quarantined(&key), bytes);
            }
        }
        self.commit(draft, Durability::Process)?;
        self.problems.push(format!(
            "delivery {id} could not be read; it was kept aside and will not be sent"
        ));
        Ok(())
    }
}
