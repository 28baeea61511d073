//! Players whose signals come from a trace: through the same reading and deciding as live, to observations. Pure; the
//! only clock is the trace.

use std::collections::BTreeMap;
use std::time::Duration;

use super::mpris::track::Track;
use super::mpv::heard::{self, Tape};
use super::record::{Entry, Heard};
use crate::model::{Moment, Observation, PlayerId, Signal};

/// All players of a trace.
#[derive(Debug)]
pub struct Players {
    mpris: BTreeMap<PlayerId, Track>,
    mpv: BTreeMap<PlayerId, Tape>,
    out: Vec<Observation>,
}

impl Players {
    /// Those that the entries speak of; nothing is heard of them yet.
    #[must_use]
    pub fn of(entries: &[Entry]) -> Self {
        let mut mpris = BTreeMap::new();
        let mut said: BTreeMap<PlayerId, Vec<&str>> = BTreeMap::new();
        for entry in entries {
            let player = entry.player.clone();
            match &entry.heard {
                Heard::Signal(_) => {}
                Heard::Mpris(_) => {
                    mpris.entry(player).or_insert_with(Track::default);
                }
                Heard::Mpv(heard::Heard::Said(line)) => {
                    said.entry(player).or_default().push(line);
                }
                Heard::Mpv(_) => {
                    said.entry(player).or_default();
                }
            }
        }
        let tape = |(player, lines): (PlayerId, Vec<&str>)| (player, Tape::new(lines.into_iter()));
        Self {
            mpris,
            mpv: said.into_iter().map(tape).collect(),
            out: Vec::new(),
        }
    }

    /// Takes the next entry; gives what is observed, in order.
    pub fn hear(&mut self, entry: Entry) -> Vec<Observation> {
        let Entry { at, player, heard } = entry;
        match heard {
            Heard::Signal(signal) => {
                if signal == Signal::Vanished {
                    self.silence(&player);
                }
                self.tell(at, &player, signal);
            }
            Heard::Mpris(heard) => {
                if let Some(track) = self.mpris.get_mut(&player) {
                    track.hear(heard, at);
                }
            }
            Heard::Mpv(heard) => {
                if let Some(tape) = self.mpv.get_mut(&player) {
                    tape.hear(heard, at);
                }
            }
        }
        self.listen(at)
    }

    /// When `timeout` is to be called, on `Moment::mono`.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let mpris = self.mpris.values().filter_map(Track::deadline);
        let mpv = self.mpv.values().filter_map(Tape::deadline);
        mpris.chain(mpv).min()
    }

    /// What is due by now; gives what is observed, in order.
    pub fn timeout(&mut self, now: Moment) -> Vec<Observation> {
        let is_due = |deadline: Option<Duration>| deadline.is_some_and(|due| due <= now.mono);
        for track in self.mpris.values_mut().filter(|t| is_due(t.deadline())) {
            track.timeout(now);
        }
        for tape in self.mpv.values_mut().filter(|t| is_due(t.deadline())) {
            tape.timeout(now);
        }
        self.listen(now)
    }

    fn listen(&mut self, now: Moment) -> Vec<Observation> {
        for (player, track) in &mut self.mpris {
            // What it wants to know is answered by the trace, or not at all.
            track.read();
            track.lookups();
            for signal in track.signals() {
                let (at, player) = (now, player.clone());
                self.out.push(Observation { at, player, signal });
            }
        }
        for (player, tape) in &mut self.mpv {
            while let Some((at, signal)) = tape.poll_signal() {
                let player = player.clone();
                self.out.push(Observation { at, player, signal });
            }
        }
        std::mem::take(&mut self.out)
    }

    /// What it was about to say is not heard any more.
    fn silence(&mut self, player: &PlayerId) {
        if let Some(track) = self.mpris.get_mut(player) {
            *track = Track::default();
        }
        if let Some(tape) = self.mpv.get_mut(player) {
            tape.silence();
        }
    }

    fn tell(&mut self, at: Moment, player: &PlayerId, signal: Signal) {
        let player = player.clone();
        self.out.push(Observation { at, player, signal });
    }
}
