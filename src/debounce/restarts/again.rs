//! What plays again after a restart: loops, credits, re-watches.

use super::*;

#[test]
fn a_loop_of_one_film_stays_one_watch_whenever_the_daemon_is_restarted() {
    for paused in [false, true] {
        let mut rig = played(1000.0);
        rig.end("mpv-1", EndReason::Eof);
        rig.open_at("mpv-1", looped(), 0.0);
        rig.wait(500.0);
        if paused {
            rig.pause();
            rig.wait(300.0);
        }
        rig.restart(15.0, test_rules());
        rig.resume();
        rig.wait(485.0);
        rig.end("mpv-1", EndReason::Eof);
        rig.open_at("mpv-1", looped(), 0.0);
        rig.wait(1000.0);
        rig.end("mpv-1", EndReason::Eof);
        assert_eq!(rig.watches(), 1, "{}", rig.story());
    }
}

#[test]
fn the_last_lap_of_a_loop_in_which_the_daemon_is_restarted_is_no_watch_of_its_own() {
    // A player that counts its laps down says of the last that it does not loop.
    for into in [40.0, 500.0] {
        let mut rig = played(1000.0);
        rig.end("mpv-1", EndReason::Eof);
        rig.open_at("mpv-1", looped(), 0.0);
        let truth = rig.players.get_mut(&PlayerId::new("mpv-1")).unwrap();
        truth.item.repeated = false;
        rig.wait(into);
        rig.restart(3.0, test_rules());
        rig.wait(997.0 - into);
        rig.end("mpv-1", EndReason::Eof);
        assert_eq!(rig.watches(), 1, "{}", rig.story());
    }
}

#[test]
fn a_lap_that_ends_right_after_a_restart_is_followed_by_another_one() {
    let mut rig = played(1000.0);
    rig.end("mpv-1", EndReason::Eof);
    rig.open_at("mpv-1", looped(), 0.0);
    rig.wait(996.0);
    rig.restart(1.0, test_rules());
    for _ in 0..2 {
        rig.wait(3.0);
        rig.end("mpv-1", EndReason::Eof);
        rig.open_at("mpv-1", looped(), 0.0);
        rig.wait(997.0);
    }
    rig.quit("mpv-1");
    assert_eq!(rig.watches(), 1, "{}", rig.story());
}

#[test]
fn a_loop_in_a_player_that_answers_only_after_the_first_scan_is_a_loop() {
    let mut rig = played(1000.0);
    rig.end("mpv-1", EndReason::Eof);
    rig.open_at("mpv-1", looped(), 0.0);
    rig.wait(300.0);
    rig.restart_unseen(3.0);
    rig.wait(20.0);
    rig.announce_all();
    rig.wait(677.0);
    for _ in 0..2 {
        rig.end("mpv-1", EndReason::Eof);
        rig.open_at("mpv-1", looped(), 0.0);
        rig.wait(1000.0);
    }
    assert_eq!(rig.watches(), 1, "{}", rig.story());
}

#[test]
fn credits_that_go_on_after_a_restart_have_no_part_in_the_rewatch_begun_in_another_player() {
    let mut rig = Rig::new();
    rig.open_at("mpv-1", heat(), 0.0);
    rig.open_at("vlc-2", heat(), 0.0);
    rig.wait(960.0);
    rig.quit("vlc-2");
    rig.seek("mpv-1", 960.0, true);
    rig.restart(1.0, test_rules());
    assert_eq!(rig.watches(), 1, "{}", rig.story());
    rig.open_at("vlc-3", heat(), 0.0);
    rig.wait(20.0);
    rig.restart(1.0, test_rules());
    rig.wait(16.0);
    rig.end("mpv-1", EndReason::Eof);
    rig.quit("vlc-3");
    rig.wait(30.0);
    assert_eq!(rig.watches(), 1, "{}", rig.story());
}

#[test]
fn a_rewatch_begun_in_another_player_is_gone_on_with_in_the_one_that_completed_the_film_before() {
    for restarted_late in [false, true] {
        let mut rig = Rig::new();
        rig.open_at("vlc", heat(), 0.0);
        rig.wait(1000.0);
        rig.set("vlc", Transport::Stopped);
        rig.wait(20.0);
        if !restarted_late {
            rig.restart(1.0, test_rules());
        }
        rig.open_at("mpv-2", heat(), 0.0);
        rig.wait(330.0);
        rig.quit("mpv-2");
        rig.open_at("vlc", heat(), 330.0);
        if restarted_late {
            rig.wait(2.0);
            rig.restart(1.0, test_rules());
        }
        rig.wait(670.0);
        rig.set("vlc", Transport::Stopped);
        assert_eq!(rig.watches(), 2, "{}", rig.story());
    }
}

#[test]
fn a_rewatch_in_the_player_that_completed_the_film_goes_on_through_restarts() {
    let mut rig = played(1000.0);
    rig.end("mpv-1", EndReason::Eof);
    rig.wait(100.0);
    rig.open_at("mpv-1", heat(), 0.0);
    for clean in [false, true, false] {
        rig.wait(200.0);
        if clean {
            rig.d.shutdown(rig.now);
            rig.drain();
        }
        rig.restart(3.0, test_rules());
    }
    rig.seek("mpv-1", 500.0, true);
    rig.restart(3.0, test_rules());
    rig.wait(497.0);
    rig.end("mpv-1", EndReason::Eof);
    assert_eq!(rig.watches(), 2, "{}", rig.story());
}

/// Watches `heat` to its end, and is restarted when it is 40 s into `item`, which was begun anew while no daemon ran.
fn begun_anew_unseen(player: &str, item: Item, pid: Option<u32>) -> Rig {
    let mut rig = Rig::new();
    rig.open_at(player, heat(), 0.0);
    rig.wait(1000.0);
    rig.end(player, EndReason::Eof);
    rig.wait(100.0);
    let truth = rig.players.get_mut(&PlayerId::new(player)).unwrap();
    truth.position = 0.0;
    truth.pid = pid.unwrap_or(truth.pid);
    truth.item = item;
    rig.restart(40.0, test_rules());
    rig.wait(960.0);
    rig.end(player, EndReason::Eof);
    rig
}

#[test]
fn credits_sought_in_after_a_restart_and_before_a_rewatch_began_elsewhere_are_no_part_of_it() {
    let mut rig = Rig::new();
    rig.open_at("vlc-1", heat(), 0.0);
    rig.wait(920.0);
    rig.set("vlc-1", Transport::Paused);
    rig.wait(70.0);
    rig.restart(5.0, test_rules());
    rig.wait(5.0);
    rig.seek("vlc-1", 880.0, true);
    rig.wait(5.0);
    rig.open_at("vlc-3", heat(), 0.0);
    rig.wait(50.0);
    rig.quit("vlc-3");
    rig.set("vlc-1", Transport::Playing);
    rig.wait(130.0);
    rig.end("vlc-1", EndReason::Eof);
    assert_eq!(rig.watches(), 1, "{}", rig.story());
}

/// A suspend completed it there, after it had been sought back.
#[test]
fn what_was_completed_near_its_beginning_and_plays_on_there_after_a_restart_is_the_same_playback() {
    let mut rig = Rig::new();
    rig.open_at("vlc", heat(), 0.0);
    rig.wait(950.0);
    rig.seek("vlc", 30.0, true);
    rig.wait(10.0);
    rig.sleep(3900.0);
    rig.restart(1.0, test_rules());
    rig.wait(959.0);
    rig.end("vlc", EndReason::Stopped);
    assert_eq!(rig.watches(), 1, "{}", rig.story());
}

/// By the wall it began long before what it is a re-watch of.
#[test]
fn a_rewatch_in_1970_that_is_sought_in_after_its_end_is_one() {
    let mut rig = played(1000.0);
    rig.end("mpv-1", EndReason::Eof);
    rig.players.clear();
    rig.boot_id += 1;
    rig.now.wall = Wall(20_000);
    rig.restart(20.0, test_rules());
    rig.open(heat());
    rig.wait(999.0);
    rig.say(&PlayerId::new("mpv-1"), Signal::ReachedEnd);
    rig.seek("mpv-1", 60.0, true);
    rig.wait(930.0);
    rig.quit("mpv-1");
    assert_eq!(rig.watches(), 2, "{}", rig.story());
}

#[test]
fn a_film_begun_anew_while_no_daemon_ran_is_a_rewatch_though_the_clock_was_set_back() {
    // After two seconds it is where a lap would be, by a time that nobody knows.
    for (away, item, watches) in [(40.0, heat(), 2), (40.0, looped(), 1), (2.0, heat(), 2)] {
        let mut rig = Rig::new();
        rig.open_at("vlc", heat(), 0.0);
        rig.wait(1000.0);
        rig.end("vlc", EndReason::Eof);
        rig.now.wall = rig.now.wall.minus(Duration::from_secs(7200));
        let truth = rig.players.get_mut(&PlayerId::new("vlc")).unwrap();
        truth.position = 0.0;
        truth.item = item;
        rig.restart(away, test_rules());
        rig.wait(1000.0 - away);
        rig.end("vlc", EndReason::Eof);
        assert_eq!(rig.watches(), watches, "{}", rig.story());
    }
}

#[test]
fn a_film_begun_anew_while_no_daemon_ran_is_a_rewatch_unless_its_player_loops_it() {
    for (player, item, watches) in [
        ("mpv-1", heat(), 2),
        ("mpv-1", looped(), 1),
        ("vlc", heat(), 2),
        ("vlc", looped(), 1),
    ] {
        let looped = item.repeated;
        let rig = begun_anew_unseen(player, item, None);
        assert_eq!(rig.watches(), watches, "{player} {looped} {}", rig.story());
    }
}

#[test]
fn what_is_found_in_the_process_that_completed_its_film_is_told_by_the_entry_of_its_playlist() {
    // It completed entry 1, came to the end of it, and after so long that entry or another is found at that place.
    for (found, after, place, watches, name) in [
        (entry(1, heat()), 100.0, 950.0, 1, "its credits"),
        (entry(1, heat()), 100.0, 600.0, 1, "where no lap can be"),
        (entry(1, heat()), 100.0, 40.0, 1, "a lap that was paused"),
        (entry(1, heat()), 40.0, 40.0, 1, "the last lap"),
        (entry(1, looped()), 100.0, 40.0, 1, "looped, and paused"),
        (
            entry(2, heat()),
            40.0,
            40.0,
            2,
            "opened anew, at the place of a lap",
        ),
        (entry(2, looped()), 100.0, 40.0, 2, "another one, looped"),
        (entry(2, heat()), 100.0, 600.0, 1, "a piece"),
    ] {
        for player in ["mpv-1", "vlc"] {
            let mut rig = Rig::new();
            rig.open_at(player, entry(1, heat()), 0.0);
            rig.wait(1000.0);
            rig.end(player, EndReason::Eof);
            let truth = rig.players.get_mut(&PlayerId::new(player)).unwrap();
            truth.item = found.clone();
            truth.position = place - after;
            rig.restart(after, test_rules());
            rig.wait(1000.0 - place);
            rig.end(player, EndReason::Eof);
            assert_eq!(rig.watches(), watches, "{player}: {name}: {}", rig.story());
        }
    }
}

#[test]
fn two_players_that_loop_one_film_stay_one_watch_through_restarts() {
    let mut rig = Rig::new();
    let players = ["mpv-1", "mpv-2"];
    for player in players {
        rig.open_at(player, entry(1, looped()), 0.0);
    }
    for lap in 0..3 {
        rig.wait(500.0);
        rig.restart(5.0, test_rules());
        rig.wait(495.0);
        for player in players {
            rig.end(player, EndReason::Eof);
            rig.open_at(player, entry(1, looped()), 0.0);
        }
        assert_eq!(rig.watches(), 1, "lap {lap}: {}", rig.story());
    }
}

/// As mpv tells it with `--loop-file`: buffering at 0, then a jump to what it has come to.
#[test]
fn a_looped_piece_found_after_a_restart_is_nothing_new_in_its_next_lap() {
    let mut rig = Rig::new();
    rig.open_at("mpv-1", entry(1, looped()), 0.0);
    rig.wait(500.0);
    rig.open_at("mpv-2", entry(1, heat()), 600.0);
    rig.wait(400.0);
    rig.end("mpv-2", EndReason::Eof);
    rig.quit("mpv-2");
    rig.wait(30.0);
    rig.restart(5.0, test_rules());
    rig.wait(64.0);
    rig.seek("mpv-1", 0.0, false);
    rig.set("mpv-1", Transport::Buffering);
    rig.wait(0.1);
    rig.seek("mpv-1", 0.5, true);
    rig.set("mpv-1", Transport::Playing);
    rig.wait(990.0);
    rig.quit("mpv-1");
    assert_eq!(rig.watches(), 1, "{}", rig.story());
}

#[test]
fn credits_that_were_taken_for_the_end_have_no_part_in_the_rewatch_begun_in_another_player() {
    for clean in [false, true] {
        let mut rig = Rig::new();
        rig.open_at("mpv-1", entry(1, heat()), 0.0);
        rig.speed("mpv-1", 10.0);
        rig.wait(98.0);
        rig.pause();
        rig.wait(65.0);
        assert_eq!(rig.watches(), 1, "{}", rig.story());
        rig.open_at("mpv-2", entry(1, heat()), 0.0);
        rig.wait(30.0);
        if clean {
            rig.d.shutdown(rig.now);
            rig.drain();
        }
        rig.restart(1.0, test_rules());
        rig.wait(2.0);
        rig.speed("mpv-1", 0.5);
        rig.resume();
        rig.wait(40.0);
        rig.end("mpv-1", EndReason::Eof);
        assert_eq!(rig.watches(), 1, "{}", rig.story());
        rig.wait(927.0);
        rig.quit("mpv-2");
        assert_eq!(rig.watches(), 2, "{}", rig.story());
    }
}

#[test]
fn credits_found_after_a_restart_and_sought_back_to_the_beginning_are_the_same_playback() {
    for player in ["mpv-1", "vlc"] {
        let mut rig = Rig::new();
        rig.open_at(player, heat(), 0.0);
        rig.wait(950.0);
        rig.set(player, Transport::Paused);
        rig.wait(65.0);
        rig.restart(3.0, test_rules());
        rig.wait(400.0);
        rig.seek(player, 0.0, true);
        rig.set(player, Transport::Playing);
        rig.wait(1000.0);
        rig.end(player, EndReason::Stopped);
        assert_eq!(rig.watches(), 1, "{}", rig.story());
    }
}

#[test]
fn a_film_opened_anew_by_an_mpv_of_which_only_the_end_is_known_is_gone_back_in_as_a_rewatch() {
    let mut rig = played(1000.0);
    rig.end("mpv-1", EndReason::Eof);
    let truth = rig.players.get_mut(&PlayerId::new("mpv-1")).unwrap();
    truth.position = 150.0;
    rig.restart(20.0, test_rules());
    rig.wait(300.0);
    rig.seek("mpv-1", 50.0, true);
    rig.wait(950.0);
    rig.end("mpv-1", EndReason::Eof);
    assert_eq!(rig.watches(), 2, "{}", rig.story());
}

#[test]
fn a_film_chosen_anew_in_a_player_that_was_found_idle_is_a_rewatch() {
    // After as long as the film, so that it is where a lap would be.
    let mut rig = played(1000.0);
    rig.end("mpv-1", EndReason::Eof);
    rig.set("mpv-1", Transport::Stopped);
    let id = PlayerId::new("mpv-1");
    let idle = rig.players.remove(&id).unwrap();
    rig.restart(3.0, test_rules());
    rig.players.insert(id.clone(), idle);
    rig.appear(&id);
    rig.set("mpv-1", Transport::Stopped);
    rig.wait(997.0);
    rig.open_at("mpv-1", heat(), 0.0);
    rig.wait(1000.0);
    rig.end("mpv-1", EndReason::Eof);
    assert_eq!(rig.watches(), 2, "{}", rig.story());
}

#[test]
fn what_was_gone_on_with_as_another_viewing_is_put_aside_for_a_reason_of_its_own() {
    let mut rig = played(400.0);
    rig.restart_and_recall(3.0, 597.0);
    rig.wait(20.0);
    rig.end("mpv-1", EndReason::Eof);
    let aside: Vec<_> = (rig.d.viewings())
        .filter_map(|viewing| viewing.local_only.as_deref())
        .collect();
    assert_eq!(aside, [viewings::SUPERSEDED]);
    assert_eq!(rig.watches(), 1, "{}", rig.story());
}

#[test]
fn a_process_that_did_not_complete_a_film_goes_on_with_nothing_though_it_loops() {
    let rig = begun_anew_unseen("mpv-1", looped(), Some(999));
    assert_eq!(rig.watches(), 2, "{}", rig.story());
}

#[test]
fn a_film_sought_back_to_its_beginning_just_before_the_daemon_was_killed_is_not_begun_anew() {
    let mut rig = Rig::new();
    rig.open_at("vlc", heat(), 0.0);
    rig.wait(900.0);
    rig.seek("vlc", 70.0, true);
    rig.restart(1.0, test_rules());
    rig.wait(929.0);
    rig.end("vlc", EndReason::Stopped);
    assert_eq!(rig.watches(), 1, "{}", rig.story());
}

#[test]
fn credits_right_after_a_restart_are_told_to_nobody() {
    let mut rig = played(900.0);
    rig.players.values_mut().for_each(|truth| truth.pid = 999);
    rig.restart(3.0, test_rules());
    rig.wait(60.0);
    rig.quit("mpv-1");
    let is_told = |event: &&Lifecycle| {
        let viewing = rig.d.viewing(event.viewing);
        viewing.is_some_and(|viewing| viewing.local_only.is_none())
    };
    let told: Vec<_> = rig.events.iter().filter(is_told).collect();
    let last = told.last().expect("a stop");
    assert_eq!((last.position.round(), last.watched), (875.0, true));
}

#[test]
fn a_film_opened_anew_as_another_entry_is_a_rewatch_however_soon_that_is() {
    for (next, watches) in [(1, 1), (2, 2)] {
        let mut rig = Rig::new();
        for number in [1, next] {
            rig.open_at("vlc", entry(number, heat()), 0.0);
            rig.wait(1000.0);
            rig.set("vlc", Transport::Stopped);
            rig.wait(0.5);
        }
        assert_eq!(rig.watches(), watches, "{}", rig.story());
    }
}

#[test]
fn a_player_that_stops_between_the_laps_of_a_loop_and_does_not_say_that_it_loops_completes_once() {
    let mut rig = Rig::new();
    for _ in 0..3 {
        rig.open_at("vlc", heat(), 0.0);
        rig.wait(1000.0);
        rig.set("vlc", Transport::Stopped);
        rig.wait(0.5);
    }
    assert_eq!(rig.watches(), 1, "{}", rig.story());
    rig.wait(60.0);
    rig.open_at("vlc", heat(), 0.0);
    rig.wait(1000.0);
    rig.set("vlc", Transport::Stopped);
    assert_eq!(rig.watches(), 2, "a re-watch");
}
