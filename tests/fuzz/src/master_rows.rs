//! Lines of the instrument master, below any header; and a whole file of them, indexed and asked for what it holds.

use dhan::testing::instruments::index::blocks::Bytes;
use dhan::testing::instruments::index::build::build;
use dhan::testing::instruments::layout::MasterColumns;
use dhan::testing::instruments::line::Line;
use dhan::testing::instruments::master::Master;
use dhan::testing::instruments::record::{FIELDS, values, write_json};
use dhan::testing::instruments::row::{MasterRow, SymbolForm};
use dhan::testing::instruments::{Layout, SpecSegment};
use std::ops::ControlFlow;
use std::sync::Arc;

/// The compact file's header.
pub const COMPACT: &str = "SEM_EXM_EXCH_ID,SEM_SEGMENT,SEM_SMST_SECURITY_ID,SEM_INSTRUMENT_NAME,SEM_EXPIRY_CODE,SEM_TRADING_SYMBOL,SEM_LOT_UNITS,SEM_CUSTOM_SYMBOL,SEM_EXPIRY_DATE,SEM_STRIKE_PRICE,SEM_OPTION_TYPE,SEM_TICK_SIZE,SEM_EXPIRY_FLAG,SEM_EXCH_INSTRUMENT_TYPE,SEM_SERIES,SM_SYMBOL_NAME";
/// The detailed file's header, with the trailing comma of its newest form.
pub const DETAILED: &str = "EXCH_ID,SEGMENT,SECURITY_ID,ISIN,INSTRUMENT,UNDERLYING_SECURITY_ID,UNDERLYING_SYMBOL,SYMBOL_NAME,DISPLAY_NAME,INSTRUMENT_TYPE,SERIES,LOT_SIZE,SM_EXPIRY_DATE,STRIKE_PRICE,OPTION_TYPE,TICK_SIZE,EXPIRY_FLAG,BRACKET_FLAG,COVER_FLAG,ASM_GSM_FLAG,ASM_GSM_CATEGORY,BUY_SELL_INDICATOR,BUY_CO_MIN_MARGIN_PER,BUY_CO_SL_RANGE_MAX_PERC,BUY_CO_SL_RANGE_MIN_PERC,BUY_BO_MIN_MARGIN_PER,BUY_BO_PROFIT_RANGE_MAX_PERC,BUY_BO_PROFIT_RANGE_MIN_PERC,MTF_LEVERAGE,SM_UPPER_LIMIT,SM_LOWER_LIMIT,SM_FREEZE_QTY,";

const FORMS: [SymbolForm; 4] = [SymbolForm::Base, SymbolForm::Series, SymbolForm::Id, SymbolForm::SeriesId];

fn row(columns: &MasterColumns, line: &[u8]) {
    let mut split = Line::default();
    let Some(fields) = split.split(line) else { return };
    let Ok(row) = MasterRow::parse(columns, fields) else { return };
    let _ = (row.trading(), row.base(), row.with_series(), row.underlying_id());
    assert!(row.raw().count() >= 3, "a row has at least what it cannot do without");
    for form in FORMS {
        if let Some(symbol) = row.symbol(form) {
            assert!(!symbol.is_empty());
        }
        let values = values(&row, form);
        let fields: Vec<_> = FIELDS.into_iter().zip(values).collect();
        let mut json = Vec::new();
        write_json(&mut json, &fields).expect("memory takes everything");
        let read: serde_json::Value = serde_json::from_slice(&json).expect("a record is valid JSON");
        assert_eq!(read.as_object().map(serde_json::Map::len), Some(FIELDS.len()));
        assert_eq!(read["security_id"], row.id.to_string());
    }
}

/// What was indexed is found again, by its id and by its own symbol.
fn ask(file: Vec<u8>) {
    let csv = Bytes::Memory(file);
    let Ok(built) = build(&csv) else { return };
    let master = Master::from_parts(Arc::new(csv), &built).expect("what was just built can be asked");
    master.verify().expect("what was just built is right");
    let mut rows = Vec::new();
    master
        .scan::<dhan::testing::instruments::master::MasterError>(
            |_, _| true,
            |number, entry, row| {
                rows.push((number, entry, row.symbol(entry.form).map(std::borrow::Cow::into_owned)));
                Ok(ControlFlow::Continue(()))
            },
        )
        .expect("a scan");
    assert_eq!(rows.len(), built.footer.rows as usize);
    for (number, entry, symbol) in rows.iter().take(200) {
        let segment = SpecSegment::ALL[usize::from(entry.segment)];
        let found = master.by_id(segment, entry.id).expect("an answer").expect("a row has its id");
        assert_eq!((found.entry.segment, found.entry.id), (entry.segment, entry.id));
        if let Some(symbol) = symbol {
            let named = master.by_name(symbol).expect("an answer");
            assert!(named.iter().any(|(_, found)| found.number == *number), "{symbol:?} does not find its own row");
        }
    }
    let _ = master.by_id(SpecSegment::NseComm, 0).expect("an answer");
    let _ = master.names().expect("its names");
}

/// The first byte says what the header is: one of Dhan's two, or the first line of the bytes.
pub fn run(data: &[u8]) {
    let Some((kind, text)) = data.split_first() else { return };
    let header = match kind % 4 {
        0 => Some(COMPACT),
        1 => Some(DETAILED),
        _ => None,
    };
    let mut file = header.map(|header| format!("{header}\n").into_bytes()).unwrap_or_default();
    file.extend_from_slice(text);
    let mut lines = file.split(|&byte| byte == b'\n');
    let Some(first) = lines.next() else { return };
    if let Ok(columns) = MasterColumns::of(first) {
        assert!(columns.layout == Layout::Compact || columns.layout == Layout::Detailed);
        lines.for_each(|line| row(&columns, line.strip_suffix(b"\r").unwrap_or(line)));
    }
    ask(file);
}
