//! The halves of the watchers that decide, without those that do: for whoever plays the players (`tests/sim`).

pub use super::mpris::bus::{Answer, Call, Event as BusEvent, Owner};
pub use super::mpris::lookup::{Found, Lookup};
pub use super::mpris::players::{Command, Players};
pub use super::mpris::raw::{Map, Raw};
pub use super::mpv::conversation::{Conversation, OBSERVED};
pub use super::mpv::protocol::{EndFile, Event as MpvEvent, Message};
