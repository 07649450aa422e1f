//! Makes `dhan-records(5)`: every record, key by key, from the declarations that also make its lines and its JSON
//! Schema.

use super::roff::{Roff, Span};
use super::text::sections;
use crate::record::RecordType;
use crate::record::schema::{Family, Field, INSTRUMENT, Kind, LEVEL, RECV};

/// The text around the list of records.
const TEXT: &str = include_str!("records.txt");

/// Returns the page.
pub fn page() -> String {
    let mut page = Roff::new("dhan-records", 5, "the records that dhan prints");
    let (mut before, after): (Vec<_>, Vec<_>) = sections(TEXT).into_iter().partition(|section| !section.is_examples());
    before.iter_mut().for_each(|section| section.write(&mut page));
    page.heading("KEYS OF SEVERAL RECORDS");
    page.tagged(
        &[Span::Bold("type"), Span::Plain(" (word)")],
        "Type of the record. It is the first key of every record.",
    );
    INSTRUMENT.iter().chain([&RECV]).for_each(|field| key(field, &mut page));
    page.paragraph("A level of an order book is an object with these keys:");
    LEVEL.iter().for_each(|field| key(field, &mut page));
    for kind in RecordType::ALL {
        let schema = kind.schema();
        page.heading(&format!("THE RECORD {}", kind.name()));
        page.paragraph(schema.doc);
        page.paragraph(match schema.family {
            Family::Packet | Family::Book | Family::Bar => {
                "Its keys are type, segment, security_id, symbol, then these, then recv_us:"
            }
            Family::Order | Family::Control => "Its keys are type, then these, then recv_us:",
        });
        if schema.fields.is_empty() {
            page.paragraph("None.");
        }
        schema.fields.iter().for_each(|field| key(field, &mut page));
    }
    after.iter().for_each(|section| section.write(&mut page));
    page.heading("SEE ALSO");
    let see = ["dhan-feed", "dhan-depth", "dhan-orders", "dhan-replay", "dhan-verify", "dhan-schema"];
    page.references(&see.map(|name| (name.to_owned(), 1)));
    page.finish()
}

fn key(field: &Field, page: &mut Roff) {
    page.tagged(&[Span::Bold(field.name), Span::Plain(&format!(" ({})", kind(field.kind)))], field.doc);
}

/// Returns the type of a field in words.
fn kind(kind: Kind) -> String {
    let words = |words: &[&str]| words.join(", ");
    match kind {
        Kind::Price => "number or null".to_owned(),
        Kind::Uint => "integer".to_owned(),
        Kind::IntOrNull => "integer or null".to_owned(),
        Kind::Text => "text".to_owned(),
        Kind::TextOrNull => "text or null".to_owned(),
        Kind::DateOrNull => "date YYYY-MM-DD or null".to_owned(),
        Kind::Word(known) => format!("word: {}", words(known)),
        Kind::WordOrNull(known) => format!("word: {}, or null", words(known)),
        Kind::Words(known) => format!("list of words: {}", words(known)),
        Kind::Texts => "list of texts".to_owned(),
        Kind::TextsOrNull => "list of texts or null".to_owned(),
        Kind::Hex => "hexadecimal text".to_owned(),
        Kind::Object => "object or null".to_owned(),
        Kind::Second => "integer; with --time iso RFC 3339".to_owned(),
        Kind::SecondOrNull => "integer or null; with --time iso RFC 3339".to_owned(),
        Kind::Micros(name) => format!("integer; with --time iso RFC 3339, called {name}"),
        Kind::FiveBids | Kind::FiveAsks => "list of at most five levels".to_owned(),
        Kind::Levels => "list of levels".to_owned(),
    }
}
