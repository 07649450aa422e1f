//! The one thread that turns received frames into records, and keeps the books.

pub mod book;
pub mod desk;
pub mod figures;
pub mod gaps;
pub mod item;
pub mod lane;
pub mod observer;
pub mod orders;
pub mod outputs;
pub mod stages;
pub mod stamps;
pub mod thread;
