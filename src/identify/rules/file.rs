//! `rules.toml`: text to rules, or everything that is wrong with it.

use std::path::Path;

use glob::Pattern;
use regex_lite::RegexBuilder;
use serde::Deserialize;
use toml::Spanned;

use super::{Place, Range, Rule, Rules, Set, Shift, When};
use crate::identify::sidecar::is_imdb;
use crate::model::{Ids, MediaType, title_key};

/// Most rules; each is tried against everything that is opened.
const MOST: usize = 10_000;
/// Largest compiled regex, in bytes.
const LARGEST_REGEX: usize = 64 * 1024;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFault {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, or what would be right.
    pub problem: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    rule: Vec<Spanned<WrittenRule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRule {
    when: WrittenWhen,
    #[serde(default)]
    set: WrittenSet,
    #[serde(default)]
    map: Vec<WrittenRange>,
    #[serde(default)]
    shift: WrittenShift,
    #[serde(default)]
    ignore: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenWhen {
    path: Option<String>,
    regex: Option<String>,
    title: Option<String>,
    #[serde(rename = "type")]
    kind: Option<MediaType>,
    year: Option<u16>,
    season: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenSet {
    title: Option<String>,
    year: Option<u16>,
    #[serde(rename = "type")]
    kind: Option<MediaType>,
    season: Option<u32>,
    tmdb: Option<u64>,
    imdb: Option<String>,
    tvdb: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRange {
    from: u32,
    to: Option<u32>,
    season: u32,
    #[serde(default = "one")]
    episode: u32,
}

fn one() -> u32 {
    1
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenShift {
    #[serde(default)]
    season: i64,
    #[serde(default)]
    episode: i64,
}

/// Reads the text of a file; `home` is what `~/` stands for.
///
/// # Errors
/// With everything that is wrong: at a mistake in the TOML itself, that alone.
pub fn parse(text: &str, home: Option<&Path>) -> Result<Rules, Vec<RuleFault>> {
    let line = |at: usize| {
        let before = text.as_bytes().get(..at).unwrap_or_default();
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    };
    let written: Written = toml::from_str(text).map_err(|error| {
        vec![RuleFault {
            line: error.span().map_or(1, |span| line(span.start)),
            problem: error.message().to_owned(),
        }]
    })?;
    if written.rule.len() > MOST {
        let problem = format!(
            "{} rules are too many; {MOST} are the most",
            written.rule.len()
        );
        return Err(vec![RuleFault { line: 1, problem }]);
    }
    let mut rules = Vec::new();
    let mut faults = Vec::new();
    for spanned in written.rule {
        let line = line(spanned.span().start);
        match rule(spanned.into_inner(), line, home) {
            Ok(rule) => rules.push(rule),
            Err(problem) => faults.push(RuleFault { line, problem }),
        }
    }
    if faults.is_empty() {
        Ok(Rules(rules))
    } else {
        Err(faults)
    }
}

fn rule(written: WrittenRule, line: usize, home: Option<&Path>) -> Result<Rule, String> {
    let rule = Rule {
        line,
        when: when(written.when, home)?,
        set: set(written.set)?,
        map: written
            .map
            .into_iter()
            .map(range)
            .collect::<Result<_, _>>()?,
        shift: Shift {
            season: written.shift.season,
            episode: written.shift.episode,
        },
        ignore: written.ignore,
    };
    let changes =
        rule.set != Set::default() || !rule.map.is_empty() || rule.shift != Shift::default();
    match (rule.ignore, changes) {
        (false, false) => Err("it does nothing: it needs set, map, shift or ignore = true".into()),
        (true, true) => Err("what is ignored needs no set, map or shift".into()),
        _ => Ok(rule),
    }
}

fn when(written: WrittenWhen, home: Option<&Path>) -> Result<When, String> {
    let path = written.path.map(|path| place(&path, home)).transpose()?;
    let regex = written
        .regex
        .map(|regex| {
            RegexBuilder::new(&regex)
                .size_limit(LARGEST_REGEX)
                .build()
                .map_err(|error| format!("when.regex cannot be used: {error}"))
        })
        .transpose()?;
    let title = written
        .title
        .map(|title| Some(title_key(&title)).filter(|key| !key.is_empty()))
        .map(|key| key.ok_or("when.title has no letter or digit"))
        .transpose()?;
    if path.is_none() && regex.is_none() && title.is_none() {
        return Err("when needs a path, a regex or a title".into());
    }
    Ok(When {
        path,
        regex,
        title,
        kind: written.kind,
        year: written.year,
        season: written.season,
    })
}

fn place(written: &str, home: Option<&Path>) -> Result<Place, String> {
    let expanded = match (written.strip_prefix('~'), home.and_then(Path::to_str)) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            format!("{}{rest}", home.trim_end_matches('/'))
        }
        _ => written.to_owned(),
    };
    let folder = expanded.trim_end_matches('/').to_owned();
    if folder.is_empty() {
        return Err("when.path is empty".into());
    }
    if !expanded.starts_with(['/', '*', '?', '[']) && !expanded.contains("://") {
        return Err("when.path must begin with /, ~/ or *, or be an address".into());
    }
    let glob = expanded
        .contains(['*', '?', '['])
        .then(|| Pattern::new(&expanded))
        .transpose()
        .map_err(|error| format!("when.path is no glob: {}", error.msg))?;
    Ok(Place { folder, glob })
}

fn set(written: WrittenSet) -> Result<Set, String> {
    if let Some(id) = written.imdb.as_deref().filter(|id| !is_imdb(id)) {
        return Err(format!("set.imdb is {id:?}; it must be like \"tt0137523\""));
    }
    if written.tmdb == Some(0) || written.tvdb == Some(0) {
        return Err("an id must be greater than 0".into());
    }
    if written
        .title
        .as_deref()
        .is_some_and(|title| title_key(title).is_empty())
    {
        return Err("set.title has no letter or digit".into());
    }
    if written.kind == Some(MediaType::Movie) && written.season.is_some() {
        return Err("a film has no season".into());
    }
    Ok(Set {
        title: written.title,
        year: written.year,
        kind: written.kind,
        season: written.season,
        ids: Ids {
            tmdb: written.tmdb,
            imdb: written.imdb,
            tvdb: written.tvdb,
        },
    })
}

fn range(written: WrittenRange) -> Result<Range, String> {
    let to = written.to.unwrap_or(u32::MAX);
    if to < written.from {
        return Err(format!(
            "map: to = {to} is less than from = {}",
            written.from
        ));
    }
    Ok(Range {
        from: written.from,
        to,
        season: written.season,
        episode: written.episode,
    })
}
