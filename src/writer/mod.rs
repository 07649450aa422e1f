//! The one thread that turns received frames into records, and keeps the books.

pub mod item;
