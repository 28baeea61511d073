use std::time::Duration;

use super::*;
use crate::model::Wall;
use crate::watch::mpris::heard::Heard as Mpris;
use crate::watch::mpris::raw::{Map, Raw};
use crate::watch::mpv::heard::Heard as Mpv;

fn entry(heard: Heard) -> Entry {
    let at = Moment {
        mono: Duration::from_millis(1500),
        boot: Duration::from_millis(2500),
        wall: Wall(1_795_312_800_250),
    };
    Entry::new(at, PlayerId::new("mpris:vlc"), heard)
}

fn changed() -> Entry {
    let text = |text: &str| Raw::Variant(Box::new(Raw::Text(text.into())));
    let metadata = Map::from([
        ("xesam:title".into(), text("Secret Film")),
        (
            "xesam:url".into(),
            text("file:///home/me/Secret%20Film%20(1999).mkv"),
        ),
        (
            "xesam:artist".into(),
            Raw::List(vec![text("Secret Series")]),
        ),
        ("xesam:album".into(), text("1917")),
        ("xesam:trackNumber".into(), text("4")),
        ("mpris:trackid".into(), Raw::Path("/home/secret/1".into())),
        ("mpris:length".into(), Raw::Text("5400000000".into())),
    ]);
    let map = Map::from([
        ("PlaybackStatus".into(), Raw::Text("Playing".into())),
        ("Metadata".into(), Raw::Dict(metadata)),
        ("Position".into(), Raw::I64(1_000_000)),
    ]);
    entry(Heard::Mpris(Mpris::Changed(map)))
}

fn line() -> Entry {
    let line =
        r#"{"data":{"path":"Secret Film.mkv","TITLE":"Secret"},"error":"success","request_id":4}"#;
    entry(Heard::Mpv(Mpv::Line(line.to_owned())))
}

fn written(entries: &[Entry], redact: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut recorder = Recorder::begin(&mut out, &PlayerId::new("mpris:vlc"), redact).unwrap();
    for entry in entries {
        recorder.write(entry).unwrap();
    }
    out
}

#[test]
fn what_is_written_is_read_back_every_value_with_its_type() {
    let all = [
        entry(Heard::Mpris(Mpris::Begins("vlc".into()))),
        changed(),
        entry(Heard::Mpris(Mpris::Seeked(None))),
        entry(Heard::Mpv(Mpv::Begins(None))),
        line(),
        entry(Heard::Signal(Signal::Vanished)),
    ];
    let trace = read(written(&all, false).as_slice()).unwrap();
    assert_eq!(trace.header.player, PlayerId::new("mpris:vlc"));
    assert_eq!(trace.entries, all);
}

#[test]
fn a_redacted_trace_says_nothing_of_what_was_watched_but_shows_every_change() {
    let bytes = written(&[changed(), changed(), line()], true);
    let text = String::from_utf8(bytes.clone()).unwrap();
    let lower = text.to_lowercase();
    assert!(
        !lower.contains("secret") && !lower.contains("home"),
        "{text}"
    );
    let trace = read(bytes.as_slice()).unwrap();
    assert!(trace.header.redacted);
    assert_eq!(trace.entries[0], trace.entries[1]);
    assert!(!text.contains("1917"), "{text}");
    for kept in [
        "Playing",
        ".mkv",
        "5400000000",
        r#"{"s":"4"}"#,
        r#"\"error\":\"success\""#,
    ] {
        assert!(text.contains(kept), "{kept} in {text}");
    }
}

#[test]
fn what_is_no_trace_is_refused_with_words() {
    let newer = br#"{"trace":3,"other":true}"#;
    let mut damaged = written(&[changed()], false);
    damaged.extend_from_slice(b"{\n{}\n");
    let eternal = String::from_utf8(written(&[changed()], false)).unwrap();
    let eternal = eternal.replace(r#""secs":1"#, r#""secs":18446744073709551615"#);
    let older = br#"{"trace":1,"player":"mpris:vlc","reeld":"0.1.0","redacted":false}"#;
    let cases: [(&[u8], &str); 6] = [
        (older, "version 1"),
        (b"", "first line"),
        (b"hello\n", "first line"),
        (newer, "version 3"),
        (&damaged, "line 3"),
        (eternal.as_bytes(), "line 2"),
    ];
    for (bytes, words) in cases {
        let error = read(bytes).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_last_line_cut_off_by_a_crash_is_passed_over() {
    let mut bytes = written(&[changed(), changed()], false);
    bytes.truncate(bytes.len() - 10);
    assert_eq!(read(bytes.as_slice()).unwrap().entries.len(), 1);
}
