//! The scorer against examples worked by hand.

use super::*;

const STANDARD: NabProfile = NabProfile::ALL[0];

/// A hundred points, fifteen of them on probation, with anomalies at 40 to 49 and 70 to 79.
fn windows() -> NabWindows {
    NabWindows::new(100, vec![70..=79, 40..=49])
}

fn tally(detections: &[usize]) -> NabTally {
    let mut scores = [0.0; 100];
    for &at in detections {
        scores[at] = 1.0;
    }
    windows().tally(&scores, 0.5)
}

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-4, "{a} is not {b}");
}

#[test]
fn nothing_is_0_and_perfection_100_in_every_profile() {
    for profile in NabProfile::ALL {
        assert_eq!(tally(&[]).score(profile), Some(0.0));
        assert_eq!(tally(&[40, 70]).score(profile), Some(100.0));
    }
    assert_eq!(NabTally::default().score(STANDARD), None);
}

#[test]
fn a_detection_earns_by_its_place_in_the_window() {
    // 2σ(5) − 1 = .98661 at the first of ten points; 2σ(2.5) − 1 = .84828 at the sixth, five before the end and itself.
    close(tally(&[45]).earned, 0.84828 / 0.98661);
    // The last point: position −1/10, 2σ(.5) − 1 = .24492.
    close(tally(&[49]).earned, 0.24492 / 0.98661);
    // Only the earliest counts.
    assert_eq!(tally(&[45, 46, 49]), tally(&[45]));
    // One of two windows, missed one −1: raw .85979 − 1; (−.14021 + 2) / 4.
    close(tally(&[45]).score(STANDARD).unwrap(), 46.494_8);
    // The miss weighs 2: (.85979 − 2 + 4) / 6.
    close(tally(&[45]).score(NabProfile::ALL[2]).unwrap(), 47.66325);
}

#[test]
fn a_false_alarm_costs_by_its_distance_from_the_window_before() {
    // No window before: all of it.
    assert_eq!(tally(&[20]).cost, 1.0);
    // One past a window of ten points: position 1/9, 1 − 2σ(−5/9) = .27084.
    close(tally(&[50]).cost, 0.270_84);
    // Nine past: position 1, .98661. Twenty past the second: position 20/9.
    close(tally(&[58]).cost, 0.98661);
    close(tally(&[99]).cost, 0.999_97);
    // Every one counts: (−2 − 2 · .11 + 2) / 4, and twice that.
    close(tally(&[20, 30]).score(STANDARD).unwrap(), -5.5);
    close(tally(&[20, 30]).score(NabProfile::ALL[1]).unwrap(), -11.0);
}

#[test]
fn the_probationary_part_does_not_count() {
    assert_eq!((probation(100), probation(4032), probation(5000), probation(1 << 20)), (15, 604, 750, 750));
    assert_eq!(tally(&[0, 14]), tally(&[]));
    assert_eq!(tally(&[15]).false_alarms, 1);
    let early = NabWindows::new(100, vec![2..=5, 10..=20]);
    let nothing = early.tally(&[0.0; 100], 0.5);
    assert_eq!(nothing.windows, 1);
}

#[test]
fn the_best_threshold_is_the_best_of_all() {
    let windows = windows();
    let scores: Vec<f64> = (0..100).map(|i| f64::from(i * 7919 % 97) / 97.0).collect();
    let other: Vec<f64> = (0..100).map(|i| f64::from(i * 31 % 101) / 101.0).collect();
    let series = [(&windows, &scores[..]), (&windows, &other[..])];
    for profile in NabProfile::ALL {
        let (threshold, tally) = best_threshold(&series, profile).unwrap();
        let at = |threshold: f64| {
            series.iter().map(|(w, s)| w.tally(s, threshold)).fold(NabTally::default(), NabTally::plus).raw(profile)
        };
        let best = scores.iter().chain(&other).map(|&t| at(t)).fold(f64::NEG_INFINITY, f64::max);
        assert_eq!((tally.raw(profile), at(threshold)), (best, best));
    }
    assert_eq!(best_threshold(&[(&windows, &[0.0; 100])], STANDARD), None);
}
