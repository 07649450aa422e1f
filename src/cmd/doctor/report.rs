//! Reports findings: masks them, prints them as they are found or all together, and keeps them for the exit code.

use crate::cli::args::DoctorFormat;
use crate::cli::out;
use crate::console::Console;
use crate::doctor::view::{self, Look};
use crate::doctor::{Finding, State, worst};
use crate::model::{Exit, Failure};
use std::io::{IsTerminal as _, stdout};

/// Prints and keeps findings.
pub(super) struct Report<'a> {
    format: DoctorFormat,
    look: Look,
    console: &'a Console,
    findings: Vec<Finding>,
}

impl Report<'_> {
    /// Creates a report in the requested format, or the one that suits stdout.
    pub fn begin(format: Option<DoctorFormat>, color: bool, console: &Console) -> Report<'_> {
        let is_terminal = stdout().is_terminal();
        let format = format.unwrap_or(if is_terminal { DoctorFormat::Table } else { DoctorFormat::Ndjson });
        let columns = rustix::termios::tcgetwinsize(stdout()).map_or(0, |size| usize::from(size.ws_col));
        let width = if is_terminal && columns > 0 { columns } else { view::WIDEST };
        if is_terminal && format == DoctorFormat::Table {
            console.info("looking at this host and at Dhan's servers: 15 s at most");
        }
        Report { format, look: Look { width, color }, console, findings: Vec::new() }
    }

    /// Adds a finding; a record is printed at once, a view at the end.
    pub fn add(&mut self, mut finding: Finding) -> Result<(), Failure> {
        finding.detail = self.console.masked(&finding.detail);
        finding.subject = finding.subject.map(|subject| self.console.masked(&subject));
        if self.format == DoctorFormat::Ndjson {
            out::print(&finding.line())?;
        }
        self.findings.push(finding);
        Ok(())
    }

    /// Adds findings.
    pub fn add_all(&mut self, findings: impl IntoIterator<Item = Finding>) -> Result<(), Failure> {
        findings.into_iter().try_for_each(|finding| self.add(finding))
    }

    /// Prints the view, or the number of failures; returns the worst exit code.
    pub fn end(self) -> Result<Exit, Failure> {
        let exit = worst(&self.findings);
        if self.format == DoctorFormat::Table {
            return out::print(&view::text(&self.findings, exit, self.look)).map(|()| exit);
        }
        let count = |state| self.findings.iter().filter(|finding| finding.state == state).count();
        let (failed, warned) = (count(State::Fail), count(State::Warn));
        match exit {
            Exit::Done => self.console.info(format_args!("nothing failed; {warned} warnings")),
            _ => self.console.info(format_args!("{failed} failed, {warned} warnings; exit code {}", exit.code())),
        }
        Ok(exit)
    }
}
