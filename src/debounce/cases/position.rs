//! Positions that are late, missing, or not to be believed.

use super::*;

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

/// Asked at 875 s, when it had played 25 s past the threshold, and silent for so many seconds.
fn owing_an_answer(silent: f64) -> Rig {
    let rules = Rules {
        progress_every: Duration::from_secs(140),
        ..test_rules()
    };
    let mut rig = Rig::with(rules, 1);
    rig.open(heat());
    rig.wait(780.0);
    let players = rig.players.values_mut();
    players.for_each(|truth| truth.answers = false);
    rig.wait(96.0 + silent);
    rig
}

/// It was asked just before it was stopped: one that hangs would not say so. One that is killed does not, nor one that was silent long.
#[test]
fn what_was_played_before_the_player_ends_by_itself_counts_though_it_owes_an_answer() {
    let stopped = Signal::Transport {
        state: Transport::Stopped,
        position: None,
    };
    let next = Signal::Opened(Box::new(film("/films/Ronin (1998).mkv", LENGTH)));
    for (silent, signal, counts) in [
        (3.0, Signal::Ended(EndReason::Stopped), true),
        (3.0, stopped, true),
        (3.0, next, true),
        (3.0, Signal::Vanished, false),
        (30.0, Signal::Ended(EndReason::Stopped), false),
    ] {
        let mut rig = owing_an_answer(silent);
        let said = format!("{silent} s, {signal:?}");
        rig.say(&PlayerId::new("mpv-1"), signal);
        let mut stops = rig.events.iter().filter(|e| e.action == Action::Stop);
        let watched = stops.next().map(|stop| stop.watched);
        assert_eq!(watched, Some(counts), "{said}: {}", rig.story());
    }
}

/// What it says instead of an answer is that it is at its beginning: so Showtime stops.
#[test]
fn what_was_played_before_a_stop_at_the_beginning_counts_though_an_answer_is_owed() {
    let mut rig = owing_an_answer(3.0);
    let id = PlayerId::new("mpv-1");
    let paused = Signal::Transport {
        state: Transport::Paused,
        position: None,
    };
    let zero = Signal::Position {
        seconds: 0.0,
        seeked: false,
    };
    for signal in [paused, zero, Signal::Ended(EndReason::Stopped)] {
        rig.say(&id, signal);
    }
    let mut stops = rig.events.iter().filter(|e| e.action == Action::Stop);
    let watched = stops.next().map(|stop| stop.watched);
    assert_eq!(watched, Some(true), "{}", rig.story());
}

/// With rare beats it was all there was; a pause came between the question and the answer.
#[test]
fn what_was_played_before_a_late_answer_counts_once_that_has_come() {
    let rules = Rules {
        progress_every: Duration::from_secs(140),
        ..test_rules()
    };
    let mut rig = Rig::with(rules, 1);
    rig.open(heat());
    rig.wait(780.0);
    let answers = |rig: &mut Rig, answers| {
        let players = rig.players.values_mut();
        players.for_each(|truth| truth.answers = answers);
    };
    answers(&mut rig, false);
    rig.wait(98.0);
    answers(&mut rig, true);
    let id = PlayerId::new("mpv-1");
    let paused = Signal::Transport {
        state: Transport::Paused,
        position: None,
    };
    let here = Signal::Position {
        seconds: 878.0,
        seeked: false,
    };
    rig.say(&id, paused);
    rig.say(&id, here);
    rig.quit("mpv-1");
    assert_eq!(rig.story(), "start 5 · stop 878 watched");
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
fn what_is_put_back_to_the_beginning_in_a_pause_and_left_there_is_left_where_it_was() {
    let id = PlayerId::new("mpv-1");
    // Showtime stops so; also long after somebody has paused.
    for (pause, seeked) in [(0.1, true), (0.1, false), (1.2, true), (100.0, true)] {
        let mut rig = played(500.0);
        rig.pause();
        rig.wait(pause);
        rig.seek("mpv-1", 0.0, false);
        let seconds = 0.0;
        rig.say(&id, Signal::Position { seconds, seeked });
        rig.wait(50.0);
        rig.say(&id, Signal::Position { seconds, seeked });
        rig.quit("mpv-1");
        let story = rig.story();
        let told = "start 5 · pause 500 · stop 500";
        assert_eq!(story, told, "{pause} {seeked}");
    }
}

#[test]
fn what_is_put_back_to_the_beginning_in_a_pause_and_played_from_there_is_played_from_there() {
    for pause in [0.1, 0.8, 30.0] {
        let mut rig = played(870.0);
        rig.pause();
        rig.wait(pause);
        rig.seek("mpv-1", 0.0, true);
        rig.wait(0.5);
        rig.resume();
        rig.wait(100.0);
        rig.quit("mpv-1");
        let story = rig.story();
        assert!(story.ends_with(" · stop 100 watched"), "{pause}: {story}");
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

/// Its clock does not stand still: the next answer shows it.
#[test]
fn a_player_that_jumped_back_unsaid_by_just_as_much_as_it_had_played_is_believed() {
    let rules = Rules {
        progress_every: Duration::from_secs(300),
        ..test_rules()
    };
    let mut rig = Rig::with(rules, 1);
    rig.open_at("vlc", heat(), 100.0);
    rig.wait(700.0);
    // Asked at 735 s, and for the last time when it is there again.
    rig.seek("vlc", 500.0, false);
    rig.wait(500.0);
    rig.set("vlc", Transport::Stopped);
    assert_eq!(rig.watches(), 1, "{}", rig.story());
}
