//! The stored form of voices and of models of logins, checked when read.

use super::{CalibratedVoices, IsolationVoice, LoginVoices, RandomVoice, RiskVoice, TrainedLogins};
use crate::artifact::TrainingSummary;
use crate::drift::FeatureHistograms;

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredVoices {
    risk: RiskVoice,
    isolation: IsolationVoice,
    random: Option<RandomVoice>,
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
        if random.as_ref().is_some_and(|r| r.forest.schema() != schema || r.forest.classes() != 2) {
            return Err("the forests must have one schema, and the random one two classes");
        }
        let weights = [Some(risk.weight), Some(isolation.weight), random.as_ref().map(|random| random.weight)];
        if !weights.iter().flatten().all(|weight| (0.0..=10.0).contains(weight)) {
            return Err("a voice must be between silent and ten times its surprise");
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
