//! The path in a URL, whose folders speak as those on a disk do.

use crate::model::decoded;

/// What players and media servers call what they stream.
const NAMELESS: &[&str] = &[
    "0",
    "audio",
    "chunklist",
    "download",
    "file",
    "hls",
    "index",
    "live",
    "main",
    "manifest",
    "master",
    "media",
    "movie",
    "original",
    "play",
    "playlist",
    "stream",
    "video",
    "watch",
];

/// The decoded path of a URL whose last segment looks like a file. The host is no folder, and on the web a bare number
/// is a database's, not a season's.
pub(super) fn path(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let web = matches!(
        scheme.to_ascii_lowercase().as_str(),
        "http" | "https" | "rtsp" | "rtmp" | "mms"
    );
    let rest = if web {
        rest.split(['?', '#']).next()?
    } else {
        rest
    };
    let (_, path) = rest.split_once('/')?;
    let is_number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<String> = path
        .split('/')
        .filter(|part| !web || !is_number(part))
        .map(percent_decoded)
        .collect();
    let last = parts.last()?;
    last.contains('.').then(|| parts.join("/"))
}

/// The path of a `file:` URL.
pub(in crate::identify) fn file_path(url: &str) -> String {
    let path = url.strip_prefix("file://").unwrap_or(url);
    let path = path.strip_prefix("localhost").unwrap_or(path);
    path.split('/')
        .map(percent_decoded)
        .collect::<Vec<_>>()
        .join("/")
}

/// Whether the last segment says nothing of what it is.
pub(super) fn is_nameless(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or(path);
    let stem = last.split('.').next().unwrap_or(last).to_ascii_lowercase();
    let id = stem.len() >= 16 && stem.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    NAMELESS.contains(&stem.as_str()) || id
}

/// A decoded `/` would be no folder's.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let code = (byte == b'%')
            .then(|| Some(hex(ahead.next()?)? * 16 + hex(ahead.next()?)?))
            .flatten();
        if code.is_some() {
            rest = ahead;
        }
        bytes.push(code.unwrap_or(byte));
    }
    decoded(&bytes).replace('/', " ")
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_a_url_are_folders_and_hosts_and_database_numbers_are_not() {
        for (url, wanted) in [
            (
                "smb://nas/Shows/Severance/Season%202/03%20-%20Who.mkv",
                Some("Shows/Severance/Season 2/03 - Who.mkv"),
            ),
            ("sftp://u@nas/a#b/2/x.mkv", Some("a#b/2/x.mkv")),
            (
                "https://jf/Videos/1/Heat.1995.mkv?key=1/2.mkv",
                Some("Videos/Heat.1995.mkv"),
            ),
            ("https://www.example.org/watch?v=1.2", None),
            ("https://example.org", None),
        ] {
            assert_eq!(path(url).as_deref(), wanted, "{url}");
        }
    }

    #[test]
    fn what_every_stream_is_called_is_no_name() {
        for (path, wanted) in [
            ("Videos/stream.mkv", true),
            ("hls/master.m3u8", true),
            ("v/0123456789abcdef0123456789abcdef.mp4", true),
            ("Heat.1995.mkv", false),
        ] {
            assert_eq!(is_nameless(path), wanted, "{path}");
        }
    }
}
