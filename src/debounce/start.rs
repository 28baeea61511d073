//! From a stretch of playing to a session: which viewing it belongs to, and its start.

use super::Debouncer;
use super::player::bank;
use super::session::{Playing, Session};
use super::viewings::{ALREADY_WATCHED, BEGINNING, Decision, key_of};
use crate::identify::{NOT_THE_LAST, Verdict};
use crate::model::{Action, Media, Moment, PlayerId, SessionId, Source, Viewing, ViewingId};

/// Seconds; so exactly a loop is where it must be.
const ROUND: f64 = 5.0;

impl Debouncer {
    /// Opens a session, if this play is anything.
    pub(super) fn start(&mut self, id: &PlayerId, now: Moment) {
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
        if player.is_new {
            let playback = playing.playback(&player.info, self.boot_id);
            let completed = self.viewings.completed_in(&key, &playback, now);
            let is_rewatched = self.viewings.is_begun(&key);
            let completed = completed.filter(|viewing| {
                let at = (from, since);
                goes_on(viewing, playing, player.info.source, at, is_rewatched)
            });
            let completed = completed.map(|viewing| viewing.id);
            playing.completed_here = playing.completed_here.or(completed);
        }
        let decision = self.viewings.decide(
            &key,
            from / duration,
            playing.completed_here,
            playing.sought,
        );
        if let Decision::Continue(viewing) = decision
            && self.orphans.iter().any(|span| span.viewing == viewing)
        {
            // Its sessions of the last run end first; that may complete it.
            self.close_orphans_of(viewing);
            return self.start(id, now);
        }
        player.is_new = false;
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
                played_in: None,
            });
            viewing
        };
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
        // All so far may be the clock's word for one old position.
        self.asks.push_back(id.clone());
    }
}

/// Whether a playback found at a position, since a moment, in the process that completed a viewing goes on with it: in its
/// credits, or round and round. What was begun anew by hand meanwhile is near its beginning, and not farther than time allows.
/// Where it `is_rewatched` since, perhaps here, only its place in the film tells that it is not that re-watch.
fn goes_on(
    viewing: &Viewing,
    found: &Playing,
    source: Source,
    at: (f64, Moment),
    is_rewatched: bool,
) -> bool {
    let (from, since) = at;
    let rate = found.anchor.rate();
    let slack = ROUND * rate.max(1.0);
    let elapsed = since.wall.since(viewing.updated_at).as_secs_f64() * rate;
    let is_begun = from < BEGINNING * viewing.duration && from <= elapsed + slack;
    let there = (viewing.position + elapsed).rem_euclid(viewing.duration.max(1.0));
    let apart = (there - from).abs();
    // Not all that loop say so, nor does mpv in its last lap: then it is where it would be after so many rounds.
    let goes_round = apart.min(viewing.duration - apart) <= slack;
    let was_over = viewing.position >= viewing.duration - slack;
    let credits = viewing.position - slack..=viewing.position + elapsed + slack;
    match source {
        _ if is_rewatched => goes_round || !was_over && !is_begun && credits.contains(&from),
        _ if goes_round || found.item.repeated => true,
        // mpv would say if it looped.
        Source::Mpv => !was_over && !is_begun,
        Source::Mpris => !is_begun,
    }
}
