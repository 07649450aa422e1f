//! Prints tables for people, with columns as wide as their content.

use std::io::{self, Write};

/// Number of rows that determine the widths; later rows may be wider.
const MEASURED: usize = 1000;

/// Describes a column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its heading.
    pub heading: &'static str,
    /// Whether it holds numbers, which are right-aligned.
    pub is_number: bool,
}

impl Column {
    /// Creates a column of text.
    pub const fn text(heading: &'static str) -> Column {
        Column { heading, is_number: false }
    }

    /// Creates a column of numbers.
    pub const fn number(heading: &'static str) -> Column {
        Column { heading, is_number: true }
    }
}

/// Prints a table: rows wait until the widths are known.
#[derive(Debug)]
pub struct Table<const N: usize> {
    columns: [Column; N],
    widths: [usize; N],
    waiting: Vec<[String; N]>,
    is_begun: bool,
}

impl<const N: usize> Table<N> {
    /// Creates a table without rows.
    pub fn new(columns: [Column; N]) -> Table<N> {
        Table { columns, widths: [0; N], waiting: Vec::new(), is_begun: false }
    }

    /// Adds a row, and prints rows that need not wait any longer.
    ///
    /// # Errors
    /// Returns errors of writing.
    pub fn row(&mut self, cells: [String; N], out: &mut impl Write) -> io::Result<()> {
        self.waiting.push(cells);
        if self.is_begun || self.waiting.len() >= MEASURED { self.print(out) } else { Ok(()) }
    }

    /// Prints the waiting rows, and the headings in any case.
    ///
    /// # Errors
    /// Returns errors of writing.
    pub fn finish(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.print(out)
    }

    fn print(&mut self, out: &mut impl Write) -> io::Result<()> {
        let waiting = std::mem::take(&mut self.waiting);
        if !std::mem::replace(&mut self.is_begun, true) {
            let headings = self.columns.map(|column| column.heading.to_owned());
            for row in waiting.iter().chain([&headings]) {
                for (width, cell) in self.widths.iter_mut().zip(row) {
                    *width = (*width).max(cell.chars().count());
                }
            }
            self.line(&headings, out)?;
        }
        waiting.iter().try_for_each(|row| self.line(row, out))
    }

    fn line(&self, cells: &[String; N], out: &mut impl Write) -> io::Result<()> {
        let mut line = String::new();
        for ((cell, width), column) in cells.iter().zip(self.widths).zip(self.columns) {
            let blanks = " ".repeat(width.saturating_sub(cell.chars().count()));
            if !line.is_empty() {
                line.push_str("  ");
            }
            let (first, second) = if column.is_number { (&blanks, cell) } else { (cell, &blanks) };
            line.push_str(first);
            line.push_str(second);
        }
        writeln!(out, "{}", line.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_numbers_end_below_each_other() {
        let mut table = Table::new([Column::text("NAME"), Column::number("N"), Column::text("NOTE")]);
        let mut out = Vec::new();
        for (name, number, note) in [("a", "1", "x"), ("longer", "100", "")] {
            table.row([name, number, note].map(str::to_owned), &mut out).expect("memory takes it");
        }
        assert!(out.is_empty(), "nothing is printed before the widths are known");
        table.finish(&mut out).expect("memory takes it");
        assert_eq!(String::from_utf8_lossy(&out), "NAME      N  NOTE\na         1  x\nlonger  100\n");
    }

    #[test]
    fn a_table_without_rows_has_headings_and_a_long_one_does_not_wait_for_its_end() {
        let mut out = Vec::new();
        Table::new([Column::text("NAME")]).finish(&mut out).expect("memory takes it");
        assert_eq!(out, b"NAME\n");
        let mut table = Table::new([Column::number("N")]);
        let mut out = Vec::new();
        (0..MEASURED).for_each(|n| table.row([n.to_string()], &mut out).expect("memory takes it"));
        assert_eq!(String::from_utf8_lossy(&out).lines().count(), MEASURED + 1);
        table.row(["1000000".to_owned()], &mut out).expect("memory takes it");
        assert!(out.ends_with(b"\n1000000\n"));
    }
}
