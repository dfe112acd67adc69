//! The stored form of voices and of models of logins, checked when read.

use super::{CalibratedVoices, IsolationVoice, LoginVoices, RiskVoice, TrainedLogins};
use crate::artifact::TrainingSummary;
use crate::drift::FeatureHistograms;
use crate::random_forest::RandomForestClassifier;

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredVoices {
    risk: RiskVoice,
    isolation: IsolationVoice,
    random: Option<RandomForestClassifier>,
}

impl From<LoginVoices> for StoredVoices {
    fn from(LoginVoices { risk, isolation, random }: LoginVoices) -> Self {
        Self { risk, isolation, random }
    }
}

impl TryFrom<StoredVoices> for LoginVoices {
    type Error = &'static str;

    fn try_from(StoredVoices { risk, isolation, random }: StoredVoices) -> Result<Self, &'static str> {
        let schema = isolation.forest.schema();
        if risk.column as usize >= schema.features.len() {
            return Err("the risk score must be in one of the columns");
        }
        if random.as_ref().is_some_and(|random| random.schema() != schema || random.classes() != 2) {
            return Err("the forests must have one schema, and the random one two classes");
        }
        Ok(Self { risk, isolation, random })
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredModel {
    summary: TrainingSummary,
    labelled_attacks: Option<u64>,
    voices: CalibratedVoices,
    histograms: FeatureHistograms,
    known: Vec<u8>,
}

impl From<TrainedLogins> for StoredModel {
    fn from(TrainedLogins { summary, labelled_attacks, voices, histograms, known }: TrainedLogins) -> Self {
        Self { summary, labelled_attacks, voices, histograms, known }
    }
}

impl TryFrom<StoredModel> for TrainedLogins {
    type Error = &'static str;

    fn try_from(stored: StoredModel) -> Result<Self, &'static str> {
        let StoredModel { summary, labelled_attacks, voices, histograms, known } = stored;
        if histograms.schema() != voices.voices().schema() {
            return Err("the histograms of a model must be of what its voices hear");
        }
        Ok(Self { summary, labelled_attacks, voices, histograms, known })
    }
}
