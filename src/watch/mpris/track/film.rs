//! Where a player does not say what it plays (Totem: neither URL nor title nor track): the film that its process has open.
//!
//! It is looked up when an item is opened, and again whenever something hints at another one: the status or the metadata
//! change, the player says anew whether it can seek, the position does not go on. Another path is another item. A look may
//! come too early and find the film before, or both; the next hint mends that.

use super::{Lookup, Track};
use crate::model::{Location, Moment};

impl Track {
    /// The process has this film open.
    pub(super) fn film_found(&mut self, path: String, now: Moment) {
        let Some(open) = self.open.as_ref().filter(|_| self.metadata.url.is_none()) else {
            return;
        };
        let found = Location::Path(path);
        match &open.item.location {
            None => {
                let item = self.placed(open.item.clone(), found);
                self.refine(item, now);
            }
            Some(known) if open.by_film && *known != found => {
                let item = self.placed(self.said(), found);
                self.open(item, now);
            }
            Some(_) => return,
        }
        if let Some(open) = &mut self.open {
            open.by_film = true;
        }
    }

    /// It may be another film by now: to be looked up once things have settled.
    pub(super) fn doubt_film(&mut self, now: Moment) {
        let by_film = |open: &super::Open| open.by_film || open.item.location.is_none();
        if self.metadata.url.is_none() && self.open.as_ref().is_some_and(by_film) {
            self.film_is_doubtful = true;
            self.wait(now);
        }
    }

    pub(super) fn look_for_film(&mut self) {
        if !self.lookups.contains(&Lookup::OpenFilm) {
            self.lookups.push(Lookup::OpenFilm);
        }
    }
}
