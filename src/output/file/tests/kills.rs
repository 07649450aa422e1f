//! Tests killed runs: a kill after each operating-system call, twice in a row.

use super::*;
use crate::model::Micros;

/// Records how far a run got.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    /// Lines that are certainly in the file: written, and flushed if the file is compressed.
    safe: i64,
    /// Lines given to the destination.
    given: i64,
    now: Micros,
    /// Beginning of the gap of earlier killed runs.
    restarted: Option<Micros>,
    finished: bool,
}

/// Opens, writes up to 24 lines a minute into files of a minute and of 400 bytes, and ends in order; `progress`
/// survives a kill.
fn run_until_killed(fs: Arc<dyn Filesystem>, spec: FileSpec, progress: &mut Progress) {
    let OpenedFile { mut sink, restarted } = FileSink::open_on(fs, spec, progress.now, &quiet()).unwrap();
    assert!(restarted.len() <= 1);
    progress.restarted = restarted.first().map(|restarted| restarted.from);
    let end = |at: Micros| format!("{{\"type\":\"end\",\"recv_us\":{}}}\n", at.get());
    for _ in 0..12 {
        progress.now = progress.now.plus_us(10 * SECOND_US);
        let text = line(progress.given, progress.now);
        if progress.now >= sink.boundary() || sink.wants_rotation(text.len()) {
            sink.rotate(progress.now, Some(end(progress.now).as_bytes())).unwrap();
        }
        progress.given += 1;
        sink.write(text.as_bytes()).unwrap();
        sink.tick(progress.now).unwrap();
        progress.safe = progress.given;
    }
    sink.finish(Some(end(progress.now).as_bytes())).unwrap();
    progress.finished = true;
}

#[test]
fn whichever_call_is_the_last_before_a_kill_nothing_is_lost_and_no_marker_is_left() {
    for (name, size) in [
        ("x.ndjson", Some(400)),
        ("x-{minute}.ndjson", None),
        ("x-{minute}.ndjson", Some(400)),
        ("x-{minute}.ndjson.zst", None),
        ("x-{minute}.ndjson.gz", None),
    ] {
        let mut rng = fastrand::Rng::with_seed(7);
        for at in 1.. {
            let dir = tempfile::tempdir().unwrap();
            let spec = || FileSpec { rotate_size: size, ..spec(dir.path(), name) };
            let mut progress = Progress { now: START, ..Progress::default() };
            let mut runs = Vec::new();
            // A second kill comes early, during the recovery from the first one.
            for at in [at, rng.usize(1..40), usize::MAX] {
                (progress.finished, progress.restarted) = (false, None);
                let fs = Faulty::new(at, Fault::Killed);
                let unwinding = std::panic::AssertUnwindSafe(|| run_until_killed(fs, spec(), &mut progress));
                match std::panic::catch_unwind(unwinding) {
                    Err(payload) if !payload.is::<Kill>() => std::panic::resume_unwind(payload),
                    _ => {}
                }
                runs.push(progress);
            }
            let context = format!("{name}, {size:?}, at call {at}: {runs:?}");
            let found = numbers(dir.path());
            // A line that was being written may be present or in a torn tail; every other line is present once.
            let in_flight = |n: &i64| runs.iter().any(|run| (run.safe..run.given).contains(n));
            assert!(found.is_sorted_by(|a, b| a < b), "{context}: {found:?}");
            let sure = found.iter().copied().filter(|n| !in_flight(n));
            assert!(sure.eq((0..runs[2].given).filter(|n| !in_flight(n))), "{context}: {found:?}");
            let left: Vec<String> = names(dir.path()).into_iter().filter(|name| name.ends_with(".dhan")).collect();
            assert_eq!(left, [] as [&str; 0], "{context}");
            if !runs[0].finished && !runs[1].finished && runs[0].safe > 0 {
                let times = lines(dir.path()).into_iter().filter_map(|line| line["recv_us"].as_i64()).map(Micros::new);
                let last = times.filter(|&at| at <= runs[1].now).max();
                assert_eq!(runs[2].restarted, last, "{context}");
            }
            if runs[0].finished {
                assert!(at > 60, "{context}");
                break;
            }
        }
    }
}
