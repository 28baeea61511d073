//! What a player is asked: one reading of a kind at a time, and once more if there was cause for it meanwhile.

use super::super::bus::{Call, Owner};
use super::super::track::Read;
use super::player::Stage;
use super::{Command, Players};

impl Players {
    /// A player that did not answer at first is read as soon as it shows life.
    pub(super) fn catch_up(&mut self, owner: &Owner) {
        if self
            .players
            .get(owner)
            .is_some_and(|player| player.stage == Stage::Watched && !player.read)
        {
            self.want(owner, Read::All);
        }
    }

    /// Reads, unless that is being done: then once more after it.
    pub(super) fn want(&mut self, owner: &Owner, read: Read) {
        let Some(player) = self.players.get_mut(owner) else {
            return;
        };
        if player.stage != Stage::Watched {
            return;
        }
        if let Some(again) = player.reading.get_mut(&read) {
            *again = true;
            return;
        }
        player.reading.insert(read, false);
        let call = match read {
            Read::All => Call::All(owner.clone()),
            Read::Position => Call::Position(owner.clone()),
        };
        self.commands.push(Command::Call(call));
    }

    /// For players that know `Get` but not `GetAll`.
    pub(super) fn read_one_by_one(&mut self, owner: &Owner) {
        self.is_awake(owner);
        for property in ["Metadata", "Rate", "PlaybackStatus"] {
            let call = Call::One(owner.clone(), property);
            self.commands.push(Command::Call(call));
        }
    }

    pub(super) fn read_again(&mut self, owner: &Owner, read: Read) {
        let again = (self.players.get_mut(owner)).and_then(|player| player.reading.remove(&read));
        if again == Some(true) {
            self.want(owner, read);
        }
    }
}
