//! Tests that wait for real clocks, all at the same time: the first that is asked for starts every one of them on a thread
//! of its own, and each is then waited for by its own name. With a filter on the command line only what is named runs.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::thread::JoinHandle;

/// A test's name and body.
pub type Slow = (&'static str, fn());

static STARTED: LazyLock<Mutex<HashMap<&'static str, JoinHandle<()>>>> = LazyLock::new(|| {
    let filtered = std::env::args().skip(1).any(|arg| !arg.starts_with('-'));
    let all = if filtered { Vec::new() } else { super::slow_tests() };
    let start = |(name, body): Slow| {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(body).expect("a thread");
        (name, thread)
    };
    Mutex::new(all.into_iter().map(start).collect())
});

/// The result of a test, as a panic of whoever asks.
pub fn result_of(name: &'static str, body: fn()) {
    let thread = STARTED.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    let Some(thread) = thread else { return body() };
    if let Err(why) = thread.join() {
        let words = why.downcast_ref::<String>().cloned();
        let words = words.or_else(|| why.downcast_ref::<&str>().map(|&words| words.to_owned()));
        panic!("{}", words.unwrap_or_else(|| "it failed without a word".to_owned()));
    }
}

/// Tests that run beside each other. `SLOW` names them all.
#[macro_export]
macro_rules! slow {
    ($($(#[doc = $doc:literal])* fn $name:ident() $body:block)*) => {
        $($(#[doc = $doc])* #[test] fn $name() { $crate::faults::slow::result_of(stringify!($name), bodies::$name) })*
        mod bodies {
            use super::*;
            $(pub fn $name() $body)*
        }
        pub const SLOW: &[$crate::faults::slow::Slow] = &[$((stringify!($name), bodies::$name)),*];
    };
}
