//! What an identity does to a playback: it names it, adds to what is known of it, or shows that it is another work.

use super::Debouncer;
use super::player::playing_in;
use super::session::Playing;
use super::viewings::Viewings;
use crate::identify::{Identity, Verdict};
use crate::model::{Ids, Media, Moment, PlayerId};

impl Debouncer {
    pub(super) fn take_identity(&mut self, id: &PlayerId, identity: Identity, now: Moment) {
        let Some(playing) = playing_in(&mut self.players, id) else {
            return;
        };
        let Identity { media, verdict, .. } = identity;
        let another = playing
            .session
            .as_ref()
            .is_some_and(|session| !same_work(&session.media, &media))
            || (playing.session.is_some() && matches!(verdict, Verdict::Ignore(_)));
        if !another {
            learn_ids(&mut self.viewings, playing, &media.ids);
        }
        let changed = playing
            .media
            .as_ref()
            .is_none_or(|old| !same_work(old, &media));
        playing.media = Some(media);
        playing.verdict = Some(verdict);
        if changed {
            playing.settled_as_nothing = false;
        }
        if another {
            self.end_session(id, false, now);
            let start_after = self.rules.start_after;
            if let Some(playing) = playing_in(&mut self.players, id) {
                playing.restart_stretch(now);
                playing.lead = start_after;
            }
        }
    }
}

/// What is going on is known by these ids as well.
pub(super) fn learn_ids(viewings: &mut Viewings, playing: &mut Playing, ids: &Ids) {
    let Some(session) = &mut playing.session else {
        return;
    };
    session.media.ids.fill_from(ids);
    if let Some(viewing) = viewings.get_mut(session.viewing) {
        viewing.media.ids.fill_from(ids);
        viewing.key.ids.fill_from(ids);
    }
}

/// Whether two identities are the same film or episode; ids may have been added.
pub(super) fn same_work(a: &Media, b: &Media) -> bool {
    let of = |media: &Media| {
        (
            media.media_type,
            media.title.as_deref().map(crate::model::title_key),
            media.season.clone(),
            media.episode.clone(),
            media.absolute_episode.clone(),
        )
    };
    of(a) == of(b)
}
