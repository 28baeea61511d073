//! Scenes that are made to hurt: exactly what is to happen, at moments that chance would hit too rarely.

use std::time::Duration;

use fastrand::Rng;

use super::{User, open};
use crate::library::FILMS;
use crate::script::{Act, Env, Kind, Setup, Step, USUAL};

impl User {
    /// One of them.
    pub(super) fn sharp(&mut self, rng: &mut Rng, setup: &mut Setup) {
        let seconds = Duration::from_secs;
        let (slot, film) = (rng.usize(0..USUAL), rng.usize(4..7));
        match rng.u32(0..13) {
            9 => self.clock_goes_back_between_two_events(rng, slot, film),
            10 => self.disk_fails_before_the_answer(rng, slot, film),
            12 => self.fast_without_a_position(slot, setup),
            11 => self.somebody_else_comes_before_the_stop_is_written(rng, slot, film),
            0..=2 => self.power_fails_after_the_stop(rng, slot, film),
            3 | 4 => self.another_film_while_nobody_looks(rng, slot, film),
            5 | 6 => {
                let time = seconds(rng.u64(60..400));
                self.exactly(open(slot, film), &[]);
                self.exactly(
                    Act::Wait(seconds(90)),
                    &[(0.5, Env::Outage { service: 0, time })],
                );
                self.exactly(Act::Quit { slot }, &[]);
                self.exactly(Act::Wait(seconds(600)), &[]);
            }
            // As dear as ten other evenings.
            7 if rng.u32(0..3) == 0 => {
                setup.players[slot] = Kind::Mpv;
                self.offline_for_long(slot);
            }
            _ => self.paused_offline_for_long(rng, slot, film),
        }
    }

    /// It was past the threshold for longer than a beat when the daemon was killed, and is quit before there is one again.
    pub(super) fn left_with_the_daemon(&mut self, rng: &mut Rng, setup: &mut Setup) {
        let seconds = Duration::from_secs;
        (setup.progress_every, setup.threshold) = (30, 60);
        let (slot, film) = (rng.usize(0..USUAL), rng.usize(4..7));
        let down = seconds(rng.u64(40..90));
        let fraction = 0.6 + rng.f64().mul_add(80.0, 70.0) / FILMS[film].length;
        self.exactly(open(slot, film), &[]);
        self.exactly(Act::PlayTo { slot, fraction }, &[]);
        self.exactly(Act::Wait(seconds(1)), &[(0.5, Env::Kill { down })]);
        self.exactly(Act::Quit { slot }, &[]);
        self.exactly(Act::Wait(seconds(120)), &[]);
    }

    /// Two episodes are open, and a service cannot be reached: the one that is quit waits, the other is closed in the next boot.
    pub(super) fn one_is_left_open_in_a_power_cut(&mut self, rng: &mut Rng) {
        let seconds = Duration::from_secs;
        let slot = rng.usize(0..USUAL);
        let other = (slot + 1) % USUAL;
        let (time, down) = (seconds(2_500), seconds(rng.u64(5..90)));
        let power = Env::Power {
            down,
            batches: if rng.bool() { 1000 } else { 0 },
            year_1970: rng.u32(0..4) == 0,
        };
        self.exactly(open(other, 4), &[]);
        self.exactly(open(slot, 5), &[]);
        let fraction = 0.5;
        self.exactly(
            Act::PlayTo { slot, fraction },
            &[(0.1, Env::Outage { service: 1, time })],
        );
        self.exactly(Act::Quit { slot }, &[]);
        self.exactly(Act::Wait(seconds(rng.u64(2..60))), &[(0.9, power)]);
        self.exactly(Act::Wait(seconds(90)), &[]);
    }

    pub(super) fn exactly(&mut self, act: Act, env: &[(f64, Env)]) {
        let env = env.to_vec();
        self.steps.push(Step { act, env });
    }

    /// The stop of a film that was watched a moment ago waits for the services, and has nothing but the disk.
    fn power_fails_after_the_stop(&mut self, rng: &mut Rng, slot: usize, film: usize) {
        let seconds = Duration::from_secs;
        let offline = |service| {
            let time = seconds(2_500);
            (0.1, Env::Outage { service, time })
        };
        let power = Env::Power {
            down: seconds(60),
            batches: 1000,
            year_1970: false,
        };
        let enough = 20.0 / FILMS[film].length;
        // The other witness is away in half of the runs.
        let time = seconds(if rng.bool() { 2_500 } else { 0 });
        self.exactly(open(slot, film), &[(0.5, Env::History { time })]);
        let fraction = (self.threshold - 0.3).max(0.0);
        self.exactly(Act::PlayTo { slot, fraction }, &[offline(0), offline(1)]);
        let fraction = (self.threshold + enough).min(1.0);
        self.exactly(Act::PlayTo { slot, fraction }, &[]);
        self.exactly(Act::Quit { slot }, &[]);
        self.exactly(Act::Wait(seconds(rng.u64(1..20))), &[(0.5, power)]);
        self.exactly(Act::Wait(seconds(60)), &[]);
    }

    /// It stands about where the one before it would.
    fn another_film_while_nobody_looks(&mut self, rng: &mut Rng, slot: usize, film: usize) {
        let seconds = Duration::from_secs;
        let down = seconds(rng.u64(40..90));
        let next = if film == 6 { 4 } else { film + 1 };
        self.exactly(open(slot, film), &[]);
        self.exactly(Act::Wait(seconds(rng.u64(10..40))), &[]);
        self.exactly(Act::Wait(seconds(1)), &[(0.5, Env::Kill { down })]);
        self.exactly(open(slot, next), &[]);
        self.exactly(Act::PlayOut { slot }, &[]);
        self.exactly(Act::Quit { slot }, &[]);
    }

    /// What was live when the service went is old when it is back, and the session still goes on.
    fn paused_offline_for_long(&mut self, rng: &mut Rng, slot: usize, film: usize) {
        let seconds = Duration::from_secs;
        let time = seconds(rng.u64(700..1300));
        self.exactly(open(slot, film), &[]);
        self.exactly(
            Act::Wait(seconds(rng.u64(10..60))),
            &[(0.9, Env::Outage { service: 0, time })],
        );
        self.exactly(Act::Pause { slot }, &[]);
        self.exactly(Act::Wait(time + seconds(200)), &[]);
        self.exactly(Act::Resume { slot }, &[]);
        self.exactly(Act::Wait(seconds(60)), &[]);
    }

    /// By less than would end a session.
    fn clock_goes_back_between_two_events(&mut self, rng: &mut Rng, slot: usize, film: usize) {
        let seconds = Duration::from_secs;
        let step_ms = -rng.i64(12_000..25_000);
        self.exactly(open(slot, film), &[]);
        self.exactly(Act::Wait(seconds(37)), &[(0.98, Env::Clock { step_ms })]);
        self.exactly(Act::Pause { slot }, &[]);
        self.exactly(Act::Wait(seconds(5)), &[]);
        self.exactly(Act::Quit { slot }, &[]);
    }

    /// The stop is on its way, and what becomes of it cannot be written.
    fn disk_fails_before_the_answer(&mut self, rng: &mut Rng, slot: usize, film: usize) {
        let seconds = Duration::from_secs;
        let disk = Env::Disk {
            time: seconds(rng.u64(5..200)),
        };
        self.exactly(open(slot, film), &[]);
        self.exactly(Act::Wait(seconds(rng.u64(20..100))), &[]);
        self.exactly(Act::Quit { slot }, &[(0.1, disk)]);
        self.exactly(Act::Wait(seconds(600)), &[]);
    }

    /// By the clock it is past the threshold before the player can be taken to hang.
    fn fast_without_a_position(&mut self, slot: usize, setup: &mut Setup) {
        setup.players[slot] = Kind::Mute;
        setup.threshold = 50;
        self.exactly(open(slot, 6), &[]);
        self.exactly(Act::Rate { slot, rate: 3.0 }, &[]);
        self.exactly(Act::Wait(Duration::from_secs(91)), &[]);
        self.exactly(Act::Quit { slot }, &[]);
    }

    fn somebody_else_comes_before_the_stop_is_written(
        &mut self,
        rng: &mut Rng,
        slot: usize,
        film: usize,
    ) {
        let seconds = Duration::from_secs;
        let time = seconds(rng.u64(200..900));
        self.exactly(open(slot, film), &[]);
        self.exactly(
            Act::Wait(seconds(rng.u64(20..100))),
            &[(0.95, Env::Disk { time })],
        );
        self.exactly(Act::Quit { slot }, &[]);
        self.exactly(Act::Wait(seconds(60)), &[(0.5, Env::Switch)]);
        self.exactly(Act::Wait(time), &[]);
    }

    /// More is watched than may be told at once: of each film the beginning and the end.
    fn offline_for_long(&mut self, slot: usize) {
        let time = Duration::from_secs(8_000);
        let fraction = 0.97;
        for lap in 0..140 {
            let outage = [(0.5, Env::Outage { service: 0, time })];
            let env = if lap == 0 { &outage[..] } else { &[] };
            self.exactly(open(slot, 8), env);
            self.exactly(Act::Wait(Duration::from_secs(9)), &[]);
            self.exactly(Act::Seek { slot, fraction }, &[]);
            self.exactly(Act::PlayOut { slot }, &[]);
            self.exactly(Act::Stop { slot }, &[]);
        }
        self.exactly(Act::Wait(time), &[]);
    }
}
