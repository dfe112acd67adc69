//! A model of a table of activity: how the table is read and encoded, how unlikely a row is, and how each feature was
//! distributed, in one piece that is kept as a file.
//!
//! The file is as that of an [artifact](crate::artifact), and begins with `WEIRTABL`.

mod stored;
mod user_baseline;

use std::collections::BTreeMap;

use weir_domain::activity::{ActivitySchema, ColumnRole, Value};
use weir_domain::matrix::FeatureMatrix;
use weir_domain::score::PValue;

use crate::behaviour::BehaviourModel;
use crate::drift::{FeatureDrift, FeatureHistograms, Histogram};
use crate::encoding::TableEncoder;
use crate::error::{FitError, SchemaMismatch};
use crate::estimator::EstimatorKind;
use crate::flow_model::{ModelFileError, TrainingSummary};
use crate::sealed::{self, ModelKind};

use user_baseline::UserBaselines;
pub use user_baseline::UserDeviation;

/// Version of the format; a reader refuses later ones.
pub const FORMAT_VERSION: u16 = 2;

/// All that is learned of a table.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "stored::StoredModel", into = "stored::StoredModel")]
pub struct TableModel {
    summary: TrainingSummary,
    schema: ActivitySchema,
    encoder: TableEncoder,
    behaviour: BehaviourModel,
    histograms: FeatureHistograms,
    /// Where rows are of users that come again. It follows the rest in the file, and version 1 has none.
    own: Option<UserBaselines>,
}

/// Something that no row learned from had.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Novelty {
    /// Place of the feature in the encoder's schema.
    pub feature: usize,
    /// How likely a typical row is to have something as new in any feature: above 0, at most 1.
    pub p_value: f64,
}

impl TableModel {
    /// Learns from the rows of a table, encoded by its encoder. The same rows and seed (`summary.seed`) give the same model,
    /// to the bit. Costs six fits of each estimator, five of them for calibration.
    ///
    /// # Errors
    /// When there are fewer than ten rows, or no estimator.
    pub fn fit(
        schema: ActivitySchema,
        encoder: TableEncoder,
        rows: &FeatureMatrix,
        kinds: &[EstimatorKind],
        summary: TrainingSummary,
    ) -> Result<Self, FitError> {
        let behaviour = BehaviourModel::fit(kinds, rows, &BTreeMap::new(), summary.seed)?;
        Ok(Self { summary, schema, encoder, behaviour, histograms: FeatureHistograms::from_matrix(rows)?, own: None })
    }

    /// Learns the baseline of each user as well, from the same encoded rows and whose each is (empty: nobody's), where at
    /// least half of the rows are of users with five rows or more. Otherwise the model is as it was. Keeps at most 10,000
    /// users, those with the most rows. O(rows · log rows) per feature.
    #[must_use]
    pub fn with_user_baselines(self, rows: &FeatureMatrix, users: &[&str]) -> Self {
        let numbers = self.schema.features().enumerate().filter(|(_, column)| column.role == ColumnRole::Numeric);
        let numbers: Vec<usize> = numbers.map(|(at, _)| at).collect();
        let judged = self.behaviour.scale(rows).and_then(|scaled| self.behaviour.judge(&scaled));
        let judged = judged.map(|verdicts| verdicts.into_iter().map(|verdict| verdict.p_value).collect::<Vec<_>>());
        let own = judged.ok().and_then(|judged| UserBaselines::fit(rows, users, &numbers, &judged));
        Self { own, ..self }
    }

    /// How far an encoded row is above the baseline of its user: of the number that is the farthest. `None` where none is,
    /// and where the model knows of no users.
    #[must_use]
    pub fn user_deviation(&self, user: &str, encoded: &[f64]) -> Option<UserDeviation> {
        self.own.as_ref()?.deviation(user, encoded)
    }

    /// How unlikely a row is by the estimators and by the baseline of its user together: as likely as the rows learned from
    /// were to have so small a product of both p-values. The estimators alone, where the model knows of no users.
    #[must_use]
    pub fn combine_with_user(&self, estimators: PValue, own: Option<&UserDeviation>) -> PValue {
        self.own.as_ref().map_or(estimators, |usual| usual.together(estimators, own.map(|own| own.p_value)))
    }

    /// What it was trained on. `from` and `to` are equal where rows have no time.
    #[must_use]
    pub fn summary(&self) -> &TrainingSummary {
        &self.summary
    }

    /// How the table is read.
    #[must_use]
    pub fn schema(&self) -> &ActivitySchema {
        &self.schema
    }

    /// How rows become numbers.
    #[must_use]
    pub fn encoder(&self) -> &TableEncoder {
        &self.encoder
    }

    /// How unlikely a row is.
    #[must_use]
    pub fn behaviour(&self) -> &BehaviourModel {
        &self.behaviour
    }

    /// What a row (its values, and encoded) has that no row learned from had: words that were never seen, and numbers in a
    /// column where there was but one number. To both, estimators that cut columns are blind where all rows learned from were
    /// alike. A word's p-value is the [chance of an unseen one](TableEncoder::chance_of_unseen), a number's `1 / (rows + 1)`,
    /// both times the number of features that can be new (Bonferroni). O(features).
    #[must_use]
    pub fn novelties(&self, values: &[Value<'_>], encoded: &[f64]) -> Vec<Novelty> {
        let histograms = self.histograms.all();
        let chance = |at: usize| match histograms.get(at).and_then(Histogram::only_value) {
            _ if self.encoder.chance_of_unseen(at).is_some() => self.encoder.chance_of_unseen(at),
            Some(_) => Some(1.0 / (self.summary.fitted_on as f64 + 1.0)),
            None => None,
        };
        let features = histograms.len().min(values.len()).min(encoded.len());
        let can_be_new = (0..features).filter(|at| chance(*at).is_some()).count() as f64;
        let is_new = |at: &usize| match values[*at] {
            Value::Number(_) => histograms[*at].only_value().is_some_and(|only| only.total_cmp(&encoded[*at]).is_ne()),
            word => self.encoder.is_unseen(*at, &word),
        };
        let novelty = |at| Some(Novelty { feature: at, p_value: (chance(at)? * can_be_new).min(1.0) });
        (0..features).filter(is_new).filter_map(novelty).collect()
    }

    /// How far each feature of later rows, encoded by [this model's encoder](Self::encoder), has moved; the farthest first.
    /// O(rows · features).
    ///
    /// # Errors
    /// When the matrix has another schema; one without rows has not moved.
    pub fn drift(&self, later: &FeatureMatrix) -> Result<Vec<FeatureDrift>, SchemaMismatch> {
        self.histograms.drift(later)
    }

    /// The file. The same model gives the same bytes.
    ///
    /// # Errors
    /// When it is larger than [`MAX_BYTES`](crate::flow_model::MAX_BYTES).
    pub fn encode(&self) -> Result<Vec<u8>, ModelFileError> {
        sealed::encode(ModelKind::Table, FORMAT_VERSION, &(self, &self.own))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it is none that this program can use; says why and what to do.
    pub fn decode(file: &[u8]) -> Result<Self, ModelFileError> {
        let (version, payload) = sealed::open(ModelKind::Table, FORMAT_VERSION, file)?;
        let damaged = |e: postcard::Error| ModelFileError::Payload(e.to_string());
        let (model, rest) = postcard::take_from_bytes::<Self>(payload).map_err(damaged)?;
        let own: Option<UserBaselines> =
            if version < 2 { None } else { postcard::from_bytes(rest).map_err(damaged)? };
        if own.as_ref().is_some_and(|own| !own.fits(model.encoder.schema().features.len())) {
            return Err(ModelFileError::Payload("what is usual of users is of features that there are not".to_owned()));
        }
        Ok(Self { own, ..model })
    }
}

#[cfg(test)]
mod tests;
