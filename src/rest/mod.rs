//! The few REST calls, all of them reads.
