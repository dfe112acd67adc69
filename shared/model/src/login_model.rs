//! The ensemble of estimators for logins, and the p-values of its scores.
//!
//! Evidence alone gives a login a score, the log-odds of an attack ([`evidence_mixture`](crate::evidence_mixture)). A [`LoginEnsemble`]
//! that was trained on logins adds to it, each member through a calibration of its own:
//!
//! - the [risk score](RiskBasedAuthentication) of the published likelihood ratio, and an isolation forest fitted on normal
//!   logins only: a share of `−ln p − 1`, with `p` the p-value among the normal logins. Of these, `−ln p` is exponentially
//!   distributed with mean 1, so that on average a member adds 0;
//! - a random forest, if there were labels: a share of its log-odds.
//!
//! [`CalibratedLoginEnsemble`] gives the sum a p-value among the normal logins. [`LoginModel`] is the stored form.
//!
//! References: R. A. Fisher, *Statistical Methods for Research Workers*, 1932 (sums of `−ln p`); S. Bates et al., *Testing for
//! Outliers with Conformal p-values*, Annals of Statistics 51(1), 2023 (p-values of what was fitted on normal rows only).

mod stored;
mod trained;

use std::sync::Arc;

use weir_domain::matrix::{FeatureMatrix, FeatureSchema};
use weir_domain::score::{PValue, Score};

use crate::calibration::{CalibratedPValues, EmpiricalPValues};
use crate::error::{FitError, SchemaMismatch};
use crate::estimator::checked;
use crate::isolation_forest::{IsolationForest, IsolationForestParams};
use crate::random_forest::{ClassWeights, RandomForestClassifier, RandomForestClassifierParams};
use crate::risk_based_authentication::RiskBasedAuthentication;

pub use trained::{FORMAT_VERSION, LoginModel};

/// Weight of the risk score. It uses facts that the evidence already has (how the user's places and clients compare with those of all
/// users), so its weight is small: on simulated logins, 0.05 to 0.2 found a little more than 0, and from 0.3 less.
const RISK: f64 = 0.1;
/// Weight of the isolation forest. It is small, since very typical rows can have high scores as well. On simulated logins of every
/// level, 0.1 and 0.2 found more than 0.3.
const ISOLATION: f64 = 0.2;
/// Weight of the log-odds of the random forest.
const RANDOM: f64 = 0.5;
/// Minimum number of labelled attacks for a random forest.
pub const MIN_ATTACKS: usize = 10;

/// Training data of an ensemble.
#[derive(Debug, Clone, Copy)]
pub struct LoginTraining<'a> {
    /// Evidence of normal logins; at least one row.
    pub normal: &'a FeatureMatrix,
    /// Evidence of labelled attacks, of the same schema; not used if there are fewer than [`MIN_ATTACKS`].
    pub attacks: &'a FeatureMatrix,
    /// The estimator that computed the risk scores in the rows.
    pub risk: &'a RiskBasedAuthentication,
    /// Column of the risk scores.
    pub risk_column: usize,
}

/// The risk score as a member: its estimator, the column of its scores, and their calibration. The weight is stored as well, so that
/// the scores of a stored model do not change.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RiskMember {
    weight: f64,
    estimator: RiskBasedAuthentication,
    column: u32,
    calibration: CalibratedPValues,
}

/// An isolation forest of normal logins, and the calibration of its scores.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct IsolationForestMember {
    weight: f64,
    forest: IsolationForest,
    calibration: EmpiricalPValues,
}

/// A random forest of labelled logins; class 1 is attacks.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RandomForestMember {
    weight: f64,
    forest: RandomForestClassifier,
}

/// The estimators that are fitted on logins.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "stored::StoredLoginEnsemble", into = "stored::StoredLoginEnsemble")]
pub struct LoginEnsemble {
    risk: RiskMember,
    isolation: IsolationForestMember,
    random: Option<RandomForestMember>,
}

impl LoginEnsemble {
    /// Fits the ensemble, and returns the log-odds that it adds to each normal row (from the random forest out of bag), which
    /// [`CalibratedLoginEnsemble`] needs. The same rows in the same order and the same seed give the same ensemble, to the bit.
    ///
    /// # Errors
    /// When there is no normal row, the rows have different schemas, or there is no column of risk scores.
    pub fn fit(training: &LoginTraining<'_>, seed: u64) -> Result<(Self, Vec<f64>), FitError> {
        let LoginTraining { normal, attacks, risk, risk_column } = *training;
        SchemaMismatch::check(normal.schema(), attacks.schema())?;
        if risk_column >= normal.width() {
            return Err(FitError::NoFeatures);
        }
        let risks: Vec<Score> = normal.rows().filter_map(|row| Score::new(row[risk_column])).collect();
        let risk = RiskMember {
            weight: RISK,
            estimator: risk.clone(),
            column: risk_column as u32,
            calibration: CalibratedPValues::fit(&risks)?,
        };
        let forest = checked(IsolationForestParams::default().check()).fit(normal, seed)?;
        let isolated = forest.score(normal)?;
        let isolation =
            IsolationForestMember { weight: ISOLATION, calibration: EmpiricalPValues::fit(&isolated)?, forest };
        let mut log_odds: Vec<f64> = normal
            .rows()
            .zip(isolated)
            .map(|(row, isolated)| risk.log_odds(row) + isolation.log_odds(isolated))
            .collect();
        let random =
            if attacks.len() < MIN_ATTACKS { None } else { Some(fit_random(normal, attacks, seed, &mut log_odds)?) };
        Ok((Self { risk, isolation, random }, log_odds))
    }

    /// The schema of the rows.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        self.isolation.forest.schema()
    }

    /// Checks that rows of a schema can be scored.
    ///
    /// # Errors
    /// When they have other columns.
    pub fn check(&self, schema: &FeatureSchema) -> Result<(), SchemaMismatch> {
        SchemaMismatch::check(self.schema(), schema)
    }

    /// The estimator that must have computed the risk scores in rows.
    #[must_use]
    pub fn risk(&self) -> &RiskBasedAuthentication {
        &self.risk.estimator
    }

    /// Whether the ensemble was trained on labelled attacks.
    #[must_use]
    pub fn is_trained_on_attacks(&self) -> bool {
        self.random.is_some()
    }

    /// The log-odds to add to the score of each row. O(trees · log of their rows) a row: some microseconds.
    ///
    /// # Errors
    /// When the rows have another schema.
    pub fn log_odds(&self, rows: &FeatureMatrix) -> Result<Vec<f64>, SchemaMismatch> {
        let isolated = self.isolation.forest.score(rows)?;
        let mut log_odds: Vec<f64> = rows
            .rows()
            .zip(isolated)
            .map(|(row, isolated)| self.risk.log_odds(row) + self.isolation.log_odds(isolated))
            .collect();
        if let Some(random) = &self.random {
            for (log_odds, share) in log_odds.iter_mut().zip(random.forest.score(rows)?) {
                *log_odds += random.log_odds(share.get());
            }
        }
        Ok(log_odds)
    }
}

impl RiskMember {
    /// The log-odds of a row; 0 without a risk score.
    fn log_odds(&self, row: &[f64]) -> f64 {
        let score = row.get(self.column as usize).and_then(|risk| Score::new(*risk));
        score.map_or(0.0, |score| self.weight * surprise(self.calibration.p_value(score)))
    }
}

impl IsolationForestMember {
    fn log_odds(&self, score: Score) -> f64 {
        self.weight * surprise(self.calibration.p_value(score))
    }
}

impl RandomForestMember {
    /// The log-odds of the share of trees that classify a login as an attack, bounded for shares of 0 and 1.
    fn log_odds(&self, share: f64) -> f64 {
        self.weight * ((share + 0.02) / (1.02 - share)).ln()
    }
}

/// The surprise of a p-value, whose mean is 0 among normal logins.
fn surprise(p_value: PValue) -> f64 {
    -p_value.get().ln() - 1.0
}

fn fit_random(
    normal: &FeatureMatrix,
    attacks: &FeatureMatrix,
    seed: u64,
    log_odds: &mut [f64],
) -> Result<RandomForestMember, FitError> {
    let mut both = normal.clone();
    for row in attacks.rows() {
        // Rows of a matrix are finite, and the widths were compared.
        let _ = both.push(row);
    }
    let labels: Vec<u32> = (0..both.len()).map(|at| u32::from(at >= normal.len())).collect();
    let params =
        RandomForestClassifierParams::default().trees(100).min_samples_leaf(3).class_weights(ClassWeights::Balanced);
    let (forest, out_of_bag) = checked(params.check()).fit_out_of_bag(&both, &labels, seed)?;
    let member = RandomForestMember { weight: RANDOM, forest };
    for (log_odds, shares) in log_odds.iter_mut().zip(out_of_bag.decisions()) {
        *log_odds += shares.as_ref().map_or(0.0, |shares| member.log_odds(shares.iter().skip(1).sum()));
    }
    Ok(member)
}

/// An ensemble with the p-values of its scores.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibratedLoginEnsemble {
    ensemble: LoginEnsemble,
    scores: CalibratedPValues,
}

impl CalibratedLoginEnsemble {
    /// Calibrates an ensemble with the scores of normal logins, to which its log-odds were added.
    ///
    /// # Errors
    /// When there is none.
    pub fn new(ensemble: LoginEnsemble, scores: &[Score]) -> Result<Self, FitError> {
        Ok(Self { ensemble, scores: CalibratedPValues::fit(scores)? })
    }

    /// The ensemble.
    #[must_use]
    pub fn ensemble(&self) -> &LoginEnsemble {
        &self.ensemble
    }

    /// How often a normal login scores at least so high. O(log of the normal logins).
    #[must_use]
    pub fn p_value(&self, score: Score) -> PValue {
        self.scores.p_value(score)
    }
}

#[cfg(test)]
mod tests;
