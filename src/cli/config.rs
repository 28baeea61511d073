//! `reeld config`

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;

use clap::{Args, Subcommand};
use config::ValueKind;
use serde_json::{Map, Value, json};

use super::{Context, Format, output};
use crate::config::{DEFAULTS, KEYS, Loaded, Place, Rule, Setting, Sources, load};
use crate::error::CliError;
use crate::paths::{Paths, private_dir};

/// The settings: where they are, what they are, if they are right
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld config init                 make a file with every setting, commented out
  reeld config check                is it right? (a running reeld takes changes at once)
  reeld config show                 what is in force, and where it comes from
  reeld config show --defaults      every setting explained
  $EDITOR \"$(reeld config path)\"")]
pub struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Say what is wrong, with key, value, file and line; exit with 1 if anything is
    Check(Format),
    /// Print all settings in force; keys and tokens are never shown
    Show {
        /// Print the commented defaults instead
        #[arg(long, conflicts_with = "json")]
        defaults: bool,
        #[command(flatten)]
        format: Format,
    },
    /// Print where the file is, or would be
    Path(Format),
    /// Make a file with every setting commented out
    Init(Format),
}

pub fn run(args: &ConfigArgs, context: &Context) -> Result<(), CliError> {
    let paths = context.paths()?;
    match &args.command {
        ConfigCommand::Check(format) => check(&paths, *format),
        ConfigCommand::Show { defaults: true, .. } => output::print(DEFAULTS),
        ConfigCommand::Show { format, .. } => show(&load(&Sources::from_process(&paths))?, *format),
        ConfigCommand::Path(format) => path(&paths, *format),
        ConfigCommand::Init(format) => init(&paths, *format),
    }
}

fn check(paths: &Paths, format: Format) -> Result<(), CliError> {
    let file = &paths.config_file;
    let result = load(&Sources::from_process(paths));
    if format.json {
        let faults: Vec<Value> = match &result {
            Ok(_) => Vec::new(),
            Err(error) => error
                .faults
                .iter()
                .map(|fault| json!({ "subject": fault.subject, "place": fault.place, "problem": fault.problem }))
                .collect(),
        };
        output::json(&json!({ "file": file, "valid": result.is_ok(), "faults": faults }))?;
    }
    let loaded = result?;
    if format.json {
        return Ok(());
    }
    output::line(&if loaded.file_exists {
        format!("{} is right.", file.display())
    } else {
        format!("There is no {}: the defaults are in force.", file.display())
    })
}

fn show(loaded: &Loaded, format: Format) -> Result<(), CliError> {
    if format.json {
        return output::json(&nested(loaded));
    }
    output::print(&as_toml(loaded))
}

/// The sections with their keys, in the order of the defaults.
fn as_toml(loaded: &Loaded) -> String {
    let mut text = String::new();
    let mut section = "";
    for (key, rule) in KEYS {
        let (of, name) = key.split_once('.').unwrap_or(("", key));
        if of != section {
            let gap = if section.is_empty() { "" } else { "\n" };
            text.push_str(&format!("{gap}[{of}]\n"));
            section = of;
        }
        if let Some(setting) = loaded.settings.get(key) {
            text.push_str(&format!("{name} = {}", shown(*rule, setting)));
            if setting.place != Place::Default {
                text.push_str(&format!("  # {}", setting.place));
            }
            text.push('\n');
        }
    }
    text
}

fn nested(loaded: &Loaded) -> Value {
    let mut root = Map::new();
    for (key, rule) in KEYS {
        let (section, name) = key.split_once('.').unwrap_or(("", key));
        let Some(setting) = loaded.settings.get(key) else {
            continue;
        };
        let section = root
            .entry(section)
            .or_insert_with(|| Value::Object(Map::new()));
        if let Some(section) = section.as_object_mut() {
            section.insert(name.to_owned(), shown(*rule, setting));
        }
    }
    Value::Object(root)
}

/// A value as JSON, which for what settings can be is TOML as well.
fn shown(rule: Rule, setting: &Setting) -> Value {
    let value = plain(&setting.value);
    if rule == Rule::Secret && value != json!("") {
        return json!("[redacted]");
    }
    value
}

fn plain(value: &ValueKind) -> Value {
    match value {
        ValueKind::Boolean(switch) => json!(switch),
        ValueKind::I64(number) => json!(number),
        ValueKind::Float(number) => json!(number),
        ValueKind::String(text) => json!(text),
        ValueKind::Array(items) => items.iter().map(|item| plain(&item.kind)).collect(),
        _ => Value::Null,
    }
}

fn path(paths: &Paths, format: Format) -> Result<(), CliError> {
    let file = &paths.config_file;
    if format.json {
        return output::json(&json!({ "path": file, "exists": file.exists() }));
    }
    output::line(&file.display().to_string())
}

fn init(paths: &Paths, format: Format) -> Result<(), CliError> {
    let file = &paths.config_file;
    let refuse = |error: std::io::Error| {
        CliError::user(format!("cannot write {}", file.display()))
            .because(error.to_string())
            .hint("look who owns the folder, and whether the disk is full or read-only")
    };
    if let Some(folder) = file.parent().filter(|_| !paths.config_required) {
        private_dir(folder)?;
    }
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file);
    let mut out = match created {
        Ok(out) => out,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(CliError::user(format!("{} is already there", file.display()))
                .hint("edit it, or move it away first; `reeld config show --defaults` prints what init would write"));
        }
        Err(error) => return Err(refuse(error)),
    };
    out.write_all(commented_out().as_bytes()).map_err(refuse)?;
    if format.json {
        return output::json(&json!({ "path": file }));
    }
    output::line(&format!(
        "{} is made; every setting in it is commented out.",
        file.display()
    ))
}

/// The defaults with a `#` before every setting.
fn commented_out() -> String {
    let mut text =
        String::from("# reeld: your settings. Take away the # before what you want to change.\n");
    let body = DEFAULTS
        .find("\n[")
        .map_or(DEFAULTS, |at| DEFAULTS.split_at(at).1);
    for line in body.lines() {
        let is_setting = line.contains(" = ") && !line.starts_with('#');
        text.push_str(if is_setting { "#" } else { "" });
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loaded(variables: &[(&str, &str)]) -> Loaded {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        load(&Sources {
            variables: variables.collect(),
            ..Sources::default()
        })
        .unwrap()
    }

    #[test]
    fn what_is_shown_is_toml_that_says_the_same_and_holds_no_secret() {
        let loaded = loaded(&[
            ("REELD__TMDB__API_KEY", "s3cret"),
            ("REELD__PLAYERS__DENY", "a\"b,c"),
        ]);
        let text = as_toml(&loaded);
        assert!(!text.contains("s3cret"), "{text}");
        assert!(text.contains("api_key = \"[redacted]\"  # the environment, REELD__TMDB__API_KEY"));
        let config: crate::config::Config = toml::from_str(&text).unwrap();
        assert_eq!(config.players.deny, ["a\"b", "c"]);
        assert!(!nested(&loaded).to_string().contains("s3cret"));
    }

    #[test]
    fn the_file_of_init_changes_nothing_and_names_every_key() {
        let text = commented_out();
        let table: toml::Table = toml::from_str(&text).unwrap();
        let sections: Vec<_> = table.values().filter_map(toml::Value::as_table).collect();
        assert!(
            sections.len() > 5 && sections.iter().all(|section| section.is_empty()),
            "{text}"
        );
        let uncommented = text.replace("\n#", "\n").replace("\n ", "\n# ");
        assert!(uncommented.contains("\nmovie_percent = 85.0\n"), "{text}");
    }

    #[test]
    fn a_wrong_configuration_ends_with_1() {
        let error = load(&Sources {
            variables: vec![("REELD__TRACK__MOVIES".into(), "x".into())],
            ..Sources::default()
        });
        assert_eq!(
            CliError::from(error.unwrap_err()).exit,
            crate::error::Exit::User
        );
    }
}
