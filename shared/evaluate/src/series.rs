//! Time series with labelled points, read from CSV files.

use std::fs::File;
use std::path::Path;

use anyhow::Context;
use weir_ingest::usage::{self, UsageOptions};
use weir_ingest::{ObjectName, ReadLimits};

/// The maximum number of points of a series.
const MAX_POINTS: usize = 1 << 22;

/// A series as it was recorded.
pub(crate) struct Series {
    pub(crate) name: String,
    /// Time in seconds since the epoch, and value.
    pub(crate) points: Vec<(i64, f64)>,
    /// Whether a point is labelled an anomaly.
    pub(crate) labelled: Vec<bool>,
}

impl Series {
    /// Reads a CSV file of one series, in its order.
    pub(crate) fn read(path: &Path, name: &str) -> anyhow::Result<Self> {
        let shown = path.display();
        let file = File::open(path).with_context(|| format!("{shown}"))?;
        let object = ObjectName::new(&path.to_string_lossy());
        let (mut points, mut labelled, mut bad) = (Vec::new(), Vec::new(), None);
        usage::read(file, &object, ReadLimits::default(), &UsageOptions::default(), |point| {
            if points.len() >= MAX_POINTS {
                bad = Some(format!("more than {MAX_POINTS} points"));
                return;
            }
            points.push((point.time, point.value));
            match point.label {
                "" | "0" | "false" => labelled.push(false),
                "1" | "true" => labelled.push(true),
                label => bad = Some(format!("the label {label:?} is neither 0 nor 1")),
            }
        })?;
        anyhow::ensure!(bad.is_none(), "{shown}: {}", bad.unwrap_or_default());
        anyhow::ensure!(!points.is_empty(), "{shown}: no points");
        Ok(Self { name: name.to_owned(), points, labelled })
    }
}
