//! Where credentials come from, and the one place that builds an address with a secret in it.
