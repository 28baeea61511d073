//! What befalls: the machine, the disk, the network, accounts and the configuration.

use std::sync::Arc;
use std::time::Duration;

use reeld::control::{QueueFate, Request, Selection};
use reeld::engine::Input;

use crate::log::{Down, What};
use crate::punchplay::PunchPlay;
use crate::script::{Env, SLOTS};
use crate::world::{ACCOUNTS, Event, SERVICES, World, account, service_of};

/// A daemon that is told to end may still say so long what is due.
const LAST_WORDS: Duration = Duration::from_secs(3);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

impl World {
    /// What befalls.
    pub fn befall(&mut self, env: &Env) {
        self.note(|| format!("## {env:?}"));
        self.note_hang();
        match *env {
            Env::Kill { down } => {
                if self.engine.is_some() {
                    self.down(Down::Kill(self.failing()));
                    self.after(down, Event::Start);
                }
            }
            Env::Term { down } => self.term(down),
            Env::Power {
                down,
                batches,
                year_1970,
            } => self.power(down, batches, year_1970),
            Env::Suspend { time, told } => {
                if told {
                    self.tell(Input::Sleep);
                }
                self.split();
                let asleep = self.clock.true_wall().0;
                self.clock.sleep(time);
                self.postpone(time);
                // Nothing is played, and no pause gets longer, while the machine sleeps.
                let seats = self.slots.iter_mut().flatten();
                seats.for_each(|seat| seat.since.1 += time);
                self.well_since = self.clock.true_wall().0;
                self.sleeps.push((asleep, self.well_since));
                self.fact(What::Slept);
                self.look_again();
                if told {
                    let life = self.life;
                    self.after(ms(300), Event::Tells(life, Box::new(Input::Woke)));
                }
            }
            Env::Clock { step_ms } => {
                self.clock.off += step_ms;
                self.log.clock_was_wrong = true;
                self.stepped = self.clock.now;
                self.set_back += ms(u64::try_from(-step_ms).unwrap_or(0));
                if step_ms < -30_000 {
                    self.split();
                    self.fact(What::SetBack);
                }
            }
            Env::Outage { service, time } => {
                self.log.outages += time.as_secs_f64();
                self.unreachable[service] = self.clock.now + time;
            }
            Env::Disk { time } => {
                self.disk().down = true;
                self.after(time, Event::DiskWorks);
            }
            Env::Revoke { service } => self.revoked[service] = true,
            Env::Login { service } => self.log_in(service),
            Env::Logout { service, drop } => self.log_out(service, drop),
            Env::RetryDead => self.tell(Input::Request(
                2,
                Request::QueueRetry {
                    what: Selection::Dead,
                },
            )),
            Env::DropDead => {
                if self.engine.is_some() && self.ask_status().is_some_and(|(_, dead)| dead > 0) {
                    self.tell(Input::Request(
                        3,
                        Request::QueueDrop {
                            what: Selection::Dead,
                        },
                    ));
                    (0..ACCOUNTS).for_each(|account| self.fact(What::Dropped { account }));
                }
            }
            Env::Enable { service, on } => {
                if service == 0 {
                    self.config.punchplay.enabled = on;
                } else {
                    self.config.discovr.enabled = on;
                }
                self.reconfigured();
                self.tell_links();
            }
            Env::History { time } => {
                self.history_fails(true);
                self.after(time, Event::HistoryWorks);
            }
            Env::LoseDatabase { down } => {
                if self.engine.is_some() {
                    let lost = self.history_is_short();
                    self.down(Down::Lost(lost));
                    self.disk().lose_everything();
                    self.remembered.borrow_mut().alone();
                    // With it: what was sent word for word, and how new the newest was.
                    self.log.punchplay.iter_mut().for_each(PunchPlay::lost);
                    self.log.discovr.lost();
                    self.after(down, Event::Start);
                }
            }
            Env::Untrack { time } => self.untrack(time),
            Env::Track => self.track(),
            Env::Undo => self.undo(),
            Env::Rematch { film } => self.rematch(film),
            Env::Damage { line } => self.damage(line),
            Env::Deaf { time } => self.deafen(time),
            Env::Deny { slot, time } => self.deny(slot, time),
            Env::Hide { film } => self.hide(film),
            Env::Beats(seconds) => {
                self.config.debounce.progress_every = Duration::from_secs(seconds);
                self.reconfigured();
            }
            Env::Names(may_be_sent) => {
                self.config.privacy.send_filename = may_be_sent;
                self.reconfigured();
            }
            Env::Ignore { film } => self.ignore(film),
            Env::Die { operations, after } => self.disk().dies_in(operations, after),
            Env::Switch => {
                let other = if self.is_linked(0) { 2 } else { 0 };
                self.log_in(other);
            }
            Env::Threshold(percent) => {
                self.split();
                self.config.watched.movie_percent = f64::from(percent);
                self.config.watched.episode_percent = f64::from(percent);
                self.reconfigured();
                self.fact(What::Threshold(f64::from(percent) / 100.0));
            }
        }
    }

    fn term(&mut self, down: Duration) {
        if self.engine.is_none() || self.ending {
            return;
        }
        let life = self.life;
        self.split();
        self.fact(What::Down(Down::Term));
        self.ending = true;
        self.tell(Input::Shutdown);
        let until = self.clock.now + LAST_WORDS.mul_f64(self.random.f64());
        self.run_until(until);
        if life != self.life {
            return;
        }
        // What could not be written by now never will be.
        let unwritten = self.failing();
        self.down(Down::Term);
        if unwritten.is_some() {
            self.fact(What::Down(Down::Kill(unwritten)));
        }
        self.after(down, Event::Start);
    }

    fn power(&mut self, down: Duration, batches: usize, year_1970: bool) {
        let failing = self.failing();
        self.ending = false;
        self.down(Down::Power(failing));
        self.slots = [const { None }; SLOTS];
        self.forget();
        self.disk().lose_power(batches);
        self.log.discovr.power_fails(self.clock.now);
        if self.clock.off > 0 {
            self.set_back += ms(u64::try_from(self.clock.off).unwrap_or(0));
            self.log
                .punchplay
                .iter_mut()
                .for_each(PunchPlay::forget_stamps);
        }
        let until = self.clock.now + down;
        self.run_until(until);
        self.clock.reboot(year_1970);
        self.after(Duration::from_secs(3), Event::Start);
        if year_1970 {
            let right = self.random.u64(20..200);
            let step_ms = -self.clock.off;
            self.after(
                Duration::from_secs(right),
                Event::Env(Env::Clock { step_ms }),
            );
        }
    }

    fn is_linked(&self, number: usize) -> bool {
        let key = account(number).key;
        self.accounts.iter().any(|account| account.key == key)
    }

    pub fn log_in(&mut self, number: usize) {
        let service = service_of(number);
        self.revoked[service] = false;
        self.ben_was_here |= number == 2;
        self.accounts
            .retain(|account| account.key.service != SERVICES[service]);
        let mut account = account(number);
        account.linked_at = self.clock.moment().wall;
        if number == 2 {
            // Ann was here before all of it.
            account.linked_since = account.linked_at;
        }
        self.accounts.push(account);
        self.accounts.sort_by(|a, b| a.key.cmp(&b.key));
        self.tell(Input::Accounts(self.accounts.clone()));
        self.tell_links();
    }

    fn log_out(&mut self, service: usize, drop: bool) {
        let mut numbers = (0..ACCOUNTS).filter(|number| service_of(*number) == service);
        let Some(account) = numbers.find(|number| self.is_linked(*number)) else {
            return;
        };
        let fate = if drop {
            QueueFate::Drop
        } else {
            QueueFate::Keep
        };
        self.split();
        self.tell(Input::Request(
            4,
            Request::Logout {
                service: SERVICES[service],
                queue: Some(fate),
            },
        ));
        self.accounts
            .retain(|account| account.key.service != SERVICES[service]);
        self.tell(Input::Accounts(self.accounts.clone()));
        if drop {
            self.fact(What::Dropped { account });
        }
        self.tell_links();
    }

    /// In the log: who is told from now on.
    fn tell_links(&mut self) {
        self.split();
        let enabled = [self.config.punchplay.enabled, self.config.discovr.enabled];
        for account in 0..ACCOUNTS {
            let on = enabled[service_of(account)] && self.is_linked(account);
            self.fact(What::Linked { account, on });
        }
    }

    pub fn reconfigured(&mut self) {
        self.ears_configured();
        self.tell(Input::Config(Arc::new(self.config.clone())));
    }
}
