//! Trains a model on logins: the ensemble that scores logins, and the history of users.

use weir_domain::time::SECOND_MILLIS;
use weir_features::login::{ApiUse, History};
use weir_model::drift::FeatureHistograms;
use weir_model::{FitError, LoginModel, TrainingSummary};

use super::checkpoint::LoginCheckpoint;
use super::ensemble::{MIN_NORMAL, fit};
use super::look_back::look_back;
use super::options::LoginOptions;
use super::pass::Pass;
use super::scorer::LoginScorer;
use super::table::LoginTable;
use crate::training::{Drift, TrainOptions};

/// A trained model and the drift of its training data.
#[derive(Debug, Clone, PartialEq)]
pub struct LoginsTrained {
    /// The model.
    pub model: LoginModel,
    /// The drift of the evidence.
    pub drift: Drift,
}

/// The error of training on logins.
#[derive(Debug, thiserror::Error)]
pub enum LoginTrainError {
    /// Too few normal logins.
    #[error("{logins} logins that are no attacks to learn from, and {MIN_NORMAL} are needed: add logs")]
    TooFew {
        /// The number of normal logins.
        logins: usize,
    },
    /// An estimator could not be fitted.
    #[error("fitting: {0}")]
    Fit(FitError),
    /// The history could not be encoded.
    #[error("storing the history of users: {0}")]
    Checkpoint(String),
}

/// Trains a model on all logins of a log, with their labels if any, and stores the API calls in it. Later logins get bit for
/// bit the scores that [`detect_logins`](super::detect::detect_logins) gives them after a baseline of the same logins.
/// Baseline, model and seed of the options are not used; the seed is that of `training`.
///
/// # Errors
/// When there are too few logins.
pub fn train_logins(
    mut table: LoginTable,
    calls: ApiUse,
    options: &LoginOptions,
    training: &TrainOptions,
    earlier: Option<&LoginModel>,
) -> Result<LoginsTrained, LoginTrainError> {
    table.sort();
    let model = LoginScorer::default();
    let mut pass = Pass::over(History::default(), &table, &model, options, table.len());
    look_back(&table, &model, &mut pass);
    let fitted = fit(&model, &pass, training.seed).map_err(|error| match error {
        FitError::TooFewRows { got, .. } => LoginTrainError::TooFew { logins: got },
        error => LoginTrainError::Fit(error),
    })?;
    let drift =
        Drift::since(&fitted.normal, earlier.map(|earlier| &earlier.histograms)).map_err(LoginTrainError::Fit)?;
    let histograms = FeatureHistograms::from_matrix(&fitted.normal).map_err(LoginTrainError::Fit)?;
    let judged = pass.finish(&table);
    let time = |at: usize| table.time(at).div_euclid(SECOND_MILLIS);
    let summary = TrainingSummary {
        program: training.program.clone(),
        trained_at: training.now,
        from: time(0),
        to: time(table.len() - 1).saturating_add(1),
        rows: table.len() as u64,
        fitted_on: fitted.normal.len() as u64,
        entities: judged.history.users() as u64,
        seed: training.seed,
    };
    let labelled_attacks = judged.labelled.map(|attacks| attacks as u64);
    let checkpoint = LoginCheckpoint { history: judged.history, calls };
    let stored = checkpoint.encode().map_err(LoginTrainError::Checkpoint)?;
    Ok(LoginsTrained {
        model: LoginModel { summary, labelled_attacks, ensemble: fitted.ensemble, histograms, known: stored },
        drift,
    })
}

#[cfg(test)]
mod tests;
