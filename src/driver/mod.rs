//! Runs sessions over transports and carries frames to the writer.
