//! Whether a point says anything that was not said shortly before.

use std::collections::VecDeque;

/// The rarest of the last points.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Repeats {
    points: u32,
    seen: u64,
    /// Number and rarity of points that no later one equals, the rarest first.
    rarest: VecDeque<(u64, f64)>,
}

impl Repeats {
    pub(super) fn new(points: u32) -> Self {
        Self { points, seen: 0, rarest: VecDeque::new() }
    }

    /// Whether a point is rarer than all of the last ones. Amortised O(1).
    pub(super) fn is_fresh(&mut self, rarity: f64) -> bool {
        let now = self.seen;
        self.seen += 1;
        while self.rarest.front().is_some_and(|(at, _)| now.saturating_sub(*at) > u64::from(self.points)) {
            self.rarest.pop_front();
        }
        let fresh = self.rarest.front().is_none_or(|(_, most)| rarity > *most);
        while self.rarest.back().is_some_and(|(_, other)| *other <= rarity) {
            self.rarest.pop_back();
        }
        self.rarest.push_back((now, rarity));
        fresh
    }

    pub(super) fn is_sound(&self) -> bool {
        self.rarest.len() as u64 <= u64::from(self.points) + 1
            && self.rarest.iter().all(|(_, rarity)| rarity.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_rarest_of_the_last_points_are_fresh() {
        let mut repeats = Repeats::new(3);
        let fresh: Vec<_> = [2.0, 1.0, 2.0, 3.0, 1.0, 2.0, 2.5, 2.0, 2.0, 2.6].map(|r| repeats.is_fresh(r)).to_vec();
        assert_eq!(fresh, [true, false, false, true, false, false, false, false, false, true]);
    }
}
