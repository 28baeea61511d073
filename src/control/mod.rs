//! The control socket: how the command line talks to the daemon.
//!
//! `$XDG_RUNTIME_DIR/reeld/control.sock`, 0600 in a folder 0700, peers of the same user only. A client writes one JSON
//! object a line and reads one back; after `follow` it reads until it has seen enough. Lines are bounded both ways.
//! The server knows nothing of what it is asked: each request goes to the engine with a place for the answer.

mod client;
mod protocol;
mod rows;
mod server;

pub use client::Client;
pub use protocol::{
    LONGEST_REQUEST, LONGEST_RESPONSE, PAGE, QueueFate, Request, Response, Selection,
};
pub use rows::{
    AccountRow, AccountState, Explained, PlayerRow, PlayerState, QueueRow, QueueState, Release,
    Rematched, Stamp, StatusReport, TakenBack, TakenBackRow, TakenBackState, ToldRow, ToldState,
};
pub use server::{Call, Listener, serve};
