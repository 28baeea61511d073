//! Names for players: readable, and never given to two processes within one run.

use std::collections::BTreeMap;

use crate::model::{PlayerId, Process};

/// Most short names remembered; players beyond these always get a number.
const MOST_NAMES: usize = 1024;
/// Longest part of a short name that is used, in characters.
const LONGEST_NAME: usize = 64;

/// The names given so far.
#[derive(Debug, Default)]
pub struct Ids {
    /// Short names given without a number, and to which process.
    plain: BTreeMap<String, Option<Process>>,
    counter: u32,
}

impl Ids {
    /// `mpris:NAME`; with the process id behind it if another process had that, or with a number where there is none.
    ///
    /// * `in_use`: whether a player that is there has this id
    pub fn give(
        &mut self,
        short: &str,
        process: Option<Process>,
        in_use: impl Fn(&PlayerId) -> bool,
    ) -> PlayerId {
        let short: String = short.chars().take(LONGEST_NAME).collect();
        let plain = PlayerId::new(&format!("mpris:{short}"));
        let free = match self.plain.get(&short) {
            Some(had) => had.is_some() && *had == process,
            None => self.plain.len() < MOST_NAMES,
        };
        if free && !in_use(&plain) {
            self.plain.insert(short, process);
            return plain;
        }
        let numbered = process.map(|process| PlayerId::new(&format!("{plain}-{}", process.pid)));
        if let Some(numbered) = numbered.filter(|id| !in_use(id)) {
            return numbered;
        }
        self.counter = self.counter.wrapping_add(1);
        PlayerId::new(&format!("{plain}#{}", self.counter))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain_once_and_numbered_for_every_other_process() {
        let mut ids = Ids::default();
        let process = |pid| Some(Process { pid, started: 1 });
        let mut give = |process, used: &str| {
            let id = ids.give("mpv", process, |id| &*id.0 == used);
            id.to_string()
        };
        assert_eq!(give(process(1), ""), "mpris:mpv");
        assert_eq!(give(process(2), "mpris:mpv"), "mpris:mpv-2");
        assert_eq!(
            give(process(3), ""),
            "mpris:mpv-3",
            "the first is gone, its name is not given away"
        );
        assert_eq!(
            give(process(1), ""),
            "mpris:mpv",
            "the same process is back"
        );
        assert_eq!(
            give(process(1), "mpris:mpv"),
            "mpris:mpv-1",
            "its second connection"
        );
        assert_eq!(give(None, ""), "mpris:mpv#1");
        assert_eq!(give(None, ""), "mpris:mpv#2");
    }

    #[test]
    fn hostile_names_are_cut_and_not_remembered_for_ever() {
        let mut ids = Ids::default();
        assert!(ids.give(&"x".repeat(255), None, |_| false).0.len() < 80);
        for n in 0..2000 {
            ids.give(&n.to_string(), None, |_| false);
        }
        assert_eq!(ids.plain.len(), MOST_NAMES);
    }
}
