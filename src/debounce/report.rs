//! The making of a step: the event, its viewing and the session's journal entry as they are after it.

use std::time::Duration;

use super::Debouncer;
use super::session::Playing;
use super::steps::completes;
use crate::model::{Action, Journal, Lifecycle, Moment, PlayerId, Span, Step};

/// However rare the beats: after this it is known whether the player tells its position at all.
pub(super) const FIRST_BEAT: Duration = Duration::from_secs(30);

impl Debouncer {
    /// Makes the step of an event and queues it.
    pub(super) fn report(
        &mut self,
        id: &PlayerId,
        action: Action,
        at: Moment,
        position: Option<f64>,
    ) {
        let Some(player) = self.players.get_mut(id) else {
            return;
        };
        let file_name = player.playing.as_ref().and_then(Playing::file_name);
        let Some(playing) = &mut player.playing else {
            return;
        };
        let here = position.or_else(|| playing.position(at)).unwrap_or(0.0);
        let playback = playing.playback(&player.info, self.boot_id);
        let rate = playing.anchor.rate();
        let duration = playing.item.duration;
        let Some(session) = &mut playing.session else {
            return;
        };
        let at = session.next_stamp(at);
        let every = self.rules.progress_every;
        session.beat = at.mono
            + match action {
                Action::Start => every.min(FIRST_BEAT),
                _ => every,
            };
        let seeked = session.jumped.take().is_some() && action == Action::Progress;
        if !action.is_live() || action == Action::Progress {
            session.asked = None;
        }
        let Some(viewing) = self.viewings.get_mut(session.viewing) else {
            return;
        };
        let duration = duration
            .filter(|length| *length > 0.0)
            .unwrap_or(viewing.duration);
        let here = here.clamp(0.0, duration);
        viewing.position = here;
        viewing.duration = duration;
        // Not earlier than what is known of it, though the clock was set back: older witnesses are told by that.
        viewing.updated_at = viewing.updated_at.max(at.wall);
        viewing.player.clone_from(&player.info.name);
        let watched = action == Action::Stop && completes(viewing, &self.rules);
        if viewing.completed.is_none() {
            viewing.played_in = Some(playback.clone());
        }
        if watched {
            viewing.completed = Some(at.wall);
        }
        if action == Action::Stop && viewing.completed.is_some() {
            // Here, or in another player meanwhile.
            playing.part_of = Some(viewing.id);
        }
        let event = Lifecycle {
            action,
            at,
            viewing: viewing.id,
            session: session.id,
            media: session.media.clone(),
            position: here,
            duration,
            watched,
            player: player.info.name.clone(),
            file_name: file_name.clone(),
        };
        let journal = if action == Action::Stop {
            Journal::Closed(session.id)
        } else {
            Journal::Open(Box::new(Span {
                session: session.id,
                viewing: viewing.id,
                player: id.clone(),
                player_name: player.info.name.clone(),
                playback,
                media: session.media.clone(),
                file_name,
                playing: !session.paused,
                rate,
                position: here,
                duration,
                at,
                stamp: at.wall,
            }))
        };
        self.steps.push(Step {
            event: Some(event),
            viewing: viewing.clone(),
            journal,
            seeked,
        });
    }
}
