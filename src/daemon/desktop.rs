//! Notifications on the desktop (`org.freedesktop.Notifications`). A comfort: a desktop without them, or one that does not
//! answer, is no error.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::timeout;
use tracing::debug;
use zbus::Connection;
use zbus::Variant;

use crate::engine::Notice;

/// A notification may not take longer.
const PATIENCE: Duration = Duration::from_secs(2);

const SERVER: (&str, &str, &str) = (
    "org.freedesktop.Notifications",
    "/org/freedesktop/Notifications",
    "org.freedesktop.Notifications",
);

/// Shows a notice.
pub async fn show(notice: Notice) {
    match timeout(PATIENCE, notify(&notice)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!("no notification on the desktop: {error}"),
        Err(_) => debug!("no notification on the desktop: nobody answers"),
    }
}

async fn notify(notice: &Notice) -> zbus::Result<()> {
    let bus = Connection::session().await?;
    let hints: BTreeMap<&str, Variant<'_>> =
        BTreeMap::from([("desktop-entry", Variant::from("reeld"))]);
    let no_actions: &[&str] = &[];
    let arguments = (
        "reeld",
        0_u32,
        "video-x-generic",
        notice.summary.as_str(),
        escaped(&notice.body),
        no_actions,
        hints,
        -1_i32,
    );
    let (name, path, interface) = SERVER;
    bus.call_method(Some(name), path, Some(interface), "Notify", &arguments)
        .await?;
    Ok(())
}

/// Bodies may hold markup at many desktops; ours hold none.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_no_markup() {
        assert_eq!(
            escaped("<b>Tom & Jerry</b>"),
            "&lt;b&gt;Tom &amp; Jerry&lt;/b&gt;"
        );
    }
}
