//! Sessions of a former run: adopted where the same playback is still there and the machine has not slept, closed otherwise.

use std::collections::BTreeSet;
use std::time::Duration;

use super::identity::{learn_ids, same_work};
use super::player::{Player, playing_in};
use super::release::remembering;
use super::report::FIRST_BEAT;
use super::session::{Candidate, Session};
use super::steps::completes;
use super::viewings::key_of;
use super::{Debouncer, STEP_BACK, SUSPEND};
use crate::model::{
    Action, Item, Journal, Lifecycle, Moment, PlayerId, SessionId, Span, Step, Transport, Viewing,
    ViewingId, Wall,
};

/// After the first scan, so much time is left to adopt.
pub const ADOPT_WITHIN: Duration = Duration::from_secs(10);
/// A speed at which people still watch.
const WATCHED_AT: f64 = 2.0;
/// A position may differ by this (seconds × rate) from what the time that passed allows.
pub(super) const SLACK: f64 = 10.0;

impl Debouncer {
    /// Takes over the session of a former run whose playback this is, once it is known what that is by now.
    pub(super) fn adopt(&mut self, id: &PlayerId, now: Moment) {
        let playing = playing_in(&mut self.players, id);
        if playing.is_some_and(|playing| playing.verdict.is_some()) {
            self.take_over(id, now);
        }
    }

    /// It is about to end, or will not be waited for any longer: if that is not known yet, it is what the former run took it for.
    pub(super) fn adopt_at_its_end(&mut self, id: &PlayerId, now: Moment) {
        self.take_over(id, now);
    }

    fn take_over(&mut self, id: &PlayerId, now: Moment) {
        if !self.tracking || self.orphans.is_empty() || self.orphans_wait {
            return;
        }
        let Some(index) = self.orphan_of(id, now) else {
            return;
        };
        let span = self.orphans.swap_remove(index);
        let Some(player) = self.players.get_mut(id) else {
            return;
        };
        let paused_now = player.transport == Some(Transport::Paused);
        let Some(playing) = &mut player.playing else {
            return;
        };
        let here = playing.position(now).unwrap_or(span.position);
        let was_paused = !span.playing;
        let away = now.boot.saturating_sub(span.at.boot);
        let session = Session {
            id: span.session,
            viewing: span.viewing,
            media: span.media,
            paused: was_paused,
            candidate: (paused_now != was_paused).then_some(Candidate {
                since: now,
                position: here,
            }),
            paused_since: was_paused.then(|| now.mono.saturating_sub(away)),
            // All so far is the word of the first look.
            beat: now.mono + self.rules.progress_every.min(FIRST_BEAT),
            asked: None,
            jumped: None,
            stamp: span.stamp,
            past: 0.0,
        };
        playing.session = Some(session);
        if let Some(media) = playing.verdict.as_ref().and(playing.media.as_ref()) {
            let ids = media.ids.clone();
            learn_ids(&mut self.viewings, playing, &ids);
        }
        playing.found = false;
        playing.run_since = None;
        playing.from = None;
        playing.unbanked = (0.0, 0.0);
        self.bank_absence(id, span.position, here);
        let expected = span.at.wall.plus(away);
        if expected.since(now.wall) > STEP_BACK {
            // What follows would be stamped with a time to come.
            let at = Moment {
                wall: expected,
                ..now
            };
            self.end_session(id, false, at);
            if let Some(playing) = playing_in(&mut self.players, id) {
                playing.restart_stretch(now);
            }
        }
        if self.orphans.is_empty() {
            self.close_orphans = None;
        }
    }

    /// What the player went on playing while no daemon was there.
    fn bank_absence(&mut self, id: &PlayerId, from: f64, to: f64) {
        let rules = &self.rules;
        let Some(playing) = playing_in(&mut self.players, id) else {
            return;
        };
        let threshold = playing.threshold(rules);
        let played = super::position::Played::between(from, to);
        let Some(session) = &mut playing.session else {
            return;
        };
        session.past += played.past(threshold);
        if let Some(viewing) = self.viewings.get_mut(session.viewing) {
            viewing.played = (viewing.played + played.length()).min(viewing.duration);
            viewing.reached |= session.past_threshold();
        }
    }

    fn orphan_of(&self, id: &PlayerId, now: Moment) -> Option<usize> {
        let player = self.players.get(id)?;
        let playing = player.playing.as_ref()?;
        // What became private meanwhile is closed where it was left, and so is what is taken for another work.
        let is_refused = self.refused(player).is_some();
        if playing.session.is_some() || player.is_stopped() || is_refused {
            return None;
        }
        let known = playing.verdict.as_ref().and(playing.media.as_ref());
        let here = playing.position(now)?;
        let process = player.info.process?;
        self.orphans.iter().position(|span| {
            // It may have been changed at any time since; faster than that nobody watches.
            let rate = span.rate.max(playing.anchor.rate().min(WATCHED_AT));
            let elapsed = now.boot.saturating_sub(span.at.boot).as_secs_f64() * rate;
            let slack = SLACK * span.rate.max(1.0);
            span.playback.boot_id == self.boot_id
                && now.slept_since(&span.at) < SUSPEND
                && span.playback.process == Some(process)
                && span.playback.location == playing.location
                && known.is_none_or(|media| same_work(media, &span.media))
                && self.rules.refuse_media(&span.media).is_none()
                && here >= span.position - slack
                && here <= span.position + elapsed + slack
                && self.viewings.get(span.viewing).is_some()
                && !self.viewings.is_superseded(span.viewing)
        })
    }

    /// The journal as it should be: every session that is open, and every one that is not adopted yet.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        let players = self.players.iter();
        let open = players.filter_map(|(id, player)| self.span_of(id, player));
        open.chain(self.orphans.iter().cloned()).collect()
    }

    fn span_of(&self, id: &PlayerId, player: &Player) -> Option<Span> {
        let playing = player.playing.as_ref()?;
        let session = playing.session.as_ref()?;
        let viewing = self.viewings.get(session.viewing)?;
        Some(Span {
            session: session.id,
            viewing: session.viewing,
            player: id.clone(),
            player_name: player.info.name.clone(),
            playback: playing.playback(&player.info, self.boot_id),
            media: session.media.clone(),
            file_name: playing.file_name(),
            playing: !session.paused,
            rate: playing.anchor.rate(),
            position: playing.position(self.last).unwrap_or(viewing.position),
            duration: viewing.duration,
            at: self.last,
            stamp: session.stamp,
        })
    }

    /// Sessions that were closed after all: the journal was out of date.
    pub fn forget_sessions(&mut self, over: &BTreeSet<SessionId>) {
        self.orphans.retain(|span| !over.contains(&span.session));
        if self.orphans.is_empty() {
            self.close_orphans = None;
        }
        self.put_aside();
    }

    /// Remembers viewings as an older witness tells them.
    pub fn revive(&mut self, told: impl Iterator<Item = Viewing>) {
        self.viewings.revive(told);
    }

    /// A viewing goes on elsewhere: its old session ends before the new one begins.
    pub(super) fn close_orphans_of(&mut self, viewing: ViewingId) {
        self.orphans.sort_by_key(|span| span.at.wall);
        while let Some(index) = self.orphans.iter().position(|span| span.viewing == viewing) {
            let span = self.orphans.remove(index);
            self.close_orphan(span);
        }
    }

    pub(super) fn close_all_orphans(&mut self) {
        self.close_orphans(|_| true);
    }

    /// These sessions of a former run are not gone on with.
    pub fn close_orphans(&mut self, over: impl Fn(SessionId) -> bool) {
        self.orphans.sort_by_key(|span| span.at.wall);
        while let Some(index) = self.orphans.iter().position(|span| over(span.session)) {
            let span = self.orphans.remove(index);
            self.close_orphan(span);
        }
        if self.orphans.is_empty() {
            self.close_orphans = None;
        }
    }

    /// One stop, with the last good position and the time of that. The last one of a viewing completes it: nothing newer of
    /// it was ever told.
    fn close_orphan(&mut self, span: Span) {
        let at = self.end_of(&span);
        if self.viewings.get(span.viewing).is_none() {
            self.viewings.insert(recovered(&span));
        }
        let superseded = self.viewings.is_superseded(span.viewing);
        let Some(viewing) = self.viewings.get_mut(span.viewing) else {
            return;
        };
        let last = self.orphans.iter().all(|o| o.viewing != span.viewing);
        let watched = last && !superseded && completes(viewing, &self.rules);
        let known = viewing.played_in.as_ref();
        if viewing.completed.is_none() && !known.is_some_and(|it| it.is_beside(&span.playback)) {
            viewing.played_in = Some(span.playback.clone());
        }
        if watched {
            viewing.completed = Some(at.wall);
        }
        viewing.updated_at = viewing.updated_at.max(at.wall);
        let event = Lifecycle {
            action: Action::Stop,
            at,
            viewing: span.viewing,
            session: span.session,
            media: span.media,
            position: span.position,
            duration: span.duration,
            watched,
            player: span.player_name,
            file_name: span.file_name,
        };
        self.steps.push(Step {
            event: Some(event),
            viewing: viewing.clone(),
            journal: Journal::Closed(span.session),
            seeked: false,
        });
        self.put_aside();
    }

    /// What was gone on with as another viewing before it was known is over with its last session.
    fn put_aside(&mut self) {
        let open = self.orphans.iter().map(|span| span.viewing).collect();
        for viewing in self.viewings.put_aside(&open) {
            self.steps.push(remembering(viewing));
        }
    }
}

impl Debouncer {
    /// When a session of a former run ended, as far as its journal tells: after all that was told of it, which was on the disk
    /// first; and before this boot, if not in it.
    fn end_of(&self, span: &Span) -> Moment {
        let wall = span.at.wall.max(Wall(span.stamp.0.saturating_add(1)));
        match span.playback.boot_id == self.boot_id {
            true => Moment { wall, ..span.at },
            false => Moment {
                mono: Duration::ZERO,
                boot: Duration::ZERO,
                wall,
            },
        }
    }
}

/// A viewing whose record was lost, as far as its open session tells.
fn recovered(span: &Span) -> Viewing {
    let mut key = key_of(&span.media, &Item::default());
    key.location = span.playback.location;
    Viewing {
        id: span.viewing,
        key,
        media: span.media.clone(),
        player: span.player_name.clone(),
        started_at: span.at.wall,
        updated_at: span.at.wall,
        position: span.position,
        duration: span.duration,
        played: 0.0,
        reached: false,
        completed: None,
        local_only: None,
        played_in: Some(span.playback.clone()),
    }
}
