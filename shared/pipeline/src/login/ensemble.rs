//! Applies the learned ensemble, fitted on a baseline or taken from a model, to doubtful logins, and computes p-values.

use std::sync::Arc;

use weir_domain::matrix::FeatureMatrix;
use weir_domain::score::Score;
use weir_features::login::{Column, login_schema};
use weir_model::{CalibratedLoginEnsemble, CalibratedPValues, FitError, LoginEnsemble, LoginTraining};

use super::pass::{Pass, Step};
use super::scorer::{ENSEMBLE_FROM_SCORE, LoginScorer};

/// The maximum number of normal logins the ensemble is fitted on. Of more, evenly spaced ones are taken.
const MAX_ROWS: usize = 60_000;
/// The minimum number of normal logins the ensemble is fitted on.
pub(super) const MIN_NORMAL: usize = 500;
/// The number of rows scored at once.
const CHUNK: usize = 1 << 14;

/// An ensemble fitted on a baseline.
pub(super) struct Fitted {
    pub(super) ensemble: CalibratedLoginEnsemble,
    /// The feature rows of the normal logins it was fitted on, in order of time.
    pub(super) normal: FeatureMatrix,
}

/// Adds the log-odds of the ensemble to the doubtful logins that are reported on, and computes all p-values. The ensemble is the
/// scorer's, or else one fitted on the baseline.
pub(super) fn apply_ensemble(model: &LoginScorer, pass: &mut Pass, seed: u64) {
    let fitted = || Some(Arc::new(fit(model, pass, seed).ok()?.ensemble));
    let Some(ensemble) = model.ensemble().cloned().or_else(fitted) else {
        return p_values_among_all(pass);
    };
    let reported = pass.first..pass.steps.len();
    let mut all = Vec::new();
    // The ensemble is of this schema.
    let _ = log_odds(ensemble.ensemble(), &pass.steps, &doubtful(reported.clone(), pass), |at, added| {
        all.push((at, added));
    });
    for (at, added) in all {
        pass.steps[at].score += added;
    }
    pass.p_values = vec![1.0; pass.steps.len()];
    for at in reported {
        if let Some(score) = Score::new(pass.steps[at].score) {
            pass.p_values[at] = ensemble.p_value(score).get();
        }
    }
}

/// Fits an ensemble on the logins of the baseline. Labelled attacks, if any, are the positive class; all others are normal.
///
/// # Errors
/// When there are fewer than [`MIN_NORMAL`] normal logins.
pub(super) fn fit(model: &LoginScorer, pass: &Pass, seed: u64) -> Result<Fitted, FitError> {
    let (attacks, all_normal): (Vec<usize>, Vec<usize>) = (0..pass.first).partition(|&at| pass.is_labelled_attack(at));
    if all_normal.len() < MIN_NORMAL {
        return Err(FitError::TooFewRows { needed: MIN_NORMAL, got: all_normal.len() });
    }
    let stride = all_normal.len().div_ceil(MAX_ROWS).max(1);
    let normal = matrix(&pass.steps, all_normal.iter().copied().step_by(stride));
    let training = LoginTraining {
        normal: &normal,
        attacks: &matrix(&pass.steps, attacks.into_iter()),
        risk: model.risk_estimator(),
        risk_column: Column::Risk as usize,
    };
    let (ensemble, out_of_sample) = LoginEnsemble::fit(&training, seed)?;
    // Rows that were fitted on get out-of-sample scores, so that their distribution is that of later logins.
    let mut scores: Vec<f64> = pass.steps.iter().map(|step| step.score).collect();
    for (at, added) in all_normal.iter().step_by(stride).zip(out_of_sample) {
        if scores[*at] > ENSEMBLE_FROM_SCORE {
            scores[*at] += added;
        }
    }
    let not_fitted = all_normal.iter().enumerate().filter(|(place, _)| !place.is_multiple_of(stride));
    let doubtful: Vec<usize> = not_fitted.map(|(_, at)| *at).filter(|at| scores[*at] > ENSEMBLE_FROM_SCORE).collect();
    let mut all = Vec::new();
    log_odds(&ensemble, &pass.steps, &doubtful, |at, added| all.push((at, added)))?;
    for (at, added) in all {
        scores[at] += added;
    }
    let scores: Vec<Score> = all_normal.iter().filter_map(|at| Score::new(scores[*at])).collect();
    Ok(Fitted { ensemble: CalibratedLoginEnsemble::new(ensemble, &scores)?, normal })
}

/// The logins among these for which the ensemble is evaluated.
fn doubtful(among: impl Iterator<Item = usize>, pass: &Pass) -> Vec<usize> {
    among.filter(|at| pass.steps[*at].score > ENSEMBLE_FROM_SCORE).collect()
}

/// Calls back with the log-odds of an ensemble for some logins.
fn log_odds(
    ensemble: &LoginEnsemble,
    steps: &[Step],
    logins: &[usize],
    mut each: impl FnMut(usize, f64),
) -> Result<(), FitError> {
    for chunk in logins.chunks(CHUNK) {
        let added = ensemble.log_odds(&matrix(steps, chunk.iter().copied()))?;
        chunk.iter().zip(added).for_each(|(at, added)| each(*at, added));
    }
    Ok(())
}

fn matrix(steps: &[Step], rows: impl Iterator<Item = usize>) -> FeatureMatrix {
    let mut matrix = FeatureMatrix::new(login_schema());
    for at in rows {
        // Rows of evidence always fit the schema and are finite.
        let _ = matrix.push(steps[at].evidence.row());
    }
    matrix
}

/// Computes p-values against all logins that are not labelled attacks, when there are too few logins for an ensemble.
fn p_values_among_all(pass: &mut Pass) {
    let all = 0..pass.steps.len();
    let scores: Vec<Score> =
        all.filter(|at| !pass.is_labelled_attack(*at)).filter_map(|at| Score::new(pass.steps[at].score)).collect();
    pass.p_values = match CalibratedPValues::fit(&scores) {
        Ok(calibration) => pass
            .steps
            .iter()
            .map(|step| Score::new(step.score).map_or(1.0, |score| calibration.p_value(score).get()))
            .collect(),
        Err(_) => vec![1.0; pass.steps.len()],
    };
}
