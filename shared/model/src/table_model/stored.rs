//! The stored form of a model of a table, checked when read.

use std::sync::Arc;

use weir_domain::activity::{ActivitySchema, ColumnRole, ColumnSchema, MissingPolicy};

use super::TableModel;
use crate::behaviour::BehaviourModel;
use crate::drift::{FeatureHistograms, Histogram};
use crate::encoding::TableEncoder;
use crate::flow_model::TrainingSummary;

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredModel {
    summary: TrainingSummary,
    schema: StoredSchema,
    encoder: TableEncoder,
    behaviour: BehaviourModel,
    histograms: Vec<Histogram>,
}

/// A schema with every field: its own form leaves out what has its default, which a format without names cannot read.
#[derive(serde::Serialize, serde::Deserialize)]
struct StoredSchema {
    header: bool,
    delimiter: char,
    missing_values: Vec<String>,
    columns: Vec<(String, ColumnRole, Option<MissingPolicy>)>,
}

impl From<TableModel> for StoredModel {
    fn from(model: TableModel) -> Self {
        let TableModel { summary, schema, encoder, behaviour, histograms, own: _ } = model;
        let columns = schema.columns.into_iter().map(|c| (c.name, c.role, c.missing)).collect();
        let ActivitySchema { header, delimiter, missing_values, .. } = schema;
        Self {
            summary,
            schema: StoredSchema { header, delimiter, missing_values, columns },
            encoder,
            behaviour,
            histograms: histograms.all().to_vec(),
        }
    }
}

impl TryFrom<StoredModel> for TableModel {
    type Error = String;

    fn try_from(stored: StoredModel) -> Result<Self, String> {
        let StoredModel { summary, schema, encoder, behaviour, histograms } = stored;
        let StoredSchema { header, delimiter, missing_values, columns } = schema;
        let columns = columns.into_iter().map(|(name, role, missing)| ColumnSchema { name, role, missing }).collect();
        let schema = ActivitySchema { header, delimiter, missing_values, columns };
        schema.check().map_err(|e| e.to_string())?;
        let features = &encoder.schema().features;
        if !schema.features().map(|c| &c.name).eq(features.iter().map(|f| &f.name)) {
            return Err("the encoder of a model must be of the columns of its schema".to_owned());
        }
        let other_features = || "all parts of a model must have the encoder's features".to_owned();
        if behaviour.schema() != encoder.schema() {
            return Err(other_features());
        }
        let histograms =
            FeatureHistograms::from_parts(Arc::clone(encoder.schema()), histograms).ok_or_else(other_features)?;
        Ok(Self { summary, schema, encoder, behaviour, histograms, own: None })
    }
}
