//! What is learned of logins: estimators that speak of what evidence leaves in doubt, and how surprising a score is.
//!
//! Evidence alone gives a login a score, the logarithm of its odds ([`evidence_mixture`](crate::evidence_mixture)). Where there
//! are logins to learn from, [`LoginEnsemble`] add to it, each through a calibration of its own:
//!
//! - the [risk score](RiskBasedAuthentication) of the published likelihood ratio, and an isolation forest fitted on normal
//!   logins only: a part of `−ln p − 1`, with `p` the p-value among the normal logins. Of these, `−ln p` is exponentially
//!   distributed with mean 1, so that on average a voice adds nothing;
//! - a random forest, where there were labels: a part of the logarithm of its odds.
//!
//! [`CalibratedLoginEnsemble`] then give the sum a p-value among the normal logins. [`LoginModel`] is all of it as a file.
//!
//! References: R. A. Fisher, *Statistical Methods for Research Workers*, 1932 (sums of `−ln p`); S. Bates et al., *Testing for
//! Outliers with Conformal p-values*, Annals of Statistics 51(1), 2023 (p-values of what was fitted on normal rows only).

mod stored;
mod trained;

use std::sync::Arc;

use weir_domain::matrix::{FeatureMatrix, FeatureSchema};
use weir_domain::score::{PValue, Score};

use crate::calibration::{CalibratedPValues, EmpiricalPValues};
use crate::error::{FitError, SchemaMismatch, checked};
use crate::isolation_forest::{IsolationForest, IsolationForestParams};
use crate::random_forest::{ClassWeights, RandomForestClassifier, RandomForestClassifierParams};
use crate::risk_based_authentication::RiskBasedAuthentication;

pub use trained::{FORMAT_VERSION, LoginModel};

/// How loud the risk score speaks. It is made of what the evidence has weighed already (how the user's places and clients compare
/// with everybody's), so it may only tip the scales: on simulated logins, 0.05 to 0.2 found a little more than 0, and from 0.3
/// on less.
const RISK: f64 = 0.1;
/// How loud the isolation forest speaks: softly, since rows can be unusual for being ordinary in the extreme. On simulated logins
/// of every level, 0.1 and 0.2 found more than 0.3.
const ISOLATION: f64 = 0.2;
/// How loud the random forest speaks: times the logarithm of its odds.
const RANDOM: f64 = 0.5;
/// The fewest labelled attacks that a random forest learns from.
pub const MIN_ATTACKS: usize = 10;

/// What voices learn from.
#[derive(Debug, Clone, Copy)]
pub struct LoginTraining<'a> {
    /// Rows of evidence of logins that are no attacks, as far as is known; at least one.
    pub normal: &'a FeatureMatrix,
    /// Those of labelled attacks, of the same schema; below [`MIN_ATTACKS`] nothing is learned of them.
    pub attacks: &'a FeatureMatrix,
    /// What the risk scores in the rows were computed by.
    pub risk: &'a RiskBasedAuthentication,
    /// The column that they are in.
    pub risk_column: usize,
}

/// The risk score as a voice: the estimator, the column of rows where its scores are, and those of normal logins. How loud a
/// voice is, is kept with it, so that a file goes on to judge as it did.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RiskMember {
    weight: f64,
    estimator: RiskBasedAuthentication,
    column: u32,
    calibration: CalibratedPValues,
}

/// An isolation forest of normal logins, and their scores.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct IsolationForestMember {
    weight: f64,
    forest: IsolationForest,
    calibration: EmpiricalPValues,
}

/// A random forest of labelled logins: class 1 are attacks.
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
    /// Fits them, and gives what they say of each normal row, the random forest by the trees that were not grown on it: what
    /// [`CalibratedLoginEnsemble`] want. The same rows, in the same order, and seed give the same voices, to the bit.
    ///
    /// # Errors
    /// When there is no normal row, the rows have different schemas, or no column is the risk's.
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
        let mut said: Vec<f64> =
            normal.rows().zip(isolated).map(|(row, isolated)| risk.says(row) + isolation.says(isolated)).collect();
        let random =
            if attacks.len() < MIN_ATTACKS { None } else { Some(fit_random(normal, attacks, seed, &mut said)?) };
        Ok((Self { risk, isolation, random }, said))
    }

    /// What each column of a row is.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        self.isolation.forest.schema()
    }

    /// Whether rows of a schema can be spoken of.
    ///
    /// # Errors
    /// When they have other columns.
    pub fn check(&self, schema: &FeatureSchema) -> Result<(), SchemaMismatch> {
        SchemaMismatch::check(self.schema(), schema)
    }

    /// What the risk scores in rows must have been computed by.
    #[must_use]
    pub fn risk(&self) -> &RiskBasedAuthentication {
        &self.risk.estimator
    }

    /// Whether labelled attacks were learned from.
    #[must_use]
    pub fn knows_attacks(&self) -> bool {
        self.random.is_some()
    }

    /// What to add to the score of each row. O(trees · log of their rows) a row: some microseconds.
    ///
    /// # Errors
    /// When the rows have another schema.
    pub fn speak(&self, rows: &FeatureMatrix) -> Result<Vec<f64>, SchemaMismatch> {
        let isolated = self.isolation.forest.score(rows)?;
        let mut said: Vec<f64> = rows
            .rows()
            .zip(isolated)
            .map(|(row, isolated)| self.risk.says(row) + self.isolation.says(isolated))
            .collect();
        if let Some(random) = &self.random {
            for (said, share) in said.iter_mut().zip(random.forest.score(rows)?) {
                *said += random.says(share.get());
            }
        }
        Ok(said)
    }
}

impl RiskMember {
    /// A row without a risk score says nothing.
    fn says(&self, row: &[f64]) -> f64 {
        let score = row.get(self.column as usize).and_then(|risk| Score::new(*risk));
        score.map_or(0.0, |score| self.weight * surprise(self.calibration.p_value(score)))
    }
}

impl IsolationForestMember {
    fn says(&self, score: Score) -> f64 {
        self.weight * surprise(self.calibration.p_value(score))
    }
}

impl RandomForestMember {
    /// The share of trees that take a login for an attack, as log-odds that no forest can make infinite.
    fn says(&self, share: f64) -> f64 {
        self.weight * ((share + 0.02) / (1.02 - share)).ln()
    }
}

/// On average 0 among normal logins.
fn surprise(p_value: PValue) -> f64 {
    -p_value.get().ln() - 1.0
}

fn fit_random(
    normal: &FeatureMatrix,
    attacks: &FeatureMatrix,
    seed: u64,
    said: &mut [f64],
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
    let voice = RandomForestMember { weight: RANDOM, forest };
    for (said, shares) in said.iter_mut().zip(out_of_bag.decisions()) {
        *said += shares.as_ref().map_or(0.0, |shares| voice.says(shares.iter().skip(1).sum()));
    }
    Ok(voice)
}

/// Voices, and how surprising a score is once they have spoken.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibratedLoginEnsemble {
    voices: LoginEnsemble,
    scores: CalibratedPValues,
}

impl CalibratedLoginEnsemble {
    /// With the scores of normal logins, of which the voices have spoken.
    ///
    /// # Errors
    /// When there is none.
    pub fn new(voices: LoginEnsemble, scores: &[Score]) -> Result<Self, FitError> {
        Ok(Self { voices, scores: CalibratedPValues::fit(scores)? })
    }

    /// The voices.
    #[must_use]
    pub fn voices(&self) -> &LoginEnsemble {
        &self.voices
    }

    /// How often a normal login scores at least so high. O(log of the normal logins).
    #[must_use]
    pub fn p_value(&self, score: Score) -> PValue {
        self.scores.p_value(score)
    }
}

#[cfg(test)]
mod tests;
