//! Anomaly scores, p-values and explanations of scores.

/// An anomaly score: finite, higher is more anomalous. Each estimator documents its range.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Score(f64);

impl Score {
    /// A score; `None` of a number that is not finite.
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        value.is_finite().then_some(Self(value))
    }

    /// The value.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

/// The probability that normal behaviour looks at least this anomalous: above 0, at most 1.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct PValue(f64);

impl PValue {
    /// A p-value; `None` of a number outside (0, 1].
    #[must_use]
    pub fn new(value: f64) -> Option<Self> {
        (value > 0.0 && value <= 1.0).then_some(Self(value))
    }

    /// The value.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

/// The contribution of one feature to a score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Contribution {
    /// The column of the feature in the schema.
    pub feature: usize,
    /// The contribution. The estimator documents what contributions sum to. Negative where the feature lowered the score.
    pub amount: f64,
}

/// The explanation of a score: one contribution per feature, largest first.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Explanation {
    /// The contributions of all features, largest first.
    pub contributions: Vec<Contribution>,
}

impl Explanation {
    /// Builds an explanation from one amount per feature, in the order of the schema.
    #[must_use]
    pub fn from_amounts(amounts: &[f64]) -> Self {
        let mut contributions: Vec<_> =
            amounts.iter().enumerate().map(|(feature, &amount)| Contribution { feature, amount }).collect();
        contributions.sort_by(|a, b| b.amount.total_cmp(&a.amount).then(a.feature.cmp(&b.feature)));
        Self { contributions }
    }

    /// The sum of all contributions.
    #[must_use]
    pub fn sum(&self) -> f64 {
        self.contributions.iter().map(|c| c.amount).sum()
    }
}

/// The typical range of one feature, in transformed units.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TypicalRange {
    /// The median over windows.
    pub median: f64,
    /// The 95th percentile over windows.
    pub high: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_out_of_range_are_refused() {
        assert!(Score::new(f64::NAN).is_none() && Score::new(f64::INFINITY).is_none());
        assert!(PValue::new(0.0).is_none() && PValue::new(1.1).is_none() && PValue::new(f64::NAN).is_none());
        assert_eq!(PValue::new(1.0).map(PValue::get), Some(1.0));
    }

    #[test]
    fn the_largest_contribution_comes_first() {
        let e = Explanation::from_amounts(&[0.1, 2.0, -1.0]);
        assert_eq!(e.contributions.iter().map(|c| c.feature).collect::<Vec<_>>(), [1, 0, 2]);
        assert!((e.sum() - 1.1).abs() < 1e-12);
    }
}
