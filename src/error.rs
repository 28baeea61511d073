//! The one error at the edge: what failed, why, and what to do about it.

use std::fmt;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

/// How the process ends after an error. 0 is success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// 1: the user can do something about it.
    User,
    /// 2: the command line was wrong.
    Usage,
    /// 3: the daemon is not running.
    NotRunning,
    /// 70: a mistake of reeld itself.
    Bug,
}

impl Exit {
    /// The number the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::User => 1,
            Self::Usage => 2,
            Self::NotRunning => 3,
            Self::Bug => 70,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// An error for people. Prints as `Error: …`, `Why: …`, `Hint: …`, a line each; also travels over the control socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CliError {
    /// What could not be done.
    pub what: String,
    /// Why not.
    pub why: Option<String>,
    /// What to do.
    pub hint: Option<String>,
    /// How the process ends.
    pub exit: Exit,
}

impl CliError {
    /// Something the user can mend.
    #[must_use]
    pub fn user(what: impl Into<String>) -> Self {
        Self::new(Exit::User, what)
    }

    /// A command line that cannot be meant.
    #[must_use]
    pub fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    /// There is no daemon to ask.
    #[must_use]
    pub fn not_running(why: impl Into<String>) -> Self {
        Self::new(Exit::NotRunning, "reeld is not running")
            .because(why)
            .hint("start it with `systemctl --user start reeld`, or in a terminal with `reeld run`")
    }

    /// A mistake of ours.
    #[must_use]
    pub fn bug(what: impl Into<String>) -> Self {
        Self::new(Exit::Bug, what)
            .hint("this is a mistake in reeld; please report it with the output of `reeld --version` and what you did")
    }

    fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            why: None,
            hint: None,
            exit,
        }
    }

    /// Adds why.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error: {}", self.what)?;
        if let Some(why) = &self.why {
            write!(f, "\nWhy: {why}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nHint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for CliError {}

/// An error of the system in its words, without its number: that says nothing to people.
#[must_use]
pub fn in_short(error: &dyn std::error::Error) -> String {
    let words = error.to_string();
    match words.rsplit_once(" (os error ") {
        Some((short, _)) => short.to_owned(),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_why_and_what_to_do() {
        let error = CliError::user("the door is shut")
            .because("it is night")
            .hint("come back tomorrow");
        assert_eq!(
            error.to_string(),
            "Error: the door is shut\nWhy: it is night\nHint: come back tomorrow"
        );
        assert_eq!(CliError::usage("what?").to_string(), "Error: what?");
    }

    #[test]
    fn the_number_of_an_error_of_the_system_is_left_out() {
        let error = std::io::Error::from_raw_os_error(28);
        assert_eq!(in_short(&error), "No space left on device");
        assert_eq!(in_short(&CliError::user("x")), "Error: x");
    }

    #[test]
    fn exit_codes_are_the_published_ones() {
        let all = [Exit::User, Exit::Usage, Exit::NotRunning, Exit::Bug];
        assert_eq!(all.map(Exit::code), [1, 2, 3, 70]);
    }
}
