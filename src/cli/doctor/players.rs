//! Where players are seen: the session bus, and mpv's sockets.

use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;
use zbus::Connection;

use super::Finding;
use crate::config::Config;
use crate::paths::Paths;
use crate::watch::mpv::script::{self, Change, Homes};
use crate::watch::mpv::sockets;

/// The bus may take so long to answer.
const PATIENCE: Duration = Duration::from_secs(3);

pub async fn session_bus() -> Finding {
    const CHECK: &str = "session bus";
    let hint = "players other than mpv are seen there: log in to a desktop session, or set DBUS_SESSION_BUS_ADDRESS";
    match timeout(PATIENCE, Connection::session()).await {
        Ok(Ok(_)) => Finding::ok(CHECK, "it answers"),
        Ok(Err(error)) => Finding::problem(CHECK, format!("there is none: {error}"), hint),
        Err(_) => Finding::problem(CHECK, "it does not answer", hint),
    }
}

/// The script and the sockets.
pub fn mpv(paths: &Paths, config: Option<&Config>) -> Vec<Finding> {
    let mut findings = vec![script_of(paths)];
    let configured = config.map_or(&[][..], |config| &config.mpv.sockets);
    findings.extend(found(&paths.runtime_dir, configured));
    findings
}

fn script_of(paths: &Paths) -> Finding {
    const CHECK: &str = "mpv script";
    let looked = Homes::from_process(paths.home.clone()).and_then(|homes| script::look(&homes));
    let outcome = match looked {
        Ok(outcome) => outcome,
        Err(error) => return Finding::of_error(CHECK, &error),
    };
    let with = |change: Change| outcome.files.iter().find(|file| file.change == change);
    if let Some(old) = with(Change::Updated) {
        let message = format!("{} is of another version of reeld", old.path.display());
        return Finding::warn(CHECK, message, "reeld setup mpv");
    }
    if let Some(own) = outcome.sockets.iter().find(|own| own.profile.is_none()) {
        let (file, line) = (own.file.display(), own.line);
        let message = format!("mpv has a socket of your own ({file}, line {line})");
        return Finding::ok(CHECK, message);
    }
    match with(Change::Absent) {
        Some(missing) => Finding::warn(
            CHECK,
            format!(
                "there is no {}: mpv may not be seen",
                missing.path.display()
            ),
            "reeld setup mpv",
        ),
        None => Finding::ok(CHECK, "it is installed"),
    }
}

fn found(runtime_dir: &Path, configured: &[String]) -> Vec<Finding> {
    const CHECK: &str = "mpv sockets";
    let found = sockets(runtime_dir, configured);
    let refused = found.refused.iter();
    let refused = refused.map(|why| {
        Finding::problem(
            CHECK,
            why.clone(),
            "correct `mpv.sockets` in the configuration",
        )
    });
    let mut findings: Vec<Finding> = refused.collect();
    let listen = found.sockets.iter().filter(|(_, listens)| *listens).count();
    let silent = found.sockets.len() - listen;
    let mut message = match listen {
        0 => "no mpv listens now".to_owned(),
        1 => "one mpv listens".to_owned(),
        many => format!("{many} mpv listen"),
    };
    if silent > 0 {
        message.push_str(&format!("; {silent} left over from players that are gone"));
    }
    findings.push(Finding::ok(CHECK, message));
    findings
}
