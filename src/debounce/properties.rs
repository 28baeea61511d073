//! Random evenings: whatever users, players and clocks do, the invariants hold after every operation.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::rig::{Rig, film, start_of_time};
use super::rules::test_rules;
use super::*;
use crate::model::{Action, EndReason, Item, Lifecycle, SessionId, Wall};

#[derive(Debug, Clone)]
enum Op {
    Open { player: usize, item: usize, at: f64 },
    Pause(usize),
    Resume(usize),
    Buffer(usize),
    Stop(usize),
    Seek { player: usize, to: f64, told: bool },
    Speed { player: usize, rate: f64 },
    Eof(usize),
    ReachedEnd(usize),
    Quit(usize),
    Wait(f64),
    Mute(usize, bool),
    Sleep(f64),
    ClockStep(i64),
    Kill { away: f64 },
    Shutdown,
    Nonsense { player: usize, seconds: f64 },
    Track(bool),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let player = 0..3_usize;
    let op = prop_oneof![
        4 => (player.clone(), 0..6_usize, 0.0..1.0).prop_map(|(player, item, at)| Op::Open { player, item, at }),
        3 => player.clone().prop_map(Op::Pause),
        4 => player.clone().prop_map(Op::Resume),
        1 => player.clone().prop_map(Op::Buffer),
        1 => player.clone().prop_map(Op::Stop),
        2 => (player.clone(), 0.0..1.0, any::<bool>()).prop_map(|(player, to, told)| Op::Seek { player, to, told }),
        1 => (player.clone(), 0.25..4.0).prop_map(|(player, rate)| Op::Speed { player, rate }),
        2 => player.clone().prop_map(Op::Eof),
        1 => player.clone().prop_map(Op::ReachedEnd),
        1 => player.clone().prop_map(Op::Quit),
        8 => prop_oneof![0.0..3.0, 3.0..120.0, 120.0..4000.0].prop_map(Op::Wait),
        1 => (player.clone(), any::<bool>()).prop_map(|(player, on)| Op::Mute(player, on)),
        1 => (6.0..100_000.0).prop_map(Op::Sleep),
        1 => (-100_000_i64..100_000).prop_map(Op::ClockStep),
        1 => (0.0..600.0).prop_map(|away| Op::Kill { away }),
        1 => Just(Op::Shutdown),
        1 => (player, prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(-5.0), Just(1e300)])
            .prop_map(|(player, seconds)| Op::Nonsense { player, seconds }),
        1 => any::<bool>().prop_map(Op::Track),
    ];
    prop::collection::vec(op, 1..60)
}

fn item(index: usize) -> Item {
    match index {
        0 => film("/films/Heat (1995).mkv", 1000.0),
        1 => film("/films/Ronin (1998).mkv", 600.0),
        2 => film("/shows/Dark - 1.mkv", 320.0),
        3 => film("/shows/Dark - 2.mkv", 320.0),
        4 => film("/odd/xyz.mkv", 900.0),
        _ => film("/films/Clip.mkv", 20.0),
    }
}

fn run(rig: &mut Rig, op: &Op) {
    let name = |player: usize| format!("mpv-{player}");
    let end = |rig: &Rig, player: usize| {
        rig.players
            .get(&PlayerId::new(&name(player)))
            .and_then(|truth| truth.item.duration)
            .unwrap_or(0.0)
    };
    match *op {
        Op::Open {
            player,
            item: index,
            at,
        } => {
            let item = item(index);
            let from = if at < 0.5 {
                0.0
            } else {
                at * item.duration.unwrap_or(0.0)
            };
            rig.open_at(&name(player), item, from);
        }
        Op::Pause(player) => rig.set(&name(player), Transport::Paused),
        Op::Resume(player) => rig.set(&name(player), Transport::Playing),
        Op::Buffer(player) => rig.set(&name(player), Transport::Buffering),
        Op::Stop(player) => rig.set(&name(player), Transport::Stopped),
        Op::Seek { player, to, told } => {
            let to = to * end(rig, player);
            rig.seek(&name(player), to, told);
        }
        Op::Speed { player, rate } => rig.speed(&name(player), rate),
        Op::Eof(player) => rig.end(&name(player), EndReason::Eof),
        Op::ReachedEnd(player) => rig.say(&PlayerId::new(&name(player)), Signal::ReachedEnd),
        Op::Quit(player) => rig.quit(&name(player)),
        Op::Wait(seconds) => rig.wait(seconds),
        Op::Mute(player, answers) => {
            if let Some(truth) = rig.players.get_mut(&PlayerId::new(&name(player))) {
                truth.answers = answers;
            }
        }
        Op::Sleep(seconds) => rig.sleep(seconds),
        Op::ClockStep(seconds) => rig.now.wall = Wall(rig.now.wall.0 + seconds * 1000),
        Op::Kill { away } => rig.restart(away, test_rules()),
        Op::Shutdown => {
            rig.d.shutdown(rig.now);
            rig.drain();
            rig.restart(1.0, test_rules());
        }
        Op::Nonsense { player, seconds } => {
            rig.say(
                &PlayerId::new(&name(player)),
                Signal::Position {
                    seconds,
                    seeked: false,
                },
            );
        }
        Op::Track(on) => {
            rig.d.set_tracking(on, rig.now);
            rig.drain();
        }
    }
}

#[derive(Default)]
struct Checker {
    seen: usize,
    stopped: BTreeSet<SessionId>,
    stamps: BTreeMap<SessionId, Wall>,
    started: BTreeSet<SessionId>,
    watched: BTreeSet<ViewingId>,
    paused: BTreeMap<SessionId, bool>,
}

impl Checker {
    fn verify_invariants(&mut self, rig: &Rig, fastest: f64) -> Result<(), TestCaseError> {
        for event in &rig.events[self.seen..] {
            self.verify_event(event)?;
        }
        self.seen = rig.events.len();
        let elapsed = rig
            .now
            .boot
            .saturating_sub(start_of_time().boot)
            .as_secs_f64();
        for step in &rig.steps {
            let viewing = &step.viewing;
            // Three players at once may play the same viewing.
            prop_assert!(
                viewing.played <= elapsed * fastest * 3.0 + 1e-6,
                "played more than there was time for"
            );
            prop_assert!(
                viewing.played <= viewing.duration + 1e-6,
                "played more than there is"
            );
        }
        Ok(())
    }

    fn verify_event(&mut self, event: &Lifecycle) -> Result<(), TestCaseError> {
        let session = event.session;
        prop_assert!(
            !self.stopped.contains(&session),
            "an event after the stop: {event:?}"
        );
        prop_assert!(
            event
                .media
                .title
                .as_deref()
                .is_some_and(|title| !title.is_empty()),
            "no title: {event:?}"
        );
        prop_assert!(
            (0.0..=1.0).contains(&event.progress()),
            "progress: {event:?}"
        );
        prop_assert!(
            event.position >= 0.0 && event.position <= event.duration,
            "position: {event:?}"
        );
        if let Some(last) = self.stamps.insert(session, event.at.wall) {
            prop_assert!(last < event.at.wall, "stamps do not increase: {event:?}");
        }
        match event.action {
            Action::Start => prop_assert!(self.started.insert(session), "two starts: {event:?}"),
            Action::Stop => {
                self.stopped.insert(session);
            }
            Action::Progress => {
                prop_assert!(
                    self.paused.get(&session) != Some(&true),
                    "progress while paused: {event:?}"
                );
            }
            Action::Pause | Action::Resume => {
                let paused = event.action == Action::Pause;
                prop_assert!(
                    self.paused.insert(session, paused).unwrap_or(false) != paused,
                    "twice: {event:?}"
                );
            }
        }
        prop_assert!(
            self.started.contains(&session),
            "an event before the start: {event:?}"
        );
        if event.watched {
            prop_assert_eq!(event.action, Action::Stop);
            prop_assert!(
                self.watched.insert(event.viewing),
                "completed twice: {:?}",
                event
            );
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_invariants_hold_after_every_operation(ops in ops(), seed in any::<u64>()) {
        let mut rig = Rig::with(test_rules(), seed);
        let mut checker = Checker::default();
        for op in &ops {
            run(&mut rig, op);
            checker.verify_invariants(&rig, 4.0)?;
        }
        rig.d.shutdown(rig.now);
        rig.drain();
        checker.verify_invariants(&rig, 4.0)?;
        prop_assert!(!rig.d.watching(), "a session survived the shutdown");
    }
}
