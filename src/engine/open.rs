//! What each player has open, so that it can be identified again when more becomes known: files beside it, other rules.

use std::collections::BTreeMap;

use crate::identify::sidecar::Sidecar;
use crate::model::{Item, Location, PlayerId, Signal};

/// One entry a player; gone when nothing is open in it.
#[derive(Debug, Default)]
pub struct OpenItems(BTreeMap<PlayerId, Open>);

/// An item and what lies beside it.
#[derive(Debug)]
pub struct Open {
    pub item: Box<Item>,
    pub sidecars: Vec<Sidecar>,
}

impl OpenItems {
    /// Takes note of a signal. True if the player has something open that it had not before.
    pub fn note(&mut self, player: &PlayerId, signal: &Signal) -> bool {
        match signal {
            Signal::Opened(item) => self.open(player, item, Vec::new()),
            Signal::Refined(item) => {
                let before = self.0.remove(player);
                let same = before.filter(|open| open.item.location == item.location);
                let moved = same.is_none();
                self.open(
                    player,
                    item,
                    same.map_or_else(Vec::new, |open| open.sidecars),
                );
                return moved;
            }
            Signal::Ended(_) | Signal::Vanished => drop(self.0.remove(player)),
            _ => {}
        }
        matches!(signal, Signal::Opened(_))
    }

    fn open(&mut self, player: &PlayerId, item: &Item, sidecars: Vec<Sidecar>) {
        let item = Box::new(item.clone());
        self.0.insert(player.clone(), Open { item, sidecars });
    }

    /// Takes what lies beside `path`. False if the player has something else open by now.
    pub fn found(&mut self, player: &PlayerId, path: &str, sidecars: Vec<Sidecar>) -> bool {
        let open = self
            .0
            .get_mut(player)
            .filter(|open| open.path() == Some(path));
        let Some(open) = open else { return false };
        open.sidecars = sidecars;
        true
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
}
