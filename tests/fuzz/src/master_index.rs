//! The cached master with its index, damaged: it says so, or answers as before; never otherwise.

use super::master_rows::COMPACT;
use super::take::Take;
use dhan::testing::instruments::SpecSegment;
use dhan::testing::instruments::index::blocks::{BLOCK, Bytes, CONTENT, checksum};
use dhan::testing::instruments::index::build::{FOOTER, build};
use dhan::testing::instruments::index::{Footer, Source};
use dhan::testing::instruments::master::Master;
use dhan::testing::model::Segment;
use std::sync::{Arc, LazyLock};

const NSE: SpecSegment = SpecSegment::Feed(Segment::NSE_EQ);
const NFO: SpecSegment = SpecSegment::Feed(Segment::NSE_FNO);
/// More than one block of names.
const SHARES: u32 = 600;

/// A whole file: the CSV and its index.
static WHOLE: LazyLock<(Vec<u8>, Footer)> = LazyLock::new(|| {
    let mut csv = format!("{COMPACT}\n");
    for id in 1..=SHARES {
        csv += &format!("NSE,E,{id},EQUITY,0,S{id},1.0,Share {id},,,,5.0000,NA,ES,EQ,SHARE {id} LTD\n");
    }
    csv += "NSE,D,35084,OPTIDX,0,NIFTY-Sep2030-29150-CE,65.0,NIFTY 29 SEP 29150 CALL,2030-09-24 14:30:00,29150.00000,CE,5.0000,M,OP,NA,NIFTY\n";
    let csv = Bytes::Memory(csv.into_bytes());
    let built = build(&csv).expect("a master");
    let Bytes::Memory(mut file) = csv else { unreachable!("it was made of memory") };
    built.write(&mut file, &Source::default()).expect("memory takes everything");
    let text = &file[file.len() - BLOCK..][..CONTENT];
    (file.clone(), serde_json::from_slice(text).expect("a footer"))
});

/// Asks what is known; every answer must be the right one.
fn ask(file: Vec<u8>) {
    let Ok(master) = Master::from_bytes(Arc::new(Bytes::Memory(file))) else { return };
    for id in [1, 2, 77, 203, 204, 205, 511, 512, SHARES] {
        if let Ok(found) = master.by_id(NSE, id) {
            let found = found.expect("a share that is there is not told to be missing");
            let fields = found.line.fields();
            let read = [0, 1, 2, 3, 5].map(|at| fields.as_written(at).to_owned());
            assert_eq!(read, ["NSE", "E", &id.to_string(), "EQUITY", &format!("S{id}")]);
        }
        if let Ok(named) = master.by_name(&format!("s{id}")) {
            assert_eq!(named.iter().map(|(_, found)| found.entry.id).collect::<Vec<_>>(), [id]);
        }
    }
    if let Ok(found) = master.by_id(NFO, 35084) {
        assert!(found.is_some_and(|found| found.line.fields().as_written(5) == "NIFTY-Sep2030-29150-CE"));
    }
    if let Ok(named) = master.by_name("NIFTY-24Sep2030-29150-CE") {
        assert_eq!(named.len(), 1);
    }
    for missing in ["S0", "S601", "TCS"] {
        if let Ok(named) = master.by_name(missing) {
            assert_eq!(named.len(), 0, "{missing} is not there");
        }
    }
    let _ = (master.verify(), master.names());
}

/// Flips bytes, and cuts.
fn damaged(take: &mut Take<'_>) -> Vec<u8> {
    let mut file = WHOLE.0.clone();
    if take.bit() {
        file.truncate(file.len().saturating_sub(usize::from(take.u16())));
    }
    while !take.is_empty() {
        let (from_end, at, flip) = (take.bit(), take.u32() as usize, take.u8());
        let at = if from_end { file.len().saturating_sub(at % (4 * BLOCK)) } else { at % file.len().max(1) };
        if let Some(byte) = file.get_mut(at) {
            *byte ^= flip;
        }
    }
    file
}

/// A footer whose checksum is right and whose numbers are not.
fn lying(take: &mut Take<'_>) -> Vec<u8> {
    let (file, footer) = &*WHOLE;
    let mut footer = footer.clone();
    while !take.is_empty() {
        let big = take.bit();
        let (small, large) = (take.u32(), take.u64());
        let number = if big { large } else { u64::from(small) };
        let short = number as u32;
        match take.u8() % 10 {
            0 => footer.csv_len = number,
            1 => footer.header_len = short,
            2 => footer.rows = short,
            3 => footer.exact = short,
            4 => footer.directory.0 = short,
            5 => footer.names.0 = short,
            6 => footer.csv_crc = short,
            7 => footer.header_crc = short,
            8 => footer.directory.1 = short,
            _ => footer.version = short,
        }
    }
    let mut text = serde_json::to_vec(&footer).expect("a footer");
    text.resize(CONTENT, b' ');
    let sum = checksum(&text, 0, FOOTER, 0);
    text.extend(sum.to_le_bytes());
    let mut lying = file[..file.len() - 2 * BLOCK].to_vec();
    lying.extend_from_slice(&text);
    lying.extend_from_slice(&text);
    lying
}

/// The first byte says how it is damaged.
pub fn run(data: &[u8]) {
    let mut take = Take(data);
    match take.u8() % 3 {
        0 => ask(damaged(&mut take)),
        // A wrong footer with a right checksum is no damage that happens; it must be survived all the same.
        1 => {
            if let Ok(master) = Master::from_bytes(Arc::new(Bytes::Memory(lying(&mut take)))) {
                let _ = (master.by_id(NSE, 1).is_ok(), master.by_name("S2").is_ok(), master.verify().is_ok());
                let _ = master.names().is_ok();
            }
        }
        _ => {
            let mut file = take.0.to_vec();
            file.resize(file.len().max(2 * BLOCK), 0);
            ask(file);
        }
    }
}
