//! What simulated evenings have found, one test each: cut down to what it takes, and mended since.

mod last;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::judge::judge;
use crate::runs::tell;
use crate::script::{Act, Env, Kind, SLOTS, Script, Setup, Step};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// An evening on which nothing goes wrong, with these players.
fn evening(player: Kind) -> Script {
    Script {
        seed: 1,
        setup: Setup {
            players: [player; SLOTS],
            progress_every: 30,
            threshold: 85,
            send_filename: false,
            tmdb: true,
            linked: [true; 2],
            lag: 0,
            wired: false,
        },
        steps: Vec::new(),
        requests: BTreeMap::new(),
        store: BTreeMap::new(),
    }
}

impl Script {
    fn then(mut self, act: Act) -> Self {
        let env = Vec::new();
        self.steps.push(Step { act, env });
        self
    }

    /// In the course of the last step.
    fn meanwhile(mut self, fraction: f64, env: Env) -> Self {
        if let Some(step) = self.steps.last_mut() {
            step.env.push((fraction, env));
        }
        self
    }

    fn goes_well(&self) {
        let complaints = judge(self, false).complaints;
        assert!(complaints.is_empty(), "{}", tell(self));
    }
}

const SLOT: usize = 0;

fn open(film: usize) -> Act {
    Act::Open {
        slot: SLOT,
        film,
        from: 0.0,
    }
}

fn play_to(fraction: f64) -> Act {
    Act::PlayTo {
        slot: SLOT,
        fraction,
    }
}

/// What was queued for it was due for ever, handed to nobody, and asked for again at once.
#[test]
fn a_service_switched_off_with_something_queued_does_not_keep_the_daemon_awake() {
    evening(Kind::Mpv)
        .then(open(2))
        .then(play_to(0.3))
        .meanwhile(
            0.1,
            Env::Outage {
                service: 0,
                time: seconds(9000),
            },
        )
        .then(play_to(0.5))
        .meanwhile(
            0.1,
            Env::Enable {
                service: 0,
                on: false,
            },
        )
        .goes_well();
}

/// The first 0 was taken for a position, and what followed was not marked as estimated.
#[test]
fn a_position_that_is_zero_for_ever_completes_nothing() {
    evening(Kind::Mute)
        .then(open(2))
        .then(Act::PlayOut { slot: SLOT })
        .goes_well();
}

/// The journal of the last beat was lost though the beat had been sent: the stop was older, and PunchPlay ignored it.
#[test]
fn after_a_loss_of_power_the_stop_is_later_than_everything_that_was_sent() {
    for year_1970 in [false, true] {
        let power = Env::Power {
            down: seconds(60),
            batches: 1000,
            year_1970,
        };
        evening(Kind::Mpv)
            .then(open(2))
            .then(play_to(0.9))
            .meanwhile(0.999, power)
            .goes_well();
    }
}

/// Who is linked was forgotten at the second attempt to open the database.
#[test]
fn a_disk_that_fails_for_minutes_at_the_start_does_not_silence_the_accounts() {
    evening(Kind::Mpv)
        .then(Act::Wait(seconds(60)))
        .meanwhile(0.1, Env::Disk { time: seconds(600) })
        .meanwhile(0.2, Env::Kill { down: seconds(1) })
        .then(open(0))
        .then(play_to(0.5))
        .goes_well();
}

/// Waking up set the position anew, and with that it was no longer marked as estimated.
#[test]
fn a_position_that_is_zero_for_ever_completes_nothing_after_a_suspend_either() {
    let sleep = Env::Suspend {
        time: seconds(3600),
        told: true,
    };
    evening(Kind::Mute)
        .then(open(2))
        .then(play_to(0.5))
        .then(Act::Pause { slot: SLOT })
        .meanwhile(0.1, sleep)
        .then(Act::Resume { slot: SLOT })
        .then(Act::PlayOut { slot: SLOT })
        .goes_well();
}

/// A session of the last run was closed after the next had begun, and its older resume point went out last.
#[test]
fn a_session_of_the_last_run_does_not_move_the_resume_point_back() {
    let kill = Env::Kill { down: seconds(20) };
    evening(Kind::Mpv)
        .then(open(4))
        .then(play_to(0.5))
        .meanwhile(0.99, kill)
        .then(open(5))
        .then(play_to(0.2))
        .goes_well();
}

/// Its resume point can never be sent, and yet it took the place of the one before it in the same series.
#[test]
fn a_special_does_not_take_the_place_of_a_resume_point_that_can_be_told() {
    let outage = Env::Outage {
        service: 1,
        time: seconds(3000),
    };
    evening(Kind::Mpv)
        .then(open(4))
        .then(play_to(0.3))
        .then(play_to(0.6))
        .meanwhile(0.01, outage)
        .then(Act::Stop { slot: SLOT })
        .then(open(9))
        .then(Act::Wait(seconds(60)))
        .then(Act::Quit { slot: SLOT })
        .goes_well();
}

/// The clock came to the end of the film before the film did, and a pause there was taken for its end.
#[test]
fn a_pause_where_only_the_clock_is_at_the_end_completes_nothing() {
    evening(Kind::Mute)
        .then(open(0))
        .then(play_to(0.8))
        .then(Act::Seek {
            slot: SLOT,
            fraction: 0.1,
        })
        .then(play_to(0.95))
        .then(Act::Pause { slot: SLOT })
        .then(Act::Wait(seconds(50)))
        .goes_well();
}

/// The other player's session was closed after a crash with its older resume point, which went out last.
#[test]
fn a_crash_in_front_of_two_players_with_one_film_does_not_move_the_resume_point_back() {
    let kill = Env::Kill { down: seconds(60) };
    evening(Kind::Vlc)
        .then(Act::Open {
            slot: 1,
            film: 5,
            from: 0.0,
        })
        .then(Act::Open {
            slot: SLOT,
            film: 5,
            from: 0.28,
        })
        .then(play_to(0.58))
        .then(Act::Stop { slot: SLOT })
        .meanwhile(0.9, kill)
        .then(Act::Quit { slot: 1 })
        .then(Act::Wait(seconds(120)))
        .goes_well();
}

/// What a killed daemon left open was gone on with when the next found the same playback, though the machine had slept between.
#[test]
fn no_session_goes_on_across_a_suspend_while_no_daemon_runs() {
    let sleep = Env::Suspend {
        time: seconds(30_000),
        told: false,
    };
    evening(Kind::Mpv)
        .then(open(7))
        .then(play_to(0.3))
        .meanwhile(0.9, Env::Kill { down: seconds(10) })
        .meanwhile(0.91, sleep)
        .then(Act::Wait(seconds(120)))
        .goes_well();
}

/// With rare beats a short film was over before anybody had asked a second time where it is.
#[test]
fn a_position_that_is_zero_for_ever_completes_nothing_with_rare_beats_either() {
    let mut rare = evening(Kind::Mute);
    rare.setup.progress_every = 300;
    rare.then(open(8))
        .then(Act::Rate {
            slot: SLOT,
            rate: 3.0,
        })
        .then(Act::PlayOut { slot: SLOT })
        .goes_well();
}

/// The stop waited for the disk, and was for those who were linked when it could be written.
#[test]
fn a_stop_that_could_not_be_written_is_for_those_who_were_linked_when_it_happened() {
    for left in [
        Env::Logout {
            service: 0,
            drop: false,
        },
        Env::Enable {
            service: 0,
            on: false,
        },
        Env::Switch,
    ] {
        evening(Kind::Mpv)
            .then(open(0))
            .then(play_to(0.9))
            .meanwhile(0.99, Env::Disk { time: seconds(700) })
            .then(Act::Quit { slot: SLOT })
            .then(Act::Wait(seconds(60)))
            .meanwhile(0.5, left)
            .goes_well();
    }
}

/// It is made good for from the history: what a service has is not told twice, and what it has not is told.
#[test]
fn a_lost_database_neither_repeats_a_completion_nor_forgets_one() {
    for offline in [false, true] {
        let time = seconds(if offline { 3600 } else { 0 });
        let outage = |service| Env::Outage { service, time };
        evening(Kind::Mpv)
            .then(open(0))
            .then(play_to(0.5))
            .meanwhile(0.5, outage(0))
            .meanwhile(0.5, outage(1))
            .then(Act::PlayOut { slot: SLOT })
            .then(Act::Quit { slot: SLOT })
            .then(Act::Wait(seconds(60)))
            .meanwhile(0.5, Env::LoseDatabase { down: seconds(5) })
            .goes_well();
    }
}

/// The file was opened anew as long after its end as it is itself, which is where a lap would be: it was taken for one, if a
/// daemon had been restarted in between.
#[test]
fn a_film_opened_anew_in_the_player_that_completed_it_is_a_rewatch_whenever_that_is() {
    for kind in [Kind::MpvTwice, Kind::Vlc, Kind::Silent] {
        evening(kind)
            .then(open(0))
            .then(Act::PlayOut { slot: SLOT })
            .then(Act::Wait(seconds(788)))
            .meanwhile(0.2, Env::Kill { down: seconds(5) })
            .then(open(0))
            .then(Act::PlayOut { slot: SLOT })
            .goes_well();
    }
}

/// The credits were found paused; where the film was sought back to its beginning in them, that was taken for a re-watch.
#[test]
fn credits_that_outlived_the_daemon_and_are_sought_back_are_no_rewatch() {
    evening(Kind::Celluloid)
        .then(open(9))
        .then(play_to(0.94))
        .then(Act::Pause { slot: SLOT })
        .then(Act::Wait(seconds(500)))
        .meanwhile(0.8, Env::Kill { down: seconds(5) })
        .then(open(9))
        .then(Act::PlayOut { slot: SLOT })
        .goes_well();
}

/// A film watched to its end while PunchPlay cannot be reached.
fn watched_while_one_is_away(film: usize) -> Script {
    let time = seconds(3000);
    evening(Kind::Mpv)
        .then(open(film))
        .meanwhile(0.5, Env::Outage { service: 0, time })
        .then(Act::PlayOut { slot: SLOT })
        .then(Act::Quit { slot: SLOT })
}

/// Discovr has it, so it stays watched; that PunchPlay is not to be told was known by the database alone.
#[test]
fn what_was_taken_back_at_one_account_is_not_told_after_the_database_is_lost() {
    watched_while_one_is_away(4)
        .then(Act::Wait(seconds(60)))
        .meanwhile(0.5, Env::Undo)
        .then(Act::Wait(seconds(60)))
        .meanwhile(0.5, Env::LoseDatabase { down: seconds(2) })
        .then(Act::Wait(seconds(4000)))
        .goes_well();
}

#[test]
fn what_is_played_in_a_pause_is_told_to_nobody() {
    for time in [None, Some(seconds(7200))] {
        evening(Kind::Mpv)
            .then(Act::Wait(seconds(5)))
            .meanwhile(0.5, Env::Untrack { time })
            .then(open(4))
            .then(Act::PlayOut { slot: SLOT })
            .meanwhile(0.5, Env::Term { down: seconds(2) })
            .then(Act::Quit { slot: SLOT })
            .goes_well();
    }
}

#[test]
fn a_damaged_line_is_made_good_before_the_database_is_lost_as_well() {
    for line in [0.0, 0.5] {
        watched_while_one_is_away(4)
            .then(Act::Wait(seconds(60)))
            .meanwhile(0.5, Env::Damage { line })
            .then(Act::Wait(seconds(60)))
            .meanwhile(0.5, Env::Term { down: seconds(2) })
            .then(Act::Wait(seconds(60)))
            .meanwhile(0.5, Env::LoseDatabase { down: seconds(2) })
            .goes_well();
    }
}

/// That it was taken back was known by a line that is damaged and by a database that is sound: the line was believed to be none.
#[test]
fn what_was_taken_back_stays_so_though_the_line_that_says_it_is_damaged() {
    let time = seconds(3000);
    evening(Kind::Mpv)
        .then(open(4))
        .meanwhile(0.5, Env::Outage { service: 0, time })
        .meanwhile(0.6, Env::Outage { service: 1, time })
        .then(Act::PlayOut { slot: SLOT })
        .then(Act::Quit { slot: SLOT })
        .then(Act::Wait(seconds(60)))
        .meanwhile(0.5, Env::Undo)
        .then(Act::Wait(seconds(60)))
        .meanwhile(0.5, Env::Damage { line: 0.9 })
        .goes_well();
}

/// Nobody knows of it any more when the database goes seconds later as well.
#[test]
fn what_was_taken_back_may_be_told_when_the_line_that_says_it_and_the_database_are_lost_at_once() {
    watched_while_one_is_away(4)
        .then(Act::Wait(seconds(60)))
        .meanwhile(0.5, Env::Undo)
        .meanwhile(0.6, Env::Damage { line: 0.9 })
        .meanwhile(0.65, Env::LoseDatabase { down: seconds(2) })
        .then(Act::Wait(seconds(4000)))
        .goes_well();
}

/// While the database could not be opened, a viewing was known by an older line of the history, and then the database was
/// made to say the same.
#[test]
fn a_database_that_is_opened_late_knows_more_than_a_history_that_was_damaged() {
    evening(Kind::Vlc)
        .then(open(4))
        .then(play_to(0.5))
        .then(Act::Wait(seconds(60)))
        .meanwhile(0.5, Env::Term { down: seconds(2) })
        .then(Act::PlayOut { slot: SLOT })
        .then(Act::Quit { slot: SLOT })
        .then(Act::Wait(seconds(60)))
        .meanwhile(0.5, Env::Damage { line: 0.3 })
        .meanwhile(0.8, Env::Disk { time: seconds(600) })
        .then(Act::Wait(seconds(100)))
        .meanwhile(0.5, Env::Kill { down: seconds(3) })
        .then(Act::Wait(seconds(1000)))
        .goes_well();
}
