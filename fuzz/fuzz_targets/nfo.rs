//! Any bytes as a file beside a video: understood, and weighed against a name.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reeld::identify::rules::Rules;
use reeld::identify::sidecar::{Place, Sidecar, understand};
use reeld::identify::{identify, named};

fuzz_target!(|bytes: &[u8]| {
    let Some(fact) = understand(bytes) else { return };
    for place in [Place::Own, Place::Film, Place::Season, Place::Show] {
        let beside = [Sidecar {
            file: "x.nfo".into(),
            place,
            fact: fact.clone(),
        }];
        for name in ["/v/Heat (1995).mkv", "/tv/Show/Season 1/Show S01E02E03.mkv", "x"] {
            let identity = identify(&named(name), &beside, &Rules::default());
            assert!((0.0..=1.0).contains(&identity.media.confidence));
            assert!(identity.media.episode.len() <= 10_000);
        }
    }
});
