//! Whether what comes in is still distributed as what was learned from: the population stability index of a feature.
//!
//! Values of the earlier sample are put into bins; with `eᵢ` and `aᵢ` the shares of the earlier and the later sample in bin
//! `i`, the index is `Σ (aᵢ - eᵢ) · ln(aᵢ / eᵢ)`, the symmetrised relative entropy of the two. Half a row is added to every
//! bin, so that an empty one counts a lot and not without bound. The usual reading: below 0.1 nothing has changed, up to
//! 0.25 something has, above the two are different populations and what was learned of the one says little of the other.
//! Of two samples of one population with `n` and `m` rows it is about `(bins - 1) (1/n + 1/m)`: of a few hundred rows, an
//! index of 0.1 may be chance.
//!
//! References: E. M. Lewis, *An Introduction to Credit Scoring*, 1992 (the limits); N. Siddiqi, *Credit Risk Scorecards*,
//! 2006; B. Yurdakul, J. Naranjo, *Statistical properties of the population stability index*, Journal of Risk Model
//! Validation 14(4), 2020 (its distribution).
//!
//! ```
//! use weir_model::drift::{Histogram, Stability};
//!
//! let before: Vec<f64> = (0..1000).map(f64::from).collect();
//! let histogram = Histogram::from_sample(&before)?;
//! let after: Vec<f64> = before.iter().map(|value| value + 300.0).collect();
//! assert_eq!(Stability::from_index(histogram.stability_index(&before)?), Stability::Stable);
//! assert_eq!(Stability::from_index(histogram.stability_index(&after)?), Stability::Shifted);
//! # Ok::<(), weir_model::FitError>(())
//! ```

use std::sync::Arc;

use weir_domain::matrix::{FeatureMatrix, FeatureSchema};

use crate::error::{FitError, SchemaMismatch};

/// Bins of about equal shares that values are put into.
const BINS: usize = 10;

/// Distinct values up to which each has a bin of its own: codes and flags.
const MAX_VALUES: usize = 20;

/// The population stability index of two histograms over the same bins: 0 where shares are equal, without an upper end.
/// O(bins).
///
/// # Errors
/// When there are no bins, not as many in both, or a histogram without rows.
pub fn population_stability_index(before: &[u64], after: &[u64]) -> Result<f64, FitError> {
    if before.len() != after.len() {
        return Err(FitError::UnequalLengths { rows: before.len(), got: after.len() });
    }
    let rows = |counts: &[u64]| counts.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
    if rows(before) == 0 || rows(after) == 0 {
        return Err(FitError::TooFewRows { needed: 1, got: 0 });
    }
    let bins = before.len() as f64;
    let share = |count: u64, all: u64| (count as f64 + 0.5) / (all as f64 + 0.5 * bins);
    let (all_before, all_after) = (rows(before), rows(after));
    let term = |(b, a): (&u64, &u64)| {
        let (b, a) = (share(*b, all_before), share(*a, all_after));
        (a - b) * (a / b).ln()
    };
    Ok(before.iter().zip(after).map(term).sum())
}

/// How a population stability index is usually read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stability {
    /// Below 0.1.
    Stable,
    /// From 0.1 to 0.25: look at it.
    Shifting,
    /// Above 0.25: train anew.
    Shifted,
}

impl Stability {
    /// The reading of an index.
    #[must_use]
    pub fn from_index(index: f64) -> Self {
        match index {
            i if i < 0.1 => Self::Stable,
            i if i <= 0.25 => Self::Shifting,
            _ => Self::Shifted,
        }
    }

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Shifting => "shifting",
            Self::Shifted => "shifted",
        }
    }
}

/// A sample of a feature, put into bins to compare others with: what a model keeps of what it was trained on.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "StoredHistogram", into = "StoredHistogram")]
pub struct Histogram {
    /// The upper end of each bin, which belongs to it, ascending; the last is the largest value. One more bin is for what is
    /// larger than all.
    ends: Vec<f64>,
    counts: Vec<u64>,
}

impl Histogram {
    /// Puts finite values into a bin per distinct value where these are at most 20, else into ten bins of about equal
    /// shares; fewer where one value fills several. O(n log n).
    ///
    /// # Errors
    /// When there is no value.
    pub fn from_sample(sample: &[f64]) -> Result<Self, FitError> {
        if sample.is_empty() {
            return Err(FitError::TooFewRows { needed: 1, got: 0 });
        }
        let mut sorted = sample.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let mut distinct = sorted.clone();
        distinct.dedup();
        let ends = if distinct.len() <= MAX_VALUES {
            distinct
        } else {
            let end = |bin: usize| sorted[(bin * sorted.len()).div_ceil(BINS).max(1) - 1];
            let mut ends: Vec<f64> = (1..=BINS).map(end).collect();
            ends.dedup();
            ends
        };
        let mut histogram = Self { counts: Vec::new(), ends };
        histogram.counts = histogram.count(sample);
        Ok(histogram)
    }

    /// The only value there was, where there was only one.
    #[must_use]
    pub fn only_value(&self) -> Option<f64> {
        if let [only] = self.ends[..] { Some(only) } else { None }
    }

    /// How many of some values are in each bin. O(n log bins).
    #[must_use]
    pub fn count(&self, values: &[f64]) -> Vec<u64> {
        let mut counts = vec![0; self.ends.len() + 1];
        for value in values {
            counts[self.ends.partition_point(|end| end < value)] += 1;
        }
        counts
    }

    /// The [population stability index](population_stability_index) of a later sample.
    ///
    /// # Errors
    /// When there is no value.
    pub fn stability_index(&self, later: &[f64]) -> Result<f64, FitError> {
        population_stability_index(&self.counts, &self.count(later))
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredHistogram {
    ends: Vec<f64>,
    counts: Vec<u64>,
}

impl From<Histogram> for StoredHistogram {
    fn from(Histogram { ends, counts }: Histogram) -> Self {
        Self { ends, counts }
    }
}

impl TryFrom<StoredHistogram> for Histogram {
    type Error = &'static str;

    fn try_from(StoredHistogram { ends, counts }: StoredHistogram) -> Result<Self, &'static str> {
        let ascending = ends.is_sorted_by(|a, b| a < b) && ends.iter().all(|end| end.is_finite());
        if ends.is_empty() || !ascending || counts.len() != ends.len() + 1 || counts.iter().all(|count| *count == 0) {
            return Err("a histogram needs finite, ascending ends, one count more than these, and a row");
        }
        Ok(Self { ends, counts })
    }
}

/// How far a feature has moved from what a model was trained on.
#[derive(Debug, Clone, PartialEq)]
pub struct FeatureDrift {
    /// The feature.
    pub feature: String,
    /// Its [population stability index](population_stability_index).
    pub index: f64,
}

/// How every feature of some rows was distributed: what a model keeps, to say later which features have moved.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "StoredHistograms", into = "StoredHistograms")]
pub struct FeatureHistograms {
    schema: Arc<FeatureSchema>,
    histograms: Vec<Histogram>,
}

impl FeatureHistograms {
    /// Puts every column into bins. O(features · rows · log rows).
    ///
    /// # Errors
    /// When there is no row.
    pub fn from_matrix(rows: &FeatureMatrix) -> Result<Self, FitError> {
        let histograms = (0..rows.width()).map(|feature| Histogram::from_sample(&rows.column(feature)));
        Ok(Self { schema: Arc::clone(rows.schema()), histograms: histograms.collect::<Result<_, _>>()? })
    }

    /// Histograms that were kept apart from their schema; `None` where there is not one per feature.
    pub(crate) fn from_parts(schema: Arc<FeatureSchema>, histograms: Vec<Histogram>) -> Option<Self> {
        (histograms.len() == schema.features.len()).then_some(Self { schema, histograms })
    }

    /// What each column is.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        &self.schema
    }

    /// One per feature, in the order of the schema.
    #[must_use]
    pub fn all(&self) -> &[Histogram] {
        &self.histograms
    }

    /// How far each feature of later rows has moved; the farthest first. O(rows · features).
    ///
    /// # Errors
    /// When the matrix has another schema; one without rows has not moved.
    pub fn drift(&self, later: &FeatureMatrix) -> Result<Vec<FeatureDrift>, SchemaMismatch> {
        SchemaMismatch::check(&self.schema, later.schema())?;
        let drift = |(at, histogram): (usize, &Histogram)| FeatureDrift {
            feature: self.schema.features[at].name.clone(),
            index: histogram.stability_index(&later.column(at)).unwrap_or(0.0),
        };
        let mut drifts: Vec<FeatureDrift> = self.histograms.iter().enumerate().map(drift).collect();
        drifts.sort_by(|a, b| b.index.total_cmp(&a.index));
        Ok(drifts)
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredHistograms {
    schema: FeatureSchema,
    histograms: Vec<Histogram>,
}

impl From<FeatureHistograms> for StoredHistograms {
    fn from(FeatureHistograms { schema, histograms }: FeatureHistograms) -> Self {
        Self { schema: Arc::unwrap_or_clone(schema), histograms }
    }
}

impl TryFrom<StoredHistograms> for FeatureHistograms {
    type Error = &'static str;

    fn try_from(StoredHistograms { schema, histograms }: StoredHistograms) -> Result<Self, &'static str> {
        Self::from_parts(Arc::new(schema), histograms).ok_or("there must be one histogram per feature")
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    #[test]
    fn the_index_by_hand() {
        // With half a row more in both: shares of 1/4 and 3/4, then 3/4 and 1/4.
        let index = population_stability_index(&[0, 1], &[1, 0]).unwrap();
        assert!((index - 3.0_f64.ln()).abs() < 1e-12, "{index}");
        assert_eq!(population_stability_index(&[7, 3], &[70, 30]).unwrap(), {
            let (a, b) = ((70.5 / 101.0, 7.5 / 11.0), (30.5 / 101.0, 3.5 / 11.0));
            [a, b].iter().map(|(a, b): &(f64, f64)| (a - b) * (a / b).ln()).sum::<f64>()
        });
        assert!(population_stability_index(&[1], &[1, 2]).is_err());
        assert!(population_stability_index(&[0, 0], &[1, 2]).is_err());
        assert!(population_stability_index(&[], &[]).is_err());
    }

    #[test]
    fn codes_have_a_bin_each_and_numbers_tenths() {
        let codes = Histogram::from_sample(&[0.0, 1.0, 1.0, 5.0]).unwrap();
        assert_eq!((codes.ends.as_slice(), codes.counts.as_slice()), (&[0.0, 1.0, 5.0][..], &[1, 2, 1, 0][..]));
        assert_eq!(codes.count(&[-1.0, 0.5, 9.0]), [1, 1, 0, 1]);
        let numbers: Vec<f64> = (0..1000).map(f64::from).collect();
        assert_eq!(Histogram::from_sample(&numbers).unwrap().counts, [&[100; 10][..], &[0]].concat());
        // Nine tenths are one value: it fills nine bins, which are one.
        let zeros: Vec<f64> = (0..1000).map(|i| f64::from((i - 899).max(0))).collect();
        assert_eq!(Histogram::from_sample(&zeros).unwrap().counts, [900, 100, 0]);
        assert!(Histogram::from_sample(&[]).is_err());
    }

    #[test]
    fn what_was_never_seen_shifts_and_chance_does_not() {
        let before: Vec<f64> = (0..2000).map(|i| f64::from(i * 7919 % 2000)).collect();
        let histogram = Histogram::from_sample(&before).unwrap();
        let half = histogram.stability_index(&before[..1000]).unwrap();
        assert_eq!(Stability::from_index(half), Stability::Stable, "{half}");
        let new: Vec<f64> = before.iter().take(900).copied().chain((0..100).map(|_| 1e9)).collect();
        let index = histogram.stability_index(&new).unwrap();
        assert_eq!(Stability::from_index(index), Stability::Shifted, "{index}");
        assert_eq!([0.05, 0.1, 0.25, 0.3].map(|i| Stability::from_index(i) as u8), [0, 1, 1, 2]);
    }

    #[test]
    fn the_feature_that_moved_the_farthest_is_told_first() {
        use crate::synthetic::{bell, matrix};
        let rows = bell(2000, 3, 1);
        let histograms = FeatureHistograms::from_matrix(&rows).unwrap();
        let moved: Vec<[f64; 3]> = rows.rows().map(|row| [row[0], row[1] + 9.0, row[2] + 0.5]).collect();
        let drifts = histograms.drift(&matrix(3, &moved)).unwrap();
        assert_eq!(drifts.iter().map(|d| d.feature.as_str()).collect::<Vec<_>>(), ["f1", "f2", "f0"], "{drifts:?}");
        assert!(drifts[0].index > 0.25 && drifts[2].index < 1e-9, "{drifts:?}");
        assert!(histograms.drift(&bell(10, 2, 1)).is_err(), "other columns");
        assert!(FeatureHistograms::from_matrix(&FeatureMatrix::new(Arc::clone(rows.schema()))).is_err(), "no rows");
        let read: FeatureHistograms = postcard::from_bytes(&postcard::to_allocvec(&histograms).unwrap()).unwrap();
        assert_eq!(read, histograms);
        let short = StoredHistograms { schema: (**rows.schema()).clone(), histograms: histograms.all()[1..].to_vec() };
        assert!(FeatureHistograms::try_from(short).is_err());
    }

    #[test]
    fn a_stored_histogram_is_checked() {
        let read = |text| serde_json::from_str::<Histogram>(text);
        assert!(read(r#"{"ends":[1.0,2.0],"counts":[1,0,0]}"#).is_ok());
        for bad in [
            r#"{"ends":[],"counts":[1]}"#,
            r#"{"ends":[2.0,1.0],"counts":[1,0,0]}"#,
            r#"{"ends":[1.0,2.0],"counts":[1,0]}"#,
            r#"{"ends":[1.0,2.0],"counts":[0,0,0]}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
