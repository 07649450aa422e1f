//! Usage problems, collected: people hear of all of them at once.

use crate::model::exit::Failure;

/// Problems found so far.
#[derive(Debug, Default)]
pub struct Problems(Vec<String>);

impl Problems {
    /// Returns what was found so far, leaving nothing.
    #[must_use]
    pub fn take(&mut self) -> Problems {
        std::mem::take(self)
    }

    /// One more.
    pub fn add(&mut self, problem: impl Into<String>) {
        self.0.push(problem.into());
    }

    /// Several more.
    pub fn extend(&mut self, problems: Vec<String>) {
        self.0.extend(problems);
    }

    /// The value, or its problem noted.
    pub fn ok<T>(&mut self, result: Result<T, String>) -> Option<T> {
        result.map_err(|problem| self.add(problem)).ok()
    }

    /// The value that another part read, or its problem noted.
    pub fn ok_or_failure<T>(&mut self, result: Result<T, Failure>) -> Option<T> {
        result.map_err(|failure| self.add(failure.message)).ok()
    }

    /// One usage error of all of them.
    ///
    /// # Errors
    /// If there is any problem.
    pub fn finish(self) -> Result<(), Failure> {
        match self.0.as_slice() {
            [] => Ok(()),
            [one] => Err(Failure::usage(one.clone())),
            many => {
                // A problem may have lines of its own, such as the instruments that a name could mean.
                let lines = many.join("\n").replace('\n', "\n  ");
                Err(Failure::usage(format!("{} problems:\n  {lines}", many.len())))
            }
        }
    }
}
