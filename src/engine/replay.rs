//! A recorded trace, run through identify and debouncer again: what would be reported, deterministically.

use crate::debounce::{Debouncer, Rules};
use crate::identify::{self, identify};
use crate::model::{Lifecycle, Moment, Observation, Random, Signal};

/// Enough for every timer between two observations; a trace cannot make it run for ever.
const MOST_TIMEOUTS: usize = 100_000;
/// So long after the last observation things may still fall due.
const AFTERWARDS: std::time::Duration = std::time::Duration::from_secs(120);

/// The lifecycle events of one player's observations, oldest first. The same trace gives the same events, ids included.
#[must_use]
pub fn replay(observations: Vec<Observation>, rules: Rules) -> Vec<Lifecycle> {
    let Some(first) = observations.first().map(|seen| seen.at) else {
        return Vec::new();
    };
    let mut replay = Replay {
        debouncer: Debouncer::new(rules, Random::seeded(0), 0, Vec::new(), Vec::new(), first),
        now: first,
        events: Vec::new(),
    };
    for seen in observations {
        replay.pass_until(seen.at);
        replay.see(seen);
    }
    replay.pass_until(replay.now.after(AFTERWARDS));
    replay.debouncer.shutdown(replay.now);
    replay.take();
    replay.events
}

struct Replay {
    debouncer: Debouncer,
    now: Moment,
    events: Vec<Lifecycle>,
}

impl Replay {
    /// Lets fall due what does so on the way.
    fn pass_until(&mut self, until: Moment) {
        for _ in 0..MOST_TIMEOUTS {
            let due = self
                .debouncer
                .poll_timeout()
                .map(|(at, _)| at)
                .filter(|at| *at < until.mono);
            let Some(due) = due else { break };
            self.now = self.now.after(due.saturating_sub(self.now.mono));
            self.debouncer.timeout(self.now);
            self.take();
        }
        self.now = until;
    }

    fn see(&mut self, seen: Observation) {
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
