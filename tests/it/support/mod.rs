//! What several tests need.

#![allow(dead_code, reason = "not every test needs all of it")]

pub mod bench;
pub mod bus;
pub mod clocks;
pub mod credentials;
pub mod desk;
pub mod evening;
pub mod fake_player;
pub mod home;
pub mod media;
pub mod mpv;
pub mod players;
pub mod rehearsal;
pub mod screens;
pub mod small_disk;
pub mod standin;
pub mod system_bus;
pub mod terminal;
pub mod watcher;

/// Kills a child that leads its group, and everything it started.
pub fn kill_group(leader: &mut std::process::Child) {
    let pid = i32::try_from(leader.id()).unwrap();
    let group = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).ok();
    leader.wait().unwrap();
}
