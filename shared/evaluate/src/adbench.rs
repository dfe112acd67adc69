//! The suite [`Adbench`](crate::Suite::Adbench): every estimator on every table, ranked and compared with another implementation.

use std::path::Path;

use serde::Serialize;
use weir_domain::text::escape;
use weir_model::evaluation::Ranking;

use crate::estimators::{ESTIMATORS, Estimator};
use crate::evaluation::{Evaluation, FigureTable, Progress, number};
use crate::files::npz_files;
use crate::npz::{self, LabelledTable};
use crate::reference::{Reached, Reference};

/// How the suite on tables is run; the suites on series have nothing to choose.
#[derive(Debug, Default)]
pub struct AdbenchOptions {
    /// Runs of each estimator that draws random numbers, with the seeds 0, 1, …; its figures are means over them.
    pub seeds: u32,
    /// What another implementation reached on the same rows.
    pub reference: Reference,
}

/// The smallest tolerance for a difference of two ROC AUCs.
const MIN_TOLERANCE: f64 = 0.01;

pub(crate) fn run(path: &Path, options: &AdbenchOptions, progress: Progress<'_>) -> anyhow::Result<Evaluation> {
    let files = npz_files(path)?;
    let mut report = Report::default();
    progress(0, files.len());
    for (done, file) in files.iter().enumerate() {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        match npz::read(file) {
            Ok(set) => report.add_set(&name, &set, options.seeds, &options.reference),
            Err(error) => report.problems.push(format!("{}: {error:#}", file.display())),
        }
        progress(done + 1, files.len());
    }
    report.summarise();
    let tables = vec![report.by_set(), report.by_estimator()];
    let mut evaluation = Evaluation::new(tables, report.notes(&options.reference), &report)?;
    evaluation.problems = report.problems;
    Ok(evaluation)
}

/// The figures of the suite.
#[derive(Default, Serialize)]
struct Report {
    outcomes: Vec<Outcome>,
    estimators: Vec<Summary>,
    /// Tables that could not be read, and estimators that could not be fitted.
    problems: Vec<String>,
}

/// One estimator on one set.
#[derive(Debug, Serialize)]
struct Outcome {
    set: String,
    estimator: &'static str,
    rows: usize,
    anomalous: u64,
    /// Runs, with a seed each.
    seeds: u32,
    roc_auc: f64,
    /// Standard deviation over the runs, 0 for one.
    roc_auc_deviation: f64,
    average_precision: f64,
    average_precision_deviation: f64,
    /// Rank by ROC AUC among the estimators on this set, from 1; ties share their mean rank.
    rank: f64,
    reference: Option<Compared>,
}

/// The comparison with another implementation.
#[derive(Debug, Serialize)]
struct Compared {
    roc_auc: f64,
    roc_auc_deviation: f64,
    average_precision: f64,
    /// Weir's ROC AUC minus the reference's.
    difference: f64,
    /// The difference that chance explains.
    tolerance: f64,
    within: bool,
}

/// One estimator on all sets.
#[derive(Debug, Serialize)]
struct Summary {
    estimator: &'static str,
    sets: usize,
    mean_rank: f64,
    mean_roc_auc: f64,
    mean_average_precision: f64,
    /// Number of sets with a reference.
    compared: usize,
    within: usize,
    reference_mean_roc_auc: Option<f64>,
    reference_mean_average_precision: Option<f64>,
    /// Weir's ROC AUC minus the reference's.
    mean_difference: Option<f64>,
    mean_absolute_difference: Option<f64>,
    largest_absolute_difference: Option<f64>,
}

impl Report {
    /// Runs all estimators on a set and ranks them.
    fn add_set(&mut self, name: &str, set: &LabelledTable, seeds: u32, reference: &Reference) {
        let mut outcomes = Vec::new();
        for estimator in ESTIMATORS {
            match evaluate(estimator, name, set, seeds, reference) {
                Ok(outcome) => outcomes.push(outcome),
                Err(error) => self.problems.push(format!("{} on {name}: {error:#}", estimator.name)),
            }
        }
        let aucs: Vec<f64> = outcomes.iter().map(|outcome| outcome.roc_auc).collect();
        for (outcome, rank) in outcomes.iter_mut().zip(ranks(&aucs)) {
            outcome.rank = rank;
        }
        self.outcomes.append(&mut outcomes);
    }

    fn summarise(&mut self) {
        let summary = |estimator: &Estimator| {
            let mine: Vec<_> = self.outcomes.iter().filter(|outcome| outcome.estimator == estimator.name).collect();
            let compared: Vec<_> = mine.iter().filter_map(|outcome| outcome.reference.as_ref()).collect();
            let differences = || compared.iter().map(|compared| compared.difference.abs());
            Some(Summary {
                estimator: estimator.name,
                sets: mine.len(),
                mean_rank: mean(mine.iter().map(|outcome| outcome.rank))?,
                mean_roc_auc: mean(mine.iter().map(|outcome| outcome.roc_auc))?,
                mean_average_precision: mean(mine.iter().map(|outcome| outcome.average_precision))?,
                compared: compared.len(),
                within: compared.iter().filter(|compared| compared.within).count(),
                reference_mean_roc_auc: mean(compared.iter().map(|compared| compared.roc_auc)),
                reference_mean_average_precision: mean(compared.iter().map(|compared| compared.average_precision)),
                mean_difference: mean(compared.iter().map(|compared| compared.difference)),
                mean_absolute_difference: mean(differences()),
                largest_absolute_difference: differences().reduce(f64::max),
            })
        };
        self.estimators = ESTIMATORS.iter().filter_map(summary).collect();
    }

    fn by_set(&self) -> FigureTable {
        let mut rows = FigureTable::new(
            2,
            &[
                "set",
                "estimator",
                "rows",
                "anomalous",
                "ROC AUC",
                "±",
                "AP",
                "reference",
                "±",
                "AP",
                "|Δ|",
                "allowed",
                "within",
            ],
        );
        for outcome in &self.outcomes {
            let theirs = outcome.reference.as_ref();
            let figure = |figure: fn(&Compared) -> f64| number(theirs.map(figure), 3);
            rows.push(vec![
                escape(&outcome.set),
                outcome.estimator.to_owned(),
                outcome.rows.to_string(),
                outcome.anomalous.to_string(),
                number(Some(outcome.roc_auc), 3),
                number(Some(outcome.roc_auc_deviation), 3),
                number(Some(outcome.average_precision), 3),
                figure(|theirs| theirs.roc_auc),
                figure(|theirs| theirs.roc_auc_deviation),
                figure(|theirs| theirs.average_precision),
                figure(|theirs| theirs.difference.abs()),
                figure(|theirs| theirs.tolerance),
                theirs.map_or("-", |theirs| if theirs.within { "yes" } else { "NO" }).to_owned(),
            ]);
        }
        rows
    }

    fn by_estimator(&self) -> FigureTable {
        let mut rows = FigureTable::new(
            1,
            &[
                "estimator",
                "sets",
                "mean rank",
                "mean ROC AUC",
                "mean AP",
                "reference ROC AUC",
                "reference AP",
                "mean Δ",
                "mean |Δ|",
                "largest |Δ|",
                "within",
            ],
        );
        for summary in &self.estimators {
            rows.push(vec![
                summary.estimator.to_owned(),
                summary.sets.to_string(),
                number(Some(summary.mean_rank), 2),
                number(Some(summary.mean_roc_auc), 4),
                number(Some(summary.mean_average_precision), 4),
                number(summary.reference_mean_roc_auc, 4),
                number(summary.reference_mean_average_precision, 4),
                summary.mean_difference.map_or_else(|| "-".to_owned(), |difference| format!("{difference:+.4}")),
                number(summary.mean_absolute_difference, 4),
                number(summary.largest_absolute_difference, 4),
                format!("{}/{}", summary.within, summary.compared),
            ]);
        }
        rows
    }

    fn notes(&self, reference: &Reference) -> Vec<String> {
        if self.outcomes.iter().all(|outcome| outcome.reference.is_none()) {
            return vec!["no reference to compare with: tests/parity/adbench.py makes one".to_owned()];
        }
        let versions: Vec<_> = reference.made_with.iter().map(|(name, version)| format!("{name} {version}")).collect();
        vec![format!(
            "reference: {}; Δ is of the ROC AUC, ours minus theirs; allowed is {MIN_TOLERANCE}, or 3 standard errors of \
             the difference where that is more",
            escape(&versions.join(", "))
        )]
    }
}

/// Fits and scores with every seed. The caller sets the rank.
fn evaluate(
    estimator: &Estimator,
    name: &str,
    set: &LabelledTable,
    seeds: u32,
    reference: &Reference,
) -> anyhow::Result<Outcome> {
    let LabelledTable { rows, anomalous } = set.thinned(estimator.max_rows)?;
    let rows = estimator.prepare(rows)?;
    let seeds = if estimator.random { seeds } else { 1 };
    let (mut aucs, mut precisions, mut anomalies) = (Vec::new(), Vec::new(), 0);
    for seed in 0..u64::from(seeds) {
        let ranking = Ranking::new(&anomalous, &estimator.score(&rows, seed)?)?;
        aucs.push(ranking.roc_auc()?);
        precisions.push(ranking.average_precision()?);
        anomalies = ranking.anomalous();
    }
    let (roc_auc, roc_auc_deviation) = spread(&aucs);
    let (average_precision, average_precision_deviation) = spread(&precisions);
    let reached = reference.reached(name, estimator.name, rows.len());
    Ok(Outcome {
        set: name.to_owned(),
        estimator: estimator.name,
        rows: rows.len(),
        anomalous: anomalies,
        seeds,
        roc_auc,
        roc_auc_deviation,
        average_precision,
        average_precision_deviation,
        rank: 1.0,
        reference: reached.map(|reached| compare(roc_auc, seeds, reached)),
    })
}

/// The standard error of the difference of two means, of `n` and `m` runs, is σ√(1/n + 1/m); the tolerance is three of them.
fn compare(roc_auc: f64, seeds: u32, reached: &Reached) -> Compared {
    let runs = 1.0 / f64::from(seeds) + 1.0 / f64::from(reached.seeds);
    let tolerance = (3.0 * reached.roc_auc_deviation * runs.sqrt()).max(MIN_TOLERANCE);
    let difference = roc_auc - reached.roc_auc;
    Compared {
        roc_auc: reached.roc_auc,
        roc_auc_deviation: reached.roc_auc_deviation,
        average_precision: reached.average_precision,
        difference,
        tolerance,
        within: difference.abs() <= tolerance,
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let n = values.len();
    (n > 0).then(|| values.sum::<f64>() / n as f64)
}

/// Mean and standard deviation (of a sample; 0 of one value).
fn spread(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, if values.len() > 1 { (squares / (n - 1.0)).sqrt() } else { 0.0 })
}

/// The rank of each value, the largest first, from 1; ties share their mean rank.
fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |value: &f64| {
        let larger = values.iter().filter(|other| *other > value).count();
        let equal = values.iter().filter(|other| other.total_cmp(value).is_eq()).count();
        larger as f64 + f64::midpoint(equal as f64, 1.0)
    };
    values.iter().map(rank).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_places() {
        assert_eq!(ranks(&[0.5, 0.9, 0.5, 0.1]), [2.5, 1.0, 2.5, 4.0]);
        assert_eq!(ranks(&[0.5]), [1.0]);
    }

    #[test]
    fn the_tolerance_grows_with_the_scatter_and_shrinks_with_the_runs() {
        let reached = |roc_auc_deviation| Reached {
            rows: 9,
            seeds: 10,
            roc_auc: 0.75,
            roc_auc_deviation,
            average_precision: 0.5,
        };
        let steady = compare(0.755, 10, &reached(0.0));
        assert_eq!((steady.tolerance, steady.within), (0.01, true));
        assert!(!compare(0.739, 10, &reached(0.0)).within);
        let scattered = compare(0.74, 10, &reached(0.1));
        assert!((scattered.tolerance - 0.3 * 0.2_f64.sqrt()).abs() < 1e-15 && scattered.within);
        assert!(compare(0.74, 1, &reached(0.1)).tolerance > scattered.tolerance);
        assert!(!compare(f64::NAN, 10, &reached(0.1)).within);
    }

    #[test]
    fn spreads() {
        assert_eq!(spread(&[2.0, 4.0]), (3.0, 2.0_f64.sqrt()));
        assert_eq!(spread(&[2.0]), (2.0, 0.0));
    }
}
