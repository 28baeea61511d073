//! `reeld setup`

use clap::{Args, Subcommand};

use super::{Context, Format, output, words};
use crate::error::CliError;
use crate::watch::mpv::script::{self, Change, Homes, Outcome, OwnSocket};

/// Prepare a player, so that reeld can see it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld setup mpv
  reeld setup mpv --remove")]
pub struct SetupArgs {
    #[command(subcommand)]
    player: Player,
}

#[derive(Debug, Subcommand)]
enum Player {
    /// Give every mpv a socket of its own, by a small script in mpv's folder
    ///
    /// A socket that you set yourself (input-ipc-server) is never touched; reeld finds it, too.
    Mpv {
        /// Take the script away again
        #[arg(long)]
        remove: bool,
        #[command(flatten)]
        format: Format,
    },
}

pub fn run(args: &SetupArgs, context: &Context) -> Result<(), CliError> {
    let Player::Mpv { remove, format } = &args.player;
    let homes = Homes::from_process(context.paths()?.home)?;
    let outcome = if *remove {
        script::remove(&homes)?
    } else {
        script::install(&homes)?
    };
    if format.json {
        return output::json(&outcome);
    }
    output::print(&describe(&outcome))
}

fn describe(outcome: &Outcome) -> String {
    let mut text = String::new();
    for file in &outcome.files {
        let path = file.path.display();
        text.push_str(&match file.change {
            Change::Installed => format!("{path} is installed.\n"),
            Change::Updated => format!("{path} is brought up to date.\n"),
            Change::Unchanged => format!("{path} is already there.\n"),
            Change::Removed => format!("{path} is removed.\n"),
            Change::Absent => format!("{path} is not there; nothing to remove.\n"),
        });
    }
    for socket in &outcome.sockets {
        text.push_str(&format!("{}\n", own_socket(socket)));
    }
    for note in &outcome.notes {
        text.push_str(&format!("{note}\n"));
    }
    text
}

fn own_socket(socket: &OwnSocket) -> String {
    let profile = socket.profile.as_ref();
    let of_profile = profile.map_or_else(String::new, |name| format!(" for the profile {name}"));
    words::printable(&format!(
        "Your own input-ipc-server = {}{of_profile} ({}, line {}) stays as it is; reeld finds it.",
        socket.value,
        socket.file.display(),
        socket.line
    ))
}
