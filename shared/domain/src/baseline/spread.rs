//! How a count spreads, by orders of magnitude.

use std::collections::BTreeMap;

use crate::bounded::Merge;

/// How often a count had which order of magnitude: at most 65 numbers, whatever was counted. Merging adds.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Spread {
    /// By the number of bits of the count.
    by_bits: BTreeMap<u8, u32>,
}

impl Spread {
    /// Counts an observation.
    pub fn observe(&mut self, value: u64) {
        let times = self.by_bits.entry(bits(value)).or_default();
        *times = times.saturating_add(1);
    }

    /// Observations.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.by_bits.values().map(|times| u64::from(*times)).sum()
    }

    /// True when nothing was observed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_bits.is_empty()
    }

    /// What at most this share of the observations exceeds, to the next power of two (less one); 0 where there are none.
    #[must_use]
    pub fn rarely_exceeded(&self, share: f64) -> f64 {
        self.exceeded_at_most((self.len() as f64 * share.clamp(0.0, 1.0)).floor() as u64)
    }

    /// What at most so many observations exceed, to the next power of two (less one); 0 where there are no more.
    #[must_use]
    pub fn exceeded_at_most(&self, times: u64) -> f64 {
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

    /// What was observed in all, at most: every observation taken for the next power of two (less one).
    #[must_use]
    pub fn sum_at_most(&self) -> f64 {
        self.by_bits.iter().map(|(bits, times)| largest(*bits) * f64::from(*times)).sum()
    }

    /// The most that was observed, to the next power of two (less one).
    #[must_use]
    pub fn most(&self) -> f64 {
        self.rarely_exceeded(0.0)
    }
}

impl Merge for Spread {
    fn merge(&mut self, other: Self) {
        for (bits, theirs) in other.by_bits {
            let mine = self.by_bits.entry(bits).or_default();
            *mine = mine.saturating_add(theirs);
        }
    }
}

/// Bits a count takes: 0 for 0, 1 for 1, 2 for 2 and 3.
pub(super) fn bits(value: u64) -> u8 {
    (u64::BITS - value.leading_zeros()) as u8
}

/// The largest count of so many bits.
fn largest(bits: u8) -> f64 {
    f64::from(bits.min(64)).exp2() - 1.0
}
