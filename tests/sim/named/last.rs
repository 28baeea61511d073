//! What the last seeds of the first hundred thousand have found.

use super::*;

fn open_in(slot: usize, film: usize, from: f64) -> Act {
    Act::Open { slot, film, from }
}

/// An evening with these two players.
fn evening_of([first, second]: [Kind; 2]) -> Script {
    let mut script = evening(first);
    script.setup.players[1] = second;
    script
}

impl Script {
    fn with(mut self, setup: impl FnOnce(&mut Setup)) -> Self {
        setup(&mut self.setup);
        self
    }
}

/// By its date it was older than anything that is told after a loss.
#[test]
fn what_was_watched_in_1970_is_told_though_the_database_is_lost_before_it_is() {
    let power = Env::Power {
        down: seconds(68),
        batches: 3,
        year_1970: true,
    };
    let time = seconds(8000);
    evening(Kind::Mpv)
        .then(Act::Wait(seconds(1)))
        .meanwhile(0.5, power)
        .then(open(8))
        .meanwhile(0.5, Env::Outage { service: 0, time })
        .then(Act::Seek {
            slot: SLOT,
            fraction: 0.97,
        })
        .then(Act::PlayOut { slot: SLOT })
        .then(open(8))
        .then(Act::PlayOut { slot: SLOT })
        .then(Act::Wait(seconds(9)))
        .meanwhile(0.5, Env::LoseDatabase { down: seconds(3) })
        .goes_well();
}

/// By the clock of 1970 every player is older than what was watched before.
#[test]
fn a_rewatch_in_1970_is_none_of_what_completed_the_film_before_the_database_was_lost() {
    let power = Env::Power {
        down: seconds(7),
        batches: 0,
        year_1970: true,
    };
    evening(Kind::MpvTwice)
        .with(|setup| setup.threshold = 60)
        .then(open(7))
        .then(Act::PlayOut { slot: SLOT })
        .then(Act::Kill { slot: SLOT })
        .meanwhile(0.4, Env::LoseDatabase { down: seconds(1) })
        .then(Act::Wait(seconds(50)))
        .meanwhile(0.9, power)
        .then(Act::Wait(seconds(90)))
        .then(open(7))
        .then(play_to(0.65))
        .goes_well();
}

/// The place of the episode before it had been superseded, and went with that of the one that was taken back.
#[test]
fn where_the_last_episode_is_taken_back_at_one_account_the_place_of_the_one_before_it_is_told() {
    let time = seconds(4000);
    evening(Kind::Chatty)
        .then(open(4))
        .then(Act::PlayOut { slot: SLOT })
        .meanwhile(0.6, Env::Outage { service: 1, time })
        .then(open(5))
        .then(Act::PlayOut { slot: SLOT })
        .then(Act::Wait(seconds(5)))
        .meanwhile(0.7, Env::Undo)
        .goes_well();
}

/// Nobody was linked to it, and yet the session ended.
#[test]
fn a_service_that_nobody_uses_is_switched_off_and_nothing_ends() {
    let enable = Env::Enable {
        service: 1,
        on: false,
    };
    evening(Kind::Celluloid)
        .with(|setup| (setup.linked, setup.threshold) = ([true, false], 75))
        .then(open(7))
        .then(Act::Seek {
            slot: SLOT,
            fraction: 0.7,
        })
        .then(Act::Wait(seconds(70)))
        .meanwhile(0.97, enable)
        .then(Act::Pause { slot: SLOT })
        .meanwhile(
            0.8,
            Env::LoseDatabase {
                down: seconds(2690),
            },
        )
        .goes_well();
}

/// The two may come in either order.
#[test]
fn a_minute_of_pause_runs_out_while_the_same_film_begins_in_another_player() {
    for after in 50..60 {
        evening_of([Kind::Vlc, Kind::Mpv])
            .with(|setup| setup.threshold = 75)
            .then(open_in(1, 6, 0.0))
            .then(Act::PlayTo {
                slot: 1,
                fraction: 0.785,
            })
            .then(Act::Pause { slot: 1 })
            .then(Act::Wait(seconds(after)))
            .then(open(6))
            .then(Act::PlayOut { slot: SLOT })
            .goes_well();
    }
}

/// A part of what another player completed was thought to go on in the next re-watch.
#[test]
fn a_film_that_two_players_shared_is_opened_again_in_the_one_that_did_not_complete_it() {
    evening_of([Kind::Celluloid, Kind::Mpv])
        .with(|setup| setup.progress_every = 300)
        .then(open(3))
        .then(open_in(1, 3, 0.18))
        .then(play_to(0.93))
        .then(Act::Pause { slot: SLOT })
        .then(open_in(1, 3, 0.0))
        .then(Act::PlayOut { slot: 1 })
        .then(open(3))
        .then(Act::Wait(seconds(1200)))
        .goes_well();
}

/// What the last daemon left open is over before another player goes on with it.
#[test]
fn what_was_finished_unseen_is_over_when_the_film_is_found_in_its_first_tenth_in_another_player() {
    evening(Kind::MpvTwice)
        .with(|setup| setup.threshold = 60)
        .then(open_in(0, 6, 0.3))
        .then(play_to(0.865))
        .then(Act::Pause { slot: 0 })
        .then(Act::Wait(seconds(60)))
        .meanwhile(0.7, Env::Kill { down: seconds(365) })
        .then(Act::Wait(seconds(229)))
        .then(Act::Resume { slot: 0 })
        .then(Act::PlayOut { slot: 0 })
        .then(Act::Stop { slot: 0 })
        .then(open_in(1, 6, 0.0))
        .then(Act::Wait(seconds(52)))
        .then(Act::Scrub {
            slot: 1,
            fraction: 0.245,
        })
        .then(Act::PlayTo {
            slot: 1,
            fraction: 0.67,
        })
        .goes_well();
}

/// It is paused for the daemon until the buffer is full, and past the threshold since that was changed.
#[test]
fn a_pause_goes_on_while_the_player_fills_its_buffer() {
    evening(Kind::Celluloid)
        .with(|setup| setup.threshold = 70)
        .then(open(7))
        .then(play_to(0.87))
        .then(Act::Pause { slot: SLOT })
        .meanwhile(0.5, Env::Threshold(93))
        .then(Act::Wait(seconds(420)))
        .then(Act::Resume { slot: SLOT })
        .meanwhile(0.1, Env::Threshold(50))
        .then(Act::Wait(seconds(600)))
        .goes_well();
}

/// Before the film has begun there is no session that a change of links could end.
#[test]
fn who_is_linked_changes_before_a_film_has_begun() {
    evening(Kind::Vlc)
        .then(open(4))
        .then(Act::PlayOut { slot: SLOT })
        .then(open_in(1, 4, 0.0))
        .then(Act::Wait(seconds(5)))
        .meanwhile(0.6, Env::Switch)
        .then(open_in(1, 4, 0.78))
        .then(Act::PlayOut { slot: 1 })
        .goes_well();
}

/// The completion is dated later than all that follows.
#[test]
fn what_follows_a_completion_after_the_clock_was_set_back_is_a_rewatch() {
    let clock = || Env::Clock {
        step_ms: -6_000_000,
    };
    evening(Kind::Celluloid)
        .with(|setup| setup.threshold = 75)
        .then(open(3))
        .then(Act::PlayOut { slot: SLOT })
        .then(Act::Wait(seconds(1)))
        .meanwhile(0.4, clock())
        .then(open(3))
        .meanwhile(0.7, Env::Kill { down: seconds(77) })
        .then(play_to(0.79))
        .goes_well();
    evening(Kind::MpvTwice)
        .then(open(2))
        .then(Act::PlayOut { slot: SLOT })
        .then(Act::Wait(seconds(8)))
        .then(open_in(SLOT, 2, 0.65))
        .then(play_to(0.86))
        .then(Act::Seek {
            slot: SLOT,
            fraction: 0.05,
        })
        .meanwhile(0.01, clock())
        .then(Act::PlayOut { slot: SLOT })
        .goes_well();
}

/// The history can be read only when the film has gone on as another viewing, and the credits completed the first.
#[test]
fn what_was_begun_before_the_database_was_lost_is_not_completed_by_the_credits_of_what_went_on() {
    evening_of([Kind::Haruna, Kind::Showtime])
        .with(|setup| setup.wired = true)
        .then(open_in(0, 14, 0.0))
        .then(Act::PlayTo {
            slot: 0,
            fraction: 0.4,
        })
        .then(Act::Quit { slot: 0 })
        .meanwhile(0.6, Env::LoseDatabase { down: seconds(12) })
        .meanwhile(0.9, Env::History { time: seconds(140) })
        .then(open_in(1, 14, 0.4))
        .then(Act::PlayOut { slot: 1 })
        .then(open_in(0, 14, 0.9))
        .then(Act::PlayTo {
            slot: 0,
            fraction: 1.0,
        })
        .goes_well();
}

/// What lies beside it was still looked for, and until then it was followed as before.
#[test]
fn what_becomes_private_just_after_a_restart_is_followed_no_longer() {
    for seed in 0..60 {
        let mut script = evening(Kind::Mpv)
            .then(open(8))
            .then(Act::Wait(seconds(70)))
            .meanwhile(0.5, Env::Kill { down: seconds(5) })
            .meanwhile(0.58, Env::Hide { film: Some(8) })
            .then(Act::Wait(seconds(30)));
        script.seed = seed;
        script.goes_well();
    }
}

/// Its position stands at 0, and it was asked again only when its film was past the threshold by the clock.
#[test]
fn what_is_found_open_after_a_restart_is_soon_asked_where_it_is() {
    evening(Kind::Mute)
        .with(|setup| (setup.threshold, setup.progress_every) = (60, 300))
        .then(open_in(SLOT, 9, 0.7))
        .then(Act::Wait(seconds(19)))
        .then(Act::Seek {
            slot: SLOT,
            fraction: 0.25,
        })
        .meanwhile(0.2, Env::Kill { down: seconds(3) })
        .then(Act::PlayOut { slot: SLOT })
        .goes_well();
}
