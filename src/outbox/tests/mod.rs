#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod answers;
mod damage;
mod delivery;
mod dues;
mod expiry;
mod layout;
mod lockstep;
mod memory;
mod order;
mod stamps;
mod supersession;
mod support;
mod take_back;
