//! Scored points made by hand: the baseline is 100, rarely below 90 or above 110.

use std::collections::BTreeMap;

use weir_domain::finding::Incident;
use weir_domain::usage::{UsageSeason, UsageView};

use super::measured::effect;
use super::*;
use crate::{attack, message};

const STEP: i64 = 1800;
const START: i64 = 1_700_000_000 - 1_700_000_000 % STEP;

fn usual(at: u64) -> UsageScore {
    UsageScore {
        time: START + at as i64 * STEP,
        value: 100.0,
        surprise: 0.3,
        rarity: 0.3,
        fresh: false,
        view: UsageView::Value,
        season: UsageSeason::Week,
        usual: 100.0,
        usual_low: 90.0,
        usual_high: 110.0,
        recent_offset: 0.0,
        recent_spread: 3.0,
        usual_spread: 3.0,
        missing_steps: 0,
        step: STEP,
        seen: at,
    }
}

fn series(points: u64, change: impl Fn(u64, &mut UsageScore)) -> Vec<UsageScore> {
    let point = |at| {
        let mut score = usual(at);
        change(at, &mut score);
        score
    };
    (0..points).map(point).collect()
}

fn found(scores: &[UsageScore]) -> Vec<(Subject, Hit)> {
    let scope = Scope::new("123456789012", "eu-west-1");
    detect(&ScoredSeries { scope: &scope, name: "aws/eu-west-1", scores, alarm: ALARM })
}

fn kinds(scores: &[UsageScore]) -> Vec<(Kind, u64)> {
    let at = |hit: &Hit| ((hit.last_seen - START) / STEP) as u64;
    found(scores).iter().map(|(subject, hit)| (subject.kind, at(hit))).collect()
}

/// What an analyst reads of the first finding.
fn sentence(scores: &[UsageScore]) -> String {
    let (subject, hit) = found(scores).remove(0);
    let incident = Incident {
        uid: String::new(),
        created: 0,
        day: String::new(),
        closed: false,
        hits: BTreeMap::from([(hit.window, hit)]),
    };
    format!("{}: {}", message::title(&subject.entity, &incident), message::message(&subject.entity, &incident))
}

#[test]
fn a_spike_is_told_with_what_is_usual_and_how_rare_it_is() {
    let spike = |rarity: f64, fresh: bool| {
        series(300, move |at, score| {
            if at == 250 {
                (score.value, score.rarity, score.fresh) = (240.0, rarity, fresh);
            }
        })
    };
    assert_eq!(kinds(&spike(3.4, true)), [(Kind::UsageSpike, 250)]);
    // What repeats, or is not rare, is no finding.
    assert_eq!((kinds(&spike(3.4, false)), kinds(&spike(2.0, true))), (vec![], vec![]));
    assert_eq!(
        sentence(&spike(3.4, true)),
        "Usage spike in aws/eu-west-1: aws/eu-west-1 was 240 on 2023-11-20 at 03:00 UTC; at this hour of the week it is typically \
         100, rarely above 110. About one point of this series in 2,500 is so unusual."
    );
    let (_, hit) = found(&spike(4.5, true)).remove(0);
    assert_eq!((hit.severity, hit.confidence, hit.rows), (Severity::High, 95, 251));
    assert!(matches!(hit.facts, Facts::Usage { effect, .. } if (effect - 14.0).abs() < 1e-12));
    assert_eq!(attack::techniques(&hit.facts)[0].id, "T1496");
    assert_eq!(hit.evidence.points()[0].value, 240.0);
}

#[test]
fn a_drop_and_a_standstill_are_drops() {
    let drop = series(300, |at, score| {
        if at == 250 {
            (score.value, score.rarity, score.fresh) = (3.5, 3.0, true);
        }
    });
    assert_eq!(kinds(&drop), [(Kind::UsageDrop, 250)]);
    assert!(sentence(&drop).ends_with(
        "was 3.5 on 2023-11-20 at 03:00 UTC; at this hour of the week it is typically 100, rarely below 90. About one point of \
         this series in 1,000 is so unusual."
    ));
    let still = series(300, |at, score| {
        if at == 250 {
            (score.view, score.rarity, score.fresh) = (UsageView::Standstill, 3.0, true);
        }
    });
    assert_eq!(kinds(&still), [(Kind::UsageDrop, 250)]);
    let (_, hit) = found(&drop).remove(0);
    assert!(attack::techniques(&hit.facts).is_empty());
}

#[test]
fn another_level_is_told_once_when_it_has_lasted_and_only_after_an_alarm() {
    let level = |alarm: bool| {
        series(400, move |at, score| {
            if at >= 250 {
                (score.value, score.recent_offset) = (130.0 + (at % 3) as f64, 31.0);
            }
            if at == 250 && alarm {
                (score.rarity, score.fresh) = (2.8, true);
            }
        })
    };
    assert_eq!(kinds(&level(true)), [(Kind::UsageSpike, 250), (Kind::UsageLevelChange, 261)]);
    assert_eq!(kinds(&level(false)), []);
    let scores = level(true);
    // What comes later takes nothing back.
    assert_eq!(found(&scores[..262]), found(&scores));
    let (_, hit) = found(&scores).remove(1);
    assert_eq!((hit.first_seen, hit.evidence.points().len()), (scores[250].time, 12));
    assert!(matches!(hit.facts, Facts::Usage { value, usual, .. } if (value - 131.0).abs() < 0.5 && usual == 100.0));
}

#[test]
fn unsteadiness_needs_both_sides() {
    let unsteady = |below: f64| {
        series(400, move |at, score| {
            if at >= 250 {
                score.value = if at % 2 == 0 { 140.0 } else { below };
                score.recent_spread = 40.0_f64.min((at - 249) as f64 * 4.0);
            }
            if at == 250 {
                (score.rarity, score.fresh) = (2.8, true);
            }
        })
    };
    assert_eq!(kinds(&unsteady(60.0)), [(Kind::UsageSpike, 250), (Kind::UsageVariability, 257)]);
    assert_eq!(kinds(&unsteady(100.0)), [(Kind::UsageSpike, 250)]);
    let (subject, hit) = found(&unsteady(60.0)).remove(1);
    assert_eq!(subject.entity, Entity::Series("aws/eu-west-1".into()));
    assert!(matches!(hit.facts, Facts::Usage { effect, .. } if effect > 10.0));
}

#[test]
fn a_gap_is_told_unless_the_series_has_many() {
    let gap = |often: bool| {
        series(600, move |at, score| {
            if at == 500 || (often && at % 50 == 0) {
                score.missing_steps = 7;
            }
        })
    };
    assert_eq!(kinds(&gap(false)), [(Kind::DataGap, 500)]);
    assert_eq!(kinds(&gap(true)), []);
    let text = sentence(&gap(false));
    assert!(text.starts_with("Gap in aws/eu-west-1: aws/eu-west-1 has no values for 7 steps"), "{text}");
    let (_, hit) = found(&gap(false)).remove(0);
    assert_eq!((hit.severity, hit.evidence.points().len()), (Severity::Low, 2));
}

#[test]
fn little_is_said_of_young_and_empty_series() {
    assert_eq!(kinds(&[]), []);
    let young = series(90, |at, score| {
        if at == 80 {
            (score.value, score.rarity, score.fresh, score.missing_steps) = (1e9, 5.0, true, 9);
        }
    });
    assert_eq!(kinds(&young), []);
    // Nothing ever varied: the effect is large, not infinite.
    assert_eq!((effect(5.0, 0.0, 0.0), effect(0.0, 0.0, 0.0), effect(-5.0, -2.5, 9.0)), (100.0, 0.0, 2.0));
}
