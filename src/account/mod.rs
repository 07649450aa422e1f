//! What all processes of an account on this host share: places, connect budget, cool-offs.
