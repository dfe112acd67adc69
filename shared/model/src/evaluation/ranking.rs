//! How well scores put anomalous rows before normal ones.

use weir_domain::score::Score;

use super::EvaluationError;

/// Labelled scores, sorted once, to read every measure from that does not depend on a threshold.
///
/// Rows of equal score are one step: no threshold can tell them apart. Scores are finite by their type.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranking {
    /// One step per distinct score, highest first.
    steps: Vec<Step>,
    anomalous: u64,
    usual: u64,
}

/// What a threshold lets through.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Step {
    threshold: f64,
    /// Anomalous rows of this score or higher.
    hits: u64,
    /// Usual rows of this score or higher.
    false_alarms: u64,
}

/// A point of the ROC curve: both rates when rows of this score or higher raise an alarm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RocPoint {
    /// The score; infinite where nothing raises an alarm.
    pub threshold: f64,
    /// Of the typical rows, the share that raise a false alarm: 0 to 1.
    pub false_positive_rate: f64,
    /// Of the anomalous rows, the share that raise an alarm (recall): 0 to 1.
    pub true_positive_rate: f64,
}

/// A point of the precision/recall curve, when rows of this score or higher raise an alarm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrecisionRecallPoint {
    /// The score.
    pub threshold: f64,
    /// Of the alarms, the share that are true: 0 to 1.
    pub precision: f64,
    /// Of the anomalous rows, the share that raise an alarm: 0 to 1.
    pub recall: f64,
}

/// The best that a number of false alarms allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OperatingPoint {
    /// The score from which on rows raise an alarm; infinite where nothing may.
    pub threshold: f64,
    /// Of the anomalous rows, the share that raise an alarm: 0 to 1.
    pub recall: f64,
    /// The false alarms raised: at most as many as allowed.
    pub false_alarms: u64,
}

impl Ranking {
    /// Sorts the scores, highest first. O(rows · log rows).
    ///
    /// # Errors
    /// When there are no rows, or not as many labels as scores.
    pub fn new(anomalous: &[bool], scores: &[Score]) -> Result<Self, EvaluationError> {
        if anomalous.len() != scores.len() {
            return Err(EvaluationError::Lengths { labels: anomalous.len(), predictions: scores.len() });
        }
        if scores.is_empty() {
            return Err(EvaluationError::Empty);
        }
        let mut rows: Vec<(f64, bool)> = scores.iter().map(|s| s.get()).zip(anomalous.iter().copied()).collect();
        rows.sort_unstable_by(|(a, _), (b, _)| b.total_cmp(a));
        let mut steps: Vec<Step> = Vec::new();
        let (mut hits, mut false_alarms) = (0, 0);
        for (threshold, anomalous) in rows {
            hits += u64::from(anomalous);
            false_alarms += u64::from(!anomalous);
            match steps.last_mut() {
                // As numbers, so that 0 and -0 are one step.
                #[expect(clippy::float_cmp, reason = "a tie is a tie to the bit")]
                Some(last) if last.threshold == threshold => {
                    *last = Step { threshold, hits, false_alarms };
                }
                _ => steps.push(Step { threshold, hits, false_alarms }),
            }
        }
        Ok(Self { steps, anomalous: hits, usual: false_alarms })
    }

    /// Rows labelled anomalous.
    #[must_use]
    pub fn anomalous(&self) -> u64 {
        self.anomalous
    }

    /// Rows not labelled anomalous.
    #[must_use]
    pub fn usual(&self) -> u64 {
        self.usual
    }

    /// The area under the ROC curve: the chance that an anomalous row scores higher than a usual one, a tie counting one
    /// half. 0 to 1; 0.5 is what chance gives. Exact but for one rounding.
    ///
    /// # Errors
    /// When all rows are anomalous, or none is.
    pub fn roc_auc(&self) -> Result<f64, EvaluationError> {
        self.both()?;
        let (mut hits, mut false_alarms, mut twice_area) = (0, 0, 0_u128);
        for step in &self.steps {
            twice_area += u128::from(step.false_alarms - false_alarms) * u128::from(hits + step.hits);
            (hits, false_alarms) = (step.hits, step.false_alarms);
        }
        Ok(twice_area as f64 / (2 * u128::from(self.anomalous) * u128::from(self.usual)) as f64)
    }

    /// The precision at each step, weighted by what the step adds to recall. Above 0, at most 1; the share of anomalous
    /// rows is what chance gives. Nothing is interpolated, which would flatter.
    ///
    /// # Errors
    /// When no row is anomalous.
    pub fn average_precision(&self) -> Result<f64, EvaluationError> {
        let mut recall = 0.0;
        let mut sum = 0.0;
        for point in self.precision_recall_curve()? {
            sum += (point.recall - recall) * point.precision;
            recall = point.recall;
        }
        Ok(sum)
    }

    /// The ROC curve from (0, 0), where nothing raises an alarm, to (1, 1), one more point per distinct score
    /// (scikit-learn's with `drop_intermediate=False`).
    ///
    /// # Errors
    /// When all rows are anomalous, or none is.
    pub fn roc_curve(&self) -> Result<Vec<RocPoint>, EvaluationError> {
        self.both()?;
        let nothing = Step { threshold: f64::INFINITY, hits: 0, false_alarms: 0 };
        let point = |step: &Step| RocPoint {
            threshold: step.threshold,
            false_positive_rate: step.false_alarms as f64 / self.usual as f64,
            true_positive_rate: step.hits as f64 / self.anomalous as f64,
        };
        Ok(std::iter::once(&nothing).chain(&self.steps).map(point).collect())
    }

    /// The precision/recall curve, one point per distinct score, highest first. scikit-learn's runs the other way and
    /// ends in a point of precision 1 and recall 0 that belongs to no score.
    ///
    /// # Errors
    /// When no row is anomalous.
    pub fn precision_recall_curve(&self) -> Result<Vec<PrecisionRecallPoint>, EvaluationError> {
        self.some_anomalous()?;
        let point = |step: &Step| PrecisionRecallPoint {
            threshold: step.threshold,
            precision: step.hits as f64 / (step.hits + step.false_alarms) as f64,
            recall: step.hits as f64 / self.anomalous as f64,
        };
        Ok(self.steps.iter().map(point).collect())
    }

    /// The most that can be recalled with at most so many false alarms: what a team that looks at so many of them in
    /// vain gets to see. Of equally good thresholds it is the highest.
    ///
    /// # Errors
    /// When no row is anomalous.
    pub fn recall_at(&self, false_alarms: u64) -> Result<OperatingPoint, EvaluationError> {
        self.some_anomalous()?;
        let mut best = Step { threshold: f64::INFINITY, hits: 0, false_alarms: 0 };
        for step in self.steps.iter().take_while(|step| step.false_alarms <= false_alarms) {
            if step.hits > best.hits {
                best = *step;
            }
        }
        let recall = best.hits as f64 / self.anomalous as f64;
        Ok(OperatingPoint { threshold: best.threshold, recall, false_alarms: best.false_alarms })
    }

    fn some_anomalous(&self) -> Result<(), EvaluationError> {
        if self.anomalous == 0 { Err(EvaluationError::NoPositives) } else { Ok(()) }
    }

    fn both(&self) -> Result<(), EvaluationError> {
        self.some_anomalous()?;
        if self.usual == 0 { Err(EvaluationError::NoNegatives) } else { Ok(()) }
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ranking(rows: &[(bool, f64)]) -> Result<Ranking, EvaluationError> {
        let (labels, scores): (Vec<bool>, Vec<Score>) = rows.iter().map(|(l, s)| (*l, Score::new(*s).unwrap())).unzip();
        Ranking::new(&labels, &scores)
    }

    #[test]
    fn measures_by_hand() {
        let rows = [(true, 9.0), (false, 7.0), (true, 7.0), (false, 5.0), (true, 3.0), (false, 1.0)];
        let ranking = ranking(&rows).unwrap();
        // Of nine pairs: 3, then 2 and a tie, then 1 in the right order.
        assert_eq!(ranking.roc_auc(), Ok(6.5 / 9.0));
        let expected = 1.0 / 3.0 + 2.0 / 3.0 / 3.0 + 3.0 / 5.0 / 3.0;
        assert!((ranking.average_precision().unwrap() - expected).abs() < 1e-15);
        let at = |k| ranking.recall_at(k).map(|p| (p.threshold, p.recall, p.false_alarms));
        assert_eq!(at(0), Ok((9.0, 1.0 / 3.0, 0)));
        assert_eq!(at(1), Ok((7.0, 2.0 / 3.0, 1)));
        assert_eq!(at(2), Ok((3.0, 1.0, 2)));
        assert_eq!(at(u64::MAX), Ok((3.0, 1.0, 2)));
        let rates = |p: &RocPoint| (p.false_positive_rate, p.true_positive_rate);
        let roc = ranking.roc_curve().unwrap();
        assert_eq!((rates(&roc[0]), roc[0].threshold), ((0.0, 0.0), f64::INFINITY));
        assert_eq!(roc[1..3].iter().map(rates).collect::<Vec<_>>(), [(0.0, 1.0 / 3.0), (1.0 / 3.0, 2.0 / 3.0)]);
        assert_eq!((rates(&roc[5]), roc.len()), ((1.0, 1.0), 6));
    }

    #[test]
    fn no_threshold_may_split_a_tie() {
        let tied = ranking(&[(true, 0.0), (false, -0.0), (true, 0.0)]).unwrap();
        assert_eq!(tied.roc_auc(), Ok(0.5));
        assert_eq!(tied.average_precision(), Ok(2.0 / 3.0));
        let nothing = OperatingPoint { threshold: f64::INFINITY, recall: 0.0, false_alarms: 0 };
        assert_eq!(tied.recall_at(0), Ok(nothing));
        assert_eq!(tied.recall_at(1).unwrap().recall, 1.0);
    }

    #[test]
    fn what_is_undefined_is_an_error() {
        use EvaluationError::{Empty, Lengths, NoNegatives, NoPositives};
        assert_eq!(ranking(&[]), Err(Empty));
        assert_eq!(Ranking::new(&[true], &[]), Err(Lengths { labels: 1, predictions: 0 }));
        let usual = ranking(&[(false, 1.0), (false, 2.0)]).unwrap();
        assert_eq!((usual.roc_auc(), usual.roc_curve()), (Err(NoPositives), Err(NoPositives)));
        assert_eq!((usual.average_precision(), usual.recall_at(1)), (Err(NoPositives), Err(NoPositives)));
        assert_eq!(usual.precision_recall_curve(), Err(NoPositives));
        let anomalous = ranking(&[(true, 1.0), (true, 2.0)]).unwrap();
        assert_eq!((anomalous.roc_auc(), anomalous.roc_curve()), (Err(NoNegatives), Err(NoNegatives)));
        assert_eq!(anomalous.average_precision(), Ok(1.0));
        assert_eq!(anomalous.recall_at(0).unwrap().recall, 1.0);
    }

    fn rows() -> impl Strategy<Value = Vec<(bool, f64)>> {
        let rows = prop::collection::vec((any::<bool>(), (-8..8_i8).prop_map(f64::from)), 0..120);
        rows.prop_map(|rows| [vec![(true, 0.5), (false, -0.5)], rows].concat())
    }

    proptest! {
        #[test]
        fn roc_auc_is_the_share_of_pairs_in_order(rows in rows()) {
            let twice = |anomalous: f64, usual: f64| u64::from(anomalous > usual) * 2 + u64::from(anomalous == usual);
            let usual: Vec<f64> = rows.iter().filter(|(label, _)| !label).map(|(_, s)| *s).collect();
            let anomalous: Vec<f64> = rows.iter().filter(|(label, _)| *label).map(|(_, s)| *s).collect();
            let sum: u64 = anomalous.iter().flat_map(|a| usual.iter().map(|u| twice(*a, *u))).sum();
            let expected = sum as f64 / (2 * anomalous.len() * usual.len()) as f64;
            prop_assert_eq!(ranking(&rows).unwrap().roc_auc(), Ok(expected));
        }

        #[test]
        fn the_order_of_rows_changes_nothing_and_only_the_order_of_scores_counts(rows in rows()) {
            let reversed: Vec<_> = rows.iter().rev().copied().collect();
            prop_assert_eq!(ranking(&rows), ranking(&reversed));
            let stretched: Vec<_> = rows.iter().map(|(label, s)| (*label, s.exp())).collect();
            let (a, b) = (ranking(&rows).unwrap(), ranking(&stretched).unwrap());
            prop_assert_eq!(a.roc_auc(), b.roc_auc());
            prop_assert_eq!(a.average_precision(), b.average_precision());
        }

        #[test]
        fn more_false_alarms_never_recall_less(rows in rows()) {
            let ranking = ranking(&rows).unwrap();
            let recalls: Vec<f64> = (0..=ranking.usual()).map(|k| ranking.recall_at(k).unwrap().recall).collect();
            prop_assert!(recalls.is_sorted());
            prop_assert_eq!(recalls.last(), Some(&1.0));
        }
    }
}
