//! Detectors of the literature that Weir's is compared with. Each returns −log₁₀ of a tail probability per point, from earlier
//! points only.

use std::collections::VecDeque;

/// The minimum standard deviation to divide by, as the Numenta Anomaly Benchmark has it.
const MIN_DEVIATION: f64 = 1e-6;

/// The maximum surprise; beyond it, normal tails are 0 in floating point.
const MAX: f64 = 300.0;

/// A detector that sees a series point by point.
pub(crate) trait BaselineDetector {
    /// −log₁₀ of the probability that a typical point is at least as far off, given the points before; 0 or more.
    fn next(&mut self, time: i64, value: f64) -> f64;
}

/// The normal tail probability of a value, from the mean and the deviation of a sliding window: NAB's *windowed Gaussian*.
#[derive(Debug, Clone, Default)]
pub(crate) struct WindowedGaussian {
    window: VecDeque<f64>,
    waiting: Vec<f64>,
    mean: f64,
    deviation: f64,
}

impl WindowedGaussian {
    /// Points in the window, as in NAB.
    const WINDOW: usize = 6400;
    /// Points by which a full window moves on at once, as in NAB.
    const STEP: usize = 100;
}

impl BaselineDetector for WindowedGaussian {
    fn next(&mut self, _: i64, value: f64) -> f64 {
        let surprise =
            if self.window.is_empty() { 0.0 } else { upper_tail((value - self.mean).abs() / self.deviation) };
        if self.window.len() < Self::WINDOW {
            self.window.push_back(value);
        } else {
            self.waiting.push(value);
            if self.waiting.len() < Self::STEP {
                return surprise;
            }
            self.window.drain(..Self::STEP);
            self.window.extend(self.waiting.drain(..));
        }
        (self.mean, self.deviation) = moments(self.window.iter().copied());
        surprise
    }
}

/// The z-score of a value among those of its hour of the week.
#[derive(Debug, Clone)]
pub(crate) struct SeasonalZScore {
    hours: Vec<Hour>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Hour {
    points: u64,
    mean: f64,
    squares: f64,
    last_week: Option<i64>,
    weeks: u32,
}

impl Default for SeasonalZScore {
    fn default() -> Self {
        Self { hours: vec![Hour::default(); 168] }
    }
}

impl SeasonalZScore {
    /// Weeks, or days where the series is younger, in which an hour was seen before it is scored.
    const MIN: u32 = 2;
}

impl BaselineDetector for SeasonalZScore {
    fn next(&mut self, time: i64, value: f64) -> f64 {
        let hour = time.div_euclid(3600);
        let at = usize::try_from(hour.rem_euclid(168)).unwrap_or(0);
        let hour_of_week = self.hours[at];
        // An hour of the week with too few weeks is compared with that hour of every day.
        let baseline = if hour_of_week.weeks >= Self::MIN {
            hour_of_week
        } else {
            self.hours.iter().skip(at % 24).step_by(24).fold(Hour::default(), Hour::with)
        };
        let surprise = if baseline.weeks >= Self::MIN && baseline.points > 1 {
            let deviation = (baseline.squares / baseline.points as f64).max(0.0).sqrt().max(MIN_DEVIATION);
            upper_tail((value - baseline.mean).abs() / deviation)
        } else {
            0.0
        };
        let slot = &mut self.hours[at];
        let week = hour.div_euclid(168);
        if slot.last_week != Some(week) {
            slot.last_week = Some(week);
            slot.weeks = slot.weeks.saturating_add(1);
        }
        slot.points += 1;
        let away = value - slot.mean;
        slot.mean += away / slot.points as f64;
        slot.squares += away * (value - slot.mean);
        surprise
    }
}

impl Hour {
    /// Merges two hours (Chan et al., 1979).
    fn with(self, other: &Self) -> Self {
        let points = self.points + other.points;
        if points == 0 {
            return self;
        }
        let (n, m) = (self.points as f64, other.points as f64);
        let away = other.mean - self.mean;
        Self {
            points,
            mean: self.mean + away * m / (n + m),
            squares: self.squares + other.squares + away * away * n * m / (n + m),
            last_week: None,
            weeks: self.weeks.saturating_add(other.weeks),
        }
    }
}

/// KNN-CAD as published on NAB (Burnaev and Ishimtsev, 2016): lag vectors of 19 points, the summed Mahalanobis distance to 27
/// neighbours among as many vectors as NAB's probationary part has points, and a conformal p-value. After a detection
/// (99.65 %) it is silent for a fifth of that part.
#[derive(Debug, Clone)]
pub(crate) struct KnnCad {
    probation: usize,
    seen: usize,
    last: VecDeque<f64>,
    training: VecDeque<Vec<f64>>,
    calibration: VecDeque<Vec<f64>>,
    scores: VecDeque<f64>,
    /// Upper triangle, row by row: distances are those of vectors multiplied by it.
    whitening: Vec<Vec<f64>>,
    silent: usize,
}

impl KnnCad {
    const DIMENSION: usize = 19;
    const NEIGHBOURS: usize = 27;
    /// The conformal score that is a detection.
    const DETECTION: f64 = 0.9965;

    /// A detector for a series with a probationary part of so many points.
    #[must_use]
    pub(crate) fn new(probation: usize) -> Self {
        let unit = |row| (0..Self::DIMENSION).map(|column| f64::from(row == column)).collect();
        Self {
            probation,
            seen: 0,
            last: VecDeque::new(),
            training: VecDeque::new(),
            calibration: VecDeque::new(),
            scores: VecDeque::new(),
            whitening: (0..Self::DIMENSION).map(unit).collect(),
            silent: 0,
        }
    }

    fn whiten(&self, vector: &[f64]) -> Vec<f64> {
        self.whitening.iter().map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum()).collect()
    }

    /// Summed distance of a whitened vector to its nearest ones among others.
    fn nonconformity(item: &[f64], others: &[Vec<f64>], neighbours: usize) -> f64 {
        let square = |other: &Vec<f64>| other.iter().zip(item).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        let mut squares: Vec<_> = others.iter().map(square).collect();
        squares.sort_by(f64::total_cmp);
        squares.iter().take(neighbours).sum()
    }

    /// Distances by the inverse of the second moments of the training vectors, where it exists.
    fn learn_metric(&mut self) {
        let n = Self::DIMENSION;
        let mut moments = vec![vec![0.0; n]; n];
        for vector in &self.training {
            for (row, a) in moments.iter_mut().zip(vector) {
                row.iter_mut().zip(vector).for_each(|(sum, b)| *sum += a * b);
            }
        }
        if let Some(inverse) = inverse_factor(&moments) {
            self.whitening = inverse;
        }
    }
}

impl BaselineDetector for KnnCad {
    fn next(&mut self, _: i64, value: f64) -> f64 {
        self.seen += 1;
        self.last.push_back(value);
        if self.last.len() > Self::DIMENSION {
            self.last.pop_front();
        }
        if self.last.len() < Self::DIMENSION {
            return 0.0;
        }
        let item: Vec<f64> = self.last.iter().copied().collect();
        if self.seen < self.probation || self.probation == 0 {
            self.training.push_back(item);
            return 0.0;
        }
        if self.training.is_empty() {
            return 0.0;
        }
        if [0, self.probation / 2].contains(&(self.seen % self.probation)) {
            self.learn_metric();
        }
        let training: Vec<_> = self.training.iter().map(|vector| self.whiten(vector)).collect();
        if self.scores.is_empty() {
            // A vector is its own nearest neighbour, at distance 0.
            self.scores = training.iter().map(|v| Self::nonconformity(v, &training, Self::NEIGHBOURS + 1)).collect();
        }
        let score = Self::nonconformity(&self.whiten(&item), &training, Self::NEIGHBOURS);
        let less = self.scores.iter().filter(|&&other| other < score).count() as f64;
        let n = self.scores.len() as f64;
        if self.seen >= 2 * self.probation
            && let Some(next) = self.calibration.pop_front()
        {
            self.training.pop_front();
            self.training.push_back(next);
        }
        self.scores.pop_front();
        self.scores.push_back(score);
        self.calibration.push_back(item);
        if self.silent > 0 {
            self.silent -= 1;
            return 0.0;
        }
        if less / n >= Self::DETECTION {
            self.silent = self.probation / 5;
        }
        // At least half the smallest possible share.
        -(1.0 - less / n).max(0.5 / n).log10()
    }
}

/// The inverse of a lower-triangular factor L of a positive definite matrix `LLᵀ`: `|L⁻¹x|² = xᵀ(LLᵀ)⁻¹x`. `None` where the matrix
/// is not positive definite.
fn inverse_factor(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let n = matrix.len();
    let mut factor = vec![vec![0.0; n]; n];
    for row in 0..n {
        for column in 0..=row {
            let dot: f64 = (0..column).map(|k| factor[row][k] * factor[column][k]).sum();
            let rest = matrix[row][column] - dot;
            if row == column {
                if rest <= 1e-12 * matrix[row][row] || rest.is_nan() {
                    return None;
                }
                factor[row][row] = rest.sqrt();
            } else {
                factor[row][column] = rest / factor[column][column];
            }
        }
    }
    // Column by column, from the top.
    let solve = |column: usize| {
        let mut solution = vec![0.0; n];
        for (row, factors) in factor.iter().enumerate().skip(column) {
            let dot: f64 = factors[column..row].iter().zip(&solution[column..row]).map(|(a, b)| a * b).sum();
            solution[row] = (f64::from(row == column) - dot) / factors[row];
        }
        solution
    };
    let columns: Vec<Vec<f64>> = (0..n).map(solve).collect();
    let inverse = (0..n).map(|row| columns.iter().map(|column| column[row]).collect()).collect();
    Some(inverse)
}

/// Mean and standard deviation of all numbers given, the latter at least NAB's minimum.
fn moments(values: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let squares = values.map(|v| (v - mean) * (v - mean)).sum::<f64>();
    let deviation = (squares / n).sqrt();
    (mean, if deviation > 0.0 { deviation } else { MIN_DEVIATION })
}

/// −log₁₀ of the upper tail probability of a standard normal: Abramowitz and Stegun 26.2.17 up to 5 (error below 7.5e-8), and
/// the first term of the asymptotic expansion beyond.
fn upper_tail(z: f64) -> f64 {
    let density = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let log10 = if z > 5.0 {
        (-z * z / 2.0 - (z * std::f64::consts::TAU.sqrt()).ln()) / std::f64::consts::LN_10
    } else {
        let t = 1.0 / (1.0 + 0.231_641_9 * z);
        let terms = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
        (density * terms.into_iter().rev().fold(0.0, |sum, term| (sum + term) * t)).log10()
    };
    (-log10).clamp(0.0, MAX)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "what is exact is compared exactly")]
mod tests {
    use super::*;

    #[test]
    fn normal_tails() {
        for (z, tail) in [(0.0, 0.5), (1.0, 0.158_655_25), (3.0, 1.349_898e-3), (4.999, 2.881e-7), (5.001, 2.85e-7)] {
            assert!((upper_tail(z) + f64::log10(tail)).abs() < 0.02, "{z}: {}", upper_tail(z));
        }
        assert_eq!(upper_tail(1e9), MAX);
    }

    #[test]
    fn the_gaussian_knows_only_the_past() {
        let mut gaussian = WindowedGaussian::default();
        let scores: Vec<_> = [1.0, 3.0, 2.0, 8.0].map(|v| gaussian.next(0, v)).to_vec();
        assert_eq!(scores[0], 0.0);
        // Mean 2 and deviation √(2/3) of 1, 3, 2.
        assert!((scores[3] - upper_tail(6.0 / (2.0_f64 / 3.0).sqrt())).abs() < 1e-12);
        for i in 0..7000 {
            gaussian.next(0, f64::from(i));
        }
        assert_eq!(gaussian.window.len(), WindowedGaussian::WINDOW);
    }

    #[test]
    fn an_hour_is_compared_with_itself() {
        let mut seasonal = SeasonalZScore::default();
        for hour in 0..24 * 28_i64 {
            let value = if hour % 24 == 9 { 100.0 } else { 10.0 } + (hour % 5) as f64;
            seasonal.next(hour * 3600, value);
        }
        let nine = (24 * 28 + 9) * 3600;
        assert!(seasonal.clone().next(nine, 102.0) < 1.0);
        assert!(seasonal.next(nine, 12.0) > 10.0);
    }

    #[test]
    fn whitened_distances_are_those_of_the_inverse() {
        // [[4, 2], [2, 3]]: inverse [[3, -2], [-2, 4]] / 8; for x = (1, 2): (3 - 8 + 16) / 8 = 11/8.
        let inverse = inverse_factor(&[vec![4.0, 2.0], vec![2.0, 3.0]]).unwrap();
        let y = inverse.iter().map(|row| row[0] + 2.0 * row[1]);
        assert!((y.map(|v| v * v).sum::<f64>() - 1.375).abs() < 1e-12);
        assert_eq!(inverse_factor(&[vec![1.0, 1.0], vec![1.0, 1.0]]), None);
    }

    #[test]
    fn knn_cad_says_nothing_in_its_probation_and_after_a_detection() {
        let mut knn = KnnCad::new(100);
        let noise = |i: i64| ((i * 7919) % 101) as f64;
        let mut scores: Vec<_> = (0..150).map(|i| knn.next(i, noise(i))).collect();
        scores.extend((150..172).map(|i| knn.next(i, 1e4 + noise(i))));
        assert!(scores[..99].iter().all(|&s| s == 0.0));
        assert!(scores[150] > 2.2, "{}", scores[150]);
        assert!(scores[151..171].iter().all(|&s| s == 0.0) && scores[171] > 0.0);
    }
}
