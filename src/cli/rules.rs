//! `reeld rules`

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Context, Format, output};
use crate::config::load_rules;
use crate::error::CliError;

/// Your own rules of what is what
///
/// They stand in rules.toml, beside config.toml. A rule has a `when` (path, regex, title, type, year, season; all of them must
/// fit) and a `set` (title, year, type, season, tmdb, imdb, tvdb), `map`, `shift` or `ignore = true`. The first that fits
/// is applied. Changes are in force at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld rules check

  [[rule]]
  when = { path = \"~/Videos/Home\" }
  ignore = true

  [[rule]]
  when = { title = \"One Piece\" }
  set = { type = \"episode\", tmdb = 37854 }
  map = [{ from = 1, to = 61, season = 1 }, { from = 62, season = 2 }]

  [[rule]]
  when = { title = \"Attack on Titan\", season = 2 }
  shift = { episode = -25 }")]
pub struct RulesArgs {
    #[command(subcommand)]
    command: RulesCommand,
}

#[derive(Debug, Subcommand)]
enum RulesCommand {
    /// Say what is wrong with them, and where
    Check {
        #[command(flatten)]
        format: Format,
    },
}

pub fn run(args: &RulesArgs, context: &Context) -> Result<(), CliError> {
    let RulesCommand::Check { format } = args.command;
    let paths = context.paths()?;
    let file = paths.rules_file();
    let result = load_rules(&paths);
    if format.json {
        let faults: Vec<Value> = result
            .as_ref()
            .err()
            .into_iter()
            .flat_map(|error| &error.faults)
            .map(|fault| json!({ "place": fault.place, "problem": fault.problem }))
            .collect();
        let count = result.as_ref().map_or(0, |rules| rules.len());
        let everything = result
            .as_ref()
            .map_or(Vec::new(), |rules| rules.for_everything());
        let doubts: Vec<Value> = result
            .iter()
            .flat_map(|rules| rules.doubts())
            .map(|doubt| json!({ "line": doubt.line, "problem": doubt.problem }))
            .collect();
        output::json(&json!({
            "file": file, "valid": result.is_ok(), "rules": count, "faults": faults,
            "for_everything": everything, "doubts": doubts,
        }))?;
    }
    let rules = result.map_err(|error| {
        CliError::user("the rules cannot be used")
            .because(error.to_string())
            .hint("mend them and look again; `reeld rules --help` shows how rules are written")
    })?;
    if format.json {
        return Ok(());
    }
    let many = match rules.len() {
        0 => "there are no rules".to_owned(),
        1 => "1 rule is right".to_owned(),
        many => format!("{many} rules are right"),
    };
    output::line(&format!("{}: {many}.", file.display()))?;
    for line in rules.for_everything() {
        output::line(&format!(
            "line {line}: fits everything, so that whatever you watch counts as this one; ask for a path, regex or title"
        ))?;
    }
    for doubt in rules.doubts() {
        output::line(&format!("line {}: {}", doubt.line, doubt.problem))?;
    }
    Ok(())
}
