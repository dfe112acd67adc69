//! Sequential minimal optimisation with second-order working sets.
//!
//! Minimises `½ αᵀ K α` over `0 ≤ α ≤ 1` with `Σ α = ν n`. Each step moves weight between two rows: `i`, of the least
//! gradient among those below 1, and the `j` among those above 0 that lowers the objective most. It ends when no row above
//! 0 has a gradient that exceeds that of a row below 1 by the tolerance.
//!
//! References: R.-E. Fan, P.-H. Chen, C.-J. Lin, *Working Set Selection Using Second Order Information for Training
//! SVM*, JMLR 6, 2005; C.-C. Chang, C.-J. Lin, *LIBSVM: A Library for Support Vector Machines*, ACM TIST 2(3), 2011.

use rayon::prelude::*;

use super::cache::KernelRows;
use super::kernel::weighted_sum;
use crate::tiles::{LANES, Tiles};

/// The curvature taken where rows are equal and it is 0.
const MIN_CURVATURE: f64 = 1e-12;

/// Rows that one thread takes at a time.
const TASK: usize = 256;

/// What to solve, and when to stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Problem {
    pub(super) gamma: f64,
    pub(super) nu: f64,
    pub(super) tolerance: f64,
    pub(super) cache_bytes: usize,
    pub(super) iterations: u32,
}

/// Weights of the rows, and what the weighted sum of similarities is on the boundary.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Solution {
    pub(super) weights: Vec<f64>,
    pub(super) boundary: f64,
}

/// The solution, or none when the iterations did not suffice. ν must be below 1.
pub(super) fn solve(tiles: &Tiles, problem: Problem) -> Option<Solution> {
    let mut weights = first_weights(tiles.len(), problem.nu);
    let mut gradient = gradient(tiles, &weights, problem.gamma);
    let mut rows = KernelRows::new(tiles, problem.gamma, problem.cache_bytes);
    for _ in 0..problem.iterations {
        let i = min_gradient(&weights, &gradient);
        let Some(j) = partner(&weights, &gradient, i, rows.row(i), problem.tolerance) else {
            let boundary = boundary(&weights, &gradient);
            return Some(Solution { weights, boundary });
        };
        let (row_i, row_j) = rows.pair(i, j);
        let curvature = curvature(row_i[j]);
        // What leaves j goes to i; neither leaves its range.
        let step = ((gradient[j] - gradient[i]) / curvature).min(weights[j]).min(1.0 - weights[i]);
        let (room, rest) = (1.0 - weights[i], weights[j]);
        weights[i] = if step >= room { 1.0 } else { weights[i] + step };
        weights[j] = if step >= rest { 0.0 } else { weights[j] - step };
        for ((gradient, similar_i), similar_j) in gradient.iter_mut().zip(row_i).zip(row_j) {
            *gradient += step * (similar_i - similar_j);
        }
    }
    None
}

/// 1 for as many rows as ν asks for, from the first on, and the rest of it for the next.
fn first_weights(rows: usize, nu: f64) -> Vec<f64> {
    let total = nu * rows as f64;
    (0..rows).map(|row| (total - row as f64).clamp(0.0, 1.0)).collect()
}

/// The weighted sum of similarities at every row.
fn gradient(tiles: &Tiles, weights: &[f64], gamma: f64) -> Vec<f64> {
    let chosen: Vec<usize> = (0..weights.len()).filter(|&row| weights[row] > 0.0).collect();
    let rows: Vec<Vec<f64>> = chosen.iter().map(|&row| tiles.row(row)).collect();
    let support = Tiles::new(tiles.width(), rows.iter().map(Vec::as_slice));
    let weights = weights_by_place(chosen.iter().map(|&row| weights[row]));
    let mut gradient = vec![0.0; tiles.len()];
    gradient.par_chunks_mut(TASK).enumerate().for_each(|(task, gradient)| {
        for (at, gradient) in gradient.iter_mut().enumerate() {
            *gradient = weighted_sum(&support, &weights, &tiles.row(task * TASK + at), gamma);
        }
    });
    gradient
}

/// Weights in the places of tiles, and zeros in the places without a row.
pub(super) fn weights_by_place(weights: impl ExactSizeIterator<Item = f64>) -> Vec<[f64; LANES]> {
    let mut places = vec![[0.0; LANES]; weights.len().div_ceil(LANES)];
    for (at, weight) in weights.enumerate() {
        places[at / LANES][at % LANES] = weight;
    }
    places
}

/// The second derivative along a move of weight between two rows of this similarity.
fn curvature(similarity: f64) -> f64 {
    (2.0 - 2.0 * similarity).max(MIN_CURVATURE)
}

/// The first row of the least gradient among those that can gain weight: there is one while ν is below 1.
fn min_gradient(weights: &[f64], gradient: &[f64]) -> usize {
    let mut least = (f64::INFINITY, 0);
    for (row, (&weight, &gradient)) in weights.iter().zip(gradient).enumerate() {
        if weight < 1.0 && gradient < least.0 {
            least = (gradient, row);
        }
    }
    least.1
}

/// The row to take weight from: that which lowers the objective most; none when the tolerance is met.
fn partner(weights: &[f64], gradient: &[f64], i: usize, row_i: &[f64], tolerance: f64) -> Option<usize> {
    let mut best = (0.0, None);
    let mut highest = f64::NEG_INFINITY;
    for (row, ((&weight, &gradient_j), &similarity)) in weights.iter().zip(gradient).zip(row_i).enumerate() {
        let difference = gradient_j - gradient[i];
        if weight > 0.0 && difference > 0.0 {
            highest = highest.max(difference);
            let gain = difference * difference / curvature(similarity);
            if gain > best.0 {
                best = (gain, Some(row));
            }
        }
    }
    if highest < tolerance { None } else { best.1 }
}

/// The gradient on the boundary: its mean over the rows strictly between 0 and 1, which lie on it, or else the middle
/// between what rows at 1 have at most and rows at 0 at least.
fn boundary(weights: &[f64], gradient: &[f64]) -> f64 {
    let (mut sum, mut free) = (0.0, 0_usize);
    let (mut inside, mut outside) = (f64::INFINITY, f64::NEG_INFINITY);
    for (&weight, &gradient) in weights.iter().zip(gradient) {
        if weight >= 1.0 {
            outside = outside.max(gradient);
        } else if weight <= 0.0 {
            inside = inside.min(gradient);
        } else {
            sum += gradient;
            free += 1;
        }
    }
    if free > 0 { sum / free as f64 } else { f64::midpoint(inside, outside) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::bell;

    fn problem(nu: f64) -> Problem {
        Problem { gamma: 0.2, nu, tolerance: 1e-9, cache_bytes: 1 << 20, iterations: 100_000 }
    }

    #[test]
    fn weights_add_up_and_meet_the_conditions_of_the_optimum() {
        let matrix = bell(300, 3, 1);
        let tiles = Tiles::new(3, matrix.rows());
        for nu in [0.001, 0.05, 0.333, 0.999] {
            let Solution { weights, boundary } = solve(&tiles, problem(nu)).unwrap();
            assert!((weights.iter().sum::<f64>() - nu * 300.0).abs() < 1e-9);
            assert!(weights.iter().all(|w| (0.0..=1.0).contains(w)));
            for (weight, gradient) in weights.iter().zip(gradient(&tiles, &weights, 0.2)) {
                assert!(*weight > 0.0 || gradient >= boundary - 1e-8, "{nu}: {weight} {gradient} {boundary}");
                assert!(*weight < 1.0 || gradient <= boundary + 1e-8, "{nu}: {weight} {gradient} {boundary}");
            }
        }
    }

    #[test]
    fn a_small_cache_changes_nothing() {
        let matrix = bell(200, 3, 1);
        let tiles = Tiles::new(3, matrix.rows());
        let all = solve(&tiles, problem(0.2));
        assert_eq!(solve(&tiles, Problem { cache_bytes: 0, ..problem(0.2) }), all);
        assert!(all.is_some());
    }

    #[test]
    fn it_gives_up_after_the_last_iteration() {
        let matrix = bell(200, 3, 1);
        let tiles = Tiles::new(3, matrix.rows());
        assert_eq!(solve(&tiles, Problem { iterations: 5, ..problem(0.2) }), None);
    }

    #[test]
    fn equal_rows_need_no_step() {
        let rows = [[1.0, 2.0]; 20];
        let tiles = Tiles::new(2, rows.iter().map(|r| &r[..]));
        let solution = solve(&tiles, Problem { iterations: 1, ..problem(0.25) }).unwrap();
        assert!((solution.boundary - 5.0).abs() < 1e-12);
    }
}
