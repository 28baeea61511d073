//! What is wrong with a configuration: which key, which value, where, and what would be right.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::error::CliError;

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `defaults.toml`.
    Default,
    /// In a file, on a line counted from 1.
    File(PathBuf, usize),
    /// In an environment variable.
    Variable(String),
    /// In a file of `$CREDENTIALS_DIRECTORY`.
    Credential(PathBuf),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("the defaults"),
            Self::File(path, line) => write!(f, "{}, line {line}", path.display()),
            Self::Variable(name) => write!(f, "the environment, {name}"),
            Self::Credential(path) => write!(f, "{}", path.display()),
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// `key = value`, or the key alone where the key is what is wrong; empty for a file that cannot be read.
    pub subject: String,
    /// Where.
    pub place: String,
    /// What is wrong, or what would be right.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.subject.is_empty() {
            write!(f, "{}: {}", self.place, self.problem)
        } else {
            write!(f, "{} in {}: {}", self.subject, self.place, self.problem)
        }
    }
}

/// Why a configuration cannot be used: everything that is wrong with it, in the order it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// At least one.
    pub faults: Vec<Fault>,
}

impl ConfigError {
    pub(super) fn of_file(path: &Path, problem: String) -> Self {
        let place = path.display().to_string();
        Self {
            faults: vec![Fault {
                subject: String::new(),
                place,
                problem,
            }],
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::user("the configuration cannot be used")
            .because(error.to_string())
            .hint("mend it and look with `reeld config check`; `reeld config show --defaults` shows every key")
    }
}
