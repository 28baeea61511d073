//! The tests that need more than one stage, in one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod mpris_bus;
mod mpris_players;
mod support;
