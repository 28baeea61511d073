//! Laps and credits: which playback is part of the one that completed its film, and which is a new one.
//!
//! | the playback … | is part of it |
//! | --- | --- |
//! | was seen to begin | if it begins by itself where that one has just ended, and is no other entry of the playlist: mpv says so; on the bus, within a minute of the end where the player is set to loop, and within three seconds where it is not |
//! | was *found* (this run did not see it begin) in the process that completed the film, as an entry of its playlist | if it is the same entry: a lap may be paused or slowed down, so its place says nothing |
//! | … as an entry that is not known | unless it was visibly begun anew: near its beginning, no farther than time allows (any time, where the clock was set back), and neither looped nor where so many laps have brought it |
//! | … the same, while a re-watch is under way, or if that one had ended and this mpv does not loop | only where laps or credits have brought it |
//!
//! mpv's `loop-file` begins no playback: its laps are seeks, and mpv says of them what it says of the user's (`seek`,
//! `playback-restart`; neither `eof-reached` nor, where it loops for ever, any option changes). So a lap is told from a seek by where
//! it comes from (`Playing::is_rewound`), for every player alike.

use std::time::Duration;

use super::Debouncer;
use super::player::Player;
use super::session::Playing;
use super::viewings::{BEGINNING, key_of};
use crate::model::{Item, Moment, PlayerId, Source, Viewing, ViewingId};

/// On the bus nobody says what is a lap, and VLC stops in between: so soon after its end the same file is one, …
pub const LOOPED_WITHIN: Duration = Duration::from_secs(3);
/// … and later where the player is set to loop, be it slow to open what it plays.
const SAID_TO_LOOP_WITHIN: Duration = Duration::from_secs(60);
/// Seconds; so exactly a loop is where it must be.
const ROUND: f64 = 5.0;

/// A playback that is over and completed a viewing.
#[derive(Debug)]
pub struct Completed {
    location: u64,
    entry: Option<u64>,
    viewing: ViewingId,
    /// When it came to its end; not if it was left before.
    ended: Option<Moment>,
}

impl Player {
    /// What plays comes to its end, or stops.
    pub(super) fn is_over(&mut self, now: Moment) {
        let Some(playing) = &self.playing else { return };
        let position = playing.position(now);
        let at_end = position.is_some_and(|seconds| playing.is_near_end(seconds, false));
        if let Some(viewing) = playing.part_of {
            self.completed = Some(Completed {
                location: playing.location,
                entry: playing.item.entry,
                viewing,
                ended: at_end.then_some(now),
            });
        }
    }

    /// The viewing that was completed by what is looped now.
    pub(super) fn looped(&mut self, location: u64, item: &Item, now: Moment) -> Option<ViewingId> {
        let over = self.completed.take()?;
        let within = match item.repeated {
            true => SAID_TO_LOOP_WITHIN,
            false => LOOPED_WITHIN,
        };
        // No loop sleeps.
        let is_soon = |end: Moment| now.boot.saturating_sub(end.boot) <= within;
        let is_lap = match self.info.source {
            Source::Mpv => item.repeated,
            Source::Mpris => over.ended.is_some_and(is_soon),
        };
        let is_same = over.location == location && !differ(over.entry, item.entry);
        (is_same && is_lap).then_some(over.viewing)
    }
}

impl Debouncer {
    /// Compares what was found with what its process completed.
    pub(super) fn compare_found(&mut self, id: &PlayerId, now: Moment) {
        let Some(player) = self.players.get_mut(id) else {
            return;
        };
        let Some(playing) = player.playing.as_mut().filter(|playing| playing.found) else {
            return;
        };
        let (Some(media), Some(first)) = (&playing.media, playing.first) else {
            return;
        };
        let key = key_of(media, &playing.item);
        let playback = playing.playback(&player.info, self.boot_id);
        let is_rewatched = self.viewings.is_begun(&key);
        let completed = self.viewings.completed_in(&key, &playback, now);
        let completed = completed
            .filter(|viewing| goes_on(viewing, playing, player.info.source, first, is_rewatched));
        let completed = completed.map(|viewing| viewing.id);
        playing.part_of = playing.part_of.or(completed);
    }
}

/// Whether both are known and not the same.
pub fn differ(before: Option<u64>, now: Option<u64>) -> bool {
    before.zip(now).is_some_and(|(before, now)| before != now)
}

/// Whether a playback found at a position then goes on with the one that completed a viewing in its process.
fn goes_on(
    completed: &Viewing,
    found: &Playing,
    source: Source,
    (at, then): (f64, Moment),
    is_rewatched: bool,
) -> bool {
    let before = completed.played_in.as_ref().and_then(|before| before.entry);
    if let Some((before, now)) = before.zip(found.item.entry) {
        return before == now;
    }
    let rate = found.anchor.rate();
    let slack = ROUND * rate.max(1.0);
    // By a clock that was set back nobody knows how much: any.
    let is_dated = then.wall >= completed.updated_at;
    let elapsed = match is_dated {
        true => then.wall.since(completed.updated_at).as_secs_f64() * rate,
        false => completed.duration,
    };
    // Completed near its beginning, it is there still.
    let left_there = completed.position < BEGINNING * completed.duration;
    let goes_on_there = left_there && at >= completed.position - slack;
    let is_begun = at < BEGINNING * completed.duration && at <= elapsed + slack && !goes_on_there;
    // Not all that loop say so, nor does mpv in its last lap: then it is where it would be after so many rounds.
    let there = (completed.position + elapsed).rem_euclid(completed.duration.max(1.0));
    let apart = (there - at).abs();
    let goes_round = is_dated && apart.min(completed.duration - apart) <= slack;
    // mpv would say if it looped.
    let has_ended = completed.position >= completed.duration - slack;
    let is_another = source == Source::Mpv && has_ended && !found.item.repeated;
    if is_rewatched || is_another {
        let credits = completed.position - slack..=completed.position + elapsed + slack;
        return goes_round || !is_begun && credits.contains(&at);
    }
    found.item.repeated || goes_round || !is_begun
}
