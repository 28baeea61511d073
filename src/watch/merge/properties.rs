//! Whatever the watchers say, in any order.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::tests::{at, info, item, playing};
use super::*;

/// Two mpvs, each on the socket and on the bus, one player with two connections, and one in a sandbox.
const WHO: [(&str, Source, Option<u32>); 7] = [
    ("mpv-7", Source::Mpv, Some(7)),
    ("mpris:mpv", Source::Mpris, Some(7)),
    ("mpv-8", Source::Mpv, Some(8)),
    ("mpris:mpv-8", Source::Mpris, Some(8)),
    ("mpris:vlc", Source::Mpris, Some(9)),
    ("mpris:vlc-9", Source::Mpris, Some(9)),
    ("mpris:sandbox", Source::Mpris, None),
];

fn anything() -> impl Strategy<Value = Vec<(usize, Signal)>> {
    let signal = prop_oneof![
        Just(Signal::Vanished),
        Just(Signal::Opened(item("/a"))),
        Just(Signal::Opened(item("/b"))),
        Just(Signal::Refined(item("/a"))),
        Just(playing()),
        Just(Signal::Ended(EndReason::Stopped)),
        Just(Signal::PositionUnknown),
    ];
    let signal = prop_oneof![1 => Just(None), 2 => signal.prop_map(Some)];
    let step = (0..WHO.len(), signal).prop_map(|(who, signal)| {
        let (_, source, pid) = WHO[who];
        (who, signal.unwrap_or_else(|| info(source, pid)))
    });
    prop::collection::vec(step, 1..60)
}

proptest! {
    #[test]
    fn a_process_is_never_shown_as_two_players_and_only_the_shown_speak(steps in anything()) {
        let mut merge = Merge::new(Box::new(|_, _| false));
        let mut there = BTreeSet::new();
        let mut shown: BTreeMap<PlayerId, Option<Process>> = BTreeMap::new();
        for (second, (who, signal)) in (0..).zip(steps) {
            let player = PlayerId::new(WHO[who].0);
            match &signal {
                Signal::Appeared(_) => { there.insert(who); }
                Signal::Vanished => { there.remove(&who); }
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
            let processes: BTreeSet<_> = shown.values().map(|process| process.map(|p| p.pid)).collect();
            prop_assert_eq!(processes.len(), shown.len(), "two for one: {:?}", shown);
            // The one in the sandbox may be one of the others.
            let present: BTreeSet<_> = there.iter().filter_map(|who| WHO[*who].2).collect();
            let shown: BTreeSet<_> = processes.into_iter().flatten().collect();
            prop_assert_eq!(shown, present);
        }
    }
}
