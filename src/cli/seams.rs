//! Where commands meet what other stages provide.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use crate::error::CliError;
use crate::model::Random;
use crate::paths::{Paths, private_dir};

/// The daemon, until a signal ends it.
pub fn run_daemon(paths: Paths) -> Result<(), CliError> {
    let _ = paths;
    Err(CliError::bug("the daemon is not wired in"))
}

/// Random, made once, kept in the state folder.
pub fn device_id(paths: &Paths) -> Result<String, CliError> {
    private_dir(&paths.state_dir)?;
    let file = paths.state_dir.join("device-id");
    if let Ok(id) = fs::read_to_string(&file) {
        return Ok(id.trim().to_owned());
    }
    let id = crate::model::SessionId::random(&mut Random::seeded(fastrand::u64(..))).to_string();
    fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&file)
        .and_then(|mut file| writeln!(file, "{id}"))
        .map_err(|error| {
            CliError::user("cannot write the state folder").because(error.to_string())
        })?;
    Ok(id)
}
