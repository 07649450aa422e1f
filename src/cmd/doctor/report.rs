//! Findings on their way out: printed as they are found, masked, and remembered for the exit code.

use crate::cli::doctor::DoctorFormat;
use crate::cli::out;
use crate::console::Console;
use crate::doctor::{Finding, State, table, worst};
use crate::model::exit::{Exit, Failure};
use std::io::{IsTerminal as _, stdout};

/// Prints findings and remembers them.
pub(super) struct Report<'a> {
    format: DoctorFormat,
    color: bool,
    console: &'a Console,
    findings: Vec<Finding>,
}

impl Report<'_> {
    /// A report in the format that was asked for, or that suits stdout.
    pub fn begin(format: Option<DoctorFormat>, console: &Console) -> Result<Report<'_>, Failure> {
        let terminal = stdout().is_terminal();
        let format = format.unwrap_or(if terminal { DoctorFormat::Table } else { DoctorFormat::Ndjson });
        let plain = |name, value: fn(&std::ffi::OsStr) -> bool| std::env::var_os(name).is_some_and(|v| value(&v));
        let color = terminal && !plain("NO_COLOR", |v| !v.is_empty()) && !plain("TERM", |v| v == "dumb");
        if format == DoctorFormat::Table {
            out::print(&table::heading())?;
        }
        Ok(Report { format, color, console, findings: Vec::new() })
    }

    /// Prints a finding.
    pub fn add(&mut self, mut finding: Finding) -> Result<(), Failure> {
        finding.detail = self.console.masked(&finding.detail);
        finding.subject = finding.subject.map(|subject| self.console.masked(&subject));
        let line = match self.format {
            DoctorFormat::Ndjson => finding.line(),
            DoctorFormat::Table => table::row(&finding, self.color),
        };
        self.findings.push(finding);
        out::print(&line)
    }

    /// Prints findings.
    pub fn add_all(&mut self, findings: impl IntoIterator<Item = Finding>) -> Result<(), Failure> {
        findings.into_iter().try_for_each(|finding| self.add(finding))
    }

    /// Says how many failed, and returns the code of the worst.
    pub fn end(self) -> Exit {
        let exit = worst(&self.findings);
        let count = |state| self.findings.iter().filter(|finding| finding.state == state).count();
        let (failed, warned) = (count(State::Fail), count(State::Warn));
        match exit {
            Exit::Done => self.console.info(format_args!("nothing failed; {warned} warnings")),
            _ => self.console.info(format_args!("{failed} failed, {warned} warnings; exit code {}", exit.code())),
        }
        exit
    }
}
