//! A player and what is open in it, and what its signals do to them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Debouncer;
use super::laps::{Completed, LOOPED_WITHIN, differ};
use super::position::Played;
use super::rules::Rules;
use super::session::{Candidate, Playing, Session};
use super::viewings::{Viewings, location_hash};
use crate::model::{Action, EndReason, Item, Moment, PlayerId, PlayerInfo, Transport};

/// In this time a clock that runs has moved.
const MOVES: Duration = Duration::from_secs(2);

/// A player, with what is open in it.
#[derive(Debug)]
pub struct Player {
    pub info: PlayerInfo,
    /// `None` before it has told anything.
    pub transport: Option<Transport>,
    pub rate: f64,
    pub playing: Option<Playing>,
    /// What has come to its end here last, if it completed a viewing: a loop of it is nothing new.
    pub completed: Option<Completed>,
    /// Appeared at.
    pub since: Moment,
}

impl Player {
    pub fn session(&self) -> Option<&Session> {
        self.playing.as_ref()?.session.as_ref()
    }

    /// Opens it. What a player tells first it may have begun before it was looked at, and so may a lap that begins right then.
    fn open(&self, item: Item, location: u64, now: Moment) -> Playing {
        let mut playing = Playing::new(item, location, now, self.rate);
        playing.found = self.transport.is_none() || self.is_new(now);
        playing
    }

    fn is_new(&self, now: Moment) -> bool {
        now.mono.saturating_sub(self.since.mono) <= LOOPED_WITHIN
    }

    pub fn is_stopped(&self) -> bool {
        self.transport
            .is_none_or(|state| state == Transport::Stopped)
    }
}

/// What plays in a player, to be changed while the rest of the debouncer stays in reach.
pub(super) fn playing_in<'a>(
    players: &'a mut BTreeMap<PlayerId, Player>,
    id: &PlayerId,
) -> Option<&'a mut Playing> {
    players.get_mut(id)?.playing.as_mut()
}

/// Adds what was played to the session's viewing, or keeps it for a session to come.
pub fn bank(viewings: &mut Viewings, playing: &mut Playing, played: Played, rules: &Rules) {
    // The clock alone never gets past the threshold.
    let threshold = if playing.anchor.sure() {
        playing.threshold(rules)
    } else {
        f64::MAX
    };
    let Some(session) = &mut playing.session else {
        return playing.keep_unbanked(played, threshold);
    };
    session.past += played.past(threshold);
    if let Some(viewing) = viewings.get_mut(session.viewing) {
        viewing.played = (viewing.played + played.length()).min(viewing.duration);
        viewing.reached |= session.past_threshold();
    }
}

impl Debouncer {
    /// The playback is over.
    pub(super) fn ended(&mut self, id: &PlayerId, reason: EndReason, now: Moment) {
        self.adopt_at_its_end(id, now);
        self.end_session(id, reason == EndReason::Eof, now);
        self.compare_found(id, now);
        if let Some(player) = self.players.get_mut(id) {
            player.is_over(now);
            player.playing = None;
        }
    }

    pub(super) fn appeared(&mut self, id: &PlayerId, info: PlayerInfo, now: Moment) {
        if info.ignored.is_some() {
            // What it plays meanwhile nobody sees: it is as new when it is watched again.
            self.end_session(id, false, now);
            self.players.remove(id);
        }
        match self.players.get_mut(id) {
            Some(player) => player.info = info,
            None => {
                let player = Player {
                    info,
                    transport: None,
                    rate: 1.0,
                    playing: None,
                    completed: None,
                    since: now,
                };
                self.players.insert(id.clone(), player);
            }
        }
    }

    pub(super) fn opened(&mut self, id: &PlayerId, item: Item, now: Moment) {
        let location = location_hash(&item);
        let same = self
            .players
            .get(id)
            .and_then(|player| player.playing.as_ref())
            .is_some_and(|playing| {
                playing.item.location.is_some()
                    && playing.location == location
                    && !differ(playing.item.entry, item.entry)
            });
        if same {
            return self.refined(id, item, now);
        }
        self.adopt_at_its_end(id, now);
        self.end_session(id, false, now);
        if let Some(player) = self.players.get_mut(id) {
            let looped = player.looped(location, &item, now);
            let mut playing = player.open(item, location, now);
            playing.part_of = looped;
            // A player that goes on to its next file need not say that it still plays.
            playing.run(player.transport == Some(Transport::Playing), now);
            player.playing = Some(playing);
            self.asks.push_back(id.clone());
        }
    }

    pub(super) fn refined(&mut self, id: &PlayerId, item: Item, now: Moment) {
        let Some(player) = self.players.get_mut(id) else {
            return;
        };
        match &mut player.playing {
            Some(playing) => {
                // Of one player seen twice the other one may know less.
                playing.item = Item {
                    duration: item.duration.or(playing.item.duration),
                    entry: item.entry.or(playing.item.entry),
                    ..item
                };
                if playing.session.is_none() {
                    let location = location_hash(&playing.item);
                    if location != playing.location {
                        playing.verdict = None;
                    }
                    playing.location = location;
                }
            }
            None => player.playing = Some(player.open(item.clone(), location_hash(&item), now)),
        }
    }

    pub(super) fn transport(
        &mut self,
        id: &PlayerId,
        state: Transport,
        position: Option<f64>,
        now: Moment,
    ) {
        if state == Transport::Stopped {
            return self.stopped(id, now);
        }
        if let Some(seconds) = position {
            self.position(id, seconds, false, now);
        }
        let Some(player) = self.players.get_mut(id) else {
            return;
        };
        let starts = player.is_stopped();
        let found = starts && player.is_new(now);
        player.transport = Some(state);
        let playing = player.playing.as_ref().filter(|_| starts);
        let item = playing.map(|playing| (playing.location, playing.item.clone()));
        let looped = item.and_then(|(location, item)| player.looped(location, &item, now));
        let Some(playing) = &mut player.playing else {
            return;
        };
        playing.part_of = playing.part_of.or(looped);
        playing.found |= found;
        let played = playing.anchor.carry(now.mono, playing.item.duration);
        bank(&mut self.viewings, playing, played, &self.rules);
        playing.run(state == Transport::Playing, now);
        let here = playing.position(now).unwrap_or(0.0);
        let Some(session) = &mut playing.session else {
            return;
        };
        let paused = state == Transport::Paused;
        if paused == session.paused {
            session.candidate = None;
        } else if session.candidate.is_none() {
            session.candidate = Some(Candidate {
                since: now,
                position: here,
            });
        }
        self.rewound_and_paused(id, now);
    }

    /// Stopped: whatever position came with it is not looked at (several players say 0).
    fn stopped(&mut self, id: &PlayerId, now: Moment) {
        self.adopt_at_its_end(id, now);
        self.end_session(id, false, now);
        self.compare_found(id, now);
        if let Some(player) = self.players.get_mut(id) {
            player.transport = Some(Transport::Stopped);
            player.is_over(now);
            let rate = player.rate;
            player.playing = player.playing.take().map(|old| {
                let mut fresh = Playing::new(old.item, old.location, now, rate);
                fresh.media = old.media;
                fresh.verdict = old.verdict;
                fresh
            });
        }
    }

    pub(super) fn rate(&mut self, id: &PlayerId, rate: f64, now: Moment) {
        let Some(player) = self.players.get_mut(id) else {
            return;
        };
        player.rate = rate;
        let Some(playing) = &mut player.playing else {
            return;
        };
        let played = playing.anchor.carry(now.mono, playing.item.duration);
        bank(&mut self.viewings, playing, played, &self.rules);
        playing.anchor.set_rate(rate);
    }

    pub(super) fn position(&mut self, id: &PlayerId, seconds: f64, seeked: bool, now: Moment) {
        if !seconds.is_finite() {
            return;
        }
        let Some(player) = self.players.get_mut(id) else {
            return;
        };
        let is_paused = player.transport == Some(Transport::Paused);
        let Some(playing) = &mut player.playing else {
            return;
        };
        let was_estimated = playing.anchor.is_estimated();
        let sampled = playing.sample(seconds, seeked, now);
        let is_doubtful = !was_estimated && playing.anchor.is_estimated();
        // The next lap of a looped file is nobody's seek.
        let is_lap = !is_paused && playing.is_rewound(now);
        if sampled.jumped && !is_lap {
            playing.sought = Some(now.boot);
        }
        bank(&mut self.viewings, playing, sampled.played, &self.rules);
        let rules = &self.rules;
        // A 0 in a pause may be the stop that is about to be said.
        let moved = sampled.jumped && !playing.is_put_back();
        match &mut playing.session {
            Some(session) => {
                if sampled.jumped {
                    session.jumped = Some(now.mono + rules.settle);
                }
                if moved && let Some(candidate) = &mut session.candidate {
                    candidate.position = seconds;
                }
                let asked = session.asked.take().is_some();
                if asked
                    && !session.paused
                    && session.candidate.is_none()
                    && session.jumped.is_none()
                {
                    self.report(id, Action::Progress, now, None);
                }
            }
            None if sampled.jumped => playing.restart_stretch(now),
            None => {
                if playing.anchor.running() && playing.from.is_none() {
                    playing.from = Some((seconds, now));
                }
            }
        }
        if sampled.jumped {
            self.rewound_and_paused(id, now);
            self.back_to_the_beginning(id, now);
        }
        if is_doubtful {
            self.ask_again(id, now);
        }
    }

    /// It is where it was when it was asked last: its clock stands still, or it jumped back by as much. The next answer will tell.
    fn ask_again(&mut self, id: &PlayerId, now: Moment) {
        let playing = playing_in(&mut self.players, id);
        if let Some(session) = playing.and_then(|playing| playing.session.as_mut()) {
            session.beat = session.beat.min(now.mono + MOVES);
        }
    }

    pub(super) fn position_unknown(&mut self, id: &PlayerId, now: Moment) {
        let Some(playing) = playing_in(&mut self.players, id) else {
            return;
        };
        playing.anchor.estimate(now.mono);
        let here = playing.position(now).map(|position| (position, now));
        playing.first = playing.first.or(here);
        if playing.anchor.running() && playing.from.is_none() {
            playing.from = here;
        }
    }
}
