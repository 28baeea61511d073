//! reeld: what is being watched on a Linux desktop, told to PunchPlay and Discovr exactly once.
//!
//! The modules stand in the order the data flows; `ARCHITECTURE.md` is the tour.

pub mod model;

pub mod clock;
pub mod config;
pub mod outbox;
pub mod sender;
pub mod service;
pub mod store;
pub mod watch;
