//! A histogram of counts by orders of magnitude, which keeps the baseline small.

use std::collections::BTreeMap;

use crate::bounded::Merge;

/// A histogram whose bins double in width: at most 65 numbers, whatever is counted. Merging adds.
///
/// Quantiles are rounded up to the largest value of a bin, a power of two less one.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Log2Histogram {
    /// The number of observations by the number of bits of the value.
    by_bits: BTreeMap<u8, u32>,
}

impl Log2Histogram {
    /// Counts a value.
    pub fn observe(&mut self, value: u64) {
        let times = self.by_bits.entry(bits(value)).or_default();
        *times = times.saturating_add(1);
    }

    /// The number of observations.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.by_bits.values().map(|times| u64::from(*times)).sum()
    }

    /// Whether there are no observations.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_bits.is_empty()
    }

    /// The value that at most this share of the observations (0 to 1) exceeds, rounded up to the end of its bin; 0 of an empty
    /// histogram.
    #[must_use]
    pub fn exceeded_by_share(&self, share: f64) -> f64 {
        self.exceeded_by_count((self.len() as f64 * share.clamp(0.0, 1.0)).floor() as u64)
    }

    /// The value that at most this number of observations exceeds, rounded up to the end of its bin; 0 where there are no more
    /// observations than that.
    #[must_use]
    pub fn exceeded_by_count(&self, times: u64) -> f64 {
        let mut left = times;
        for (bits, times) in self.by_bits.iter().rev() {
            let times = u64::from(*times);
            if times > left {
                return largest(*bits);
            }
            left -= times;
        }
        0.0
    }

    /// An upper bound of the sum: every observation is rounded up to the end of its bin.
    #[must_use]
    pub fn sum_upper_bound(&self) -> f64 {
        self.by_bits.iter().map(|(bits, times)| largest(*bits) * f64::from(*times)).sum()
    }

    /// The largest observation, rounded up to the end of its bin.
    #[must_use]
    pub fn max(&self) -> f64 {
        self.exceeded_by_share(0.0)
    }
}

impl Merge for Log2Histogram {
    fn merge(&mut self, other: Self) {
        for (bits, theirs) in other.by_bits {
            let mine = self.by_bits.entry(bits).or_default();
            *mine = mine.saturating_add(theirs);
        }
    }
}

/// The number of bits of a value: 0 for 0, 1 for 1, 2 for 2 and 3.
pub(super) fn bits(value: u64) -> u8 {
    (u64::BITS - value.leading_zeros()) as u8
}

/// The largest value of this many bits.
fn largest(bits: u8) -> f64 {
    f64::from(bits.min(64)).exp2() - 1.0
}
