//! The instrument master: download, cache, look-up.
//!
//! * [`spec`] – how an instrument is named on a command line.
//! * [`resolve`] – from specs to what can be subscribed, all problems together.
//! * [`store`] – the cache, and when it is renewed.
//! * [`layout`] – Dhan's two files.

pub mod download;
pub mod filter;
pub mod index;
pub mod layout;
pub mod master;
pub mod record;
pub mod resolve;
pub mod row;
pub mod search;
pub mod spec;
pub mod store;

pub use layout::Layout;
pub use resolve::{Problem, Resolution, Resolved, Streamable, resolve};
pub use spec::{Name, Spec, SpecError, SpecSegment};
pub use store::Store;
