//! Learning from logins once, to judge later ones by: a file with what is known of users and what speaks of their logins.

use weir_features::login::{ApiUse, History};
use weir_model::{FitError, LoginModel, ModelFileError, TrainingSummary};

use super::days::KnownLogins;
use super::pass::Pass;
use super::voices::{MIN_NORMAL, fit};
use super::{LoginOptions, LoginScorer, LoginTable, campaign};
use crate::drift::Drift;
use crate::known::Known;
use crate::train::TrainOptions;

/// What was learned.
#[derive(Debug, Clone, PartialEq)]
pub struct LoginsTrained {
    /// The model.
    pub model: LoginModel,
    /// How far evidence has moved.
    pub drift: Drift,
}

/// What a model knows of the past.
#[derive(Debug, Clone, Default)]
pub struct LoginsKnown {
    /// The history of users.
    pub history: History,
    /// Calls of cloud APIs.
    pub calls: ApiUse,
}

/// Why nothing was learned of logins.
#[derive(Debug, thiserror::Error)]
pub enum LoginTrainError {
    /// Too few to say what is normal.
    #[error("{logins} logins that are no attacks to learn from, and {MIN_NORMAL} are needed: add logs")]
    TooFew {
        /// How many there are.
        logins: usize,
    },
    /// An estimator could not be fitted.
    #[error("fitting: {0}")]
    Fit(FitError),
    /// What is known could not be encoded.
    #[error("keeping what is known of users: {0}")]
    Known(String),
}

/// Learns from all logins of a log, as from a baseline: labels are used where there are any. Calls are kept beside. What is
/// judged by the model afterwards is judged as `detect` judges what comes after a baseline of the same logins, to the bit.
/// Of the options, those of the baseline and of the model in use are not looked at; the seed is that of `training`.
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
    campaign::look_back(&table, &model, &mut pass);
    let fitted = fit(&model, &pass, training.seed).map_err(|error| match error {
        FitError::TooFewRows { got, .. } => LoginTrainError::TooFew { logins: got },
        error => LoginTrainError::Fit(error),
    })?;
    let drift = Drift::of(&fitted.normal, earlier.map(|earlier| &earlier.histograms)).map_err(LoginTrainError::Fit)?;
    let histograms = weir_model::drift::FeatureHistograms::of(&fitted.normal).map_err(LoginTrainError::Fit)?;
    let judged = pass.finish(&table);
    let time = |at: usize| table.time(at).div_euclid(1000);
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
    let known = KnownLogins { history: judged.history, calls, ..KnownLogins::default() };
    let known = known.encode().map_err(LoginTrainError::Known)?;
    Ok(LoginsTrained {
        model: LoginModel { summary, labelled_attacks, voices: fitted.voices, histograms, known },
        drift,
    })
}

/// What a model knows of the past: what later logins are judged by.
///
/// # Errors
/// When it was left out, or cannot be read.
pub fn known(model: &LoginModel) -> Result<LoginsKnown, ModelFileError> {
    if model.known.is_empty() {
        let left_out = "a store keeps it without what is known of users; use the file that weir train wrote";
        return Err(ModelFileError::Payload(left_out.to_owned()));
    }
    let KnownLogins { history, calls, .. } =
        KnownLogins::default().restore(&model.known).map_err(ModelFileError::Payload)?;
    Ok(LoginsKnown { history, calls })
}

#[cfg(test)]
mod tests;
