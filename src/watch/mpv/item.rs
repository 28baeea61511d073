//! What mpv has open, from the properties that it was asked for.

use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use crate::model::{Chapter, Item, Location, Tags, Video, decoded};

/// The properties that make an item, in the order they are asked for and handed to [`read`].
pub const PROPERTIES: [&str; 10] = [
    "path",
    "working-directory",
    "media-title",
    "metadata",
    "duration",
    "chapter-list",
    "track-list",
    "demuxer-via-network",
    "loop-file",
    "loop-playlist",
];

/// Longest title or tag that is kept, in characters. Longer ones are cut: nobody's title is longer.
const MAX_TEXT: usize = 1024;
const MAX_TAGS: usize = 128;
const MAX_CHAPTERS: usize = 1000;

/// What the answers amount to.
#[derive(Debug, PartialEq)]
pub enum Reading {
    /// Nothing is open.
    Nothing,
    /// Something is being opened or closed: its parts are not there.
    Half,
    /// This is open.
    Open(Box<Item>),
}

/// Reads the answers to [`PROPERTIES`]; `None` is what was unavailable. A relative path is one in `folder`, if that is
/// known: what mpv says of its own folder is what `$PWD` held when it was started, whether that was true or not.
pub fn read(answers: &[Option<Value>], folder: Option<&str>) -> Reading {
    let answer = |name: &str| {
        let at = PROPERTIES.iter().position(|property| *property == name)?;
        answers.get(at)?.as_ref()
    };
    let Some(path) = answer("path").and_then(Value::as_str) else {
        return Reading::Nothing;
    };
    let tracks = answer("track-list").and_then(Value::as_array);
    let Some(tracks) = tracks.filter(|tracks| !tracks.is_empty()) else {
        return Reading::Half;
    };
    let folder = folder.or_else(|| answer("working-directory").and_then(Value::as_str));
    Reading::Open(Box::new(Item {
        location: location(path, folder),
        duration: answer("duration")
            .and_then(Value::as_f64)
            .filter(|seconds| seconds.is_finite() && *seconds > 0.0),
        title: answer("media-title")
            .and_then(Value::as_str)
            .filter(|title| !title.is_empty())
            .map(cut),
        tags: tags(answer("metadata")),
        video: video(tracks),
        chapters: chapters(answer("chapter-list")),
        network: answer("demuxer-via-network") == Some(&Value::Bool(true)),
        repeated: ["loop-file", "loop-playlist"]
            .into_iter()
            .any(|name| loops(answer(name))),
        entry: None,
    }))
}

/// Whether such an option is on: a number of times, `inf` or `force`. Off it is `false`, or `no`.
fn loops(option: Option<&Value>) -> bool {
    option.is_some_and(|value| !matches!(value, Value::Null | Value::Bool(false)) && value != "no")
}

/// `path` as mpv gives it: absolute, relative to where mpv was started, or a URL. `-` is standard input: no location.
fn location(path: &str, folder: Option<&str>) -> Option<Location> {
    if path.is_empty() || path == "-" {
        return None;
    }
    if let Some(rest) = path.strip_prefix("file://") {
        return Some(Location::Path(percent_decoded(rest)));
    }
    if has_scheme(path) {
        return Some(Location::Url(path.to_owned()));
    }
    let joined = Path::new(folder.unwrap_or("/")).join(path);
    let plain: PathBuf = joined
        .components()
        .filter(|part| *part != Component::CurDir)
        .collect();
    Some(Location::Path(plain.to_string_lossy().into_owned()))
}

/// As mpv decides it: letters, digits and `_+-.` up to `://`.
fn has_scheme(path: &str) -> bool {
    path.split_once("://").is_some_and(|(scheme, _)| {
        !scheme.is_empty()
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_+-.".contains(c))
    })
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match tail {
            [high, low, ..] if *first == b'%' => hex(*high).zip(hex(*low)),
            _ => None,
        };
        if let Some((high, low)) = escaped {
            bytes.push(high << 4 | low);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    decoded(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// A still image or cover art is no moving picture; nor is a video track that is not shown.
fn video(tracks: &[Value]) -> Video {
    let is = |track: &Value, flag: &str| track.get(flag) == Some(&Value::Bool(true));
    let moving = tracks.iter().any(|track| {
        track.get("type").and_then(Value::as_str) == Some("video")
            && is(track, "selected")
            && !is(track, "albumart")
            && !is(track, "image")
    });
    if moving { Video::Yes } else { Video::No }
}

fn tags(metadata: Option<&Value>) -> Tags {
    let Some(Value::Object(fields)) = metadata else {
        return Tags::default();
    };
    let tags = fields.iter().take(MAX_TAGS).map(|(name, value)| {
        let value = match value {
            Value::String(text) => cut(text),
            other => cut(&other.to_string()),
        };
        (cut(&name.to_lowercase()), value)
    });
    Tags(tags.collect())
}

fn chapters(list: Option<&Value>) -> Vec<Chapter> {
    let Some(Value::Array(list)) = list else {
        return Vec::new();
    };
    let chapter = |mark: &Value| {
        Some(Chapter {
            start: mark
                .get("time")?
                .as_f64()
                .filter(|start| start.is_finite())?,
            title: cut(mark.get("title").and_then(Value::as_str).unwrap_or("")),
        })
    };
    let mut chapters: Vec<Chapter> = list.iter().take(MAX_CHAPTERS).filter_map(chapter).collect();
    chapters.sort_by(|a, b| a.start.total_cmp(&b.start));
    chapters
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn answers(path: Value, tracks: Value) -> Vec<Option<Value>> {
        vec![
            Some(path),
            Some(json!("/home/u")),
            Some(json!("a.mkv")),
            Some(json!({"TITLE": "Film", "DATE": 1999})),
            Some(json!(12.5)),
            Some(json!([{"title": "Credits", "time": 11.0}, {"title": "Intro", "time": 0.0}])),
            Some(tracks),
            Some(json!(false)),
        ]
    }

    #[test]
    fn the_answers_become_an_item() {
        let track = json!([{"type": "video", "selected": true, "albumart": false}]);
        let Reading::Open(item) = read(&answers(json!("a.mkv"), track), None) else {
            panic!("nothing open");
        };
        assert_eq!(item.location, Some(Location::Path("/home/u/a.mkv".into())));
        assert_eq!(item.duration, Some(12.5));
        assert_eq!(item.tags.get("title"), Some("Film"));
        assert_eq!(item.tags.get("date"), Some("1999"));
        assert_eq!(item.chapters[1].title, "Credits");
        assert_eq!(item.video, Video::Yes);
        assert!(!item.network);
    }

    #[test]
    fn nothing_and_half_open_are_told_apart() {
        assert_eq!(read(&[], None), Reading::Nothing);
        assert_eq!(read(&answers(json!("a"), json!([])), None), Reading::Half);
    }

    #[test]
    fn only_a_selected_moving_picture_is_video() {
        let table = [
            (json!({"type": "video", "selected": true}), Video::Yes),
            (json!({"type": "video", "selected": false}), Video::No),
            (
                json!({"type": "video", "selected": true, "albumart": true}),
                Video::No,
            ),
            (
                json!({"type": "video", "selected": true, "image": true}),
                Video::No,
            ),
            (json!({"type": "audio", "selected": true}), Video::No),
            (json!("nonsense"), Video::No),
        ];
        for (track, expected) in table {
            assert_eq!(video(std::slice::from_ref(&track)), expected, "{track}");
        }
    }

    #[test]
    fn locations_are_absolute_paths_or_urls() {
        let path = |text: &str| Some(Location::Path(text.to_owned()));
        let url = |text: &str| Some(Location::Url(text.to_owned()));
        let table = [
            ("/m/a.mkv", path("/m/a.mkv")),
            ("a.mkv", path("/cwd/a.mkv")),
            ("./s/./a.mkv", path("/cwd/s/a.mkv")),
            ("../a.mkv", path("/cwd/../a.mkv")),
            ("file:///m/a%20b%zz.mkv", path("/m/a b%zz.mkv")),
            ("file:///m/%", path("/m/%")),
            ("https://h/x?y=a://b", url("https://h/x?y=a://b")),
            ("dvd://1", url("dvd://1")),
            ("a b://c", path("/cwd/a b:/c")),
            ("-", None),
            ("", None),
        ];
        for (given, expected) in table {
            assert_eq!(location(given, Some("/cwd")), expected, "{given}");
        }
    }

    #[test]
    fn hostile_tags_and_titles_are_cut() {
        let many: serde_json::Map<String, Value> = (0..10_000)
            .map(|i| (i.to_string(), json!("x".repeat(5000))))
            .collect();
        let tags = tags(Some(&Value::Object(many)));
        assert_eq!(tags.0.len(), MAX_TAGS);
        assert_eq!(tags.0[0].1.len(), MAX_TEXT);
    }
}
