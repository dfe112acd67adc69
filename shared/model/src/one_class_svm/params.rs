//! Parameters, their ranges, and fitting.

use std::ops::RangeInclusive;
use std::sync::Arc;

use weir_domain::matrix::FeatureMatrix;

use super::OneClassSvm;
use super::solver::{Problem, Solution, solve, weights_by_place};
use crate::error::{BadParams, FitError, RangeCheck};
use crate::tiles::{Tiles, clamped};

const NU_RANGE: RangeInclusive<f64> = 0.001..=0.999;
/// Kernel coefficients that are allowed.
pub(super) const GAMMA_RANGE: RangeInclusive<f64> = 1e-12..=1e12;
const TOLERANCE_RANGE: RangeInclusive<f64> = 1e-12..=0.1;
const CACHE_RANGE: RangeInclusive<u32> = 1..=65_536;
const ITERATIONS_RANGE: RangeInclusive<u32> = 1..=1_000_000_000;

/// The coefficient γ of the kernel `exp(-γ d²)`.
#[derive(Debug, Clone, Copy, PartialEq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gamma {
    /// `1 / (features · variance)`, the variance being that of all values of the training rows together; 1 where it is 0.
    #[default]
    Scale,
    /// A number, 1e-12 to 1e12.
    Value(f64),
}

/// What a one-class support vector machine is fitted with, in range or not; [`check`](Self::check) tells.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OneClassSvmParams {
    nu: f64,
    gamma: Gamma,
    tolerance: f64,
    cache_mebibytes: u32,
    iterations: u32,
}

impl Default for OneClassSvmParams {
    /// ν 0.1, γ by scale, tolerance 0.001, 200 MiB of cache, 10 000 000 iterations.
    fn default() -> Self {
        Self { nu: 0.1, gamma: Gamma::Scale, tolerance: 1e-3, cache_mebibytes: 200, iterations: 10_000_000 }
    }
}

impl OneClassSvmParams {
    /// ν, 0.001 to 0.999, by default 0.1: at most this share of the training rows lies outside the boundary, and at least
    /// this share are support vectors, which is what scoring costs.
    #[must_use]
    pub fn nu(mut self, nu: f64) -> Self {
        self.nu = nu;
        self
    }

    /// The kernel's coefficient, by default [`Gamma::Scale`]. The larger, the closer the boundary follows the rows.
    #[must_use]
    pub fn gamma(mut self, gamma: Gamma) -> Self {
        self.gamma = gamma;
        self
    }

    /// How far the conditions of the optimum may be missed, 1e-12 to 0.1, by default 0.001, in units of the weighted sum
    /// of similarities (which is of the order of ν times the rows).
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Memory for rows of the kernel matrix, 1 to 65 536 MiB, by default 200. Less makes fitting slower, not other.
    #[must_use]
    pub fn cache_mebibytes(mut self, cache_mebibytes: u32) -> Self {
        self.cache_mebibytes = cache_mebibytes;
        self
    }

    /// Steps after which fitting gives up, 1 to 1 000 000 000, by default 10 000 000.
    #[must_use]
    pub fn iterations(mut self, iterations: u32) -> Self {
        self.iterations = iterations;
        self
    }

    /// The parameters, known to be in range.
    ///
    /// # Errors
    /// Names every parameter outside its range.
    pub fn check(&self) -> Result<OneClassSvmValid, BadParams> {
        let check = RangeCheck::default()
            .require("nu", &self.nu, &NU_RANGE)
            .require("tolerance", &self.tolerance, &TOLERANCE_RANGE)
            .require("cache_mebibytes", &self.cache_mebibytes, &CACHE_RANGE)
            .require("iterations", &self.iterations, &ITERATIONS_RANGE);
        match self.gamma {
            Gamma::Scale => check,
            Gamma::Value(gamma) => check.require("gamma", &gamma, &GAMMA_RANGE),
        }
        .finish()?;
        Ok(OneClassSvmValid { params: self.clone() })
    }
}

/// Parameters in range, ready to fit.
#[derive(Debug, Clone, PartialEq)]
pub struct OneClassSvmValid {
    params: OneClassSvmParams,
}

impl OneClassSvmValid {
    /// Finds the support vectors and their weights. The result depends on the rows and their order, to the bit, and not
    /// on the number of threads.
    ///
    /// Takes O(ν · rows² · features) time to begin with, and then O(rows · features) per step; the steps are of the
    /// order of ν times the rows. Memory is O(rows · features) and the cache. Beyond some 50 000 rows, sample them.
    ///
    /// # Errors
    /// When there are fewer than 2 rows, or no features, or when the iterations do not suffice for the tolerance.
    pub fn fit(&self, matrix: &FeatureMatrix) -> Result<OneClassSvm, FitError> {
        if matrix.width() == 0 {
            return Err(FitError::NoFeatures);
        }
        if matrix.len() < 2 {
            return Err(FitError::TooFewRows { needed: 2, got: matrix.len() });
        }
        let OneClassSvmParams { nu, gamma, tolerance, cache_mebibytes, iterations } = self.params;
        let gamma = match gamma {
            Gamma::Scale => scale(matrix),
            Gamma::Value(gamma) => gamma,
        };
        let tiles = Tiles::new(matrix.width(), matrix.rows());
        let cache_bytes = (cache_mebibytes as usize).saturating_mul(1 << 20);
        let solution = solve(&tiles, Problem { gamma, nu, tolerance, cache_bytes, iterations });
        let Some(Solution { weights, boundary }) = solution else {
            return Err(FitError::NotConverged { iterations, tolerance: tolerance.to_string() });
        };
        let chosen = |row: &usize| weights[*row] > 0.0;
        let support: Vec<&[f64]> = (0..matrix.len()).filter(chosen).map(|row| matrix.row(row)).collect();
        let weights: Vec<f64> = weights.iter().copied().filter(|weight| *weight > 0.0).collect();
        Ok(OneClassSvm {
            schema: Arc::clone(matrix.schema()),
            gamma,
            boundary,
            support: Tiles::new(matrix.width(), support.into_iter()),
            weights: weights_by_place(weights.into_iter()),
        })
    }
}

/// scikit-learn's `gamma="scale"`, within the range allowed of numbers where the values are clamped ones.
fn scale(matrix: &FeatureMatrix) -> f64 {
    let count = (matrix.len() * matrix.width()) as f64;
    let values = || matrix.rows().flatten().map(|&value| clamped(value));
    let mean = values().map(|value| value / count).sum::<f64>();
    let variance = values().map(|value| (value - mean).powi(2) / count).sum::<f64>();
    if variance > 0.0 { (1.0 / (matrix.width() as f64 * variance)).min(1e300) } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::{self, bell};

    #[test]
    fn every_range_ends_where_it_says() {
        let params = OneClassSvmParams::default;
        let faults = |params: OneClassSvmParams| params.check().map_or_else(|bad| bad.faults.len(), |_| 0);
        for good in [
            params().nu(0.001).tolerance(1e-12).cache_mebibytes(1).iterations(1).gamma(Gamma::Value(1e-12)),
            params().nu(0.999).tolerance(0.1).cache_mebibytes(65_536).iterations(1_000_000_000),
            params().gamma(Gamma::Value(1e12)),
        ] {
            assert_eq!(faults(good), 0);
        }
        for bad in [f64::NAN, 0.0, 1.0, -1.0, f64::INFINITY] {
            assert_eq!(faults(params().nu(bad)), 1);
        }
        for bad in [f64::NAN, 0.0, 9e-13, 0.2] {
            assert_eq!(faults(params().tolerance(bad)), 1);
        }
        for bad in [f64::NAN, 0.0, -1.0, 2e12] {
            assert_eq!(faults(params().gamma(Gamma::Value(bad))), 1);
        }
        assert_eq!(faults(params().cache_mebibytes(0)) + faults(params().cache_mebibytes(65_537)), 2);
        assert_eq!(faults(params().iterations(0)) + faults(params().iterations(1_000_000_001)), 2);
        assert_eq!(faults(params().nu(2.0).tolerance(2.0).iterations(0)), 3);
    }

    #[test]
    fn parameters_left_out_of_a_file_have_their_defaults() {
        let read = |text| serde_json::from_str::<OneClassSvmParams>(text).map_err(|e| e.to_string());
        assert_eq!(read("{}"), Ok(OneClassSvmParams::default()));
        assert_eq!(read(r#"{"gamma": "scale", "nu": 0.2}"#), Ok(OneClassSvmParams::default().nu(0.2)));
        assert_eq!(read(r#"{"gamma": {"value": 2.0}}"#), Ok(OneClassSvmParams::default().gamma(Gamma::Value(2.0))));
        assert!(read(r#"{"mu": 0.1}"#).is_err());
        let params = OneClassSvmParams::default().gamma(Gamma::Value(3.0));
        let bytes = postcard::to_allocvec(&params).unwrap();
        assert_eq!(postcard::from_bytes(&bytes), Ok(params));
    }

    #[test]
    fn what_cannot_be_fitted_is_refused() {
        let valid = OneClassSvmParams::default().check().unwrap();
        let none: [&[f64]; 0] = [];
        assert_eq!(valid.fit(&synthetic::matrix(0, &none)), Err(FitError::NoFeatures));
        assert_eq!(valid.fit(&synthetic::matrix(2, &none)), Err(FitError::TooFewRows { needed: 2, got: 0 }));
        assert_eq!(valid.fit(&synthetic::column(&[1.0])), Err(FitError::TooFewRows { needed: 2, got: 1 }));
        assert!(valid.fit(&synthetic::column(&[1.0, 2.0])).is_ok());
        let hasty = OneClassSvmParams::default().iterations(2).check().unwrap();
        let err = hasty.fit(&bell(500, 3, 1)).unwrap_err();
        assert_eq!(err, FitError::NotConverged { iterations: 2, tolerance: "0.001".into() });
        assert!(err.to_string().contains("2 iterations"), "{err}");
    }

    #[test]
    fn gamma_by_scale_by_hand() {
        assert!((scale(&synthetic::matrix(2, &[[1.0, 3.0], [1.0, 3.0]])) - 0.5).abs() < 1e-15);
        assert!((scale(&synthetic::matrix(2, &[[7.0, 7.0]])) - 1.0).abs() < 1e-15);
        for extreme in [5e-324, 1e-200, 1e200, f64::MAX] {
            let gamma = scale(&synthetic::column(&[extreme, -extreme]));
            assert!(gamma.is_finite() && gamma > 0.0, "{extreme:e}: {gamma:e}");
        }
    }
}
