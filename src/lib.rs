//! reeld: what is being watched on a Linux desktop, told to PunchPlay and Discovr exactly once.
//!
//! The modules stand in the order the data flows; `ARCHITECTURE.md` is the tour.

// The shared words.
pub mod model;

// The stages, in order.
pub mod watch;

pub mod identify;

pub mod debounce;

pub mod store;

pub mod outbox;

pub mod history;

pub mod sender;

pub mod service;

// Around them.
pub mod account;

pub mod config;

pub mod daemon;

mod detached;

pub mod engine;

pub mod control;

pub mod cli;

pub mod clock;

pub mod error;
#[doc(hidden)]
pub mod fuzz;

pub mod logging;

pub mod notify;

pub mod paths;
