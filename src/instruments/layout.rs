//! The two layouts of the master.

/// Which of Dhan's two files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Layout {
    /// `api-scrip-master.csv`, 16 columns.
    #[default]
    Compact,
    /// `api-scrip-master-detailed.csv`, with ISIN, limits and freeze quantity.
    Detailed,
}
