//! The services' stand-ins by hand, for scripts and for trying things out:
//! `cargo run --example standin -- --port 8080 [--log FILE] [--credentials STATE_DIR] [--user NAME]`
//!
//! PunchPlay listens at the port, Discovr at the next one, TMDB at the one after. `POST /_control/VERB` with a JSON object controls each:
//! `state`, `requests`, `fault {"route": "POST /api", "fault": "reset-after", "times": 1}`, `clear_faults`, `approve`,
//! `approve_at_poll {"n": 3}`, `user {"name": …}`, `revoke`; PunchPlay also `deny`, `expire_codes`, `expire_tokens`,
//! `ignore_next {"reason": …}`, `resolve {"title": …, "tmdb_id": …}`; Discovr also `kill_codes`, `expire_sessions`,
//! `patch {"on": false}`, `history_by_title {"on": false}`, `profiles {"profiles": [[id, name], …]}`;
//! TMDB only `state`, `requests`, `fault`, `clear_faults`, `title {"id": …, "title": …, "year": …, "series": true}`.
//! With `--credentials`, a login at each is put into that state folder. The configuration to use is printed.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a test tool"
)]
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

use standin::{CLIENT_ID, DISCOVR_CLIENT_ID, Discovr, PunchPlay, Server, TMDB_TOKEN, Tmdb};

#[allow(clippy::print_stdout, reason = "what scripts read")]
fn main() {
    let option = |name: &str| {
        let mut words = env::args().skip_while(|word| word != name);
        words.nth(1)
    };
    let port = option("--port").map_or(0, |port| port.parse().expect("--port NUMBER"));
    let user = option("--user").unwrap_or_else(|| "ann".to_owned());
    let after = |n| if port == 0 { 0 } else { port + n };
    let punchplay = Server::start_at(port, PunchPlay::default());
    punchplay.with(|app| app.user.clone_from(&user));
    let discovr = Server::start_at(after(1), Discovr::default());
    discovr.with(|app| app.user.clone_from(&user));
    let tmdb = Server::start_at(after(2), Tmdb::default());
    if let Some(path) = option("--log") {
        tmdb.log_to(Path::new(&path));
        punchplay.log_to(Path::new(&path));
        discovr.log_to(Path::new(&path));
    }
    if let Some(folder) = option("--credentials") {
        let logins = [
            punchplay.with(|app| app.issue_login(&user)),
            discovr.with(|app| app.issue_login(&user, "p1")),
        ];
        credentials::write(Path::new(&folder), logins);
    }
    println!(
        "[punchplay]\nclient_id = \"{CLIENT_ID}\"\nbase_url = \"{}\"",
        punchplay.url()
    );
    println!(
        "[discovr]\nclient_id = \"{DISCOVR_CLIENT_ID}\"\nbase_url = \"{}\"",
        discovr.url()
    );
    println!(
        "[tmdb]\napi_key = \"{TMDB_TOKEN}\"\nbase_url = \"{}\"",
        tmdb.url()
    );
    loop {
        thread::park();
    }
}
