//! Control lines, and list files.

use dhan::testing::cli::specs::{self, Takes};
use dhan::testing::cmd::stream::watch::{ControlCommand, command};
use dhan::testing::instruments::Spec;
use dhan::testing::protocol::Mode;

fn read_again(specs: &[Spec]) {
    for spec in specs {
        assert_eq!(Spec::parse(&spec.text).as_ref(), Ok(spec), "a spec is read as it was");
    }
}

/// Every line as a command, all of them as a list.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for line in text.split('\n') {
        for takes in [Takes::Modes(Mode::Quote), Takes::Depth] {
            match command(line, takes) {
                Ok(ControlCommand::Subscribe(specs) | ControlCommand::Unsubscribe(specs)) => {
                    assert!(!specs.is_empty(), "{line:?} names nothing");
                    assert!(takes != Takes::Depth || specs.iter().all(|spec| spec.mode.is_none()));
                    read_again(&specs);
                }
                Ok(ControlCommand::List | ControlCommand::Quit | ControlCommand::Nothing) => {}
                Err(words) => assert!(!words.is_empty() && !words.contains(char::is_control), "{words:?}"),
            }
        }
    }
    for takes in [Takes::Modes(Mode::Quote), Takes::Depth] {
        let (specs, problems) = specs::list("list", &text, takes);
        read_again(&specs);
        for problem in problems {
            assert!(problem.starts_with("list:"), "{problem}");
            assert!(!problem.contains(char::is_control), "{problem:?}");
        }
    }
}
