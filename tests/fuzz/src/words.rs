//! What is typed: instrument specs, and the values of options.

use dhan::testing::cli::specs::{self, Takes};
use dhan::testing::cli::value;
use dhan::testing::instruments::filter::{Expiry, StrikeRange};
use dhan::testing::instruments::{Name, Spec};
use dhan::testing::model::Micros;
use dhan::testing::output::file::Pattern;
use dhan::testing::protocol::Mode;

/// 2026-06-10 09:50:00 IST.
const NOW: Micros = Micros::from_secs(1_781_065_200);

fn spec(text: &str) {
    let _ = specs::spec(text, Takes::Modes(Mode::Ticker)).is_ok();
    let _ = specs::spec(text, Takes::Depth).is_ok();
    let Ok(spec) = Spec::parse(text) else { return };
    assert_eq!(Spec::parse(&spec.to_string()).as_ref(), Ok(&spec), "what is printed is read back");
    // Put together from its parts it means the same.
    let name = match &spec.name {
        Name::Id(id) => {
            assert!(spec.segment.is_some(), "an id without a segment");
            id.to_string()
        }
        Name::Symbol(symbol) => {
            assert!(!symbol.is_empty() && symbol.trim() == symbol);
            symbol.clone()
        }
    };
    let segment = spec.segment.map(|segment| format!("{segment}:")).unwrap_or_default();
    let mode = spec.mode.map(|mode| format!("@{}", mode.name())).unwrap_or_default();
    let again = Spec::parse(&format!("{segment}{name}{mode}")).expect("its parts are a spec");
    assert_eq!((&again.segment, &again.name, again.mode), (&spec.segment, &spec.name, spec.mode));
}

/// The text as a spec, and as the value of every option that has a form.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    spec(&text);
    for word in text.split('\n').take(20) {
        spec(word);
        let _ = value::duration(word);
        let _ = word.parse::<value::ByteSize>();
        let _ = word.parse::<value::Moment>().map(|moment| moment.time(NOW));
        let _ = word.parse::<Expiry>();
        let _ = word.parse::<StrikeRange>();
        if let Ok(pattern) = Pattern::parse(word) {
            let path = pattern.path_at(NOW);
            let boundary = pattern.boundary_after(NOW);
            assert!(boundary > NOW, "a period ends after its moments");
            // No further than a year is looked: a file a century is one file.
            let last = boundary.plus_us(-1).min(NOW.plus_us(366 * 86_400_000_000));
            assert_eq!(pattern.path_at(last), path, "a period has one file");
        }
    }
}
