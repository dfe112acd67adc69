//! A model of typical behaviour: everything that is learned of a matrix of features, in one piece.

use std::collections::BTreeMap;
use std::sync::Arc;

use weir_domain::matrix::{FeatureMatrix, FeatureSchema};
use weir_domain::score::{Explanation, TypicalRange};

use crate::ensemble::{Ensemble, Verdict};
use crate::error::{ExplainError, FitError, SchemaMismatch};
use crate::estimator::EstimatorKind;
use crate::{RobustScaler, typical_ranges};

/// Scaling, an ensemble of calibrated estimators, and the baseline of every feature: over all rows, and for each entity that
/// is known well enough to be compared with itself.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "StoredBehaviour", into = "StoredBehaviour")]
pub struct BehaviourModel {
    scaler: RobustScaler,
    ensemble: Ensemble,
    usual: Vec<TypicalRange>,
    usual_by_entity: BTreeMap<String, Vec<TypicalRange>>,
}

impl BehaviourModel {
    /// Entities whose usual ranges are kept, at most: those of the first names.
    pub const MAX_ENTITIES: usize = 100_000;

    /// Learns from typical rows (transformed, not scaled), and from those of each entity that is to be compared with itself.
    /// The same rows and seed give the same model, to the bit.
    ///
    /// # Errors
    /// When there are fewer than ten rows or no features, an entity without rows, or no estimator.
    pub fn fit(
        kinds: &[EstimatorKind],
        usual: &FeatureMatrix,
        by_entity: &BTreeMap<String, FeatureMatrix>,
        seed: u64,
    ) -> Result<Self, FitError> {
        let scaler = RobustScaler::fit(usual)?;
        // The scaler was fitted on this very matrix.
        let scaled = scaler.transform(usual).unwrap_or_else(|_| usual.clone());
        let ensemble = Ensemble::fit(kinds, &scaled, seed)?;
        let known = by_entity.iter().take(Self::MAX_ENTITIES);
        let usual_by_entity =
            known.map(|(name, rows)| Ok((name.clone(), typical_ranges(rows)?))).collect::<Result<_, FitError>>()?;
        Ok(Self { scaler, ensemble, usual: typical_ranges(usual)?, usual_by_entity })
    }

    /// The columns it was fitted on.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        self.scaler.schema()
    }

    /// Its estimators.
    pub fn kinds(&self) -> impl Iterator<Item = EstimatorKind> {
        self.ensemble.kinds()
    }

    /// The matrix as [`judge`](Self::judge) and [`explain`](Self::explain) want it: scaled.
    ///
    /// # Errors
    /// When it has another schema.
    pub fn scale(&self, matrix: &FeatureMatrix) -> Result<FeatureMatrix, SchemaMismatch> {
        self.scaler.transform(matrix)
    }

    /// What each scaled row is judged.
    ///
    /// # Errors
    /// When the matrix has another schema.
    pub fn judge(&self, scaled: &FeatureMatrix) -> Result<Vec<Verdict>, SchemaMismatch> {
        self.ensemble.judge(scaled)
    }

    /// Why a scaled row is judged so; see [`Ensemble::explain`].
    ///
    /// # Errors
    /// When the matrix has another schema, or no such row.
    pub fn explain(&self, scaled: &FeatureMatrix, row: usize) -> Result<Explanation, ExplainError> {
        self.ensemble.explain(scaled, row)
    }

    /// The baseline of all rows, in the order of the schema, transformed and not scaled.
    #[must_use]
    pub fn usual(&self) -> &[TypicalRange] {
        &self.usual
    }

    /// The baseline of one entity, where it is known well enough.
    #[must_use]
    pub fn typical_of(&self, entity: &str) -> Option<&[TypicalRange]> {
        self.usual_by_entity.get(entity).map(Vec::as_slice)
    }

    /// Entities that are compared with themselves.
    #[must_use]
    pub fn entities(&self) -> usize {
        self.usual_by_entity.len()
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredBehaviour {
    scaler: RobustScaler,
    ensemble: Ensemble,
    usual: Vec<TypicalRange>,
    usual_by_entity: BTreeMap<String, Vec<TypicalRange>>,
}

impl From<BehaviourModel> for StoredBehaviour {
    fn from(model: BehaviourModel) -> Self {
        let BehaviourModel { scaler, ensemble, usual, usual_by_entity } = model;
        Self { scaler, ensemble, usual, usual_by_entity }
    }
}

impl TryFrom<StoredBehaviour> for BehaviourModel {
    type Error = &'static str;

    fn try_from(stored: StoredBehaviour) -> Result<Self, &'static str> {
        let StoredBehaviour { scaler, ensemble, usual, usual_by_entity } = stored;
        if ensemble.schema() != &**scaler.schema() {
            return Err("the scaler and the estimators of a model must have one schema");
        }
        let width = scaler.schema().features.len();
        let sound = |ranges: &Vec<TypicalRange>| {
            ranges.len() == width && ranges.iter().all(|r| r.median.is_finite() && r.high.is_finite())
        };
        if !sound(&usual) || !usual_by_entity.values().all(sound) {
            return Err("usual ranges must be finite, one per feature");
        }
        Ok(Self { scaler, ensemble, usual, usual_by_entity })
    }
}
