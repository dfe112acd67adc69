//! The learned voices: fitted on a baseline or taken from a model, they speak of what is doubtful, and tell p-values.

use std::sync::Arc;

use weir_domain::matrix::FeatureMatrix;
use weir_domain::score::Score;
use weir_features::login::{Column, login_schema};
use weir_model::{CalibratedLoginEnsemble, CalibratedPValues, FitError, LoginEnsemble, LoginTraining};

use super::model::LoginScorer;
use super::pass::{Pass, Step};

/// Logins that score lower are beyond doubt: the voices are not asked.
pub(super) const ENSEMBLE_FROM_SCORE: f64 = -1.0;
/// Rows that voices are fitted on, at most; of more, every so many-th normal one.
const MAX_ROWS: usize = 60_000;
/// The fewest normal logins that anything is learned from.
pub(super) const MIN_NORMAL: usize = 500;
/// Rows that are asked about at once.
const AT_ONCE: usize = 1 << 14;

/// What was learned of the logins of a baseline.
pub(super) struct Fitted {
    pub(super) voices: CalibratedLoginEnsemble,
    /// The rows that it was fitted on, in order of time.
    pub(super) normal: FeatureMatrix,
}

/// Lets the voices speak of the doubtful logins that are reported on, and tells how surprising each score is. They are the
/// model's; where it has none, those of the baseline.
pub(super) fn listen(model: &LoginScorer, pass: &mut Pass, seed: u64) {
    let fitted = || Some(Arc::new(fit(model, pass, seed).ok()?.voices));
    let Some(voices) = model.voices().cloned().or_else(fitted) else {
        return p_values_among_all(pass);
    };
    let reported = pass.first..pass.steps.len();
    let mut said = Vec::new();
    // The voices are of this schema.
    let _ = speak(voices.voices(), &pass.steps, &asked(reported.clone(), pass), |at, what| said.push((at, what)));
    for (at, said) in said {
        pass.steps[at].score += said;
    }
    pass.p_values = vec![1.0; pass.steps.len()];
    for at in reported {
        if let Some(score) = Score::new(pass.steps[at].score) {
            pass.p_values[at] = voices.p_value(score).get();
        }
    }
}

/// Fits on the logins of the baseline that are no attacks by their labels, and on those that are where there are labels.
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
    let (voices, of_fitted) = LoginEnsemble::fit(&training, seed)?;
    // Scores as those of later logins: of rows that were fitted on, by what did not see them.
    let mut scores: Vec<f64> = pass.steps.iter().map(|step| step.score).collect();
    for (at, said) in all_normal.iter().step_by(stride).zip(of_fitted) {
        if scores[*at] > ENSEMBLE_FROM_SCORE {
            scores[*at] += said;
        }
    }
    let not_fitted = all_normal.iter().enumerate().filter(|(place, _)| !place.is_multiple_of(stride));
    let doubtful: Vec<usize> = not_fitted.map(|(_, at)| *at).filter(|at| scores[*at] > ENSEMBLE_FROM_SCORE).collect();
    let mut said = Vec::new();
    speak(&voices, &pass.steps, &doubtful, |at, what| said.push((at, what)))?;
    for (at, said) in said {
        scores[at] += said;
    }
    let scores: Vec<Score> = all_normal.iter().filter_map(|at| Score::new(scores[*at])).collect();
    Ok(Fitted { voices: CalibratedLoginEnsemble::new(voices, &scores)?, normal })
}

fn asked(among: impl Iterator<Item = usize>, pass: &Pass) -> Vec<usize> {
    among.filter(|at| pass.steps[*at].score > ENSEMBLE_FROM_SCORE).collect()
}

/// What voices say of some logins.
fn speak(
    voices: &LoginEnsemble,
    steps: &[Step],
    asked: &[usize],
    mut each: impl FnMut(usize, f64),
) -> Result<(), FitError> {
    for asked in asked.chunks(AT_ONCE) {
        let said = voices.speak(&matrix(steps, asked.iter().copied()))?;
        asked.iter().zip(said).for_each(|(at, said)| each(*at, said));
    }
    Ok(())
}

fn matrix(steps: &[Step], rows: impl Iterator<Item = usize>) -> FeatureMatrix {
    let mut matrix = FeatureMatrix::new(login_schema());
    for at in rows {
        // Rows of evidence are of the schema, and finite, by construction.
        let _ = matrix.push(steps[at].evidence.row());
    }
    matrix
}

/// P-values against all logins that are no attacks by labels of a baseline: where there is too little to learn from.
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
