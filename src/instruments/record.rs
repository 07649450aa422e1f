//! Declares the instrument record: one field list for every format.

use super::row::{MasterRow, SymbolForm};
use std::borrow::Cow;
use std::io::{self, Write};

/// Holds a field's value.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldValue<'a> {
    /// Not known.
    Null,
    /// Text.
    Text(Cow<'a, str>),
    /// A price, a strike or a tick size: always written with a fraction.
    Price(f64),
    /// A quantity: written without a fraction if it is an integer.
    Quantity(f64),
}

/// Lists the fields of a record, in order.
pub const FIELDS: [&str; 18] = [
    "segment",
    "security_id",
    "symbol",
    "name",
    "display_name",
    "instrument",
    "series",
    "isin",
    "underlying",
    "underlying_id",
    "lot_size",
    "tick_size",
    "expiry",
    "strike",
    "option_type",
    "freeze_qty",
    "lower_limit",
    "upper_limit",
];

/// Returns the values of a row's record, in the order of [`FIELDS`].
pub fn values<'a>(row: &MasterRow<'a>, form: SymbolForm) -> [FieldValue<'a>; 18] {
    let text = |text: Option<Cow<'a, str>>| text.map_or(FieldValue::Null, FieldValue::Text);
    let plain = |text: Option<&'a str>| text.map_or(FieldValue::Null, |text| FieldValue::Text(Cow::Borrowed(text)));
    let price = |price: Option<f64>| price.map_or(FieldValue::Null, FieldValue::Price);
    let quantity = |quantity: Option<f64>| quantity.map_or(FieldValue::Null, FieldValue::Quantity);
    [
        FieldValue::Text(Cow::Borrowed(row.segment.name())),
        FieldValue::Text(Cow::Owned(row.id.to_string())),
        text(row.symbol(form)),
        text(row.name()),
        text(row.display()),
        plain(row.instrument()),
        plain(row.series()),
        plain(row.isin()),
        text(row.underlying()),
        plain(row.underlying_id()),
        quantity(row.lot()),
        price(row.tick()),
        text(row.expiry.map(|date| Cow::Owned(date.to_string()))),
        price(row.strike()),
        plain(row.option_type()),
        quantity(row.freeze()),
        price(row.lower()),
        price(row.upper()),
    ]
}

impl FieldValue<'_> {
    /// Returns the value as text, with the same digits in every format; empty for null.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            FieldValue::Null => Cow::Borrowed(""),
            FieldValue::Text(text) => Cow::Borrowed(text),
            FieldValue::Price(price) => Cow::Owned(zmij::Buffer::new().format_finite(*price).to_owned()),
            FieldValue::Quantity(quantity) => Cow::Owned(integer(*quantity).map_or_else(
                || zmij::Buffer::new().format_finite(*quantity).to_owned(),
                |integer| itoa::Buffer::new().format(integer).to_owned(),
            )),
        }
    }
}

/// Returns the integer that a quantity is, or `None` if it has a fraction.
fn integer(quantity: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    (quantity.fract() == 0.0 && quantity.abs() < 9e15).then_some(quantity as i64)
}

/// Appends the record as a line of JSON.
///
/// # Errors
/// Returns the writer's error.
pub fn write_json(out: &mut impl Write, fields: &[(&str, FieldValue<'_>)]) -> io::Result<()> {
    for (at, (name, value)) in fields.iter().enumerate() {
        out.write_all(if at == 0 { b"{" } else { b"," })?;
        serde_json::to_writer(&mut *out, name)?;
        out.write_all(b":")?;
        match value {
            FieldValue::Null => out.write_all(b"null")?,
            FieldValue::Text(text) => serde_json::to_writer(&mut *out, text)?,
            number => out.write_all(number.text().as_bytes())?,
        }
    }
    out.write_all(b"}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instruments::master::tests::small;
    use crate::instruments::{Name, Spec};

    fn json(spec: &str) -> String {
        let master = small();
        let spec = Spec::parse(spec).unwrap();
        let (_, found) = master.named(spec.segment, &spec.name).unwrap().remove(0);
        assert!(matches!(spec.name, Name::Id(_)));
        let row = found.row(master.columns()).unwrap();
        let fields: Vec<_> = FIELDS.into_iter().zip(values(&row, found.entry.form)).collect();
        let mut out = Vec::new();
        write_json(&mut out, &fields).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_record_is_what_the_contract_shows() {
        assert_eq!(
            json("NSE_EQ:2885"),
            "{\"segment\":\"NSE_EQ\",\"security_id\":\"2885\",\"symbol\":\"RELIANCE\",\"name\":\"RELIANCE INDUSTRIES LTD\",\"display_name\":\"Reliance Industries\",\"instrument\":\"EQUITY\",\"series\":\"EQ\",\"isin\":null,\"underlying\":null,\"underlying_id\":null,\"lot_size\":1,\"tick_size\":0.1,\"expiry\":null,\"strike\":null,\"option_type\":null,\"freeze_qty\":null,\"lower_limit\":null,\"upper_limit\":null}\n"
        );
        assert_eq!(
            json("NSE_FNO:101"),
            "{\"segment\":\"NSE_FNO\",\"security_id\":\"101\",\"symbol\":\"NIFTY-24Feb2026-31200-CE\",\"name\":null,\"display_name\":\"NIFTY 24 FEB 31200 CALL\",\"instrument\":\"OPTIDX\",\"series\":null,\"isin\":null,\"underlying\":\"NIFTY\",\"underlying_id\":null,\"lot_size\":65,\"tick_size\":0.05,\"expiry\":\"2026-02-24\",\"strike\":31200.0,\"option_type\":\"CE\",\"freeze_qty\":null,\"lower_limit\":null,\"upper_limit\":null}\n"
        );
        assert!(json("NSE_EQ:2031").contains(r#""name":"MAHINDRA & MAHINDRA","display_name":"Mahindra & Mahindra""#));
        assert!(json("NSE_FNO:59183").contains(r#""strike":null,"option_type":null"#));
    }

    #[test]
    fn quantities_are_integers_where_they_are_whole() {
        for (value, text) in [(65.0, "65"), (0.5, "0.5"), (1e300, "1e300"), (-3.0, "-3")] {
            let as_text = FieldValue::Quantity(value).text().into_owned();
            assert_eq!(as_text.parse::<f64>().unwrap(), value);
            assert!(as_text == text || value > 1e15, "{as_text}");
        }
    }
}
