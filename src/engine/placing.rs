//! What waits for an id, or for season and number, is looked at with the user's rules too: one may have been written since.
//!
//! **When.** The rules have changed, or something else waits than at the last look; in the same pump, and with no timer.
//! **What survives.** An id goes into the outbox's memory of ids, durably. Numbers are kept here and read anew from the rules
//! by the next run; a delivery that was placed is frozen at once.
//! **Which rules.** Those by title, year and season: the path of what was watched is not kept.

use tracing::debug;

use super::{Edges, Engine};
use crate::model::{DeliveryId, Ids, Media, Moment};
use crate::outbox::TitleKey;
use crate::service::numbering::Unplaced;

/// Titles that are looked at in one go.
const MOST: usize = 1000;

/// What waited when the rules were last asked: how many, and the last.
#[derive(Debug, Default)]
pub struct Asked(Option<(usize, DeliveryId)>);

impl<E: Edges> Engine<E> {
    /// Other rules: whatever they said before is forgotten.
    pub(super) fn rules_changed(&mut self) {
        self.ruled = Asked::default();
        self.lookups.forget_word();
    }

    /// Gives what waits the ids and numbers that the rules say.
    pub(super) fn place_by_rules(&mut self, now: Moment) {
        if self.rules.is_empty() {
            return;
        }
        let waiting = self
            .storage
            .outbox()
            .and_then(crate::outbox::Outbox::waiting_for_ids);
        if waiting.is_none() || waiting == self.ruled.0 {
            return;
        }
        self.ruled = Asked(waiting);
        let Some(wanted) = self.storage.wanted(&mut self.edges, MOST, now) else {
            self.ruled = Asked::default();
            return;
        };
        let mut placed = false;
        for wanted in wanted {
            placed |= self.place(wanted.title, &wanted.media, now);
        }
        if placed {
            self.hand_out(now);
        }
    }

    /// Whether a rule says more than was known.
    fn place(&mut self, title: TitleKey, media: &Media, now: Moment) -> bool {
        // What was watched as a film stays one: that is what was told of it.
        let said = self.rules.read(media);
        let Some(said) = said.filter(|said| said.media_type == media.media_type) else {
            return false;
        };
        let unplaced = Unplaced::of(media);
        let series = media.ids.tmdb.or(said.ids.tmdb);
        let mut news = false;
        if let (Some(series), [season]) = (series, said.season.as_slice())
            && !unplaced.is_empty()
            && unplaced.len() == said.episode.len()
        {
            let numbers = said.episode.iter().map(|number| (*season, *number));
            let word: Vec<_> = unplaced.iter().copied().zip(numbers).collect();
            self.lookups.take_word(series, &word);
            self.storage.let_go(&mut self.edges, title, now);
            news = true;
        }
        let Some(id) = said.ids.tmdb.filter(|_| media.ids.tmdb.is_none()) else {
            return news;
        };
        debug!(title = media.title, id, "a rule names what waits");
        let ids = Ids {
            tmdb: Some(id),
            ..Ids::default()
        };
        self.storage.learn(&mut self.edges, title, &ids, now);
        true
    }
}
