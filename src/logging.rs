//! The log: to standard error, for the journal or for a terminal.
//!
//! `REELD_LOG` (or `RUST_LOG`) sets the level: `debug` alone means reeld; other parts are named, as in
//! `reeld::sender=trace,zbus=debug`.

use std::env;
use std::fmt;
use std::io::{self, IsTerminal};

use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, layer};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::error::CliError;

/// Starts logging; `default` is the level where the environment names none. Of a command, warnings look like the rest of
/// what it says.
///
/// # Errors
/// When the environment names a level that does not exist.
pub fn start(default: Level, of_command: bool) -> Result<(), CliError> {
    let named = ["REELD_LOG", "RUST_LOG"]
        .into_iter()
        .find_map(|name| env::var(name).ok().filter(|text| !text.is_empty()));
    let filter = filter(named.as_deref().unwrap_or_default(), default)?;
    let lines = layer()
        .event_format(Lines {
            journal: is_journal(),
            of_command,
        })
        .with_ansi(io::stderr().is_terminal() && env::var_os("NO_COLOR").is_none())
        .with_writer(io::stderr);
    // A second start (in tests) changes nothing.
    let _ = tracing_subscriber::registry()
        .with(lines)
        .with(filter)
        .try_init();
    Ok(())
}

/// The libraries below may log what is private: they stay at warnings unless named.
fn filter(text: &str, default: Level) -> Result<Targets, CliError> {
    let unusable = || {
        CliError::usage(format!("{text:?} is no log level"))
            .hint("set REELD_LOG to error, warn, info, debug or trace, or to parts like reeld::sender=debug")
    };
    let mut targets = Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("reeld", default);
    for part in text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        let (target, level) = part.split_once('=').unwrap_or(("reeld", part));
        let level: LevelFilter = level.parse().map_err(|_| unusable())?;
        targets = targets.with_target(target, level);
    }
    Ok(targets)
}

/// The journal is what standard error leads to, not merely what an ancestor's did.
fn is_journal() -> bool {
    let named = env::var("JOURNAL_STREAM").unwrap_or_default();
    rustix::fs::fstat(io::stderr())
        .is_ok_and(|stat| named == format!("{}:{}", stat.st_dev, stat.st_ino))
}

/// `TIME LEVEL what happened`; the journal keeps the time itself and gets the level as a `<N>`.
struct Lines {
    journal: bool,
    of_command: bool,
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut text = String::new();
        context.format_fields(Writer::new(&mut text), event)?;
        let level = *event.metadata().level();
        // What players and services say may hold line breaks: no line without its head.
        for line in text.lines() {
            self.head(&mut writer, level)?;
            writeln!(writer, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl Lines {
    fn head(&self, writer: &mut Writer<'_>, level: Level) -> fmt::Result {
        if self.journal {
            return write!(writer, "<{}>", priority(level));
        }
        if self.of_command && level <= Level::WARN {
            return write!(writer, "Warning: ");
        }
        SystemTime.format_time(writer)?;
        if writer.has_ansi_escapes() {
            write!(writer, " \x1b[{}m{level:>5}\x1b[0m ", colour(level))
        } else {
            write!(writer, " {level:>5} ")
        }
    }
}

fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

fn colour(level: Level) -> u8 {
    match level {
        Level::ERROR => 31,
        Level::WARN => 33,
        Level::INFO => 32,
        _ => 34,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_level_is_ours_and_libraries_stay_quiet() {
        let targets = filter("debug", Level::INFO).unwrap();
        assert!(targets.would_enable("reeld::sender", &Level::DEBUG));
        assert!(!targets.would_enable("hyper", &Level::INFO));
        let targets = filter("", Level::INFO).unwrap();
        assert!(targets.would_enable("reeld", &Level::INFO));
        assert!(!targets.would_enable("reeld", &Level::DEBUG));
    }

    #[test]
    fn parts_are_named_with_their_levels() {
        let targets = filter("reeld::sender=trace, zbus=debug", Level::INFO).unwrap();
        assert!(targets.would_enable("reeld::sender::plan", &Level::TRACE));
        assert!(targets.would_enable("zbus", &Level::DEBUG));
        assert!(!targets.would_enable("reeld::watch", &Level::DEBUG));
        assert!(filter("loud", Level::INFO).is_err());
    }
}
