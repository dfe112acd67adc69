//! The stored form of a forest, and the checks that make one safe to walk.

use std::sync::Arc;

use weir_domain::matrix::FeatureSchema;

use super::IsolationForest;
use super::grow::height_limit;
use super::params::{SAMPLE_SIZE_RANGE, TREES_RANGE};
use super::tree::{Node, Tree};
use crate::error::{BadParams, RangeCheck};

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredForest {
    schema: FeatureSchema,
    sample_size: u32,
    trees: Vec<StoredTree>,
}

/// Nodes column by column. Expected path lengths follow from these and are not stored, so they cannot contradict them.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTree {
    /// 0 at a leaf.
    feature: Vec<u32>,
    /// 0 at a leaf.
    threshold: Vec<f64>,
    /// 0 at a leaf: the root is nobody's child.
    left: Vec<u32>,
    samples: Vec<u32>,
}

/// Why a stored forest is none.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum BadForest {
    #[error(transparent)]
    OutOfRange(#[from] BadParams),
    #[error("the schema has no features")]
    NoFeatures,
    #[error("tree {tree}: {fault}")]
    Tree { tree: usize, fault: &'static str },
}

impl From<IsolationForest> for StoredForest {
    fn from(forest: IsolationForest) -> Self {
        Self {
            schema: FeatureSchema::clone(&forest.schema),
            sample_size: forest.sample_size,
            trees: forest.trees.iter().map(StoredTree::from).collect(),
        }
    }
}

impl From<&Tree> for StoredTree {
    fn from(tree: &Tree) -> Self {
        let splits = || tree.nodes().iter().enumerate().map(|(at, &node)| (!node.is_leaf(at)).then_some(node));
        Self {
            feature: splits().map(|split| split.map_or(0, |node| node.feature)).collect(),
            threshold: splits().map(|split| split.map_or(0.0, |node| node.threshold)).collect(),
            left: splits().map(|split| split.map_or(0, |node| node.left)).collect(),
            samples: tree.samples().to_vec(),
        }
    }
}

impl TryFrom<StoredForest> for IsolationForest {
    type Error = BadForest;

    fn try_from(stored: StoredForest) -> Result<Self, BadForest> {
        let StoredForest { schema, sample_size, trees } = stored;
        let count = u32::try_from(trees.len()).unwrap_or(u32::MAX);
        RangeCheck::default()
            .require("trees", &count, &TREES_RANGE)
            .require("sample_size", &sample_size, &SAMPLE_SIZE_RANGE)
            .finish()?;
        if schema.features.is_empty() {
            return Err(BadForest::NoFeatures);
        }
        let check = |(tree, stored): (usize, StoredTree)| {
            stored.check(schema.features.len(), sample_size).map_err(|fault| BadForest::Tree { tree, fault })
        };
        let trees = trees.into_iter().enumerate().map(check).collect::<Result<_, _>>()?;
        Ok(Self { schema: Arc::new(schema), sample_size, trees })
    }
}

impl StoredTree {
    /// Establishes the invariant of [`Tree`].
    fn check(self, width: usize, sample_size: u32) -> Result<Tree, &'static str> {
        let Self { feature, threshold, left, samples } = self;
        let count = samples.len();
        if count == 0 || [feature.len(), threshold.len(), left.len()] != [count; 3] {
            return Err("no nodes, or columns of different lengths");
        }
        if samples[0] != sample_size {
            return Err("the root does not hold the whole sample");
        }
        // Children come after their parents, so that the root is settled first and every walk moves forward.
        let mut parented = vec![false; count];
        parented[0] = true;
        let mut nodes = Vec::with_capacity(count);
        for at in 0..count {
            if samples[at] == 0 {
                return Err("a node without training rows");
            }
            if left[at] == 0 {
                nodes.push(Node::leaf(at));
                continue;
            }
            let children = [left[at] as usize, (left[at] as usize).saturating_add(1)];
            if children[0] <= at || children[1] >= count {
                return Err("a child that is not further on in the tree");
            }
            if feature[at] as usize >= width || !threshold[at].is_finite() {
                return Err("a split on no feature, or at no finite threshold");
            }
            if children.map(|child| std::mem::replace(&mut parented[child], true)) != [false; 2] {
                return Err("a node with two parents");
            }
            if samples[children[0]].checked_add(samples[children[1]]) != Some(samples[at]) {
                return Err("a split whose children do not add up to it");
            }
            nodes.push(Node { threshold: threshold[at], feature: feature[at], left: left[at] });
        }
        if parented.contains(&false) {
            return Err("a node without a parent");
        }
        let tree = Tree::new(nodes, samples);
        if tree.depth() > height_limit(sample_size) { Err("deeper than its sample allows") } else { Ok(tree) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::isolation_forest::IsolationForestParams;
    use crate::synthetic;

    fn forest() -> IsolationForest {
        let params = IsolationForestParams::default().trees(5).sample_size(32);
        params.check().unwrap().fit(&synthetic::bell(100, 3, 1), 9).unwrap()
    }

    #[test]
    fn a_forest_read_back_scores_the_same() {
        let (forest, rows) = (forest(), synthetic::bell(1000, 3, 2));
        let text = serde_json::to_string(&forest).unwrap();
        let back: IsolationForest = serde_json::from_str(&text).unwrap();
        assert_eq!(back.score(&rows), forest.score(&rows));
        assert_eq!(back.explain(&rows, 17), forest.explain(&rows, 17));
        assert!(serde_json::from_str::<IsolationForest>(&text[..text.len() / 2]).is_err());
    }

    /// A tree over two features and four rows: row 0 leaves at the root, the others are split once more.
    fn small() -> Value {
        json!({
            "schema": *synthetic::schema(2),
            "sample_size": 4,
            "trees": [{
                "feature": [1, 0, 0, 0, 0],
                "threshold": [2.5, 0.0, -1.0, 0.0, 0.0],
                "left": [1, 0, 3, 0, 0],
                "samples": [4, 1, 3, 2, 1],
            }],
        })
    }

    #[track_caller]
    fn refuses(pointer: &str, value: Value, reason: &str) {
        let mut forest = small();
        *forest.pointer_mut(pointer).unwrap() = value;
        let err = serde_json::from_value::<IsolationForest>(forest).unwrap_err().to_string();
        assert!(err.contains(reason), "{pointer}: {err}");
    }

    #[test]
    fn a_forest_that_could_not_be_walked_is_refused() {
        assert!(serde_json::from_value::<IsolationForest>(small()).is_ok());
        refuses("/trees", json!([]), "trees is 0");
        refuses("/sample_size", json!(1), "sample_size is 1");
        refuses("/sample_size", json!(70_000), "sample_size is 70000");
        refuses("/sample_size", json!(5), "whole sample");
        refuses("/schema/features", json!([]), "no features");
        refuses("/trees/0/samples", json!([]), "different lengths");
        refuses("/trees/0/left", json!([1, 0, 3, 0]), "different lengths");
        refuses("/trees/0/left/2", json!(2), "further on");
        refuses("/trees/0/left/2", json!(1), "further on");
        refuses("/trees/0/left/2", json!(4), "further on");
        refuses("/trees/0/left/2", json!(u32::MAX), "further on");
        refuses("/trees/0/left/1", json!(2), "two parents");
        refuses("/trees/0/left/2", json!(0), "without a parent");
        refuses("/trees/0/feature/0", json!(2), "no feature");
        refuses("/trees/0/feature/0", json!(-1), "invalid value");
        refuses("/trees/0/threshold/0", Value::Null, "expected f64");
        refuses("/trees/0/samples", json!([4, 0, 4, 3, 1]), "without training rows");
        refuses("/trees/0/samples/3", json!(u32::MAX), "add up");
        refuses("/trees/0", json!({"nodes": 1}), "unknown field");
    }

    #[test]
    fn thresholds_must_be_finite_in_formats_that_know_infinity() {
        let mut stored = StoredForest::from(forest());
        stored.trees[3].threshold[0] = f64::NAN;
        let fault = "a split on no feature, or at no finite threshold";
        assert_eq!(IsolationForest::try_from(stored), Err(BadForest::Tree { tree: 3, fault }));
    }

    proptest! {
        #[test]
        fn what_is_read_can_be_walked(
            changes in prop::collection::vec((0..4_usize, 0..5_usize, prop_oneof![0..6_u32, any::<u32>()]), 1..8),
        ) {
            let mut forest = small();
            for (column, node, value) in changes {
                forest["trees"][0][["feature", "threshold", "left", "samples"][column]][node] = value.into();
            }
            if let Ok(forest) = serde_json::from_value::<IsolationForest>(forest) {
                let rows = synthetic::bell(20, 2, 1);
                prop_assert!(forest.score(&rows).unwrap().iter().all(|s| s.get() > 0.0 && s.get() <= 1.0));
                prop_assert!(forest.explain(&rows, 0).is_ok());
            }
        }
    }

    #[test]
    fn a_tree_deeper_than_its_sample_allows_is_refused() {
        let mut forest = small();
        forest["trees"][0] = json!({
            "feature": [0, 0, 0, 0, 0, 0, 0],
            "threshold": [3.0, 0.0, 2.0, 0.0, 1.0, 0.0, 0.0],
            "left": [1, 0, 3, 0, 5, 0, 0],
            "samples": [4, 1, 3, 1, 2, 1, 1],
        });
        let err = serde_json::from_value::<IsolationForest>(forest).unwrap_err();
        assert!(err.to_string().contains("tree 0: deeper"), "{err}");
    }
}
