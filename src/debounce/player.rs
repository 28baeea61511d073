//! What signals do to a player, its playback and its session.

use super::Debouncer;
use super::position::Played;
use super::rules::Rules;
use super::session::{Candidate, Due, Playing, Session};
use super::steps::completes;
use super::viewings::{ALREADY_WATCHED, Decision, Viewings, key_of, location_hash};
use crate::identify::{Identity, Verdict};
use crate::model::{
    Action, Item, Journal, Lifecycle, Media, Moment, Playback, PlayerId, PlayerInfo, SessionId,
    Span, Step, Transport, Viewing, ViewingId,
};

/// A player, with what is open in it.
#[derive(Debug)]
pub struct Player {
    pub info: PlayerInfo,
    pub transport: Transport,
    pub rate: f64,
    pub playing: Option<Playing>,
}

impl Player {
    pub fn session(&self) -> Option<&Session> {
        self.playing.as_ref()?.session.as_ref()
    }
}

/// An end that the player claims is believed this close to the end: a share of the length, or seconds.
const CLAIMED_END: (f64, f64) = (0.03, 30.0);
/// Stopped or paused this close to the end (seconds × rate) is an end.
const AT_THE_END: f64 = 3.0;

fn near_end(position: f64, duration: f64, rate: f64, claimed: bool) -> bool {
    let near = if claimed {
        (duration * CLAIMED_END.0).max(CLAIMED_END.1)
    } else {
        AT_THE_END
    };
    position >= duration - near.max(AT_THE_END * rate.max(1.0))
}

/// Adds what was played to the session's viewing, or keeps it for a session to come.
fn bank(viewings: &mut Viewings, playing: &mut Playing, played: Played, rules: &Rules) {
    // The clock alone never gets past the threshold.
    let threshold = if playing.anchor.estimated {
        f64::MAX
    } else {
        playing.threshold(rules)
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
    pub(super) fn appeared(&mut self, id: &PlayerId, info: PlayerInfo, now: Moment) {
        if info.ignored.is_some() {
            self.end_playback(id, false, now);
        }
        match self.players.get_mut(id) {
            Some(player) => player.info = info,
            None => {
                let player = Player {
                    info,
                    transport: Transport::Stopped,
                    rate: 1.0,
                    playing: None,
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
            .is_some_and(|playing| playing.item.location.is_some() && playing.location == location);
        if same {
            return self.refined(id, item, now);
        }
        self.end_playback(id, false, now);
        if let Some(player) = self.players.get_mut(id) {
            let mut playing = Playing::new(item, location, now, player.rate);
            // A player that goes on to its next file need not say that it still plays.
            playing.run(player.transport == Transport::Playing, now);
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
                let duration = item.duration.or(playing.item.duration);
                playing.item = Item { duration, ..item };
                if playing.session.is_none() {
                    playing.location = location_hash(&playing.item);
                }
            }
            None => {
                player.playing = Some(Playing::new(
                    item.clone(),
                    location_hash(&item),
                    now,
                    player.rate,
                ))
            }
        }
    }

    pub(super) fn take_identity(&mut self, id: &PlayerId, identity: Identity, now: Moment) {
        let Some(playing) = self
            .players
            .get_mut(id)
            .and_then(|player| player.playing.as_mut())
        else {
            return;
        };
        let Identity { media, verdict, .. } = identity;
        let another = playing
            .session
            .as_ref()
            .is_some_and(|session| !same_work(&session.media, &media))
            || (playing.session.is_some() && matches!(verdict, Verdict::Ignore(_)));
        if !another && let Some(session) = &mut playing.session {
            session.media.ids.fill_from(&media.ids);
            if let Some(viewing) = self.viewings.get_mut(session.viewing) {
                viewing.media.ids.fill_from(&media.ids);
                viewing.key.ids.fill_from(&media.ids);
            }
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
            if let Some(playing) = self
                .players
                .get_mut(id)
                .and_then(|player| player.playing.as_mut())
            {
                playing.restart_stretch(now);
                playing.lead = start_after;
            }
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
        player.transport = state;
        let Some(playing) = &mut player.playing else {
            return;
        };
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
    }

    /// Stopped: whatever position came with it is not looked at (several players say 0).
    fn stopped(&mut self, id: &PlayerId, now: Moment) {
        self.end_playback(id, false, now);
        if let Some(player) = self.players.get_mut(id) {
            player.transport = Transport::Stopped;
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
        let Some(playing) = self
            .players
            .get_mut(id)
            .and_then(|player| player.playing.as_mut())
        else {
            return;
        };
        let sampled = playing.sample(seconds, seeked, now);
        bank(&mut self.viewings, playing, sampled.played, &self.rules);
        let rules = &self.rules;
        match &mut playing.session {
            Some(session) => {
                if sampled.jumped {
                    session.jumped = Some(now.mono + rules.settle);
                }
                if sampled.jumped
                    && let Some(candidate) = &mut session.candidate
                {
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
            self.back_to_the_beginning(id, now);
        }
    }

    /// A piece of something watched that turns out to be played from its beginning is a re-watch after all.
    fn back_to_the_beginning(&mut self, id: &PlayerId, now: Moment) {
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

    pub(super) fn position_unknown(&mut self, id: &PlayerId, now: Moment) {
        let Some(playing) = self
            .players
            .get_mut(id)
            .and_then(|player| player.playing.as_mut())
        else {
            return;
        };
        playing.anchor.estimate(now.mono);
        if playing.anchor.running() && playing.from.is_none() {
            playing.from = playing.position(now).map(|position| (position, now));
        }
    }

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
                    let reached = self.can_complete(session.viewing);
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
        let Some(playing) = self
            .players
            .get_mut(id)
            .and_then(|player| player.playing.as_mut())
        else {
            return;
        };
        let Some(session) = &mut playing.session else {
            return;
        };
        match due {
            Due::Settled => self.settled(id, now),
            Due::Beat => {
                session.ask(now);
                self.asks.push_back(id.clone());
            }
            Due::Unanswered => {
                session.asked = None;
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
        let Some(playing) = self
            .players
            .get_mut(id)
            .and_then(|player| player.playing.as_mut())
        else {
            return;
        };
        let (duration, rate) = (
            playing.item.duration.unwrap_or(f64::MAX),
            playing.anchor.rate(),
        );
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
        if session.paused && near_end(candidate.position, duration, rate, false) {
            return self.end_session(id, true, now);
        }
        let action = if session.paused {
            Action::Pause
        } else {
            Action::Resume
        };
        self.report(id, action, candidate.since, Some(candidate.position));
    }

    /// Opens a session, if this play is anything.
    fn start(&mut self, id: &PlayerId, now: Moment) {
        let Some(player) = self.players.get_mut(id) else {
            return;
        };
        let Some(playing) = &mut player.playing else {
            return;
        };
        let (Some(media), Some(duration)) = (playing.media.clone(), playing.item.duration) else {
            return;
        };
        if media
            .title
            .as_deref()
            .is_none_or(|title| title.trim().is_empty())
        {
            playing.settled_as_nothing = true;
            return;
        }
        let key = key_of(&media, &playing.item);
        let (from, since) = playing
            .from
            .unwrap_or_else(|| (playing.position(now).unwrap_or(0.0), now));
        let decision = self
            .viewings
            .decide(&key, from / duration, playing.completed_here);
        let local_only = match (&decision, &playing.verdict) {
            (Decision::Nothing, _) => {
                playing.settled_as_nothing = true;
                return;
            }
            (Decision::Piece, _) => Some(ALREADY_WATCHED.to_owned()),
            (_, Some(Verdict::Local(why))) => Some(why.clone()),
            _ => None,
        };
        let viewing = if let Decision::Continue(viewing) = decision {
            if let Some(memory) = self
                .viewings
                .get_mut(viewing)
                .filter(|_| local_only.is_none())
            {
                // Unidentified at first, known now.
                memory.local_only = None;
            }
            viewing
        } else {
            let viewing = ViewingId::random(&mut self.random);
            self.viewings.insert(Viewing {
                id: viewing,
                key,
                media: media.clone(),
                player: player.info.name.clone(),
                started_at: since.wall,
                updated_at: since.wall,
                position: from,
                duration,
                played: 0.0,
                reached: false,
                completed: None,
                local_only,
            });
            viewing
        };
        self.close_orphans_of(viewing);
        self.open_session(id, viewing, media, now);
    }

    fn open_session(&mut self, id: &PlayerId, viewing: ViewingId, media: Media, now: Moment) {
        let session = Session {
            id: SessionId::random(&mut self.random),
            viewing,
            media,
            paused: false,
            candidate: None,
            paused_since: None,
            beat: now.mono + self.rules.progress_every,
            asked: None,
            jumped: None,
            stamp: crate::model::Wall(i64::MIN),
            past: 0.0,
        };
        let Some(player) = self.players.get_mut(id) else {
            return;
        };
        let Some(playing) = &mut player.playing else {
            return;
        };
        if let Some(memory) = self.viewings.get_mut(viewing) {
            // A better identity, or none at first: what is known now is what is kept.
            memory.duration = playing.item.duration.unwrap_or(memory.duration);
            memory.media.ids.fill_from(&session.media.ids);
        }
        playing.session = Some(session);
        playing.run_since = None;
        playing.lead = std::time::Duration::ZERO;
        playing.from = None;
        let played = playing.anchor.carry(now.mono, playing.item.duration);
        bank(&mut self.viewings, playing, played, &self.rules);
        let (length, past) = std::mem::take(&mut playing.unbanked);
        if let (Some(session), Some(memory)) =
            (&mut playing.session, self.viewings.get_mut(viewing))
        {
            session.past += past;
            memory.played = (memory.played + length).min(memory.duration);
            memory.reached |= session.past_threshold();
        }
        self.report(id, Action::Start, now, None);
    }

    /// Ends the session of a playback that is over; `claimed` = the player says that it reached its end.
    pub(super) fn end_playback(&mut self, id: &PlayerId, claimed: bool, now: Moment) {
        self.end_session(id, claimed, now);
    }

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
                if let Some(here) = playing.position(at) {
                    playing.anchor.put(here, now.mono);
                }
                playing.restart_stretch(now);
                self.asks.push_back(id);
            }
        }
    }

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
        let (rate, location, running) = (
            playing.anchor.rate(),
            playing.location,
            playing.anchor.running(),
        );
        let duration = playing.item.duration;
        let Some(session) = &mut playing.session else {
            return;
        };
        let at = session.next_stamp(at);
        session.beat = at.mono + self.rules.progress_every;
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
        viewing.updated_at = at.wall;
        viewing.player.clone_from(&player.info.name);
        let watched = action == Action::Stop && completes(viewing, &self.rules);
        if watched {
            viewing.completed = Some(at.wall);
            playing.completed_here = Some(viewing.id);
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
                playback: Playback {
                    boot_id: self.boot_id,
                    process: player.info.process,
                    location,
                },
                media: session.media.clone(),
                file_name,
                playing: running,
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

/// Whether two identities are the same film or episode; ids may have been added.
fn same_work(a: &Media, b: &Media) -> bool {
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
