//! What particular players do that the general rules of `values.rs` and `track.rs` do not already bear.
//!
//! Those rules hold for everybody: any type for any value, lengths of 0 and -1, titles and lengths that come late,
//! no `Stopped` between files, positions zeroed with `Stopped`, track ids that never change, seconds for microseconds.
//! A row stands here only where a rule for everybody would hurt the others. A row is added with the source it was
//! learned from and a test in `track/tests.rs` that bears its flag's name.

/// How one player departs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quirk {
    /// Right after a file change `mpris:length` may still be the one of the file before.
    pub length_lingers: bool,
    /// `Position` is 0 or made up: it is never asked for.
    pub position_is_fake: bool,
    /// `xesam:url` is the page that plays: what plays on it changes while the page stays.
    pub url_is_page: bool,
}

const NONE: Quirk = Quirk {
    length_lingers: false,
    position_is_fake: false,
    url_is_page: false,
};

/// By short name, in lower case.
const ROWS: &[(&str, Quirk)] = &[
    // Seen on 0.20: the first map after a file change has the length of the file before, for 50 ms; other versions do
    // not send the map again when the duration changes (celluloid-player/celluloid src/mpris).
    (
        "celluloid",
        Quirk {
            length_lingers: true,
            ..NONE
        },
    ),
    (
        "io.github.celluloid_player.celluloid",
        Quirk {
            length_lingers: true,
            ..NONE
        },
    ),
    // KDE/haruna src/mpris2: the map is cumulative, for about 100 ms it has the old length and title.
    (
        "haruna",
        Quirk {
            length_lingers: true,
            ..NONE
        },
    ),
    // ccatterina/plasmusic-toolbar#146: always 0 while it plays.
    (
        "plexamp",
        Quirk {
            position_is_fake: true,
            ..NONE
        },
    ),
    // Gecko MPRISServiceHandler: one session a process, tabs swap its content.
    (
        "firefox",
        Quirk {
            url_is_page: true,
            ..NONE
        },
    ),
    // KDE/plasma-browser-integration: the tab's address.
    (
        "plasma-browser-integration",
        Quirk {
            url_is_page: true,
            ..NONE
        },
    ),
];

/// The quirks of a player.
///
/// * `short`: its bus name without prefix and instance.
pub fn of(short: &str) -> Quirk {
    ROWS.iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(short))
        .map_or(NONE, |(_, quirk)| *quirk)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_player_stands_once_and_in_lower_case() {
        for (n, (name, quirk)) in ROWS.iter().enumerate() {
            assert_eq!(*name, name.to_lowercase());
            assert_ne!(*quirk, NONE, "{name} has no quirk");
            assert!(ROWS[..n].iter().all(|(other, _)| other != name), "{name}");
        }
    }

    #[test]
    fn a_player_without_a_row_has_no_quirk() {
        assert_eq!(of("vlc"), NONE);
        assert!(of("Haruna").length_lingers);
    }
}
