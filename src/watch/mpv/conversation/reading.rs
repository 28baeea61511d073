//! What is open in one mpv: the batch of properties that is read, and what its answers mean.

use std::time::Duration;

use crate::model::{EndReason, Item, Moment, Signal};

use super::super::item::{self, Reading};
use super::{Conversation, EntryReading, ItemReading, Playback, REREAD, SETTLE};

impl Conversation {
    pub(super) fn schedule_reread(&mut self, now: Moment) {
        let earliest = self.read_at.map_or(Duration::ZERO, |at| at + REREAD);
        self.reread_at
            .get_or_insert((now.mono + SETTLE).max(earliest));
    }

    pub(super) fn read_item(&mut self) {
        if matches!(self.playback, Playback::Unknown) {
            let place = self.request("playlist-playing-pos");
            self.found = Some(EntryReading::Place(place));
        }
        let first = self.last_request + 1;
        for property in item::PROPERTIES {
            self.request(property);
        }
        self.reading = Some(ItemReading {
            first,
            answers: vec![None; item::PROPERTIES.len()],
            missing: item::PROPERTIES.len(),
            fence: None,
        });
    }

    pub(super) fn item_read(&mut self, position: Option<f64>, now: Moment) {
        let Some(reading) = self.reading.take() else {
            return;
        };
        let mut reading = item::read(&reading.answers, self.folder.as_deref());
        if let Reading::Open(item) = &mut reading {
            // Of what is found open it is not known how it was begun, but whether it is looped.
            let found = matches!(self.playback, Playback::Unknown) && item.repeated;
            self.repeated |= found;
            item.repeated = self.repeated;
            item.entry = self.entry().and_then(|entry| u64::try_from(entry).ok());
        }
        match (self.playback, reading) {
            (Playback::Unknown, Reading::Open(item)) => {
                self.open(self.entry(), item, position, now, now);
            }
            (Playback::Unknown, Reading::Half) => self.playback = Playback::Loading(self.entry()),
            (Playback::Unknown | Playback::Opening(..), Reading::Nothing) => {
                self.playback = Playback::Idle;
                self.tell_stopped(now);
            }
            (Playback::Opening(entry, loaded), Reading::Open(item)) => {
                self.open(entry, item, position, loaded, now);
            }
            (Playback::Open(_), Reading::Open(item)) => self.refine(item, position, now),
            (Playback::Open(_), Reading::Nothing) => {
                self.end(EndReason::Stopped, now);
                self.tell_stopped(now);
            }
            _ => {}
        }
    }

    fn open(
        &mut self,
        entry: Option<i64>,
        item: Box<Item>,
        position: Option<f64>,
        loaded: Moment,
        now: Moment,
    ) {
        let state = self.state();
        self.playback = Playback::Open(entry);
        self.item = Some(item.clone());
        self.transport = Some(state);
        self.tell(loaded, Signal::Opened(item));
        self.tell(now, Signal::Rate(self.live.speed));
        self.tell(now, Signal::Transport { state, position });
        if self.live.at_end {
            self.tell(now, Signal::ReachedEnd);
        }
    }

    fn refine(&mut self, item: Box<Item>, position: Option<f64>, now: Moment) {
        let Some(present) = &self.item else { return };
        if present.location != item.location {
            self.end(EndReason::Stopped, now);
            // Which entry that is nobody said.
            let item = Box::new(Item {
                entry: None,
                ..*item
            });
            return self.open(None, item, position, now, now);
        }
        if *present != item {
            self.item = Some(item.clone());
            self.tell(now, Signal::Refined(item));
        }
    }
}
