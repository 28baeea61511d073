//! The daemon's life: how it starts and ends, and what of its surroundings outlives it.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use reeld::engine::{Engine, Identity, Input};
use reeld::model::{Random, Source};

use crate::edges::SimEdges;
use crate::log::{Down, What};
use crate::script::SLOTS;
use crate::store::Disk;
use crate::wire::Memory;
use crate::world::{Event, World};

impl World {
    pub fn start(&mut self) {
        if self.engine.is_some() {
            return;
        }
        self.life += 1;
        self.ending = false;
        self.patience = Default::default();
        self.split();
        let now = self.clock.moment();
        let edges = SimEdges {
            disk: Rc::clone(&self.disk),
            remembered: Rc::clone(&self.remembered),
        };
        let me = Identity {
            boot_id: self.clock.boot_id,
            device_id: "device".into(),
            home: None,
        };
        let random = Random::seeded(self.random.u64(..));
        let config = Arc::new(self.config.clone());
        let engine = Engine::new(edges, me, config, self.accounts.clone(), random, now);
        self.note(|| "the daemon starts".into());
        match engine {
            Ok(mut engine) => {
                if !self.rules.is_empty() {
                    engine.handle(Input::Rules(Arc::clone(&self.rules)), now);
                }
                self.engine = Some(engine);
            }
            Err(error) => return self.complain(format!("the engine does not start: {error}")),
        }
        self.memory = Memory::since(self.clock.now);
        self.well_since = self.clock.true_wall().0;
        self.goes_on_pausing();
        if self.damaged && self.disk().down {
            // Neither witness can be heard.
            self.fact(What::Down(Down::Lost(true)));
        }
        if !self.could_write && self.history_fails {
            // What the history knows ahead of the database, this daemon does not.
            self.remembered.borrow_mut().forget_completions();
        }
        self.fact(What::Up);
        self.follow_up();
        if self.engine.is_some() && self.failing.is_none() {
            self.fact(What::Knows);
        }
        if self.script.setup.wired {
            self.listen();
        } else {
            self.players_introduce_themselves();
        }
        self.look_again();
    }

    /// To watchers that have only begun.
    fn players_introduce_themselves(&mut self) {
        for slot in 0..SLOTS {
            let awake = self.clock.awake();
            let Some(seat) = &mut self.slots[slot] else {
                continue;
            };
            if let Some(open) = &mut seat.player.open {
                open.watched_since = awake;
                open.told_unknown = false;
            }
            let mut said = seat.player.appears();
            said.extend(seat.player.introduces(awake));
            self.hear_all(slot, said);
        }
        let life = self.life;
        let scan = Duration::from_millis(self.random.u64(150..600));
        self.after(scan, Event::Scanned(life, Source::Mpv));
        self.after(scan, Event::Scanned(life, Source::Mpris));
    }

    /// The daemon is gone.
    pub fn down(&mut self, how: Down) {
        self.split();
        self.engine = None;
        self.ears = None;
        self.could_write = self.failing.is_none();
        self.due = None;
        self.life += 1;
        self.told.clear();
        self.failing = None;
        {
            let mut disk = self.disk.borrow_mut();
            disk.died = false;
            disk.failed = false;
        }
        // It ended as it should have by then; but the database is lost all the same.
        if !std::mem::take(&mut self.ending) || matches!(how, Down::Lost(_)) {
            self.fact(What::Down(how));
        }
    }

    pub fn history_fails(&mut self, fails: bool) {
        self.remembered.borrow_mut().log.fail(fails);
        self.history_failed |= fails;
        self.history_fails = fails;
    }

    pub fn failing(&self) -> Option<Duration> {
        self.failing
    }

    pub fn disk(&self) -> std::cell::RefMut<'_, Disk> {
        self.disk.borrow_mut()
    }

    /// Everything that was on its way on this machine comes later by so much; the services know nothing of that, and a pause is
    /// over when it is.
    pub fn postpone(&mut self, time: Duration) {
        let queue = std::mem::take(&mut self.queue);
        for ((at, order), event) in queue {
            let at = if matches!(event, Event::Lands(_) | Event::PauseEnds(_)) {
                at
            } else {
                at + time
            };
            self.queue.insert((at, order), event);
        }
    }

    /// Everything that was on its way on this machine is gone.
    pub fn forget(&mut self) {
        self.queue.retain(|_, event| {
            matches!(
                event,
                Event::Lands(_) | Event::DiskWorks | Event::HistoryWorks
            )
        });
    }

    /// Nothing befalls any more.
    pub fn no_more_env(&mut self) {
        self.queue
            .retain(|_, event| !matches!(event, Event::Env(_)));
    }
}
