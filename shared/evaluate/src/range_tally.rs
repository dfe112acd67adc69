//! Counts how many labelled points, and how many ranges of labelled points, a detector found.
//!
//! By points, precision, recall and F1 count each labelled point. By ranges, a run of labelled points is one anomaly, found
//! where any of its points is; precision stays that of points, so that detecting every point is no way to a good figure (the
//! *composite F1* of A. Garg et al., *An Evaluation of Anomaly Detection and Diagnosis in Multivariate Time Series*, IEEE
//! TNNLS 2021).

/// Points and ranges that were found or not. Those of several series add up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct RangeTally {
    /// Labelled points that were found.
    pub(crate) found: u64,
    /// Labelled points that were missed.
    pub(crate) missed: u64,
    /// Points found that are not labelled.
    pub(crate) false_alarms: u64,
    /// Ranges of labelled points.
    pub(crate) ranges: u64,
    /// Of these, with at least one point found.
    pub(crate) ranges_found: u64,
}

impl RangeTally {
    /// Counts the points of a series, up to the length of the shorter slice.
    #[must_use]
    pub(crate) fn new(labelled: &[bool], found: &[bool]) -> Self {
        let mut tally = Self::default();
        let (mut within, mut counted) = (false, false);
        for (&labelled, &found) in labelled.iter().zip(found) {
            if labelled && !within {
                tally.ranges += 1;
                counted = false;
            }
            within = labelled;
            tally.found += u64::from(labelled && found);
            tally.missed += u64::from(labelled && !found);
            tally.false_alarms += u64::from(!labelled && found);
            if labelled && found && !counted {
                tally.ranges_found += 1;
                counted = true;
            }
        }
        tally
    }

    /// The sum of two tallies.
    #[must_use]
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            found: self.found + other.found,
            missed: self.missed + other.missed,
            false_alarms: self.false_alarms + other.false_alarms,
            ranges: self.ranges + other.ranges,
            ranges_found: self.ranges_found + other.ranges_found,
        }
    }

    /// Of the points found, the share that is labelled; `None` where none were found.
    #[must_use]
    pub(crate) fn precision(&self) -> Option<f64> {
        share(self.found, self.found + self.false_alarms)
    }

    /// Of the labelled points, the share that was found; `None` where there are none.
    #[must_use]
    pub(crate) fn recall(&self) -> Option<f64> {
        share(self.found, self.found + self.missed)
    }

    /// Harmonic mean of precision and recall of points; `None` where there is nothing to find and nothing found.
    #[must_use]
    pub(crate) fn f1(&self) -> Option<f64> {
        share(2 * self.found, 2 * self.found + self.missed + self.false_alarms)
    }

    /// Of the ranges, the share that was found; `None` where there are none.
    #[must_use]
    pub(crate) fn range_recall(&self) -> Option<f64> {
        share(self.ranges_found, self.ranges)
    }

    /// Harmonic mean of the precision of points and the recall of ranges; `None` where there are no ranges.
    #[must_use]
    pub(crate) fn composite_f1(&self) -> Option<f64> {
        let recall = self.range_recall()?;
        let precision = self.precision().unwrap_or(0.0);
        Some(if recall + precision > 0.0 { 2.0 * recall * precision / (recall + precision) } else { 0.0 })
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_found_where_any_of_its_points_is() {
        let labelled = [0, 1, 1, 0, 0, 1, 1, 1, 0, 1].map(|v| v == 1);
        let found = [1, 0, 1, 0, 0, 1, 1, 0, 0, 0].map(|v| v == 1);
        let tally = RangeTally::new(&labelled, &found);
        assert_eq!(tally, RangeTally { found: 3, missed: 3, false_alarms: 1, ranges: 3, ranges_found: 2 });
        assert_eq!((tally.precision(), tally.recall(), tally.f1()), (Some(0.75), Some(0.5), Some(0.6)));
        assert_eq!(tally.range_recall(), Some(2.0 / 3.0));
        // 2 · ¾ · ⅔ / (¾ + ⅔) = 12/17.
        assert!((tally.composite_f1().unwrap() - 12.0 / 17.0).abs() < 1e-12);
        assert_eq!(tally.plus(tally).f1(), tally.f1());
    }

    #[test]
    fn saying_everything_is_not_good_and_saying_nothing_is_nothing() {
        let labelled: Vec<bool> = (0..100).map(|i| i == 50).collect();
        let everything = RangeTally::new(&labelled, &[true; 100]);
        assert!(everything.composite_f1().unwrap() < 0.02);
        let nothing = RangeTally::new(&labelled, &[false; 100]);
        assert_eq!((nothing.precision(), nothing.composite_f1()), (None, Some(0.0)));
        assert_eq!(RangeTally::new(&[false; 3], &[false; 3]).f1(), None);
    }
}
