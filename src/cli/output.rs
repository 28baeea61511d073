//! Standard output. A reader that has seen enough (`| head`) ends the command quietly.

use std::io::{self, BufRead, ErrorKind, IsTerminal, Write};

use serde::Serialize;

use crate::error::CliError;

/// Columns where the width of the terminal cannot be known.
const USUAL_WIDTH: usize = 80;

/// Prints text as it is.
pub fn print(text: &str) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    finish(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// Prints a line.
pub fn line(text: &str) -> Result<(), CliError> {
    print(&format!("{text}\n"))
}

/// Prints one object as one line of JSON.
pub fn json(value: &impl Serialize) -> Result<(), CliError> {
    json_lines([value])
}

/// Prints objects, each as one line of JSON.
pub fn json_lines<T: Serialize>(values: impl IntoIterator<Item = T>) -> Result<(), CliError> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let write = || {
        for value in values {
            serde_json::to_writer(&mut out, &value)?;
            out.write_all(b"\n")?;
        }
        out.flush()
    };
    let written = write();
    finish(written)
}

/// Columns of the terminal, `$COLUMNS` first.
pub fn width() -> usize {
    let named = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok());
    let of_terminal = || {
        let out = io::stdout();
        let size = out
            .is_terminal()
            .then(|| rustix::termios::tcgetwinsize(&out));
        size?.ok().map(|size| usize::from(size.ws_col))
    };
    named
        .or_else(of_terminal)
        .filter(|columns| *columns >= 40)
        .unwrap_or(USUAL_WIDTH)
}

pub(super) fn finish(result: io::Result<()>) -> Result<(), CliError> {
    match result {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => Err(CliError::user("cannot write the output")
            .because(error.to_string())
            .hint("is the disk full?")),
    }
}

/// Asks the person at the terminal; to be called only where there is one.
pub fn ask(question: &str) -> Result<String, CliError> {
    print(question)?;
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer);
    match read {
        Ok(length) if length > 0 => Ok(answer.trim().to_owned()),
        _ => {
            line("")?;
            Err(CliError::user("no answer, so nothing is changed"))
        }
    }
}

/// Says on standard error what does not keep the command from its work.
pub fn warn(text: &str) {
    // Nobody is left to tell if that fails.
    let _ = writeln!(io::stderr(), "Warning: {text}");
}
