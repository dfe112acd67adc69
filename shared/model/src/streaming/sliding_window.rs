//! The last so many numbers, in order of arrival and of size.

use std::collections::VecDeque;

/// The last numbers of a stream. Adding one takes O(log n) comparisons and moves O(n) bytes; quantiles are O(1).
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "StoredWindow", into = "StoredWindow")]
pub(super) struct SlidingWindow {
    capacity: usize,
    arrived: VecDeque<f64>,
    sorted: Vec<f64>,
}

impl SlidingWindow {
    /// The largest capacity.
    pub(super) const MAX: usize = 1 << 20;

    /// An empty window of so many numbers, from 1 to [`Self::MAX`].
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.clamp(1, Self::MAX), arrived: VecDeque::new(), sorted: Vec::new() }
    }

    /// Adds a finite number; the oldest leaves a full window.
    pub(super) fn push(&mut self, value: f64) {
        let to = self.sorted.partition_point(|&v| v < value);
        let left = if self.arrived.len() == self.capacity { self.arrived.pop_front() } else { None };
        self.arrived.push_back(value);
        let Some(left) = left else {
            self.sorted.insert(to, value);
            return;
        };
        // What left makes room: only what is between the two moves.
        let from = self.sorted.partition_point(|&v| v < left);
        if from < to {
            self.sorted.copy_within(from + 1..to, from);
            self.sorted[to - 1] = value;
        } else {
            self.sorted.copy_within(to..from, to + 1);
            self.sorted[to] = value;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// The numbers, ascending.
    pub(super) fn sorted(&self) -> &[f64] {
        &self.sorted
    }

    /// The median; 0 of nothing.
    pub(super) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// The quantile at a share of 0 to 1, between the two numbers next to it; 0 of nothing.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let Some(last) = self.sorted.len().checked_sub(1) else { return 0.0 };
        let place = share * last as f64;
        let below = place as usize;
        let (low, high) = (self.sorted[below], self.sorted[(below + 1).min(last)]);
        low + (place - below as f64) * (high - low)
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredWindow {
    capacity: u32,
    arrived: Vec<f64>,
}

impl From<SlidingWindow> for StoredWindow {
    fn from(window: SlidingWindow) -> Self {
        Self { capacity: u32::try_from(window.capacity).unwrap_or(u32::MAX), arrived: window.arrived.into() }
    }
}

impl TryFrom<StoredWindow> for SlidingWindow {
    type Error = &'static str;

    fn try_from(StoredWindow { capacity, arrived }: StoredWindow) -> Result<Self, &'static str> {
        let capacity = capacity as usize;
        if !(1..=Self::MAX).contains(&capacity) || arrived.len() > capacity || arrived.iter().any(|v| !v.is_finite()) {
            return Err("a sliding window must hold finite numbers, no more than its capacity");
        }
        let mut sorted = arrived.clone();
        sorted.sort_by(f64::total_cmp);
        Ok(Self { capacity, arrived: arrived.into(), sorted })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_window_is_the_last_numbers_sorted(
            values in prop::collection::vec(-4_i8..4, 0..60),
            capacity in 1_usize..12,
        ) {
            let mut window = SlidingWindow::new(capacity);
            for (at, &value) in values.iter().enumerate() {
                window.push(f64::from(value));
                let mut last: Vec<_> = values[(at + 1).saturating_sub(capacity)..=at].iter().map(|&v| f64::from(v)).collect();
                last.sort_by(f64::total_cmp);
                prop_assert_eq!(window.sorted(), &last[..]);
            }
        }
    }

    #[test]
    fn quantiles_lie_between_their_neighbours() {
        let mut window = SlidingWindow::new(9);
        assert_eq!((window.median(), window.len()), (0.0, 0));
        for value in [4.0, 1.0, 2.0, 3.0] {
            window.push(value);
        }
        assert_eq!((window.median(), window.quantile(0.0), window.quantile(1.0)), (2.5, 1.0, 4.0));
    }
}
