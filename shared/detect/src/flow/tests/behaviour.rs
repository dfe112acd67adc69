//! The learned detection: rare and large together, and what it tells.

use weir_domain::aggregate::{HostWindows, MonitoredAddresses};
use weir_domain::finding::{Reference, Severity};
use weir_domain::matrix::{Feature, FeatureSchema, Transform};
use weir_domain::score::{Explanation, PValue, Score, TypicalRange};

use super::*;
use crate::flow::WindowContext;
use crate::flow::anomalous_behaviour::{Judgement, Thresholds, detect};

/// What one feature was, the baseline (median and high), and its part of the score.
#[derive(Clone, Copy)]
pub(super) struct Measured {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) value: f64,
    pub(super) usual: (f64, f64),
    pub(super) amount: f64,
}

fn flows(value: f64, usual: (f64, f64), amount: f64) -> Measured {
    Measured { name: "flows_begun", unit: "", value, usual, amount }
}

fn payload(value: f64, usual: (f64, f64), amount: f64) -> Measured {
    Measured { name: "payload_sent", unit: "B", value, usual, amount }
}

/// Judges the window of the host 10.0.0.1, in which it talked to three others.
pub(super) fn judge(measured: &[Measured], p_value: f64, thresholds: &Thresholds) -> Option<(Subject, Hit)> {
    judge_change(measured, p_value, false, thresholds)
}

fn judge_change(
    measured: &[Measured],
    p_value: f64,
    unseen_change: bool,
    thresholds: &Thresholds,
) -> Option<(Subject, Hit)> {
    let transform = Transform::Log1p;
    let feature = |m: &Measured| Feature {
        name: m.name.to_owned(),
        label: m.name.replace('_', " "),
        unit: m.unit.to_owned(),
        transform,
    };
    let schema = FeatureSchema {
        source: "flow".to_owned(),
        window_seconds: 300,
        features: measured.iter().map(feature).collect(),
    };
    let row: Vec<_> = measured.iter().map(|m| transform.apply(m.value)).collect();
    let usual: Vec<_> = measured
        .iter()
        .map(|m| TypicalRange { median: transform.apply(m.usual.0), high: transform.apply(m.usual.1) })
        .collect();
    let amounts: Vec<_> = measured.iter().map(|m| m.amount).collect();
    let hour = hour(&talk());
    let windows = HostWindows::from_window(&hour.windows[&WindowStart(START)], &MonitoredAddresses::from_hour(&hour));
    let scope = scope();
    let context = WindowContext {
        scope: &scope,
        start: WindowStart(START),
        length: WindowLength::FIVE_MINUTES,
        rows: hour.rows(),
    };
    let judgement = Judgement {
        schema: &schema,
        row: &row,
        score: Score::new(0.75).unwrap(),
        p_value: PValue::new(p_value).unwrap(),
        unseen_change,
        explanation: &Explanation::from_amounts(&amounts),
        usual: &usual,
        reference: Reference::Itself,
    };
    detect(windows.get(inside(1)).unwrap(), &context, &judgement, thresholds)
}

/// A large upload, many small flows, and something that hardly matters.
fn talk() -> Vec<Contact> {
    let mut talk = vec![Contact { bytes: 80_000_000, at: 20, ..contact(inside(1), outside(7), 443, How::Established) }];
    talk.extend([Contact { bytes: 2_000, ..contact(inside(1), outside(8), 53, How::Answered) }; 40]);
    talk.push(Contact { at: 250, ..contact(inside(1), outside(9), 123, How::Answered) });
    talk
}

fn fires(measured: Measured, p_value: f64) -> bool {
    judge(&[measured], p_value, &Thresholds::default()).is_some()
}

#[test]
fn it_takes_a_small_p_value_and_a_large_effect() {
    let large = flows(1000.0, (20.0, 50.0), 1.0);
    let small = flows(300.0, (20.0, 50.0), 1.0);
    assert!(fires(large, 0.03), "at the threshold of the p-value");
    assert!(!fires(large, 0.031), "usual behaviour looks so too often");
    assert!(!fires(small, 0.0001), "rare, but 6 times what is rarely exceeded is not 8 times");
    let thresholds = Thresholds { effect: 5.9, ..Thresholds::default() };
    assert!(judge(&[small], 0.0001, &thresholds).is_some(), "the effect asked for decides");
}

#[test]
fn what_the_estimator_cannot_see_is_judged_by_its_effect_alone() {
    let thresholds = Thresholds::default();
    let large = [flows(1000.0, (20.0, 50.0), 1.0)];
    let small = [flows(300.0, (20.0, 50.0), 1.0)];
    assert!(judge_change(&large, 0.4, true, &thresholds).is_some());
    assert!(judge_change(&small, 0.4, true, &thresholds).is_none());
}

#[test]
fn below_the_floors_nothing_is_remarkable() {
    let never = (0.0, 0.0);
    assert!(!fires(flows(199.0, never, 1.0), 0.001));
    assert!(fires(flows(200.5, never, 1.0), 0.001));
    let unanswered = |value| Measured { name: "packets_unanswered", unit: "", value, usual: never, amount: 1.0 };
    assert!(!fires(unanswered(4_990.0), 0.001), "what the end of a window leaves of a transfer");
    assert!(fires(unanswered(5_010.0), 0.001));
    assert!(!fires(payload(0.99e7, never, 1.0), 0.001));
    assert!(fires(payload(1.01e7, never, 1.0), 0.001));
    let duration = Measured { name: "mean_duration", unit: "s", value: 1e9, usual: never, amount: 1.0 };
    assert!(!fires(duration, 0.001), "a duration alone is no finding");
}

#[test]
fn reasons_come_strongest_first_and_at_most_three() {
    let measured = [
        Measured { name: "peers_contacted", ..flows(900.0, (1.0, 2.0), 0.1) },
        payload(5e7, (1e3, 1e4), 0.6),
        Measured { name: "usual_one", ..flows(2.0, (1.0, 2.0), 3.0) },
        flows(700.0, (1.0, 2.0), 0.2),
        Measured { name: "pairs_contacted", ..flows(600.0, (1.0, 2.0), -0.5) },
        Measured { name: "peers_served", ..flows(800.0, (1.0, 2.0), 0.1) },
    ];
    let (_, hit) = judge(&measured, 0.001, &Thresholds::default()).unwrap();
    let Facts::Behaviour { reasons, p_value, score } = hit.facts else { panic!() };
    let names: Vec<_> = reasons.iter().map(|r| r.feature.as_str()).collect();
    assert_eq!(
        names,
        ["payload_sent", "flows_begun", "peers_contacted"],
        "what drove the score but is usual is no reason"
    );
    let shares: Vec<_> = reasons.iter().map(|r| (r.share * 1000.0).round()).collect();
    assert_eq!(shares, [150.0, 50.0, 25.0], "parts of all that spoke for it: 0.6, 0.2 and 0.1 of 4");
    let first = &reasons[0];
    for (reported, measured) in [(first.value, 5e7), (first.usual, 1e3), (first.usual_high, 1e4)] {
        assert!((reported / measured - 1.0).abs() < 1e-9, "{reported} is reported as it was counted");
    }
    assert_eq!((first.reference, p_value, score), (Reference::Itself, 0.001, 0.75));
}

#[test]
fn a_hundred_times_what_is_rare_is_high() {
    let severity = |value| judge(&[flows(value, (2.0, 10.0), 1.0)], 0.001, &Thresholds::default()).unwrap().1.severity;
    assert_eq!(severity(999.0), Severity::Medium);
    assert_eq!(severity(1000.5), Severity::High);
}

#[test]
fn surer_the_rarer_but_never_certain() {
    let confidence = |p| {
        let thresholds = Thresholds { p_value: 1.0, ..Thresholds::default() };
        judge(&[flows(1e3, (0.0, 1.0), 1.0)], p, &thresholds).unwrap().1.confidence
    };
    assert_eq!([1.0, 0.2, 0.1, 1e-9].map(confidence), [50, 80, 90, 95]);
}

#[test]
fn the_evidence_is_with_whom_most_was_exchanged() {
    let (subject, hit) = judge(&[payload(8e7, (1e3, 1e4), 1.0)], 0.001, &Thresholds::default()).unwrap();
    assert_eq!((subject.kind, subject.entity), (Kind::AnomalousBehaviour, inside(1).into()));
    let lines: Vec<_> =
        hit.evidence.traffic().iter().map(|e| (e.source, e.destination, e.ports.clone(), e.attempts)).collect();
    assert_eq!(
        lines,
        [
            (inside(1), outside(8), vec![53], 40),
            (inside(1), outside(7), vec![443], 1),
            (inside(1), outside(9), vec![123], 1)
        ],
        "by bytes, flows and packets together"
    );
    assert_eq!((hit.evidence.traffic()[1].bytes_out, hit.evidence.traffic()[0].bytes_in), (80_000_000, 80_000));
    assert_eq!((hit.first_seen, hit.last_seen, hit.rows), (START + 20, START + 260, 84));
    assert_eq!(hit.interfaces, ["eni-1"]);
}
