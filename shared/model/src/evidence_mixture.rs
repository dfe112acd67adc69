//! One score from the evidence of a row, over several attack classes.
//!
//! A row holds log-likelihood ratios: how much likelier each observation is under attack than in ordinary use. Not every
//! attack shows in every observation: a stolen account is used from elsewhere, an insider logs in from home. So each
//! attack class has a weighted sum of the ratios that indicate it, and a bias, the logarithm of its share of all
//! attacks. The score is the logarithm of the sum of their odds, `ln Σᵥ exp(biasᵥ + Σⱼ weightᵥⱼ · xⱼ)`: 0 where an
//! attack is as likely as not before anybody asks how rare attacks are. A weight below 1 corrects for ratios that
//! depend on each other.
//!
//! Reference: I. J. Good, *Probability and the Weighing of Evidence*, 1950.

use std::sync::Arc;

use weir_domain::matrix::FeatureSchema;
use weir_domain::score::{Explanation, Score};

use crate::error::{BadParams, RangeCheck};

/// The weights of one attack class.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttackClassWeights {
    /// Name of the attack class.
    pub name: String,
    /// The logarithm of its share of attacks, −50 to 50.
    pub bias: f64,
    /// One weight per feature of the schema, −10 to 10; 0 where the feature says nothing of this way.
    pub weights: Vec<f64>,
}

/// Parameters of a mixture: one set of weights per attack class.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceMixtureParams {
    /// What each column of a row is.
    pub schema: FeatureSchema,
    /// The ways of attack, at least one, at most 100.
    pub classes: Vec<AttackClassWeights>,
}

impl EvidenceMixtureParams {
    /// Checks ranges, and that every class has one weight per feature.
    ///
    /// # Errors
    /// All faults.
    pub fn check(self) -> Result<EvidenceMixture, BadParams> {
        let width = self.schema.features.len();
        let mut ranges = RangeCheck::default().require("features", &width, &(1..=1000)).require(
            "classes",
            &self.classes.len(),
            &(1..=100),
        );
        for class in &self.classes {
            ranges = ranges.require("weights", &class.weights.len(), &(width..=width)).require(
                "bias",
                &class.bias,
                &(-50.0..=50.0),
            );
            for weight in &class.weights {
                ranges = ranges.require("weight", weight, &(-10.0..=10.0));
            }
        }
        ranges.finish()?;
        Ok(EvidenceMixture { schema: Arc::new(self.schema), classes: self.classes })
    }
}

/// What a row weighs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weighed {
    /// Log-odds of an attack, over all classes.
    pub score: Score,
    /// Index of the class with the highest log-odds; of equal ones, the first.
    pub class: usize,
}

/// Weighs rows of log-likelihood ratios. Nothing is fitted: the ratios are.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "EvidenceMixtureParams", into = "EvidenceMixtureParams")]
pub struct EvidenceMixture {
    schema: Arc<FeatureSchema>,
    classes: Vec<AttackClassWeights>,
}

impl From<EvidenceMixture> for EvidenceMixtureParams {
    fn from(mixture: EvidenceMixture) -> Self {
        Self { schema: (*mixture.schema).clone(), classes: mixture.classes }
    }
}

impl TryFrom<EvidenceMixtureParams> for EvidenceMixture {
    type Error = BadParams;

    fn try_from(params: EvidenceMixtureParams) -> Result<Self, BadParams> {
        params.check()
    }
}

impl EvidenceMixture {
    /// What each column of a row is.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        &self.schema
    }

    /// The ways of attack.
    #[must_use]
    pub fn classes(&self) -> &[AttackClassWeights] {
        &self.classes
    }

    /// Scores one row; missing and non-finite values have no effect. O(classes · features), no allocation.
    #[must_use]
    pub fn weigh(&self, row: &[f64]) -> Weighed {
        let odds = |class: &AttackClassWeights| {
            let parts = class.weights.iter().zip(row).filter(|(_, x)| x.is_finite());
            class.bias + parts.map(|(weight, x)| weight * x.clamp(-1e6, 1e6)).sum::<f64>()
        };
        let mut strongest = (0, f64::NEG_INFINITY);
        for (at, class) in self.classes.iter().enumerate() {
            let odds = odds(class);
            if odds > strongest.1 {
                strongest = (at, odds);
            }
        }
        let sum: f64 = self.classes.iter().map(|class| (odds(class) - strongest.1).exp()).sum();
        Weighed { score: Score::new(strongest.1 + sum.ln()).unwrap_or_else(zero), class: strongest.0 }
    }

    /// The contribution of each feature to the class with the highest log-odds; contributions and bias of the class sum to its log-odds.
    #[must_use]
    pub fn explain(&self, row: &[f64]) -> Explanation {
        let class = self.classes.get(self.weigh(row).class);
        let weights = class.map_or(&[][..], |class| &class.weights);
        let amounts: Vec<f64> =
            weights.iter().zip(row).map(|(weight, x)| if x.is_finite() { weight * x } else { 0.0 }).collect();
        Explanation::from_amounts(&amounts)
    }
}

#[expect(clippy::expect_used, reason = "0 is finite")]
fn zero() -> Score {
    Score::new(0.0).expect("finite")
}

#[cfg(test)]
mod tests {
    use weir_domain::matrix::{Feature, Transform};

    use super::*;

    fn params() -> EvidenceMixtureParams {
        let feature = |name: &str| Feature {
            name: name.into(),
            label: name.into(),
            unit: String::new(),
            transform: Transform::Identity,
        };
        let schema =
            FeatureSchema { source: "login".into(), window_seconds: 0, features: vec![feature("a"), feature("b")] };
        let class = |name: &str, bias, weights: [f64; 2]| AttackClassWeights {
            name: name.into(),
            bias,
            weights: weights.into(),
        };
        EvidenceMixtureParams { schema, classes: vec![class("one", 0.0, [1.0, 0.0]), class("two", -2.0, [0.5, 1.0])] }
    }

    #[test]
    fn odds_add_up() {
        let mixture = params().check().unwrap();
        let weighed = mixture.weigh(&[2.0, 7.0]);
        let by_hand = (2.0f64.exp() + 6.0f64.exp()).ln();
        assert!((weighed.score.get() - by_hand).abs() < 1e-12);
        assert_eq!(mixture.classes()[weighed.class].name, "two");
        let explained = mixture.explain(&[2.0, 7.0]);
        assert_eq!(explained.contributions[0].feature, 1);
        assert!((explained.sum() - 2.0 - 6.0).abs() < 1e-12, "the bias is apart");
    }

    #[test]
    fn more_evidence_never_lowers_a_score() {
        let mixture = params().check().unwrap();
        let scores: Vec<f64> = (0..60).map(|x| mixture.weigh(&[f64::from(x) - 30.0, 1.0]).score.get()).collect();
        assert!(scores.is_sorted_by(|a, b| a < b));
        assert!(mixture.weigh(&[f64::NAN, f64::INFINITY]).score.get().is_finite());
        assert!(mixture.weigh(&[f64::MAX, f64::MAX]).score.get().is_finite());
    }

    #[test]
    fn parameters_are_checked_also_when_read_back() {
        let bad = |change: fn(&mut EvidenceMixtureParams)| {
            let mut params = params();
            change(&mut params);
            let stored = postcard::to_allocvec(&params).unwrap();
            assert!(params.check().is_err());
            assert!(postcard::from_bytes::<EvidenceMixture>(&stored).is_err());
        };
        bad(|p| p.classes.clear());
        bad(|p| p.classes[0].bias = f64::NAN);
        bad(|p| p.classes[1].weights[0] = 11.0);
        bad(|p| p.classes[1].weights.truncate(1));
        let mixture = params().check().unwrap();
        let read: EvidenceMixture = postcard::from_bytes(&postcard::to_allocvec(&mixture).unwrap()).unwrap();
        assert_eq!(read.weigh(&[1.0, 2.0]), mixture.weigh(&[1.0, 2.0]));
    }
}
