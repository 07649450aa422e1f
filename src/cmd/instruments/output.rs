//! Prints instruments: NDJSON, CSV, a table, specs.

use crate::cli::instruments::Format;
use crate::cli::table::{Column, Table};
use crate::instruments::record::{FIELDS, FieldValue, values, write_json};
use crate::instruments::row::{MasterRow, SymbolForm};
use std::io::{self, BufWriter, StdoutLock, Write};

/// Lists a table's columns with their index in [`FIELDS`].
const TABLE: [(Column, usize); 10] = [
    (Column::text("SEGMENT"), 0),
    (Column::number("ID"), 1),
    (Column::text("SYMBOL"), 2),
    (Column::text("NAME"), 4),
    (Column::text("TYPE"), 5),
    (Column::text("SERIES"), 6),
    (Column::text("EXPIRY"), 12),
    (Column::number("STRIKE"), 13),
    (Column::number("LOT"), 10),
    (Column::number("TICK"), 11),
];

/// Prints instruments in one format.
pub struct Printer {
    format: Format,
    out: BufWriter<StdoutLock<'static>>,
    /// Whether the header of a CSV was printed.
    begun: bool,
    table: Table<{ TABLE.len() }>,
}

fn stdout() -> BufWriter<StdoutLock<'static>> {
    BufWriter::with_capacity(1 << 16, io::stdout().lock())
}

impl Printer {
    /// Creates a printer for stdout.
    pub fn new(format: Format) -> Printer {
        Printer { format, out: stdout(), begun: false, table: Table::new(TABLE.map(|(column, _)| column)) }
    }

    /// Prints an instrument.
    pub fn print(&mut self, row: &MasterRow<'_>, form: SymbolForm) -> io::Result<()> {
        match self.format {
            Format::Spec => writeln!(self.out, "{}:{}", row.segment, row.id)?,
            Format::Ndjson => {
                let fields: Vec<_> = FIELDS.into_iter().zip(values(row, form)).collect();
                write_json(&mut self.out, &fields)?;
            }
            Format::Csv => {
                self.begin_csv()?;
                write_csv(&mut self.out, values(row, form).iter().map(FieldValue::text))?;
            }
            Format::Table => {
                let values = values(row, form);
                let cell = |at: usize| values.get(at).map(|value| value.text().into_owned()).unwrap_or_default();
                self.table.row(TABLE.map(|(_, at)| cell(at)), &mut self.out)?;
            }
        }
        Ok(())
    }

    fn begin_csv(&mut self) -> io::Result<()> {
        if !std::mem::replace(&mut self.begun, true) {
            write_csv(&mut self.out, FIELDS.iter())?;
        }
        Ok(())
    }

    /// Finishes the output.
    pub fn finish(&mut self) -> io::Result<()> {
        match self.format {
            Format::Csv => self.begin_csv()?,
            Format::Table => self.table.finish(&mut self.out)?,
            _ => {}
        }
        self.out.flush()
    }
}

/// Writes a CSV record: RFC 4180, lines end with a line feed.
fn write_csv<T: AsRef<str>>(out: &mut impl Write, fields: impl Iterator<Item = T>) -> io::Result<()> {
    let mut writer = csv::WriterBuilder::new().buffer_capacity(512).from_writer(Vec::with_capacity(512));
    for field in fields {
        writer.write_field(field.as_ref()).map_err(io::Error::other)?;
    }
    writer.write_record(None::<&[u8]>).map_err(io::Error::other)?;
    out.write_all(&writer.into_inner().map_err(|_| io::ErrorKind::Other)?)
}

/// Prints all columns of an instrument as the file has them.
pub fn show(row: &MasterRow<'_>, format: Format) -> io::Result<()> {
    let mut out = stdout();
    match format {
        Format::Spec => writeln!(out, "{}:{}", row.segment, row.id)?,
        Format::Ndjson => {
            let fields: Vec<_> = row.raw().map(|(name, value)| (name, FieldValue::Text(value.into()))).collect();
            write_json(&mut out, &fields)?;
        }
        Format::Csv => {
            write_csv(&mut out, row.raw().map(|(name, _)| name))?;
            write_csv(&mut out, row.raw().map(|(_, value)| value))?;
        }
        Format::Table => {
            let width = row.raw().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
            for (name, value) in row.raw() {
                writeln!(out, "{}", format!("{name:width$}  {value}").trim_end())?;
            }
        }
    }
    out.flush()
}
