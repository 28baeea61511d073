//! `learn`: ids of a title turned up.

use std::collections::BTreeSet;

use super::ids::Trust;
use super::index::Header;
use super::record::{self, Kind, Known, encode};
use super::{Catalogue, Draft, Outbox, TitleKey};
use crate::model::{DeliveryId, Ids};
use crate::store::{Durability, Store, StoreError};

impl<S: Store, C: Catalogue> Outbox<S, C> {
    /// Remembers ids of a title (from the user or a file) and lets go what waited for them.
    ///
    /// # Errors
    /// When the store failed.
    pub fn learn(&mut self, title: TitleKey, ids: &Ids) -> Result<(), StoreError> {
        self.learn_as(title, ids, Trust::Evidence)
    }

    /// The same from a service or TMDB, whose word only adds what was not known.
    ///
    /// # Errors
    /// When the store failed.
    pub fn learn_answer(&mut self, title: TitleKey, ids: &Ids) -> Result<(), StoreError> {
        self.learn_as(title, ids, Trust::Answer)
    }

    pub(super) fn learn_as(
        &mut self,
        title: TitleKey,
        ids: &Ids,
        trust: Trust,
    ) -> Result<(), StoreError> {
        let Some(ids) = self.ids.with(title, ids, trust) else {
            return Ok(());
        };
        let known = Known {
            touch: self.tally.touch,
            ids,
        };
        let mut draft = Draft {
            touched: true,
            ..Draft::default()
        };
        draft.batch.put(record::known(title), encode(&known)?);
        let surplus = self.ids.surplus(title);
        if let Some(surplus) = surplus {
            draft.batch.remove(record::known(surplus));
        }
        let lane = title.lane(known.ids.tmdb);
        let moving = self.moving(title, lane);
        for old in self.older_resume_points(lane, &moving) {
            draft.remove(old);
        }
        let gone = draft.gone.clone();
        for id in moving.into_iter().filter(|id| !gone.contains(id)) {
            if let Some(header) = self.index.get(id) {
                let mut header = *header;
                header.lane = lane;
                header.needs_id = false;
                draft.put(id, header);
            }
        }
        let moved: Vec<DeliveryId> = draft.put.iter().map(|(id, _)| *id).collect();
        self.commit(draft, Durability::Process)?;
        for account in self.accounts.values_mut() {
            for id in &moved {
                account.forgive(*id);
            }
        }
        if let Some(surplus) = surplus {
            self.ids.remove(surplus);
        }
        self.ids.put(title, known);
        Ok(())
    }

    /// Tries again what waits under a title whose id is known: its season and number may be known now. If they are not, it
    /// waits again.
    pub fn let_go(&mut self, title: TitleKey) {
        let waiting = |header: &Header| header.needs_id && header.title() == Some(title);
        let waiting: Vec<(DeliveryId, Header)> = self
            .index
            .iter()
            .filter(|(_, header)| waiting(header) && self.id_of(header).is_some())
            .map(|(id, header)| (id, *header))
            .collect();
        for (id, mut header) in waiting {
            header.needs_id = false;
            self.index.put(id, header);
        }
    }

    /// The TMDB id of a delivery's title, as far as it is known.
    pub(super) fn id_of(&self, header: &Header) -> Option<u64> {
        let known = || self.ids.get(header.title()?)?.tmdb;
        header.tmdb().or_else(known)
    }

    /// Deliveries of this title that knew no id of their own and stand in another lane than from now on.
    fn moving(&self, title: TitleKey, lane: u64) -> Vec<DeliveryId> {
        let before = self.ids.get(title).and_then(|ids| ids.tmdb);
        let from = title.lane(before);
        if from == lane {
            return Vec::new();
        }
        // A lane that is named by an id may hold other titles, and files that name the id themselves.
        let moves = |header: &Header| header.title() == Some(title) && header.tmdb().is_none();
        let numbers = self.accounts.keys();
        numbers
            .flat_map(|number| self.index.lane(*number, from))
            .filter(|(_, header)| header.kind != Kind::Event && moves(header))
            .map(|(id, _)| id)
            .collect()
    }

    /// Where lanes merge, only the newest resume point of each account is kept.
    fn older_resume_points(&self, lane: u64, moving: &[DeliveryId]) -> Vec<DeliveryId> {
        let mut older = Vec::new();
        for (number, account) in &self.accounts {
            let there = self.index.lane(*number, lane).map(|(id, _)| id);
            let coming = moving.iter().copied();
            let mut resume: BTreeSet<DeliveryId> = there.chain(coming).collect();
            resume.retain(|id| {
                let header = self.index.get(*id);
                header.is_some_and(|h| h.account == *number && h.kind == Kind::ResumePoint)
            });
            resume.pop_last();
            older.extend(
                resume
                    .into_iter()
                    .filter(|id| account.in_flight != Some(*id)),
            );
        }
        older
    }
}
