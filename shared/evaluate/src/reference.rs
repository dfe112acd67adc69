//! The figures of another implementation on the same rows, as `tests/parity/adbench.py` writes them.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use crate::files::read;

/// The maximum length of a reference file, in bytes.
const MAX_LEN: u64 = 16 << 20;

/// The figures of another implementation, by set and estimator.
#[derive(Debug, Default, Deserialize)]
pub struct Reference {
    /// Versions of the packages that made it, by name.
    pub(crate) made_with: BTreeMap<String, String>,
    sets: BTreeMap<String, BTreeMap<String, Reached>>,
}

/// The figures of another implementation for one estimator on one set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Reached {
    /// Rows it was fitted on and scored.
    pub(crate) rows: usize,
    /// Runs, with a seed each.
    pub(crate) seeds: u32,
    /// Mean over the runs.
    pub(crate) roc_auc: f64,
    /// Standard deviation over the runs.
    pub(crate) roc_auc_deviation: f64,
    /// Mean over the runs.
    pub(crate) average_precision: f64,
}

impl Reference {
    /// Reads a reference file.
    ///
    /// # Errors
    /// When the file cannot be read, is larger than 16 MiB or is not a reference file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = read(path, MAX_LEN)?;
        serde_json::from_slice(&bytes).with_context(|| format!("{}: not a reference file", path.display()))
    }

    /// The figures of an estimator on a set, if they were made on the same number of rows.
    pub(crate) fn reached(&self, set: &str, estimator: &str, rows: usize) -> Option<&Reached> {
        self.sets.get(set)?.get(estimator).filter(|reached| reached.rows == rows && reached.seeds > 0)
    }
}
