//! `reeld rematch`

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use clap::Args;

use super::{Context, is_not_running, output};
use crate::config::load_rules;
use crate::control::{Client, Release, Rematched, Request, Response};
use crate::error::CliError;
use crate::history;
use crate::identify::rules::write::{Unwritten, with_rule};
use crate::model::{Ids, Media};
use crate::paths::{Paths, private_dir};

/// Say what a viewing really was
///
/// What waits for the id goes out with it, and so does a viewing that was kept on this machine because nobody could be
/// sure what it was; later viewings of the same title use it. With --always a rule is written
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
    let told = match tell(&paths, &args.viewing, known.as_ref(), &ids) {
        Ok(told) => told,
        // The rule alone can be written by ourselves.
        Err(error) if args.always && is_not_running(&error) => Rematched {
            media: known.ok_or_else(|| {
                CliError::user(format!("there is no viewing {:?}", args.viewing))
                    .hint("`reeld history --json` shows the viewings with their ids")
            })?,
            told_before: Vec::new(),
            released: None,
        },
        Err(error) => return Err(error),
    };
    let title = told.media.title.as_deref().unwrap_or_default();
    output::line(&format!("“{title}” is {} at TMDB.", args.tmdb))?;
    for words in told
        .released
        .map(of_release)
        .into_iter()
        .chain(of_services(&told))
    {
        output::line(&words)?;
    }
    if args.always {
        let file = paths.rules_file();
        let behind_paths = add_rule(&paths, &told.media, &ids)?;
        output::line(&format!("A rule has been written to {}.", file.display()))?;
        if behind_paths {
            output::line(
                "Rules by path or regex stand before it: where one fits, that one is applied. `reeld identify FILE` shows which.",
            )?;
        }
    }
    Ok(())
}

fn of_release(released: Release) -> String {
    match released {
        Release::Watched => {
            "It was kept on this machine; the services you had linked are told now that you have watched it."
        }
        Release::FromNowOn => {
            "It was kept on this machine; what you watch of it from now on is told."
        }
    }
    .to_owned()
}

/// What cannot be mended from here.
fn of_services(told: &Rematched) -> Option<String> {
    let names: Vec<_> = told
        .told_before
        .iter()
        .map(|service| service.title())
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "{} {} this viewing already, as what it was taken for then: correct it there.",
            names.join(" and "),
            if names.len() == 1 { "has" } else { "have" }
        )
    })
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

fn tell(
    paths: &Paths,
    viewing: &str,
    known: Option<&Media>,
    ids: &Ids,
) -> Result<Rematched, CliError> {
    let request = Request::Rematch {
        viewing: viewing.to_owned(),
        known: known.and_then(|media| serde_json::to_value(media).ok()),
        ids: ids.clone(),
    };
    match Client::connect(paths)?.ask(&request)? {
        Response::Rematched(told) => Ok(*told),
        _ => Err(super::unexpected()),
    }
}

/// What the user wrote stays as it is; by a new file, so that nobody ever sees half of it. Whether rules by path stand before
/// the new one.
fn add_rule(paths: &Paths, media: &Media, ids: &Ids) -> Result<bool, CliError> {
    load_rules(paths).map_err(|error| {
        CliError::user("no rule is added to rules that cannot be used")
            .because(error.to_string())
            .hint("mend them, look with `reeld rules check`, and try again")
    })?;
    let file = paths.rules_file();
    let unwritable = |error: std::io::Error| {
        CliError::user(format!("cannot write {}", file.display()))
            .because(error.to_string())
            .hint("check owner, permissions and free space")
    };
    // Where it is a link, what it names is replaced, not the link.
    let real = file.canonicalize().unwrap_or_else(|_| file.clone());
    let (text, mode) = current(&real).map_err(unwritable)?;
    let written = with_rule(&text, media, ids).map_err(|why| unwritten(why, &file, ids))?;
    replace(&real, &written.text, mode).map_err(unwritable)?;
    Ok(written.behind_paths)
}

fn unwritten(why: Unwritten, file: &Path, ids: &Ids) -> CliError {
    let id = ids.tmdb.unwrap_or_default();
    match why {
        Unwritten::Unnamed => CliError::user("no rule has been written")
            .because("it is not known whether this is a film or a series")
            .hint(format!(
                "write one to {}, with `set = {{ type = \"movie\", tmdb = {id} }}` or \"episode\"",
                file.display()
            )),
        Unwritten::Behind(line) => CliError::user("no rule has been written")
            .because(format!(
                "your rule in line {line} of {} is about the same and says more; only the first that fits is applied",
                file.display()
            ))
            .hint(format!("put `tmdb = {id}` into the `set` of that rule")),
    }
}

fn current(file: &Path) -> std::io::Result<(String, u32)> {
    match fs::read_to_string(file) {
        Ok(text) => Ok((text, fs::metadata(file)?.permissions().mode() & 0o777)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok((String::new(), 0o600)),
        Err(error) => Err(error),
    }
}

fn replace(file: &Path, text: &str, mode: u32) -> std::io::Result<()> {
    if let Some(folder) = file.parent()
        && !folder.exists()
    {
        private_dir(folder).map_err(std::io::Error::other)?;
    }
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
        .and_then(|()| fs::rename(&beside, file));
    if written.is_err() {
        drop(fs::remove_file(&beside));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_replaced_whole_and_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/rules.toml");
        for (text, mode) in [("[[rule]]\n", 0o600), ("# mine\n", 0o640)] {
            replace(&file, text, mode).unwrap();
            assert_eq!(current(&file).unwrap(), (text.to_owned(), mode));
        }
        assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 1);
    }
}
