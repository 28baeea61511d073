//! `reeld players`

use clap::Args;

use super::{Context, Format, output, status};
use crate::control::{Client, Request, Response};
use crate::error::CliError;

/// Which players reeld sees
///
/// Looks for players anew before it answers. A player that is missing here is one that reeld cannot see.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld players
  reeld players --json")]
pub struct PlayersArgs {
    #[command(flatten)]
    format: Format,
}

pub fn run(args: &PlayersArgs, context: &Context) -> Result<(), CliError> {
    let mut client = Client::connect(&context.paths()?)?;
    let Response::Players(players) = client.ask(&Request::Players)? else {
        return Err(super::unexpected());
    };
    if args.format.json {
        return output::json_lines(&players);
    }
    if players.is_empty() {
        return output::print(
            "No player is running.\nHint: mpv shows itself after `reeld setup mpv`; other players need MPRIS\n",
        );
    }
    output::print(&status::players(&players, output::width()))
}
