//! `reeld run`

use clap::Args;

use super::Context;
use crate::daemon;
use crate::error::CliError;

/// Watch the players and report, until told to stop
///
/// This is what the systemd user service runs. It logs to standard error; REELD_LOG=debug says more.
/// Without a linked account it keeps the local history.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld run
  REELD_LOG=debug reeld run
  REELD__DEBOUNCE__SETTLE=2s reeld run")]
pub struct RunArgs {}

pub fn run(_: &RunArgs, context: &Context) -> Result<(), CliError> {
    daemon::run(&context.paths()?)
}
