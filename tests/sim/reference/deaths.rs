//! What a death of the daemon leaves of the guesses, and what the next one makes of what was open.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Follow, Time, UNWRITTEN};
use crate::guess::Guess;
use crate::log::Down;

/// Sessions of the last run are closed surely / perhaps so long after the start, seconds.
const ORPHANS: (f64, f64) = (14.0, 8.0);

impl Follow {
    pub(super) fn down(&mut self, how: Down, now: Time) {
        self.position = None;
        if let Down::Kill(Some(since)) | Down::Power(Some(since)) = how {
            // What happened while the disk could not be written is not promised.
            self.vague |= self
                .touched
                .is_some_and(|touched| touched + UNWRITTEN >= since)
                || self.guesses.iter().any(|guess| !guess.sessions.is_empty());
        }
        if !matches!(how, Down::Term | Down::Kill(None)) {
            self.unnamed();
        }
        if how != Down::Term && !self.vague {
            self.guesses.append(&mut self.before.1);
        }
        match how {
            Down::Term => self.end_all(),
            Down::Kill(_) => {
                let beat = Duration::from_secs_f64(self.progress_every + 5.0);
                let known = u64::try_from(now.saturating_sub(beat).as_millis()).unwrap_or(0);
                self.forget_unwritten(now);
                self.playbacks
                    .values_mut()
                    .for_each(|p| p.jump_is_lost(beat));
                self.each(|guess| guess.orphaned(Some(known), how != Down::Kill(None)));
            }
            Down::Lost(history_too) => {
                let lingers = self.playbacks.values().any(|p| p.lingers);
                self.vague |= lingers || (history_too && self.touched.is_some());
                self.each(Guess::lost);
                let open = self.playbacks.iter().filter(|(_, p)| !p.done);
                for number in open.map(|(n, _)| *n).collect::<Vec<_>>() {
                    self.each(|guess| guess.perhaps_by(number));
                }
            }
            Down::Power(_) => {
                self.each(|guess| guess.orphaned(None, true));
                for playback in self.playbacks.values_mut() {
                    playback.over = true;
                    playback.done = true;
                }
            }
        }
        self.up = None;
    }

    /// A playback whose start was in the middle of its write is one that the next daemon finds.
    fn forget_unwritten(&mut self, now: Time) {
        let since = now.saturating_sub(UNWRITTEN * 2).as_millis();
        for (number, playback) in &mut self.playbacks {
            let mut guesses = self.guesses.iter();
            playback.unseen |= guesses.any(|guess| {
                let session = guess.sessions.get(number);
                session.is_some_and(|session| u128::from(session.since) >= since)
            });
        }
    }

    /// Sessions of the last run are adopted where their playback is still there, and closed otherwise.
    pub(super) fn orphans(&mut self, now: Time) {
        let Some(up) = self.up else { return };
        let since = now.saturating_sub(up).as_secs_f64();
        if since < ORPHANS.1 || !self.guesses.iter().any(Guess::has_orphans) {
            return;
        }
        let (linked, sure) = (self.linked, since >= ORPHANS.0);
        let over: BTreeSet<u32> = self
            .playbacks
            .iter()
            .filter(|(_, p)| p.over)
            .map(|(n, _)| *n)
            .collect();
        for number in self.playbacks.keys().copied().collect::<Vec<_>>() {
            let gone = over.contains(&number);
            self.each(|guess| {
                if !guess
                    .sessions
                    .get(&number)
                    .is_some_and(|session| session.orphan)
                {
                    return vec![guess];
                }
                let mut adopted = guess.clone();
                if let Some(session) = adopted.sessions.get_mut(&number) {
                    session.orphan = false;
                }
                let closed = guess.clone().ends(number, false, linked);
                let mut guesses = vec![closed];
                if !gone {
                    guesses.push(adopted);
                }
                if !sure {
                    guesses.push(guess);
                }
                guesses
            });
        }
    }
}
