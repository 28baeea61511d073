//! Named cases: the daemon was away, or the user was, or the machine.

mod again;
mod taken_back;

use super::rig::{Rig, film};
use super::rules::test_rules;
use super::*;
use crate::model::{Action, EndReason, Item, Lifecycle, Transport, Wall};

const LENGTH: f64 = 1000.0;
const DAY: f64 = 86_400.0;

fn heat() -> Item {
    film("/films/Heat (1995).mkv", LENGTH)
}

fn looped() -> Item {
    Item {
        repeated: true,
        ..heat()
    }
}

/// As an entry of the player's playlist.
fn entry(number: u64, item: Item) -> Item {
    Item {
        entry: Some(number),
        ..item
    }
}

/// Plays `heat` from its beginning for so long.
fn played(seconds: f64) -> Rig {
    let mut rig = Rig::new();
    rig.open(heat());
    rig.wait(seconds);
    rig
}

/// The first and the last that was told are of one viewing, in as many sessions.
fn assert_one_viewing(rig: &Rig, sessions: usize) {
    let ids: std::collections::BTreeSet<_> = rig.events.iter().map(|event| event.viewing).collect();
    assert_eq!(ids.len(), 1);
    let ids: std::collections::BTreeSet<_> = rig.events.iter().map(|event| event.session).collect();
    assert_eq!(ids.len(), sessions);
}

#[test]
fn killed_four_times_in_one_film_the_daemon_reports_one_session_and_one_watch() {
    let mut rig = played(100.0);
    for _ in 0..4 {
        rig.restart(3.0, test_rules());
        rig.wait(200.0);
    }
    rig.wait(87.0);
    rig.end("mpv-1", EndReason::Eof);
    assert_eq!(rig.story(), "start 5 · stop 1000 watched");
}

#[test]
fn a_rate_that_was_changed_just_before_the_daemon_died_is_no_jump() {
    for (before, after) in [(0.5, 1.0), (1.0, 0.5), (1.0, 2.0)] {
        let mut rig = played(700.0);
        rig.speed("mpv-1", before);
        rig.wait(60.0);
        rig.speed("mpv-1", after);
        let left = 990.0 - 60.0f64.mul_add(before, 700.0);
        rig.restart(left / after, test_rules());
        rig.end("mpv-1", EndReason::Eof);
        assert_eq!(rig.watches(), 1, "{before} to {after}: {}", rig.story());
    }
}

/// Nobody watches at such a speed: it sought as well, or instead.
#[test]
fn a_rate_at_which_nobody_watches_does_not_make_played_what_was_skipped_while_no_daemon_was_there()
{
    let mut rig = played(100.0);
    rig.speed("mpv-1", 8.0);
    rig.restart(20.0, test_rules());
    assert!(rig.d.viewings().all(|viewing| viewing.played < 101.0));
    rig.wait(15.0);
    assert_one_viewing(&rig, 2);
}

/// The daemon is killed and is there again after `away`; what the player has open is told, and not yet what that is.
fn not_identified_after(rig: &mut Rig, away: f64) -> PlayerId {
    rig.restart_unseen(away);
    not_identified(rig)
}

/// The same, and the player is found only after `unseen`.
fn not_identified_late(rig: &mut Rig, away: f64, unseen: f64) -> PlayerId {
    rig.restart_unseen(away);
    rig.wait(unseen);
    not_identified(rig)
}

fn not_identified(rig: &mut Rig) -> PlayerId {
    let id = PlayerId::new("mpv-1");
    rig.appear(&id);
    let truth = rig.players[&id].clone();
    rig.say(&id, Signal::Opened(Box::new(truth.item)));
    let (state, position) = (truth.state, Some(truth.position));
    rig.say(&id, Signal::Transport { state, position });
    id
}

#[test]
fn a_playback_that_ends_before_it_is_identified_again_is_what_it_was() {
    let stopped = Signal::Transport {
        state: Transport::Stopped,
        position: None,
    };
    let other = Signal::Opened(Box::new(film("/films/Alien (1979).mkv", 900.0)));
    let ends = [
        Signal::Ended(EndReason::Eof),
        Signal::ReachedEnd,
        stopped,
        other,
        Signal::Vanished,
    ];
    for end in ends {
        let mut rig = played(600.0);
        let id = not_identified_after(&mut rig, 398.5);
        rig.wait(1.0);
        rig.say(&id, end.clone());
        assert_eq!(rig.watches(), 1, "{end:?}: {}", rig.story());
        assert_one_viewing(&rig, 1);
    }
}

#[test]
fn a_machine_that_falls_asleep_before_the_film_is_identified_again_loses_nothing_of_it() {
    let mut rig = played(600.0);
    not_identified_after(&mut rig, 30.0);
    rig.d.sleeping(rig.now);
    rig.drain();
    assert_eq!(rig.story(), "start 5 · stop 630");
}

#[test]
fn what_is_switched_off_by_now_is_not_completed_at_its_end() {
    for end in [
        Signal::Ended(EndReason::Eof),
        Signal::ReachedEnd,
        Signal::Vanished,
    ] {
        let mut rig = played(600.0);
        let id = PlayerId::new("mpv-1");
        let rules = Rules {
            movies: false,
            ..test_rules()
        };
        rig.restart_unseen(398.5);
        rig.d.reconfigure(rules, rig.now);
        not_identified(&mut rig);
        rig.wait(1.0);
        rig.say(&id, end.clone());
        rig.wait(20.0);
        assert_eq!(rig.watches(), 0, "{end:?}: {}", rig.story());
    }
}

#[test]
fn ids_of_another_work_do_not_reach_the_session_at_its_end() {
    let mut rig = played(600.0);
    let id = PlayerId::new("mpv-1");
    rig.restart_unseen(390.0);
    rig.appear(&id);
    let truth = rig.players[&id].clone();
    let nameless = Item {
        location: None,
        title: Some("Trailer".into()),
        ..heat()
    };
    rig.say(&id, Signal::Opened(Box::new(nameless.clone())));
    let mut other = super::rig::identity(&nameless);
    other.media.title = Some("Trailer".into());
    other.media.ids.tmdb = Some(999);
    rig.d.identified(&id, other, rig.now);
    let (state, position) = (truth.state, Some(truth.position));
    rig.say(&id, Signal::Transport { state, position });
    rig.say(&id, Signal::Refined(Box::new(heat())));
    rig.wait(1.0);
    rig.say(&id, Signal::Ended(EndReason::Eof));
    let last = rig.events.last().unwrap();
    assert_eq!(last.action, Action::Stop);
    assert_eq!(last.media.ids.tmdb, None, "{last:?}");
}

#[test]
fn ids_that_are_known_by_now_reach_the_viewing() {
    let mut rig = played(300.0);
    let id = not_identified_after(&mut rig, 30.0);
    let mut better = super::rig::identity(&heat());
    better.media.ids.tmdb = Some(949);
    rig.d.identified(&id, better, rig.now);
    rig.wait(35.0);
    assert_eq!(rig.story(), "start 5");
    let last = rig.events.last().unwrap();
    assert_eq!(last.media.ids.tmdb, Some(949), "event");
    let viewing = rig.d.viewing(last.viewing).unwrap();
    assert_eq!(viewing.media.ids.tmdb, Some(949), "viewing");
    assert_eq!(viewing.key.ids.tmdb, Some(949), "key");
}

#[test]
fn a_player_that_appears_late_and_is_identified_patiently_goes_on_with_its_session() {
    let mut rig = played(600.0);
    let id = not_identified_late(&mut rig, 3.0, 9.0);
    rig.wait(2.0);
    rig.d
        .identified(&id, super::rig::identity(&heat()), rig.now);
    rig.wait(20.0);
    assert_eq!(rig.story(), "start 5");
}

#[test]
fn a_player_that_appears_late_and_ends_at_once_loses_no_watch() {
    let mut rig = played(600.0);
    let id = not_identified_late(&mut rig, 385.0, 9.0);
    rig.wait(2.0);
    rig.d
        .identified(&id, super::rig::identity(&heat()), rig.now);
    rig.wait(3.5);
    rig.end("mpv-1", EndReason::Eof);
    rig.wait(20.0);
    assert_eq!(rig.watches(), 1, "{}", rig.story());
}

#[test]
fn a_pause_lasts_as_long_as_it_does_whoever_watches() {
    let mut rig = played(300.0);
    rig.pause();
    rig.wait(1500.0);
    rig.restart(3.0, test_rules());
    rig.wait(400.0);
    assert_eq!(rig.story(), "start 5 · pause 300 · stop 300");
}

#[test]
fn a_rewatch_in_the_player_that_was_left_paused_counts() {
    for restart in [false, true] {
        let mut rig = played(300.0);
        rig.pause();
        rig.wait(1500.0);
        if restart {
            rig.restart(3.0, test_rules());
        }
        rig.open_at("vlc-2", heat(), 300.0);
        rig.wait(705.0);
        rig.quit("vlc-2");
        rig.wait(5.0);
        rig.seek("mpv-1", 0.0, true);
        rig.resume();
        rig.wait(1000.0);
        rig.end("mpv-1", EndReason::Eof);
        assert_eq!(rig.watches(), 2, "{restart}: {}", rig.story());
    }
}

#[test]
fn what_is_another_work_by_now_is_closed_where_a_killed_daemon_left_it() {
    let mut rig = played(300.0);
    let id = not_identified_after(&mut rig, 30.0);
    let mut other = super::rig::identity(&heat());
    other.media.title = Some("Heat and Dust".into());
    rig.d.identified(&id, other, rig.now);
    rig.wait(20.0);
    assert_eq!(rig.story(), "start 5 · start 335 · stop 275");
    let starts = rig.events.iter().filter(|e| e.action == Action::Start);
    let titles: Vec<_> = starts.map(|start| &start.media.title).collect();
    assert_ne!(titles[0], titles[1]);
}

#[test]
fn what_turns_out_to_be_private_once_its_file_is_found_is_closed_where_a_killed_daemon_left_it() {
    let mut rig = played(300.0);
    let id = PlayerId::new("mpv-1");
    // The player does not name it: its file is looked for.
    rig.players.get_mut(&id).unwrap().item.location = None;
    rig.restart(3.0, test_rules());
    let (at, player) = (rig.now, id.clone());
    let signal = Signal::Refined(Box::new(heat()));
    rig.d.handle(Observation { at, player, signal });
    let mut hidden = super::rig::identity(&heat());
    hidden.verdict = Verdict::Ignore("private".into());
    rig.d.identified(&id, hidden, rig.now);
    rig.wait(11.0);
    let last = rig.events.last().unwrap();
    assert!(last.position <= 300.0 && last.action == Action::Stop);
}

#[test]
fn what_is_not_to_be_tracked_any_more_is_closed_where_a_killed_daemon_left_it() {
    let mut rig = played(300.0);
    let rules = Rules {
        minimum_length: LENGTH + 1.0,
        ..test_rules()
    };
    rig.restart(3.0, rules);
    rig.wait(690.0);
    rig.end("mpv-1", EndReason::Eof);
    let story = rig.story();
    assert!(!story.contains("watched"), "{story}");
    let last = rig.events.last().unwrap();
    assert!(last.position <= 300.0 && last.action == Action::Stop);
}

/// It would go on with stamps of a time to come.
#[test]
fn a_session_ends_at_once_where_the_clock_was_set_back_while_no_daemon_ran() {
    let mut rig = played(300.0);
    rig.now.wall = rig.now.wall.minus(Duration::from_secs(7200));
    rig.restart(30.0, test_rules());
    rig.wait(657.0);
    rig.end("mpv-1", EndReason::Eof);
    assert_eq!(
        rig.story(),
        "start 5 · stop 330 · start 335 · stop 1000 watched"
    );
    let second = rig.events.iter().find(|event| event.position > 331.0);
    assert!(second.unwrap().at.wall < rig.now.wall);
    assert_one_viewing(&rig, 2);
}

#[test]
fn a_playback_that_is_gone_after_a_restart_is_closed_with_its_last_position() {
    let mut rig = played(100.0);
    rig.players.clear();
    rig.restart(3600.0, test_rules());
    rig.wait(9.0);
    assert_eq!(rig.count(Action::Stop), 0);
    rig.wait(2.0);
    assert_eq!(rig.story(), "start 5 · stop 95");
    let [.., last, stop] = rig.events.as_slice() else {
        panic!("too few")
    };
    assert_eq!(stop.at.wall.0, last.at.wall.0 + 1);
}

#[test]
fn of_two_players_with_one_film_that_are_gone_after_a_restart_the_one_seen_last_completes_it() {
    let mut rig = played(870.0);
    rig.open_at("mpv-2", heat(), 100.0);
    rig.wait(40.0);
    rig.players.clear();
    rig.restart(60.0, test_rules());
    rig.wait(11.0);
    let stops = rig.events.iter().filter(|e| e.action == Action::Stop);
    let stops: Vec<_> = stops.map(|stop| (stop.at.wall, stop.watched)).collect();
    let [first, last] = stops.as_slice() else {
        panic!("{stops:?}")
    };
    assert!(first.0 <= last.0 && !first.1 && last.1, "{stops:?}");
}

#[test]
fn what_the_power_ended_is_dated_when_it_was_last_known_whatever_the_clock_says_then() {
    for back in [3600.0, -1_700_000_000.0] {
        let mut rig = played(100.0);
        rig.pause();
        rig.wait(3.0);
        let paused = rig.events.last().unwrap().at.wall;
        rig.players.clear();
        rig.boot_id += 1;
        rig.now.wall = Wall(rig.now.wall.0 + (back * 1000.0) as i64);
        rig.restart(20.0, test_rules());
        rig.wait(11.0);
        let stop = rig.events.last().unwrap();
        assert_eq!((stop.action, stop.at.wall.0), (Action::Stop, paused.0 + 1));
        assert_eq!(stop.at.boot, Duration::ZERO, "before all of this boot");
    }
}

#[test]
fn a_player_restarted_at_the_same_place_goes_on_with_the_viewing_in_a_new_session() {
    let mut rig = played(100.0);
    rig.players.values_mut().for_each(|truth| truth.pid = 999);
    rig.restart(10.0, test_rules());
    rig.wait(20.0);
    assert_eq!(rig.story(), "start 5 · stop 95 · start 115");
    assert_eq!(
        rig.events.first().unwrap().viewing,
        rig.events.last().unwrap().viewing
    );
}

#[test]
fn a_player_that_moved_on_while_no_daemon_was_there_closes_the_old_session() {
    let mut rig = played(100.0);
    let id = PlayerId::new("mpv-1");
    rig.players.get_mut(&id).unwrap().item = film("/films/Ronin (1998).mkv", LENGTH);
    rig.restart(10.0, test_rules());
    rig.wait(20.0);
    assert_eq!(rig.story(), "start 5 · start 115 · stop 95");
}

#[test]
fn a_player_that_is_slow_to_appear_after_a_restart_goes_on_with_its_session() {
    let mut rig = played(100.0);
    rig.restart_unseen(3.0);
    rig.wait(8.0);
    rig.announce_all();
    rig.wait(888.0);
    rig.end("mpv-1", EndReason::Eof);
    assert_eq!(rig.story(), "start 5 · stop 1000 watched");
    assert_one_viewing(&rig, 1);
}

#[test]
fn a_player_that_appears_too_late_after_a_restart_goes_on_with_the_viewing_in_a_new_session() {
    let mut rig = played(100.0);
    rig.restart_unseen(3.0);
    rig.wait(12.0);
    rig.announce_all();
    rig.wait(6.0);
    assert_eq!(rig.story(), "start 5 · stop 95 · start 120");
    assert_one_viewing(&rig, 2);
}

#[test]
fn after_a_reboot_a_process_of_the_same_number_is_another_playback_of_the_same_viewing() {
    let mut rig = played(100.0);
    rig.boot_id += 1;
    rig.restart(10.0, test_rules());
    rig.wait(20.0);
    assert_eq!(rig.story(), "start 5 · stop 95 · start 115");
    assert_one_viewing(&rig, 2);
}

#[test]
fn three_days_later_from_the_resume_point_it_is_the_same_viewing_and_completes_once() {
    let mut rig = played(400.0);
    rig.quit("mpv-1");
    rig.wait(DAY);
    rig.restart(2.0 * DAY, test_rules());
    rig.open_at("mpv-1", heat(), 400.0);
    rig.wait(599.0);
    rig.quit("mpv-1");
    assert_eq!(
        rig.story(),
        "start 5 · stop 400 · start 405 · stop 1000 watched"
    );
    assert_one_viewing(&rig, 2);
}

#[test]
fn a_player_that_was_buffering_when_the_daemon_was_killed_was_not_paused() {
    let mut rig = played(94.0);
    rig.set("mpv-1", Transport::Buffering);
    rig.wait(2.0);
    rig.restart(20.0, test_rules());
    rig.wait(5.0);
    rig.resume();
    rig.wait(5.0);
    assert!(rig.story().starts_with("start 5"), "{}", rig.story());
    assert_eq!(rig.count(Action::Pause) + rig.count(Action::Resume), 0);
}

#[test]
fn what_is_read_only_after_its_film_was_finished_is_not_gone_on_with() {
    let mut rig = played(400.0);
    rig.restart_and_recall(3.0, 597.0);
    rig.end("mpv-1", EndReason::Eof);
    rig.wait(60.0);
    rig.open_at("vlc-2", heat(), 950.0);
    rig.wait(50.0);
    rig.quit("vlc-2");
    assert_eq!(rig.watches(), 1, "{}", rig.story());
}

/// The disk was full: the re-watch that was under way is known only after its middle was taken for a piece.
#[test]
fn a_rewatch_that_could_not_be_read_at_first_is_gone_on_with() {
    let mut rig = played(1000.0);
    rig.end("mpv-1", EndReason::Eof);
    rig.wait(60.0);
    rig.open_at("mpv-1", heat(), 0.0);
    rig.wait(400.0);
    rig.restart_and_recall(3.0, 300.0);
    rig.wait(297.0);
    rig.end("mpv-1", EndReason::Eof);
    assert_eq!(rig.watches(), 2, "{}", rig.story());
}

#[test]
fn a_rewatch_that_could_not_be_read_before_it_had_ended_counts() {
    let mut rig = played(1000.0);
    rig.end("mpv-1", EndReason::Eof);
    rig.wait(60.0);
    rig.open_at("mpv-1", heat(), 0.0);
    rig.wait(400.0);
    let left = rig.remembered();
    rig.restart_knowing_what_ended(3.0);
    rig.wait(597.0);
    rig.quit("mpv-1");
    rig.wait(30.0);
    assert_eq!(rig.watches(), 1, "{}", rig.story());
    rig.recall(left.clone());
    rig.wait(30.0);
    assert_eq!(rig.watches(), 2, "{}", rig.story());
    rig.recall(left);
    rig.wait(30.0);
    assert_eq!(rig.watches(), 2, "read again: {}", rig.story());
}

/// The disk was full when it was completed: the database says that it is unfinished and open, the history that it was watched.
#[test]
fn what_the_history_knows_to_be_watched_is_no_rewatch_because_the_database_is_behind() {
    let mut rig = played(400.0);
    let left = rig.remembered();
    rig.wait(600.0);
    rig.end("mpv-1", EndReason::Eof);
    rig.wait(5.0);
    rig.open_at("vlc-2", heat(), 900.0);
    rig.wait(50.0);
    rig.quit("vlc-2");
    rig.wait(5.0);
    let told = rig.events.len();
    rig.restart_knowing_what_ended(3.0);
    rig.wait(20.0);
    rig.recall(left);
    rig.wait(5.0);
    assert_eq!(rig.watches(), 1, "{}", rig.story());
    assert_eq!(rig.events.len(), told, "a second stop: {}", rig.story());
}

#[test]
fn a_former_run_that_reached_the_end_of_a_film_leaves_the_watch_to_the_run_that_went_on() {
    for after in [20.0, 99.0] {
        let mut rig = played(900.0);
        rig.restart_and_recall(3.0, after);
        rig.wait(20.0);
        rig.quit("mpv-1");
        rig.wait(60.0);
        assert_eq!(rig.watches(), 1, "{}", rig.story());
    }
}
