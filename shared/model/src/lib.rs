//! Estimators: how anomalous a row of features is, how surprising that is, and why.
//!
//! No I/O, no clock, no entropy: seeds come in, and the same seed gives the same bits on any number of threads.
//! Every estimator keeps the schema it was fitted on and refuses a matrix made by another.
//!
//! - [`isolation_forest`]: anomaly scores without labels and without assumptions on the shape of the data;
//! - [`local_outlier_factor`]: what lies in a sparser place than its neighbours do;
//! - [`one_class_svm`]: what lies outside a boundary drawn around nearly all rows;
//! - [`ecod`]: what lies in the tails of many features; nothing to choose, cheap to fit;
//! - [`iqr`]: quartiles and fences, per group of rows where they differ by group;
//! - [`pca`]: rows that break the correlations of the training rows, or are far from their mean along the components;
//! - [`projection`]: rows in two dimensions, for scatter plots;
//! - [`k_means`] and [`dbscan`]: groups of rows that are alike, by centres and by density;
//! - [`knn_regressor`]: what the rows most alike had;
//! - [`decomposition`] and [`forecast`]: a series as trend, season and remainder, and what is to come of it;
//! - [`estimator`] and [`ensemble`]: any of these as one type, and several of them as one judge;
//! - [`random_forest`]: classes and numbers learned from labelled rows;
//! - [`risk_based_authentication`]: how much likelier a login is an attacker's than the user's, by counts of its values;
//! - [`evidence_mixture`]: log-likelihood ratios for several ways of attack, summed to one score;
//! - [`scaling`]: columns on one scale, for estimators that measure distances;
//! - [`encoding`]: tables of numbers and words as matrices, with a code for the unseen;
//! - [`streaming`]: series, point by point, with nothing but their past;
//! - [`calibration`]: from scores, which mean nothing by themselves, to p-values, and from alerts a day to thresholds;
//! - [`behaviour`] and [`flow_model`]: all that is learned in one piece, and as a file;
//! - [`table_model`]: the same for a table of any columns, with how they are read and encoded;
//! - [`login_model`]: what is learned of logins, beside their evidence, as a file;
//! - [`drift`]: whether what comes in is still distributed as what was learned from;
//! - [`evaluation`]: how good scores and predictions are, where the truth is known;
//! - [`error`]: what can be wrong with parameters, training data and schemas.
//!
//! Parameters become a fitted model in three steps, each a type of its own, so that there is no unfitted model:
//! `Params` (anything) → `check` → `Valid` (in range) → `fit` → the fitted estimator.
//!
//! ```
//! # use std::sync::Arc;
//! # use weir_domain::matrix::{Feature, FeatureMatrix, FeatureSchema, Transform};
//! use weir_model::{EmpiricalPValues, IsolationForestParams};
//!
//! # let feature = |name: &str| Feature {
//! #     name: name.into(), label: name.into(), unit: String::new(), transform: Transform::Identity,
//! # };
//! # let features = vec![feature("bytes_sent"), feature("peers")];
//! # let schema = Arc::new(FeatureSchema { source: "flow".into(), window_seconds: 300, features });
//! let mut usual = FeatureMatrix::new(Arc::clone(&schema));
//! for i in 0..500 {
//!     usual.push(&[f64::from(i % 20), 500.0 / f64::from(1 + i)])?;
//! }
//! let forest = IsolationForestParams::default().check()?.fit(&usual, 42)?;
//! let calibration = EmpiricalPValues::fit(&forest.score(&usual)?)?;
//!
//! let mut today = FeatureMatrix::new(schema);
//! today.push(&[10.0, 3.0])?;
//! today.push(&[10.0, 900.0])?;
//! let scores = forest.score(&today)?;
//! assert!(scores[1] > scores[0]);
//! assert!(calibration.p_value(scores[1]).get() < 0.05);
//! assert_eq!(forest.explain(&today, 1)?.contributions[0].feature, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod isolation_forest;

pub mod local_outlier_factor;

pub mod one_class_svm;

pub mod ecod;

pub mod iqr;

pub mod random_forest;

pub mod pca;

pub mod projection;

pub mod k_means;

pub mod dbscan;

pub mod knn_regressor;

pub mod risk_based_authentication;

pub mod decomposition;
pub mod evidence_mixture;

pub mod forecast;

pub mod estimator;

pub mod ensemble;

pub mod scaling;

pub mod encoding;

pub mod calibration;

pub mod streaming;

pub mod typical;

pub mod behaviour;

pub mod flow_model;

pub mod table_model;

pub mod login_model;

pub mod drift;

pub mod evaluation;

pub mod error;

mod nearest;
mod sealed;
mod seeds;
mod shares;
mod tiles;
mod tree;

#[cfg(test)]
mod synthetic;

pub use behaviour::BehaviourModel;
pub use calibration::{AlertBudget, CalibratedPValues, EmpiricalPValues};
pub use dbscan::{Dbscan, DbscanParams, DbscanValid};
pub use decomposition::{Decomposition, DecompositionParams, DecompositionValid, Parts};
pub use ecod::{Ecod, EcodParams, EcodValid};
pub use encoding::{CategoryEncoding, TableEncoder, TableEncoderBuilder};
pub use ensemble::{Ensemble, MemberScore, Verdict};
pub use error::{BadParams, ExplainError, FitError, OutOfRange, SchemaMismatch};
pub use estimator::{Estimator, EstimatorKind};
pub use evidence_mixture::{AttackClassWeights, EvidenceMixture, EvidenceMixtureParams, Weighed};
pub use flow_model::{FlowModel, ModelFileError, TrainingSummary};
pub use forecast::{Expected, Forecast, ForecastMethod, ForecastParams, ForecastValid, Tried};
pub use iqr::{GroupError, Iqr, IqrParams, IqrValid};
pub use isolation_forest::{IsolationForest, IsolationForestParams, IsolationForestValid};
pub use k_means::{ChosenKMeans, KMeans, KMeansChoices, KMeansParams, KMeansValid};
pub use knn_regressor::{KnnPrediction, KnnRegressor, KnnRegressorParams, KnnRegressorValid, KnnWeights};
pub use local_outlier_factor::{LocalOutlierFactor, LocalOutlierFactorParams, LocalOutlierFactorValid};
pub use login_model::{CalibratedLoginEnsemble, LoginEnsemble, LoginModel, LoginTraining};
pub use one_class_svm::{Gamma, OneClassSvm, OneClassSvmParams, OneClassSvmValid};
pub use pca::{Kept, Pca, PcaParams, PcaValid};
pub use projection::{Projection, project_to_plane};
pub use random_forest::{
    ClassWeights, MaxFeatures, OutOfBagClasses, OutOfBagTargets, RandomForestClassifier, RandomForestClassifierParams,
    RandomForestClassifierValid, RandomForestRegressor, RandomForestRegressorParams, RandomForestRegressorValid,
};
pub use risk_based_authentication::{RiskBasedAuthentication, RiskBasedAuthenticationParams};
pub use scaling::{RobustScaler, StandardScaler};
pub use sealed::ModelKind;
pub use streaming::{OnlineDetector, OnlineDetectorParams, OnlineDetectorValid};
pub use table_model::TableModel;
pub use typical::typical_ranges;
