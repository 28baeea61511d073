//! `reeld pause`

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::{Context, Format, output, words};
use crate::clock;
use crate::control::{Client, Request, Response, Stamp};
use crate::engine::is_for_ever;
use crate::error::CliError;
use crate::model::Wall;

/// Longer is for ever.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// Track nothing for a while
///
/// What is playing ends here, with the place where it is. What is played from now on is not tracked, not kept in the
/// history and not sent; what was watched before still goes out. A pause outlives a restart. Without a time it lasts
/// until `reeld resume`; another `pause` takes its place.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld pause 2h
  reeld pause 1h30m
  reeld pause                     until `reeld resume`")]
pub struct PauseArgs {
    /// How long: 90s, 45m, 2h, 1day
    #[arg(value_name = "TIME", value_parser = length)]
    time: Option<Duration>,
    #[command(flatten)]
    format: Format,
}

pub fn run(args: &PauseArgs, context: &Context) -> Result<(), CliError> {
    let seconds = args.time.map(|time| time.as_secs());
    let mut client = Client::connect(&context.paths()?)?;
    let Response::Paused { until } = client.ask(&Request::Pause { seconds })? else {
        return Err(super::unexpected());
    };
    if args.format.json {
        return output::json(&json!({ "paused_until": until }));
    }
    let end = until.map(|until| end(until, clock::now().wall));
    output::line(&format!(
        "Paused: nothing is tracked {}.",
        end.unwrap_or_default()
    ))
}

/// `for 2 h`, or how to end it.
pub fn end(until: Stamp, now: Wall) -> String {
    if is_for_ever(until) {
        return "until `reeld resume`".to_owned();
    }
    // A second more or less does not make 2 h of 1 h.
    let left = until.0.since(now).as_secs_f64().round();
    let left = words::about(Duration::from_secs_f64(left));
    format!("for {left} (until {until}); `reeld resume` ends it")
}

fn length(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text.trim())
        .map_err(|_| "write it like 90s, 45m, 2h or 1day".to_owned())?;
    if time < Duration::from_secs(1) || time > LONGEST {
        return Err("it must be from 1s to 10years; for longer leave it out".to_owned());
    }
    Ok(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_written_with_its_unit() {
        for (text, seconds) in [
            ("90s", Some(90)),
            ("2h", Some(7200)),
            ("1h 30m", Some(5400)),
            ("1h30m", Some(5400)),
            ("2", None),
            ("", None),
            ("0s", None),
            ("-1h", None),
            ("tomorrow", None),
            ("20years", None),
        ] {
            assert_eq!(length(text).ok().map(|l| l.as_secs()), seconds, "{text:?}");
        }
    }

    #[test]
    fn the_end_of_a_pause_is_said_in_words() {
        let until = Stamp(Wall(7_200_000));
        assert_eq!(
            end(until, Wall(300)),
            "for 2 h (until 1970-01-01T02:00:00.000Z); `reeld resume` ends it"
        );
        assert_eq!(end(Stamp(Wall(i64::MAX)), Wall(0)), "until `reeld resume`");
    }
}
