//! What the user took back: its credits are nothing, and seen again it counts once.

use super::*;

/// Taken back by the user once its player has gone.
fn taken_back() -> Rig {
    let mut rig = played(1000.0);
    rig.quit("mpv-1");
    rig.wait(60.0);
    rig.take_back();
    rig
}

#[test]
fn what_was_taken_back_does_not_come_again_by_its_credits() {
    for restarts in [false, true] {
        let mut rig = taken_back();
        if restarts {
            rig.restart(100.0, test_rules());
        }
        rig.open_at("vlc-2", heat(), 930.0);
        rig.wait(70.0);
        rig.quit("vlc-2");
        assert_eq!(rig.watches(), 1, "{}", rig.story());
    }
}

#[test]
fn what_was_taken_back_and_is_seen_again_counts_once() {
    for from in [0.0, 500.0] {
        let mut rig = taken_back();
        rig.open_at("vlc-2", heat(), from);
        rig.wait(1000.0 - from);
        rig.quit("vlc-2");
        rig.restart(100.0, test_rules());
        rig.open_at("vlc-3", heat(), 930.0);
        rig.wait(70.0);
        rig.quit("vlc-3");
        assert_eq!(rig.watches(), 2, "{}", rig.story());
        let ids: std::collections::BTreeSet<_> = rig.completions().collect();
        assert_eq!(ids.len(), 2, "each is a viewing of its own");
    }
}

#[test]
fn what_is_taken_back_where_it_still_plays_is_not_completed_by_the_rest() {
    let mut rig = played(920.0);
    rig.pause();
    rig.wait(120.0);
    assert_eq!(rig.watches(), 1, "{}", rig.story());
    rig.take_back();
    rig.resume();
    rig.wait(70.0);
    rig.seek("mpv-1", 0.0, true);
    rig.wait(990.0);
    assert_eq!(rig.watches(), 1, "{}", rig.story());
    rig.wait(10.0);
    rig.quit("mpv-1");
    assert_eq!(rig.watches(), 2, "begun anew: {}", rig.story());
}

#[test]
fn what_was_taken_back_does_not_hide_what_was_watched_later() {
    for at_half in [false, true] {
        let mut rig = played(1000.0);
        rig.quit("mpv-1");
        let first = rig.completions().next().unwrap();
        rig.wait(60.0);
        rig.open_at("vlc-2", heat(), 0.0);
        rig.wait(500.0);
        if at_half {
            rig.d.take_back(first, rig.now);
        }
        rig.wait(500.0);
        rig.quit("vlc-2");
        rig.d.take_back(first, rig.now);
        rig.open_at("vlc-3", heat(), 300.0);
        rig.wait(700.0);
        rig.quit("vlc-3");
        assert_eq!(rig.watches(), 2, "{}", rig.story());
    }
}
