//! `reeld completions`

use clap::Args;
use clap_complete::Shell;

use super::output;
use crate::error::CliError;

/// Print completions for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld completions bash > ~/.local/share/bash-completion/completions/reeld
  reeld completions zsh > ~/.local/share/zsh/site-functions/_reeld
  reeld completions fish > ~/.config/fish/completions/reeld.fish")]
pub struct CompletionsArgs {
    /// For which shell
    shell: Shell,
}

pub fn run(args: &CompletionsArgs) -> Result<(), CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::parser(), "reeld", &mut script);
    output::print(&String::from_utf8_lossy(&script))
}
