//! What each player has open, so that it can be identified again when more becomes known: files beside it, other rules.
//!
//! A local file is not identified before what lies beside it was read, or the patience for that has run out: otherwise a
//! session taken over from the last run would end on what the name alone says. What comes later is used when it comes.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::identify::sidecar::Sidecar;
use crate::model::{Item, Location, PlayerId, Signal};

/// How long a name waits for what lies beside the file. A start takes longer.
const PATIENCE: Duration = Duration::from_secs(2);

/// One entry a player; gone when nothing is open in it.
#[derive(Debug, Default)]
pub struct OpenItems(BTreeMap<PlayerId, Open>);

/// An item and what lies beside it.
#[derive(Debug)]
pub struct Open {
    pub item: Box<Item>,
    pub sidecars: Vec<Sidecar>,
    /// What lies beside it is being read; mono.
    awaited_until: Option<Duration>,
}

impl OpenItems {
    /// Takes note of a signal. True if the player has something open that it had not before.
    pub fn note(&mut self, player: &PlayerId, signal: &Signal) -> bool {
        match signal {
            Signal::Opened(item) => {
                self.open(player, item);
                true
            }
            Signal::Refined(item) => {
                let known = self.0.get_mut(player);
                match known.filter(|open| open.item.location == item.location) {
                    Some(open) => {
                        open.item.clone_from(item);
                        false
                    }
                    None => {
                        self.open(player, item);
                        true
                    }
                }
            }
            Signal::Ended(_) | Signal::Vanished => {
                self.0.remove(player);
                false
            }
            _ => false,
        }
    }

    fn open(&mut self, player: &PlayerId, item: &Item) {
        let open = Open {
            item: Box::new(item.clone()),
            sidecars: Vec::new(),
            awaited_until: None,
        };
        self.0.insert(player.clone(), open);
    }

    /// What lies beside the file is being read from now on (mono).
    pub fn wait(&mut self, player: &PlayerId, now: Duration) {
        if let Some(open) = self.0.get_mut(player) {
            open.awaited_until = Some(now + PATIENCE);
        }
    }

    /// Takes what lies beside `path`. False if the player has something else open by now, or nothing new was found.
    pub fn found(&mut self, player: &PlayerId, path: &str, sidecars: Vec<Sidecar>) -> bool {
        let open = self.0.get_mut(player);
        let Some(open) = open.filter(|open| open.path() == Some(path)) else {
            return false;
        };
        let waited = open.awaited_until.take().is_some();
        let new = open.sidecars != sidecars;
        open.sidecars = sidecars;
        waited || new
    }

    /// Players for which the patience has run out by `now` (mono); they wait no more.
    pub fn overdue(&mut self, now: Duration) -> Vec<PlayerId> {
        let overdue = self.0.iter_mut().filter_map(|(player, open)| {
            open.awaited_until.take_if(|until| *until <= now)?;
            Some(player.clone())
        });
        overdue.collect()
    }

    /// When the next patience runs out (mono).
    pub fn next_due(&self) -> Option<Duration> {
        self.0.values().filter_map(|open| open.awaited_until).min()
    }

    pub fn get(&self, player: &PlayerId) -> Option<&Open> {
        self.0.get(player)
    }

    pub fn players(&self) -> Vec<PlayerId> {
        self.0.keys().cloned().collect()
    }
}

impl Open {
    /// Of a local file.
    pub fn path(&self) -> Option<&str> {
        match &self.item.location {
            Some(Location::Path(path)) => Some(path),
            _ => None,
        }
    }

    /// It is too early to say what it is.
    pub fn waits(&self) -> bool {
        self.awaited_until.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identify::sidecar::{Fact, Place};

    fn at(path: &str, duration: f64) -> Box<Item> {
        Box::new(Item {
            location: Some(Location::Path(path.into())),
            duration: Some(duration),
            ..Item::default()
        })
    }

    fn season() -> Vec<Sidecar> {
        vec![Sidecar {
            file: "season.nfo".into(),
            place: Place::Season,
            above: 0,
            fact: Fact::Season(1),
        }]
    }

    #[test]
    fn an_item_waits_for_what_lies_beside_it_and_no_longer_than_that() {
        let (mut open, player) = (OpenItems::default(), PlayerId::new("mpv-1"));
        assert!(open.note(&player, &Signal::Opened(at("/a.mkv", 1.0))));
        open.wait(&player, Duration::from_secs(10));
        assert_eq!(open.next_due(), Some(Duration::from_secs(12)));
        assert!(!open.note(&player, &Signal::Refined(at("/a.mkv", 2.0))));
        assert!(
            open.get(&player).is_some_and(Open::waits),
            "refined, and still waiting"
        );
        assert!(open.overdue(Duration::from_secs(11)).is_empty());
        assert_eq!(
            open.overdue(Duration::from_secs(12)),
            std::slice::from_ref(&player)
        );
        assert_eq!(open.next_due(), None);
        assert!(
            !open.found(&player, "/a.mkv", Vec::new()),
            "nothing, and nobody waits"
        );
        assert!(
            open.found(&player, "/a.mkv", season()),
            "late, and still welcome"
        );
    }

    #[test]
    fn what_was_found_stays_with_its_file_and_goes_with_it() {
        let (mut open, player) = (OpenItems::default(), PlayerId::new("mpv-1"));
        open.note(&player, &Signal::Opened(at("/a.mkv", 1.0)));
        open.wait(&player, Duration::ZERO);
        assert!(open.found(&player, "/a.mkv", season()));
        open.note(&player, &Signal::Refined(at("/a.mkv", 2.0)));
        assert_eq!(open.get(&player).map(|open| open.sidecars.len()), Some(1));
        assert!(
            open.note(&player, &Signal::Refined(at("/b.mkv", 2.0))),
            "another file"
        );
        assert!(
            !open.found(&player, "/a.mkv", season()),
            "too late for that one"
        );
        assert_eq!(open.get(&player).map(|open| open.sidecars.len()), Some(0));
        open.note(&player, &Signal::Vanished);
        assert!(open.get(&player).is_none() && open.next_due().is_none());
    }
}
