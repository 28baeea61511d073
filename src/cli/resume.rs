//! `reeld resume`

use clap::Args;
use serde_json::json;

use super::{Context, Format, output};
use crate::control::{Client, Request, Response};
use crate::error::CliError;

/// End a pause
///
/// What is playing is tracked from here on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld resume")]
pub struct ResumeArgs {
    #[command(flatten)]
    format: Format,
}

pub fn run(args: &ResumeArgs, context: &Context) -> Result<(), CliError> {
    let mut client = Client::connect(&context.paths()?)?;
    let Response::Done { count } = client.ask(&Request::Resume)? else {
        return Err(super::unexpected());
    };
    if args.format.json {
        return output::json(&json!({ "paused_until": null, "was_paused": count > 0 }));
    }
    output::line(if count > 0 {
        "Not paused any more: what plays is tracked from here on."
    } else {
        "There was no pause: what plays is tracked."
    })
}
