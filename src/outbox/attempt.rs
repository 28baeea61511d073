//! `next`: what to send now. Its body is frozen and the attempt marked durably before it is handed out.

use std::time::Duration;

use super::due::is_stale;
use super::index::Header;
use super::record::{self, Attempts, Entry, Kind, Payload, encode};
use super::{Catalogue, Draft, Outbox};
use crate::model::{AccountKey, Action, DeliveryId, EventId, Ids, Moment};
use crate::service::{Call, Context, Frozen, Job, Prepared};
use crate::store::{Durability, Store, StoreError};

/// Deliveries that turn out not to need a request, dealt with in one call.
const PATIENCE: usize = 32;

/// A delivery taken up to be sent.
struct Attempt {
    id: DeliveryId,
    header: Header,
    /// In a box, as an attempt passes through many hands.
    payload: Box<Payload>,
    so_far: Attempts,
    /// What goes out with the mark of the attempt.
    draft: Draft,
}

/// What became of a delivery that was picked.
enum Readied {
    /// True: it is the first that the account hears of the session.
    Job(DeliveryId, Job, bool),
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
            if let Readied::Job(id, job, introduces) = self.ready(id, now, context)? {
                let lane = self.index.get(id).map(|header| header.lane);
                let pace = self.catalogue.pace(account.service);
                if let Some(account) = self.accounts.get_mut(&number) {
                    if let Some(lane) = lane.filter(|_| job.call == Call::ResumePoint) {
                        account.keep_pace(lane, now.boot, pace);
                    }
                    account.in_flight = Some(id);
                    account.introduces = introduces.then_some(id);
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
        if draft.put.is_empty() && draft.gone.is_empty() {
            return;
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
        let Some(attempt) = self.take_up(id)? else {
            return Ok(Readied::Passed);
        };
        if self.comes_late(&attempt, now) {
            self.skip(id, "the service has a newer resume point of this title")?;
            return Ok(Readied::Passed);
        }
        match self.prepare(&attempt, context) {
            Prepared::Send(request) => {
                let id = attempt.id;
                let heard = self.heard.len();
                let job = self.begin(attempt, request, now)?;
                return Ok(Readied::Job(id, job, self.heard.len() > heard));
            }
            Prepared::NeedsId => self.wait_for_id(attempt.id, attempt.so_far)?,
            Prepared::Skip(reason) => self.skip(attempt.id, &reason)?,
        }
        Ok(Readied::Passed)
    }

    /// Reads a delivery; if its session's `start` came too late, a fresh one takes its place.
    fn take_up(&mut self, id: DeliveryId) -> Result<Option<Attempt>, StoreError> {
        let Some((header, payload)) = self.header_and_payload(id)? else {
            return Ok(None);
        };
        let attempt = Attempt {
            id,
            header,
            payload,
            so_far: self.attempts_of(id)?,
            draft: Draft::default(),
        };
        match self.start_to_renew(id) {
            Some(start) => self.renew_start(start, attempt).map(Some),
            None => Ok(Some(attempt)),
        }
    }

    /// Whether the account has a newer resume point of the title.
    fn comes_late(&self, attempt: &Attempt, now: Moment) -> bool {
        let (header, stamp) = (&attempt.header, attempt.payload.event.at.wall);
        let place = (header.account, header.lane);
        header.kind == Kind::ResumePoint && self.newest.is_after(place, stamp, now.wall)
    }

    /// The frozen request, or one made now.
    fn prepare(&self, attempt: &Attempt, context: &Context) -> Prepared {
        if let Some(request) = &attempt.so_far.request {
            return Prepared::Send(request.clone());
        }
        let Some(account) = self.accounts.get(&attempt.header.account) else {
            return Prepared::Skip("its account is gone".into());
        };
        let context = Context {
            ids: self.ids_of(&attempt.payload),
            ..context.clone()
        };
        let Payload {
            event_id,
            call,
            event,
            ..
        } = &*attempt.payload;
        let (service, stamp) = (account.key.service, event.at.wall);
        self.catalogue
            .freeze(service, call, event, *event_id, stamp, &context)
    }

    /// Freezes the request and marks the attempt.
    fn begin(&mut self, attempt: Attempt, request: Frozen, now: Moment) -> Result<Job, StoreError> {
        let Attempt {
            id,
            mut header,
            payload,
            so_far,
            mut draft,
        } = attempt;
        let first_attempt_at = so_far.first_attempt_at.unwrap_or(now.wall);
        let attempts = Attempts {
            count: so_far.count.saturating_add(1),
            begun: true,
            in_doubt: so_far.in_doubt,
            request: Some(request.clone()),
            first_attempt_at: Some(first_attempt_at),
            last_error: so_far.last_error,
            ..Attempts::default()
        };
        draft.batch.put(record::attempts(id), encode(&attempts)?);
        self.tell_of(&header, &mut draft)?;
        header.attempts = attempts.count;
        header.needs_id = false;
        draft.put(id, header);
        if (so_far.in_doubt || so_far.begun) && so_far.request.is_some() {
            // On disk it is in doubt or has begun already, with this body.
            self.defer(draft);
        } else {
            // Of live ones as well: what is told after a loss of power is dated after all that was told before it.
            self.commit(draft, Durability::Disk)?;
        }
        Ok(Job {
            call: payload.call,
            request,
            in_doubt: so_far.in_doubt,
            first_attempt_at,
            stamp: payload.event.at.wall,
            title: payload.event.media.title,
        })
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
    fn renew_start(&mut self, start: DeliveryId, newest: Attempt) -> Result<Attempt, StoreError> {
        let mut fresh = Attempt {
            id: start,
            so_far: Attempts::default(),
            ..newest
        };
        let event = &mut fresh.payload.event;
        if event.action == Action::Pause {
            event.at.wall = event.at.wall.minus(Duration::from_millis(1));
        } else {
            fresh.draft.remove(newest.id);
        }
        event.action = Action::Start;
        fresh.payload.event_id = EventId::random(&mut self.random);
        let entry = Entry::from(&*fresh.payload);
        fresh.header = Header::new(&entry, self.boot_id, &self.ids, &fresh.so_far);
        let payload = encode(&fresh.payload)?;
        fresh.draft.batch.put(record::payload(start), payload);
        Ok(fresh)
    }

    /// How far a delivery has come. What was found begun at load is in doubt.
    pub(super) fn attempts_of(&self, id: DeliveryId) -> Result<Attempts, StoreError> {
        let mut attempts: Attempts = self.read(&record::attempts(id))?.unwrap_or_default();
        let header = self.index.get(id);
        attempts.in_doubt = header.is_some_and(|header| header.in_doubt);
        Ok(attempts)
    }

    /// Everything known of a title's ids: the file's own first.
    fn ids_of(&self, payload: &Payload) -> Ids {
        let mut ids = payload.event.media.ids.clone();
        ids.tmdb = ids.tmdb.or(payload.tmdb);
        if let Some(known) = payload.title.and_then(|title| self.ids.get(title)) {
            ids.fill_from(known);
        }
        ids
    }

    /// A delivery's payload with its header; one that is unreadable goes into quarantine.
    pub(super) fn header_and_payload(
        &mut self,
        id: DeliveryId,
    ) -> Result<Option<(Header, Box<Payload>)>, StoreError> {
        let payload = self.read(&record::payload(id))?;
        let both = self.index.get(id).copied().zip(payload);
        if both.is_none() {
            self.quarantine(id)?;
        }
        Ok(both)
    }

    /// Moves a delivery that cannot be read out of the way, and says so.
    pub(super) fn quarantine(&mut self, id: DeliveryId) -> Result<(), StoreError> {
        let mut draft = Draft::default();
        draft.remove(id);
        for key in [record::payload(id), record::attempts(id)] {
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
