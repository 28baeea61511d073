//! Scenes for players that are heard on the wire: what only some of them do, and a configuration that changes in mid-film.

use std::time::Duration;

use fastrand::Rng;

use super::{User, open, pick};
use crate::library::{AUDIO, FILMS, STREAM};
use crate::script::{Act, Env, Kind, SLOTS, Setup, USUAL};

const LOOPING: [Kind; 4] = [Kind::Mpv, Kind::Mpv, Kind::MpvTwice, Kind::Vlc];
const FILM: [usize; 9] = [2, 3, 4, 5, 6, 7, 8, STREAM, AUDIO];

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

impl User {
    /// In two runs of three.
    pub(super) fn odd(&mut self, rng: &mut Rng, setup: &mut Setup) {
        let (slot, film) = (rng.usize(0..USUAL), *pick(rng, &FILM));
        match rng.u32(0..12) {
            0 | 1 => self.looped(rng, slot, film, setup),
            2 => self.broken(rng, slot, film),
            3 => self.lost_from_sight(rng, slot, film, setup),
            4 => self.three_at_once(rng),
            5 => self.private_in_mid_film(rng, slot, film),
            6 => self.configured_meanwhile(rng, slot, film),
            7 => {
                self.exactly(open(slot, film), &[]);
                self.exactly(Act::PlayOut { slot }, &[]);
                self.exactly(Act::Quit { slot }, &[]);
            }
            _ => {}
        }
    }

    /// Past the threshold, or somewhere before it.
    fn some_part(&self, rng: &mut Rng, film: usize) -> f64 {
        match rng.u32(0..3) {
            0 => rng.f64() * 0.7 + 0.1,
            _ => (self.threshold + 20.0 / FILMS[film].length).min(1.0),
        }
    }

    fn leaves(&mut self, rng: &mut Rng, slot: usize) {
        let leaves = match rng.u32(0..3) {
            0 => Act::Stop { slot },
            1 => Act::Kill { slot },
            _ => Act::Quit { slot },
        };
        self.exactly(leaves, &[]);
        self.exactly(Act::Wait(seconds(rng.u64(1..200))), &[]);
    }

    fn looped(&mut self, rng: &mut Rng, slot: usize, film: usize, setup: &mut Setup) {
        setup.players[slot] = *pick(rng, &LOOPING);
        self.exactly(Act::Quit { slot }, &[]);
        self.exactly(open(slot, film), &[]);
        self.exactly(Act::Loop { slot, on: true }, &[]);
        for _ in 0..rng.u32(1..3) {
            self.exactly(Act::PlayOut { slot }, &[]);
            let down = seconds(rng.u64(1..60));
            let restarts = [(rng.f64(), *pick(rng, &[0, 1]))];
            let env = restarts.map(|(at, kill)| {
                (
                    at,
                    if kill == 0 {
                        Env::Term { down }
                    } else {
                        Env::Kill { down }
                    },
                )
            });
            let env = if rng.u32(0..4) == 0 { &env[..] } else { &[] };
            let fraction = rng.f64() * 0.95;
            self.exactly(Act::PlayTo { slot, fraction }, env);
        }
        self.exactly(Act::Loop { slot, on: false }, &[]);
        self.leaves(rng, slot);
    }

    fn broken(&mut self, rng: &mut Rng, slot: usize, film: usize) {
        let fraction = self.some_part(rng, film);
        self.exactly(open(slot, film), &[]);
        self.exactly(Act::PlayTo { slot, fraction }, &[]);
        self.exactly(Act::Break { slot }, &[]);
        if rng.bool() {
            let from = fraction;
            self.exactly(Act::Open { slot, film, from }, &[]);
            self.exactly(Act::PlayOut { slot }, &[]);
        }
        self.leaves(rng, slot);
    }

    fn lost_from_sight(&mut self, rng: &mut Rng, slot: usize, film: usize, setup: &mut Setup) {
        let mpv = rng.bool();
        if mpv {
            setup.players[slot] = Kind::Mpv;
        }
        let time = seconds(rng.u64(1..90));
        let fraction = self.some_part(rng, film);
        let lost = if mpv {
            Env::Deaf { time }
        } else {
            Env::Deny { slot, time }
        };
        self.exactly(Act::Quit { slot }, &[]);
        self.exactly(open(slot, film), &[]);
        self.exactly(Act::PlayTo { slot, fraction }, &[]);
        self.exactly(Act::Wait(time + seconds(20)), &[(0.1, lost)]);
        if rng.bool() {
            self.exactly(Act::PlayOut { slot }, &[]);
        }
        self.leaves(rng, slot);
    }

    fn three_at_once(&mut self, rng: &mut Rng) {
        let first = rng.usize(2..6);
        for slot in 0..SLOTS {
            self.exactly(open(slot, first + slot), &[]);
            self.exactly(Act::Wait(seconds(rng.u64(1..40))), &[]);
        }
        let fraction = self.some_part(rng, first);
        let slot = rng.usize(0..SLOTS);
        self.exactly(Act::PlayTo { slot, fraction }, &[]);
        for slot in 0..SLOTS {
            self.leaves(rng, slot);
        }
    }

    fn private_in_mid_film(&mut self, rng: &mut Rng, slot: usize, film: usize) {
        let hide = Env::Hide { film: Some(film) };
        let show = Env::Hide { film: None };
        let fraction = self.some_part(rng, film);
        self.exactly(open(slot, film), &[]);
        self.exactly(Act::PlayTo { slot, fraction }, &[]);
        self.exactly(Act::Wait(seconds(rng.u64(4..60))), &[(0.5, hide)]);
        if rng.bool() {
            self.exactly(Act::Wait(seconds(rng.u64(4..60))), &[(0.5, show.clone())]);
        }
        self.exactly(Act::PlayOut { slot }, &[]);
        self.leaves(rng, slot);
        self.exactly(Act::Wait(seconds(30)), &[(0.5, show)]);
    }

    fn configured_meanwhile(&mut self, rng: &mut Rng, slot: usize, film: usize) {
        let time = seconds(rng.u64(10..900));
        let names = (rng.f64(), Env::Names(rng.bool()));
        let beats = (rng.f64(), Env::Beats(*pick(rng, &[20, 45, 90])));
        let fraction = self.some_part(rng, film);
        self.exactly(open(slot, film), &[(0.5, Env::Outage { service: 0, time })]);
        self.exactly(Act::Wait(seconds(rng.u64(8..100))), &[names, beats]);
        let again = (rng.f64(), Env::Names(rng.bool()));
        self.exactly(Act::PlayTo { slot, fraction }, &[again]);
        self.leaves(rng, slot);
    }
}
