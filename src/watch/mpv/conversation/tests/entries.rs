//! Which entry of its playlist mpv has open, and whether it loops.

use super::*;

#[test]
fn an_entry_that_starts_again_right_after_its_end_is_a_loop() {
    let mut rig = Rig::playing();
    for _ in 0..2 {
        rig.end(1, "eof");
        rig.open("a.mkv", 1);
        assert!(rig.is_repeated());
    }
    // Stopped and played again, another one, and back: somebody wants to see it.
    for (before, reason, next) in [(1, "stop", 1), (1, "eof", 2), (2, "eof", 1)] {
        rig.end(before, reason);
        rig.open("a.mkv", next);
        assert!(!rig.is_repeated(), "{before} {reason} {next}");
    }
    // Chosen again when mpv had nothing to do any more.
    rig.end(1, "eof");
    rig.change("idle-active", &json!(true));
    rig.change("idle-active", &json!(false));
    rig.open("a.mkv", 1);
    assert!(!rig.is_repeated());
}

#[test]
fn the_entry_of_what_is_open_is_told_whether_it_was_found_or_seen_to_begin() {
    for (place, id, entry) in [
        (json!(2), json!(7), Some(7)),
        (json!(-1), json!(7), None),
        (json!(2), Value::Null, None),
        (json!(2), json!(-3), None),
        (Value::Null, json!(7), None),
    ] {
        let mut rig = Rig::new();
        rig.properties.insert("playlist-playing-pos".into(), place);
        rig.properties.insert("playlist/2/id".into(), id);
        rig.have("a.mkv");
        rig.introduce();
        assert_eq!(rig.entry(), entry);
        // It is read again: still the same.
        rig.properties.insert("duration".into(), json!(101.0));
        rig.change("duration", &json!(101.0));
        rig.wait(REREAD);
        rig.answer();
        assert!(
            matches!(&rig.told.last().unwrap().1, Signal::Refined(item) if item.entry == entry)
        );
        rig.end(7, "stop");
        rig.open("a.mkv", 8);
        assert_eq!(rig.entry(), Some(8));
    }
}

#[test]
fn what_is_found_open_is_looped_if_mpv_is_set_to_loop_it() {
    for (option, value, looped) in [
        ("loop-file", json!("inf"), true),
        ("loop-file", json!(3), true),
        ("loop-playlist", json!("force"), true),
        ("loop-file", json!(false), false),
        ("loop-playlist", json!("no"), false),
    ] {
        let mut rig = Rig::new();
        rig.properties.insert(option.to_owned(), value.clone());
        rig.have("a.mkv");
        rig.introduce();
        assert_eq!(rig.is_repeated(), looped, "{option} {value}");
        // Of what is opened next it is known how it was begun.
        rig.end(1, "quit");
        rig.open("a.mkv", 2);
        assert!(!rig.is_repeated(), "{option} {value}");
    }
}
