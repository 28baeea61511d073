//! `reeld undo`

use clap::Args;

use super::{Context, Format, output, words};
use crate::control::{Client, Request, Response, TakenBack, TakenBackRow, TakenBackState};
use crate::error::CliError;
use crate::model::ViewingId;

/// Say that something was not watched after all
///
/// What has not been delivered yet is taken back: the service only hears where you stopped. What plays of it later goes
/// on with the same viewing and can complete it. What a service has, reeld cannot remove: no API offers that; this
/// command then says where you can.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld history                   shows the viewings with their ids
  reeld undo 5f0c3a9b12de4477")]
pub struct UndoArgs {
    /// Its id, from `reeld history`
    #[arg(value_parser = viewing)]
    viewing: ViewingId,
    #[command(flatten)]
    format: Format,
}

pub fn run(args: &UndoArgs, context: &Context) -> Result<(), CliError> {
    let request = Request::Undo {
        viewing: args.viewing.to_string(),
    };
    let answer = Client::connect(&context.paths()?)?.ask(&request)?;
    let Response::TakenBack(taken) = answer else {
        return Err(super::unexpected());
    };
    if args.format.json {
        output::json(&taken)?;
    } else {
        output::print(&describe(&taken))?;
    }
    let mut there = taken.services.iter().filter(is_there);
    match there.next() {
        None => Ok(()),
        Some(first) => Err(remains(first, there.next())),
    }
}

fn viewing(text: &str) -> Result<ViewingId, String> {
    let id: Option<ViewingId> = (text.len() == 16).then(|| text.parse().ok()).flatten();
    id.ok_or_else(|| "a viewing's id is 16 digits and letters from a to f".to_owned())
}

fn is_there(row: &&TakenBackRow) -> bool {
    row.state == TakenBackState::Delivered
}

fn describe(taken: &TakenBack) -> String {
    let what = words::printable(&words::media(Some(&taken.media)));
    let mut text = if taken.watched {
        format!("{what} still counts as watched.\n")
    } else {
        format!("{what} does not count as watched any more.\n")
    };
    for row in &taken.services {
        let service = row.service.title();
        text.push_str(&match row.state {
            TakenBackState::TakenBack => format!("{service} has not been told, and will not be.\n"),
            TakenBackState::InDoubt => format!(
                "{service} will not be told again, but an attempt may have arrived: look at your history there.\n"
            ),
            TakenBackState::Delivered => format!("{service} has been told already.\n"),
        });
    }
    text
}

fn remains(first: &TakenBackRow, second: Option<&TakenBackRow>) -> CliError {
    let mut services = first.service.title().to_owned();
    if let Some(second) = second {
        services.push_str(" and ");
        services.push_str(second.service.title());
    }
    CliError::user(format!(
        "a watch that {services} has cannot be taken back from here"
    ))
    .because("the service's interface offers no way to remove it")
    .hint(format!("remove it by hand from your history at {services}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ServiceName;
    use serde_json::json;

    fn row(service: ServiceName, state: TakenBackState) -> TakenBackRow {
        TakenBackRow {
            service,
            user: "ann".into(),
            state,
        }
    }

    #[test]
    fn what_was_taken_back_and_what_was_not_is_said_service_by_service() {
        let mut taken = TakenBack {
            viewing_id: "00000000000000ff".into(),
            media: json!({ "title": "Heat", "year": 1995 }),
            watched: false,
            services: vec![
                row(ServiceName::Punchplay, TakenBackState::TakenBack),
                row(ServiceName::Discovr, TakenBackState::InDoubt),
            ],
        };
        assert_eq!(
            describe(&taken),
            "Heat (1995) does not count as watched any more.\n\
             PunchPlay has not been told, and will not be.\n\
             Discovr will not be told again, but an attempt may have arrived: look at your history there.\n"
        );
        taken.watched = true;
        taken.services = vec![row(ServiceName::Discovr, TakenBackState::Delivered)];
        assert_eq!(
            describe(&taken),
            "Heat (1995) still counts as watched.\nDiscovr has been told already.\n"
        );
        assert_eq!(
            remains(&taken.services[0], None).to_string(),
            "Error: a watch that Discovr has cannot be taken back from here\n\
             Why: the service's interface offers no way to remove it\n\
             Hint: remove it by hand from your history at Discovr"
        );
    }

    #[test]
    fn an_id_of_a_viewing_is_told_from_a_title() {
        assert_eq!(viewing("00000000000000ff"), Ok(ViewingId(0xff)));
        for text in ["Heat", "ff", "", "00000000000000fg"] {
            assert!(viewing(text).is_err(), "{text}");
        }
    }
}
