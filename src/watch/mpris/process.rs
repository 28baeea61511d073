//! Which process a player is, where that can be known.

use std::path::PathBuf;

use crate::model::Process;

/// Stands between a Flatpak player and the bus, and is not the player.
const PROXY: &str = "xdg-dbus-proxy";

/// The process with this number; `None` if it is gone, lives in another space of process numbers, or only passes on
/// what a sandboxed player says.
pub fn of(pid: u32) -> Option<Process> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (name, started) = parse(&stat)?;
    let space = |of: &str| std::fs::read_link(PathBuf::from(format!("/proc/{of}/ns/pid"))).ok();
    let same_space = space(&pid.to_string()).is_none_or(|theirs| Some(theirs) == space("self"));
    (name != PROXY && same_space).then_some(Process { pid, started })
}

/// Whether `parent` started `child` (SMPlayer its mpv).
pub fn is_parent(parent: Process, child: Process) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.pid)).unwrap_or_default();
    parse_fields(&stat).and_then(|mut fields| fields.nth(1)?.parse().ok()) == Some(parent.pid)
}

/// Name and start time from `/proc/PID/stat`: `pid (name) state ppid …`, the start being field 22.
fn parse(stat: &str) -> Option<(&str, u64)> {
    let name = stat.get(stat.find('(')? + 1..stat.rfind(')')?)?;
    Some((name, parse_fields(stat)?.nth(19)?.parse().ok()?))
}

/// The fields from the third on; the name before them may hold blanks and brackets.
fn parse_fields(stat: &str) -> Option<std::str::SplitWhitespace<'_>> {
    Some(stat.get(stat.rfind(')')? + 1..)?.split_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stat_line_is_read_whatever_the_name_is() {
        let rest = "S 12 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 1 1";
        for name in ["mpv", "a b", "x) S 1 (y", ""] {
            assert_eq!(
                parse(&format!("4711 ({name}) {rest}\n")),
                Some((name, 98765)),
                "{name}"
            );
        }
        for broken in ["", "4711", "4711 (mpv", "4711 (mpv) S 1", ")("] {
            assert_eq!(parse(broken), None, "{broken}");
        }
    }

    #[test]
    fn this_process_is_found_and_one_that_is_not_there_is_not() {
        let own = of(std::process::id()).unwrap();
        assert_eq!(own.pid, std::process::id());
        assert!(own.started > 0);
        assert_eq!(of(0), None);
        assert_eq!(of(u32::MAX), None);
    }

    #[test]
    fn a_child_knows_its_parent() {
        let own = of(std::process::id()).unwrap();
        let mut sleeper = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let child = of(sleeper.id());
        let related = child.map(|child| (is_parent(own, child), is_parent(child, own)));
        sleeper.kill().unwrap();
        sleeper.wait().unwrap();
        assert_eq!(related, Some((true, false)));
    }
}
