//! The methods that find anomalous steps.

use serde::Serialize;

/// A method that finds anomalous steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Tukey's fences.
    Iqr,
    /// The residuals of a random forest.
    RandomForest,
    /// The residuals of nearest neighbours.
    NearestNeighbours,
}

impl Method {
    /// Name of the method in files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Iqr => "iqr",
            Self::RandomForest => "random-forest",
            Self::NearestNeighbours => "nearest-neighbours",
        }
    }
}
