//! What a player puts on the bus.

use std::collections::BTreeMap;
use std::time::Duration;

use zbus::{ObjectPath, OwnedVariant, Variant};

use crate::model::{Source, Video};
use crate::watch::mpris::heard::Heard;
use crate::watch::mpris::lookup::{Found, Lookup};
use crate::watch::mpris::raw::{self, Map, Raw};
use crate::watch::mpris::track::Track;
use crate::watch::mpris::{location, quirks};

use super::bytes::Bytes;
use super::desk::Desk;

const PROPERTIES: [&str; 5] = ["Metadata", "PlaybackStatus", "Rate", "Position", "CanSeek"];
const KEYS: [&str; 10] = [
    "xesam:title",
    "xesam:url",
    "mpris:length",
    "mpris:trackid",
    "xesam:artist",
    "xesam:album",
    "xesam:trackNumber",
    "xesam:contentCreated",
    "mpris:artUrl",
    "vlc:time",
];
const WORDS: [&str; 8] = [
    "Playing",
    "Paused",
    "Stopped",
    "file:///films/Heat%20(1995).mkv",
    "file:///tv/Show/Season%201/Show%20S01E02.mkv",
    "https://example.org/watch?v=1",
    "Show S01E03",
    "5400000000",
];
const PLAYERS: [&str; 4] = ["vlc", "celluloid", "firefox", "plexamp"];
/// How deep a value may hold others.
const DEEPEST: u8 = 3;

/// Changes, readings, seeks and time, one after another.
pub fn mpris(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let mut desk = Desk::new(Source::Mpris);
    let mut track = Track::new(quirks::of(bytes.one_of(&PLAYERS, "")));
    while !bytes.is_empty() {
        match bytes.byte() % 8 {
            0 | 1 => {
                let changed = Heard::Changed(properties(&mut bytes));
                track.hear(changed, desk.now);
            }
            2 | 3 => {
                let all = Heard::All(properties(&mut bytes));
                track.hear(all, desk.now);
            }
            4 => {
                let raw = Raw::F64(f64::from_bits(bytes.number()));
                track.hear(Heard::Seeked(Some(raw)), desk.now);
            }
            5 => {
                let raw = Raw::F64(position(&mut bytes));
                track.hear(Heard::Position(Some(raw)), desk.now);
            }
            6 => track.hear(Heard::Invalidated, desk.now),
            _ => {
                let milliseconds = u64::from(bytes.byte()) * 100;
                if desk.pass(Duration::from_millis(milliseconds)) {
                    track.asked();
                }
            }
        }
        if track.deadline().is_some_and(|due| due <= desk.now.mono) {
            track.timeout(desk.now);
        }
        for lookup in track.lookups() {
            let film = "/films/Heat (1995).mkv".to_owned();
            let found = match lookup {
                Lookup::HostPath(portal) => Found::HostPath(portal, film),
                Lookup::OpenFilm => Found::OpenFilm(film),
                Lookup::Video(path) => Found::Video(path, Video::No),
            };
            track.hear(Heard::Found(found), desk.now);
        }
        track.read();
        for signal in track.signals() {
            if desk.observe(signal) {
                track.asked();
            }
        }
    }
    desk.close();
}

fn position(bytes: &mut Bytes<'_>) -> f64 {
    f64::from(bytes.byte()) * 60e6
}

fn properties(bytes: &mut Bytes<'_>) -> Map {
    let count = bytes.byte() % 6;
    let pairs: Vec<(&str, Variant<'static>)> = (0..count)
        .map(|_| {
            let name = bytes.one_of(&PROPERTIES, "");
            let value = if name == "Metadata" {
                metadata(bytes)
            } else {
                value(bytes, 0)
            };
            (name, value)
        })
        .collect();
    raw::map(pairs.iter().map(|(name, value)| (*name, value)))
}

fn metadata(bytes: &mut Bytes<'_>) -> Variant<'static> {
    let count = bytes.byte() % 12;
    let mut map: BTreeMap<String, OwnedVariant> = BTreeMap::new();
    for _ in 0..count {
        let key = bytes.one_of(&KEYS, "").to_owned();
        let value = if key == "xesam:url" {
            let text = text(bytes);
            drop(location::read(&text));
            Variant::from(text)
        } else {
            value(bytes, 0)
        };
        if let Ok(value) = value.try_to_owned() {
            map.insert(key, value);
        }
    }
    Variant::from(map)
}

fn value(bytes: &mut Bytes<'_>, depth: u8) -> Variant<'static> {
    match bytes.byte() % 14 {
        0 => Variant::from(bytes.byte()),
        1 => Variant::from(bytes.byte() > 127),
        2 => Variant::from(u32::from(bytes.byte())),
        3 => Variant::from(i32::from(bytes.byte()) - 128),
        4 => Variant::from(bytes.number()),
        5 => Variant::from(bytes.number().cast_signed()),
        6 => Variant::from(f64::from_bits(bytes.number())),
        7 => Variant::from(position(bytes)),
        8 => Variant::from(vec![text(bytes), text(bytes)]),
        9 if depth < DEEPEST => Variant::new(value(bytes, depth + 1)),
        10 if depth < DEEPEST => metadata(bytes),
        11 => ObjectPath::try_from(format!("/{}", bytes.byte()))
            .map_or(Variant::from(0u8), Variant::from),
        _ => Variant::from(text(bytes)),
    }
}

fn text(bytes: &mut Bytes<'_>) -> String {
    match bytes.byte() {
        n if n < 128 => WORDS
            .get(usize::from(n) % WORDS.len())
            .map_or("", |word| *word)
            .to_owned(),
        _ => bytes.text(),
    }
}
