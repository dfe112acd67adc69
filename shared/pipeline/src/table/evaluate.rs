//! Evaluates an estimator on held-out labelled rows of a table.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use weir_domain::activity::ActivitySchema;
use weir_domain::matrix::FeatureMatrix;
use weir_domain::reject::ReadSummary;
use weir_domain::score::Score;
use weir_features::activity::TableSample;
use weir_model::evaluation::{ConfusionMatrix, Ranking, stratified_by_group};
use weir_model::{BehaviourModel, CategoryEncoding, EstimatorKind, FitError, RandomForestClassifierParams};

use super::learn::{collect, encode, encoder};
use super::{ActivityError, Table, is_normal_label};

/// Maximum number of values: 32 Mi, which take 256 MiB. Larger tables are sampled evenly.
const MAX_VALUES: usize = 1 << 25;

/// Share of the rows that is held out.
const HELD_OUT: f64 = 1.0 / 3.0;

/// The method that is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judge {
    /// A random forest of 100 trees trained on the labels; rows are anomalous from a probability of ½.
    RandomForest,
    /// An estimator that does not use the labels; rows are anomalous if the p-value is at most the share of anomalous training rows.
    Unsupervised(EstimatorKind),
}

/// The name of no method.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} cannot be evaluated: use random-forest, {names}", names = EstimatorKind::ALL.map(EstimatorKind::name).join(", "))]
pub struct UnknownJudge(String);

impl FromStr for Judge {
    type Err = UnknownJudge;

    fn from_str(name: &str) -> Result<Self, UnknownJudge> {
        if name == "random-forest" {
            return Ok(Self::RandomForest);
        }
        name.parse().map(Self::Unsupervised).map_err(|_| UnknownJudge(name.to_owned()))
    }
}

impl fmt::Display for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RandomForest => f.write_str("random-forest"),
            Self::Unsupervised(kind) => kind.fmt(f),
        }
    }
}

/// Options of an evaluation.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluateOptions {
    /// Index of the label column.
    pub label: usize,
    /// The label of normal rows; without one, [the usual words](is_normal_label).
    pub normal: Option<String>,
    /// The method that is evaluated.
    pub judge: Judge,
    /// Random seed of the split and the estimator.
    pub seed: u64,
}

/// The choice of held-out rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// A random third of every class; rows with equal values are on the same side.
    Stratified,
    /// The last third by time, or by order where rows have no time, without rows that are in the first two thirds as well.
    Tail,
}

/// Metrics on the held-out rows.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// The choice of rows.
    pub split: Split,
    /// Number of training rows.
    pub training: u64,
    /// Of these, the number of anomalous rows.
    pub training_anomalous: u64,
    /// Number of rows left out because a training row has equal values.
    pub left_out: u64,
    /// Confusion matrix.
    pub confusion: ConfusionMatrix,
    /// Area under the precision/recall curve.
    pub average_precision: f64,
    /// Area under the ROC curve.
    pub roc_auc: f64,
}

/// The result of an evaluation.
#[derive(Debug)]
pub struct Evaluated {
    /// Number of rows of the table.
    pub seen: u64,
    /// Of these, the number of rows in the sample.
    pub rows: u64,
    /// Of these, the number of anomalous rows.
    pub anomalous: u64,
    /// Number of rows that repeat the values of an earlier row.
    pub duplicates: u64,
    /// Number of rows of each label, the most frequent first.
    pub labels: Vec<(String, u64)>,
    /// Metrics of each split, or the reason why it could not be evaluated.
    pub splits: Vec<(Split, Result<HeldOut, ActivityError>)>,
    /// Counts of rows read and rejected.
    pub read: ReadSummary,
}

/// Evaluates a method on a table. Encoders are fitted on the training rows only, so that held-out rows may have unseen words.
///
/// # Errors
/// When the table cannot be read, or its rows are all of one class.
pub fn evaluate(
    schema: &ActivitySchema,
    table: &impl Table,
    options: &EvaluateOptions,
) -> Result<Evaluated, ActivityError> {
    let max_rows = MAX_VALUES / schema.features().count().max(1);
    let (sample, _, read) = collect(schema, table, max_rows, options.seed)?;
    let mut labels: BTreeMap<&str, u64> = BTreeMap::new();
    let mut anomalous = Vec::with_capacity(sample.len());
    for row in 0..sample.len() {
        let label = sample.label(options.label, row);
        *labels.entry(label).or_default() += 1;
        anomalous.push(!is_normal_label(label, options.normal.as_deref()));
    }
    let rows: Vec<usize> = (0..sample.len()).collect();
    both_classes("the table", schema, options, &anomalous, &rows)?;
    let numbers: BTreeMap<&str, u32> = labels.keys().zip(0..).map(|(label, number)| (*label, number)).collect();
    let classes: Vec<u32> = rows.iter().map(|row| numbers[sample.label(options.label, *row)]).collect();
    let hashes = sample.value_hashes();
    let evaluation = Evaluation { schema, sample: &sample, options, anomalous: &anomalous };

    let out = stratified_by_group(&classes, &hashes, HELD_OUT, options.seed)?;
    let (held_out, training): (Vec<usize>, Vec<usize>) = rows.iter().partition(|row| out[**row]);
    let stratified = evaluation.run(Split::Stratified, &training, &held_out, 0);

    let mut order = rows;
    order.sort_by_key(|row| sample.time(*row));
    let (training, tail) = order.split_at(order.len() - order.len() / 3);
    let trained_on: BTreeSet<u64> = training.iter().map(|row| hashes[*row]).collect();
    let held_out: Vec<usize> = tail.iter().copied().filter(|row| !trained_on.contains(&hashes[*row])).collect();
    let left_out = (tail.len() - held_out.len()) as u64;
    let tail = evaluation.run(Split::Tail, training, &held_out, left_out);

    let distinct = hashes.iter().collect::<BTreeSet<_>>().len();
    let mut labels: Vec<(String, u64)> = labels.into_iter().map(|(label, rows)| (label.to_owned(), rows)).collect();
    labels.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
    Ok(Evaluated {
        seen: sample.seen(),
        rows: sample.len() as u64,
        anomalous: count(&anomalous, &order),
        duplicates: (sample.len() - distinct) as u64,
        labels,
        splits: vec![(Split::Stratified, stratified), (Split::Tail, tail)],
        read,
    })
}

fn count(anomalous: &[bool], rows: &[usize]) -> u64 {
    rows.iter().filter(|row| anomalous[**row]).count() as u64
}

fn both_classes(
    part: &'static str,
    schema: &ActivitySchema,
    options: &EvaluateOptions,
    anomalous: &[bool],
    rows: &[usize],
) -> Result<(), ActivityError> {
    let anomalous = count(anomalous, rows);
    if anomalous > 0 && anomalous < rows.len() as u64 {
        return Ok(());
    }
    let label = schema.labels().nth(options.label).map(|c| c.name.clone()).unwrap_or_default();
    Err(ActivityError::OneClass { part, anomalous, rows: rows.len() as u64, label })
}

struct Evaluation<'a> {
    schema: &'a ActivitySchema,
    sample: &'a TableSample,
    options: &'a EvaluateOptions,
    anomalous: &'a [bool],
}

impl Evaluation<'_> {
    fn run(
        &self,
        split: Split,
        training: &[usize],
        held_out: &[usize],
        left_out: u64,
    ) -> Result<HeldOut, ActivityError> {
        let Self { schema, sample, options, anomalous } = self;
        both_classes("the training rows", schema, options, anomalous, training)?;
        both_classes("the held-out rows", schema, options, anomalous, held_out)?;
        let training_anomalous = count(anomalous, training);
        let encoding = match options.judge {
            Judge::RandomForest => CategoryEncoding::Ordinal,
            Judge::Unsupervised(_) => CategoryEncoding::Rarity,
        };
        let encoder = encoder(schema, sample, encoding, training)?;
        let truth_of = |rows: &[usize]| rows.iter().map(|row| anomalous[*row]).collect::<Vec<bool>>();
        let (training_rows, truth) = (encode(&encoder, sample, training), truth_of(training));
        let held_out_rows = encode(&encoder, sample, held_out);
        let (scores, predicted) = match options.judge {
            Judge::RandomForest => random_forest(&training_rows, &truth, &held_out_rows, options.seed)?,
            Judge::Unsupervised(kind) => unsupervised(kind, &training_rows, &truth, &held_out_rows, options.seed)?,
        };
        let truth = truth_of(held_out);
        let ranking = Ranking::new(&truth, &scores)?;
        Ok(HeldOut {
            split,
            training: training.len() as u64,
            training_anomalous,
            left_out,
            confusion: ConfusionMatrix::binary(&truth, &predicted)?,
            average_precision: ranking.average_precision()?,
            roc_auc: ranking.roc_auc()?,
        })
    }
}

type Predictions = (Vec<Score>, Vec<bool>);

fn random_forest(
    training: &FeatureMatrix,
    truth: &[bool],
    held_out_rows: &FeatureMatrix,
    seed: u64,
) -> Result<Predictions, ActivityError> {
    let labels: Vec<u32> = truth.iter().map(|anomalous| u32::from(*anomalous)).collect();
    let params = RandomForestClassifierParams::default();
    // The defaults are in range.
    let valid = params.check().map_err(|_| FitError::NoVariance)?;
    let scores = valid.fit(training, &labels, seed)?.score(held_out_rows)?;
    let predicted = scores.iter().map(|score| score.get() >= 0.5).collect();
    Ok((scores, predicted))
}

fn unsupervised(
    kind: EstimatorKind,
    training: &FeatureMatrix,
    truth: &[bool],
    held_out_rows: &FeatureMatrix,
    seed: u64,
) -> Result<Predictions, ActivityError> {
    let model = BehaviourModel::fit(&[kind], training, &BTreeMap::new(), seed)?;
    let share = truth.iter().filter(|anomalous| **anomalous).count() as f64 / truth.len() as f64;
    let verdicts = model.judge(&model.scale(held_out_rows)?)?;
    let predictions = verdicts.iter().map(|v| (v.most_significant().score, v.p_value.get() <= share));
    Ok(predictions.unzip())
}
