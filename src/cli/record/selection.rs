//! Which players a trace is of: the one that is meant, and whatever else its process shows itself as. Pure.

use std::collections::BTreeSet;

use crate::model::{PlayerId, PlayerInfo, Process, Signal};
use crate::watch::record::{Entry, Heard};

/// Most entries kept while the player has not shown itself.
const MOST: usize = 10_000;

/// See the module.
#[derive(Debug)]
pub struct Selection {
    wanted: String,
    /// Its process, where the daemon knows that: ids are given in the order of appearance, which is another one here.
    pid: Option<u32>,
    process: Option<Process>,
    /// Those that are there.
    present: BTreeSet<PlayerId>,
    /// Everything so far, until the player shows itself: what belongs to it may have come before.
    before: Option<Vec<Entry>>,
}

impl Selection {
    /// Of the player of this id or name, or short name on the bus; of this process, if that is known.
    pub fn of(wanted: &str, pid: Option<u32>) -> Self {
        Self {
            wanted: wanted.to_owned(),
            pid,
            process: None,
            present: BTreeSet::new(),
            before: Some(Vec::new()),
        }
    }

    /// Takes what came; gives what belongs into the trace, in order.
    pub fn take(&mut self, entry: Entry) -> Vec<Entry> {
        if self.before.is_none() {
            return self.belongs(&entry).then_some(entry).into_iter().collect();
        }
        let meant = match appeared(&entry) {
            Some(info) => match (self.pid, info.process) {
                (Some(pid), process) => process.is_some_and(|process| process.pid == pid),
                (None, _) => info.is_called(&entry.player, &self.wanted),
            },
            None => false,
        };
        if meant {
            self.process = appeared(&entry).and_then(|info| info.process);
            self.present.insert(entry.player.clone());
        }
        if let Some(before) = self.before.as_mut().filter(|b| b.len() < MOST || meant) {
            before.push(entry);
        }
        if !meant {
            return Vec::new();
        }
        let mut before = self.before.take().unwrap_or_default();
        before.retain(|entry| self.belongs(entry));
        before
    }

    /// The players of the trace that are there.
    pub fn present(&self) -> impl Iterator<Item = PlayerId> {
        self.present.iter().cloned()
    }

    /// None of them is there any more.
    pub fn is_over(&self) -> bool {
        self.present.is_empty()
    }

    fn belongs(&mut self, entry: &Entry) -> bool {
        if let Some(info) = appeared(entry)
            && info.process.is_some()
            && info.process == self.process
        {
            self.present.insert(entry.player.clone());
        }
        match entry.heard {
            Heard::Signal(Signal::Vanished) => self.present.remove(&entry.player),
            _ => self.present.contains(&entry.player),
        }
    }
}

fn appeared(entry: &Entry) -> Option<&PlayerInfo> {
    match &entry.heard {
        Heard::Signal(Signal::Appeared(info)) => Some(info),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{Moment, Source, Wall};

    fn entry(player: &str, signal: Signal) -> Entry {
        let at = Moment {
            mono: Duration::ZERO,
            boot: Duration::ZERO,
            wall: Wall(0),
        };
        Entry::new(at, PlayerId::new(player), Heard::Signal(signal))
    }

    fn appears(player: &str, name: &str, pid: u32) -> Entry {
        let info = PlayerInfo {
            name: name.to_owned(),
            source: Source::Mpris,
            process: (pid > 0).then_some(Process { pid, started: 1 }),
            ignored: None,
        };
        entry(player, Signal::Appeared(info))
    }

    fn taken(selection: &mut Selection, entry: Entry) -> Vec<String> {
        let entries = selection.take(entry);
        entries.iter().map(|e| e.player.to_string()).collect()
    }

    #[test]
    fn a_player_is_taken_with_all_that_its_process_is_and_nobody_else() {
        for wanted in ["mpris:mpv", "MPV (bus)"] {
            let mut selection = Selection::of(wanted, None);
            let mut take = |entry| taken(&mut selection, entry);
            assert!(take(appears("mpris:vlc", "VLC", 1)).is_empty());
            assert!(take(appears("mpris:hidden", "a", 0)).is_empty());
            assert!(take(appears("mpv-7", "mpv", 7)).is_empty());
            assert!(take(entry("mpv-7", Signal::Rate(1.0))).is_empty());
            assert_eq!(
                take(appears("mpris:mpv", "mpv (bus)", 7)),
                ["mpv-7", "mpv-7", "mpris:mpv"]
            );
            assert!(take(entry("mpris:vlc", Signal::Rate(1.0))).is_empty());
            assert_eq!(take(appears("mpris:mpv-7", "b", 7)), ["mpris:mpv-7"]);
            assert_eq!(take(entry("mpv-7", Signal::Vanished)), ["mpv-7"]);
            assert_eq!(take(entry("mpris:mpv", Signal::Vanished)), ["mpris:mpv"]);
            assert!(!selection.is_over());
            selection.take(entry("mpris:mpv-7", Signal::Vanished));
            assert!(selection.is_over());
        }
    }

    #[test]
    fn players_whose_process_is_not_known_are_not_one() {
        let mut selection = Selection::of("a", None);
        assert_eq!(taken(&mut selection, appears("a", "a", 0)), ["a"]);
        assert!(taken(&mut selection, appears("b", "b", 0)).is_empty());
    }

    #[test]
    fn of_two_of_one_name_the_one_is_taken_that_the_daemon_calls_so() {
        let mut selection = Selection::of("mpris:mpv", Some(239));
        let mut take = |entry| taken(&mut selection, entry);
        assert!(take(appears("mpris:mpv", "mpv", 238)).is_empty());
        assert!(take(entry("mpris:mpv", Signal::Rate(1.0))).is_empty());
        assert_eq!(
            take(appears("mpris:mpv-239", "mpv", 239)),
            ["mpris:mpv-239"]
        );
        assert!(take(entry("mpris:mpv", Signal::Rate(1.0))).is_empty());
    }

    #[test]
    fn the_short_name_on_the_bus_is_a_name() {
        let mut selection = Selection::of("Totem", None);
        assert_eq!(
            taken(&mut selection, appears("mpris:totem", "Videos", 4)),
            ["mpris:totem"]
        );
    }
}
