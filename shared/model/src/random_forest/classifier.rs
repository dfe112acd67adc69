//! Which class a row is of.

use std::collections::HashMap;
use std::sync::Arc;

use weir_domain::matrix::{FeatureMatrix, FeatureSchema};
use weir_domain::score::{Explanation, Score};

use super::classes::{ClassCount, Gini};
use super::ensemble::{Ensemble, check_shape};
use super::params::RandomForestClassifierValid;
use crate::error::{ExplainError, FitError, SchemaMismatch};

/// Classes at most.
pub(super) const MAX_CLASSES: usize = 1024;

/// A fitted forest over numbered classes, class 0 being the usual one where they mean usual and anomalous.
///
/// It refers to no data and can be stored, at 2 to 3 bytes a node in compact formats; reading it back checks every node,
/// so that a forest from anywhere can be asked.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "super::stored::StoredClassifier", into = "super::stored::StoredClassifier")]
pub struct RandomForestClassifier {
    pub(super) ensemble: Ensemble,
    pub(super) weights: Vec<f64>,
    pub(super) leaves: Leaves,
}

/// What the leaves of all trees say, everything once: most leaves hold few rows of one class.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Leaves {
    /// Where each leaf's counts begin; one more for where the last one's end.
    first: Vec<usize>,
    counts: Vec<ClassCount>,
    /// The weighted share of each count in its leaf.
    shares: Vec<f32>,
}

impl Leaves {
    /// Each leaf's counts are classes below the number of weights, of at least one row.
    pub(super) fn new(leaves: impl Iterator<Item = Vec<ClassCount>>, weights: &[f64]) -> Self {
        let mut table = Self { first: vec![0], ..Self::default() };
        for leaf in leaves {
            let total: f64 = leaf.iter().map(|count| weight(*count, weights)).sum();
            table.shares.extend(leaf.iter().map(|count| (weight(*count, weights) / total) as f32));
            table.counts.extend(leaf);
            table.first.push(table.counts.len());
        }
        table
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[ClassCount]> {
        self.first.windows(2).map(|ends| &self.counts[ends[0]..ends[1]])
    }

    fn add_shares(&self, leaf: usize, sums: &mut [f64]) {
        let range = self.first[leaf]..self.first[leaf + 1];
        for ((class, _), share) in self.counts[range.clone()].iter().zip(&self.shares[range]) {
            sums[usize::from(*class)] += f64::from(*share);
        }
    }
}

fn weight((class, rows): ClassCount, weights: &[f64]) -> f64 {
    f64::from(rows) * weights[usize::from(class)]
}

impl RandomForestClassifierValid {
    /// Grows the trees on rows and their classes, numbered from 0 to at most 1 023; all numbers up to the largest count
    /// as classes. Runs in parallel on the current rayon pool; the forest depends on the rows, their order and the seed,
    /// to the bit, and not on the number of threads.
    ///
    /// # Errors
    /// When there are no rows or features, or too many features or classes, or not one label per row.
    pub fn fit(&self, matrix: &FeatureMatrix, labels: &[u32], seed: u64) -> Result<RandomForestClassifier, FitError> {
        check_shape(matrix, labels.len())?;
        let classes = labels.iter().max().map_or(0, |&most| most as usize + 1);
        if classes > MAX_CLASSES {
            return Err(FitError::TooMany { what: "classes", most: MAX_CLASSES, got: classes });
        }
        let mut rows = vec![0; classes];
        for &label in labels {
            rows[label as usize] += 1;
        }
        let gini = Gini { weights: self.class_weights().for_counts(&rows) };
        let mut places: HashMap<Vec<ClassCount>, u32> = HashMap::new();
        let mut leaves = vec![];
        let enter = |leaf: Vec<ClassCount>| {
            *places.entry(leaf).or_insert_with_key(|leaf| {
                leaves.push(leaf.clone());
                leaves.len() as u32 - 1
            })
        };
        let class = |row: usize| labels[row] as u16;
        let ensemble = Ensemble::fit(matrix, &gini, class, self.trees_and_limits(matrix.width()), seed, enter);
        let leaves = Leaves::new(leaves.into_iter(), &gini.weights);
        Ok(RandomForestClassifier { ensemble, weights: gini.weights, leaves })
    }

    /// The same, and what the trees that did not see a row say about it: an honest judgement without rows held back.
    ///
    /// # Errors
    /// As [`fit`](Self::fit).
    pub fn fit_out_of_bag(
        &self,
        matrix: &FeatureMatrix,
        labels: &[u32],
        seed: u64,
    ) -> Result<(RandomForestClassifier, OutOfBagClasses), FitError> {
        let forest = self.fit(matrix, labels, seed)?;
        let classes = forest.classes();
        let add = |leaf: usize, sums: &mut [f64]| forest.leaves.add_shares(leaf, sums);
        let mut sums = forest.ensemble.visit_out_of_bag(matrix, seed, classes, add);
        let decisions = sums.chunks_exact_mut(classes + 1).map(|row| {
            let (shares, trees) = row.split_at_mut(classes);
            for share in &mut *shares {
                *share /= trees[0];
            }
            (trees[0] > 0.0).then(|| shares.to_vec())
        });
        let decisions = decisions.collect();
        Ok((forest, OutOfBagClasses { decisions, labels: labels.to_vec() }))
    }
}

impl RandomForestClassifier {
    /// What the forest was fitted on.
    #[must_use]
    pub fn schema(&self) -> &Arc<FeatureSchema> {
        &self.ensemble.schema
    }

    /// Number of trees.
    #[must_use]
    pub fn trees(&self) -> usize {
        self.ensemble.trees.len()
    }

    /// Number of classes.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.weights.len()
    }

    /// Of each feature, in the order of the schema: its share of what all splits took off the impurity. They add up to 1,
    /// or are all 0 when nothing was split. Features of many values look more important than they are.
    #[must_use]
    pub fn importances(&self) -> &[f64] {
        &self.ensemble.importances
    }

    /// The probability of each class, row after row, [`classes`](Self::classes) numbers each: the mean over the trees of
    /// the weighted class shares in the row's leaf. They add up to 1 within 10⁻⁶. Runs in parallel on the current rayon
    /// pool; the same to the bit on any number of threads.
    ///
    /// # Errors
    /// When the matrix has another schema than the forest.
    pub fn probabilities(&self, matrix: &FeatureMatrix) -> Result<Vec<f64>, SchemaMismatch> {
        SchemaMismatch::check(self.schema(), matrix.schema())?;
        let add = |_, _, leaf, sums: &mut [f64]| self.leaves.add_shares(leaf, sums);
        let mut sums = self.ensemble.visit(matrix, self.classes(), add);
        for sum in &mut sums {
            *sum /= self.trees() as f64;
        }
        Ok(sums)
    }

    /// The most probable class of each row; of equally probable ones the lowest number.
    ///
    /// # Errors
    /// When the matrix has another schema than the forest.
    pub fn predict(&self, matrix: &FeatureMatrix) -> Result<Vec<u32>, SchemaMismatch> {
        Ok(self.probabilities(matrix)?.chunks_exact(self.classes()).map(most_probable).collect())
    }

    /// The probability of each row not being of class 0: in [0, 1], higher is more anomalous where class 0 is the usual.
    ///
    /// # Errors
    /// When the matrix has another schema than the forest.
    pub fn score(&self, matrix: &FeatureMatrix) -> Result<Vec<Score>, SchemaMismatch> {
        let probabilities = self.probabilities(matrix)?;
        Ok(probabilities.chunks_exact(self.classes()).map(|row| probability_as_score(row[1..].iter().sum())).collect())
    }

    /// Why a row got its score: each feature's part in it. A split that sends the row from a node to a child adds what
    /// the probability rises by from the one to the other; a node's is that of its training rows. The contributions,
    /// means over the trees, add up to the row's score minus [`base_rate`](Self::base_rate).
    ///
    /// Takes O(nodes of the forest): milliseconds.
    ///
    /// # Errors
    /// When the matrix has another schema than the forest, or no such row.
    pub fn explain(&self, matrix: &FeatureMatrix, row: usize) -> Result<Explanation, ExplainError> {
        let leaves = self.anomalous_leaves();
        let amounts = self.ensemble.contributions(matrix, row, |leaf| leaves[leaf])?;
        Ok(Explanation::from_amounts(&amounts))
    }

    /// The score before anything is known of a row: the mean over the trees of the share, in the tree's sample, of rows
    /// that are not of class 0, weighted.
    #[must_use]
    pub fn base_rate(&self) -> f64 {
        let leaves = self.anomalous_leaves();
        self.ensemble.mean_root(|leaf| leaves[leaf])
    }

    /// Of every leaf the weight, and the share of it that is not of class 0.
    fn anomalous_leaves(&self) -> Vec<(f64, f64)> {
        let leaf = |counts: &[ClassCount]| {
            let total: f64 = counts.iter().map(|count| weight(*count, &self.weights)).sum();
            let anomalous = counts.iter().filter(|(class, _)| *class > 0);
            (total, anomalous.map(|count| weight(*count, &self.weights)).sum::<f64>() / total)
        };
        self.leaves.iter().map(leaf).collect()
    }
}

/// What the trees that were not grown on a row say about it, for every training row.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfBagClasses {
    decisions: Vec<Option<Vec<f64>>>,
    labels: Vec<u32>,
}

impl OutOfBagClasses {
    /// The probability of each class for every row; none for rows that all trees were grown on.
    #[must_use]
    pub fn decisions(&self) -> &[Option<Vec<f64>>] {
        &self.decisions
    }

    /// The share of rows whose most probable class is theirs, of those that some tree was not grown on; none when there
    /// are none.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        let decided = self.decisions.iter().zip(&self.labels).filter_map(|(row, label)| Some((row.as_ref()?, *label)));
        let right: Vec<bool> = decided.map(|(row, label)| most_probable(row) == label).collect();
        (!right.is_empty()).then(|| right.iter().filter(|right| **right).count() as f64 / right.len() as f64)
    }
}

fn most_probable(row: &[f64]) -> u32 {
    let best = |best: usize, class: usize| if row[class] > row[best] { class } else { best };
    (0..row.len()).fold(0, best) as u32
}

#[expect(clippy::expect_used, reason = "a sum of shares is finite")]
fn probability_as_score(value: f64) -> Score {
    Score::new(value.clamp(0.0, 1.0)).expect("a finite score")
}
