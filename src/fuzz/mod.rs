//! What outsiders can say to reeld, as one function a door: any bytes go in, nothing may panic, and what must hold of the
//! outcome is asserted. `fuzz/fuzz_targets` looks for bytes that break it; `tests/it/fuzz_corpus.rs` reads those found so far
//! once more.

mod answers;
mod bytes;
mod desk;
mod mpris;
mod mpv;
mod records;
mod settings;

pub use answers::answers;
pub use mpris::mpris;
pub use mpv::mpv;
pub use records::records;
pub use settings::settings;

use crate::identify::name::parse;
use crate::identify::rules::Rules;
use crate::identify::sidecar::{Place, Sidecar, understand};
use crate::identify::{identify, named};
use crate::model::decoded;

/// A door: its name, and what is behind it.
pub type Target = (&'static str, fn(&[u8]));

/// All doors. Each has a file of that name in `fuzz/fuzz_targets` and a folder in `fuzz/corpus`.
pub const TARGETS: &[Target] = &[
    ("name", name),
    ("nfo", nfo),
    ("mpv", mpv),
    ("mpris", mpris),
    ("answers", answers),
    ("records", records),
    ("settings", settings),
];

/// The name of a file.
pub fn name(bytes: &[u8]) {
    let name = parse(&decoded(bytes));
    assert!(name.episode.len() <= 400 && name.absolute_episode.len() <= 400);
    assert!(name.season.len() <= 400);
    assert!(name.title.is_none_or(|title| !title.trim().is_empty()));
}

/// A file beside a video: understood, and weighed against a name.
pub fn nfo(bytes: &[u8]) {
    let Some(fact) = understand(bytes) else {
        return;
    };
    for place in [Place::Own, Place::Film, Place::Season, Place::Show] {
        let beside = [Sidecar {
            file: "x.nfo".into(),
            place,
            above: 0,
            fact: fact.clone(),
        }];
        for name in [
            "/v/Heat (1995).mkv",
            "/tv/Show/Season 1/Show S01E02E03.mkv",
            "x",
        ] {
            let identity = identify(&named(name), &beside, &Rules::default());
            assert!((0.0..=1.0).contains(&identity.media.confidence));
            assert!(identity.media.episode.len() <= 10_000);
        }
    }
}
