//! The learned voices: an isolation forest of normal logins, a random forest of labelled ones, and p-values.

use weir_domain::matrix::FeatureMatrix;
use weir_domain::score::Score;
use weir_features::login::login_schema;
use weir_model::{
    CalibratedPValues, ClassWeights, EmpiricalPValues, IsolationForestParams, RandomForestClassifierParams,
};

use super::pass::Pass;
use super::table::LoginTable;

/// Logins that score lower are beyond doubt: the forests are not asked.
const ASKED_FROM: f64 = -1.0;
/// Rows that forests are fitted on, at most; of more, every so many-th normal one.
const MOST_ROWS: usize = 60_000;
/// The fewest attacks a random forest learns from.
const FEWEST_ATTACKS: usize = 10;
/// The fewest normal logins.
const FEWEST_NORMAL: usize = 500;
/// How loud the isolation forest speaks: times the logarithm of its p-value, whose mean is −1 of normal logins.
const ISOLATION: f64 = 0.2;
/// How loud the random forest speaks: times the logarithm of its odds.
const RANDOM: f64 = 0.5;

/// Lets the forests of the baseline speak of the doubtful logins after it, and tells how surprising each score is.
pub(super) fn listen(table: &LoginTable, pass: &mut Pass, seed: u64) {
    if pass.first > 0 {
        forests(pass, seed);
    }
    p_values(table, pass);
}

fn matrix(pass: &Pass, rows: impl Iterator<Item = usize>) -> FeatureMatrix {
    let mut matrix = FeatureMatrix::new(login_schema());
    for at in rows {
        // Rows of evidence are of the schema, and finite, by construction.
        let _ = matrix.push(pass.steps[at].evidence.row());
    }
    matrix
}

fn forests(pass: &mut Pass, seed: u64) {
    let labelled = |at: usize| pass.labels.get(at).copied().unwrap_or(false);
    let normal: Vec<usize> = (0..pass.first).filter(|&at| !labelled(at)).collect();
    let attacks: Vec<usize> = (0..pass.first).filter(|&at| labelled(at)).collect();
    let normal: Vec<usize> = normal.iter().copied().step_by(normal.len().div_ceil(MOST_ROWS).max(1)).collect();
    let asked: Vec<usize> = (pass.first..pass.steps.len()).filter(|&at| pass.steps[at].score > ASKED_FROM).collect();
    if normal.len() < FEWEST_NORMAL || asked.is_empty() {
        return;
    }
    let usual = matrix(pass, normal.iter().copied());
    let rows = matrix(pass, asked.iter().copied());
    let mut said = vec![0.0; asked.len()];
    isolation(&usual, &rows, seed, &mut said);
    if attacks.len() >= FEWEST_ATTACKS {
        let both = matrix(pass, normal.iter().chain(&attacks).copied());
        let labels: Vec<u32> = normal.iter().map(|_| 0).chain(attacks.iter().map(|_| 1)).collect();
        random(&both, &labels, &rows, seed, &mut said);
    }
    for (at, said) in asked.into_iter().zip(said) {
        pass.steps[at].score += said;
    }
}

/// What cannot be fitted says nothing.
fn isolation(usual: &FeatureMatrix, rows: &FeatureMatrix, seed: u64, said: &mut [f64]) {
    let Some(forest) = IsolationForestParams::default().check().ok().and_then(|valid| valid.fit(usual, seed).ok())
    else {
        return;
    };
    let (Ok(of_usual), Ok(of_rows)) = (forest.score(usual), forest.score(rows)) else { return };
    let Ok(calibration) = EmpiricalPValues::fit(&of_usual) else { return };
    for (said, score) in said.iter_mut().zip(of_rows) {
        *said += ISOLATION * (-calibration.p_value(score).get().ln() - 1.0);
    }
}

fn random(training: &FeatureMatrix, labels: &[u32], rows: &FeatureMatrix, seed: u64, said: &mut [f64]) {
    let params =
        RandomForestClassifierParams::default().trees(100).min_samples_leaf(3).class_weights(ClassWeights::Balanced);
    let Some(forest) = params.check().ok().and_then(|valid| valid.fit(training, labels, seed).ok()) else { return };
    let Ok(of_rows) = forest.score(rows) else { return };
    for (said, score) in said.iter_mut().zip(of_rows) {
        let p = score.get();
        *said += RANDOM * ((p + 0.02) / (1.02 - p)).ln();
    }
}

/// P-values against the logins of the baseline that are no attacks by their labels; without a baseline, against all.
fn p_values(table: &LoginTable, pass: &mut Pass) {
    let reference = if pass.first > FEWEST_NORMAL { pass.first } else { table.len() };
    let scores: Vec<Score> = (0..reference)
        .filter(|&at| !pass.labels.get(at).copied().unwrap_or(false))
        .filter_map(|at| Score::new(pass.steps[at].score))
        .collect();
    pass.p_values = match CalibratedPValues::fit(&scores) {
        Ok(calibration) => pass
            .steps
            .iter()
            .map(|step| Score::new(step.score).map_or(1.0, |score| calibration.p_value(score).get()))
            .collect(),
        Err(_) => vec![1.0; pass.steps.len()],
    };
}
