//! Replaces what says what is watched; the same text always by the same replacement, so that changes still show.
//!
//! Kept are numbers that are meant as such, the words of the protocols, the schemes of URLs, the extensions of names and the name that a
//! player has on the bus: what a watcher goes by. Everything else that is text goes, names of fields and tags and what a
//! player calls itself too, known to say something or not.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::{Entry, Heard};
use crate::model::{Location, Signal, Source, Video};
use crate::watch::mpris::heard::Heard as Mpris;
use crate::watch::mpris::location;
use crate::watch::mpris::lookup::Found;
use crate::watch::mpris::raw::{Map, Raw};
use crate::watch::mpris::values;
use crate::watch::mpv::heard::Heard as Mpv;

/// Properties of players, and fields of their metadata, by whose names a watcher goes.
const PROPERTIES: [&str; 23] = [
    "PlaybackStatus",
    "LoopStatus",
    "Metadata",
    "Position",
    "Rate",
    "MinimumRate",
    "MaximumRate",
    "Volume",
    "Shuffle",
    "Fullscreen",
    "CanControl",
    "CanGoNext",
    "CanGoPrevious",
    "CanPause",
    "CanPlay",
    "CanSeek",
    "mpris:artUrl",
    "mpris:length",
    "mpris:trackid",
    "xesam:album",
    "xesam:artist",
    "xesam:title",
    "xesam:url",
];
/// What `PlaybackStatus` and `LoopStatus` may be.
const WORDS: [&str; 8] = [
    "Playing",
    "Paused",
    "Stopped",
    "Buffering",
    "Unknown",
    "None",
    "Track",
    "Playlist",
];
/// Values that are numbers, also where a player writes them as text; anything else that looks like one may be a title.
const NUMBERS: [&str; 5] = [
    "Position",
    "Rate",
    "mpris:length",
    "xesam:trackNumber",
    "xesam:discNumber",
];
/// Fields of mpv's messages whose text is a word of the protocol; deeper down they may be a tag's name.
const FIELDS: [&str; 5] = ["event", "error", "reason", "name", "command"];
/// Fields of the values in them.
const INNER: [&str; 18] = [
    "data",
    "request_id",
    "id",
    "playlist_entry_id",
    "type",
    "selected",
    "albumart",
    "image",
    "default",
    "external",
    "time",
    "title",
    "date",
    "show",
    "season_number",
    "episode_id",
    "episode_sort",
    "media_type",
];
/// Extensions of subtitles.
const SUBTITLES: [&str; 7] = ["ass", "idx", "srt", "ssa", "sub", "sup", "vtt"];
/// What a track is.
const TRACKS: [&str; 3] = ["video", "audio", "sub"];

/// The replacements made so far.
#[derive(Debug, Default)]
pub struct Redaction {
    known: BTreeMap<String, usize>,
}

impl Redaction {
    /// The same without what is private.
    pub fn of(&mut self, entry: &Entry) -> Entry {
        let mut entry = entry.clone();
        match &mut entry.heard {
            Heard::Signal(Signal::Appeared(info)) if info.source == Source::Mpris => {
                let id = &*entry.player.0;
                info.name = id.split_once(':').map_or(id, |(_, name)| name).to_owned();
            }
            // That it is gone, or an mpv.
            Heard::Signal(_) => {}
            Heard::Mpris(heard) => self.mpris(heard),
            Heard::Mpv(heard) => self.mpv(heard),
        }
        entry
    }

    fn mpris(&mut self, heard: &mut Mpris) {
        match heard {
            Mpris::Changed(map) | Mpris::All(map) => self.properties(map),
            Mpris::Seeked(Some(raw)) | Mpris::Position(Some(raw)) => {
                if values::number(raw).is_none() {
                    self.raw(raw);
                }
            }
            Mpris::Found(Found::HostPath(portal, path)) => {
                self.text(portal);
                self.text(path);
            }
            Mpris::Found(Found::OpenFilm(path) | Found::Video(path, _)) => self.text(path),
            Mpris::Begins(_) | Mpris::Invalidated | Mpris::Seeked(None) | Mpris::Position(None) => {
            }
        }
    }

    fn properties(&mut self, map: &mut Map) {
        for (name, mut value) in std::mem::take(map) {
            let is_number = NUMBERS.contains(&name.as_str()) && values::number(&value).is_some();
            let is_word = matches!(&value, Raw::Text(word) if WORDS.contains(&word.as_str()));
            if !is_number && !is_word {
                self.raw(&mut value);
            }
            map.insert(self.name(name), value);
        }
    }

    /// The name of a field, if it is none of a protocol's.
    fn name(&mut self, name: String) -> String {
        let known = [&PROPERTIES[..], &NUMBERS, &FIELDS, &INNER];
        if known.iter().any(|known| known.contains(&name.as_str())) {
            return name;
        }
        format!("redacted {}", self.number(&name))
    }

    fn raw(&mut self, raw: &mut Raw) {
        match raw {
            Raw::Text(text) => self.text(text),
            // Must stay one.
            Raw::Path(path) => *path = format!("/redacted/{}", self.number(path)),
            Raw::Variant(inner) => self.raw(inner),
            // Text, where a player writes it as bytes.
            Raw::List(list) if list.iter().any(|value| matches!(value, Raw::U8(_))) => {
                let text = format!("{list:?}");
                *raw = Raw::Text(format!("redacted {}", self.number(&text)));
            }
            Raw::List(list) => list.iter_mut().for_each(|value| self.raw(value)),
            Raw::Dict(map) => self.properties(map),
            _ => {}
        }
    }

    fn mpv(&mut self, heard: &mut Mpv) {
        match heard {
            Mpv::Begins(Some(folder)) => self.text(folder),
            Mpv::Line(line) => {
                *line = match serde_json::from_str(line) {
                    Ok(mut value) => {
                        self.message(&mut value);
                        value.to_string()
                    }
                    Err(_) => "nonsense".to_owned(),
                }
            }
            // What reeld says itself.
            Mpv::Begins(None) | Mpv::Asked | Mpv::Said(_) => {}
        }
    }

    fn message(&mut self, message: &mut Value) {
        let Value::Object(fields) = message else {
            return self.json(message);
        };
        for (name, mut value) in std::mem::take(fields) {
            if !(FIELDS.contains(&name.as_str()) && value.is_string()) {
                self.json(&mut value);
            }
            fields.insert(self.name(name), value);
        }
    }

    fn json(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(list) => list.iter_mut().for_each(|value| self.json(value)),
            Value::Object(fields) => {
                for (name, mut value) in std::mem::take(fields) {
                    let is_track = value.as_str().is_some_and(|kind| TRACKS.contains(&kind));
                    if !(name == "type" && is_track) {
                        self.json(&mut value);
                    }
                    fields.insert(self.name(name), value);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &mut String) {
        *text = match location::read(text) {
            Some(place) => self.place(text, &place),
            None => {
                let extension = extension(&Location::Path(text.clone()));
                format!("redacted {}{extension}", self.number(text))
            }
        };
    }

    /// Numbered by what it means: as a path and as a URL it is the same.
    fn place(&mut self, text: &str, place: &Location) -> String {
        let number = self.number(place.as_str());
        let mount = match place {
            Location::Path(_) if location::is_network(place) => "/run/user/1000/gvfs",
            Location::Path(_) if location::portal(place).is_some() => "/run/user/1000/doc",
            _ => "",
        };
        let scheme = scheme(text);
        format!("{scheme}{mount}/redacted/{number}{}", extension(place))
    }

    fn number(&mut self, text: &str) -> usize {
        let next = self.known.len() + 1;
        *self.known.entry(text.to_owned()).or_insert(next)
    }
}

fn scheme(url: &str) -> &str {
    url.find("://")
        .filter(|_| !url.starts_with('/'))
        .and_then(|end| url.get(..end + 3))
        .unwrap_or_default()
}

/// With its dot; only one that files with sound, pictures or subtitles have: behind any other dot may be a title.
fn extension(place: &Location) -> String {
    let path = match place {
        Location::Path(path) => path,
        Location::Url(url) => url.split(['?', '#']).next().unwrap_or_default(),
    };
    let extension = Path::new(path).extension().and_then(|e| e.to_str());
    let extension = extension.unwrap_or_default().to_ascii_lowercase();
    let is_known =
        SUBTITLES.contains(&extension.as_str()) || location::video(place) != Video::Unknown;
    if is_known {
        format!(".{extension}")
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{Moment, PlayerId, PlayerInfo, Wall};

    #[test]
    fn tags_called_like_words_of_the_protocol_and_texts_written_as_bytes_go() {
        let mut redaction = Redaction::default();
        let line = r#"{"event":"property-change","name":"metadata","data":{"name":"Secret","type":"Secret","reason":"Secret","list":[{"type":"video"}]}}"#;
        let mut heard = Mpv::Line(line.to_owned());
        redaction.mpv(&mut heard);
        let Mpv::Line(line) = heard else { panic!() };
        assert!(!line.contains("Secret"), "{line}");
        for kept in ["property-change", "metadata", r#""type":"video""#] {
            assert!(line.contains(kept), "{line}");
        }
        let mut bytes = Raw::List(b"Secret".map(Raw::U8).to_vec());
        redaction.raw(&mut bytes);
        assert!(matches!(bytes, Raw::Text(_)), "{bytes:?}");
    }

    #[test]
    fn names_of_fields_and_what_a_player_calls_itself_go_unless_the_protocol_has_them() {
        let mut redaction = Redaction::default();
        let line = r#"{"data":{"Secret":"x","title":"Secret","Secret Film":{"Secret":1}},"error":"success","Secret":2}"#;
        let mut heard = Mpv::Line(line.to_owned());
        redaction.mpv(&mut heard);
        let mut map = Map::from([
            (
                "my:SecretKey".into(),
                Raw::Dict(Map::from([("Secret".into(), Raw::I32(1))])),
            ),
            ("PlaybackStatus".into(), Raw::Text("Secret".into())),
            ("LoopStatus".into(), Raw::Text("None".into())),
        ]);
        redaction.properties(&mut map);
        let info = PlayerInfo {
            name: "Secret Film - Player".into(),
            source: Source::Mpris,
            process: None,
            ignored: None,
        };
        let at = Moment {
            mono: Duration::ZERO,
            boot: Duration::ZERO,
            wall: Wall(0),
        };
        let player = PlayerId::new("mpris:player");
        let who = Entry::new(at, player, Heard::Signal(Signal::Appeared(info)));
        let all = format!("{heard:?} {map:?} {:?}", redaction.of(&who));
        assert!(!all.contains("Secret"), "{all}");
        for kept in [
            "title",
            "success",
            "LoopStatus",
            "None",
            r#"name: "player""#,
        ] {
            assert!(all.contains(kept), "{kept} in {all}");
        }
    }

    #[test]
    fn places_keep_their_form_and_nothing_else() {
        let mut redaction = Redaction::default();
        let cases = [
            ("file:///a/Secret%20Film.mkv", "file:///redacted/1.mkv"),
            ("/a/Secret Film.mkv", "/redacted/1.mkv"),
            (
                "https://me:pw@host/secret.mkv?token=a.b",
                "https:///redacted/2.mkv",
            ),
            (
                "/run/user/1000/gvfs/smb-share:server=nas/secret.mkv",
                "/run/user/1000/gvfs/redacted/3.mkv",
            ),
            (
                "/run/user/1001/doc/ab12/secret.mkv",
                "/run/user/1000/doc/redacted/4.mkv",
            ),
            ("Secret Film. The Return", "redacted 5"),
            ("Secret.mkv", "redacted 6.mkv"),
            ("1917", "redacted 7"),
            ("Mr.Robot", "redacted 8"),
            ("Dune.2021", "redacted 9"),
            ("/shows/The.Wire", "/redacted/10"),
            ("/a.mkv/The.Wire", "/redacted/11"),
            ("/a/Film #1.MKV", "/redacted/12.mkv"),
            ("/a/Secret.en.srt", "/redacted/13.srt"),
        ];
        for (text, expected) in cases {
            let mut redacted = text.to_owned();
            redaction.text(&mut redacted);
            assert_eq!(redacted, expected, "{text}");
        }
    }
}
