//! What another implementation reached on the same rows, as `tests/parity/adbench.py` writes it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use super::read;

/// The longest reference file, in bytes.
const MAX_LEN: u64 = 16 << 20;

/// What another implementation reached, by set and estimator.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Reference {
    /// What it was made with, by name: versions.
    pub(super) made_with: BTreeMap<String, String>,
    sets: BTreeMap<String, BTreeMap<String, Reached>>,
}

/// What another implementation reached with one estimator on one set.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Reached {
    /// Rows it was fitted on and scored.
    pub(super) rows: usize,
    /// Runs, with a seed each.
    pub(super) seeds: u32,
    /// Mean over the runs.
    pub(super) roc_auc: f64,
    /// Standard deviation over the runs.
    pub(super) roc_auc_deviation: f64,
    /// Mean over the runs.
    pub(super) average_precision: f64,
}

impl Reference {
    /// Reads a reference file.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let bytes = read(path, MAX_LEN)?;
        serde_json::from_slice(&bytes).with_context(|| format!("{}: not a reference file", path.display()))
    }

    /// What was reached, if it was on as many rows.
    pub(super) fn reached(&self, set: &str, estimator: &str, rows: usize) -> Option<&Reached> {
        self.sets.get(set)?.get(estimator).filter(|reached| reached.rows == rows && reached.seeds > 0)
    }
}
