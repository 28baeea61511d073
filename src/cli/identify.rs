//! `reeld identify`

use std::io::{self, BufRead, Write};

use clap::Args;
use serde_json::{Value, json};

use super::table::table;
use super::{Format, output, words};
use crate::error::CliError;
use crate::identify::{Identity, Verdict, identify_name};
use crate::model::media_json;

/// What reeld makes of a file name or path, and why
///
/// Nothing is opened and nobody is asked: the name alone speaks.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld identify 'Heat.1995.1080p.BluRay.x264-GRP.mkv'
  reeld identify --json '/videos/Severance/Season 2/01 - Hello.mkv'
  find ~/Videos -name '*.mkv' | reeld identify --stdin --json")]
pub struct IdentifyArgs {
    /// Names or paths
    #[arg(value_name = "NAME", required_unless_present = "stdin")]
    names: Vec<String>,
    /// Read names from standard input, one a line
    #[arg(long, conflicts_with = "names")]
    stdin: bool,
    #[command(flatten)]
    format: Format,
}

pub fn run(args: &IdentifyArgs) -> Result<(), CliError> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut write = |name: &str| {
        let identity = identify_name(name);
        if args.format.json {
            serde_json::to_writer(&mut out, &object(name, &identity))?;
            return out.write_all(b"\n");
        }
        out.write_all(describe(name, &identity).as_bytes())
    };
    if args.stdin {
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        while read_line(&mut input, &mut line)? {
            output::finish(write(&String::from_utf8_lossy(&line)))?;
        }
    } else {
        for name in &args.names {
            output::finish(write(name))?;
        }
    }
    output::finish(out.flush())
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

fn object(input: &str, identity: &Identity) -> Value {
    let mut object = json!({ "input": input });
    if let (Some(object), Value::Object(media)) =
        (object.as_object_mut(), media_json(&identity.media))
    {
        object.extend(media);
        let evidence = identity
            .evidence
            .iter()
            .map(|evidence| json!({ "source": evidence.source, "said": evidence.said }));
        object.insert("evidence".to_owned(), evidence.collect());
    }
    object
}

fn describe(input: &str, identity: &Identity) -> String {
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
    for evidence in &identity.evidence {
        rows.push(vec![evidence.source.to_owned(), evidence.said.clone()]);
    }
    table(&["input", input], &rows, usize::MAX)
}
