//! From `xesam:url`, in all the forms players give it, to a location; and what else tells where the media is.

use std::path::Path;

use crate::model::{Location, Process, Video, decoded};
use crate::watch::process;

/// Where the media is; `None` for what cannot be found again (relative paths, data inside the URL).
///
/// `file:` URIs are decoded, unless they hold what an encoder would not have left (Haruna puts `file://` before the
/// bare path); raw paths are taken as they are, percent signs included.
pub fn read(text: &str) -> Option<Location> {
    if text.starts_with('/') {
        return Some(Location::Path(text.to_owned()));
    }
    let (scheme, rest) = text.split_once(':')?;
    if !is_scheme(scheme) {
        return None;
    }
    match scheme.to_ascii_lowercase().as_str() {
        "file" => file(rest),
        "data" | "blob" | "about" => None,
        _ => rest
            .starts_with("//")
            .then(|| Location::Url(text.to_owned())),
    }
}

/// `///path`, `//host/path` or `/path` after `file:`.
fn file(rest: &str) -> Option<Location> {
    let path = match rest.strip_prefix("//") {
        Some(with_host) => with_host.get(with_host.find('/')?..)?,
        None => rest,
    };
    let bare = path.contains(|c: char| c == ' ' || !c.is_ascii());
    path.starts_with('/').then(|| {
        Location::Path(if bare {
            path.to_owned()
        } else {
            percent_decoded(path)
        })
    })
}

fn is_scheme(text: &str) -> bool {
    // One letter would be a drive of Windows.
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// A percent sign that starts no escape stays as it is: players that forget to encode forget all of it.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%'
            && let Some((hex, after)) = tail.split_at_checked(2)
            && let Some(byte) = byte_of(hex)
        {
            bytes.push(byte);
            rest = after;
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    decoded(&bytes).into_owned()
}

fn byte_of(hex: &[u8]) -> Option<u8> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let [high, low] = hex else { return None };
    u8::try_from(digit(high)? * 16 + digit(low)?).ok()
}

/// Whether it is read over the network: any URL, and the mounts of gvfs.
pub fn is_network(location: &Location) -> bool {
    match location {
        Location::Url(_) => true,
        Location::Path(path) => {
            let mut parts = path.split('/').skip(1);
            let run = parts.next() == Some("run") && parts.next() == Some("user");
            run && parts.nth(1) == Some("gvfs") || path.contains("/.gvfs/")
        }
    }
}

/// The path, if it is one that the document portal made up: `/run/user/UID/doc/ID/NAME`. Its last name is the real one.
pub fn portal(location: &Location) -> Option<&str> {
    let Location::Path(path) = location else {
        return None;
    };
    let mut parts = path.split('/').skip(1);
    let run = parts.next() == Some("run") && parts.next() == Some("user");
    (run && parts.nth(1) == Some("doc")).then_some(path)
}

/// The path on the host that a path of the document portal stands for; the portal tells in an attribute of the file.
/// Blocks for as long as the portal does.
pub fn host_path(portal: &str) -> Option<String> {
    let mut value = vec![0; 4096];
    let length = rustix::fs::getxattr(portal, "user.document-portal.host-path", &mut value).ok()?;
    let text = String::from_utf8_lossy(value.get(..length)?);
    let path = text.trim_end_matches('\0');
    path.starts_with('/').then(|| path.to_owned())
}

/// The film that a process has open, if it is one only: for players that do not say what they play (Totem).
/// A few dozen links of `/proc` are read.
pub fn open_film(process: Process) -> Option<String> {
    let folder = std::fs::read_dir(format!("/proc/{}/fd", process.pid)).ok()?;
    let links = folder
        .flatten()
        .filter_map(|fd| std::fs::read_link(fd.path()).ok());
    let mut films: Vec<String> = links
        .filter_map(|path| path.to_str().map(str::to_owned))
        .filter(|path| path.starts_with('/') && !path.ends_with(" (deleted)"))
        .filter(|path| video(&Location::Path(path.clone())) == Video::Yes)
        .collect();
    films.sort_unstable();
    films.dedup();
    // Another process may have the number by now.
    let film = films.pop().filter(|_| films.is_empty())?;
    (process::of(process.pid) == Some(process)).then_some(film)
}

/// Whether the name says that it is sound only, or a picture that moves.
pub fn video(location: &Location) -> Video {
    const SOUND: [&str; 29] = [
        "aac", "aiff", "alac", "ape", "flac", "m4a", "m4b", "mka", "mp2", "mp3", "mpc", "oga",
        "ogg", "opus", "ra", "spx", "tta", "wav", "wma", "wv", "ac3", "amr", "au", "caf", "dff",
        "dsf", "dts", "eac3", "mid",
    ];
    const FILM: [&str; 17] = [
        "avi", "divx", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "ogm",
        "ogv", "rmvb", "ts", "webm", "wmv",
    ];
    let name = match location {
        Location::Path(path) => path.as_str(),
        Location::Url(url) => url.split(['?', '#']).next().unwrap_or_default(),
    };
    let Some(extension) = Path::new(name).extension().and_then(|e| e.to_str()) else {
        return Video::Unknown;
    };
    let extension = extension.to_ascii_lowercase();
    if SOUND.contains(&extension.as_str()) {
        Video::No
    } else if FILM.contains(&extension.as_str()) {
        Video::Yes
    } else {
        Video::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Option<Location> {
        Some(Location::Path(text.into()))
    }

    fn url(text: &str) -> Option<Location> {
        Some(Location::Url(text.into()))
    }

    #[test]
    fn every_form_of_a_url_is_read() {
        let cases = [
            (
                "file:///a/F%C3%BCr%20Elise%20%28x%29.mkv",
                path("/a/Für Elise (x).mkv"),
            ),
            ("FILE:///a/b.mkv", path("/a/b.mkv")),
            ("file://localhost/a/b.mkv", path("/a/b.mkv")),
            ("file:/a/b.mkv", path("/a/b.mkv")),
            ("file:///a/100%.mkv", path("/a/100%.mkv")),
            ("file:///a/100%zz.mkv", path("/a/100%zz.mkv")),
            ("file:///a/%ff%fe.mkv", path("/a/\u{fffd}\u{fffd}.mkv")),
            ("file:///a/Am%e9lie.mkv", path("/a/Amélie.mkv")),
            ("file:///a/C#1what?.mkv", path("/a/C#1what?.mkv")),
            ("file:///a/50%20 off.mkv", path("/a/50%20 off.mkv")),
            ("file:///a/50%20 ö.mkv", path("/a/50%20 ö.mkv")),
            ("/a/50%20 off.mkv", path("/a/50%20 off.mkv")),
            ("b.mkv", None),
            ("Show: Part 1.mkv", None),
            ("./b.mkv", None),
            ("", None),
            ("file://", None),
            ("file:b.mkv", None),
            ("data:video/mp4;base64,AAAA", None),
            ("blob:https://x/1", None),
            ("https://h/a%20b.mkv?t=1", url("https://h/a%20b.mkv?t=1")),
            (
                "smb://nas/films/a%20b.mkv",
                url("smb://nas/films/a%20b.mkv"),
            ),
            ("sftp://nas/films/a.mkv", url("sftp://nas/films/a.mkv")),
            ("dvd:///dev/sr0", url("dvd:///dev/sr0")),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_comes_over_the_network_is_known_as_such() {
        let cases = [
            (Location::Url("smb://nas/a.mkv".into()), true),
            (
                Location::Path("/run/user/1000/gvfs/smb-share:server=nas,share=f/a.mkv".into()),
                true,
            ),
            (Location::Path("/home/me/.gvfs/nas/a.mkv".into()), true),
            (
                Location::Path("/run/user/1000/doc/ab12/a.mkv".into()),
                false,
            ),
            (Location::Path("/srv/gvfs/a.mkv".into()), false),
        ];
        for (location, expected) in cases {
            assert_eq!(is_network(&location), expected, "{location:?}");
        }
    }

    #[test]
    fn a_path_of_the_document_portal_is_known_as_such() {
        let cases = [
            ("/run/user/1000/doc/ab12cd/Film.mkv", true),
            ("/run/user/1000/gvfs/x/Film.mkv", false),
            ("/home/me/doc/Film.mkv", false),
        ];
        for (path, expected) in cases {
            let location = Location::Path(path.into());
            assert_eq!(portal(&location).is_some(), expected, "{path}");
        }
        assert_eq!(host_path("/run/user/1000/doc/ab12cd/Film.mkv"), None);
    }

    #[test]
    fn the_one_film_a_process_has_open_is_found_and_of_two_none() {
        let folder = tempfile::tempdir().unwrap();
        let own = process::of(std::process::id()).unwrap();
        let open = |name: &str| std::fs::File::create(folder.path().join(name)).unwrap();
        let _other = open("a.txt");
        let _film = open("a.mkv");
        let path = folder.path().join("a.mkv").to_str().unwrap().to_owned();
        assert_eq!(open_film(own), Some(path));
        let _second = open("b.mkv");
        assert_eq!(open_film(own), None);
    }

    #[test]
    fn a_name_tells_sound_from_film() {
        let cases = [
            (Location::Path("/a/b.FLAC".into()), Video::No),
            (Location::Path("/a/b.mkv".into()), Video::Yes),
            (Location::Path("/a/b".into()), Video::Unknown),
            (Location::Url("https://h/b.mp3?x=y.mkv".into()), Video::No),
        ];
        for (location, expected) in cases {
            assert_eq!(video(&location), expected, "{location:?}");
        }
    }
}
