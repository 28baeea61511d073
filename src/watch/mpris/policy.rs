//! Who is watched: video players, unless the user says otherwise. Pure.
//!
//! Order of decision: `players.deny`, `players.allow`, the list here. What is not listed is watched: most players
//! that speak MPRIS and are not audio players, browsers or phones play video.

use glob::{MatchOptions, Pattern};

use crate::config::Players;

/// What all names of media players begin with.
pub const PREFIX: &str = "org.mpris.MediaPlayer2.";

/// The browser extension that speaks for the browsers it is installed in.
pub const PLASMA: &str = "plasma-browser-integration";

/// Not watched by default: short names and identities in lower case, or with `*` what they begin with, and what they are. They
/// are looked for at every turn of a player, so they are no globs.
const DENIED: &[(&str, &[&str])] = &[
    (
        "a browser",
        &[
            "firefox*",
            "librewolf*",
            "waterfox*",
            "floorp*",
            "zen",
            "zen-browser*",
            "zen browser*",
            "mozilla*",
            "chromium*",
            "chrome*",
            "google-chrome*",
            "google chrome*",
            "brave*",
            "vivaldi*",
            "opera*",
            "edge*",
            "microsoft-edge*",
            "microsoft edge*",
            "epiphany*",
            "org.gnome.epiphany*",
            "falkon*",
            "konqueror*",
            "qutebrowser*",
            "org.qutebrowser*",
            PLASMA,
            "plasma browser integration",
            "web",
            "gnome web",
            "yandex*",
        ],
    ),
    (
        "an audio player",
        &[
            "spotify*",
            "spot",
            "ncspot*",
            "psst*",
            "rhythmbox*",
            "strawberry*",
            "clementine*",
            "amarok*",
            "elisa*",
            "audacious*",
            "deadbeef*",
            "quodlibet*",
            "quod libet",
            "exfalso*",
            "lollypop*",
            "org.gnome.lollypop*",
            "org.gnome.music*",
            "gnome music",
            "gnome-music*",
            "amberol*",
            "io.bassi.amberol*",
            "gapless*",
            "com.github.neithern.g4music*",
            "g4music*",
            "tauon*",
            "cantata*",
            "mpd*",
            "mpdris2*",
            "music player daemon*",
            "cmus*",
            "moc",
            "musikcube*",
            "fooyin*",
            "juk",
            "sayonara*",
            "pragha*",
            "guayadeque*",
            "nuclear",
            "plexamp*",
            "tidal*",
            "qobuz*",
            "deezer*",
            "youtube-music*",
            "youtubemusic*",
            "youtube music",
            "youtube music desktop app",
            "th-ch*",
            "feishin*",
            "supersonic*",
            "finamp*",
            "sonixd*",
            "roon",
            "shortwave*",
            "de.haeckerfelix.shortwave*",
            "gradio",
            "goodvibes*",
            "podcasts*",
            "gpodder*",
            "org.gnome.podcasts*",
            "vocal",
            "cozy*",
            "com.github.geigi.cozy*",
            "harmonoid*",
            "musicpod*",
            "termusic*",
            "kew",
            "cider",
            "apple-music*",
            "squeezelite*",
            "librespot*",
            "ymuse*",
            "byte",
            "euphonica*",
            "muzika*",
            "museeks*",
            "headset",
            "blanket*",
            "com.rafaelmardojai.blanket*",
        ],
    ),
    (
        "a phone or another machine",
        &[
            "kdeconnect*",
            "gsconnect*",
            "bluez*",
            "valent*",
            "upnp*",
            "snapcast*",
            "shairport*",
        ],
    ),
    (
        "a proxy for other players",
        &["playerctld*", "mpris-proxy*", "mprisproxy*"],
    ),
];

/// Endings of bus names that number the instances of a player.
const INSTANCE: [&str; 4] = ["instance", "profile_", "mpris_", "pid"];

/// A bus name without prefix and instance: `vlc`, `firefox`, `org.gnome.Showtime`.
pub fn short(bus_name: &str) -> &str {
    let mut rest = bus_name.strip_prefix(PREFIX).unwrap_or(bus_name);
    while let Some((before, last)) = rest.rsplit_once('.') {
        let numbered = last
            .bytes()
            .all(|b| b.is_ascii_digit() || b == b'_' || b == b'-');
        if !numbered && !INSTANCE.iter().any(|start| last.starts_with(start)) {
            break;
        }
        rest = before;
    }
    rest
}

/// Why a player is not tracked, in words for people; `None`: it is tracked.
///
/// * `short`: as of [`short`]
/// * `identity`: as the player calls itself, once known
/// * `plasma`: the browser extension is there and tracked
pub fn ignored(
    short: &str,
    identity: Option<&str>,
    plasma: bool,
    config: &Players,
) -> Option<String> {
    let names = [Some(short), identity];
    let any = |patterns: &[String]| {
        patterns
            .iter()
            .any(|pattern| names.iter().flatten().any(|name| is_like(pattern, name)))
    };
    if any(&config.deny) {
        return Some("denied by players.deny".to_owned());
    }
    let kind = kind(short, identity);
    if plasma && kind == Some("a browser") && short != PLASMA {
        return Some("a browser, watched through plasma-browser-integration".to_owned());
    }
    if any(&config.allow) {
        return None;
    }
    kind.map(|kind| format!("{kind}, not watched unless players.allow names it"))
}

/// Whether one of that name is a browser.
pub fn is_browser(name: &str) -> bool {
    kind(name, None) == Some("a browser")
}

fn kind(short: &str, identity: Option<&str>) -> Option<&'static str> {
    let names = [Some(short), identity];
    DENIED.iter().find_map(|(kind, patterns)| {
        patterns
            .iter()
            .any(|listed| names.iter().flatten().any(|name| stands_for(listed, name)))
            .then_some(*kind)
    })
}

/// Whether one of the list is that name, or what it begins with, whatever the case.
fn stands_for(listed: &str, name: &str) -> bool {
    let (listed, name) = (listed.as_bytes(), name.as_bytes());
    match listed.strip_suffix(b"*") {
        Some(start) => name
            .get(..start.len())
            .is_some_and(|name| name.eq_ignore_ascii_case(start)),
        None => name.eq_ignore_ascii_case(listed),
    }
}

/// Glob, whatever the case; a pattern that is none matches its own text.
fn is_like(pattern: &str, name: &str) -> bool {
    let options = MatchOptions {
        case_sensitive: false,
        require_literal_separator: false,
        require_literal_leading_dot: false,
    };
    match Pattern::new(pattern) {
        Ok(pattern) => pattern.matches_with(name, options),
        Err(_) => pattern.eq_ignore_ascii_case(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(deny: &[&str], allow: &[&str]) -> Players {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect();
        Players {
            deny: own(deny),
            allow: own(allow),
        }
    }

    #[test]
    fn the_list_has_names_and_beginnings_of_names_alone() {
        for listed in DENIED.iter().flat_map(|(_, listed)| *listed) {
            let name = listed.strip_suffix('*').unwrap_or(listed);
            assert!(!name.contains(['*', '?', '[']), "{listed}");
            assert_eq!(name, name.to_lowercase());
            assert!(stands_for(listed, &name.to_uppercase()), "{listed}");
            let longer = format!("{name} é");
            assert_eq!(
                stands_for(listed, &longer),
                listed.ends_with('*'),
                "{listed}"
            );
        }
        assert!(!stands_for("edge*", "edé"), "no border between letters");
    }

    #[test]
    fn the_instance_is_taken_off_a_bus_name() {
        let cases = [
            ("org.mpris.MediaPlayer2.vlc", "vlc"),
            ("org.mpris.MediaPlayer2.vlc.instance4711", "vlc"),
            ("org.mpris.MediaPlayer2.mpv.instance-Ab3x", "mpv"),
            ("org.mpris.MediaPlayer2.firefox.instance_1_23", "firefox"),
            (
                "org.mpris.MediaPlayer2.kdeconnect.mpris_000001",
                "kdeconnect",
            ),
            (
                "org.mpris.MediaPlayer2.JellyfinDesktop.profile_abc",
                "JellyfinDesktop",
            ),
            ("org.mpris.MediaPlayer2.smplayer.4711", "smplayer"),
            (
                "org.mpris.MediaPlayer2.org.gnome.Showtime",
                "org.gnome.Showtime",
            ),
            (
                "org.mpris.MediaPlayer2.io.github.celluloid_player.Celluloid",
                "io.github.celluloid_player.Celluloid",
            ),
        ];
        for (name, expected) in cases {
            assert_eq!(short(name), expected, "{name}");
        }
    }

    #[test]
    fn video_players_are_watched_and_others_are_not() {
        let watched = [
            ("vlc", "VLC media player"),
            ("mpv", "mpv"),
            ("smplayer", "SMPlayer"),
            ("haruna", "Haruna"),
            ("totem", "Videos"),
            ("org.gnome.Showtime", "Video Player"),
            ("celluloid", "Celluloid"),
            ("JellyfinDesktop", "Jellyfin Desktop"),
            ("clapper", "Clapper"),
            ("Stremio", "Stremio"),
            ("dragonplayer", "Dragon Player"),
            ("parole", "Parole Media Player"),
            ("kaffeine", "Kaffeine"),
            ("mpc-qt", "Media Player Classic Qute Theater"),
            ("deepin-movie", "Movie"),
        ];
        let ignored_ones = [
            ("playerctld", "playerctld"),
            ("kdeconnect", "Phone"),
            ("firefox", "Mozilla Firefox"),
            ("chromium", "Chromium"),
            ("brave", "Brave"),
            ("plasma-browser-integration", "Firefox"),
            ("spotify", "Spotify"),
            ("rhythmbox", "Rhythmbox"),
            ("strawberry", "Strawberry"),
            ("plexamp", "Plexamp"),
        ];
        let config = config(&[], &[]);
        for (short, identity) in watched {
            assert_eq!(
                ignored(short, Some(identity), false, &config),
                None,
                "{short}"
            );
        }
        for (short, identity) in ignored_ones {
            assert!(ignored(short, None, false, &config).is_some(), "{short}");
            assert!(
                ignored(short, Some(identity), false, &config).is_some(),
                "{short}"
            );
        }
    }

    #[test]
    fn the_user_has_the_last_word_and_deny_the_very_last() {
        let firefox = |deny, allow| {
            ignored(
                "firefox",
                Some("Mozilla Firefox"),
                false,
                &config(deny, allow),
            )
        };
        assert!(firefox(&[], &[]).is_some());
        assert!(firefox(&[], &["fire*"]).is_none());
        assert!(firefox(&[], &["mozilla*"]).is_none());
        assert!(firefox(&["FIREFOX"], &["firefox"]).is_some());
        assert!(
            ignored(
                "vlc",
                Some("VLC media player"),
                false,
                &config(&["VLC media*"], &[])
            )
            .is_some()
        );
        assert!(ignored("a[b", None, false, &config(&["a[b"], &[])).is_some());
    }

    #[test]
    fn plasma_speaks_for_the_browsers() {
        let config = config(&[], &["firefox", PLASMA]);
        assert!(ignored("firefox", None, false, &config).is_none());
        assert!(ignored("firefox", None, true, &config).is_some());
        assert!(ignored(PLASMA, None, true, &config).is_none());
        assert!(ignored("vlc", None, true, &config).is_none());
    }
}
