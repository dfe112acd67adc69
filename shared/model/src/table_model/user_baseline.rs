//! The baseline of each user of a table, where rows are of users that come again: how far a number is above the user's own
//! median, in units of the user's own spread.
//!
//! Medians and spreads (median absolute deviation) of users with few rows are drawn towards those of all rows, of `n` rows
//! by `5 / (n + 5)`; a user who is not known has those of all. A spread is at least half of the one of all rows: somebody who
//! always does the same is not convicted of the first change. A row deviates by its largest deviation, and how likely that is
//! is estimated from the training rows. Numbers below the usual do not count.

use std::collections::BTreeMap;

use weir_domain::distinct::stable_hash;
use weir_domain::matrix::FeatureMatrix;
use weir_domain::score::{PValue, Score};

use crate::calibration::CalibratedPValues;
use crate::scaling::robust::quantile;

/// Of so many rows a user's own median counts as much as that of all.
const SHRINKAGE: f64 = 5.0;

/// The least spread of a user, as a share of that of all rows.
const MIN_SPREAD: f64 = 0.5;

/// From the median absolute deviation, and from the mean one, to the standard deviation of a normal distribution.
const OF_MEDIAN: f64 = 1.4826;
const OF_MEAN: f64 = 1.2533;

/// Users whose usual is kept, at most: those with the most rows. Also numbers kept of them.
const MAX_USERS: usize = 10_000;
const MAX_NUMBERS: usize = 1 << 22;

/// Rows of a user from which the user comes again. Users are looked at where half of the rows are of such.
const COMES_AGAIN: usize = 5;

/// Median and spread of a number.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
struct Usual {
    median: f64,
    /// Above 0, or 0 where all rows are alike: nothing deviates.
    spread: f64,
}

/// The baseline of each user.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Stored")]
pub(super) struct UserBaselines {
    /// Places of numbers in the encoder's schema.
    features: Vec<usize>,
    all: Vec<Usual>,
    /// By hash of the user's name.
    users: BTreeMap<u64, Vec<Usual>>,
    p_values: CalibratedPValues,
    /// Of surprise at a row, by the estimators and by its user's usual.
    together: CalibratedPValues,
}

/// The form as it is read, not yet believed.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    features: Vec<usize>,
    all: Vec<Usual>,
    users: BTreeMap<u64, Vec<Usual>>,
    p_values: CalibratedPValues,
    /// Of surprise at a row, by the estimators and by its user's usual.
    together: CalibratedPValues,
}

impl TryFrom<Stored> for UserBaselines {
    type Error = String;

    fn try_from(Stored { features, all, users, p_values, together }: Stored) -> Result<Self, String> {
        let sound = |usual: &[Usual]| {
            let finite = |usual: &Usual| usual.median.is_finite() && usual.spread.is_finite() && usual.spread >= 0.0;
            usual.len() == features.len() && usual.iter().all(finite)
        };
        if users.len() > MAX_USERS || !features.is_sorted_by(|a, b| a < b) {
            return Err("too many users, or features out of order".to_owned());
        }
        if !sound(&all) || !users.values().all(|usual| sound(usual)) {
            return Err("what is usual of a user must be finite numbers, one for each feature".to_owned());
        }
        Ok(Self { features, all, users, p_values, together })
    }
}

/// How far a row is above the baseline of its user.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct UserDeviation {
    /// Place of the feature in the encoder's schema that deviates the most.
    pub feature: usize,
    /// The baseline of the user there, as encoded.
    pub usual: f64,
    /// How likely a row is to deviate so much.
    pub p_value: PValue,
    /// Whether the user was among the rows learned from; of others the baseline of all rows stands in.
    pub is_established: bool,
}

impl UserBaselines {
    /// Learns from rows, each of a user (none where the name is empty), which features are numbers, and how unlikely each
    /// row is by the estimators. `None` where less
    /// than half of the rows are of users with at least five, or no number varies. O(rows · log rows) per feature.
    pub(super) fn fit(rows: &FeatureMatrix, users: &[&str], numbers: &[usize], estimators: &[PValue]) -> Option<Self> {
        let mut rows_of: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for (at, user) in users.iter().enumerate().take(rows.len()).filter(|(_, user)| !user.is_empty()) {
            rows_of.entry(hash(user)).or_default().push(at);
        }
        let again: usize = rows_of.values().map(Vec::len).filter(|n| *n >= COMES_AGAIN).sum();
        if numbers.is_empty() || 2 * again < rows.len() {
            return None;
        }
        let mut by_rows: Vec<(u64, Vec<usize>)> = rows_of.into_iter().collect();
        by_rows.sort_by_key(|(user, of)| (std::cmp::Reverse(of.len()), *user));
        by_rows.truncate(MAX_USERS.min(MAX_NUMBERS / (2 * numbers.len())));
        let mut all = Vec::new();
        let mut own: Vec<Vec<Usual>> = vec![Vec::new(); by_rows.len()];
        for feature in numbers {
            let column = rows.column(*feature);
            let (of_all, of_each) = usual(&column, &by_rows);
            all.push(of_all);
            own.iter_mut().zip(of_each).for_each(|(own, usual)| own.push(usual));
        }
        let kept: BTreeMap<u64, Vec<Usual>> = by_rows.iter().map(|(user, _)| *user).zip(own).collect();
        let score = |(user, row): (&&str, &[f64])| {
            let deviation = largest(numbers, kept.get(&hash(user)).unwrap_or(&all), row);
            Score::new(deviation.map_or(0.0, |(_, deviation)| deviation))
        };
        let scores: Option<Vec<Score>> = users.iter().zip(rows.rows()).map(score).collect();
        let scores = scores?;
        let p_values = CalibratedPValues::fit(&scores).ok()?;
        let own = |score: &Score| (score.get() > 0.0).then(|| p_values.p_value(*score));
        let surprises: Option<Vec<Score>> =
            scores.iter().zip(estimators).map(|(score, estimators)| surprise(*estimators, own(score))).collect();
        let together = CalibratedPValues::fit(&surprises?).ok()?;
        Some(Self { features: numbers.to_vec(), all, users: kept, p_values, together })
    }

    /// Whether all features are among the first so many.
    pub(super) fn fits(&self, features: usize) -> bool {
        self.features.last().is_none_or(|last| *last < features)
    }

    /// How likely a row is to be as surprising to the estimators and beside its user's usual together.
    pub(super) fn together(&self, estimators: PValue, own: Option<PValue>) -> PValue {
        surprise(estimators, own).map_or(estimators, |surprise| self.together.p_value(surprise))
    }

    /// How far an encoded row is above the baseline of its user. `None` where it is not.
    pub(super) fn deviation(&self, user: &str, row: &[f64]) -> Option<UserDeviation> {
        let known = self.users.get(&hash(user));
        let usual = known.unwrap_or(&self.all);
        let (at, deviation) = largest(&self.features, usual, row)?;
        Some(UserDeviation {
            feature: *self.features.get(at)?,
            usual: usual.get(at)?.median,
            p_value: self.p_values.p_value(Score::new(deviation)?),
            is_established: known.is_some(),
        })
    }
}

/// Fisher's statistic but for its factor: the product of two p-values, as surprise. What is unlikely to the one is unlikely
/// to the other as well, so that how likely it is has to be learned.
fn surprise(estimators: PValue, own: Option<PValue>) -> Option<Score> {
    Score::new(-estimators.get().ln() - own.map_or(0.0, |own| own.get().ln()))
}

/// The largest deviation above 0, and of which of the features; of equal ones the first.
fn largest(features: &[usize], usual: &[Usual], row: &[f64]) -> Option<(usize, f64)> {
    let deviations = usual.iter().zip(features).enumerate().filter_map(|(at, (usual, feature))| {
        let above = row.get(*feature)? - usual.median;
        (usual.spread > 0.0 && above > 0.0).then(|| (at, (above / usual.spread).min(f64::MAX)))
    });
    deviations.reduce(|most, next| if next.1 > most.1 { next } else { most })
}

fn hash(user: &str) -> u64 {
    stable_hash(user.as_bytes())
}

/// The baseline of a column: of all rows, and of each user's.
fn usual(column: &[f64], users: &[(u64, Vec<usize>)]) -> (Usual, Vec<Usual>) {
    let of_all = median(column.to_vec());
    let weight = |n: usize| n as f64 / (n as f64 + SHRINKAGE);
    let mut deviations: Vec<f64> = column.iter().map(|value| (value - of_all).abs()).collect();
    let mut medians = Vec::with_capacity(users.len());
    for (_, rows) in users {
        let own = median(rows.iter().map(|row| column[*row]).collect());
        let centre = weight(rows.len()) * own + (1.0 - weight(rows.len())) * of_all;
        for row in rows {
            deviations[*row] = (column[*row] - centre).abs();
        }
        medians.push(centre);
    }
    let typical = OF_MEDIAN * median(deviations.clone());
    let mean = OF_MEAN * deviations.iter().sum::<f64>() / deviations.len().max(1) as f64;
    let spread = Some(if typical > 0.0 { typical } else { mean }).filter(|spread| spread.is_finite()).unwrap_or(0.0);
    let of_each = users.iter().zip(medians).map(|((_, rows), centre)| {
        let own = OF_MEDIAN * median(rows.iter().map(|row| deviations[*row]).collect());
        let weight = weight(rows.len());
        let drawn = (weight.sqrt() * own).hypot((1.0 - weight).sqrt() * spread);
        Usual { median: centre, spread: if drawn.is_finite() { drawn.max(MIN_SPREAD * spread) } else { spread } }
    });
    (Usual { median: of_all, spread }, of_each.collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    if values.is_empty() { 0.0 } else { quantile(&values, 0.5) }
}
