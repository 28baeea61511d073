//! `reeld undo`: a viewing was not watched after all.
//!
//! **Order.** history → memory → outbox (one batch: what waits goes, the viewing is closed for good). What the history has is
//! ordered: if a crash or the disk comes in between, `rebuild.rs` does the rest. What it does not have has not happened, and the user
//! is told. Not while the completion is under way: its answer would come to a viewing that is none any more.
//! **What cannot be taken back.** What a service has, it keeps: neither API can remove a watch. The viewing stays completed
//! then, or it would be told there a second time.

use std::collections::BTreeSet;
use std::io;

use tracing::info;

use super::control::closed;
use super::rebuild::left_before;
use super::{Edges, Engine};
use crate::control::{Response, TakenBack, TakenBackRow, TakenBackState};
use crate::error::CliError;
use crate::history::Receipt;
use crate::model::{AccountKey, Moment, TAKEN_BACK, Viewing, ViewingId, media_json};
use crate::outbox::Reach;
use crate::store::StoreError;

impl<E: Edges> Engine<E> {
    /// The user says that a viewing was not watched.
    pub(super) fn undo(&mut self, viewing: &str, now: Moment) -> Response {
        let id: Option<ViewingId> = viewing.parse().ok();
        let Some(known) = id.and_then(|id| self.debouncer.viewing(id)).cloned() else {
            return Response::Failed(
                CliError::user(format!("there is no viewing {viewing:?}"))
                    .hint("`reeld history` shows the viewings with their ids"),
            );
        };
        if known.completed.is_none() {
            return Response::Failed(
                CliError::user("there is nothing to take back")
                    .because("this viewing does not count as watched"),
            );
        }
        match self.take_back(known, now) {
            Ok(response) => response,
            Err(error) => Response::Failed(error),
        }
    }

    fn take_back(&mut self, mut viewing: Viewing, now: Moment) -> Result<Response, CliError> {
        if self.storage.ready(&mut self.edges, now).is_none() {
            return Err(closed(self.storage.problem()));
        }
        let reached = match self.storage.outbox().map(|outbox| outbox.reach(viewing.id)) {
            Some(Ok(reached)) => reached,
            Some(Err(error)) => return Err(unread(&error)),
            None => Vec::new(),
        };
        let outbox = self.storage.outbox();
        if outbox.is_some_and(|outbox| outbox.is_being_told(viewing.id)) {
            return Err(
                CliError::user("nothing is changed: it is being sent at this moment")
                    .hint("try again in a few seconds"),
            );
        }
        let untold = outbox
            .map(|outbox| outbox.untold_viewings(&BTreeSet::new()))
            .transpose();
        if untold
            .map_err(|e| unread(&e))?
            .is_some_and(|untold| untold.contains(&viewing.id))
        {
            return Err(unwritten("it has not been told of this viewing yet"));
        }
        let there = reached.iter().any(|(_, reach)| *reach == Reach::Delivered);
        let ordered = match there {
            false => self.edges.take_back(viewing.id),
            true => self.write_void(viewing.id, &reached, now),
        };
        ordered.map_err(|error| unwritten(&error.to_string()))?;
        if !there {
            viewing.take_back();
            self.debouncer.take_back(viewing.id, now);
        }
        let before = match (there, self.edges.recall()) {
            (true, Ok(log)) => left_before(&log, &viewing),
            _ => Vec::new(),
        };
        let outbox = self.storage.ready(&mut self.edges, now);
        if let Some(Err(error)) = outbox.map(|outbox| outbox.take_back(&viewing, &before)) {
            self.storage.mistrust();
            self.storage.failed(&error, now);
            return Err(CliError::user(
                "it is noted, and done as soon as the database can be written",
            )
            .because(error.to_string())
            .hint("`reeld status` says when that is so"));
        }
        info!(viewing = %viewing.id, "taken back by the user");
        let rows = reached
            .iter()
            .map(|(key, reach)| self.taken_back(key, *reach));
        Ok(Response::TakenBack(Box::new(TakenBack {
            viewing_id: viewing.id.to_string(),
            media: media_json(&viewing.media),
            watched: there,
            services: rows.collect(),
        })))
    }

    /// Another account has it, so no line of the history takes it back: a receipt does, for each that does not.
    fn write_void(
        &mut self,
        viewing: ViewingId,
        reached: &[(AccountKey, Reach)],
        now: Moment,
    ) -> io::Result<()> {
        let waiting = reached
            .iter()
            .filter(|(_, reach)| *reach != Reach::Delivered);
        for (account, _) in waiting {
            let receipt = Receipt {
                account: account.clone(),
                at: now.wall,
                delivered: false,
                answer: Some(TAKEN_BACK.to_owned()),
            };
            self.edges.receipt(viewing, &receipt)?;
        }
        Ok(())
    }

    fn taken_back(&self, key: &AccountKey, reach: Reach) -> TakenBackRow {
        let mut accounts = self.accounts.iter();
        let linked = accounts.find(|account| account.key == *key);
        TakenBackRow {
            service: key.service,
            user: linked.map_or_else(|| self.whose(key), |account| account.user_name.clone()),
            state: match reach {
                Reach::Here => TakenBackState::TakenBack,
                Reach::Doubtful => TakenBackState::InDoubt,
                Reach::Delivered => TakenBackState::Delivered,
            },
        }
    }
}

fn unread(error: &StoreError) -> CliError {
    CliError::user("nothing is changed: the queue cannot be used")
        .because(error.to_string())
        .hint("`reeld status` says more")
}

fn unwritten(why: &str) -> CliError {
    CliError::user("nothing is changed: the local history cannot be written")
        .because(why)
        .hint("check the space and the permissions of reeld's state folder")
}
