//! `reeld man`

use std::path::PathBuf;

use clap::Args;

use super::output;
use crate::error::CliError;

/// Print the manual page
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld man | man -l -
  reeld man --dir ~/.local/share/man/man1   a page for each command")]
pub struct ManArgs {
    /// Write a page for each command into this folder instead
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub fn run(args: &ManArgs) -> Result<(), CliError> {
    let parser = super::parser();
    if let Some(folder) = &args.dir {
        let refuse = |error: std::io::Error| {
            let what = format!("cannot write manual pages into {}", folder.display());
            CliError::user(what).because(error.to_string())
        };
        std::fs::create_dir_all(folder).map_err(refuse)?;
        return clap_mangen::generate_to(parser, folder).map_err(refuse);
    }
    let mut page = Vec::new();
    output::finish(clap_mangen::Man::new(parser).render(&mut page))?;
    output::print(&String::from_utf8_lossy(&page))
}
