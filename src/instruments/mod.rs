//! Manages the instrument master: download, cache, look-up.
//!
//! * [`spec`] – how an instrument is named on a command line.
//! * [`mod@resolve`] – from specs to instruments, with all problems together; uses [`lookup`].
//! * [`store`] – the cache; [`renew`] – its renewal; [`download`] – one request.
//! * [`layout`], [`row`], [`record`] – Dhan's two files, a line of them, and the record that is printed.
//! * [`index`], [`master`] – an index that is checked whenever it is read, and its queries.
//! * [`search`], [`filter`], [`contracts`] – words, nearest names, filters, the contracts of an underlying.
//! * [`suggest`] – symbols that begin with a text.

pub mod contracts;
pub mod download;
pub mod filter;
pub mod index;
pub mod layout;
pub mod line;
pub mod lookup;
pub mod master;
pub mod record;
pub mod renew;
pub mod resolve;
pub mod row;
pub mod search;
pub mod spec;
pub mod store;
pub mod suggest;
pub mod symbols;

pub use layout::Layout;
pub use resolve::{Problem, Question, Resolution, Resolved, Streamable, resolve};
pub use spec::{Name, Place, Spec, SpecSegment};
pub use store::Store;
pub use symbols::Symbols;
