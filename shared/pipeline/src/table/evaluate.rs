//! How well labelled rows are told apart that were held out.

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
use super::{ActivityError, Table, is_usual};

/// Values that are read at most: 32 Mi, 256 MiB of them. Of larger tables an even sample is taken.
const MAX_VALUES: usize = 1 << 25;

/// The share of rows that is held out.
const HELD_OUT: f64 = 1.0 / 3.0;

/// What tells rows apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judge {
    /// Learns from the labels: a random forest of 100 trees; anomalous from a probability of ½ on.
    RandomForest,
    /// Does not see them; anomalous where the p-value is at most the share of anomalous rows in what it was fitted on.
    Unsupervised(EstimatorKind),
}

/// A name that nothing here has.
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

/// What is evaluated, and how.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluateOptions {
    /// Which of the schema's labels is the truth.
    pub label: usize,
    /// The value that stands for the usual; without one [the words for it](is_usual).
    pub normal: Option<String>,
    /// What tells rows apart.
    pub judge: Judge,
    /// Seeds the split and the estimator.
    pub seed: u64,
}

/// Which rows are held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Split {
    /// A third of every class, chosen by chance; rows of equal values are all on one side.
    Stratified,
    /// The last third by time, or by order where rows have no time, without rows that are in the first two thirds as well.
    Tail,
}

/// How well the rows were told apart that were held out.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// Which they are.
    pub split: Split,
    /// Rows that were learned from.
    pub training: u64,
    /// Of these, how many are anomalous.
    pub training_anomalous: u64,
    /// Rows that were left out because rows of equal values were learned from.
    pub left_out: u64,
    /// What was taken for what.
    pub confusion: ConfusionMatrix,
    /// Area under the precision/recall curve.
    pub average_precision: f64,
    /// Area under the ROC curve.
    pub roc_auc: f64,
}

/// What an evaluation came to.
#[derive(Debug)]
pub struct Evaluated {
    /// Rows of the table.
    pub seen: u64,
    /// Of these, how many were taken.
    pub rows: u64,
    /// Of these, how many are anomalous.
    pub anomalous: u64,
    /// Rows whose values another row before them has as well.
    pub duplicates: u64,
    /// Rows by label, the most first.
    pub labels: Vec<(String, u64)>,
    /// By split; those that cannot be evaluated with the reason.
    pub splits: Vec<(Split, Result<HeldOut, ActivityError>)>,
    /// What reading the table came to.
    pub read: ReadSummary,
}

/// Evaluates on a table. Encoders are fitted on what is learned from only, so that words that are held out may be unseen.
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
        anomalous.push(!is_usual(label, options.normal.as_deref()));
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
    let known: BTreeSet<u64> = training.iter().map(|row| hashes[*row]).collect();
    let held_out: Vec<usize> = tail.iter().copied().filter(|row| !known.contains(&hashes[*row])).collect();
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
        both_classes("what is learned from", schema, options, anomalous, training)?;
        both_classes("what is held out", schema, options, anomalous, held_out)?;
        let training_anomalous = count(anomalous, training);
        let encoding = match options.judge {
            Judge::RandomForest => CategoryEncoding::Ordinal,
            Judge::Unsupervised(_) => CategoryEncoding::Rarity,
        };
        let encoder = encoder(schema, sample, encoding, training)?;
        let of = |rows: &[usize]| rows.iter().map(|row| anomalous[*row]).collect::<Vec<bool>>();
        let (known, truth) = (encode(&encoder, sample, training), of(training));
        let asked = encode(&encoder, sample, held_out);
        let (scores, predicted) = match options.judge {
            Judge::RandomForest => random_forest(&known, &truth, &asked, options.seed)?,
            Judge::Unsupervised(kind) => unsupervised(kind, &known, &truth, &asked, options.seed)?,
        };
        let truth = of(held_out);
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

type Answers = (Vec<Score>, Vec<bool>);

fn random_forest(
    known: &FeatureMatrix,
    truth: &[bool],
    asked: &FeatureMatrix,
    seed: u64,
) -> Result<Answers, ActivityError> {
    let labels: Vec<u32> = truth.iter().map(|anomalous| u32::from(*anomalous)).collect();
    let params = RandomForestClassifierParams::default();
    // The defaults are in range.
    let valid = params.check().map_err(|_| FitError::NoVariance)?;
    let scores = valid.fit(known, &labels, seed)?.score(asked)?;
    let predicted = scores.iter().map(|score| score.get() >= 0.5).collect();
    Ok((scores, predicted))
}

fn unsupervised(
    kind: EstimatorKind,
    known: &FeatureMatrix,
    truth: &[bool],
    asked: &FeatureMatrix,
    seed: u64,
) -> Result<Answers, ActivityError> {
    let model = BehaviourModel::fit(&[kind], known, &BTreeMap::new(), seed)?;
    let share = truth.iter().filter(|anomalous| **anomalous).count() as f64 / truth.len() as f64;
    let verdicts = model.judge(&model.scale(asked)?)?;
    let answers = verdicts.iter().map(|v| (v.most_significant().score, v.p_value.get() <= share));
    Ok(answers.unzip())
}
