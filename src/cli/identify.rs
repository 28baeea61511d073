//! `reeld identify`

use std::io::{self, BufRead, Write};
use std::path::Path;

use clap::Args;

use super::table::table;
use super::{Context, Format, output, words};
use crate::config::load_rules;
use crate::error::CliError;
use crate::identify::name::Reader;
use crate::identify::rules::Rules;
use crate::identify::{
    Evidence, Identity, Verdict, identify, identify_with, named, put_identity, sidecar,
};
use crate::model::{Line, decoded, key, media_json};
use crate::paths::Paths;

/// What reeld makes of a file name or path, and why
///
/// The name speaks, what lies beside the file if there is one (NFO), and your rules. Nobody is asked. With --stdin only
/// absolute paths are looked beside.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld identify 'Heat.1995.1080p.BluRay.x264-GRP.mkv'
  reeld identify --json '/videos/Severance/Season 2/01 - Hello.mkv'
  find ~/Videos -name '*.mkv' | reeld identify --stdin --json")]
pub struct IdentifyArgs {
    /// Names or paths
    #[arg(value_name = "NAME", required_unless_present = "stdin", value_parser = super::of_any_bytes())]
    names: Vec<String>,
    /// Read names from standard input, one a line
    #[arg(long, conflicts_with = "names")]
    stdin: bool,
    #[command(flatten)]
    format: Format,
}

pub fn run(args: &IdentifyArgs, context: &Context) -> Result<(), CliError> {
    let rules = rules(context);
    let mut reader = Reader::default();
    let mut looks = |name: &str| {
        // A list of names is a list of names: thousands of them are not each looked for in this folder.
        if args.stdin && !name.starts_with('/') {
            identify_with(&mut reader, &named(name), &[], &rules)
        } else {
            look(name, &rules)
        }
    };
    let mut out = io::BufWriter::with_capacity(64 << 10, io::stdout().lock());
    let mut line = Line::default();
    let mut write = |name: &str| {
        let identity = looks(name);
        if args.format.json {
            line.clear();
            line.text(key!("input"), Some(name));
            put_identity(&identity, &mut line);
            return out.write_all(line.end());
        }
        out.write_all(describe(name, &identity).as_bytes())
    };
    if args.stdin {
        let mut input = io::BufReader::with_capacity(64 << 10, io::stdin().lock());
        let mut line = Vec::new();
        while read_line(&mut input, &mut line)? {
            output::finish(write(&decoded(&line)))?;
        }
    } else {
        for name in &args.names {
            output::finish(write(name))?;
        }
    }
    output::finish(out.flush())
}

/// The user's rules; broken ones are told, and do not keep names from being read. They are where they are outside of a
/// session too, where there is no folder for sockets.
pub fn rules(context: &Context) -> Rules {
    let uid = rustix::process::getuid().as_raw();
    let config = context.config.as_deref();
    let paths = Paths::from_environment(config, |name| std::env::var_os(name), uid, |_| true);
    let paths = match paths {
        Ok(paths) => paths,
        Err(error) => {
            output::warn(&format!("your rules are left out\n{error}"));
            return Rules::default();
        }
    };
    load_rules(&paths).unwrap_or_else(|error| {
        output::warn(&format!("your rules are left out\n{error}"));
        Rules::default()
    })
}

/// Identifies a name, or a file with what lies beside it.
pub fn look(name: &str, rules: &Rules) -> Identity {
    match file(name) {
        Some(path) => {
            let item = named(&path.to_string_lossy());
            identify(&item, &sidecar::read(&path), rules)
        }
        None => identify(&named(name), &[], rules),
    }
}

/// The absolute path of a file that is there.
fn file(name: &str) -> Option<std::path::PathBuf> {
    let path = Path::new(name);
    path.is_file()
        .then(|| std::path::absolute(path).ok())
        .flatten()
}

/// The next line without its end; false after the last.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> Result<bool, CliError> {
    line.clear();
    let length = input
        .read_until(b'\n', line)
        .map_err(|error| CliError::user("cannot read standard input").because(error.to_string()))?;
    if line.ends_with(b"\n") {
        line.pop();
    }
    Ok(length > 0)
}

fn describe(input: &str, identity: &Identity) -> String {
    table(&["input", input], &rows(identity), usize::MAX)
}

/// What it is, how sure that is, what is done with it, and who said what.
pub fn rows(identity: &Identity) -> Vec<Vec<String>> {
    let media = &identity.media;
    let kind = media
        .media_type
        .map_or("unidentified", |kind| kind.as_str());
    let verdict = match &identity.verdict {
        Verdict::Track => "tracked and sent".to_owned(),
        Verdict::Local(why) => format!("kept on this machine: {why}"),
        Verdict::Ignore(why) => format!("not tracked: {why}"),
    };
    let mut rows = vec![
        vec!["is".to_owned(), words::media(Some(&media_json(media)))],
        vec!["type".to_owned(), kind.to_owned()],
        vec![
            "confidence".to_owned(),
            words::percent(f64::from(media.confidence)),
        ],
        vec!["would be".to_owned(), verdict],
    ];
    rows.extend(identity.evidence.iter().map(evidence));
    rows
}

fn evidence(evidence: &Evidence) -> Vec<String> {
    let disputes = evidence
        .disputes
        .map(|what| format!("  (contradicts better evidence: {what})"));
    let said = evidence.said.clone() + &disputes.unwrap_or_default();
    vec![evidence.source.to_owned(), said]
}
