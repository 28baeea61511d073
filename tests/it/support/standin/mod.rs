//! Stand-ins of the services, written from their references and strict: what a reference does not allow is refused
//! and noted as a violation. Faults happen on demand. `examples/standin.rs` runs them by hand.

#![allow(
    dead_code,
    unused_imports,
    missing_docs,
    reason = "each user of the stand-ins needs another part of them"
)]

mod code;
mod discovr;
mod http;
mod punchplay;
mod tmdb;

pub use discovr::{DISCOVR_CLIENT_ID, Discovr, Entry};
pub use http::{App, Fault, Reply, Request, Server};
pub use punchplay::{CLIENT_ID, Event, PunchPlay};
pub use tmdb::{TMDB_KEY, TMDB_TOKEN, Title, Tmdb};
