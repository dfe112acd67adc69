//! Fits an estimator on one file of rows, scores another, and prints the seconds of each: our side of
//! `tests/parity/speed.py`, which runs it.
//!
//! `speed CASE WIDTH TRAINING ASKED`, where the files hold 64-bit little-endian numbers, row after row. It prints the seconds
//! that fitting took, those that scoring took, and the mean score. To add a case, add a line to `run`.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
use weir_domain::score::Score;
use weir_model::{
    EcodParams, IqrParams, IsolationForestParams, LocalOutlierFactorParams, OneClassSvmParams,
    RandomForestClassifierParams,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [case, width, training, asked] = &arguments[..] else {
        return Err("usage: speed CASE WIDTH TRAINING ASKED".into());
    };
    let width = width.parse()?;
    let (fit, score, mean) = run(case, &read(training, width)?, &read(asked, width)?)?;
    println!("{fit} {score} {mean}");
    Ok(())
}

fn run(case: &str, training: &FeatureMatrix, asked: &FeatureMatrix) -> Outcome<(f64, f64, f64)> {
    match case {
        "isolation_forest" => {
            let valid = IsolationForestParams::default().check()?;
            time(|| valid.fit(training, 1), |forest| forest.score(asked))
        }
        "random_forest" => {
            let valid = RandomForestClassifierParams::default().check()?;
            let labels: Vec<u32> = training.rows().map(label).collect();
            time(|| valid.fit(training, &labels, 1), |forest| forest.score(asked))
        }
        "local_outlier_factor" => {
            let valid = LocalOutlierFactorParams::default().check()?;
            time(|| valid.fit(training), |lof| lof.score(asked))
        }
        "one_class_svm" => {
            let valid = OneClassSvmParams::default().check()?;
            time(|| valid.fit(training), |svm| svm.score(asked))
        }
        "one_class_svm_half" => {
            let valid = OneClassSvmParams::default().nu(0.5).check()?;
            time(|| valid.fit(training), |svm| svm.score(asked))
        }
        "ecod" => {
            let valid = EcodParams::default().check()?;
            time(|| valid.fit(training), |ecod| ecod.score(asked))
        }
        "iqr" => {
            let valid = IqrParams::default().check()?;
            time(|| valid.fit(training), |iqr| iqr.score(asked))
        }
        _ => Err(format!("no case {case}").into()),
    }
}

/// What a random forest is to learn; `tests/parity/speed.py` has the same.
fn label(row: &[f64]) -> u32 {
    u32::from((row[0] + row[1] * row[2] > 0.0) != (row[3].abs() > 1.5))
}

/// Seconds to fit, seconds to score, and the mean score.
fn time<Fitted, FitFault, ScoreFault>(
    fit: impl FnOnce() -> Result<Fitted, FitFault>,
    score: impl FnOnce(&Fitted) -> Result<Vec<Score>, ScoreFault>,
) -> Outcome<(f64, f64, f64)>
where
    FitFault: Error + 'static,
    ScoreFault: Error + 'static,
{
    let start = Instant::now();
    let fitted = fit()?;
    let fitting = start.elapsed().as_secs_f64();
    let start = Instant::now();
    let scores = score(&fitted)?;
    let scoring = start.elapsed().as_secs_f64();
    Ok((fitting, scoring, scores.iter().map(|score| score.get()).sum::<f64>() / scores.len() as f64))
}

fn read(path: &str, width: usize) -> Outcome<FeatureMatrix> {
    let feature = |i| Feature {
        name: format!("f{i}"),
        label: String::new(),
        unit: String::new(),
        transform: Transform::Identity,
    };
    let features = (0..width).map(feature).collect();
    let schema = FeatureSchema { source: "flow".into(), window_seconds: 300, features };
    let mut matrix = FeatureMatrix::new(Arc::new(schema));
    let bytes = std::fs::read(path)?;
    let numbers: Vec<f64> = bytes.as_chunks().0.iter().map(|number| f64::from_le_bytes(*number)).collect();
    for row in numbers.chunks_exact(width) {
        matrix.push(row)?;
    }
    Ok(matrix)
}
