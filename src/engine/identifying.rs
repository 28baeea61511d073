//! From what is open in a player to what the debouncer is told about it.

use tracing::debug;

use super::open::Open;
use super::{Edges, Engine, Output};
use crate::identify::{Identity, Verdict, identify};
use crate::model::{Moment, PlayerId};

impl<E: Edges> Engine<E> {
    /// Tells the debouncer what is open in a player, by everything that is known by now.
    pub(super) fn identify(&mut self, player: &PlayerId, at: Moment) {
        let Some(open) = self.open.get(player) else {
            return;
        };
        let identity = self.identity_of(open);
        // What lies beside it may say otherwise; but what is private has no second look, nor is anything gone on with meanwhile
        // that is ignored by its name alone.
        let is_ignored = matches!(identity.verdict, Verdict::Ignore(_));
        let is_private = self.private.refuse(&open.item).is_some();
        if open.waits() && !is_private && (!is_ignored || self.debouncer.watches(player)) {
            return;
        }
        debug!(%player, verdict = ?identity.verdict, media = ?identity.media, "identified");
        self.debouncer.identified(player, identity, at);
    }

    pub(super) fn identity_of(&self, open: &Open) -> Identity {
        let mut identity = identify(&open.item, &open.sidecars, &self.rules);
        if let Some(why) = self.private.refuse(&open.item) {
            identity.verdict = Verdict::Ignore(why);
        }
        identity
    }

    /// The rules of what is what have changed.
    pub(super) fn identify_all_again(&mut self, now: Moment) {
        for player in self.open.players() {
            self.identify(&player, now);
        }
    }

    /// What is private is not looked at, nor is what lies beside it.
    pub(super) fn look_beside(&mut self, player: &PlayerId, at: Moment) {
        let Some(open) = self.open.get(player) else {
            return;
        };
        if let Some(path) = open.path()
            && self.private.refuse(&open.item).is_none()
        {
            self.outputs.push_back(Output::ReadSidecars {
                player: player.clone(),
                path: path.to_owned(),
            });
            self.open.wait(player, at.mono);
        }
    }
}
