//! Tests names, damage and order with a few lines of every kind.

use super::*;
use crate::instruments::index::build;
use crate::instruments::row::SymbolForm;
use proptest::prelude::*;

pub(in crate::instruments) const HEADER: &str = "SEM_EXM_EXCH_ID,SEM_SEGMENT,SEM_SMST_SECURITY_ID,SEM_INSTRUMENT_NAME,SEM_EXPIRY_CODE,SEM_TRADING_SYMBOL,SEM_LOT_UNITS,SEM_CUSTOM_SYMBOL,SEM_EXPIRY_DATE,SEM_STRIKE_PRICE,SEM_OPTION_TYPE,SEM_TICK_SIZE,SEM_EXPIRY_FLAG,SEM_EXCH_INSTRUMENT_TYPE,SEM_SERIES,SM_SYMBOL_NAME";

/// A few lines of every kind, with names that are hard to tell apart.
pub(in crate::instruments) const SMALL: &str = "
BSE,C,1026077,FUTCUR,0,USDINR-28Aug2026-FUT,1.0,USDINR AUG FUT,2026-08-28 14:30:00,-0.01000,XX,0.2500,M,FUTCUR,,USDINR
BSE,E,500325,EQUITY,0,RELIANCE,1.0,Reliance Industries,,,,5.0000,NA,ES,A,RELIANCE INDUSTRIES LTD.
BSE,E,544268,EQUITY,0,METAL,1.0,Mirae Asset Nifty Metal ETF,,,,1.0000,NA,ETF,B,MIRAE
NSE,D,59183,FUTIDX,0,NIFTY-Feb2026-FUT,65.0,NIFTY FEB FUT,2026-02-24 14:30:00,-0.01000,XX,10.0000,M,FUT,,
NSE,D,100,OPTIDX,0,NIFTY-Feb2026-31200-CE,65.0,NIFTY 17 FEB 31200 CALL,2026-02-17 14:30:00,31200.00000,CE,5.0000,W,OP,,
NSE,D,101,OPTIDX,0,NIFTY-Feb2026-31200-CE,65.0,NIFTY 24 FEB 31200 CALL,2026-02-24 14:30:00,31200.00000,CE,5.0000,M,OP,,
NSE,D,102,OPTIDX,0,NIFTY-Feb2026-31200-CE,65.0,NIFTY 03 FEB 31200 CALL,2026-02-03 14:30:00,31200.00000,CE,5.0000,W,OP,,
NSE,D,103,OPTIDX,0,NIFTY-Mar2026-31200-CE,65.0,NIFTY 30 MAR 31200 CALL,2026-03-30 14:30:00,31200.00000,CE,5.0000,M,OP,,
NSE,D,104,OPTSTK,0,M&M-Feb2026-4000-PE,200.0,M&M 24 FEB 4000 PUT,2026-02-24 14:30:00,4000.00000,PE,5.0000,M,OP,,
NSE,E,2885,EQUITY,0,RELIANCE,1.0,Reliance Industries,,,,10.0000,NA,ES,EQ,RELIANCE INDUSTRIES LTD
NSE,E,4204,EQUITY,0,MOTHERSON,1.0,Samvardhana Motherson International,,,,1.0000,NA,ES,EQ,SAMVARDHANA MOTHERSON
NSE,E,25510,EQUITY,0,MOTHERSON,1.0,SMIL-6.5%-20092027-NCD,,,,1.0000,NA,DEB,D1,SMIL
NSE,E,14219,EQUITY,0,IMC1,1.0,IMC-8.25%-20022028-NCD,,,,1.0000,NA,DEB,N1,IMC
NSE,E,14224,EQUITY,0,IMC1,1.0,IMC-8.25%-20022030-NCD,,,,1.0000,NA,DEB,N2,IMC
NSE,E,25744,EQUITY,0,METAL,1.0,Mirae Asset Nifty Metal ETF,,,,1.0000,NA,ETF,EQ,MIRAE
NSE,E,2031,EQUITY,0,M&amp;M,1.0,Mahindra &amp; Mahindra,,,,5.0000,NA,ES,EQ,MAHINDRA &amp; MAHINDRA 
NSE,M,148560,OPTFUT,0,SILVERM-23Oct2026-273000-PE,1.0,SILVERM 23 OCT 273000 PUT,2026-10-23 20:00:00,273000.00000,PE,50.0000,M,OPTFUT,1,SILVERM
NSE,I,13,INDEX,0,NIFTY,1.0,Nifty 50,0001-01-01,,XX,0.0500,,INDEX,X,NIFTY
BSE,I,75,INDEX,0,METAL,1.0,BSE Metals,0001-01-01,,XX,0.0100,,INDEX,X,METAL
BSE,I,99,INDEX,0,CAPINS,1.0,BSE Capital Markets & Insurance,0001-01-01,,XX,0.0100,,INDEX,X,CAPINS
BSE,I,846,INDEX,0,CAPINS,1.0,BSE Capital Goods Industrial Solutions,0001-01-01,,XX,0.0100,,INDEX,X,CAPINS";

pub(in crate::instruments) fn small() -> Master {
    master(&format!("{HEADER}{SMALL}"))
}

pub(in crate::instruments) fn master(csv: &str) -> Master {
    let csv = Bytes::Memory(csv.as_bytes().to_vec());
    let built = build(&csv).unwrap();
    Master::from_parts(Arc::new(csv), &built).unwrap()
}

fn ids(master: &Master, name: &str) -> Vec<(NameLevel, u32)> {
    master.by_name(name).unwrap().into_iter().map(|(level, found)| (level, found.entry.id)).collect()
}

fn symbol(master: &Master, id: u32) -> String {
    let found = SpecSegment::ALL.iter().find_map(|&segment| master.by_id(segment, id).unwrap()).unwrap();
    found.row(master.columns()).unwrap().symbol(found.entry.form).unwrap().into_owned()
}

#[test]
fn a_name_finds_every_row_that_has_it_and_says_how() {
    let master = small();
    for (name, expected) in [
        ("reliance", vec![(NameLevel::Ours, 500_325), (NameLevel::Ours, 2885)]),
        ("NIFTY", vec![(NameLevel::Ours, 13)]),
        ("Nifty  50", vec![(NameLevel::Display, 13)]),
        ("NIFTY-Feb2026-31200-CE", vec![(NameLevel::Master, 100), (NameLevel::Master, 101), (NameLevel::Master, 102)]),
        ("nifty-24feb2026-31200-ce", vec![(NameLevel::Ours, 101)]),
        ("NIFTY 24 FEB 31200 CALL", vec![(NameLevel::Display, 101)]),
        ("MOTHERSON", vec![(NameLevel::Ours, 4204), (NameLevel::Master, 25510)]),
        ("MOTHERSON-D1", vec![(NameLevel::Ours, 25510)]),
        ("MOTHERSON-EQ", vec![(NameLevel::Master, 4204)]),
        ("M&M", vec![(NameLevel::Ours, 2031)]),
        ("Mahindra & Mahindra", vec![(NameLevel::Display, 2031)]),
        ("CAPINS-99", vec![(NameLevel::Ours, 99)]),
        ("CAPINS", vec![(NameLevel::Master, 99), (NameLevel::Master, 846)]),
        ("NOTHING", vec![]),
    ] {
        assert_eq!(ids(&master, name), expected, "{name}");
    }
}

#[test]
fn symbols_are_unique_in_their_segment_and_as_short_as_that_allows() {
    let master = small();
    for (id, expected) in
        [(2885, "RELIANCE"), (25510, "MOTHERSON-D1"), (14219, "IMC1-N1"), (846, "CAPINS-846"), (2031, "M&M")]
    {
        assert_eq!(symbol(&master, id), expected);
    }
}

#[test]
fn a_symbol_with_its_series_that_is_another_share_gets_its_id() {
    let row = |id, symbol, series| format!("\nNSE,E,{id},EQUITY,0,{symbol},1.0,X{id},,,,1.0000,NA,ES,{series},X");
    let csv = format!(
        "{HEADER}{}{}{}{}{}{}",
        row(1, "ABC", "EQ"),
        row(2, "ABC", "D1"),
        row(3, "ABC-D1", "EQ"),
        row(4, "DEF", "N1"),
        row(5, "DEF", "N1"),
        row(6, "GHI", "")
    );
    let master = master(&csv);
    let symbols: Vec<_> = (1..=6).map(|id| symbol(&master, id)).collect();
    assert_eq!(symbols, ["ABC", "ABC-D1-2", "ABC-D1", "DEF-N1-4", "DEF-N1-5", "GHI"]);
}

#[test]
fn a_long_list_does_not_hold_the_whole_index_in_memory() {
    let rows = 50_000;
    let lines = (0..rows).map(|i| format!("\nNSE,E,{i},EQUITY,0,SHARE{i},1.0,Share {i},,,,5.0000,NA,ES,EQ,SHARE {i}"));
    let master = master(&(HEADER.to_owned() + &lines.collect::<String>()));
    let mut most = 0;
    for id in (0..rows).step_by(7) {
        assert!(master.by_id(SpecSegment::Feed(crate::model::Segment::NSE_EQ), id).unwrap().is_some(), "{id}");
        most = most.max(master.cache.borrow().len());
    }
    assert_eq!(most, KEPT, "the list touches more blocks than are kept");
}

#[test]
fn every_row_is_scanned_once_in_order() {
    let master = small();
    master.verify().unwrap();
    let mut ids = Vec::new();
    master
        .scan::<MasterError>(
            |_, _| true,
            |_, _, row| {
                ids.push(row.id);
                Ok(ControlFlow::Continue(()))
            },
        )
        .unwrap();
    let expected: Vec<u32> =
        SMALL.trim().lines().map(|line| line.split(',').nth(2).unwrap().parse().unwrap()).collect();
    assert_eq!(ids, expected);
}

#[test]
fn damaged_lines_cost_only_themselves_until_there_are_too_many() {
    let good: String =
        (0..500).map(|id| format!("\r\nNSE,E,{id},EQUITY,0,S{id},1.0,D{id},,,,1.0000,NA,ES,EQ,N")).collect();
    let long = "x".repeat(10 << 20);
    let csv = format!(
        "\u{feff}{HEADER}\r\nNSE,E,nonsense\r\n{long}\r\nNSE,E,900,EQUITY,0,\"A,1.0,D,,,,1.0000,NA,ES,EQ,N\r\n\r\nNSE,E,3,EQUITY,0,AGAIN,1.0,D,,,,1.0000,NA,ES,EQ,N{good}\r\n"
    );
    let bytes = Bytes::Memory(csv.clone().into_bytes());
    let built = build(&bytes).unwrap();
    // The id 3 occurs twice; the first one counts.
    assert_eq!((built.footer.rows, built.footer.bad), (500, 4));
    let master = master(&csv);
    assert_eq!(ids(&master, "AGAIN").len() + ids(&master, "S499").len(), 2);
    let worse = csv.replacen("\r\nNSE,E,1", "\r\nNSE,E,y", 5);
    assert!(matches!(build(&Bytes::Memory(worse.into_bytes())), Err(build::BuildError::Damaged { .. })));
}

#[test]
fn a_file_that_is_cut_off_is_refused() {
    let csv = format!("{HEADER}{SMALL}");
    let whole = build(&Bytes::Memory(csv.clone().into_bytes())).unwrap().footer.rows;
    let last = csv.rfind('\n').unwrap();
    for end in 0..csv.len() - 7 {
        let cut = build(&Bytes::Memory(csv.as_bytes()[..end].to_vec()));
        match cut {
            Err(_) => {}
            // Cut at the end of a line, or inside its last field: there are fewer rows, which the store compares.
            Ok(built) => assert!(built.footer.rows < whole && end < last + 120, "{end}"),
        }
    }
}

#[test]
fn forms_survive_the_index() {
    for form in [SymbolForm::Base, SymbolForm::Series, SymbolForm::Id, SymbolForm::SeriesId] {
        assert_eq!(SymbolForm::of(form as u8), Some(form));
    }
}

fn whole_file() -> Vec<u8> {
    let csv = Bytes::Memory(format!("{HEADER}{SMALL}").into_bytes());
    let built = build(&csv).unwrap();
    let Bytes::Memory(mut bytes) = csv else { unreachable!("it was made of memory") };
    built.write(&mut bytes, &index::Source::default()).unwrap();
    bytes
}

/// Returns the fields of a row as the file has them.
fn text(found: &Found) -> String {
    let fields = found.line.fields();
    (0..fields.count()).map(|at| fields.as_written(at)).collect::<Vec<_>>().join(",")
}

/// Returns the answers of a file to a few queries; an error is an answer too.
fn answers(bytes: Vec<u8>) -> Result<Vec<(NameLevel, u32, String)>, MasterError> {
    let master = Master::from_bytes(Arc::new(Bytes::Memory(bytes)))?;
    let mut all = Vec::new();
    for name in ["RELIANCE", "NIFTY", "METAL", "NIFTY-Feb2026-31200-CE", "NOTHING"] {
        all.extend(master.by_name(name)?.into_iter().map(|(level, found)| (level, found.entry.id, text(&found))));
    }
    if let Some(found) = master.by_id(SpecSegment::ALL[1], 4204)? {
        all.push((NameLevel::Ours, found.entry.id, text(&found)));
    }
    let names = master.names()?;
    all.push((NameLevel::Ours, u32::try_from(names.len()).unwrap(), String::new()));
    master.verify()?;
    Ok(all)
}

#[test]
fn any_flipped_bit_is_noticed_or_changes_nothing() {
    let whole = whole_file();
    let right = answers(whole.clone()).unwrap();
    assert_eq!(right.len(), 2 + 1 + 3 + 3 + 1 + 1);
    let mut noticed = 0;
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        match answers(bytes) {
            Ok(all) => assert_eq!(all, right, "byte {at}"),
            Err(_) => noticed += 1,
        }
    }
    // These queries read everything except the second copy of the footer.
    assert!(noticed >= whole.len() - 2 * blocks::BLOCK, "{noticed} of {}", whole.len());
}

#[test]
fn a_footer_with_a_right_checksum_and_impossible_sizes_is_damage_and_no_panic() {
    let whole = whole_file();
    let said = &whole[whole.len() - blocks::BLOCK..][..blocks::CONTENT];
    let footer: Footer = serde_json::from_slice(said).unwrap();
    for lie in [
        Footer { csv_len: u64::MAX, ..footer.clone() },
        Footer { header_len: u32::MAX, ..footer.clone() },
        Footer { rows: u32::MAX, exact: u32::MAX, ..footer.clone() },
    ] {
        let mut text = serde_json::to_vec(&lie).unwrap();
        text.resize(blocks::CONTENT, b' ');
        text.extend(blocks::checksum(&text, 0, build::FOOTER, 0).to_le_bytes());
        let mut file = whole[..whole.len() - 2 * blocks::BLOCK].to_vec();
        file.extend([&text[..], &text[..]].concat());
        let opened = Master::from_bytes(Arc::new(Bytes::Memory(file)));
        assert!(matches!(opened, Err(MasterError::Damaged(_))), "{lie:?}");
    }
}

#[test]
fn a_truncated_file_is_noticed() {
    let whole = whole_file();
    for len in (0..whole.len()).step_by(97) {
        assert!(answers(whole[..len].to_vec()).is_err(), "{len}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let _ = build(&Bytes::Memory(bytes.clone()));
        let mut csv = format!("{HEADER}\n").into_bytes();
        csv.extend(bytes);
        let _ = build(&Bytes::Memory(csv));
    }

    #[test]
    fn columns_in_any_order_give_the_same_rows(order in Just((0..16).collect::<Vec<usize>>()).prop_shuffle(), crlf: bool) {
        let shuffle = |line: &str| {
            let fields: Vec<_> = line.split(',').collect();
            order.iter().map(|&at| fields[at]).collect::<Vec<_>>().join(",")
        };
        let lines: Vec<_> = format!("{HEADER}{SMALL}").lines().map(shuffle).collect();
        let master = master(&lines.join(if crlf { "\r\n" } else { "\n" }));
        prop_assert_eq!(ids(&master, "NIFTY-Feb2026-31200-CE").len(), 3);
        prop_assert_eq!(symbol(&master, 25510), "MOTHERSON-D1");
    }
}
