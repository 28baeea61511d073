//! The command line: one file a command. It asks the daemon where there is one to ask, and the files where there is not.

mod accounts;
mod completions;
mod config;
mod doctor;
mod explain;
mod history;
mod identify;
mod link;
mod login;
mod logout;
mod man;
mod output;
mod pause;
mod players;
mod queue;
mod record;
mod rematch;
mod replay;
mod resume;
mod rules;
mod run;
mod setup;
mod status;
mod table;
mod undo;
mod words;

use std::io::Write;
use std::panic::{self, AssertUnwindSafe};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::config::{Loaded, Sources, load};
use crate::error::{CliError, Exit};
use crate::model::decoded;
use crate::paths::Paths;

const EXAMPLES: &str = "\
Examples:
  reeld run                       watch the players until Ctrl-C
  reeld login punchplay           link your account
  reeld status                    what is playing, and how the accounts stand
  reeld setup mpv                 let reeld see every mpv
  reeld doctor                    what keeps it from its work
  journalctl --user -u reeld -f   what the service says

Files:
  ~/.config/reeld/config.toml     settings (reeld config init)
  ~/.local/state/reeld/           history, queue, logins

Exit codes:
  0 done   1 you can mend it   2 wrong command line   3 reeld is not running
  70 a mistake of reeld";

/// Tells `PunchPlay` and Discovr what your media players play.
#[derive(Debug, Parser)]
#[command(
    name = "reeld",
    version,
    about = "Tells PunchPlay and Discovr what your media players play",
    after_help = EXAMPLES,
    max_term_width = 80,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
struct Cli {
    /// Use this configuration instead of ~/.config/reeld/config.toml
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    Login(login::LoginArgs),
    Logout(logout::LogoutArgs),
    Accounts(accounts::AccountsArgs),
    Status(status::StatusArgs),
    Players(players::PlayersArgs),
    Queue(queue::QueueArgs),
    History(history::HistoryArgs),
    Identify(identify::IdentifyArgs),
    Record(record::RecordArgs),
    Replay(replay::ReplayArgs),
    Explain(explain::ExplainArgs),
    Rematch(rematch::RematchArgs),
    Undo(undo::UndoArgs),
    Pause(pause::PauseArgs),
    Resume(resume::ResumeArgs),
    Rules(rules::RulesArgs),
    Doctor(doctor::DoctorArgs),
    Config(config::ConfigArgs),
    Setup(setup::SetupArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

/// How a command answers.
#[derive(Debug, Clone, Copy, Args)]
struct Format {
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
}

/// Text from names of files, which need not be UTF-8: other bytes are replaced.
fn of_any_bytes() -> impl TypedValueParser<Value = String> {
    OsStringValueParser::new().map(|name| decoded(name.as_encoded_bytes()).into_owned())
}

/// What every command may need.
#[derive(Debug)]
struct Context {
    config: Option<PathBuf>,
}

impl Context {
    fn paths(&self) -> Result<Paths, CliError> {
        Paths::from_process(self.config.as_deref())
    }

    fn load(&self) -> Result<(Paths, Loaded), CliError> {
        let paths = self.paths()?;
        let loaded = load(&Sources::from_process(&paths))?;
        Ok((paths, loaded))
    }
}

/// Everything the binary does.
#[must_use]
pub fn main() -> ExitCode {
    // A child that is to be the store process never gets further than this.
    crate::store::serve_if_asked();
    // Before anything is created: what we write is nobody else's business.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    panic::set_hook(Box::new(|panic| {
        // Where, not what: the message may quote a title.
        if let Some(place) = panic.location() {
            tracing::error!("internal error at {}:{}", place.file(), place.line());
        }
    }));
    let result = panic::catch_unwind(AssertUnwindSafe(run_command))
        .unwrap_or_else(|_| Err(CliError::bug("reeld has stumbled over itself")));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell if that fails.
            let _ = writeln!(std::io::stderr(), "{error}");
            error.exit.into()
        }
    }
}

fn run_command() -> Result<(), CliError> {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let default = match cli.command {
        Command::Run(_) => tracing::Level::INFO,
        _ => tracing::Level::WARN,
    };
    crate::logging::start(default)?;
    let context = Context { config: cli.config };
    match cli.command {
        Command::Run(args) => run::run(&args, &context),
        Command::Login(args) => login::run(&args, &context),
        Command::Logout(args) => logout::run(&args, &context),
        Command::Accounts(args) => accounts::run(&args, &context),
        Command::Status(args) => status::run(&args, &context),
        Command::Players(args) => players::run(&args, &context),
        Command::Queue(args) => queue::run(&args, &context),
        Command::History(args) => history::run(&args, &context),
        Command::Identify(args) => identify::run(&args, &context),
        Command::Explain(args) => explain::run(&args, &context),
        Command::Rematch(args) => rematch::run(&args, &context),
        Command::Undo(args) => undo::run(&args, &context),
        Command::Pause(args) => pause::run(&args, &context),
        Command::Resume(args) => resume::run(&args, &context),
        Command::Rules(args) => rules::run(&args, &context),
        Command::Record(args) => record::run(&args, &context),
        Command::Replay(args) => replay::run(&args, &context),
        Command::Doctor(args) => doctor::run(&args, &context),
        Command::Config(args) => config::run(&args, &context),
        Command::Setup(args) => setup::run(&args, &context),
        Command::Completions(args) => completions::run(&args),
        Command::Man(args) => man::run(&args),
    }
}

/// clap's own answers: help and version are no errors; the rest is put into our words.
fn usage(error: &clap::Error) -> Result<(), CliError> {
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => output::print(&text),
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = write!(std::io::stderr(), "{text}");
            Err(CliError::usage("a command is missing").hint("`reeld --help` lists them"))
        }
        _ => {
            let text = text.trim_end();
            let text = text.strip_prefix("error: ").unwrap_or(text);
            let text = text.strip_suffix("For more information, try '--help'.");
            let what = text.unwrap_or_default().trim_end();
            Err(CliError::usage(what).hint("add --help to the command for what it takes"))
        }
    }
}

/// The parser, for completions and manual pages.
fn parser() -> clap::Command {
    Cli::command()
}

/// An answer that belongs to another question.
fn unexpected() -> CliError {
    CliError::bug("the running reeld answered another question than it was asked")
}

/// True for what `Client::connect` says without a daemon.
fn is_not_running(error: &CliError) -> bool {
    error.exit == Exit::NotRunning
}
