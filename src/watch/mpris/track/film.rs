//! Where a player does not say what it plays (Totem: neither URL nor title nor track): the film that its process has open.
//!
//! It is looked up when an item is opened, and again whenever something hints at another one: the status or the metadata
//! change, the player says anew whether it can seek, the position does not go on. Another path is another item. A look may
//! come too early and find the film before, both, or none: then there is another one each time that the debouncer asks for
//! the position, until a new film was found, or the one before twice.

use super::{Lookup, Track};
use crate::model::{Location, Moment};

/// So many looks that find the film of before, and there is no other.
const LOOKS: u8 = 2;

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
                self.film_looks = 0;
            }
            Some(_) => {
                self.film_looks = self.film_looks.saturating_sub(1);
                return;
            }
        }
        if let Some(open) = &mut self.open {
            open.by_film = true;
        }
    }

    /// It may be another film by now: to be looked up once things have settled.
    pub(super) fn doubt_film(&mut self, now: Moment) {
        if self.is_by_film() {
            self.film_is_doubtful = true;
            self.wait(now);
        }
    }

    fn is_by_film(&self) -> bool {
        let by_film = |open: &super::Open| open.by_film || open.item.location.is_none();
        self.metadata.url.is_none() && self.open.as_ref().is_some_and(by_film)
    }

    /// Looks once, and again until it is settled.
    pub(super) fn look_for_film(&mut self) {
        self.film_looks = LOOKS;
        self.look();
    }

    /// Looks if it is not settled yet.
    pub(super) fn look_again(&mut self) {
        if self.film_looks > 0 && self.is_by_film() {
            self.look();
        }
    }

    fn look(&mut self) {
        if !self.lookups.contains(&Lookup::OpenFilm) {
            self.lookups.push(Lookup::OpenFilm);
        }
    }
}
