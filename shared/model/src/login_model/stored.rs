//! The stored form of ensemble and of models of logins, checked when read.

use super::{
    CalibratedLoginEnsemble, IsolationForestMember, LoginEnsemble, LoginModel, RandomForestMember, RiskMember,
};
use crate::drift::FeatureHistograms;
use crate::flow_model::TrainingSummary;

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredLoginEnsemble {
    risk: RiskMember,
    isolation: IsolationForestMember,
    random: Option<RandomForestMember>,
}

impl From<LoginEnsemble> for StoredLoginEnsemble {
    fn from(LoginEnsemble { risk, isolation, random }: LoginEnsemble) -> Self {
        Self { risk, isolation, random }
    }
}

impl TryFrom<StoredLoginEnsemble> for LoginEnsemble {
    type Error = &'static str;

    fn try_from(StoredLoginEnsemble { risk, isolation, random }: StoredLoginEnsemble) -> Result<Self, &'static str> {
        let schema = isolation.forest.schema();
        if risk.column as usize >= schema.features.len() {
            return Err("the risk score must be in one of the columns");
        }
        if random.as_ref().is_some_and(|r| r.forest.schema() != schema || r.forest.classes() != 2) {
            return Err("the forests must have one schema, and the random one two classes");
        }
        let weights = [Some(risk.weight), Some(isolation.weight), random.as_ref().map(|random| random.weight)];
        if !weights.iter().flatten().all(|weight| (0.0..=10.0).contains(weight)) {
            return Err("a member must be between silent and ten times its surprise");
        }
        Ok(Self { risk, isolation, random })
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredModel {
    summary: TrainingSummary,
    labelled_attacks: Option<u64>,
    ensemble: CalibratedLoginEnsemble,
    histograms: FeatureHistograms,
    known: Vec<u8>,
}

impl From<LoginModel> for StoredModel {
    fn from(LoginModel { summary, labelled_attacks, ensemble, histograms, known }: LoginModel) -> Self {
        Self { summary, labelled_attacks, ensemble, histograms, known }
    }
}

impl TryFrom<StoredModel> for LoginModel {
    type Error = &'static str;

    fn try_from(stored: StoredModel) -> Result<Self, &'static str> {
        let StoredModel { summary, labelled_attacks, ensemble, histograms, known } = stored;
        if histograms.schema() != ensemble.ensemble().schema() {
            return Err("the histograms of a model must be of what its ensemble hear");
        }
        Ok(Self { summary, labelled_attacks, ensemble, histograms, known })
    }
}
