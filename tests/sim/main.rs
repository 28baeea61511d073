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
mod befalls;
mod clock;
mod discovr;
mod ears;
mod edges;
mod guess;
mod habits;
mod judge;
mod library;
mod life;
mod log;
mod named;
mod oddities;
mod orders;
mod pauses;
mod player;
mod positions;
mod punchplay;
mod quiet;
mod reference;
mod rematches;
mod rest;
mod runs;
mod script;
mod shrink;
mod store;
mod truth;
mod user;
mod wants;
mod warnings;
mod watchers;
mod wire;
mod wired;
mod wishes;
mod world;

/// An evening is thousands of small pieces of memory: with this a seventh of its time is saved.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
