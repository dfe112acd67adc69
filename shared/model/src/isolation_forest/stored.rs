//! The stored form of a forest, and the checks that make one safe to walk.

use std::sync::Arc;

use weir_domain::matrix::FeatureSchema;

use super::grow::height_limit;
use super::keys::{key, single, value};
use super::oblique::{Cut, Oblique, ObliqueTree, Term};
use super::params::{MAX_FEATURES, SAMPLE_SIZE_RANGE, TREES_RANGE};
use super::tree::{AxisTree, IsolationTree};
use super::{IsolationForest, Trees};
use crate::error::{BadParams, RangeCheck};
use crate::tree::{Shape, Split, Tree};

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoredForest {
    schema: FeatureSchema,
    sample_size: u32,
    trees: StoredTrees,
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredTrees {
    Axis(Vec<StoredAxisTree>),
    Oblique(Vec<StoredObliqueTree>),
}

/// Nodes in breadth-first order, column by column. Children and expected path lengths follow from these and are not
/// stored, so they cannot contradict them.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredAxisTree {
    /// Of every node: 0 at a leaf, at a split one more than the column.
    feature: Vec<u32>,
    /// Of the splits.
    threshold: Vec<f32>,
    /// Training rows of the leaves.
    samples: Vec<u32>,
}

/// The same with cuts of several terms each.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredObliqueTree {
    /// Of every node: the number of terms, 0 at a leaf.
    terms: Vec<u32>,
    /// Of every term.
    feature: Vec<u16>,
    /// Of every term.
    normal: Vec<f32>,
    /// Of every term.
    point: Vec<f32>,
    /// Training rows of the leaves.
    samples: Vec<u32>,
}

/// Why a stored forest is none.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(super) enum BadForest {
    #[error(transparent)]
    OutOfRange(#[from] BadParams),
    #[error("the schema has no features, or too many")]
    Features,
    #[error("tree {tree}: {fault}")]
    Tree { tree: usize, fault: &'static str },
}

impl From<IsolationForest> for StoredForest {
    fn from(forest: IsolationForest) -> Self {
        let trees = match &forest.trees {
            Trees::Axis(trees, _) => StoredTrees::Axis(trees.iter().map(StoredAxisTree::from).collect()),
            Trees::Oblique(trees) => StoredTrees::Oblique(trees.iter().map(StoredObliqueTree::from).collect()),
        };
        Self { schema: FeatureSchema::clone(&forest.schema), sample_size: forest.sample_size, trees }
    }
}

impl From<&AxisTree> for StoredAxisTree {
    fn from(tree: &AxisTree) -> Self {
        Self {
            feature: tree.cuts.splits().map(|split| split.map_or(0, |split| u32::from(split.feature) + 1)).collect(),
            threshold: tree.cuts.splits().flatten().map(|split| value(split.threshold)).collect(),
            samples: tree.leaf_samples(|at| tree.cuts.is_leaf(at)),
        }
    }
}

impl From<&ObliqueTree> for StoredObliqueTree {
    fn from(tree: &ObliqueTree) -> Self {
        let Oblique { shape, cuts } = &tree.cuts;
        let terms = || cuts.iter().flatten().flat_map(|cut| &cut.0);
        Self {
            terms: cuts.iter().map(|cut| cut.as_ref().map_or(0, |cut| cut.0.len() as u32)).collect(),
            feature: terms().map(|term| term.feature).collect(),
            normal: terms().map(|term| term.normal).collect(),
            point: terms().map(|term| term.point).collect(),
            samples: tree.leaf_samples(|at| shape.is_leaf(at)),
        }
    }
}

impl TryFrom<StoredForest> for IsolationForest {
    type Error = BadForest;

    fn try_from(stored: StoredForest) -> Result<Self, BadForest> {
        let StoredForest { schema, sample_size, trees } = stored;
        let count = match &trees {
            StoredTrees::Axis(trees) => trees.len(),
            StoredTrees::Oblique(trees) => trees.len(),
        };
        RangeCheck::default()
            .require("trees", &u32::try_from(count).unwrap_or(u32::MAX), &TREES_RANGE)
            .require("sample_size", &sample_size, &SAMPLE_SIZE_RANGE)
            .finish()?;
        let width = schema.features.len();
        if !(1..=MAX_FEATURES).contains(&width) {
            return Err(BadForest::Features);
        }
        let trees = match trees {
            StoredTrees::Axis(trees) => Trees::axis(check_all(trees, |tree| tree.check(width, sample_size))?, width),
            StoredTrees::Oblique(trees) => Trees::Oblique(check_all(trees, |tree| tree.check(width, sample_size))?),
        };
        Ok(Self { schema: Arc::new(schema), sample_size, trees })
    }
}

fn check_all<S, T>(trees: Vec<S>, check: impl Fn(S) -> Result<T, &'static str>) -> Result<Vec<T>, BadForest> {
    let check = |(tree, stored)| check(stored).map_err(|fault| BadForest::Tree { tree, fault });
    trees.into_iter().enumerate().map(check).collect()
}

/// What both kinds of tree must satisfy.
fn check_sample<C>(tree: IsolationTree<C>, depth: u32, sample_size: u32) -> Result<IsolationTree<C>, &'static str> {
    if tree.samples[0] != sample_size {
        return Err("the root does not hold the whole sample");
    }
    if depth > height_limit(sample_size) { Err("deeper than its sample allows") } else { Ok(tree) }
}

impl StoredAxisTree {
    fn check(self, width: usize, sample_size: u32) -> Result<AxisTree, &'static str> {
        let mut thresholds = self.threshold.into_iter();
        let split = |feature: u32| {
            let Some(feature) = feature.checked_sub(1) else { return Ok(None) };
            let feature = u16::try_from(feature).map_err(|_| "a split on no feature")?;
            let threshold = thresholds.next().filter(|t| t.is_finite()).ok_or("a split at no finite threshold")?;
            Ok(Some(Split { feature, threshold: key(single(f64::from(threshold))) }))
        };
        let splits = self.feature.into_iter().map(split).collect::<Result<Vec<_>, &'static str>>()?;
        let shape = Shape::breadth_first(splits.iter().map(Option::is_some))?;
        if thresholds.next().is_some() {
            return Err("more thresholds than splits");
        }
        let tree = IsolationTree::new(Tree::new(&splits, width)?, &shape, &self.samples)?;
        if tree.samples.contains(&0) {
            return Err("a node without training rows");
        }
        check_sample(tree, shape.depth, sample_size)
    }
}

impl StoredObliqueTree {
    fn check(self, width: usize, sample_size: u32) -> Result<ObliqueTree, &'static str> {
        let Self { terms, feature, normal, point, samples } = self;
        if [normal.len(), point.len()] != [feature.len(); 2] {
            return Err("terms in columns of different lengths");
        }
        if !feature.iter().all(|&f| usize::from(f) < width) || !normal.iter().chain(&point).all(|n| n.is_finite()) {
            return Err("a term of no feature, or with a number that is not finite");
        }
        let columns = feature.into_iter().zip(normal.into_iter().zip(point));
        let mut all = columns.map(|(feature, (normal, point))| Term { feature, normal, point });
        let cut = |count: u32| {
            let cut = Cut(all.by_ref().take(count as usize).collect());
            if cut.0.len() == count as usize {
                Ok((count > 0).then_some(cut))
            } else {
                Err("fewer terms than cuts need")
            }
        };
        let cuts = terms.into_iter().map(cut).collect::<Result<Vec<_>, _>>()?;
        if all.next().is_some() {
            return Err("more terms than cuts need");
        }
        let cuts = Oblique::new(cuts)?;
        let shape = cuts.shape.clone();
        check_sample(IsolationTree::new(cuts, &shape, &samples)?, shape.depth, sample_size)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};
    use weir_domain::matrix::FeatureMatrix;

    use super::*;
    use crate::isolation_forest::IsolationForestParams;
    use crate::synthetic;

    fn forest(extension_level: u32) -> IsolationForest {
        let params = IsolationForestParams::default().trees(5).sample_size(32).extension_level(extension_level);
        params.check().unwrap().fit(&synthetic::bell(100, 3, 1), 9).unwrap()
    }

    #[test]
    fn a_forest_read_back_scores_the_same() {
        let rows = synthetic::bell(1000, 3, 2);
        for forest in [forest(0), forest(1)] {
            let text = serde_json::to_string(&forest).unwrap();
            let bytes = postcard::to_stdvec(&forest).unwrap();
            assert!(serde_json::from_str::<IsolationForest>(&text[..text.len() / 2]).is_err());
            assert!(postcard::from_bytes::<IsolationForest>(&bytes[..bytes.len() / 2]).is_err());
            for back in [serde_json::from_str(&text).unwrap(), postcard::from_bytes::<IsolationForest>(&bytes).unwrap()]
            {
                assert_eq!(back.score(&rows), forest.score(&rows));
                assert_eq!(back.explain(&rows, 17), forest.explain(&rows, 17));
            }
        }
    }

    #[test]
    fn the_default_forest_is_small() {
        let forest = IsolationForestParams::default().check().unwrap().fit(&synthetic::bell(5000, 12, 1), 1).unwrap();
        let bytes = postcard::to_stdvec(&forest).unwrap().len();
        assert!(bytes < 120_000, "{bytes} bytes");
    }

    /// A tree over two features and four rows: row 0 leaves at the root, the others are split once more.
    fn small() -> Value {
        json!({
            "schema": *synthetic::schema(2),
            "sample_size": 4,
            "trees": {"axis": [{
                "feature": [2, 0, 1, 0, 0],
                "threshold": [2.5, -1.0],
                "samples": [1, 2, 1],
            }]},
        })
    }

    /// The same tree with hyperplanes, the root's over both features.
    fn small_oblique() -> Value {
        json!({
            "schema": *synthetic::schema(2),
            "sample_size": 4,
            "trees": {"oblique": [{
                "terms": [2, 0, 1, 0, 0],
                "feature": [0, 1, 1],
                "normal": [1.0, -1.0, 0.5],
                "point": [0.0, 0.0, 2.0],
                "samples": [1, 3, 0],
            }]},
        })
    }

    #[track_caller]
    fn refuses(mut forest: Value, pointer: &str, value: Value, reason: &str) {
        *forest.pointer_mut(pointer).unwrap() = value;
        let err = serde_json::from_value::<IsolationForest>(forest).map(|_| ()).unwrap_err();
        assert!(err.to_string().contains(reason), "{err}");
    }

    #[test]
    fn a_forest_that_cannot_be_walked_is_refused() {
        for whole in [small(), small_oblique()] {
            assert!(serde_json::from_value::<IsolationForest>(whole.clone()).is_ok());
            refuses(whole.clone(), "/sample_size", json!(1), "sample_size");
            refuses(whole.clone(), "/sample_size", json!(5), "whole sample");
            refuses(whole.clone(), "/schema/features", json!([]), "no features");
            refuses(whole, "/trees", json!({"axis": []}), "trees is 0");
        }
        let axis = |column: &str, value, reason| refuses(small(), &format!("/trees/axis/0{column}"), value, reason);
        axis("/feature", json!([]), "no nodes");
        axis("/feature", json!([2, 0, 1, 0]), "without children");
        axis("/feature", json!([2, 0, 1, 0, 0, 0]), "without a parent");
        axis("/feature/0", json!(3), "no feature");
        axis("/feature/0", json!(u32::MAX), "no feature");
        axis("/threshold", json!([2.5, 1.0, 1.0]), "more thresholds");
        axis("/threshold", json!([2.5]), "no finite threshold");
        axis("/threshold/0", Value::Null, "expected f32");
        axis("/samples", json!([1, 2]), "fewer counts");
        axis("/samples", json!([1, 2, 1, 1]), "more counts");
        axis("/samples/0", json!(0), "without training rows");
        axis("/samples/2", json!(u32::MAX), "too many");
        axis("", json!({"nodes": 1}), "unknown field");

        let oblique =
            |column: &str, value, reason| refuses(small_oblique(), &format!("/trees/oblique/0{column}"), value, reason);
        oblique("/terms/0", json!(u32::MAX), "fewer terms");
        oblique("/terms/2", json!(0), "more terms");
        oblique("/feature/2", json!(2), "no feature");
        oblique("/normal", json!([1.0]), "different lengths");
        oblique("/samples", json!([4, 0, 0]), "without training rows");
    }

    #[test]
    fn numbers_must_be_finite_in_formats_that_know_infinity() {
        let mut stored = StoredForest::from(forest(0));
        if let StoredTrees::Axis(trees) = &mut stored.trees {
            trees[3].threshold[0] = f32::NAN;
        }
        let fault = "a split at no finite threshold";
        assert_eq!(IsolationForest::try_from(stored), Err(BadForest::Tree { tree: 3, fault }));
        let mut stored = StoredForest::from(forest(1));
        if let StoredTrees::Oblique(trees) = &mut stored.trees {
            trees[2].point[0] = f32::INFINITY;
        }
        let fault = "a term of no feature, or with a number that is not finite";
        assert_eq!(IsolationForest::try_from(stored), Err(BadForest::Tree { tree: 2, fault }));
    }

    #[test]
    fn a_tree_deeper_than_its_sample_allows_is_refused() {
        let mut forest = small();
        forest["trees"]["axis"][0] = json!({
            "feature": [1, 0, 1, 0, 1, 0, 0],
            "threshold": [3.0, 2.0, 1.0],
            "samples": [1, 1, 1, 1],
        });
        let err = serde_json::from_value::<IsolationForest>(forest).unwrap_err();
        assert!(err.to_string().contains("tree 0: deeper"), "{err}");
    }

    proptest! {
        #[test]
        fn what_is_read_can_be_walked(
            changes in prop::collection::vec((0..5_usize, 0..5_usize, prop_oneof![0..6_u32, any::<u32>()]), 1..8),
            oblique: bool,
        ) {
            let (mut forest, kind) = if oblique { (small_oblique(), "oblique") } else { (small(), "axis") };
            for (column, node, value) in changes {
                let column = ["feature", "threshold", "samples", "terms", "point"][column];
                if let Some(place) = forest.pointer_mut(&format!("/trees/{kind}/0/{column}/{node}")) {
                    *place = value.into();
                }
            }
            if let Ok(forest) = serde_json::from_value::<IsolationForest>(forest) {
                let rows = synthetic::bell(20, 2, 1);
                prop_assert!(forest.score(&rows).unwrap().iter().all(|s| s.get() > 0.0 && s.get() <= 1.0));
                prop_assert!(forest.explain(&rows, 0).is_ok());
            }
        }

        #[test]
        fn no_bytes_make_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300), at: prop::sample::Index) {
            let _: Result<IsolationForest, _> = postcard::from_bytes(&bytes);
            let mut whole = postcard::to_stdvec(&forest(1)).unwrap();
            if let Some(byte) = bytes.pop() {
                let at = at.index(whole.len());
                whole[at] = byte;
            }
            if let Ok(forest) = postcard::from_bytes::<IsolationForest>(&whole) {
                let rows = FeatureMatrix::new(Arc::clone(forest.schema()));
                prop_assert!(forest.score(&rows).is_ok());
            }
        }
    }
}
