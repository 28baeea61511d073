//! A recorded trace, run again through everything from the players' signals to the debouncer: what would be reported,
//! deterministically.

use crate::debounce::{Debouncer, Rules};
use crate::identify::{self, identify};
use crate::model::{Lifecycle, Moment, Observation, Random, Signal};
use crate::watch::merge::Merge;
use crate::watch::record::Entry;
use crate::watch::replay::Players;

/// Enough for every timer between two entries; a trace cannot make it run for ever.
const MOST_TIMEOUTS: usize = 100_000;
/// So long after the last entry things may still fall due.
const AFTERWARDS: std::time::Duration = std::time::Duration::from_secs(120);

/// The lifecycle events of a trace, oldest first. The same trace gives the same events, ids included.
#[must_use]
pub fn replay(entries: Vec<Entry>, rules: Rules) -> Vec<Lifecycle> {
    let Some(first) = entries.first().map(|entry| entry.at) else {
        return Vec::new();
    };
    let mut replay = Replay {
        players: Players::of(&entries),
        // Which process started which is not in a trace.
        merge: Merge::new(Box::new(|_, _| false)),
        debouncer: Debouncer::new(rules, Random::seeded(0), 0, Vec::new(), Vec::new(), first),
        now: first,
        events: Vec::new(),
    };
    for entry in entries {
        replay.pass_until(entry.at);
        let seen = replay.players.hear(entry);
        replay.see(seen);
    }
    replay.pass_until(replay.now.after(AFTERWARDS));
    replay.debouncer.shutdown(replay.now);
    replay.take();
    replay.events
}

struct Replay {
    players: Players,
    merge: Merge,
    debouncer: Debouncer,
    now: Moment,
    events: Vec<Lifecycle>,
}

impl Replay {
    /// Lets fall due what does so on the way.
    fn pass_until(&mut self, until: Moment) {
        for _ in 0..MOST_TIMEOUTS {
            let debouncer = self.debouncer.poll_timeout().map(|(at, _)| at);
            let players = self.players.deadline();
            let due = debouncer.into_iter().chain(players).min();
            let Some(due) = due.filter(|at| *at < until.mono) else {
                break;
            };
            self.now = self.now.after(due.saturating_sub(self.now.mono));
            if players == Some(due) {
                let seen = self.players.timeout(self.now);
                self.see(seen);
            } else {
                self.debouncer.timeout(self.now);
            }
            self.take();
        }
        self.now = until;
    }

    fn see(&mut self, seen: Vec<Observation>) {
        for observation in seen {
            for observation in self.merge.handle(observation) {
                self.follow(observation);
            }
        }
    }

    fn follow(&mut self, seen: Observation) {
        let player = seen.player.clone();
        let item = match &seen.signal {
            Signal::Opened(item) | Signal::Refined(item) => Some(item.clone()),
            _ => None,
        };
        self.debouncer.handle(seen);
        if let Some(item) = item {
            self.debouncer.identified(
                &player,
                identify(&item, &[], &identify::rules::Rules::default()),
                self.now,
            );
        }
        self.take();
    }

    /// Nobody answers an ask: the recorded positions are all there is.
    fn take(&mut self) {
        while self.debouncer.poll_ask().is_some() {}
        while let Some(step) = self.debouncer.peek() {
            self.events.extend(step.event.clone());
            self.debouncer.advance();
        }
    }
}
