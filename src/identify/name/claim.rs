//! A parsed name as evidence.

use super::normalise::has_known_extension;
use super::{Extra, ParsedName, parse};
use crate::identify::weigh::Claim;
use crate::model::{Item, Location, Media, MediaType};

/// What the item's path, or the last part of its URL, claims; on the web, where a page may be called anything, only
/// what is called like a file.
pub fn claim(item: &Item) -> Option<Claim> {
    let name = match item.location.as_ref()? {
        Location::Path(path) => path.clone(),
        place @ Location::Url(url) => {
            let like_a_film = |name: &String| !place.is_web() || has_known_extension(name);
            name_in_url(url).filter(like_a_film)?
        }
    };
    let parsed = parse(&name);
    let extra = parsed
        .extra
        .map(|extra| format!("{}, not the film or episode itself", describe(extra)));
    Some(Claim {
        source: "name",
        detail: None,
        media: media(parsed),
        extra,
    })
}

/// The ids written in the path, as better evidence than the words around them.
pub fn take_ids(claim: &mut Claim) -> Option<Claim> {
    let ids = std::mem::take(&mut claim.media.ids);
    (!ids.is_empty()).then(|| Claim {
        source: "path",
        media: Media {
            ids,
            ..Media::default()
        },
        ..Claim::default()
    })
}

/// What a title in a name's clothes says.
pub fn media_of(name: &str) -> Media {
    media(parse(name))
}

fn media(parsed: ParsedName) -> Media {
    let confidence = confidence(&parsed);
    Media {
        media_type: parsed.media_type,
        title: parsed.title,
        alternative_title: parsed.alternative_title,
        year: parsed.year,
        season: parsed.season,
        episode: parsed.episode,
        absolute_episode: parsed.absolute_episode,
        date: parsed.date,
        episode_title: parsed.episode_title,
        part: parsed.part,
        anime: parsed.anime,
        ids: parsed.ids,
        confidence,
    }
}

/// A bare title could be anything, a home video included; a number in its proper form hardly ever lies.
fn confidence(parsed: &ParsedName) -> f32 {
    let Some(kind) = parsed.media_type.filter(|_| parsed.title.is_some()) else {
        return 0.0;
    };
    let known = !parsed.ids.is_empty();
    match kind {
        _ if known => 0.95,
        _ if parsed.nameless => 0.3,
        MediaType::Episode if parsed.weak => 0.6,
        MediaType::Episode => 0.9,
        MediaType::Movie if parsed.year.is_some() => 0.9,
        MediaType::Movie if parsed.weak => 0.4,
        MediaType::Movie => 0.6,
    }
}

fn describe(extra: Extra) -> &'static str {
    match extra {
        Extra::Trailer => "a trailer",
        Extra::Sample => "a sample",
        Extra::Featurette => "a featurette",
        Extra::Interview => "an interview",
        Extra::BehindTheScenes => "from behind the scenes",
        Extra::DeletedScene => "a deleted scene",
        Extra::Other => "an extra",
    }
}

/// The last segment of a URL's path, if it looks like a file of its own.
fn name_in_url(url: &str) -> Option<String> {
    let path = url.split(['?', '#']).next()?;
    let (_, path) = path.split_once("://")?;
    let last = path
        .rsplit('/')
        .next()
        .filter(|last| last.contains('.') && path.contains('/'))?;
    Some(percent_decoded(last))
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let decoded = (byte == b'%')
            .then(|| Some(hex(ahead.next()?)? * 16 + hex(ahead.next()?)?))
            .flatten();
        if decoded.is_some() {
            rest = ahead;
        }
        bytes.push(decoded.unwrap_or(byte));
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}
