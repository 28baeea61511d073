//! The services' stand-ins by hand, for scripts and for trying things out:
//! `cargo run --example standin -- --port 8080 [--log FILE] [--credentials STATE_DIR] [--user NAME]`
//!
//! PunchPlay listens at the port. `POST /_control/VERB` with a JSON object controls it: `state`, `requests`,
//! `fault {"route": "POST /api", "fault": "reset-after", "times": 1}`, `clear_faults`, `approve`, `deny`,
//! `expire_codes`, `approve_at_poll {"n": 3}`, `expire_tokens`, `revoke`, `ignore_next {"reason": …}`,
//! `resolve {"title": …, "tmdb_id": …}`. With `--credentials`, a login is put into that state folder.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a tool for developers"
)]

#[path = "../tests/it/support/credentials.rs"]
mod credentials;
#[path = "../tests/it/support/standin/mod.rs"]
mod standin;

use std::env;
use std::path::Path;
use std::thread;

use standin::{CLIENT_ID, PunchPlay, Server};

#[allow(clippy::print_stdout, reason = "what scripts read")]
fn main() {
    let option = |name: &str| {
        let mut words = env::args().skip_while(|word| word != name);
        words.nth(1)
    };
    let port = option("--port").map_or(0, |port| port.parse().expect("--port NUMBER"));
    let user = option("--user").unwrap_or_else(|| "ann".to_owned());
    let server = Server::start_at(port, PunchPlay::default());
    server.with(|app| app.user.clone_from(&user));
    if let Some(path) = option("--log") {
        server.log_to(Path::new(&path));
    }
    if let Some(folder) = option("--credentials") {
        let login = server.with(|app| app.issue_login(&user));
        credentials::write(Path::new(&folder), [login]);
    }
    println!(
        "[punchplay]\nclient_id = \"{CLIENT_ID}\"\nbase_url = \"{}\"",
        server.url()
    );
    loop {
        thread::park();
    }
}
