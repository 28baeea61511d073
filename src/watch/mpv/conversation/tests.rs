mod entries;

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::model::{Location, Wall};
use crate::watch::mpv::item;
use crate::watch::mpv::protocol::parse;

/// A conversation with an mpv that answers from a table of properties.
struct Rig {
    conversation: Conversation,
    properties: BTreeMap<String, Value>,
    waiting: VecDeque<(String, u64)>,
    now: Moment,
    told: Vec<(Moment, Signal)>,
}

impl Rig {
    fn new() -> Self {
        let mut rig = Self {
            conversation: Conversation::new(1, Some("/home/u".to_owned())),
            properties: BTreeMap::new(),
            waiting: VecDeque::new(),
            now: Moment {
                mono: Duration::from_secs(100),
                boot: Duration::from_secs(100),
                wall: Wall(0),
            },
            told: Vec::new(),
        };
        rig.take();
        rig
    }

    /// With nothing open and all first notifications heard.
    fn idle() -> Self {
        let mut rig = Self::new();
        rig.introduce();
        rig
    }

    /// Hears all first notifications, and is told what is open.
    fn introduce(&mut self) {
        for (property, value) in [
            ("eof-reached", Value::Null),
            ("core-idle", json!(true)),
            ("pause", json!(false)),
            ("idle-active", json!(false)),
            ("speed", json!(1.0)),
        ] {
            self.change(property, &value);
        }
        self.answer();
    }

    /// With a film that plays.
    fn playing() -> Self {
        let mut rig = Self::idle();
        rig.open("a.mkv", 1);
        rig.change("core-idle", &json!(false));
        rig.answer();
        rig.told.clear();
        rig
    }

    fn end(&mut self, entry: u64, reason: &str) {
        let event = json!({"event": "end-file", "reason": reason, "playlist_entry_id": entry});
        self.hear(&event.to_string());
    }

    /// What was opened last.
    fn opened(&self) -> &Item {
        let mut items = self.told.iter().filter_map(|(_, signal)| match signal {
            Signal::Opened(item) => Some(item),
            _ => None,
        });
        items.next_back().expect("something was opened")
    }

    /// Whether that is a loop.
    fn is_repeated(&self) -> bool {
        self.opened().repeated
    }

    fn entry(&self) -> Option<u64> {
        self.opened().entry
    }

    fn open(&mut self, path: &str, entry: u64) {
        self.have(path);
        self.hear(&json!({"event": "start-file", "playlist_entry_id": entry}).to_string());
        self.hear(r#"{"event":"file-loaded"}"#);
        self.answer();
    }

    fn have(&mut self, path: &str) {
        for (property, value) in [
            ("path", json!(path)),
            ("duration", json!(100.0)),
            ("time-pos", json!(10.0)),
            ("track-list", json!([{"type": "video", "selected": true}])),
        ] {
            self.properties.insert(property.to_owned(), value);
        }
    }

    fn have_nothing(&mut self) {
        self.properties.clear();
    }

    fn hear(&mut self, line: &str) {
        self.now = self.now.after(Duration::from_millis(1));
        self.conversation.handle(parse(line).unwrap(), self.now);
        self.take();
    }

    fn change(&mut self, property: &str, value: &Value) {
        let place = OBSERVED.iter().position(|known| *known == property);
        let id = place.unwrap() + 1;
        let event = json!({"event": "property-change", "id": id, "name": property, "data": value});
        self.hear(&event.to_string());
    }

    /// Notes what is asked for and told.
    fn take(&mut self) {
        for line in self.conversation.take_requests().lines() {
            let request: Value = serde_json::from_str(line).unwrap();
            if request["command"][0] == "get_property" {
                let property = request["command"][1].as_str().unwrap().to_owned();
                let id = request["request_id"].as_u64().unwrap();
                self.waiting.push_back((property, id));
            }
        }
        while let Some(told) = self.conversation.poll_signal() {
            self.told.push(told);
        }
    }

    fn answer_one(&mut self) -> bool {
        let Some((property, id)) = self.waiting.pop_front() else {
            return false;
        };
        let reply = match self.properties.get(&property) {
            Some(value) => json!({"request_id": id, "error": "success", "data": value}),
            None => json!({"request_id": id, "error": "property unavailable"}),
        };
        self.hear(&reply.to_string());
        true
    }

    fn answer(&mut self) {
        while self.answer_one() {}
    }

    fn wait(&mut self, by: Duration) {
        self.now = self.now.after(by);
        self.conversation.handle_timeout(self.now);
        self.take();
    }

    fn signals(&self) -> Vec<Signal> {
        self.told.iter().map(|(_, signal)| signal.clone()).collect()
    }

    fn words(&self) -> Vec<String> {
        self.told
            .iter()
            .map(|(_, signal)| match signal {
                Signal::Opened(item) => {
                    let path = item.location.as_ref().map_or("", Location::as_str);
                    format!("opened {path}")
                }
                Signal::Refined(item) => format!("refined {:?}", item.duration),
                Signal::Transport { state, position } => format!("{state:?} {position:?}"),
                Signal::Position { seconds, seeked } => format!("at {seconds} {seeked}"),
                other => format!("{other:?}"),
            })
            .collect()
    }
}

#[test]
fn a_file_is_told_once_it_is_loaded_and_ended_once() {
    let mut rig = Rig::idle();
    assert_eq!(rig.words(), ["Stopped None"]);
    rig.open("a.mkv", 1);
    rig.change("core-idle", &json!(false));
    rig.answer();
    rig.have_nothing();
    rig.change("core-idle", &json!(true));
    rig.change("duration", &Value::Null);
    rig.answer();
    rig.hear(r#"{"event":"end-file","reason":"eof","playlist_entry_id":1}"#);
    rig.hear(r#"{"event":"end-file","reason":"eof","playlist_entry_id":1}"#);
    let expected = [
        "Stopped None",
        "opened /home/u/a.mkv",
        "Rate(1.0)",
        "Buffering Some(10.0)",
        "Playing Some(10.0)",
        "Buffering None",
        "Ended(Eof)",
    ];
    assert_eq!(rig.words(), expected);
}

#[test]
fn falling_idle_on_the_way_to_the_end_is_no_stalling() {
    let mut rig = Rig::playing();
    rig.change("core-idle", &json!(true));
    rig.hear(r#"{"event":"end-file","reason":"eof","playlist_entry_id":1}"#);
    assert_eq!(rig.words(), ["Ended(Eof)"]);
}

#[test]
fn answers_that_may_be_of_the_next_file_are_discarded() {
    let mut rig = Rig::idle();
    rig.told.clear();
    rig.hear(r#"{"event":"start-file","playlist_entry_id":1}"#);
    rig.hear(r#"{"event":"file-loaded"}"#);
    // All answers but the fence's come in, already of the next file; its events follow.
    rig.have("b.mkv");
    for _ in item::PROPERTIES {
        assert!(rig.answer_one());
    }
    rig.hear(r#"{"event":"end-file","reason":"stop","playlist_entry_id":1}"#);
    rig.hear(r#"{"event":"start-file","playlist_entry_id":2}"#);
    rig.answer();
    assert_eq!(rig.words(), [""; 0]);
    rig.hear(r#"{"event":"file-loaded"}"#);
    rig.answer();
    assert_eq!(rig.words()[0], "opened /home/u/b.mkv");
}

#[test]
fn a_file_that_was_open_before_is_told_and_its_load_event_does_not_tell_it_again() {
    let mut rig = Rig::new();
    rig.have("https://host/film");
    for (property, value) in [
        ("eof-reached", json!(false)),
        ("core-idle", json!(true)),
        ("pause", json!(true)),
        ("idle-active", json!(false)),
    ] {
        rig.change(property, &value);
        assert!(rig.waiting.is_empty(), "not before all is known");
    }
    assert!(!rig.conversation.is_introduced());
    rig.change("speed", &json!(1.5));
    rig.answer();
    assert!(rig.conversation.is_introduced());
    rig.hear(r#"{"event":"file-loaded"}"#);
    rig.wait(SETTLE);
    rig.answer();
    let expected = ["opened https://host/film", "Rate(1.5)", "Paused Some(10.0)"];
    assert_eq!(rig.words(), expected);
}

#[test]
fn one_that_was_kept_open_at_its_end_is_told_as_such() {
    let mut rig = Rig::new();
    rig.have("a.mkv");
    for (property, value) in [
        ("eof-reached", json!(true)),
        ("core-idle", json!(true)),
        ("pause", json!(true)),
        ("idle-active", json!(false)),
        ("speed", json!(1.0)),
    ] {
        rig.change(property, &value);
    }
    rig.answer();
    assert_eq!(rig.signals().last(), Some(&Signal::ReachedEnd));
}

#[test]
fn a_change_carries_the_position_and_the_time_when_it_was_seen() {
    let mut rig = Rig::playing();
    rig.change("core-idle", &json!(true));
    let seen = rig.now;
    rig.change("pause", &json!(true));
    rig.now = rig.now.after(Duration::from_millis(80));
    rig.answer();
    assert_eq!(rig.words(), ["Paused Some(10.0)"]);
    assert_eq!(rig.told[0].0, seen);
}

#[test]
fn a_change_that_is_taken_back_before_the_answer_is_none() {
    let mut rig = Rig::playing();
    rig.change("pause", &json!(true));
    rig.change("pause", &json!(false));
    rig.answer();
    assert_eq!(rig.words(), ["at 10 false"]);
}

#[test]
fn a_notification_without_a_change_costs_nothing() {
    let mut rig = Rig::playing();
    for _ in 0..3 {
        rig.change("pause", &json!(false));
        rig.change("speed", &json!(1.0));
    }
    assert!(rig.waiting.is_empty());
    assert!(rig.told.is_empty());
    assert_eq!(rig.conversation.poll_timeout(), None);
}

#[test]
fn a_change_does_not_wait_for_ever_for_its_position() {
    let mut rig = Rig::playing();
    rig.change("pause", &json!(true));
    let seen = rig.now;
    assert_eq!(rig.conversation.poll_timeout(), Some(seen.mono + PATIENCE));
    rig.wait(PATIENCE);
    assert_eq!(rig.words(), ["Paused None"]);
    assert_eq!(rig.conversation.poll_timeout(), None);
    // The late answer is still a position.
    rig.conversation.ask();
    rig.take();
    rig.answer();
    assert_eq!(rig.words(), ["Paused None", "at 10 false"]);
}

#[test]
fn a_jump_is_told_with_where_it_led() {
    let mut rig = Rig::playing();
    rig.hear(r#"{"event":"seek"}"#);
    rig.properties.insert("time-pos".to_owned(), json!(-0.02));
    rig.hear(r#"{"event":"playback-restart"}"#);
    rig.answer();
    assert_eq!(rig.words(), ["at 0 true"]);
}

#[test]
fn the_first_frame_is_no_jump() {
    let mut rig = Rig::playing();
    rig.hear(r#"{"event":"playback-restart"}"#);
    rig.answer();
    assert_eq!(rig.words(), ["at 10 false"]);
}

#[test]
fn a_position_may_be_known_in_per_cent_only_or_not_at_all() {
    let mut rig = Rig::playing();
    rig.properties.remove("time-pos");
    rig.properties.insert("percent-pos".to_owned(), json!(25));
    rig.conversation.ask();
    rig.take();
    rig.answer();
    assert_eq!(rig.words(), ["at 25 false"]);
    rig.properties.remove("percent-pos");
    rig.conversation.ask();
    rig.take();
    rig.answer();
    assert_eq!(rig.words(), ["at 25 false"]);
}

#[test]
fn nothing_is_asked_of_an_mpv_that_has_nothing_open() {
    let mut rig = Rig::idle();
    rig.conversation.ask();
    rig.take();
    assert!(rig.waiting.is_empty());
}

#[test]
fn what_is_learned_later_refines_once_things_have_settled() {
    let mut rig = Rig::playing();
    rig.properties.insert("duration".to_owned(), json!(200.0));
    for property in ["duration", "metadata", "chapter-list", "duration"] {
        rig.change(property, &json!(1));
    }
    assert!(rig.waiting.is_empty());
    rig.wait(SETTLE);
    rig.answer();
    assert_eq!(rig.words(), ["refined Some(200.0)"]);
    // A stream that grows on and on is looked at once a second.
    rig.change("duration", &json!(201));
    rig.wait(SETTLE);
    assert!(rig.waiting.is_empty());
    rig.wait(REREAD);
    assert!(!rig.waiting.is_empty());
}

#[test]
fn a_lost_event_is_made_good() {
    let mut rig = Rig::playing();
    rig.have("b.mkv");
    rig.change("media-title", &json!("b.mkv"));
    rig.wait(SETTLE);
    rig.answer();
    assert_eq!(rig.words()[..2], ["Ended(Stopped)", "opened /home/u/b.mkv"]);
    rig.have_nothing();
    rig.change("idle-active", &json!(true));
    rig.wait(REREAD + SETTLE);
    rig.answer();
    let words = rig.words();
    assert_eq!(words[words.len() - 2..], ["Ended(Stopped)", "Stopped None"]);
}

#[test]
fn reasons_of_the_end() {
    let table = [
        ("eof", Some(EndReason::Eof)),
        ("stop", Some(EndReason::Stopped)),
        ("quit", Some(EndReason::Stopped)),
        ("unknown", Some(EndReason::Stopped)),
        ("error", Some(EndReason::Error)),
        ("redirect", None),
    ];
    for (reason, expected) in table {
        let mut rig = Rig::playing();
        rig.hear(
            &json!({"event": "end-file", "reason": reason, "playlist_entry_id": 1}).to_string(),
        );
        let expected: Vec<Signal> = expected.map(Signal::Ended).into_iter().collect();
        assert_eq!(rig.signals(), expected, "{reason}");
    }
}

#[test]
fn the_end_of_another_entry_is_not_this_ones() {
    let mut rig = Rig::playing();
    rig.hear(r#"{"event":"end-file","reason":"eof","playlist_entry_id":7}"#);
    assert_eq!(rig.words(), [""; 0]);
    rig.hear(r#"{"event":"start-file","playlist_entry_id":8}"#);
    assert_eq!(rig.words(), ["Ended(Stopped)"]);
}

#[derive(Debug, Clone)]
enum Op {
    Start(u64),
    Loaded,
    End(u64, &'static str),
    Seek,
    Restart,
    Change(usize, Value),
    Answer,
    AnswerOutOfPlace(u64, Value),
    Have(&'static str),
    HaveNothing,
    Ask,
    Wait(u64),
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(|flag| json!(flag)),
        (-10.0..1e9).prop_map(|number| json!(number)),
        Just(json!("text")),
        Just(json!([{"type": "video"}])),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let reason = prop::sample::select(vec!["eof", "stop", "error", "redirect", "quit"]);
    prop_oneof![
        1 => (0..4u64).prop_map(Op::Start),
        1 => Just(Op::Loaded),
        1 => (0..4u64, reason).prop_map(|(entry, reason)| Op::End(entry, reason)),
        1 => Just(Op::Seek),
        1 => Just(Op::Restart),
        4 => (0..OBSERVED.len(), value()).prop_map(|(place, value)| Op::Change(place, value)),
        8 => Just(Op::Answer),
        1 => (0..200u64, value()).prop_map(|(id, value)| Op::AnswerOutOfPlace(id, value)),
        1 => prop::sample::select(vec!["a.mkv", "b.mkv", "-"]).prop_map(Op::Have),
        1 => Just(Op::HaveNothing),
        1 => Just(Op::Ask),
        1 => (0..2000u64).prop_map(Op::Wait),
    ]
}

fn apply(rig: &mut Rig, op: &Op) {
    match op {
        Op::Start(entry) => {
            rig.hear(&json!({"event": "start-file", "playlist_entry_id": entry}).to_string());
        }
        Op::Loaded => rig.hear(r#"{"event":"file-loaded"}"#),
        Op::End(entry, reason) => rig.hear(
            &json!({"event": "end-file", "reason": reason, "playlist_entry_id": entry}).to_string(),
        ),
        Op::Seek => rig.hear(r#"{"event":"seek"}"#),
        Op::Restart => rig.hear(r#"{"event":"playback-restart"}"#),
        Op::Change(place, value) => rig.change(OBSERVED[*place], value),
        Op::Answer => drop(rig.answer_one()),
        Op::AnswerOutOfPlace(id, value) => {
            rig.hear(&json!({"request_id": id, "error": "success", "data": value}).to_string());
        }
        Op::Have(path) => rig.have(path),
        Op::HaveNothing => rig.have_nothing(),
        Op::Ask => {
            rig.conversation.ask();
            rig.take();
        }
        Op::Wait(ms) => rig.wait(Duration::from_millis(*ms)),
    }
}

proptest! {
    #[test]
    fn whatever_mpv_says_playbacks_open_and_end_in_turn(ops in prop::collection::vec(op(), 0..120)) {
        let mut rig = Rig::new();
        for op in &ops {
            apply(&mut rig, op);
        }
        let mut open = false;
        let mut last = Duration::ZERO;
        for (at, signal) in &rig.told {
            prop_assert!(at.mono >= last);
            last = at.mono;
            match signal {
                Signal::Opened(_) => {
                    prop_assert!(!open);
                    open = true;
                }
                Signal::Ended(_) => {
                    prop_assert!(open);
                    open = false;
                }
                Signal::Transport { state: Transport::Stopped, .. } => prop_assert!(!open),
                Signal::Transport { position: Some(at), .. } | Signal::Position { seconds: at, .. } => {
                    prop_assert!(open && *at >= 0.0);
                }
                _ => prop_assert!(open, "{:?}", signal),
            }
        }
    }
}
