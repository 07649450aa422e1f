//! Collects usage problems, so that people see all of them at once.

use crate::model::Failure;
use std::fmt::Display;

/// Holds the problems found so far.
#[derive(Debug, Default)]
pub struct Problems(Vec<String>);

impl Problems {
    /// Takes the problems found so far.
    #[must_use]
    pub fn take(&mut self) -> Problems {
        std::mem::take(self)
    }

    /// Adds a problem.
    pub fn add(&mut self, problem: impl Into<String>) {
        self.0.push(problem.into());
    }

    /// Adds several problems.
    pub fn extend(&mut self, problems: Vec<String>) {
        self.0.extend(problems);
    }

    /// Returns the value, or adds its problem.
    pub fn ok<T>(&mut self, result: Result<T, impl Display>) -> Option<T> {
        result.map_err(|problem| self.add(problem.to_string())).ok()
    }

    /// Returns one usage error for all problems.
    ///
    /// # Errors
    /// Fails if there is any problem.
    pub fn finish(self) -> Result<(), Failure> {
        match self.0.as_slice() {
            [] => Ok(()),
            [one] => Err(Failure::usage(one.clone())),
            many => {
                // A problem may have several lines, such as the instruments that a name could mean.
                let lines = many.join("\n").replace('\n', "\n  ");
                Err(Failure::usage(format!("{} problems:\n  {lines}", many.len())))
            }
        }
    }
}
