//! The built daemon in trouble: ended in the middle, on a disk that is full, traced, put to sleep, with a long queue.
//!
//! What takes long is ignored in the usual run: `just torture kill 300`, `just torture soak 30`, `just torture backlog`.

mod backlog;
mod clocks;
mod disk;
mod kill;
mod network;
mod shutdown;
mod soak;
mod system;
mod trace;
mod years;

/// A number from the environment, and what it is without.
fn number(variable: &str, usual: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(usual, |text| text.parse().expect("a number"))
}

/// A seed from the environment or a new one; printed.
fn seed() -> u64 {
    let seed = number("SEED", u64::from(std::process::id()));
    eprintln!("SEED={seed}");
    seed
}
