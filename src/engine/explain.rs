//! Why a player's playback is, or is not, tracked; and the user's word on what a viewing really was.

use serde_json::Value;

use super::control::{closed, player_row, unusable};
use super::{Edges, Engine};
use crate::control::{Explained, Release, Rematched, Response};
use crate::debounce::{PlayerView, Released, key_of};
use crate::error::CliError;
use crate::identify::identity_json;
use crate::model::{AccountKey, Ids, Item, Location, Media, Moment, ViewingId};
use crate::outbox::{Reach, TitleKey};

impl<E: Edges> Engine<E> {
    /// Everything about one player.
    pub(super) fn explain(&self, wanted: &str) -> Response {
        let named = |player: &PlayerView<'_>| player.info.is_called(player.id, wanted);
        let mut players: Vec<_> = self.debouncer.players().filter(named).collect();
        // Of several of one name the one that plays something is meant, unless it is an id.
        let key = |player: &PlayerView<'_>| {
            let is_id = *player.id.0 == *wanted;
            (
                !is_id,
                player.info.ignored.is_some(),
                player.media.is_none(),
            )
        };
        players.sort_by_key(key);
        let Some(player) = players.into_iter().next() else {
            return Response::Failed(
                CliError::user(format!("there is no player {wanted:?}"))
                    .hint("`reeld players` lists them; for a file give its path"),
            );
        };
        let open = self.open.get(player.id);
        Response::Explained(Box::new(Explained {
            open: open.and_then(|open| place(&open.item)),
            identity: open.map(|open| {
                let identity = self.identity_of(open);
                identity_json(&identity)
            }),
            player: player_row(player),
        }))
    }

    /// The user says what the film or series of a viewing is.
    pub(super) fn rematch(
        &mut self,
        viewing: &str,
        known: Option<Value>,
        ids: &Ids,
        now: Moment,
    ) -> Response {
        let remembered = viewing
            .parse::<ViewingId>()
            .ok()
            .and_then(|id| self.debouncer.viewing(id))
            .map(|viewing| viewing.media.clone());
        let media = remembered.or_else(|| serde_json::from_value::<Media>(known?).ok());
        let title = media
            .as_ref()
            .and_then(|media| TitleKey::of(&key_of(media, &Item::default())));
        let (Some(media), Some(title)) = (media, title) else {
            return Response::Failed(
                CliError::user(format!(
                    "there is no viewing {viewing:?} with a title and a type"
                ))
                .hint("`reeld history --json` shows the viewings with their ids"),
            );
        };
        let id: Option<ViewingId> = viewing.parse().ok();
        let Some(outbox) = self.storage.ready(&mut self.edges, now) else {
            return Response::Failed(closed(self.storage.problem()));
        };
        let reached = id.map_or_else(|| Ok(Vec::new()), |id| outbox.reach(id));
        let learnt = outbox.learn(title, ids).and(reached);
        let reached = match learnt {
            Ok(reached) => reached,
            Err(error) => return Response::Failed(unusable(&error)),
        };
        let has_it = |(key, reach): (AccountKey, Reach)| {
            (reach == Reach::Delivered && media.ids.tmdb != ids.tmdb).then_some(key.service)
        };
        Response::Rematched(Box::new(Rematched {
            told_before: reached.into_iter().filter_map(has_it).collect(),
            released: id.and_then(|id| self.release(id, ids, now)),
            media,
        }))
    }

    /// Tells what was kept here for want of an identity; what has been watched, to those who were linked then.
    fn release(&mut self, id: ViewingId, ids: &Ids, now: Moment) -> Option<Release> {
        let released = self.debouncer.release(id, ids, now)?;
        let Released::Completed(session) = released else {
            return Some(Release::FromNowOn);
        };
        let watched = self.debouncer.viewing(id)?.completed?;
        let mut linked = self.active();
        linked.retain(|key| {
            let mut accounts = self.accounts.iter();
            accounts.any(|account| account.key == *key && account.linked_since <= watched)
        });
        self.bound.insert(session, linked);
        Some(Release::Watched)
    }
}

fn place(item: &Item) -> Option<String> {
    let location = item.location.as_ref().map(Location::as_str);
    location.or(item.title.as_deref()).map(str::to_owned)
}
