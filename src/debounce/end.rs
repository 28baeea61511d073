//! The end of a session: exactly one stop, at the end or at the last good position.

use super::Debouncer;
use super::player::bank;
use super::viewings::ALREADY_WATCHED;
use crate::model::{Action, Moment, PlayerId};

/// An end that the player claims is believed this close to the end: a share of the length, or seconds.
const CLAIMED_END: (f64, f64) = (0.03, 30.0);
/// Stopped or paused this close to the end (seconds × rate) is an end.
const AT_THE_END: f64 = 3.0;

pub fn near_end(position: f64, duration: f64, rate: f64, claimed: bool) -> bool {
    let near = if claimed {
        (duration * CLAIMED_END.0).max(CLAIMED_END.1)
    } else {
        AT_THE_END
    };
    position >= duration - near.max(AT_THE_END * rate.max(1.0))
}

impl Debouncer {
    /// Ends the session, if there is one, with exactly one `stop`.
    pub(super) fn end_session(&mut self, id: &PlayerId, claimed: bool, now: Moment) {
        let Some(playing) = self
            .players
            .get_mut(id)
            .and_then(|player| player.playing.as_mut())
        else {
            return;
        };
        playing.forget_zero(now);
        let played = playing.anchor.carry(now.mono, playing.item.duration);
        bank(&mut self.viewings, playing, played, &self.rules);
        let Some(session) = &playing.session else {
            return;
        };
        let (here, duration) = (
            playing.position(now).unwrap_or(0.0),
            playing.item.duration.unwrap_or(f64::MAX),
        );
        let ended = near_end(here, duration, playing.anchor.rate(), claimed);
        // The clock alone never completes a viewing; the clock and the player's word together do.
        let ended = ended && (claimed || !playing.anchor.estimated);
        let threshold = playing.threshold(&self.rules);
        if let Some(viewing) = self.viewings.get_mut(session.viewing) {
            viewing.reached |= ended && duration >= threshold;
        }
        let position = if ended { duration } else { here };
        self.report(id, Action::Stop, now, Some(position));
        if let Some(playing) = self
            .players
            .get_mut(id)
            .and_then(|player| player.playing.as_mut())
        {
            playing.session = None;
            playing.restart_stretch(now);
        }
    }

    /// Ends every session as of `at`; positions are taken anew from `now` on (nothing is carried across a suspend).
    pub(super) fn end_all_sessions(&mut self, at: Moment, now: Moment) {
        let ids: Vec<PlayerId> = self.players.keys().cloned().collect();
        for id in ids {
            self.end_session(&id, false, at);
            let Some(playing) = self
                .players
                .get_mut(&id)
                .and_then(|player| player.playing.as_mut())
            else {
                continue;
            };
            if now.mono > at.mono || now.boot > at.boot {
                let here = playing.position(at);
                let running = playing.anchor.running();
                playing.anchor.run(false);
                if let Some(here) = here {
                    playing
                        .anchor
                        .sample(here, false, now.mono, playing.item.duration);
                }
                playing.anchor.run(running);
                playing.restart_stretch(now);
                self.asks.push_back(id);
            }
        }
    }

    /// A piece of something watched that turns out to be played from its beginning is a re-watch after all.
    pub(super) fn back_to_the_beginning(&mut self, id: &PlayerId, now: Moment) {
        let Some(playing) = self
            .players
            .get(id)
            .and_then(|player| player.playing.as_ref())
        else {
            return;
        };
        let Some(session) = &playing.session else {
            return;
        };
        let piece = self
            .viewings
            .get(session.viewing)
            .is_some_and(|viewing| viewing.local_only.as_deref() == Some(ALREADY_WATCHED));
        let fraction =
            playing.position(now).unwrap_or(0.0) / playing.item.duration.unwrap_or(f64::MAX);
        if piece && fraction < 0.1 {
            self.end_session(id, false, now);
            if let Some(playing) = self
                .players
                .get_mut(id)
                .and_then(|player| player.playing.as_mut())
            {
                playing.restart_stretch(now);
            }
        }
    }
}
