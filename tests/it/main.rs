//! The tests that need more than one stage, in one binary.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "tests"
)]

mod cli;
mod commands;
mod control;
mod desktop;
mod discovr;
mod discovr_evening;
mod doctor;
mod faults;
mod fuzz_corpus;
mod gui_evening;
mod identify;
mod independence;
mod login;
mod login_certificate;
mod login_screens;
mod login_warnings;
mod mpris_bus;
mod mpris_evening;
mod mpris_players;
mod mpv_evening;
mod mpv_nasty;
mod mpv_watch;
mod punchplay;
mod purity;
mod rebuild;
mod state_screens;
mod support;
mod switching;
mod tmdb;
mod tokens;
mod torture;
mod traces;
