//! Named cases: what users of other scrobblers report, and what must happen instead.

use super::rig::{Rig, film};
use super::rules::test_rules;
use super::*;
use crate::model::{Action, EndReason, Item, Transport, Video};

const LENGTH: f64 = 1000.0;

fn heat() -> Item {
    film("/films/Heat (1995).mkv", LENGTH)
}

/// Plays `heat` from its beginning for so long.
fn played(seconds: f64) -> Rig {
    let mut rig = Rig::new();
    rig.open(heat());
    rig.wait(seconds);
    rig
}

#[test]
fn a_film_played_to_its_end_is_one_start_some_progress_and_one_watched_stop() {
    let mut rig = played(LENGTH);
    rig.end("mpv-1", EndReason::Eof);
    rig.quit("mpv-1");
    assert_eq!(rig.story(), "start 5 · stop 1000 watched");
    assert!(
        (30..=34).contains(&rig.count(Action::Progress)),
        "{}",
        rig.count(Action::Progress)
    );
}

#[test]
fn left_midway_is_one_stop_with_its_position_and_no_watch() {
    let mut rig = played(400.0);
    rig.end("mpv-1", EndReason::Stopped);
    rig.quit("mpv-1");
    assert_eq!(rig.story(), "start 5 · stop 400");
}

#[test]
fn three_files_in_a_playlist_are_three_viewings_even_with_no_stopped_between_them() {
    let mut rig = Rig::new();
    for number in 1..=3 {
        rig.open(film(&format!("/shows/Dark - {number}.mkv"), 600.0));
        rig.wait(599.0);
    }
    rig.quit("mpv-1");
    assert_eq!(
        rig.story(),
        "start 5 · stop 600 watched · start 5 · stop 600 watched · start 5 · stop 600 watched"
    );
    let viewings: std::collections::BTreeSet<_> =
        rig.events.iter().map(|event| event.viewing).collect();
    assert_eq!(viewings.len(), 3);
}

#[test]
fn skipping_through_a_playlist_starts_nothing() {
    let mut rig = Rig::new();
    for number in 1..=20 {
        rig.open(film(&format!("/shows/Dark - {number}.mkv"), 600.0));
        rig.wait(4.0);
    }
    rig.quit("mpv-1");
    assert_eq!(rig.story(), "");
}

#[test]
fn a_kept_open_end_is_one_watch_while_the_player_stays() {
    let mut rig = played(LENGTH);
    let id = PlayerId::new("mpv-1");
    rig.say(&id, Signal::ReachedEnd);
    rig.pause();
    rig.wait(7200.0);
    rig.quit("mpv-1");
    assert_eq!(rig.story(), "start 5 · stop 1000 watched");
}

#[test]
fn a_pause_at_the_last_second_and_then_a_stop_is_one_watch() {
    let mut rig = played(LENGTH - 2.0);
    rig.pause();
    rig.wait(10.0);
    rig.quit("mpv-1");
    assert_eq!(rig.story(), "start 5 · stop 1000 watched");
}

#[test]
fn ten_quick_pauses_are_nothing() {
    let mut rig = played(60.0);
    for _ in 0..10 {
        rig.pause();
        rig.wait(1.0);
        rig.resume();
        rig.wait(1.0);
    }
    assert_eq!(rig.story(), "start 5");
}

#[test]
fn a_pause_is_reported_when_it_has_held_and_stamped_when_it_happened() {
    let mut rig = played(60.0);
    let paused_at = rig.now.wall;
    rig.pause();
    rig.wait(100.0);
    rig.resume();
    rig.wait(10.0);
    assert_eq!(rig.story(), "start 5 · pause 60 · resume 60");
    let pause = rig
        .events
        .iter()
        .find(|event| event.action == Action::Pause)
        .unwrap();
    assert_eq!(pause.at.wall, paused_at);
}

#[test]
fn a_player_found_paused_is_not_a_start() {
    let mut rig = Rig::new();
    rig.open(heat());
    rig.pause();
    rig.wait(3600.0);
    assert_eq!(rig.story(), "");
}

#[test]
fn a_seek_is_one_progress_once_it_has_settled_and_scrubbing_is_not_many() {
    let mut rig = played(61.0);
    let before = rig.count(Action::Progress);
    for to in [200.0, 300.0, 250.0, 420.0] {
        rig.seek("mpv-1", to, true);
        rig.wait(0.5);
    }
    rig.wait(5.0);
    assert_eq!(rig.count(Action::Progress), before + 1);
    let last = rig.events.last().unwrap();
    assert!((last.position - 422.0).abs() < 1.0, "{}", last.position);
}

#[test]
fn a_jump_past_the_threshold_and_out_is_no_watch() {
    let mut rig = played(60.0);
    rig.seek("mpv-1", 900.0, true);
    rig.wait(8.0);
    rig.quit("mpv-1");
    assert_eq!(rig.story(), "start 5 · stop 908");
}

#[test]
fn a_watch_reached_and_then_rewound_still_completes_at_the_next_stop_and_only_there() {
    let mut rig = played(870.0);
    rig.seek("mpv-1", 100.0, true);
    rig.wait(60.0);
    rig.quit("mpv-1");
    rig.open_at("mpv-2", heat(), 880.0);
    rig.wait(115.0);
    rig.quit("mpv-2");
    assert_eq!(rig.events.iter().filter(|event| event.watched).count(), 1);
    assert_eq!(
        rig.steps.last().unwrap().viewing.local_only.as_deref(),
        Some(ALREADY_WATCHED)
    );
}

#[test]
fn credits_left_paused_complete_without_waiting_for_the_player_to_close() {
    let mut rig = played(900.0);
    rig.pause();
    rig.wait(61.0);
    assert_eq!(rig.story(), "start 5 · pause 900 · stop 900 watched");
    rig.resume();
    rig.wait(100.0);
    rig.end("mpv-1", EndReason::Eof);
    assert_eq!(rig.story(), "start 5 · pause 900 · stop 900 watched");
}

#[test]
fn a_long_pause_ends_the_session_and_a_later_resume_is_a_new_one_of_the_same_viewing() {
    let mut rig = played(400.0);
    rig.pause();
    rig.wait(86_400.0);
    rig.resume();
    rig.wait(600.0);
    rig.end("mpv-1", EndReason::Eof);
    assert_eq!(
        rig.story(),
        "start 5 · pause 400 · stop 400 · start 405 · stop 1000 watched"
    );
    assert_eq!(
        rig.events.first().unwrap().viewing,
        rig.events.last().unwrap().viewing
    );
    assert_ne!(
        rig.events.first().unwrap().session,
        rig.events.last().unwrap().session
    );
}

#[test]
fn a_film_continued_in_another_player_is_the_same_viewing() {
    let mut rig = played(400.0);
    rig.quit("mpv-1");
    rig.wait(3.0 * 86_400.0);
    rig.open_at("vlc-2", heat(), 390.0);
    rig.wait(610.0);
    rig.quit("vlc-2");
    assert_eq!(
        rig.story(),
        "start 5 · stop 400 · start 395 · stop 1000 watched"
    );
    assert_eq!(
        rig.events.first().unwrap().viewing,
        rig.events.last().unwrap().viewing
    );
}

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
    for (sought, watches) in [(false, 1), (true, 2)] {
        let mut rig = Rig::new();
        rig.open_at("mpv-1", heat(), 0.0);
        rig.open_at("vlc-2", heat(), 100.0);
        rig.wait(780.0);
        rig.open_at("vlc-3", heat(), 0.0);
        rig.quit("vlc-2");
        rig.wait(50.0);
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

#[test]
fn two_players_at_once_share_the_viewing_and_complete_it_once() {
    let mut rig = Rig::new();
    rig.open_at("mpv-1", heat(), 0.0);
    rig.open_at("vlc-2", heat(), 0.0);
    rig.wait(999.0);
    rig.quit("mpv-1");
    rig.quit("vlc-2");
    let viewings: std::collections::BTreeSet<_> =
        rig.events.iter().map(|event| event.viewing).collect();
    assert_eq!(
        (
            viewings.len(),
            rig.events.iter().filter(|event| event.watched).count()
        ),
        (1, 1)
    );
    assert_eq!(rig.count(Action::Stop), 2);
}

#[test]
fn a_session_left_paused_in_one_player_only_ends_after_its_film_was_finished_in_another() {
    let mut rig = Rig::new();
    rig.open_at("vlc-2", heat(), 0.0);
    rig.wait(400.0);
    rig.set("vlc-2", Transport::Paused);
    rig.wait(60.0);
    rig.open_at("mpv-1", heat(), 390.0);
    rig.wait(609.0);
    rig.quit("mpv-1");
    rig.set("vlc-2", Transport::Playing);
    rig.wait(300.0);
    rig.quit("vlc-2");
    assert_eq!(
        rig.story(),
        "start 5 · pause 400 · start 395 · stop 1000 watched · stop 402"
    );
}

#[test]
fn an_eof_far_from_the_end_is_a_stop_there() {
    let mut rig = played(400.0);
    rig.end("mpv-1", EndReason::Eof);
    assert_eq!(rig.story(), "start 5 · stop 400");
}

#[test]
fn a_crash_of_the_player_past_the_threshold_is_a_watch_and_before_it_is_none() {
    let mut early = played(300.0);
    early.quit("mpv-1");
    let mut late = played(870.0);
    late.quit("mpv-1");
    assert_eq!(
        (early.story(), late.story()),
        (
            "start 5 · stop 300".into(),
            "start 5 · stop 870 watched".into()
        )
    );
}

#[test]
fn at_double_speed_position_counts_and_not_elapsed_time() {
    let mut rig = Rig::new();
    rig.open(heat());
    rig.speed("mpv-1", 2.0);
    rig.wait(440.0);
    rig.quit("mpv-1");
    assert_eq!(rig.story(), "start 10 · stop 880 watched");
}

#[test]
fn short_silent_and_live_things_are_not_tracked() {
    for item in [
        film("/films/Short.mkv", 200.0),
        Item {
            video: Video::No,
            ..heat()
        },
        Item {
            duration: None,
            ..heat()
        },
    ] {
        let mut rig = Rig::new();
        rig.open(item);
        rig.wait(500.0);
        assert_eq!(rig.story(), "");
        assert!(rig.d.players().all(|player| player.why_not.is_some()));
    }
}

#[test]
fn a_length_that_comes_late_does_not_lose_the_start() {
    let mut rig = Rig::new();
    rig.open(Item {
        duration: None,
        ..heat()
    });
    rig.wait(20.0);
    rig.say(&PlayerId::new("mpv-1"), Signal::Refined(Box::new(heat())));
    rig.wait(1.0);
    assert_eq!(rig.story(), "start 20");
}

#[test]
fn suspend_ends_the_session_where_it_is_when_noticed_and_another_begins() {
    let mut rig = played(100.0);
    rig.sleep(8.0 * 3600.0);
    rig.wait(899.0);
    rig.quit("mpv-1");
    let stops: Vec<_> = rig
        .events
        .iter()
        .filter(|event| event.action == Action::Stop)
        .collect();
    assert_eq!(stops.len(), 2);
    assert!(stops[0].position >= 100.0 && stops[0].position <= 130.0 && !stops[0].watched);
    assert!(stops[1].watched && stops[1].viewing == stops[0].viewing);
}

#[test]
fn a_suspend_that_nobody_announced_takes_nothing_from_what_was_played_before_it() {
    let mut rig = played(850.0);
    // The timers are those of a machine that sleeps now: nobody has looked since.
    rig.now = rig.now.after(Duration::from_secs(20));
    rig.players
        .values_mut()
        .for_each(|truth| truth.position += 20.0);
    let asleep = rig.now.wall;
    rig.sleep(8.0 * 3600.0);
    rig.quit("mpv-1");
    assert_eq!(rig.story(), "start 5 · stop 870 watched");
    assert_eq!(rig.events.last().unwrap().at.wall, asleep);
}

#[test]
fn a_wall_clock_that_steps_back_ends_the_session_when_it_is_noticed_and_stamps_go_on_increasing() {
    let mut rig = played(100.0);
    rig.now.wall = rig.now.wall.minus(Duration::from_secs(7200));
    rig.wait(100.0);
    rig.quit("mpv-1");
    assert_eq!(rig.story(), "start 5 · stop 125 · start 130 · stop 200");
    assert!(rig.events[0].at.wall < rig.events[1].at.wall);
}

#[test]
fn an_unanswered_player_is_extrapolated() {
    let mut rig = played(20.0);
    rig.players
        .values_mut()
        .for_each(|truth| truth.answers = false);
    rig.wait(20.0);
    let last = rig.events.last().unwrap();
    assert_eq!(last.action, Action::Progress);
    assert!((last.position - 36.0).abs() < 1.5, "{}", last.position);
}

#[test]
fn what_a_player_that_owes_an_answer_would_have_played_completes_nothing_until_it_answers() {
    // 5 s before the threshold; it dies unnoticed before it counts as hung.
    for answers in [false, true] {
        let mut rig = played(815.0);
        rig.players
            .values_mut()
            .for_each(|truth| truth.answers = false);
        rig.wait(50.0);
        if answers {
            rig.players
                .values_mut()
                .for_each(|truth| truth.answers = true);
            rig.wait(30.0);
        }
        rig.quit("mpv-1");
        let stop = rig.events.last().unwrap();
        assert_eq!(stop.watched, answers, "{}", rig.story());
    }
}

#[test]
fn a_player_that_hangs_plays_nothing_past_the_threshold_and_ends_where_it_was_known_to_be() {
    let hangs = || {
        let mut rig = played(250.0);
        for truth in rig.players.values_mut() {
            (truth.answers, truth.rate) = (false, 0.0);
        }
        rig.wait(2000.0);
        rig
    };
    let mut killed = hangs();
    killed.quit("mpv-1");
    let stop = killed.events.last().unwrap();
    assert!(
        !stop.watched && (200.0..=250.0).contains(&stop.position),
        "{stop:?}"
    );

    let mut goes_on = hangs();
    for truth in goes_on.players.values_mut() {
        (truth.answers, truth.rate) = (true, 1.0);
    }
    goes_on.wait(40.0);
    goes_on.quit("mpv-1");
    let stop = goes_on.events.last().unwrap();
    assert!(
        !stop.watched && (285.0..=292.0).contains(&stop.position),
        "{stop:?}"
    );
}

#[test]
fn a_player_paused_at_the_beginning_does_not_complete_what_another_watches_to_its_end() {
    let mut rig = played(20.0);
    rig.pause();
    rig.open_at("mpv-2", heat(), 700.0);
    rig.wait(250.0);
    assert_eq!(rig.count(Action::Stop), 0);
    rig.quit("mpv-2");
    let stop = rig.events.last().unwrap();
    assert!(stop.watched && stop.position > 940.0, "{stop:?}");
}

#[test]
fn what_was_past_the_threshold_before_it_was_changed_stays_so() {
    let mut rig = played(872.0);
    let rules = Rules {
        movie_threshold: 0.95,
        ..test_rules()
    };
    rig.d.reconfigure(rules, rig.now);
    rig.quit("mpv-1");
    assert_eq!(rig.story(), "start 5 · stop 872 watched");
}

#[test]
fn a_film_that_ends_while_one_answer_is_late_ends_at_its_end_however_rare_the_beats() {
    let rules = Rules {
        progress_every: Duration::from_secs(120),
        ..test_rules()
    };
    let mut rig = Rig::with(rules, 1);
    rig.open(heat());
    rig.wait(990.0);
    rig.players
        .values_mut()
        .for_each(|truth| truth.answers = false);
    rig.wait(9.0);
    rig.end("mpv-1", EndReason::Stopped);
    assert_eq!(rig.story(), "start 5 · stop 1000 watched");
}

#[test]
fn positions_that_a_player_cannot_tell_never_complete_a_viewing_alone() {
    let mut rig = Rig::new();
    rig.open(heat());
    let id = PlayerId::new("mpv-1");
    rig.players
        .values_mut()
        .for_each(|truth| truth.answers = false);
    rig.say(
        &id,
        Signal::Opened(Box::new(film("/films/Ronin (1998).mkv", LENGTH))),
    );
    rig.d.identified(
        &id,
        super::rig::identity(&film("/films/Ronin (1998).mkv", LENGTH)),
        rig.now,
    );
    rig.say(&id, Signal::PositionUnknown);
    rig.wait(2000.0);
    rig.quit("mpv-1");
    assert_eq!(rig.count(Action::Stop), 1);
    assert!(!rig.events.last().unwrap().watched);
}

#[test]
fn a_position_that_stays_zero_completes_nothing_either() {
    let mut rig = Rig::new();
    rig.open(heat());
    rig.players
        .values_mut()
        .for_each(|truth| truth.answers = false);
    rig.wait(11.0);
    rig.say(&PlayerId::new("mpv-1"), Signal::PositionUnknown);
    rig.wait(2000.0);
    rig.quit("mpv-1");
    assert_eq!(rig.count(Action::Stop), 1);
    assert!(!rig.events.last().unwrap().watched);
}

#[test]
fn a_position_that_never_moves_completes_nothing_however_fast_it_is_said_to_play() {
    for seconds in [8.0, 14.0, 25.0, 40.0, 100.0] {
        let mut rig = Rig::new();
        rig.open_at("mpv-1", film("/films/Ronin (1998).mkv", 400.0), 5.0);
        rig.speed("mpv-1", 30.0);
        rig.players.values_mut().for_each(|truth| truth.rate = 0.0);
        rig.wait(seconds);
        rig.quit("mpv-1");
        let watched = rig.events.iter().any(|event| event.watched);
        assert!(!watched, "after {seconds} s: {}", rig.story());
    }
}

#[test]
fn shutdown_ends_every_session_once() {
    let mut rig = played(100.0);
    rig.open_at("vlc-2", film("/films/Ronin (1998).mkv", LENGTH), 50.0);
    rig.wait(10.0);
    rig.d.shutdown(rig.now);
    rig.drain();
    assert_eq!(rig.count(Action::Stop), 2);
}

#[test]
fn what_is_played_while_tracking_is_off_counts_for_nothing() {
    let mut rig = played(300.0);
    rig.d.set_tracking(false, rig.now);
    rig.drain();
    assert_eq!(rig.story(), "start 5 · stop 300");
    assert_eq!(rig.d.poll_timeout(), None);
    rig.wait(670.0);
    rig.d.set_tracking(true, rig.now);
    rig.drain();
    rig.wait(9.0);
    rig.seek("mpv-1", 100.0, true);
    rig.wait(60.0);
    rig.quit("mpv-1");
    let viewing = rig.steps.last().unwrap().viewing.clone();
    assert!(!viewing.reached && viewing.played < 380.0, "{viewing:?}");
    assert_eq!(rig.events.iter().filter(|event| event.watched).count(), 0);
}

#[test]
fn a_session_of_the_last_run_is_not_gone_on_with_while_tracking_is_off() {
    let mut rig = played(600.0);
    rig.restart(1.0, test_rules());
    rig.d.set_tracking(false, rig.now);
    rig.wait(60.0);
    assert!(!rig.d.watching());
    rig.d.shutdown(rig.now);
    rig.d.set_tracking(true, rig.now);
    rig.wait(60.0);
    assert!(!rig.d.watching(), "nothing begins after the end");
}

#[test]
fn a_share_that_must_really_be_played_is_counted_over_the_whole_viewing() {
    let rules = Rules {
        minimum_played: 0.5,
        ..test_rules()
    };
    let mut rig = Rig::with(rules, 1);
    rig.open(heat());
    rig.wait(10.0);
    rig.seek("mpv-1", 700.0, true);
    rig.wait(299.0);
    rig.quit("mpv-1");
    assert_eq!(rig.story(), "start 5 · stop 1000");
    rig.open_at("mpv-2", heat(), 10.0);
    rig.wait(200.0);
    rig.quit("mpv-2");
    assert!(rig.events.last().unwrap().watched, "{}", rig.story());
}

#[test]
fn a_better_identity_adds_ids_or_ends_the_session_and_opens_another() {
    let mut rig = played(100.0);
    let id = PlayerId::new("mpv-1");
    let mut same = super::rig::identity(&heat());
    same.media.ids.tmdb = Some(949);
    rig.d.identified(&id, same, rig.now);
    rig.wait(31.0);
    assert_eq!(rig.events.last().unwrap().media.ids.tmdb, Some(949));
    let other = super::rig::identity(&film("/films/Ronin (1998).mkv", LENGTH));
    rig.d.identified(&id, other, rig.now);
    rig.wait(1.0);
    assert_eq!(rig.story(), "start 5 · stop 131 · start 131");
    assert_ne!(
        rig.events.first().unwrap().viewing,
        rig.events.last().unwrap().viewing
    );
}

#[test]
fn while_steps_cannot_be_remembered_live_ones_collapse_and_stops_are_held() {
    let mut rig = played(10.0);
    rig.d.held();
    let id = PlayerId::new("mpv-1");
    for second in 0..600 {
        rig.now = rig.now.after(Duration::from_secs(1));
        let seconds = 10.0 + f64::from(second);
        rig.d.handle(Observation {
            at: rig.now,
            player: id.clone(),
            signal: Signal::Position {
                seconds,
                seeked: false,
            },
        });
        rig.d.held();
    }
    rig.d.handle(Observation {
        at: rig.now,
        player: id,
        signal: Signal::Vanished,
    });
    let mut waiting = vec![];
    while let Some(step) = rig.d.peek().cloned() {
        waiting.push(step.event.unwrap().action);
        rig.d.advance();
    }
    assert_eq!(waiting, [Action::Progress, Action::Stop]);
}

#[test]
fn a_zero_just_before_the_end_is_no_position_and_a_jump_to_the_beginning_is_one() {
    let id = PlayerId::new("mpv-1");
    let zero = Signal::Position {
        seconds: 0.0,
        seeked: false,
    };
    let mut rig = played(400.0);
    rig.say(&id, zero.clone());
    rig.quit("mpv-1");
    assert_eq!(rig.story(), "start 5 · stop 400");
    let mut rig = played(400.0);
    rig.seek("mpv-1", 0.0, false);
    rig.say(&id, zero);
    rig.wait(3.0);
    rig.quit("mpv-1");
    assert_eq!(rig.story(), "start 5 · stop 3");
}

#[test]
fn a_player_that_pauses_and_goes_back_to_the_beginning_at_its_end_has_ended() {
    let id = PlayerId::new("mpv-1");
    let pause = || Signal::Transport {
        state: Transport::Paused,
        position: None,
    };
    let zero = |seeked| Signal::Position {
        seconds: 0.0,
        seeked,
    };
    for said in [
        // Totem, and Showtime in either order.
        [pause(), zero(false)],
        [pause(), zero(true)],
        [zero(true), pause()],
        [zero(false), pause()],
    ] {
        let mut rig = played(10.0);
        rig.seek("mpv-1", 993.0, true);
        rig.wait(6.5);
        rig.seek("mpv-1", 0.0, false);
        let words = format!("{said:?}");
        for signal in said {
            rig.say(&id, signal);
        }
        rig.pause();
        rig.wait(100.0);
        rig.resume();
        rig.wait(100.0);
        rig.quit("mpv-1");
        assert_eq!(rig.story(), "start 5 · stop 1000 watched", "{words}");
    }
}

#[test]
fn back_to_the_beginning_and_paused_from_the_middle_is_a_pause() {
    let mut rig = played(500.0);
    rig.seek("mpv-1", 0.0, true);
    rig.pause();
    rig.wait(10.0);
    assert_eq!(rig.story(), "start 5 · pause 0");
}
