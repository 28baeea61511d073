//! The end of a session: exactly one stop, at the end or at the last good position.

use super::Debouncer;
use super::player::{bank, playing_in};
use super::session::Session;
use super::viewings::is_piece;
use crate::model::{Action, Moment, PlayerId};

impl Debouncer {
    /// Ends the session, if there is one, with exactly one `stop`.
    pub(super) fn end_session(&mut self, id: &PlayerId, claimed: bool, now: Moment) {
        let Some(playing) = playing_in(&mut self.players, id) else {
            return;
        };
        playing.forget_zero(now);
        let tells = playing.anchor.tells_the_end(now.mono);
        let length = playing.item.duration;
        let here = match claimed {
            true => playing.anchor.position(now.mono, length),
            false => playing.anchor.known_position(now.mono, length),
        };
        let played = playing.anchor.carry(now.mono, length);
        bank(&mut self.viewings, playing, played, &self.rules);
        let Some(session) = &playing.session else {
            return;
        };
        let (here, duration) = (here.unwrap_or(0.0), length.unwrap_or(f64::MAX));
        let ended = playing.is_near_end(here, claimed);
        // The clock alone never completes a viewing; the clock and the player's word together do.
        let ended = ended && (claimed || tells);
        let threshold = playing.threshold(&self.rules);
        if let Some(viewing) = self.viewings.get_mut(session.viewing) {
            viewing.reached |= ended && duration >= threshold;
        }
        let position = if ended { duration } else { here };
        self.report(id, Action::Stop, now, Some(position));
        if let Some(playing) = playing_in(&mut self.players, id) {
            playing.session = None;
            playing.restart_stretch(now);
        }
    }

    /// Ends every session as of `at`; positions are taken anew from `now` on (nothing is carried across a suspend).
    pub(super) fn end_all_sessions(&mut self, at: Moment, now: Moment) {
        let ids: Vec<PlayerId> = self.players.keys().cloned().collect();
        for id in ids {
            self.adopt_at_its_end(&id, at);
            self.end_session(&id, false, at);
            let Some(playing) = playing_in(&mut self.players, &id) else {
                continue;
            };
            if now.mono > at.mono || now.boot > at.boot {
                if let Some(here) = playing.position(at) {
                    playing.anchor.put(here, now.mono);
                }
                playing.restart_stretch(now);
                self.asks.push_back(id);
            }
        }
    }

    /// Paused, and back from the end to the beginning: so several players end (Totem, Showtime), in either order.
    pub(super) fn rewound_and_paused(&mut self, id: &PlayerId, now: Moment) {
        let Some(playing) = playing_in(&mut self.players, id) else {
            return;
        };
        let pauses = |session: &Session| !session.paused && session.candidate.is_some();
        if playing.session.as_ref().is_some_and(pauses) && playing.is_rewound(now) {
            self.end_session(id, true, now);
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
        let Some(piece) = self.viewings.get(session.viewing).filter(|v| is_piece(v)) else {
            return;
        };
        let fraction =
            playing.position(now).unwrap_or(0.0) / playing.item.duration.unwrap_or(f64::MAX);
        if fraction < self.viewings.begins_before(&piece.key) {
            self.end_session(id, false, now);
            if let Some(playing) = playing_in(&mut self.players, id) {
                playing.restart_stretch(now);
            }
        }
    }
}
