//! The stored forms of the forests, and the checks that make one safe to walk.

use std::sync::Arc;

use weir_domain::matrix::FeatureSchema;

use super::bins::Bins;
use super::classes::ClassCount;
use super::classifier::{Leaves, MAX_CLASSES, RandomForestClassifier};
use super::ensemble::{Ensemble, LeafyTree, MAX_FEATURES};
use super::params::{MAX_DEPTH_RANGE, TREES_RANGE, WEIGHT_RANGE};
use super::regressor::RandomForestRegressor;
use super::targets::LeafMean;
use crate::tree::{Split, Tree};

/// A forest of classes. Leaves that say the same are stored once.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredClassifier {
    forest: StoredEnsemble,
    class_weights: Vec<f64>,
    /// Of every different leaf: how many classes it has.
    classes: Vec<u16>,
    /// Of every class of every different leaf.
    class: Vec<u16>,
    /// Of every class of every different leaf.
    rows: Vec<u32>,
    /// Of every leaf, tree by tree: which of the different ones it is.
    leaf: Vec<u32>,
}

/// A forest of numbers.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredRegressor {
    forest: StoredEnsemble,
    /// Of every leaf, tree by tree.
    rows: Vec<u32>,
    /// Of every leaf, tree by tree.
    mean: Vec<f64>,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredEnsemble {
    schema: FeatureSchema,
    bins: Vec<Vec<f64>>,
    importances: Vec<f64>,
    trees: Vec<StoredTree>,
}

/// Nodes in breadth-first order. Where children are follows from these and is not stored.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTree {
    /// Of every node: 0 at a leaf, at a split one more than the column.
    feature: Vec<u32>,
    /// Of every split: the last bin that goes left.
    threshold: Vec<u8>,
}

/// Why a stored forest is none.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum BadForest {
    #[error("{0}")]
    Whole(&'static str),
    #[error("tree {tree}: {fault}")]
    Tree { tree: usize, fault: &'static str },
}

impl From<RandomForestClassifier> for StoredClassifier {
    fn from(forest: RandomForestClassifier) -> Self {
        Self {
            class_weights: forest.weights,
            classes: forest.leaves.iter().map(|leaf| leaf.len() as u16).collect(),
            class: forest.leaves.iter().flatten().map(|(class, _)| *class).collect(),
            rows: forest.leaves.iter().flatten().map(|(_, rows)| *rows).collect(),
            leaf: forest.ensemble.trees.iter().flat_map(leaves).collect(),
            forest: forest.ensemble.into(),
        }
    }
}

impl From<RandomForestRegressor> for StoredRegressor {
    fn from(forest: RandomForestRegressor) -> Self {
        Self {
            rows: forest.leaves.iter().map(|leaf| leaf.rows).collect(),
            mean: forest.leaves.iter().map(|leaf| leaf.mean).collect(),
            forest: forest.ensemble.into(),
        }
    }
}

impl From<Ensemble> for StoredEnsemble {
    fn from(ensemble: Ensemble) -> Self {
        Self {
            schema: FeatureSchema::clone(&ensemble.schema),
            bins: ensemble.bins.ends().to_vec(),
            importances: ensemble.importances,
            trees: ensemble.trees.iter().map(|tree| StoredTree::from(&tree.tree)).collect(),
        }
    }
}

impl From<&Tree<u8>> for StoredTree {
    fn from(tree: &Tree<u8>) -> Self {
        Self {
            feature: tree.splits().map(|split| split.map_or(0, |split| u32::from(split.feature) + 1)).collect(),
            threshold: tree.splits().flatten().map(|split| split.threshold).collect(),
        }
    }
}

/// The indices at the leaves of a tree, in the order of the nodes.
fn leaves(LeafyTree { tree, leaf }: &LeafyTree) -> impl Iterator<Item = u32> {
    tree.breadth_first().into_iter().filter(|&at| tree.is_leaf(at)).map(|at| leaf[at])
}

impl TryFrom<StoredClassifier> for RandomForestClassifier {
    type Error = BadForest;

    fn try_from(stored: StoredClassifier) -> Result<Self, BadForest> {
        let StoredClassifier { forest, class_weights, classes, class, rows, leaf } = stored;
        let in_range = class_weights.iter().all(|weight| WEIGHT_RANGE.contains(weight));
        if !(1..=MAX_CLASSES).contains(&class_weights.len()) || !in_range {
            return Err(BadForest::Whole("no classes, too many, or a weight out of range"));
        }
        let of_weighted = class.iter().all(|&class| usize::from(class) < class_weights.len());
        if class.len() != rows.len() || !of_weighted || rows.contains(&0) || classes.contains(&0) {
            return Err(BadForest::Whole("a leaf without rows, or of classes that are none"));
        }
        let mut counts = class.into_iter().zip(rows);
        let mut different = Vec::with_capacity(classes.len());
        for &classes in &classes {
            let leaf: Vec<ClassCount> = counts.by_ref().take(usize::from(classes)).collect();
            if leaf.len() != usize::from(classes) || !leaf.is_sorted_by(|a, b| a.0 < b.0) {
                return Err(BadForest::Whole("leaves with fewer classes than they say, or out of order"));
            }
            different.push(leaf);
        }
        if counts.next().is_some() || leaf.iter().any(|&leaf| leaf as usize >= different.len()) {
            return Err(BadForest::Whole("leaves with more classes than they say, or that are nowhere"));
        }
        let ensemble = forest.check(leaf.into_iter())?;
        let leaves = Leaves::new(different.into_iter(), &class_weights);
        Ok(Self { ensemble, weights: class_weights, leaves })
    }
}

impl TryFrom<StoredRegressor> for RandomForestRegressor {
    type Error = BadForest;

    fn try_from(StoredRegressor { forest, rows, mean }: StoredRegressor) -> Result<Self, BadForest> {
        if rows.len() != mean.len() || rows.contains(&0) || !mean.iter().all(|mean| mean.is_finite()) {
            return Err(BadForest::Whole("a leaf without rows, or without a finite mean"));
        }
        let ensemble = forest.check((0..rows.len()).map(|leaf| leaf as u32))?;
        let leaves = rows.into_iter().zip(mean).map(|(rows, mean)| LeafMean { rows, mean }).collect();
        Ok(Self { ensemble, leaves })
    }
}

impl StoredEnsemble {
    /// The ensemble, its leaves taken in order: neither fewer nor more than there are.
    fn check(self, mut leaves: impl Iterator<Item = u32>) -> Result<Ensemble, BadForest> {
        let Self { schema, bins, importances, trees } = self;
        let width = schema.features.len();
        if !(1..=MAX_FEATURES).contains(&width) {
            return Err(BadForest::Whole("the schema has no features, or too many"));
        }
        if !TREES_RANGE.contains(&u32::try_from(trees.len()).unwrap_or(u32::MAX)) {
            return Err(BadForest::Whole("no trees, or too many"));
        }
        if importances.len() != width || !importances.iter().all(|share| (0.0..=1.0 + 1e-9).contains(share)) {
            return Err(BadForest::Whole("every feature needs one importance, from 0 to 1"));
        }
        let bins = Bins::from_ends(bins, width).map_err(BadForest::Whole)?;
        let check = |(number, stored): (usize, StoredTree)| {
            let fault = |fault| BadForest::Tree { tree: number, fault };
            let tree = stored.check(width).map_err(fault)?;
            LeafyTree::new(&tree, &mut leaves).ok_or(fault("more leaves than the forest has"))
        };
        let trees = trees.into_iter().enumerate().map(check).collect::<Result<_, _>>()?;
        if leaves.next().is_some() {
            return Err(BadForest::Whole("more leaves than the trees have"));
        }
        Ok(Ensemble { schema: Arc::new(schema), bins, trees, importances })
    }
}

impl StoredTree {
    fn check(self, width: usize) -> Result<Tree<u8>, &'static str> {
        let mut thresholds = self.threshold.into_iter();
        let split = |feature: u32| {
            let Some(feature) = feature.checked_sub(1) else { return Ok(None) };
            let feature = u16::try_from(feature).map_err(|_| "a split on no feature")?;
            Ok(Some(Split { feature, threshold: thresholds.next().ok_or("fewer thresholds than splits")? }))
        };
        let splits = self.feature.into_iter().map(split).collect::<Result<Vec<_>, &'static str>>()?;
        if thresholds.next().is_some() {
            return Err("more thresholds than splits");
        }
        let tree = Tree::new(&splits, width)?;
        if tree.depth() > *MAX_DEPTH_RANGE.end() { Err("too deep") } else { Ok(tree) }
    }
}
