//! The instrument master: download, cache, look-up.
