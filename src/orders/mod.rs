//! Order messages: tolerant reading, and events from comparing with the last state.
