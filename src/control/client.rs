//! The command line's end. Blocking: a command has nothing else to do.

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::protocol::{LONGEST_RESPONSE, Request, Response};
use crate::error::CliError;
use crate::paths::Paths;

/// The daemon may still be scanning for players, or asking a service to forget a login.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection to the daemon.
#[derive(Debug)]
pub struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects.
    ///
    /// # Errors
    /// `Exit::NotRunning` if there is no daemon.
    pub fn connect(paths: &Paths) -> Result<Self, CliError> {
        let path = &paths.control_socket;
        let stream = UnixStream::connect(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                CliError::not_running(format!("there is no {}", path.display()))
            }
            ErrorKind::ConnectionRefused => {
                CliError::not_running(format!("nobody answers at {}", path.display()))
            }
            _ => CliError::user("cannot reach reeld")
                .because(format!("{}: {error}", path.display()))
                .hint("it runs as another user, or XDG_RUNTIME_DIR is not the one it was started with"),
        })?;
        stream
            .set_read_timeout(Some(PATIENCE))
            .map_err(|error| lost(&error))?;
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// Connects if a daemon runs.
    ///
    /// # Errors
    /// When one may be running and cannot be reached.
    pub fn connect_if_running(paths: &Paths) -> Result<Option<Self>, CliError> {
        match Self::connect(paths) {
            Ok(client) => Ok(Some(client)),
            Err(error) if error.exit == crate::error::Exit::NotRunning => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks one thing; an answer that it failed is an error here.
    ///
    /// # Errors
    /// The daemon's own, or that it could not be asked.
    pub fn ask(&mut self, request: &Request) -> Result<Response, CliError> {
        self.send(request)?;
        self.receive()
    }

    /// Follows the status until `each` says to stop or the daemon goes away.
    ///
    /// # Errors
    /// As `ask`; that the daemon went away is one too.
    pub fn follow(
        &mut self,
        mut each: impl FnMut(Response) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        self.send(&Request::Follow)?;
        self.stream
            .get_ref()
            .set_read_timeout(None)
            .map_err(|error| lost(&error))?;
        loop {
            each(self.receive()?)?;
        }
    }

    fn send(&mut self, request: &Request) -> Result<(), CliError> {
        let mut line = serde_json::to_vec(request).map_err(|error| lost(&error.into()))?;
        line.push(b'\n');
        self.stream
            .get_mut()
            .write_all(&line)
            .map_err(|error| lost(&error))
    }

    fn receive(&mut self) -> Result<Response, CliError> {
        let mut line = Vec::new();
        let mut bounded = (&mut self.stream).take(LONGEST_RESPONSE as u64);
        let length = bounded
            .read_until(b'\n', &mut line)
            .map_err(|error| lost(&error))?;
        if length == 0 {
            return Err(CliError::not_running("it has just stopped"));
        }
        match serde_json::from_slice(&line) {
            Ok(Response::Failed(error)) => Err(error),
            Ok(response) => Ok(response),
            Err(error) => Err(CliError::user(
                "the running reeld answers in words unknown to this one",
            )
            .because(error.to_string())
            .hint("after an update, restart it: `systemctl --user restart reeld`")),
        }
    }
}

fn lost(error: &io::Error) -> CliError {
    let why = match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => {
            format!("no answer within {} s", PATIENCE.as_secs())
        }
        _ => error.to_string(),
    };
    CliError::user("reeld does not answer")
        .because(why)
        .hint("see what it says: `journalctl --user -u reeld`")
}
