//! Named cases: what users of other scrobblers report, and what must happen instead.

mod again;
mod position;

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
