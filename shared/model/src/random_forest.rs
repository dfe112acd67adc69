//! Random forests: what labelled rows, or rows with a number each, have taught many deep trees.
//!
//! Each tree is grown on a bootstrap sample, as many rows as there are, drawn with replacement. A node is split where the
//! impurity (Gini for classes, variance for numbers) falls most, over a few features drawn for it, until its rows agree.
//! What the forest says is the mean over the trees: of the class shares in the leaves, or of the leaves' means.
//!
//! Features are binned once, to at most 256 values each: exactly where a feature has no more distinct ones, else at
//! quantiles of the training rows. So a split is found in one pass over a node's rows, and a node is 8 bytes. Splits are
//! invariant to monotone transforms: no scaling is needed.
//!
//! Growing costs O(trees · rows · log rows · features tried), predicting O(trees · depth) per row.
//!
//! References: L. Breiman, *Random Forests*, Machine Learning 45(1), 2001; bins as in G. Ke et al., *`LightGBM`*, NIPS 2017;
//! contributions as in A. Saabas, *Interpreting random forests*, 2014.

mod params;
pub use params::{
    ClassWeights, MaxFeatures, RandomForestClassifierParams, RandomForestClassifierValid, RandomForestRegressorParams,
    RandomForestRegressorValid,
};

mod bins;
mod bootstrap;
mod grow;

mod classes;
mod targets;

mod ensemble;

mod classifier;
pub use classifier::{OutOfBagClasses, RandomForestClassifier};

mod regressor;
pub use regressor::{OutOfBagTargets, RandomForestRegressor};

mod stored;

#[cfg(test)]
mod tests;
