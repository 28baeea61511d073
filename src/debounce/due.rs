//! What falls due in one player: a start, a beat, a pause or resume that has held.

use super::Debouncer;
use super::player::playing_in;
use super::session::Due;
use crate::model::{Action, Moment, PlayerId};

impl Debouncer {
    /// Everything that is due in one player by `now`.
    pub(super) fn evaluate(&mut self, id: &PlayerId, now: Moment) {
        self.adopt(id, now);
        // Each round settles one thing that is due; the bound only guards against a mistake of ours.
        for _ in 0..16 {
            let Some(player) = self.players.get(id) else {
                return;
            };
            let Some(playing) = &player.playing else {
                return;
            };
            match &playing.session {
                Some(session) => {
                    let reached = self.can_complete_paused(playing, session);
                    let (at, due) =
                        session.next_due(&self.rules, playing.anchor.running(), reached);
                    if at > now.mono {
                        return;
                    }
                    self.fall_due(id, due, now);
                }
                None => {
                    if playing
                        .start_due(&self.rules)
                        .is_none_or(|at| at > now.mono)
                        || self.drowsy_until.is_some()
                        || self.why_not(player).is_some()
                    {
                        return;
                    }
                    self.start(id, now);
                }
            }
        }
    }

    fn fall_due(&mut self, id: &PlayerId, due: Due, now: Moment) {
        let Some(playing) = playing_in(&mut self.players, id) else {
            return;
        };
        let Some(session) = &mut playing.session else {
            return;
        };
        let viewing = session.viewing;
        let known = self.viewings.get(viewing);
        if known.is_some_and(|viewing| viewing.completed.is_some()) {
            // In another player: nothing of what goes on here is news.
            return self.end_session(id, false, now);
        }
        match due {
            Due::Settled => self.settled(id, now),
            Due::Beat => {
                session.ask(now);
                self.asks.push_back(id.clone());
            }
            Due::Unanswered => {
                session.asked = None;
                playing.anchor.unanswered(now.mono);
                self.report(id, Action::Progress, now, None);
            }
            Due::Jump => self.report(id, Action::Progress, now, None),
            Due::CompletePaused | Due::PauseLimit => {
                self.end_session(id, false, now);
            }
        }
    }

    /// A pause or resume has held: it is reported where and when it happened; a pause at the end is the end.
    fn settled(&mut self, id: &PlayerId, now: Moment) {
        let Some(playing) = playing_in(&mut self.players, id) else {
            return;
        };
        let Some(session) = &mut playing.session else {
            return;
        };
        let Some(candidate) = session.candidate.take() else {
            return;
        };
        session.paused = !session.paused;
        session.paused_since = session.paused.then_some(candidate.since.mono);
        session.jumped = None;
        session.asked = None;
        let action = if session.paused {
            Action::Pause
        } else {
            Action::Resume
        };
        // Where nobody tells the position, the clock may be at the end long before the film is.
        let at_end = playing.anchor.sure() && playing.is_near_end(candidate.position, false);
        if action == Action::Pause && at_end {
            return self.end_session(id, true, now);
        }
        self.report(id, action, candidate.since, Some(candidate.position));
    }
}
