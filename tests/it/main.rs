//! The tests that need more than one stage, in one binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod discovr;
mod punchplay;
mod mpris_watch;
mod support;
mod tokens;
