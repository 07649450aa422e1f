//! The body of every fuzz target on its kept corpus and on random bytes, with the stable toolchain. The targets are in
//! `tests/fuzz`; `FUZZ_SECONDS=60 .ci/run fuzz` runs them.

#[path = "../fuzz/src/lib.rs"]
mod bodies;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

fn fuzz(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(part)
}

/// Returns the names in a folder without extensions.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut names: Vec<String> =
        entries.flatten().filter_map(|entry| Some(entry.path().file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    names
}

#[test]
fn every_target_has_a_body_and_a_corpus() {
    let all: Vec<_> = bodies::ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(names(&fuzz("fuzz_targets")), all);
    assert_eq!(names(&fuzz("corpus")), all);
}

#[test]
fn no_target_fails_on_the_kept_corpora() {
    let mut broken = Vec::new();
    for (name, body) in bodies::ALL {
        let mut files: Vec<_> =
            fs::read_dir(fuzz("corpus").join(name)).expect("a corpus").flatten().map(|entry| entry.path()).collect();
        assert!(!files.is_empty(), "{name} has no corpus");
        files.sort();
        for file in files {
            let bytes = fs::read(&file).expect("a file of the corpus");
            if catch_unwind(AssertUnwindSafe(|| body(&bytes))).is_err() {
                broken.push(file);
            }
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn no_target_fails_on_random_bytes_or_damaged_corpora() {
    let seed = std::env::var("FUZZ_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    for (name, body) in bodies::ALL {
        let mut rng = fastrand::Rng::with_seed(seed);
        let kept: Vec<Vec<u8>> = fs::read_dir(fuzz("corpus").join(name))
            .expect("a corpus")
            .flatten()
            .filter_map(|entry| fs::read(entry.path()).ok())
            .collect();
        for round in 0..60 {
            let mut bytes = if round % 3 == 0 || kept.is_empty() {
                let mut bytes = vec![0; rng.usize(0..600)];
                rng.fill(&mut bytes);
                bytes
            } else {
                kept[rng.usize(0..kept.len())].clone()
            };
            for _ in 0..rng.usize(0..4) {
                let at = rng.usize(0..=bytes.len());
                match rng.u8(0..4) {
                    0 => bytes.truncate(at),
                    1 => bytes.splice(at..at, [rng.u8(..)]).for_each(drop),
                    _ => bytes.get_mut(at).into_iter().for_each(|byte| *byte = rng.u8(..)),
                }
            }
            let result = catch_unwind(AssertUnwindSafe(|| body(&bytes)));
            assert!(result.is_ok(), "{name} breaks on {bytes:?} (FUZZ_SEED={seed}, round {round})");
        }
    }
}
