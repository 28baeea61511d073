//! The engine over a store and a history that fail, crash and forget: whatever happens, each service has each completion once, and
//! the history is whole.

mod desk;
mod doubts;
mod every_write;
mod logins;
mod placing;
mod rebuild;
mod rematch;
mod rig;
mod switched_off;
mod undo;
mod whose;
