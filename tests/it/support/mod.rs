//! What several tests need.

#![allow(dead_code, reason = "not every test needs all of it")]

pub mod bench;
pub mod bus;
pub mod credentials;
pub mod desk;
pub mod home;
pub mod media;
pub mod mpv;
pub mod players;
pub mod standin;
pub mod watcher;
