//! `reeld rematch`

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use clap::Args;

use super::{Context, is_not_running, output};
use crate::config::load_rules;
use crate::control::{Client, Request, Response};
use crate::error::CliError;
use crate::history;
use crate::identify::rules::write::rule_for;
use crate::model::{Ids, Media};
use crate::paths::{Paths, private_dir};

/// Say what a viewing really was
///
/// What waits for the id goes out with it, and later viewings of the same title use it. With --always a rule is written
/// as well, which stays true whatever else is found out.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld history --json | jq -r '[.viewing_id, .media.title] | @tsv'
  reeld rematch 5f0c3a9b12de4477 --tmdb 1396
  reeld rematch 5f0c3a9b12de4477 --tmdb 1396 --always")]
pub struct RematchArgs {
    /// Its id, from `reeld history --json` or `reeld status --json`
    viewing: String,
    /// The id of the film, or of the series, at themoviedb.org
    #[arg(long, value_name = "ID", value_parser = clap::value_parser!(u64).range(1..))]
    tmdb: u64,
    /// Write a rule for everything of this title
    #[arg(long)]
    always: bool,
}

pub fn run(args: &RematchArgs, context: &Context) -> Result<(), CliError> {
    let paths = context.paths()?;
    let ids = Ids {
        tmdb: Some(args.tmdb),
        ..Ids::default()
    };
    let known = remembered(&paths, &args.viewing)?;
    let media = match tell(&paths, &args.viewing, known.as_ref(), &ids) {
        Ok(media) => media,
        // The rule alone can be written by ourselves.
        Err(error) if args.always && is_not_running(&error) => known.ok_or_else(|| {
            CliError::user(format!("there is no viewing {:?}", args.viewing))
                .hint("`reeld history --json` shows the viewings with their ids")
        })?,
        Err(error) => return Err(error),
    };
    let title = media.title.as_deref().unwrap_or_default();
    output::line(&format!("“{title}” is {} at TMDB.", args.tmdb))?;
    if args.always {
        let file = paths.rules_file();
        append_rule(&paths, &media, &ids)?;
        output::line(&format!("A rule has been written to {}.", file.display()))?;
    }
    Ok(())
}

/// What the history says of a viewing.
fn remembered(paths: &Paths, viewing: &str) -> Result<Option<Media>, CliError> {
    let read = history::read(&paths.history, usize::MAX).map_err(|error| {
        CliError::user(format!("cannot read {}", paths.history.display()))
            .because(error.to_string())
            .hint("it must belong to you and be readable by you")
    })?;
    let entry = read
        .entries
        .into_iter()
        .find(|entry| entry.viewing_id.to_string() == viewing);
    Ok(entry.map(|entry| entry.media))
}

fn tell(paths: &Paths, viewing: &str, known: Option<&Media>, ids: &Ids) -> Result<Media, CliError> {
    let request = Request::Rematch {
        viewing: viewing.to_owned(),
        known: known.and_then(|media| serde_json::to_value(media).ok()),
        ids: ids.clone(),
    };
    match Client::connect(paths)?.ask(&request)? {
        Response::Rematched(media) => Ok(*media),
        _ => Err(super::unexpected()),
    }
}

/// Appends, so that what the user wrote stays as it is; by a new file, so that nobody ever sees half of it.
fn append_rule(paths: &Paths, media: &Media, ids: &Ids) -> Result<(), CliError> {
    load_rules(paths).map_err(|error| {
        CliError::user("no rule is added to rules that cannot be used")
            .because(error.to_string())
            .hint("mend them, look with `reeld rules check`, and try again")
    })?;
    let rule = rule_for(media, ids)
        .ok_or_else(|| CliError::user("a viewing without a title has no rule"))?;
    let file = paths.rules_file();
    write_behind(&file, &rule).map_err(|error| {
        CliError::user(format!("cannot write {}", file.display()))
            .because(error.to_string())
            .hint("check owner, permissions and free space")
    })
}

fn write_behind(file: &Path, rule: &str) -> std::io::Result<()> {
    // Where it is a link, what it names is replaced, not the link.
    let file = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let (mut text, mode) = match fs::read_to_string(&file) {
        Ok(text) => (text, fs::metadata(&file)?.permissions().mode() & 0o777),
        Err(error) if error.kind() == ErrorKind::NotFound => (String::new(), 0o600),
        Err(error) => return Err(error),
    };
    if let Some(folder) = file.parent()
        && !folder.exists()
    {
        private_dir(folder).map_err(std::io::Error::other)?;
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let gap = if text.is_empty() { "" } else { "\n" };
    let text = format!("{text}{gap}{rule}");
    let beside = file.with_extension(format!("toml.{}", std::process::id()));
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&beside)
        .and_then(|mut new| {
            new.write_all(text.as_bytes())?;
            new.sync_all()
        })
        .and_then(|()| fs::rename(&beside, &file));
    if written.is_err() {
        drop(fs::remove_file(&beside));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_appended_and_what_was_written_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/rules.toml");
        write_behind(&file, "[[rule]]\n").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "[[rule]]\n");
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::write(&file, "# mine").unwrap();
        write_behind(&file, "[[rule]]\n").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "# mine\n\n[[rule]]\n");
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 1);
    }
}
