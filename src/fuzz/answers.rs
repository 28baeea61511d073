//! What services answer.

use crate::model::{Media, MediaType, Wall};
use crate::service::discovr::history::Ours;
use crate::service::{Answer, Disposition, discovr, punchplay, tmdb};

use super::bytes::Bytes;

const OURS: &str = r#"{"mediaId":"TV_1396","progress":100,"updatedAt":"2026-11-22T01:00:00.000Z","season":1,"episode":2}"#;
/// Longest words of a service's that are passed on.
const LONGEST_WORDS: usize = 2000;

/// Status, headers and body, read as an answer of each service.
pub fn answers(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    // All that there are, and what is none.
    let status = u16::from(bytes.byte()) * 4 + u16::from(bytes.byte()) % 4;
    let header = |bytes: &mut Bytes<'_>| Some(bytes.text()).filter(|text| !text.is_empty());
    let answer = Answer {
        status,
        retry_after: header(&mut bytes),
        rate_limit_reset: header(&mut bytes),
        body: String::from_utf8_lossy(bytes.0).into_owned(),
        at: Wall(1_795_312_800_000),
        ..Answer::default()
    };
    bounded(&punchplay::classify(&answer));
    bounded(&discovr::classify(&answer));
    if let Some(ours) = Ours::of(OURS, Some("Show")) {
        ours.look(&answer);
    }
    drop(Ours::of(&answer.body, None));
    for media_type in [MediaType::Movie, MediaType::Episode] {
        let mut media = Media {
            media_type: Some(media_type),
            title: Some("Show".to_owned()),
            year: Some(2008),
            ..Media::default()
        };
        tmdb::read(&answer, &media);
        media.ids.imdb = Some("tt0903747".to_owned());
        tmdb::read(&answer, &media);
    }
}

fn bounded(outcome: &Disposition) {
    if let Disposition::Reject { reason }
    | Disposition::Skip { reason }
    | Disposition::Retry { reason, .. }
    | Disposition::NeedsLogin { reason } = outcome
    {
        assert!(reason.len() <= LONGEST_WORDS && !reason.is_empty());
    }
}
