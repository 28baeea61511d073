//! Sending: what may go out when, and the loop that carries it there.

pub mod plan;
