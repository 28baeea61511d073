//! The configuration, the user's rules and the environment.

use std::path::Path;

use crate::config::Layer;
use crate::identify::rules::parse;
use crate::identify::{identify, named};

/// The same text as `config.toml`, as `rules.toml` and as a variable.
pub fn settings(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let layer = Layer::from_toml(&text, Some(Path::new("/config.toml")));
    for fault in &layer.faults {
        assert!(!fault.to_string().is_empty());
    }
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let faults = Layer::from_variables(lines).faults;
    assert!(faults.iter().all(|fault| !fault.to_string().is_empty()));
    match parse(&text, Some(Path::new("/home/user"))) {
        Ok(rules) => {
            for name in ["/films/Heat (1995).mkv", "/tv/Show - 1071.mkv", "x"] {
                let identity = identify(&named(name), &[], &rules);
                assert!((0.0..=1.0).contains(&identity.media.confidence));
                assert!(identity.media.episode.len() <= 10_000);
            }
        }
        Err(faults) => assert!(faults.iter().all(|fault| fault.line > 0)),
    }
}
