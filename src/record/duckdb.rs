//! Writes the columns for DuckDB's `read_json`, so that it does not guess types from a sample (contract §3.8).

use super::json_schema::name;
use super::schema::{Field, Kind, RECV};
use super::types::RecordType;

/// Returns `columns = {…}` for the lines of these types, each key once. `iso` selects the keys of `--time iso`.
pub fn columns(types: &[RecordType], iso: bool) -> String {
    let mut columns = vec![("type", "VARCHAR")];
    for field in types.iter().flat_map(|kind| kind.schema().members()).chain([&RECV]) {
        let name = name(field, iso);
        if !columns.iter().any(|(known, _)| *known == name) {
            columns.push((name, sql(field, iso)));
        }
    }
    let columns: Vec<_> = columns.iter().map(|(name, sql)| format!("'{name}': '{sql}'")).collect();
    format!("columns = {{{}}}", columns.join(", "))
}

fn sql(field: &Field, iso: bool) -> &'static str {
    match field.kind {
        Kind::Price => "DOUBLE",
        Kind::Second | Kind::SecondOrNull | Kind::Micros(_) if iso => "TIMESTAMP WITH TIME ZONE",
        Kind::Uint | Kind::IntOrNull | Kind::Second | Kind::SecondOrNull | Kind::Micros(_) => "BIGINT",
        Kind::Text | Kind::TextOrNull | Kind::Word(_) | Kind::WordOrNull(_) | Kind::Hex => "VARCHAR",
        Kind::DateOrNull => "DATE",
        Kind::Words(_) | Kind::Texts | Kind::TextsOrNull => "VARCHAR[]",
        Kind::Object => "JSON",
        Kind::FiveBids | Kind::FiveAsks | Kind::Levels => "STRUCT(price DOUBLE, qty BIGINT, orders BIGINT)[]",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_type_in_all_records() {
        for iso in [false, true] {
            let fields: Vec<_> = RecordType::ALL.iter().flat_map(|kind| kind.schema().members()).collect();
            for a in &fields {
                for b in fields.iter().filter(|b| b.name == a.name) {
                    assert_eq!(sql(a, iso), sql(b, iso), "{}", a.name);
                }
            }
        }
    }

    #[test]
    fn the_receive_time_comes_last_when_types_are_mixed() {
        let text = columns(&[RecordType::Oi, RecordType::PrevClose], false);
        assert_eq!(
            text,
            "columns = {'type': 'VARCHAR', 'segment': 'VARCHAR', 'security_id': 'VARCHAR', 'symbol': 'VARCHAR', \
             'oi': 'BIGINT', 'prev_close': 'DOUBLE', 'prev_oi': 'BIGINT', 'recv_us': 'BIGINT'}"
        );
    }
}
