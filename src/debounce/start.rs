//! From a stretch of playing to a session: which viewing it belongs to, and its start.

use super::Debouncer;
use super::player::{bank, playing_in};
use super::release::{completing, remembering};
use super::session::Session;
use super::steps::completes;
use super::viewings::{ALREADY_WATCHED, Decision, is_aside, is_piece, key_of};
use crate::identify::{NOT_THE_LAST, Verdict};
use crate::model::{Action, Media, Moment, PlayerId, SessionId, Viewing, ViewingId};

impl Debouncer {
    /// Opens a session, if this play is anything.
    pub(super) fn start(&mut self, id: &PlayerId, now: Moment) {
        self.compare_found(id, now);
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
            .decide(&key, from / duration, playing.part_of, playing.sought);
        if let Decision::Continue(viewing) = decision
            && self.orphans.iter().any(|span| span.viewing == viewing)
        {
            // Its sessions of the last run end first; that may complete it.
            self.close_orphans_of(viewing);
            return self.start(id, now);
        }
        playing.found = false;
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
            if let Some(memory) = self.viewings.get_mut(viewing) {
                let piece = local_only.as_deref() == Some(NOT_THE_LAST);
                // Unidentified at first, known now; or how far one is in the film is not known now.
                if local_only.is_none() || piece {
                    memory.local_only = local_only;
                }
            }
            viewing
        } else {
            let viewing = ViewingId::random(&mut self.random);
            if decision == Decision::Piece {
                // Its next lap is no new beginning either.
                playing.part_of = Some(viewing);
            }
            let begun = Viewing {
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
                played_in: None,
            };
            self.viewings.begin(begun, since.boot);
            viewing
        };
        self.open_session(id, viewing, media, now);
    }

    /// What was taken for a piece of something watched, and is of a re-watch that was not known yet: it begins again, as that.
    pub(super) fn leave_pieces_of(&mut self, late: &[Viewing], now: Moment) {
        let is_part = |piece: &Viewing| {
            let mut open = late.iter().filter(|late| self.is_unfinished(late));
            is_piece(piece) && open.any(|late| !is_aside(late) && late.key.same_as(&piece.key))
        };
        let players = self.players.iter().filter(|(_, player)| {
            let session = player.session();
            session
                .and_then(|session| self.viewings.get(session.viewing))
                .is_some_and(is_part)
        });
        for id in players.map(|(id, _)| id.clone()).collect::<Vec<_>>() {
            self.end_session(&id, false, now);
            if let Some(playing) = playing_in(&mut self.players, &id) {
                playing.part_of = None;
                playing.restart_stretch(now);
            }
        }
    }

    /// What was taken for such pieces and has ended by now, oldest first, each with the re-watch that it is of.
    pub(super) fn pieces_of(&self, late: &[Viewing]) -> Vec<(ViewingId, ViewingId)> {
        let players = self.players.values();
        let playing: Vec<_> = players
            .filter_map(|player| Some(player.session()?.viewing))
            .collect();
        let rewatch_of = |piece: &Viewing| {
            let mut open = late.iter().filter(|late| self.is_unfinished(late));
            let is_before = |late: &&Viewing| {
                !is_aside(late)
                    && late.key.same_as(&piece.key)
                    && late.updated_at <= piece.started_at
            };
            open.find(is_before).map(|late| late.id)
        };
        let pieces = self.viewings.iter();
        let mut pieces: Vec<_> = pieces
            .filter(|piece| is_piece(piece) && !playing.contains(&piece.id))
            .filter_map(|piece| Some((piece.started_at, rewatch_of(piece)?, piece.id)))
            .collect();
        pieces.sort_unstable();
        let pairs = pieces.into_iter().map(|(_, late, piece)| (late, piece));
        pairs.collect()
    }

    /// Heard of only now, and not completed: what is known here of it may be more than the late witness knows. What began in
    /// this run was never missed.
    fn is_unfinished(&self, late: &Viewing) -> bool {
        let known = self.viewings.get(late.id);
        late.completed.is_none()
            && known.is_none_or(|known| known.completed.is_none())
            && !self.viewings.began_here(late.id)
    }

    /// The re-watch went on with the piece, and perhaps to its end.
    pub(super) fn join_piece(&mut self, viewing: ViewingId, piece: ViewingId, now: Moment) {
        self.close_orphans_of(viewing);
        let Some(piece) = self.viewings.get(piece).cloned() else {
            return;
        };
        if self.viewings.is_superseded(viewing) {
            return;
        }
        let Some(whole) = self.viewings.get_mut(viewing) else {
            return;
        };
        if whole.completed.is_some() {
            return;
        }
        whole.played = (whole.played + piece.played).min(whole.duration);
        whole.reached |= piece.reached;
        whole.position = piece.position;
        whole.updated_at = whole.updated_at.max(piece.updated_at);
        if !completes(whole, &self.rules) {
            return self.steps.push(remembering(whole.clone()));
        }
        whole.completed = Some(piece.updated_at);
        let at = Moment {
            wall: piece.updated_at,
            ..now
        };
        let session = SessionId::random(&mut self.random);
        self.steps.push(completing(whole.clone(), session, at));
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
        // All so far may be the clock's word for one old position.
        self.asks.push_back(id.clone());
    }
}
