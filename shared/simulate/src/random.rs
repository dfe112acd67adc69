//! Streams of random numbers: one per actor and window, so that actors do not influence each other.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A stream of random numbers (xoshiro256++, Blackman and Vigna 2021, seeded by a hash of seed, name and number).
///
/// The numbers depend only on the seed, the name and the number of the stream. Logarithms are those of the platform, so machines of
/// one kind agree to the bit.
#[derive(Debug, Clone)]
pub struct Stream(Xoshiro256PlusPlus);

impl Stream {
    /// The stream of an actor (`name`) in a window or for one of its items (`number`).
    #[must_use]
    pub fn new(seed: u64, name: &str, number: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(hash(seed, name, number)))
    }

    /// A uniform number from 0 (included) to 1 (excluded).
    pub fn unit(&mut self) -> f64 {
        self.0.random()
    }

    /// True with a probability of 0 to 1.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A uniform integer below a limit; 0 if the limit is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.0.random::<u64>()) * u128::from(limit)) >> 64) as u64
    }

    /// A uniform integer from `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + self.below((high - low).max(0) as u64 + 1) as i64
    }

    /// One of some items, all with the same probability; `None` if there are none.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len() as u64) as usize)
    }

    /// A sample without replacement, in random order.
    pub fn sample<T: Clone>(&mut self, items: &[T], count: usize) -> Vec<T> {
        let mut items = items.to_vec();
        let count = count.min(items.len());
        for i in 0..count {
            let other = i + self.below((items.len() - i) as u64) as usize;
            items.swap(i, other);
        }
        items.truncate(count);
        items
    }

    /// An exponentially distributed number with a mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// A normally distributed number with mean 0 and variance 1 (Box and Muller 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A log-normal number with a median; `sigma` is the standard deviation of its logarithm.
    pub fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// A Pareto-distributed number of at least `min`, capped at a million times `min`. A `shape` below 2 has an infinite variance.
    pub fn pareto(&mut self, min: f64, shape: f64) -> f64 {
        (min * (1.0 - self.unit()).powf(-1.0 / shape)).min(min * 1e6)
    }

    /// A Poisson-distributed count with a mean (Knuth 1969; above 30 by the normal approximation).
    pub fn poisson(&mut self, mean: f64) -> u64 {
        if mean > 30.0 {
            return (mean + mean.sqrt() * self.normal()).round().max(0.0) as u64;
        }
        let (limit, mut product, mut count) = ((-mean).exp(), self.unit(), 0);
        while product > limit {
            product *= self.unit();
            count += 1;
        }
        count
    }

    /// A client port, from the ephemeral range of Linux.
    pub fn ephemeral_port(&mut self) -> u16 {
        self.between(32_768, 60_999) as u16
    }
}

/// A stable hash of a seed, a name and a number.
#[must_use]
pub fn hash(seed: u64, name: &str, number: u64) -> u64 {
    xxh3_64_with_seed(name.as_bytes(), seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ_from_one_another() {
        let draw = |seed, name, number| Stream::new(seed, name, number).0.random::<u64>();
        assert_eq!(draw(1, "a", 2), draw(1, "a", 2));
        let others = [draw(1, "a", 2), draw(2, "a", 2), draw(1, "b", 2), draw(1, "a", 3)];
        assert!(others.iter().enumerate().all(|(i, a)| others.iter().skip(i + 1).all(|b| a != b)));
    }

    #[test]
    fn samples_have_the_requested_mean() {
        let mut stream = Stream::new(7, "means", 0);
        let mut mean =
            |draw: &dyn Fn(&mut Stream) -> f64| (0..40_000).map(|_| draw(&mut stream)).sum::<f64>() / 40_000.0;
        assert!((mean(&|s| s.exponential(3.0)) - 3.0).abs() < 0.1);
        assert!((mean(&|s| s.poisson(4.0) as f64) - 4.0).abs() < 0.1);
        assert!((mean(&|s| s.poisson(90.0) as f64) - 90.0).abs() < 0.5);
        assert!(mean(&|s| s.normal()).abs() < 0.03);
        assert!((mean(&|s| s.between(-5, 5) as f64)).abs() < 0.1);
        assert!((mean(&|s| s.log_normal(1.0, 0.5)) - 0.125_f64.exp()).abs() < 0.05);
    }

    #[test]
    fn a_sample_has_no_duplicates() {
        let mut stream = Stream::new(7, "sample", 0);
        let mut sample = stream.sample(&(0..50).collect::<Vec<_>>(), 60);
        sample.sort_unstable();
        assert_eq!(sample, (0..50).collect::<Vec<_>>());
        assert_eq!(stream.pick::<u8>(&[]), None);
        assert_eq!(stream.below(0), 0);
    }
}
