//! Keeps the rows of a paused view those of the run.

use super::Model;

impl Model {
    /// Arranges the rows as the run has them: drops those that it no longer has and adds those that it has gained. The
    /// others keep their figures.
    pub fn follow_rows(&mut self, live: &Model) {
        if self.arrangement == live.arrangement {
            return;
        }
        self.rows = live.rows.iter().map(|row| self.row(row.instrument).unwrap_or(row).clone()).collect();
        self.index.clone_from(&live.index);
        self.arrangement = live.arrangement;
    }
}
