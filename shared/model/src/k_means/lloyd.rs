//! Drawing centroids by k-means++, and moving them until no row changes its own.

use rand::RngExt;
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::prelude::*;
use weir_domain::matrix::FeatureMatrix;

use crate::tiles::{LANES, Tiles, clamp_into, clamped};

/// Rows that one thread takes at a time.
const BLOCK: usize = 512;

/// The centroid nearest to a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Near {
    pub(super) centroid: u32,
    /// The squared distance to it.
    pub(super) squared: f64,
    /// The squared distance to the next one; infinite where there is one centroid only.
    pub(super) next: f64,
}

/// What Lloyd's algorithm ends with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clusters {
    pub(super) centroids: Tiles,
    pub(super) assignments: Vec<u32>,
    pub(super) inertia: f64,
    pub(super) converged: bool,
}

/// The nearest centroid of every row; of several the first.
pub(super) fn nearest_centroids(centroids: &Tiles, matrix: &FeatureMatrix) -> Vec<Near> {
    let mut near = vec![Near { centroid: 0, squared: f64::INFINITY, next: f64::INFINITY }; matrix.len()];
    near.par_chunks_mut(BLOCK).enumerate().for_each(|(block, near)| {
        let mut row = Vec::with_capacity(matrix.width());
        for (at, near) in near.iter_mut().enumerate() {
            clamp_into(matrix.row(block * BLOCK + at), &mut row);
            for tile in 0..centroids.tiles() {
                let distances = centroids.squared_distances(tile, &row);
                let there = LANES.min(centroids.len() - tile * LANES);
                for (lane, &squared) in distances[..there].iter().enumerate() {
                    if squared < near.squared {
                        *near = Near { centroid: (tile * LANES + lane) as u32, squared, next: near.squared };
                    } else if squared < near.next {
                        near.next = squared;
                    }
                }
            }
        }
    });
    near
}

/// Draws up to so many rows as first centroids: fewer where fewer differ. There must be a row.
pub(super) fn draw_centroids(matrix: &FeatureMatrix, clusters: usize, rng: &mut Xoshiro256PlusPlus) -> Tiles {
    let mut drawn = vec![rng.random_range(0..matrix.len())];
    let mut distances = vec![f64::INFINITY; matrix.len()];
    while drawn.len() < clusters {
        let last = Tiles::new(matrix.width(), drawn[drawn.len() - 1..].iter().map(|&row| matrix.row(row)));
        let near = nearest_centroids(&last, matrix);
        distances.iter_mut().zip(&near).for_each(|(distance, near)| *distance = distance.min(near.squared));
        let total: f64 = distances.iter().sum();
        if total <= 0.0 {
            break;
        }
        let target = rng.random::<f64>() * total;
        let mut sum = 0.0;
        let reached = distances.iter().position(|distance| {
            sum += distance;
            sum > target
        });
        // The product may round up to the total: then the last row that is apart from the centroids.
        let row = reached.or_else(|| distances.iter().rposition(|distance| *distance > 0.0));
        drawn.extend(row);
    }
    Tiles::new(matrix.width(), drawn.iter().map(|&row| matrix.row(row)))
}

/// Moves every centroid to the mean of its rows, until no row changes its centroid, the inertia falls by less than so
/// large a share of it, or the iterations are over.
pub(super) fn settle(matrix: &FeatureMatrix, mut centroids: Tiles, iterations: u32, tolerance: f64) -> Clusters {
    let mut near = nearest_centroids(&centroids, matrix);
    let mut converged = false;
    for _ in 0..iterations {
        let before = inertia(&near);
        centroids = means(matrix, &mut near, centroids.len());
        let moved = nearest_centroids(&centroids, matrix);
        let unchanged = moved.iter().zip(&near).all(|(new, old)| new.centroid == old.centroid);
        near = moved;
        converged = unchanged || before - inertia(&near) < tolerance * before;
        if converged {
            break;
        }
    }
    without_empty(&centroids, &near, converged)
}

fn inertia(near: &[Near]) -> f64 {
    near.iter().map(|near| near.squared).sum()
}

/// The means of the rows of each centroid. A centroid that lost all its rows moves to the row furthest from its own.
fn means(matrix: &FeatureMatrix, near: &mut [Near], count: usize) -> Tiles {
    let mut sizes = vec![0_u64; count];
    for near in near.iter() {
        sizes[near.centroid as usize] += 1;
    }
    for empty in 0..count {
        if sizes[empty] == 0 {
            let rows = near.iter().enumerate().filter(|(_, near)| sizes[near.centroid as usize] > 1);
            let furthest = rows.fold(None, |best: Option<(usize, f64)>, (row, near)| match best {
                Some((_, squared)) if squared >= near.squared => best,
                _ => Some((row, near.squared)),
            });
            if let Some((row, _)) = furthest {
                sizes[near[row].centroid as usize] -= 1;
                sizes[empty] = 1;
                near[row] = Near { centroid: empty as u32, squared: 0.0, next: near[row].next };
            }
        }
    }
    let mut sums = vec![vec![0.0; matrix.width()]; count];
    for (row, near) in matrix.rows().zip(near.iter()) {
        sums[near.centroid as usize].iter_mut().zip(row).for_each(|(sum, value)| *sum += clamped(*value));
    }
    for (sums, size) in sums.iter_mut().zip(sizes) {
        for sum in sums {
            *sum /= size.max(1) as f64;
        }
    }
    Tiles::new(matrix.width(), sums.iter().map(Vec::as_slice))
}

/// Leaves out centroids that no row has, which changes no row's nearest one.
fn without_empty(centroids: &Tiles, near: &[Near], converged: bool) -> Clusters {
    let mut used = vec![false; centroids.len()];
    for near in near {
        used[near.centroid as usize] = true;
    }
    let kept: Vec<Vec<f64>> =
        (0..centroids.len()).filter(|&centroid| used[centroid]).map(|centroid| centroids.row(centroid)).collect();
    let numbers: Vec<u32> = used
        .iter()
        .scan(0, |next, &used| {
            let number = *next;
            *next += u32::from(used);
            Some(number)
        })
        .collect();
    Clusters {
        centroids: Tiles::new(centroids.width(), kept.iter().map(Vec::as_slice)),
        assignments: near.iter().map(|near| numbers[near.centroid as usize]).collect(),
        inertia: inertia(near),
        converged,
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;
    use crate::synthetic;

    #[test]
    fn the_nearest_centre_is_the_first_of_equal_ones_in_any_tile() {
        let centroids: Vec<[f64; 1]> = (0..20).map(|i| [f64::from(i / 2)]).collect();
        let centroids = Tiles::new(1, centroids.iter().map(|c| &c[..]));
        let near = nearest_centroids(&centroids, &synthetic::column(&[-1.0, 4.25, 9.0, 70.0]));
        assert_eq!(near.iter().map(|near| near.centroid).collect::<Vec<_>>(), [0, 8, 18, 18]);
        assert_eq!(near[1], Near { centroid: 8, squared: 0.0625, next: 0.0625 });
    }

    #[test]
    fn draws_are_in_proportion_to_squared_distances() {
        // From 0 or 1, the far row is 100 times as far; from it, both others are alike.
        let matrix = synthetic::column(&[0.0, 1.0, 100.0]);
        let far = (0..500).filter(|&seed| {
            let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
            let drawn = draw_centroids(&matrix, 2, &mut rng);
            (0..2).any(|centroid| drawn.value(centroid, 0) > 50.0)
        });
        assert!(far.count() >= 495);
        let all = draw_centroids(&matrix, 9, &mut Xoshiro256PlusPlus::seed_from_u64(1));
        assert_eq!(all.len(), 3);
    }

    #[test]
    fn a_centre_without_rows_takes_the_furthest_row() {
        let matrix = synthetic::column(&[0.0, 1.0, 2.0, 50.0]);
        let lost = Tiles::new(1, [[1.0].as_slice(), &[-1000.0]].into_iter());
        let clusters = settle(&matrix, lost, 10, 0.0);
        assert_eq!((clusters.assignments, clusters.converged), (vec![0, 0, 0, 1], true));
    }

    #[test]
    fn a_centre_that_no_row_has_at_the_end_is_left_out() {
        let matrix = synthetic::column(&[0.0, 0.0, 4.0]);
        let lost = Tiles::new(1, [[-1000.0].as_slice(), &[0.0], &[4.0]].into_iter());
        let clusters = settle(&matrix, lost, 0, 0.0);
        assert_eq!((clusters.assignments, clusters.centroids.len()), (vec![0, 0, 1], 2));
    }
}
