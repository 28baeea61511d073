//! The rest of a run, in which everything is set right.

use std::time::Duration;

use reeld::control::{Request, Selection};
use reeld::engine::Input;

use crate::log::Down;
use crate::script::SLOTS;
use crate::world::{Event, World};

impl World {
    /// The evening is over: everybody goes, all faults cease, everything is set right, and what is left is delivered.
    pub fn come_to_rest(&mut self) {
        self.note(|| "-- the rest".into());
        self.calm = true;
        self.no_more_env();
        self.disk().no_more_faults();
        self.history_fails(false);
        self.unreachable = [Duration::ZERO; 2];
        for slot in 0..SLOTS {
            self.quit(slot);
        }
        let rest = self.clock.now + Duration::from_secs(30);
        self.run_until(rest);
        if self.damaged && self.log.complaints.is_empty() {
            self.down(Down::Kill(self.failing()));
        }
        self.after(Duration::ZERO, Event::Start);
        let until = self.clock.now + Duration::from_secs(90);
        self.run_until(until);
        if self.clock.off < -1_000_000_000 {
            self.clock.off = 0;
        }
        self.config.punchplay.enabled = true;
        self.config.discovr.enabled = true;
        self.config.tmdb.api_key = reeld::model::Secret::new("key");
        self.reconfigured();
        if self.ben_was_here {
            self.log_in(2);
            self.tell(Input::Request(
                2,
                Request::QueueRetry {
                    what: Selection::Dead,
                },
            ));
            let until = self.clock.now + Duration::from_secs(4 * 3600);
            self.run_until(until);
        }
        (0..2).for_each(|account| self.log_in(account));
        self.track();
        let mut started_again = !self.damaged;
        for _ in 0..40 {
            let until = self.clock.now + Duration::from_secs(3600);
            self.run_until(until);
            if !self.log.complaints.is_empty() {
                return;
            }
            self.tell(Input::Request(
                2,
                Request::QueueRetry {
                    what: Selection::Dead,
                },
            ));
            let waiting = self.waiting_for_the_user();
            // What waits for an id is asked for at TMDB once a day.
            if self.ask_status() == Some((waiting, 0)) && (self.is_idle() || waiting > 0) {
                let spoilt = self.damaged || self.history_failed;
                if spoilt && !self.remembered.borrow().is_whole() {
                    // A database that was behind the history is made whole first, and the history with it at the next start.
                    if !std::mem::replace(&mut started_again, true) {
                        self.down(Down::Kill(self.failing()));
                        self.after(Duration::ZERO, Event::Start);
                        continue;
                    }
                    self.complain("what the history had lost is not in it again".into());
                }
                return;
            }
        }
        let left = self.ask_status();
        self.complain(format!(
            "after two days of peace the queue holds {left:?}, and a timer: {}",
            !self.is_idle()
        ));
    }
}
