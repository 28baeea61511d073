//! What the user does not want to be looked at: `[privacy]`.

use std::path::{Path, PathBuf};

use glob::{MatchOptions, Pattern};

use crate::config::Privacy;
use crate::model::{Item, Location};

/// Compiled patterns: a folder stands for everything in it, a glob for what it matches.
#[derive(Debug, Default)]
pub struct Private {
    ignore: Vec<Rule>,
    only: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    written: String,
    folder: PathBuf,
    glob: Option<Pattern>,
}

/// `*` crosses `/`, as people expect of `*/private/*`.
const OPTIONS: MatchOptions = MatchOptions {
    case_sensitive: true,
    require_literal_separator: false,
    require_literal_leading_dot: false,
};

impl Private {
    /// Compiles the patterns; `~/` is the user's home.
    pub fn new(privacy: &Privacy, home: Option<&Path>) -> Self {
        let rules = |written: &[String]| written.iter().map(|text| Rule::new(text, home)).collect();
        Self {
            ignore: rules(&privacy.ignore_paths),
            only: rules(&privacy.only_paths),
        }
    }

    /// Why an item is not looked at; `None` if it may be.
    pub fn refuse(&self, item: &Item) -> Option<String> {
        let place = item.location.as_ref().map_or("", Location::as_str);
        if let Some(rule) = self.ignore.iter().find(|rule| rule.matches(place)) {
            return Some(format!("privacy.ignore_paths has {:?}", rule.written));
        }
        let outside = !self.only.is_empty() && !self.only.iter().any(|rule| rule.matches(place));
        outside.then(|| "it lies outside privacy.only_paths".into())
    }
}

impl Rule {
    fn new(written: &str, home: Option<&Path>) -> Self {
        let folder = match (written.strip_prefix("~/"), home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ if written == "~" => home.map_or_else(|| PathBuf::from(written), Path::to_path_buf),
            _ => PathBuf::from(written),
        };
        let glob = folder
            .to_str()
            .filter(|text| text.contains(['*', '?', '[']))
            .and_then(|text| Pattern::new(text).ok());
        Self {
            written: written.to_owned(),
            folder,
            glob,
        }
    }

    fn matches(&self, place: &str) -> bool {
        Path::new(place).starts_with(&self.folder)
            || self
                .glob
                .as_ref()
                .is_some_and(|glob| glob.matches_with(place, OPTIONS))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> Item {
        Item {
            location: Some(Location::Path(path.into())),
            ..Item::default()
        }
    }

    #[test]
    fn folders_and_globs_keep_their_contents_private() {
        let privacy = Privacy {
            ignore_paths: vec!["~/Home".into(), "*/private/*".into(), "/mnt/cam?/*".into()],
            only_paths: vec![],
            send_filename: false,
        };
        let private = Private::new(&privacy, Some(Path::new("/home/ann")));
        for (path, refused) in [
            ("/home/ann/Home/x.mkv", true),
            ("/home/ann/Homes/x.mkv", false),
            ("/films/private/a/x.mkv", true),
            ("/mnt/cam1/x.mkv", true),
            ("/mnt/camera/x.mkv", false),
        ] {
            assert_eq!(private.refuse(&at(path)).is_some(), refused, "{path}");
        }
    }

    #[test]
    fn only_paths_refuses_everything_else_streams_included() {
        let privacy = Privacy {
            ignore_paths: vec![],
            only_paths: vec!["/films".into()],
            send_filename: false,
        };
        let private = Private::new(&privacy, None);
        assert!(private.refuse(&at("/films/Heat.mkv")).is_none());
        assert!(private.refuse(&at("/other/Heat.mkv")).is_some());
        assert!(private.refuse(&Item::default()).is_some());
    }
}
