//! When to connect, what to send, when to give up: a state machine with no I/O and no clock.
