//! The user has said what a viewing really was that was kept on this machine: it may be told from now on.

use super::Debouncer;
use super::viewings::is_aside;
use crate::identify::{NOT_THE_LAST, Verdict, verdict};
use crate::model::{
    Action, Ids, Journal, Lifecycle, Media, Moment, SessionId, Step, Viewing, ViewingId,
};

/// What was let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Released {
    /// It goes on: what is seen of it from now on is told.
    Open,
    /// It has been watched: its completion waits to be told, in a session of its own.
    Completed(SessionId),
}

impl Debouncer {
    /// Lets go of a viewing that was kept because nobody could be sure what it was; `None` if it was not kept for that.
    pub fn release(&mut self, id: ViewingId, ids: &Ids, now: Moment) -> Option<Released> {
        let viewing = self.viewings.get_mut(id)?;
        let kept = viewing.local_only.as_deref()?;
        let is_part = is_aside(viewing) || kept == NOT_THE_LAST;
        let sure = Media {
            confidence: 1.0,
            ..viewing.media.clone()
        };
        if is_part || verdict(&sure) != Verdict::Track {
            return None;
        }
        viewing.local_only = None;
        viewing.media.confidence = 1.0;
        for known in [&mut viewing.media.ids, &mut viewing.key.ids] {
            let before = std::mem::replace(known, ids.clone());
            known.fill_from(&before);
        }
        let viewing = viewing.clone();
        for player in self.players.values_mut() {
            let session = player
                .playing
                .as_mut()
                .and_then(|playing| playing.session.as_mut());
            if let Some(session) = session.filter(|session| session.viewing == id) {
                session.media.ids.clone_from(&viewing.media.ids);
            }
        }
        let (step, released) = match viewing.completed {
            None => (remembering(viewing), Released::Open),
            Some(at) => {
                let session = SessionId::random(&mut self.random);
                let at = Moment { wall: at, ..now };
                (
                    completing(viewing, session, at),
                    Released::Completed(session),
                )
            }
        };
        self.steps.push(step);
        Some(released)
    }
}

/// What is known of a viewing, told to nobody.
pub(super) fn remembering(viewing: Viewing) -> Step {
    Step {
        event: None,
        viewing,
        journal: Journal::Same,
        seeked: false,
    }
}

/// The stop that completed it, for those who were not told.
pub(super) fn completing(viewing: Viewing, session: SessionId, at: Moment) -> Step {
    let event = Lifecycle {
        action: Action::Stop,
        at,
        viewing: viewing.id,
        session,
        media: viewing.media.clone(),
        position: viewing.position,
        duration: viewing.duration,
        watched: true,
        player: viewing.player.clone(),
        file_name: None,
    };
    Step {
        event: Some(event),
        viewing,
        journal: Journal::Closed(session),
        seeked: false,
    }
}
