//! The documents of `dhan schema`, checked against golden records by Python's jsonschema.

use dhan::testing::record::RecordType;
use serde_json::Value;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Exit code of the script if the validator is not installed.
const NOT_INSTALLED: i32 = 77;

#[test]
fn every_golden_record_is_valid_by_the_schema_of_its_type() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = std::fs::read_dir(root.join("tests/golden")).unwrap().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|ext| ext == "ndjson")).collect();
    files.sort();
    let mut command = Command::new(std::env::var("DHAN_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned()));
    command.arg(root.join("tests/python/validate_records.py")).arg(crate::support::DHAN);
    let output = match command.args(files).stdin(Stdio::null()).output() {
        Ok(output) if output.status.code() != Some(NOT_INSTALLED) => output,
        _ => {
            let _ =
                writeln!(std::io::stderr(), "skipped: Python's jsonschema is not installed (pip install jsonschema)");
            return;
        }
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let counts: Value = serde_json::from_slice(&output.stdout).expect("counts");
    for kind in RecordType::ALL {
        assert!(counts[kind.name()].as_u64() > Some(0), "no golden line is a {}: {counts}", kind.name());
    }
}
