//! `reeld explain`

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::table::table;
use super::{Context, Format, identify, output, words};
use crate::control::{Client, Explained, PlayerState, Request, Response};
use crate::debounce;
use crate::engine::Private;
use crate::error::CliError;
use crate::identify::{Identity, Verdict, identity_json, named};
use crate::model::Location;

/// Why a file or a player's playback is, or is not, tracked
///
/// A file is judged by its name, what lies beside it, your rules and your settings. A player is asked about at the
/// running reeld, which also knows what has become of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  reeld explain '/videos/Severance/Season 2/01 - Hello.mkv'
  reeld explain mpv")]
pub struct ExplainArgs {
    /// A path, or a player's id or name (see `reeld players`), or its short name on the bus
    #[arg(value_name = "PATH|PLAYER", value_parser = super::of_any_bytes())]
    what: String,
    #[command(flatten)]
    format: Format,
}

pub fn run(args: &ExplainArgs, context: &Context) -> Result<(), CliError> {
    let what = args.what.as_str();
    if what.contains('/') || Path::new(what).exists() {
        return explain_path(what, args.format, context);
    }
    explain_player(what, args.format, context)
}

fn explain_path(path: &str, format: Format, context: &Context) -> Result<(), CliError> {
    let (paths, loaded) = context.load()?;
    let absolute = match named(path).location {
        Some(Location::Path(path)) => std::path::absolute(&path)
            .map_or(path, |absolute| absolute.to_string_lossy().into_owned()),
        _ => path.to_owned(),
    };
    let mut identity = identify::look(&absolute, &identify::rules(context));
    let private = Private::new(&loaded.config.privacy, paths.home.as_deref());
    let settings = debounce::Rules::from(&loaded.config);
    let refused = private
        .refuse(&named(&absolute))
        .or_else(|| settings.refuse_media(&identity.media));
    if let (Some(why), false) = (refused, matches!(identity.verdict, Verdict::Ignore(_))) {
        identity.verdict = Verdict::Ignore(why);
    }
    if format.json {
        return output::json(&object(&absolute, &identity));
    }
    let mut rows = identify::rows(&identity);
    if !Path::new(&absolute).exists() {
        let why = "not there: judged by its name alone, without tags and NFO files";
        rows.push(vec!["file".to_owned(), why.to_owned()]);
    }
    output::print(&table(&["path", &absolute], &rows, usize::MAX))
}

fn object(path: &str, identity: &Identity) -> Value {
    let mut object = identity_json(identity);
    if let Some(object) = object.as_object_mut() {
        object.insert("input".to_owned(), json!(path));
    }
    object
}

fn explain_player(player: &str, format: Format, context: &Context) -> Result<(), CliError> {
    let mut client = Client::connect(&context.paths()?)?;
    let request = Request::Explain {
        player: player.to_owned(),
    };
    let Response::Explained(explained) = client.ask(&request)? else {
        return Err(super::unexpected());
    };
    if format.json {
        return output::json(&explained);
    }
    output::print(&table(
        &["player", &explained.player.name],
        &rows(&explained),
        usize::MAX,
    ))
}

fn rows(explained: &Explained) -> Vec<Vec<String>> {
    let row = |name: &str, text: String| vec![name.to_owned(), text];
    let player = &explained.player;
    let state = match player.state {
        PlayerState::Playing => "playing",
        PlayerState::Paused => "paused",
        PlayerState::Stopped => "stopped",
        PlayerState::Ignored => "ignored",
    };
    let mut rows = vec![row("id", player.id.clone()), row("state", state.to_owned())];
    rows.extend(explained.open.clone().map(|open| row("open", open)));
    if let Some(identity) = &explained.identity {
        rows.push(row("is", words::media(Some(identity))));
        let confidence = identity.get("confidence").and_then(Value::as_f64);
        rows.extend(confidence.map(|sure| row("confidence", words::percent(sure))));
        rows.push(row("would be", verdict(identity)));
        let evidence = identity.get("evidence").and_then(Value::as_array);
        rows.extend(evidence.into_iter().flatten().map(said));
    }
    let tracked = match (&player.viewing_id, &player.why_not) {
        (Some(viewing), _) => format!("yes, as viewing {viewing}"),
        (None, Some(why)) => format!("no: {why}"),
        (None, None) => "not yet: it has not played long enough".to_owned(),
    };
    rows.push(row("tracked", tracked));
    rows
}

fn verdict(identity: &Value) -> String {
    let text = |key: &str| identity.get(key).and_then(Value::as_str);
    let reason = text("reason").unwrap_or_default();
    match text("verdict") {
        Some("send") => "tracked and sent".to_owned(),
        Some("keep") => format!("kept on this machine: {reason}"),
        _ => format!("not tracked: {reason}"),
    }
}

fn said(evidence: &Value) -> Vec<String> {
    let text = |key: &str| evidence.get(key).and_then(Value::as_str);
    let mut said = text("said").unwrap_or_default().to_owned();
    if let Some(what) = text("disputes") {
        said.push_str(&format!("  (contradicts better evidence: {what})"));
    }
    vec![text("source").unwrap_or_default().to_owned(), said]
}
