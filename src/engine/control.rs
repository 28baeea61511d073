//! Answers to the command line.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Edges, Engine, Output};
use crate::control::{
    AccountRow, AccountState, PAGE, PlayerRow, PlayerState, QueueFate, QueueRow, QueueState,
    Request, Response, Selection, Stamp, StatusReport,
};
use crate::debounce::PlayerView;
use crate::error::CliError;
use crate::model::{AccountKey, DeliveryId, Moment, ServiceName, Transport, media_json};
use crate::outbox::{self, Counts, Queued, QueuedState};
use crate::store::StoreError;

impl<E: Edges> Engine<E> {
    /// Answers now, or after the first scan.
    pub(super) fn request(&mut self, number: u64, request: Request, now: Moment) {
        let about_players = matches!(
            request,
            Request::Status | Request::Follow | Request::Players | Request::Explain { .. }
        );
        if about_players && !self.unscanned.is_empty() {
            return self.waiting.push((number, request));
        }
        let response = self.answer(request, now);
        self.outputs.push_back(Output::Reply(number, response));
    }

    fn answer(&mut self, request: Request, now: Moment) -> Response {
        let answered = match request {
            Request::Status | Request::Follow => Ok(Response::Status(Box::new(self.status(now)))),
            Request::Players => {
                self.outputs.push_back(Output::Rescan);
                Ok(Response::Players(self.player_rows()))
            }
            Request::Queue { after } => self.page(after, now, |_| true).map(|page| match page {
                Some(page) => Response::Queue(page.iter().map(|row| self.row(row, now)).collect()),
                None => Response::Failed(closed(self.storage.problem())),
            }),
            Request::QueueExport { after } => self.dead(after, now),
            Request::Told { viewings } => self.told(&viewings, now),
            Request::QueueRetry { what } => self.change(now, |outbox| outbox.retry(&chosen(what))),
            Request::QueueDrop { what } => {
                self.change(now, |outbox| outbox.drop_deliveries(&chosen(what)))
            }
            Request::Pause { seconds } => {
                return self.pause(seconds.map(Duration::from_secs), now);
            }
            Request::Resume => return self.resume(now),
            Request::Undo { viewing } => return self.undo(&viewing, now),
            Request::Explain { player } => return self.explain(&player),
            Request::Rematch {
                viewing,
                known,
                ids,
            } => return self.rematch(&viewing, known, &ids, now),
            Request::Logout { service, queue } => return self.may_log_out(service, queue, now),
            Request::Login { .. } => {
                return Response::Failed(CliError::bug("a login has reached the engine"));
            }
        };
        answered.unwrap_or_else(|error| Response::Failed(unusable(&error)))
    }

    fn status(&self, now: Moment) -> StatusReport {
        let mut problems: Vec<String> = self
            .storage
            .problem()
            .map(str::to_owned)
            .into_iter()
            .collect();
        problems.extend(self.diary.problems().cloned());
        problems.extend(self.config_problem.clone());
        problems.extend(self.lookups.problem());
        problems.extend(self.lookups.gap());
        problems.extend(self.rules_problem.clone());
        problems.extend(self.unavailable.values().cloned());
        StatusReport {
            version: env!("CARGO_PKG_VERSION").into(),
            uptime_seconds: now.boot.saturating_sub(self.started.boot).as_secs(),
            players: self.player_rows(),
            accounts: self.account_rows(now),
            paused_until: self.paused_until(now),
            problems,
        }
    }

    fn player_rows(&self) -> Vec<PlayerRow> {
        self.debouncer.players().map(player_row).collect()
    }

    /// A row for every service, and for every other account that something is still queued for.
    fn account_rows(&self, now: Moment) -> Vec<AccountRow> {
        let counts = self
            .storage
            .outbox()
            .map(|outbox| outbox.counts(now))
            .unwrap_or_default();
        let of = |key: &AccountKey| {
            counts
                .iter()
                .find(|(other, _)| other == key)
                .map(|(_, counts)| counts.clone())
        };
        let mut rows = Vec::new();
        for service in ServiceName::ALL {
            let before = rows.len();
            for account in self
                .accounts
                .iter()
                .filter(|account| account.key.service == service)
            {
                let mut counts = of(&account.key).unwrap_or_default();
                if !self.enabled(service) {
                    // Of before.
                    counts.last_error = None;
                }
                let state = if !self.enabled(service) {
                    AccountState::Off
                } else if account.needs_login.is_some() || counts.needs_login {
                    AccountState::NeedsLogin
                } else if counts.failing {
                    AccountState::Unreachable
                } else {
                    AccountState::Ok
                };
                let reason = account.needs_login.clone();
                let reason = reason.or_else(|| self.why_it_waits(service, &counts));
                let user = Some(account.user_name.clone());
                let mut row = account_row(service, state, user, counts, reason);
                // Whatever else is to be said.
                if let Some(end) = account.ends_soon(now.wall) {
                    row.last_error = Some(match row.last_error {
                        Some(error) => format!("{end}; {error}"),
                        None => end,
                    });
                }
                rows.push(row);
            }
            let linked = |key: &AccountKey| self.accounts.iter().any(|account| account.key == *key);
            for (key, counts) in counts
                .iter()
                .filter(|(key, _)| key.service == service && !linked(key))
            {
                if counts.queued + counts.dead > 0 {
                    rows.push(account_row(
                        service,
                        AccountState::NeedsLogin,
                        Some(self.whose(key)),
                        counts.clone(),
                        None,
                    ));
                }
            }
            if rows.len() == before {
                rows.push(account_row(
                    service,
                    AccountState::Off,
                    None,
                    Counts::default(),
                    None,
                ));
            }
        }
        rows
    }

    /// What the user can do for what waits for no answer of a service.
    fn why_it_waits(&self, service: ServiceName, counts: &Counts) -> Option<String> {
        if !self.enabled(service) {
            return (counts.queued > 0).then(|| {
                format!(
                    "switched off; what is queued is kept until `{service}.enabled` is true again"
                )
            });
        }
        let nobody_knows = self.config.tmdb.api_key.expose().is_empty();
        (counts.without_id > 0 && nobody_knows).then(|| {
            format!(
                "{} wait for an id of TMDB, or for season and number: set `tmdb.api_key`, put {{tmdb-NUMBER}} into the names of the folders or films, use `reeld rematch`, or write a rule; `reeld queue` says what of each is missing",
                counts.without_id
            )
        })
    }

    /// One page of what is wanted of the queue; `None` while the store cannot be opened.
    fn page(
        &mut self,
        after: u64,
        now: Moment,
        wanted: impl Fn(&Queued) -> bool,
    ) -> Result<Option<Vec<Queued>>, StoreError> {
        let Some(outbox) = self.storage.ready(&mut self.edges, now) else {
            return Ok(None);
        };
        let mut rows = Vec::new();
        outbox.queue(now, &mut |queued| {
            if queued.id.0 > after && rows.len() < PAGE as usize && wanted(&queued) {
                rows.push(queued);
            }
        })?;
        Ok(Some(rows))
    }

    fn told(&mut self, viewings: &[String], now: Moment) -> Result<Response, StoreError> {
        let viewings = viewings.iter().take(PAGE as usize);
        let viewings = viewings.filter_map(|id| id.parse().ok()).collect();
        let Some(outbox) = self.storage.ready(&mut self.edges, now) else {
            return Ok(Response::Failed(closed(self.storage.problem())));
        };
        let told = outbox.told(&viewings)?;
        Ok(Response::Told(told.into_iter().map(Into::into).collect()))
    }

    /// An account that is not linked (any more): by its name, or by its id where that is all that is known.
    pub(super) fn whose(&self, key: &AccountKey) -> String {
        let mut names = self.names.iter();
        let known = names.find(|(known, _)| known == key);
        match (known, &key.profile) {
            (Some((_, name)), _) => name.clone(),
            (None, Some(profile)) => format!("{} (profile {profile})", key.user),
            (None, None) => key.user.clone(),
        }
    }

    fn row(&self, queued: &Queued, now: Moment) -> QueueRow {
        let name = self
            .accounts
            .iter()
            .find(|account| account.key == queued.account)
            .map(|account| account.user_name.clone());
        QueueRow {
            id: queued.id.0,
            service: queued.account.service,
            user: name.or_else(|| Some(self.whose(&queued.account))),
            action: queued.event.action,
            event_id: queued.event_id.to_string(),
            session_id: queued.event.session.to_string(),
            viewing_id: queued.event.viewing.to_string(),
            title: queued.event.media.title.clone(),
            created_at: Stamp(queued.event.at.wall),
            attempts: queued.attempts.into(),
            next_attempt_at: queued
                .next_attempt_at
                .filter(|_| self.enabled(queued.account.service))
                .map(Stamp),
            state: match queued.state {
                QueuedState::Dead => QueueState::Dead,
                _ if !self.enabled(queued.account.service) => QueueState::Off,
                QueuedState::Due => QueueState::Due,
                QueuedState::WaitingLogin => QueueState::WaitingLogin,
                QueuedState::WaitingId => QueueState::WaitingId,
                QueuedState::Aside => QueueState::Aside,
            },
            last_error: self.why_waiting(queued, now).or(queued.last_error.clone()),
        }
    }

    /// What is not known yet of what waits for an id, or for season and number.
    fn why_waiting(&self, queued: &Queued, now: Moment) -> Option<String> {
        if queued.state != QueuedState::WaitingId {
            return None;
        }
        match queued.tmdb {
            Some(series) => self
                .lookups
                .why_unplaced(&queued.event.media, series, now.wall),
            None => Some("its id at TMDB is not known".to_owned()),
        }
    }

    fn dead(&mut self, after: u64, now: Moment) -> Result<Response, StoreError> {
        let is_dead = |queued: &Queued| queued.state == QueuedState::Dead;
        let Some(dead) = self.page(after, now, is_dead)? else {
            return Ok(Response::Failed(closed(self.storage.problem())));
        };
        let lines = dead
            .iter()
            .map(|queued| {
                let mut line = serde_json::to_value(self.row(queued, now)).unwrap_or_default();
                if let Value::Object(line) = &mut line {
                    line.insert("media".into(), media_json(&queued.event.media));
                    line.insert("progress".into(), json!(queued.event.progress()));
                    line.insert("stamp".into(), json!(queued.event.at.wall.to_string()));
                    line.insert("watched".into(), json!(queued.event.watched));
                    line.insert(
                        "request".into(),
                        json!(queued.request.as_ref().map(|request| &request.body)),
                    );
                }
                line
            })
            .collect();
        Ok(Response::Lines(lines))
    }

    fn change(
        &mut self,
        now: Moment,
        change: impl FnOnce(
            &mut outbox::Outbox<E::Store, crate::service::Catalogue>,
        ) -> Result<usize, StoreError>,
    ) -> Result<Response, StoreError> {
        let Some(outbox) = self.storage.ready(&mut self.edges, now) else {
            return Ok(Response::Failed(closed(self.storage.problem())));
        };
        let count = change(outbox)?;
        Ok(Response::Done {
            count: count as u64,
        })
    }

    /// Whether a logout may go on: what is queued has its fate, or there is nothing.
    fn may_log_out(
        &mut self,
        service: ServiceName,
        fate: Option<QueueFate>,
        now: Moment,
    ) -> Response {
        let Some(key) = self
            .accounts
            .iter()
            .find(|account| account.key.service == service)
            .map(|account| account.key.clone())
        else {
            return Response::Failed(CliError::user(format!("{} is not linked", service.title())));
        };
        let counts = self
            .storage
            .outbox()
            .map(|outbox| outbox.counts(now))
            .unwrap_or_default();
        let queued = counts
            .iter()
            .find(|(other, _)| *other == key)
            .map_or(0, |(_, counts)| counts.queued + counts.dead);
        match fate {
            None if queued > 0 => Response::Failed(
                CliError::user(format!("{queued} deliveries for {} are still queued", service.title()))
                    .because("logging out must not decide about them by itself")
                    .hint("add --keep-queue (they wait until you log in again) or --drop-queue (they are forgotten)"),
            ),
            Some(QueueFate::Drop) => {
                self.unbind(&key);
                let answered = self.change(now, |outbox| outbox.drop_deliveries(&outbox::Selection::Account(key)));
                answered.unwrap_or_else(|error| Response::Failed(unusable(&error)))
            }
            _ => Response::done(),
        }
    }
}

fn chosen(what: Selection) -> outbox::Selection {
    match what {
        Selection::Dead => outbox::Selection::Dead,
        Selection::Ids(ids) => {
            outbox::Selection::Ids(ids.into_iter().map(DeliveryId).collect::<BTreeSet<_>>())
        }
    }
}

pub(super) fn player_row(player: PlayerView<'_>) -> PlayerRow {
    let state = match player.transport {
        _ if player.info.ignored.is_some() => PlayerState::Ignored,
        Transport::Playing | Transport::Buffering => PlayerState::Playing,
        Transport::Paused => PlayerState::Paused,
        Transport::Stopped => PlayerState::Stopped,
    };
    PlayerRow {
        id: player.id.to_string(),
        name: player.info.name.clone(),
        source: player.info.source,
        pid: player.info.process.map(|process| process.pid),
        state,
        media: player.media.map(media_json),
        progress: player.progress,
        viewing_id: player.viewing.map(|viewing| viewing.to_string()),
        why_not: player.why_not,
    }
}

fn account_row(
    service: ServiceName,
    state: AccountState,
    user: Option<String>,
    counts: Counts,
    reason: Option<String>,
) -> AccountRow {
    AccountRow {
        service,
        state,
        user,
        queued: counts.queued,
        dead: counts.dead,
        last_delivered_at: counts.delivered_at.map(Stamp),
        last_error: counts.last_error.or(reason),
    }
}

pub(super) fn unusable(error: &StoreError) -> CliError {
    CliError::user("the queue cannot be used")
        .because(error.to_string())
        .hint("`reeld status` says more")
}

pub(super) fn closed(problem: Option<&str>) -> CliError {
    CliError::user("the queue cannot be used")
        .because(problem.unwrap_or("the database is closed"))
        .hint("it is opened again by itself")
}
