//! Stores files: the file-system trait, locked markers, appending without torn ends, compressed frames, and recovery
//! after a kill. Outputs, captures and checks use it; it does not interpret records.

mod append;
pub(crate) mod disk;
mod failure;
pub(crate) mod frames;
pub(crate) mod marker;
pub(crate) mod names;
pub(crate) mod recover;
mod replace;

pub(crate) use append::{Appender, CutPoint, WriteContext, WriteRetry, cannot_write, passes};
pub use disk::{Disk, Filesystem, OpenMode, open_data};
pub(crate) use disk::{Reader, outlive_file_size_limit, read_full};
pub use failure::{StopSignal, Unwritten, WriteFailure};
pub use frames::{FrameEvent, FrameScan, scan};
pub(crate) use marker::cannot_open;
pub use marker::look as look_at_marker;
pub(crate) use names::torn as torn_path;
pub use names::{Compression, gaps_path};
pub use replace::replace;
