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
    // What was still going on went on somewhere else: nothing is known of it.
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{Sources, load};
    use crate::model::{Action, Item, Location, PlayerId, PlayerInfo, Source, Transport, Wall};
    use crate::watch::record::Heard;

    #[test]
    fn a_trace_that_was_cut_while_the_player_played_ends_where_it_was_cut() {
        let at = |seconds| {
            let since = Duration::from_secs(seconds);
            Moment {
                mono: since,
                boot: since,
                wall: Wall(0).plus(since),
            }
        };
        let said = |seconds, signal| {
            Entry::new(at(seconds), PlayerId::new("mpris:a"), Heard::Signal(signal))
        };
        let item = Item {
            location: Some(Location::Path("/films/Heat (1995).mkv".into())),
            duration: Some(400.0),
            ..Item::default()
        };
        let info = PlayerInfo {
            name: "a".into(),
            source: Source::Mpris,
            process: None,
            ignored: None,
        };
        let position = |seconds| Signal::Position {
            seconds,
            seeked: false,
        };
        let playing = Signal::Transport {
            state: Transport::Playing,
            position: Some(10.0),
        };
        let trace = vec![
            said(0, Signal::Appeared(info)),
            said(1, Signal::Opened(Box::new(item))),
            said(1, playing),
            said(21, position(30.0)),
        ];
        let sources = Sources {
            file: "/nonexistent/config.toml".into(),
            required: false,
            variables: Vec::new(),
            home: None,
            credentials: None,
        };
        let rules = Rules::from(&load(&sources).unwrap().config);
        let events = replay(trace, rules);
        let told: Vec<_> = events
            .iter()
            .map(|event| (event.action, event.position.round(), event.at.wall))
            .collect();
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[1], (Action::Stop, 30.0, at(21).wall));
    }
}
