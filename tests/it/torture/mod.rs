//! The built daemon in trouble: ended in the middle, on a disk that is full, traced, put to sleep, with a long queue.

mod disk;
mod shutdown;
mod system;
mod trace;
