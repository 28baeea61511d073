//! The words that the stages share. Plain data: no I/O, no clock, no decisions.

mod account;
mod id;
mod lifecycle;
mod line;
mod media;
mod media_json;
mod moment;
mod observation;
mod secret;
mod text;
mod title;

pub use account::{AccountKey, ServiceName};
pub use id::{DeliveryId, EventId, Random, SessionId, ViewingId};
pub use lifecycle::{
    Action, Journal, Lifecycle, Playback, Span, Step, TAKEN_BACK, Viewing, ViewingKey,
};
pub use line::Line;
pub(crate) use line::key;
pub use media::{Date, Ids, Media, MediaType};
pub use media_json::{media_json, put_media};
pub use moment::{Moment, Wall};
pub use observation::{
    Chapter, EndReason, Item, Location, Observation, PlayerId, PlayerInfo, Process, Signal, Source,
    Tags, Transport, Video,
};
pub use secret::Secret;
pub(crate) use text::every_byte;
pub use text::{decoded, visible, windows_1252};
pub use title::title_key;
