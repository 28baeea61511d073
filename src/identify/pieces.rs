//! A film in several files: `cd1`, `cd2`, `Disc 1/`, `Teil 2` behind the year.
//!
//! **One film, one viewing.** The pieces share it; only the last completes it, which is one behind the first that has none
//! beside it to go on with. How far one is into a piece says nothing of the film, so the others are kept on this machine.
//! A first piece alone never counts: it is called so because there is another. A part that the title itself names (`Dune Part
//! Two`) is a film.

use std::path::{Path, PathBuf};

use super::sidecar::{Fact, Sidecar};
use super::{Identity, Verdict};
use crate::model::{Media, MediaType};

/// Why a piece is not sent.
pub const NOT_THE_LAST: &str =
    "one of several files of a film, and not the last: the film counts with that one";

/// How a piece is called, the longer first.
const WORDS: &[&str] = &["disc", "disk", "part", "teil", "dvd", "cd", "pt"];

/// Keeps what is a piece, and not the last, on this machine.
pub fn hold(identity: &mut Identity, sidecars: &[Sidecar]) {
    let goes_on = sidecars.iter().any(|beside| beside.fact == Fact::NextPart);
    let first = identity.media.part == Some(1);
    if identity.verdict == Verdict::Track && is_piece(&identity.media) && (goes_on || first) {
        identity.verdict = Verdict::Local(NOT_THE_LAST.into());
    }
}

fn is_piece(media: &Media) -> bool {
    if media.media_type != Some(MediaType::Movie) || media.part.is_none() {
        return false;
    }
    let title = media.title.as_deref().unwrap_or_default();
    let names_part = |word: &str| super::name::is_part(&word.to_lowercase());
    !title.split(|c: char| !c.is_alphanumeric()).any(names_part)
}

/// Where the piece behind this one would be: the same file or folder with the next number.
pub fn next(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    if let Some(next) = counted_on(name) {
        return Some(path.with_file_name(next));
    }
    let folder = path.parent()?;
    counted_on(folder.file_name()?.to_str()?).map(|next| folder.with_file_name(next))
}

/// The name with the number of its last such word one higher.
fn counted_on(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    let ends_of_words = lower.match_indices(|c: char| c.is_ascii_digit());
    let (at, end) = ends_of_words
        .filter_map(|(at, _)| {
            let before = lower.get(..at)?.trim_end_matches([' ', '.', '-', '_']);
            let word = WORDS.iter().find(|word| before.ends_with(**word))?;
            let alone = before
                .strip_suffix(word)?
                .chars()
                .next_back()
                .is_none_or(|c| !c.is_alphanumeric());
            let rest = lower.get(at..)?;
            let digits = rest.find(|c: char| !c.is_ascii_digit());
            let end = at + digits.unwrap_or(rest.len());
            (alone && end - at <= 2).then_some((at, end))
        })
        .next_back()?;
    let number: u32 = name.get(at..end)?.parse().ok()?;
    let width = end - at;
    Some(format!(
        "{}{:0width$}{}",
        name.get(..at)?,
        number + 1,
        name.get(end..)?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identify::rules::Rules;
    use crate::identify::sidecar::Place;
    use crate::identify::{identify, named};

    #[test]
    fn the_next_piece_is_the_same_name_with_the_next_number() {
        for (path, wanted) in [
            ("/v/Heat.1995.cd1.avi", Some("/v/Heat.1995.cd2.avi")),
            (
                "/v/Heat (1995) - CD 09.avi",
                Some("/v/Heat (1995) - CD 10.avi"),
            ),
            ("/v/Heat/Disc 1/heat.avi", Some("/v/Heat/Disc 2")),
            (
                "/v/Das Boot (1985) Teil 3.mkv",
                Some("/v/Das Boot (1985) Teil 4.mkv"),
            ),
            ("/v/abcd1.avi", None),
            ("/v/Heat (1995).avi", None),
        ] {
            let next = next(Path::new(path));
            assert_eq!(next.as_deref(), wanted.map(Path::new), "{path}");
        }
    }

    #[test]
    fn only_the_last_piece_of_a_film_is_sent() {
        for (name, goes_on, sent) in [
            ("/v/Heat.1995.cd1.avi", true, false),
            ("/v/Heat.1995.cd1.avi", false, false),
            ("/v/Heat.1995.cd2.avi", true, false),
            ("/v/Heat.1995.cd2.avi", false, true),
            ("/v/Heat (1995)/CD1/heat.avi", false, false),
            ("/v/Heat (1995)/CD2/heat.avi", false, true),
            ("/v/The.Harbour.Part.One.2021.1080p.mkv", false, true),
            ("/v/The Harbour Part 2 (2021).mkv", true, true),
            ("/v/Heat (1995).mkv", false, true),
        ] {
            let next = Sidecar {
                file: "next".into(),
                place: Place::Own,
                above: 0,
                fact: Fact::NextPart,
            };
            let beside: Vec<Sidecar> = goes_on.then_some(next).into_iter().collect();
            let identity = identify(&named(name), &beside, &Rules::default());
            assert_eq!(identity.verdict == Verdict::Track, sent, "{name} {goes_on}");
        }
    }
}
