//! The complete master of 2026-02-10 and real rows of the detailed file; skipped if the data is not on this machine.

use crate::support::skipped;
use dhan::testing::console::Console;
use dhan::testing::instruments::filter::Filter;
use dhan::testing::instruments::index::{Bytes, Source, build};
use dhan::testing::instruments::master::{Master, MasterError};
use dhan::testing::instruments::record::values;
use dhan::testing::instruments::search::{Words, search};
use dhan::testing::instruments::{Layout, Question, Resolution, Spec, SpecSegment, Store, Streamable, resolve};
use dhan::testing::model::exit::Exit;
use jiff::civil::{Date, date};
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const TODAY: Date = date(2026, 2, 10);

fn data(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/instruments").join(name);
    if path.exists() {
        return Some(path);
    }
    skipped(&format!("{name} is not on this machine"));
    None
}

/// The complete master, with its index, in a cache folder of its own.
struct Real {
    folder: tempfile::TempDir,
    csv: Vec<u8>,
}

impl Real {
    fn new() -> Option<Real> {
        let path = data("compact_full.csv.gz")?;
        let mut csv = Vec::new();
        flate2::read::GzDecoder::new(File::open(path).unwrap()).read_to_end(&mut csv).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let real = Real { folder, csv };
        let mut file = File::create_new(real.path()).unwrap();
        file.write_all(&real.csv).unwrap();
        let built = build(&Bytes::File(File::open(real.path()).unwrap())).unwrap();
        built.write(&mut file, &Source::default()).unwrap();
        Some(real)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("compact.master")
    }

    fn resolved(&self, texts: &[&str]) -> Resolution {
        let store = Store {
            dir: Some(self.folder.path().to_owned()),
            layout: Layout::Compact,
            url: "https://localhost/".to_owned(),
            offline: true,
            ca_file: None,
            until: None,
        };
        let specs: Vec<_> = texts.iter().map(|text| Spec::parse(text).unwrap()).collect();
        resolve(
            Question { specs: &specs, streamable: Streamable::Feed, today: TODAY, expired: false },
            &store,
            &Console::default(),
        )
        .unwrap()
    }

    fn key(&self, text: &str) -> String {
        match &self.resolved(&[text]).instruments[0] {
            Ok(one) => format!("{} {}", one.key, one.symbol.as_deref().unwrap_or("?")),
            Err(problem) => problem.to_string(),
        }
    }
}

fn ids(master: &Master, name: &str) -> Vec<String> {
    let found = master.by_name(name).unwrap();
    found.iter().map(|(_, found)| format!("{}:{}", found.entry.segment(), found.entry.id)).collect()
}

#[test]
fn searches_of_the_complete_master_find_the_expected_instruments() {
    let Some(real) = Real::new() else { return };
    let master = Master::open(&real.path()).unwrap();
    master.verify().unwrap();

    // The list has the same keys in the same order as the file.
    let mut reader = csv::ReaderBuilder::new().from_reader(real.csv.as_slice());
    let mut expected = reader.records().map(|record| {
        let record = record.unwrap();
        (format!("{} {}", &record[0], &record[1]), record[2].to_owned(), record[5].trim().to_owned())
    });
    let mut symbols: BTreeMap<SpecSegment, HashSet<String>> = BTreeMap::new();
    let mut rows = 0;
    master
        .scan::<MasterError>(
            |_, _| true,
            |_, entry, row| {
                rows += 1;
                let (place, id, trading) = expected.next().unwrap();
                assert_eq!(row.id.to_string(), id);
                let places: &[&str] = match row.segment.name() {
                    "IDX_I" => &["NSE I", "BSE I"],
                    "NSE_EQ" => &["NSE E"],
                    "NSE_FNO" => &["NSE D"],
                    "NSE_CURRENCY" => &["NSE C"],
                    "NSE_COMM" => &["NSE M"],
                    "BSE_EQ" => &["BSE E"],
                    "BSE_FNO" => &["BSE D"],
                    "BSE_CURRENCY" => &["BSE C"],
                    _ => &["MCX M"],
                };
                assert!(places.contains(&place.as_str()), "{place}");
                assert_eq!(values(row, entry.form).len(), 18);
                let symbol = row.symbol(entry.form).unwrap().into_owned();
                assert!(row.kind.is_contract() || symbol.starts_with(&trading), "{symbol}");
                // Unique in its segment, even with expired contracts.
                assert!(symbols.entry(row.segment).or_default().insert(symbol.to_uppercase()), "{symbol}");
                Ok(ControlFlow::Continue(()))
            },
        )
        .unwrap();
    assert!(expected.next().is_none());
    assert_eq!((rows, symbols[&SpecSegment::NseComm].len()), (273_027, 44_642));
    drop(expected);

    assert_eq!(ids(&master, "RELIANCE"), ["BSE_EQ:500325", "NSE_EQ:2885"]);
    assert_eq!(ids(&master, "NIFTY-Feb2026-31200-CE").len(), 2);
    for (text, answer) in [
        ("RELIANCE", "NSE_EQ:2885 RELIANCE"),
        ("NIFTY", "IDX_I:13 NIFTY"),
        ("MOTHERSON", "NSE_EQ:4204 MOTHERSON"),
        ("NSE_EQ:MOTHERSON-D1", "NSE_EQ:25510 MOTHERSON-D1"),
        ("SENSEX", "IDX_I:51 SENSEX"),
        ("M&M", "NSE_EQ:2031 M&M"),
        ("NSE_FNO:35125", "NSE_FNO:35125 NIFTY-24Feb2026-31300-CE"),
        ("NIFTY 24 FEB 31300 CALL", "NSE_FNO:35125 NIFTY-24Feb2026-31300-CE"),
    ] {
        assert_eq!(real.key(text), answer);
    }
    assert_eq!(real.resolved(&["RELIANCE"]).notices[0], "RELIANCE = NSE_EQ:2885 (also BSE_EQ:500325)");
    let refused = real.resolved(&["METAL", "NIFTY-Feb2026-31200-CE", "RELIENCE"]).failure().unwrap();
    assert_eq!(refused.exit, Exit::NotFound);
    for part in [
        "IDX_I:75  METAL",
        "NSE_EQ:25744  METAL",
        "BSE_EQ:544268  METAL",
        "expires 2026-02-24",
        "NSE_EQ:2885  RELIANCE",
    ] {
        assert!(refused.message.contains(part), "{}", refused.message);
    }

    // Words match in any order, and skipping rows by the index loses none.
    let filter = Filter::default();
    let ready = filter.ready(&master, TODAY).unwrap();
    let rows = search(&master, &Words::of("industries reliance").unwrap(), &ready).unwrap();
    let first = master.entry(rows[0]).unwrap();
    assert_eq!((first.segment().name(), first.id), ("NSE_EQ", 2885));

    // Flipped bytes: the right result, or an error.
    let right = ids(&master, "RELIANCE");
    let file = File::options().read(true).write(true).open(real.path()).unwrap();
    let len = file.metadata().unwrap().len();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let footers = len - 2 * 4096;
    for round in 0..10_000u64 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        // Half of the flipped bytes are in the index.
        let at = if round % 2 == 0 {
            random % len
        } else {
            master.footer().csv_len + random % (footers - master.footer().csv_len)
        };
        let mut byte = [0];
        file.read_exact_at(&mut byte, at).unwrap();
        file.write_all_at(&[byte[0] ^ (1 << (random >> 61))], at).unwrap();
        if let Ok(master) = Master::open(&real.path())
            && let Ok(found) = master.by_name("RELIANCE")
        {
            let found: Vec<_> = found.iter().map(|(_, f)| format!("{}:{}", f.entry.segment(), f.entry.id)).collect();
            assert_eq!(found, right, "byte {at}");
        }
        file.write_all_at(&byte, at).unwrap();
    }
    assert_eq!(ids(&Master::open(&real.path()).unwrap(), "RELIANCE"), right);
}

#[test]
fn real_rows_of_the_detailed_file_are_read() {
    let read = |name| {
        let csv = Bytes::File(File::open(data(name)?).unwrap());
        let built = build(&csv).unwrap();
        assert_eq!((built.footer.layout, built.footer.bad, built.footer.ignored), (Layout::Detailed, 0, 0), "{name}");
        Some(Master::from_parts(Arc::new(csv), &built).unwrap())
    };
    let Some(newest) = read("detailed_32_columns_rows.csv") else { return };
    let text = |name: &str, field: usize| {
        let (_, found) = newest.by_name(name).unwrap().remove(0);
        let row = found.row(newest.columns()).unwrap();
        values(&row, found.entry.form)[field].text().into_owned()
    };
    assert_eq!(ids(&newest, "NIFTY-29Sep2026-29150-CE"), ["NSE_FNO:35084"]);
    assert_eq!(ids(&newest, "NIFTY-Sep2026-29150-CE"), ["NSE_FNO:35084"]);
    assert_eq!(ids(&newest, "USDINR-28Aug2024-FUT"), ["BSE_CURRENCY:1026077"]);
    assert_eq!(ids(&newest, "NIFTY"), ["IDX_I:13"]);
    assert_eq!(
        (text("NIFTY-Sep2026-29150-CE", 15), text("NIFTY-Sep2026-29150-CE", 9)),
        ("1756".into(), "26000".into())
    );
    assert_eq!(
        (text("NIFTY-Sep2026-29150-CE", 16), text("NIFTY-Sep2026-29150-CE", 17)),
        ("0.05".into(), "20.1".into())
    );

    let Some(older) = read("detailed_31_columns.csv") else { return };
    assert_eq!(ids(&older, "RELIANCE"), ["NSE_EQ:2885"]);
    assert_eq!(ids(&older, "NIFTY"), ["IDX_I:13"]);
    assert_eq!(ids(&older, "ARE&M"), ["NSE_EQ:100"]);
}
