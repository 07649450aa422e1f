//! Manual pages as a reader of pages expects them: what is indented in the help is not filled, and codes are a list.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The line of the help after which the exit codes stand, in two columns.
const CODES: &str = "Exit codes:";

/// Returns a page whose tables and examples keep their lines.
pub fn tidy(page: &str) -> String {
    let mut tidy = String::with_capacity(page.len() + 256);
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        let is_codes = line == CODES;
        if !line.starts_with("  ") {
            tidy.push_str(line);
            tidy.push('\n');
        }
        let mut block: Vec<&str> = if line.starts_with("  ") { vec![line] } else { Vec::new() };
        while let Some(line) = lines.next_if(|line| line.starts_with("  ")) {
            block.push(line);
        }
        if is_codes {
            for (code, meaning) in codes(&block) {
                let _ = write!(tidy, ".TP\n\\fB{code}\\fR\n{meaning}\n");
            }
            tidy.push_str(".PP\n");
        } else if !block.is_empty() {
            let _ = write!(tidy, ".nf\n{}\n.fi\n", block.join("\n"));
        }
    }
    tidy
}

/// Reads the rows of the table of exit codes: a code and its meaning, twice.
fn codes<'a>(rows: &[&'a str]) -> BTreeMap<u8, &'a str> {
    let mut codes = BTreeMap::new();
    for row in rows {
        let mut last = None;
        for cell in row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()) {
            match (cell.split_once(' '), last) {
                // A code of two digits has one space behind it less.
                (Some((code, meaning)), _) if code.parse::<u8>().is_ok() => {
                    codes.extend(code.parse().map(|code: u8| (code, meaning.trim())));
                    last = None;
                }
                (_, Some(code)) => {
                    codes.insert(code, cell);
                    last = None;
                }
                _ => last = cell.parse().ok(),
            }
        }
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_two_columns_are_a_list_in_their_order() {
        let page = "Exit codes:\n  0   done, or told      8   no trust\n  2   usage            10  another dhan\n\nEnvironment:\n  A, B   x\n.SH VERSION\n";
        assert_eq!(
            tidy(page),
            "Exit codes:\n.TP\n\\fB0\\fR\ndone, or told\n.TP\n\\fB2\\fR\nusage\n.TP\n\\fB8\\fR\nno trust\n.TP\n\\fB10\\fR\nanother dhan\n.PP\n\n\
             Environment:\n.nf\n  A, B   x\n.fi\n.SH VERSION\n"
        );
    }
}
