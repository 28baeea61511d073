//! A random user, and what befalls them: from a seed to a script.
//!
//! A run is made of scenes that people know (a film watched through, half of one, the credits left early, a binge, a
//! re-watch days later, two players at once), over few films, so that they meet again. Each run has its own subset of
//! misfortunes, and its own share of them: a run in which everything goes wrong at once shows little.

mod deaths;
mod sharp;
mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;

use crate::library::COMMON;
use crate::script::{Act, Env, Kind, RequestFault, SLOTS, Script, Setup, Step, StoreFault, USUAL};
use crate::{rematches, wishes};

/// Requests and operations of the store that a run may reach.
const REQUESTS: u32 = 300;
const OPERATIONS: u32 = 1200;

/// One run in so many ends with a scene that is made to hurt.
const SHARP: u64 = 5;
/// One run in so many ends with a daemon that is killed with a watch that nobody has told yet, and one with a power cut in which
/// one of two films is left open.
const LEFT: u64 = 20;
/// In one run in so many the user gives orders as well.
const ORDERS: u64 = 7;
/// In one run in so many the user says what something is.
const REMATCHES: u64 = 8;
/// One run in so many ends with something that is taken back, and played on.
const TAKEN_BACK: u64 = 15;

/// In one run in so many the daemon dies in the middle of an order.
const DEATHS: u64 = 16;
/// One run in so many ends with a daemon that guesses how a session ended, and with an episode that is taken back.
const WITNESSES: u64 = 32;

/// Seconds between two beats. The default in one run of eight: they make most of all requests, and all alike; where beats are rare,
/// the daemon has to know by itself.
const BEATS: [u64; 8] = [30, 120, 120, 120, 300, 300, 300, 300];
/// In one run in so many players are heard on the wire.
const WIRED: u64 = 3;

/// The first of them are simulated behind their watchers, too.
const SIMULATED: usize = 7;
const ON_THE_WIRE: [Kind; 13] = [
    Kind::Mpv,
    Kind::MpvTwice,
    Kind::Vlc,
    Kind::Celluloid,
    Kind::Silent,
    Kind::Mute,
    Kind::Chatty,
    Kind::Haruna,
    Kind::Clapper,
    Kind::Totem,
    Kind::Showtime,
    Kind::Jellyfin,
    Kind::JellyfinNew,
];

struct User {
    rng: Rng,
    steps: Vec<Step>,
    films: Vec<usize>,
    threshold: f64,
    /// Kinds of misfortune of this run.
    fates: Vec<usize>,
    /// How often one of them comes.
    share: f64,
}

/// The run of a seed.
pub fn script(seed: u64) -> Script {
    let mut rng = Rng::with_seed(seed);
    let threshold = *pick(&mut rng, &[85, 85, 85, 60, 75, 90, 95]);
    let mut setup = Setup {
        players: usual(&mut rng),
        progress_every: *pick(&mut rng, &BEATS),
        threshold,
        send_filename: rng.u32(0..4) == 0,
        tmdb: rng.bool(),
        linked: [rng.u32(0..10) > 0, rng.u32(0..5) > 0],
        lag: *pick(&mut rng, &[0, 0, 0, 70]),
        wired: seed % WIRED == 2,
    };
    if setup.wired {
        let mut rng = Rng::with_seed(seed << 34);
        setup.players = [(); SLOTS].map(|()| *pick(&mut rng, &ON_THE_WIRE));
    }
    let films = (0..rng.usize(1..4)).map(|_| rng.usize(0..COMMON)).collect();
    let fates = (0..rng.usize(0..4)).map(|_| rng.usize(0..14)).collect();
    let mut user = User {
        share: *pick(&mut rng, &[0.05, 0.15, 0.3]),
        steps: Vec::new(),
        films,
        threshold: f64::from(threshold) / 100.0,
        fates,
        rng,
    };
    for _ in 0..user.rng.usize(1..4) {
        user.scene();
    }
    if seed.is_multiple_of(SHARP) {
        user.sharp(&mut Rng::with_seed(!seed), &mut setup);
    }
    match seed % LEFT {
        11 => user.left_with_the_daemon(&mut Rng::with_seed(!seed), &mut setup),
        13 => user.one_is_left_open_in_a_power_cut(&mut Rng::with_seed(!seed)),
        _ => {}
    }
    if setup.wired {
        user.odd(&mut Rng::with_seed(!seed << 34), &mut setup);
    }
    let User {
        mut rng,
        mut steps,
        films,
        threshold,
        ..
    } = user;
    if seed % ORDERS == 3 {
        wishes::add(
            &mut Rng::with_seed(seed << 32),
            &mut steps,
            &films,
            threshold,
        );
    }
    if seed % TAKEN_BACK == 9 {
        let mut rng = Rng::with_seed(!seed << 32);
        wishes::taken_back(&mut rng, &mut steps, threshold);
    }
    match seed % WITNESSES {
        5 => deaths::guessed(&mut Rng::with_seed(!seed << 36), &mut steps, threshold),
        10 => wishes::after_another(&mut Rng::with_seed(!seed << 36), &mut steps, threshold),
        _ => {}
    }
    if seed % DEATHS == 4 {
        deaths::add(&mut Rng::with_seed(!seed << 35), &mut steps);
    }
    if seed % REMATCHES == 6 {
        rematches::add(&mut Rng::with_seed(seed << 33), &mut steps, threshold);
    }
    Script {
        seed,
        setup,
        steps,
        requests: request_faults(&mut rng),
        store: store_faults(&mut rng),
    }
}

/// Of two players; the third is as the first.
fn usual(rng: &mut Rng) -> [Kind; SLOTS] {
    let [first, second] = [(); USUAL].map(|()| *pick(rng, &ON_THE_WIRE[..SIMULATED]));
    [first, second, first]
}

fn pick<'a, T>(rng: &mut Rng, from: &'a [T]) -> &'a T {
    &from[rng.usize(0..from.len())]
}

fn open(slot: usize, film: usize) -> Act {
    let from = 0.0;
    Act::Open { slot, film, from }
}

fn request_faults(rng: &mut Rng) -> BTreeMap<u32, RequestFault> {
    let share = *pick(rng, &[0.0, 0.0, 0.03, 0.15, 0.4]);
    let logins = rng.u32(0..4) == 0;
    let refusals = rng.u32(0..4) == 0;
    let mut faults = BTreeMap::new();
    if share == 0.0 {
        return faults;
    }
    for number in 0..REQUESTS {
        if rng.f64() < share {
            let fault = match rng.u32(0..12) {
                0 => RequestFault::Refused,
                1 => RequestFault::LostBefore,
                2 | 3 => RequestFault::LostAfter,
                4 => RequestFault::LateCommit(rng.u8(0..26)),
                5 => RequestFault::Slow(rng.u8(1..28)),
                6 => RequestFault::Throttled(rng.u8(1..120)),
                7 => RequestFault::Broken(rng.bool()),
                8 => RequestFault::Unavailable,
                9 => RequestFault::Portal,
                10 if logins => RequestFault::LoggedOut,
                11 if refusals && rng.bool() => RequestFault::Rejected,
                11 if refusals => RequestFault::Ignored,
                _ => RequestFault::LostAfter,
            };
            faults.insert(number, fault);
        }
    }
    faults
}

fn store_faults(rng: &mut Rng) -> BTreeMap<u32, StoreFault> {
    let most = *pick(rng, &[0, 0, 0, 1, 3, 12]);
    (0..most)
        .map(|_| {
            let fault = *pick(
                rng,
                &[
                    StoreFault::Fail,
                    StoreFault::Torn,
                    StoreFault::Full,
                    StoreFault::DieBefore,
                    StoreFault::DieAfter,
                ],
            );
            (rng.u32(0..OPERATIONS), fault)
        })
        .collect()
}

impl User {
    fn chance(&mut self, of: f64) -> bool {
        self.rng.f64() < of
    }

    fn act(&mut self, act: Act) {
        let mut env = Vec::new();
        while !self.fates.is_empty() && env.len() < 3 && self.chance(self.share) {
            let fate = self.fates[self.rng.usize(0..self.fates.len())];
            env.push((self.rng.f64(), self.env(fate)));
        }
        env.sort_by(|a, b| a.0.total_cmp(&b.0));
        self.steps.push(Step { act, env });
    }

    fn env(&mut self, fate: usize) -> Env {
        let rng = &mut self.rng;
        let service = rng.usize(0..2);
        let seconds = Duration::from_secs;
        let down = match rng.u32(0..3) {
            0 => seconds(1),
            1 => seconds(rng.u64(2..90)),
            _ => seconds(rng.u64(60..3000)),
        };
        match fate {
            0 => Env::Kill { down },
            1 => Env::Term { down },
            2 => Env::Power {
                down,
                batches: if rng.bool() { 1000 } else { rng.usize(0..4) },
                year_1970: rng.u32(0..4) == 0,
            },
            3 => Env::Suspend {
                time: seconds(rng.u64(10..40_000)),
                told: rng.u32(0..3) > 0,
            },
            4 => {
                let small = rng.i64(-20_000..20_000);
                let large = rng.i64(40_000..8_000_000) * if rng.bool() { 1 } else { -1 };
                Env::Clock {
                    step_ms: if rng.bool() { small } else { large },
                }
            }
            5 => Env::Outage {
                service,
                time: match rng.u32(0..8) {
                    // Of days now and then: each is hundreds of attempts, and they are all alike.
                    0 => seconds(1_000).mul_f64(200_f64.powf(rng.f64())),
                    1..4 => seconds(rng.u64(300..4_000)),
                    _ => seconds(rng.u64(20..900)),
                },
            },
            6 => Env::Disk {
                time: seconds(rng.u64(1..900)),
            },
            7 => match rng.u32(0..3) {
                0 => Env::Revoke { service },
                _ => Env::Login { service },
            },
            8 => match rng.u32(0..3) {
                0 => Env::Logout {
                    service,
                    drop: rng.bool(),
                },
                _ => Env::Login { service },
            },
            9 => match rng.u32(0..4) {
                0 => Env::DropDead,
                1 => Env::RetryDead,
                _ => Env::Enable {
                    service,
                    on: rng.u32(0..3) > 0,
                },
            },
            10 => Env::Threshold(*pick(rng, &[50, 70, 85, 93])),
            11 => Env::History {
                time: seconds(rng.u64(1..2_000)),
            },
            12 => Env::LoseDatabase { down },
            _ => Env::Switch,
        }
    }

    /// Somewhere in a film, often near where it begins to count.
    fn somewhere(&mut self) -> f64 {
        let near = self.threshold;
        let fraction = match self.rng.u32(0..6) {
            0 => near - 0.03 - self.rng.f64() * 0.05,
            1 => near + self.rng.f64() * 0.05,
            2 => self.rng.f64() * 0.12,
            _ => self.rng.f64(),
        };
        fraction.clamp(0.0, 0.985)
    }

    fn wait(&mut self) {
        let rng = &mut self.rng;
        let milliseconds = match rng.u32(0..9) {
            0 => rng.u64(200..2500),
            1..=3 => rng.u64(2_500..60_000),
            4 | 5 => rng.u64(60_000..400_000),
            6 => rng.u64(400_000..4_000_000),
            7 => rng.u64(4_000_000..40_000_000),
            _ => rng.u64(40_000_000..600_000_000),
        };
        self.act(Act::Wait(Duration::from_millis(milliseconds)));
    }

    fn scene(&mut self) {
        let film = self.films[self.rng.usize(0..self.films.len())];
        let slot = self.rng.usize(0..USUAL);
        match self.rng.u32(0..10) {
            0..=2 => self.watch(slot, film, 0.0),
            3 => {
                let from = self.somewhere();
                self.watch(slot, film, from);
            }
            4 => self.in_pieces(film),
            5 => self.again(slot, film),
            6 => self.binge(slot),
            7 => self.skip(slot),
            8 => self.both(film),
            _ => {
                self.watch(slot, film, 0.0);
                self.wait();
            }
        }
    }

    /// One film in one go, with whatever comes between.
    fn watch(&mut self, slot: usize, film: usize, from: f64) {
        self.act(Act::Open { slot, film, from });
        let stops = self.rng.usize(0..4);
        let mut marks: Vec<f64> = (0..stops).map(|_| self.somewhere()).collect();
        marks.sort_by(f64::total_cmp);
        for mark in marks.into_iter().filter(|mark| *mark > from) {
            self.act(Act::PlayTo {
                slot,
                fraction: mark,
            });
            self.interrupt(slot);
        }
        if self.chance(0.6) {
            self.act(Act::PlayOut { slot });
        }
        self.leave(slot);
    }

    fn interrupt(&mut self, slot: usize) {
        match self.rng.u32(0..7) {
            0..=2 => {
                self.act(Act::Pause { slot });
                self.wait();
                self.act(Act::Resume { slot });
            }
            3 => {
                let fraction = self.somewhere();
                self.act(Act::Seek { slot, fraction });
                self.wait_a_little();
            }
            4 => {
                let fraction = self.somewhere();
                self.act(Act::Scrub { slot, fraction });
                self.wait_a_little();
            }
            5 => {
                let rate = *pick(&mut self.rng, &[0.75, 1.5, 2.0, 3.0]);
                self.act(Act::Rate { slot, rate });
                self.wait_a_little();
                if self.rng.bool() {
                    self.act(Act::Rate { slot, rate: 1.0 });
                }
            }
            _ => self.wait_a_little(),
        }
    }

    fn wait_a_little(&mut self) {
        let milliseconds = match self.rng.u32(0..3) {
            0 => self.rng.u64(200..9_000),
            _ => self.rng.u64(9_000..90_000),
        };
        self.act(Act::Wait(Duration::from_millis(milliseconds)));
    }

    fn leave(&mut self, slot: usize) {
        match self.rng.u32(0..6) {
            0 => self.act(Act::Stop { slot }),
            1 | 2 => self.act(Act::Quit { slot }),
            3 => self.act(Act::Kill { slot }),
            4 => {
                self.act(Act::Pause { slot });
                self.wait();
            }
            _ => {}
        }
    }

    /// Over several evenings, in whatever player.
    fn in_pieces(&mut self, film: usize) {
        let mut from = 0.0;
        while from < 0.98 {
            let slot = self.rng.usize(0..USUAL);
            self.act(Act::Open { slot, film, from });
            from = (from + 0.1 + self.rng.f64() * 0.7).min(1.0);
            self.act(Act::PlayTo {
                slot,
                fraction: from,
            });
            self.leave(slot);
            self.wait();
        }
    }

    fn again(&mut self, slot: usize, film: usize) {
        self.act(Act::Open {
            slot,
            film,
            from: 0.0,
        });
        self.act(Act::PlayOut { slot });
        if self.chance(0.7) {
            self.leave(slot);
        }
        self.wait();
        let from = if self.chance(0.7) {
            0.0
        } else {
            self.somewhere()
        };
        let slot = self.rng.usize(0..USUAL);
        self.watch(slot, film, from);
    }

    fn binge(&mut self, slot: usize) {
        for film in 4..4 + self.rng.usize(2..4) {
            self.act(Act::Open {
                slot,
                film,
                from: 0.0,
            });
            if self.chance(0.8) {
                self.act(Act::PlayOut { slot });
            } else {
                let fraction = self.somewhere();
                self.act(Act::PlayTo { slot, fraction });
            }
            if self.chance(0.3) {
                self.wait_a_little();
            }
        }
        self.leave(slot);
    }

    fn skip(&mut self, slot: usize) {
        for _ in 0..self.rng.usize(2..6) {
            let film = self.rng.usize(0..COMMON);
            self.act(Act::Open {
                slot,
                film,
                from: 0.0,
            });
            let milliseconds = self.rng.u64(200..7000);
            self.act(Act::Wait(Duration::from_millis(milliseconds)));
        }
    }

    /// The same film in two players, or two films at once.
    fn both(&mut self, film: usize) {
        let other = self.films[self.rng.usize(0..self.films.len())];
        let from = self.somewhere();
        self.act(Act::Open {
            slot: 0,
            film,
            from: 0.0,
        });
        self.wait_a_little();
        self.act(Act::Open {
            slot: 1,
            film: other,
            from,
        });
        let fraction = self.somewhere();
        self.act(Act::PlayTo { slot: 0, fraction });
        self.interrupt(1);
        if self.chance(0.6) {
            self.act(Act::PlayOut { slot: 0 });
        }
        self.leave(1);
        self.leave(0);
    }
}
