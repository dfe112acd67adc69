//! The generalised Pareto distribution: what is left of almost any distribution far out in its tail.

/// A generalised Pareto distribution of excesses over a threshold: `P(Y > y) = (1 + shape·y/scale)^(-1/shape)`, and
/// `exp(-y/scale)` for shape 0. Shapes below 0 end at `-scale/shape`.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct GeneralisedPareto {
    pub(super) shape: f64,
    pub(super) scale: f64,
}

impl GeneralisedPareto {
    /// Fits positive excesses in ascending order, by the estimator of Zhang and Stephens (*A New and Efficient Estimation
    /// Method for the Generalized Pareto Distribution*, Technometrics 51(3), 2009): the mean of a likelihood-weighted grid,
    /// which needs no search and has no failing case. `None` where the excesses do not spread. O(n · √n).
    pub(super) fn fit(excesses: &[f64]) -> Option<Self> {
        let n = excesses.len() as f64;
        let (quarter, largest) = (*excesses.get(((n / 4.0 + 0.5) as usize).checked_sub(1)?)?, *excesses.last()?);
        if quarter <= 0.0 || largest <= quarter {
            return None;
        }
        // θ stands for -shape/scale; the shape that goes with it is the mean of ln(1 - θy).
        let shape_of = |theta: f64| excesses.iter().map(|y| (-theta * y).ln_1p()).sum::<f64>() / n;
        let points = 30.0 + n.sqrt().floor();
        let grid: Vec<(f64, f64)> = (1..=points as u32)
            .map(|j| 1.0 / largest + (1.0 - (points / (f64::from(j) - 0.5)).sqrt()) / (3.0 * quarter))
            .filter_map(|theta| {
                let shape = shape_of(theta);
                let likelihood = n * ((-theta / shape).ln() - shape - 1.0);
                likelihood.is_finite().then_some((theta, likelihood))
            })
            .collect();
        let best = grid.iter().map(|(_, likelihood)| *likelihood).fold(f64::NEG_INFINITY, f64::max);
        let (mut theta, mut weights) = (0.0, 0.0);
        for (point, likelihood) in grid {
            let weight = (likelihood - best).exp();
            theta += point * weight;
            weights += weight;
        }
        theta /= weights;
        let shape = shape_of(theta);
        let fitted = Self { shape, scale: -shape / theta };
        (fitted.shape.is_finite() && fitted.scale.is_finite() && fitted.scale > 0.0).then_some(fitted)
    }

    /// The chance of an excess of at least `y`, from 0 to 1.
    pub(super) fn survival(&self, y: f64) -> f64 {
        if self.shape.abs() < 1e-12 {
            return (-y / self.scale).exp();
        }
        let base = 1.0 + self.shape * y / self.scale;
        if base <= 0.0 { 0.0 } else { base.powf(-1.0 / self.shape) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of a distribution at the middles of n equal parts: a sample without chance.
    fn sample(n: u32, quantile: impl Fn(f64) -> f64) -> Vec<f64> {
        (0..n).map(|i| quantile((f64::from(i) + 0.5) / f64::from(n))).collect()
    }

    #[test]
    fn shape_and_scale_are_found_again() {
        for (shape, scale) in [(0.3, 2.0), (0.001, 1.0), (-0.2, 0.5), (-0.45, 3.0)] {
            let excesses = sample(2000, |p| scale / shape * ((1.0_f64 - p).powf(-shape) - 1.0));
            let fitted = GeneralisedPareto::fit(&excesses).unwrap();
            assert!((fitted.shape - shape).abs() < 0.03, "{shape}: {fitted:?}");
            assert!((fitted.scale / scale - 1.0).abs() < 0.03, "{scale}: {fitted:?}");
        }
    }

    #[test]
    fn survival_falls_from_one_to_nothing() {
        for shape in [0.5, 0.0, -0.5] {
            let pareto = GeneralisedPareto { shape, scale: 2.0 };
            let chances: Vec<_> = (0..50).map(|y| pareto.survival(f64::from(y))).collect();
            assert!((chances[0] - 1.0).abs() < 1e-15 && chances.is_sorted_by(|a, b| a >= b), "{chances:?}");
            assert!(chances.iter().all(|p| (0.0..=1.0).contains(p)));
        }
        assert!(GeneralisedPareto { shape: -0.5, scale: 2.0 }.survival(4.0).abs() < f64::EPSILON, "the end");
    }

    #[test]
    fn what_does_not_spread_has_no_tail() {
        assert_eq!(GeneralisedPareto::fit(&[]), None);
        assert_eq!(GeneralisedPareto::fit(&[1.0]), None);
        assert_eq!(GeneralisedPareto::fit(&[2.0; 50]), None);
        assert_eq!(GeneralisedPareto::fit(&[0.0; 50]), None);
    }
}
