//! Whatever the watchers say, in any order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::tests::{at, denied, item, named, playing};
use super::*;
use crate::model::{EndReason, Transport};

/// Who: id, what it calls itself, its process.
type Who = (&'static str, &'static str, Option<u32>);

/// Two mpvs, each on the socket and on the bus, one player with two connections, one in a sandbox, and one that starts
/// an mpv for itself.
const WHO: [Who; 9] = [
    ("mpv-7", "mpv", Some(7)),
    ("mpris:mpv", "mpv", Some(7)),
    ("mpv-8", "mpv", Some(8)),
    ("mpris:mpv-8", "mpv", Some(8)),
    ("mpris:vlc", "VLC", Some(9)),
    ("mpris:vlc-9", "VLC", Some(9)),
    ("mpris:sandbox", "mpv", None),
    ("mpris:smplayer", "SMPlayer", Some(10)),
    ("mpv-11", "mpv", Some(11)),
];
const PARENT: usize = 7;
const CHILD: usize = 8;

fn appears(who: usize) -> Signal {
    let (id, name, pid) = WHO[who];
    let source = if id.starts_with("mpris:") {
        Source::Mpris
    } else {
        Source::Mpv
    };
    named(name, source, pid)
}

fn anything() -> impl Strategy<Value = Vec<(usize, Signal)>> {
    let paused = Signal::Transport {
        state: Transport::Paused,
        position: None,
    };
    let signal = prop_oneof![
        Just(Signal::Vanished),
        Just(Signal::Opened(item("/a"))),
        Just(Signal::Opened(item("/b"))),
        Just(Signal::Refined(item("/a"))),
        Just(playing()),
        Just(paused),
        Just(Signal::Ended(EndReason::Stopped)),
        Just(Signal::PositionUnknown),
    ];
    let step = (0..WHO.len()).prop_flat_map(move |who| {
        let signal = prop_oneof![3 => Just(appears(who)), 6 => signal.clone()];
        // Only a player may be denied of which there is one connection.
        let refused = denied("SMPlayer", 10);
        let chance = u32::from(who == PARENT) * 3;
        let signal = prop_oneof![9 => signal, chance => Just(refused)];
        signal.prop_map(move |signal| (who, signal))
    });
    prop::collection::vec(step, 1..60)
}

/// One process, as far as people are concerned.
fn as_one(process: u32) -> u32 {
    if process == 11 { 10 } else { process }
}

proptest! {
    #[test]
    fn a_process_is_never_shown_as_two_players_and_only_the_shown_speak(steps in anything()) {
        let mut merge = Merge::new(Box::new(|parent, child| (parent.pid, child.pid) == (10, 11)));
        let mut there = BTreeSet::new();
        let (mut denied, mut hidden) = (false, false);
        let mut shown: BTreeMap<PlayerId, Option<Process>> = BTreeMap::new();
        for (second, (who, signal)) in (0..).zip(steps) {
            let player = PlayerId::new(WHO[who].0);
            match &signal {
                Signal::Appeared(info) if info.ignored.is_some() => {
                    there.remove(&who);
                    denied = true;
                    hidden = there.contains(&CHILD);
                }
                Signal::Appeared(_) => {
                    there.insert(who);
                    if who == PARENT {
                        denied = false;
                        hidden = false;
                    } else if who == CHILD {
                        hidden = denied;
                    }
                }
                Signal::Vanished => {
                    there.remove(&who);
                    if who == PARENT {
                        denied = false;
                    } else if who == CHILD {
                        hidden = false;
                    }
                }
                _ if !there.contains(&who) => continue,
                _ => {}
            }
            for seen in merge.handle(Observation { at: at(second), player, signal }) {
                match seen.signal {
                    Signal::Appeared(info) if info.ignored.is_none() => {
                        shown.insert(seen.player, info.process);
                    }
                    Signal::Appeared(_) | Signal::Vanished => {
                        shown.remove(&seen.player);
                    }
                    _ => prop_assert!(shown.contains_key(&seen.player), "{} speaks", seen.player),
                }
            }
            let processes: BTreeSet<_> = (shown.values())
                .map(|process| process.map(|p| as_one(p.pid)))
                .collect();
            prop_assert_eq!(processes.len(), shown.len(), "two for one: {:?}", shown);
            // The one in the sandbox may be one of the others.
            let present: BTreeSet<_> = (there.iter())
                .filter(|who| !(hidden && **who == CHILD))
                .filter_map(|who| WHO[*who].2.map(as_one))
                .collect();
            let shown: BTreeSet<_> = processes.into_iter().flatten().collect();
            prop_assert_eq!(shown, present);
        }
    }
}
