//! Writes the JSON Schema of the records (contract §3.8).

use super::schema::{Field, Kind, LEVEL, RECV};
use super::types::RecordType;
use serde_json::{Map, Value, json};

/// Version of the records, which every schema carries. It grows when a key is renamed, removed or changes its type.
pub const VERSION: u32 = 1;

/// JSON Schema dialect of the documents.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Returns one document for these types: the schema of a single type, or `oneOf` several. `iso` selects the form of
/// `--time iso`.
pub fn document(types: &[RecordType], iso: bool) -> Value {
    let mut document = match types {
        [kind] => record(*kind, iso),
        _ => {
            let records = types.iter().map(|kind| Value::Object(record(*kind, iso))).collect::<Vec<_>>();
            let mut document = Map::new();
            document.insert("title".into(), "dhan records".into());
            document.insert("description".into(), "One line of NDJSON that dhan prints.".into());
            document.insert("oneOf".into(), records.into());
            document
        }
    };
    document.insert("$schema".into(), DIALECT.into());
    document.insert("version".into(), VERSION.into());
    Value::Object(document)
}

fn record(kind: RecordType, iso: bool) -> Map<String, Value> {
    let schema = kind.schema();
    let mut properties = Map::new();
    properties.insert("type".into(), json!({ "const": kind.name(), "description": "Type of the record." }));
    for field in schema.members().chain([&RECV]) {
        properties.insert(name(field, iso).into(), value(field, iso));
    }
    let mut required: Vec<_> = std::iter::once("type").chain(schema.members().map(|field| name(field, iso))).collect();
    required.push(name(&RECV, iso));
    let mut object = Map::new();
    object.insert("title".into(), kind.name().into());
    object.insert("description".into(), schema.doc.into());
    object.insert("type".into(), "object".into());
    object.insert("required".into(), required.into());
    object.insert("properties".into(), properties.into());
    object
}

/// Returns the key of a field.
pub fn name(field: &Field, iso: bool) -> &'static str {
    match field.kind {
        Kind::Micros(name) if iso => name,
        _ => field.name,
    }
}

fn value(field: &Field, iso: bool) -> Value {
    let mut value = match field.kind {
        Kind::Price => json!({ "type": ["number", "null"] }),
        Kind::Uint => json!({ "type": "integer", "minimum": 0 }),
        Kind::IntOrNull => json!({ "type": ["integer", "null"] }),
        Kind::Text => json!({ "type": "string" }),
        Kind::TextOrNull => json!({ "type": ["string", "null"] }),
        Kind::DateOrNull => json!({ "type": ["string", "null"], "format": "date" }),
        Kind::Word(words) => json!({ "type": "string", "enum": words }),
        Kind::WordOrNull(words) => {
            let words = words.iter().map(|word| json!(word)).chain([Value::Null]).collect::<Vec<_>>();
            json!({ "type": ["string", "null"], "enum": words })
        }
        Kind::Words(words) => json!({ "type": "array", "items": { "type": "string", "enum": words } }),
        Kind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::TextsOrNull => json!({ "type": ["array", "null"], "items": { "type": "string" } }),
        Kind::Hex => json!({ "type": "string", "pattern": "^([0-9a-f]{2})*$" }),
        Kind::Object => json!({ "type": ["object", "null"] }),
        Kind::Second | Kind::Micros(_) if iso => json!({ "type": "string", "format": "date-time" }),
        Kind::SecondOrNull if iso => json!({ "type": ["string", "null"], "format": "date-time" }),
        Kind::Second | Kind::Micros(_) => json!({ "type": "integer" }),
        Kind::SecondOrNull => json!({ "type": ["integer", "null"] }),
        Kind::FiveBids | Kind::FiveAsks => levels(Some(5)),
        Kind::Levels => levels(None),
    };
    value["description"] = description(field, iso).into();
    value
}

/// Returns the description of a field. With RFC 3339, times have another unit.
pub fn description(field: &Field, iso: bool) -> String {
    let is_moment = matches!(field.kind, Kind::Second | Kind::SecondOrNull | Kind::Micros(_));
    match iso && is_moment {
        true => {
            let doc = field.doc.replace(" in microseconds since the epoch", "").replace(" in UTC epoch seconds", "");
            format!("RFC 3339 in Indian time. {}", doc.replace(", UTC epoch seconds", ""))
        }
        false => field.doc.to_owned(),
    }
}

fn levels(most: Option<u32>) -> Value {
    let mut properties = Map::new();
    for field in LEVEL {
        let mut value = value(&field, false);
        if field.kind == Kind::Price {
            value["type"] = "number".into();
        }
        properties.insert(field.name.into(), value);
    }
    let required = LEVEL.map(|field| field.name);
    let level = json!({ "type": "object", "required": required, "properties": properties });
    let mut levels = json!({ "type": "array", "items": level });
    if let Some(most) = most {
        levels["maxItems"] = most.into();
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_says_its_source() {
        for kind in RecordType::ALL {
            assert!(!kind.schema().doc.is_empty(), "{}", kind.name());
            for field in kind.schema().members().chain([&RECV]) {
                assert!(field.doc.contains("Source: "), "{} of {}: {:?}", field.name, kind.name(), field.doc);
                assert!(!field.doc.contains("  "), "{} of {}: {:?}", field.name, kind.name(), field.doc);
            }
        }
    }

    #[test]
    fn one_type_is_its_own_document_and_several_are_alternatives() {
        let one = document(&[RecordType::Ticker], false);
        assert_eq!((&one["$schema"], &one["version"]), (&DIALECT.into(), &1.into()));
        assert_eq!(one["properties"]["type"]["const"], "ticker");
        assert_eq!(
            one["required"],
            json!(["type", "segment", "security_id", "symbol", "ltp", "ltt", "recv_us"]),
            "in the order of the record"
        );
        let all = document(&RecordType::ALL, true);
        assert_eq!(all["oneOf"].as_array().unwrap().len(), RecordType::ALL.len());
        let ticker = &all["oneOf"][0]["properties"];
        assert_eq!(ticker["recv"]["format"], "date-time");
        assert_eq!(ticker["ltt"]["type"], json!(["string", "null"]));
        assert!(ticker["recv_us"].is_null());
    }
}
