//! Whole evenings, simulated: see `README.md` beside this.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "tests"
)]

mod acts;
mod clock;
mod discovr;
mod judge;
mod library;
mod log;
mod named;
mod player;
mod punchplay;
mod reference;
mod runs;
mod script;
mod shrink;
mod store;
mod user;
mod wire;
mod world;
