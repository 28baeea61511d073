//! What is seen again: a lap, a re-watch, or the credits of what was watched.

use super::*;

#[test]
fn from_the_beginning_after_completion_is_a_rewatch_and_a_loop_is_not() {
    let mut rig = played(LENGTH);
    rig.seek("mpv-1", 0.0, true);
    rig.wait(995.0);
    rig.quit("mpv-1");
    // The loop went on within the session: the latch falls once.
    assert_eq!(rig.events.iter().filter(|event| event.watched).count(), 1);
    rig.open_at("mpv-2", heat(), 0.0);
    rig.wait(999.0);
    rig.quit("mpv-2");
    let watched: Vec<_> = rig
        .events
        .iter()
        .filter(|event| event.watched)
        .map(|event| event.viewing)
        .collect();
    assert_eq!(watched.len(), 2);
    assert_ne!(watched[0], watched[1]);
}

#[test]
fn a_loop_stays_a_loop_when_the_daemon_was_restarted_in_it() {
    let mut rig = played(950.0);
    rig.d.shutdown(rig.now);
    rig.drain();
    assert!(rig.events.last().unwrap().watched);
    rig.restart(3.0, test_rules());
    for _ in 0..2 {
        rig.wait(40.0);
        rig.seek("mpv-1", 0.0, true);
        rig.wait(950.0);
    }
    assert_eq!(rig.story(), "start 5 · stop 950 watched");
    // The same file opened anew in the same player is no loop.
    rig.end("mpv-1", EndReason::Eof);
    rig.open_at("mpv-1", heat(), 0.0);
    rig.wait(999.0);
    rig.quit("mpv-1");
    assert_eq!(rig.events.iter().filter(|event| event.watched).count(), 2);
}

#[test]
fn a_file_that_the_player_begins_again_by_itself_is_nothing_new() {
    let mut rig = played(LENGTH);
    for _ in 0..3 {
        rig.end("mpv-1", EndReason::Eof);
        let looped = Item {
            repeated: true,
            ..heat()
        };
        rig.open_at("mpv-1", looped, 0.0);
        rig.wait(LENGTH);
    }
    assert_eq!(rig.events.iter().filter(|event| event.watched).count(), 1);
    // Begun by the user, it is a re-watch.
    rig.end("mpv-1", EndReason::Eof);
    rig.open_at("mpv-1", heat(), 0.0);
    rig.wait(LENGTH);
    rig.quit("mpv-1");
    assert_eq!(rig.events.iter().filter(|event| event.watched).count(), 2);
}

#[test]
fn what_a_player_on_the_bus_is_set_to_loop_is_a_loop_though_it_opens_it_late() {
    // Chosen again by its user, and looped by a player that does not say so, look the same: only soon after the end is it a lap.
    for (repeated, stops_for, watches) in [
        (true, 2.0, 1),
        (true, 20.0, 1),
        (true, 58.0, 1),
        (true, 62.0, 2),
        (false, 2.0, 1),
        (false, 4.0, 2),
        (false, 20.0, 2),
    ] {
        let mut rig = Rig::new();
        for _ in 0..2 {
            let item = Item { repeated, ..heat() };
            rig.open_at("vlc", item, 0.0);
            rig.wait(LENGTH);
            rig.set("vlc", Transport::Stopped);
            rig.wait(stops_for);
        }
        let story = rig.story();
        assert_eq!(rig.watches(), watches, "{repeated} {stops_for}: {story}");
    }
}

#[test]
fn what_was_left_in_its_credits_and_is_chosen_again_is_a_rewatch_though_the_player_loops() {
    let mut rig = Rig::new();
    for _ in 0..2 {
        let item = Item {
            repeated: true,
            ..heat()
        };
        rig.open_at("vlc", item, 0.0);
        rig.wait(LENGTH - 50.0);
        rig.set("vlc", Transport::Stopped);
        rig.wait(2.0);
    }
    assert_eq!(rig.watches(), 2, "{}", rig.story());
}

#[test]
fn credits_in_one_player_are_no_part_of_the_rewatch_begun_in_another_unless_sought_in() {
    for (sought, set_back, watches) in [(false, false, 1), (true, false, 2), (true, true, 2)] {
        let mut rig = Rig::new();
        rig.open_at("mpv-1", heat(), 0.0);
        rig.open_at("vlc-2", heat(), 100.0);
        rig.wait(780.0);
        rig.open_at("vlc-3", heat(), 0.0);
        rig.quit("vlc-2");
        rig.wait(50.0);
        if set_back {
            rig.now.wall = rig.now.wall.minus(Duration::from_secs(7200));
        }
        if sought {
            rig.seek("mpv-1", 700.0, true);
            rig.wait(170.0);
        }
        rig.wait(130.0);
        rig.end("mpv-1", EndReason::Eof);
        assert_eq!(rig.watches(), watches, "{}", rig.story());
    }
}

#[test]
fn a_lap_in_one_player_is_no_part_of_the_rewatch_in_another() {
    for rewatched in [300.0, 1000.0] {
        let mut rig = Rig::new();
        rig.open_at("mpv-1", heat(), 0.0);
        rig.wait(920.0);
        rig.set("mpv-1", Transport::Paused);
        rig.wait(70.0);
        rig.set("mpv-1", Transport::Playing);
        rig.open_at("vlc-2", heat(), 0.0);
        rig.wait(80.0);
        rig.seek("mpv-1", 0.1, true);
        rig.wait(rewatched - 80.0);
        rig.quit("vlc-2");
        rig.wait(950.0);
        let watches = if rewatched < LENGTH { 1 } else { 2 };
        assert_eq!(rig.watches(), watches, "{rewatched}: {}", rig.story());
    }
}

/// What it had sought was of the watch that another player completed, before the re-watch began.
#[test]
fn who_sought_before_a_rewatch_began_elsewhere_is_no_part_of_it() {
    for left_after in [60.0, 300.0] {
        let rare = Rules {
            progress_every: Duration::from_secs(300),
            ..test_rules()
        };
        let mut rig = Rig::with(rare, 1);
        rig.open_at("mpv-1", heat(), 0.0);
        rig.wait(20.0);
        rig.seek("mpv-1", 500.0, true);
        rig.wait(20.0);
        rig.set("mpv-1", Transport::Paused);
        rig.wait(10.0);
        rig.open_at("vlc-2", heat(), 500.0);
        rig.wait(500.0);
        rig.set("vlc-2", Transport::Stopped);
        rig.quit("vlc-2");
        rig.open_at("vlc-3", heat(), 0.0);
        rig.wait(left_after);
        rig.quit("vlc-3");
        rig.set("mpv-1", Transport::Playing);
        rig.wait(480.0);
        rig.end("mpv-1", EndReason::Eof);
        assert_eq!(rig.watches(), 1, "{}", rig.story());
    }
}

#[test]
fn what_is_chosen_again_after_the_machine_has_slept_is_no_lap() {
    let mut rig = Rig::new();
    rig.open_at("vlc-1", heat(), 0.0);
    rig.wait(1000.0);
    rig.end("vlc-1", EndReason::Eof);
    rig.d.sleeping(rig.now);
    rig.sleep(8.0 * 3600.0);
    rig.d.woke(rig.now);
    rig.drain();
    rig.open_at("vlc-1", heat(), 0.0);
    rig.wait(1000.0);
    rig.end("vlc-1", EndReason::Eof);
    assert_eq!(rig.watches(), 2, "{}", rig.story());
}
