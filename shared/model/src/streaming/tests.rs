//! The detector on series made for it.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::*;

const STEP: i64 = 300;

fn detector() -> OnlineDetector {
    OnlineDetectorParams::default().check().unwrap().start()
}

/// A day like an office's, with noise.
fn office(points: i64, seed: u64) -> Vec<(i64, f64)> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let value = |time: i64, noise: f64| {
        let busy = (9 * 3600..18 * 3600).contains(&time.rem_euclid(86_400));
        (if busy { 80.0 } else { 20.0 }) + 3.0 * noise
    };
    (0..points).map(|i| (i * STEP, value(i * STEP, rng.random::<f64>()))).collect()
}

fn noise(points: i64, seed: u64) -> Vec<(i64, f64)> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    (0..points).map(|i| (i * STEP, 50.0 + rng.random::<f64>() + rng.random::<f64>() + rng.random::<f64>())).collect()
}

/// The alarm of the first so many points from one on.
fn loudest(scores: &[UsageScore], from: usize, points: usize) -> f64 {
    scores[from..from + points].iter().map(UsageScore::alarm).fold(0.0, f64::max)
}

#[test]
fn point_by_point_stored_in_between_and_all_at_once_are_the_same() {
    let points = office(1500, 1);
    let whole = detector().score(points.iter().copied());
    let mut piecewise = Vec::new();
    let mut live = detector();
    for (at, &(time, value)) in points.iter().enumerate() {
        if at % 500 == 250 {
            let bytes = postcard::to_allocvec(&live).unwrap();
            live = postcard::from_bytes(&bytes).unwrap();
        }
        piecewise.push(live.next(time, value).unwrap());
    }
    assert_eq!(piecewise, whole);
    assert_eq!(live, {
        let mut other = detector();
        other.score(points);
        other
    });
}

#[test]
fn what_comes_later_changes_nothing() {
    let mut points = office(900, 2);
    let whole = detector().score(points.iter().copied());
    points[700..].iter_mut().for_each(|point| point.1 = -1e6);
    assert_eq!(detector().score(points)[..700], whole[..700]);
}

#[test]
fn a_spike_a_new_level_and_a_silence_are_told_and_noise_is_not() {
    let usual = noise(3000, 3);
    let scores = detector().score(usual.iter().copied());
    let alarms = scores[1000..].iter().filter(|score| score.alarm() >= 2.5).count();
    assert!(alarms <= 6, "{alarms}");
    let with = |change: &dyn Fn(usize, f64) -> f64| {
        let points = usual.iter().enumerate().map(|(at, &(time, value))| (time, change(at, value)));
        detector().score(points)
    };
    let spike = with(&|at, v| if at == 2500 { v + 20.0 } else { v });
    assert!(spike[2500].alarm() > 2.5 && spike[2500].usual > 50.0 && spike[2500].usual_high < 54.0);
    assert!(spike[2501..2520].iter().all(|score| score.alarm() < spike[2500].rarity));
    let level = with(&|at, v| if at >= 2500 { v + 3.0 } else { v });
    assert!(loudest(&level, 2500, 12) > 2.5);
    let silent = with(&|at, v| if at >= 2500 { 51.0 } else { v });
    assert!(loudest(&silent, 2500, 20) > 2.5);
    let view = silent[2510..2520].iter().max_by(|a, b| a.rarity.total_cmp(&b.rarity)).unwrap().view;
    assert_eq!(view, UsageView::Standstill);
}

#[test]
fn a_day_without_its_hours_of_work_is_told_and_other_days_are_not() {
    let mut points = office(288 * 14, 4);
    // On the eleventh day nobody comes. The values are typical, at other hours.
    let closed = 288 * 10 + 9 * 12;
    points[closed..closed + 108].iter_mut().for_each(|point| point.1 = 21.0 + (point.0 / STEP % 2) as f64);
    let scores = detector().score(points);
    let first = scores[closed..closed + 6].iter().max_by(|a, b| a.rarity.total_cmp(&b.rarity)).unwrap();
    assert_eq!(first.season, UsageSeason::Day);
    assert!(first.rarity > 2.5 && first.usual > 75.0 && first.usual_low > 50.0, "{first:?}");
    let before: Vec<_> = scores[288 * 5..closed].iter().filter(|score| score.alarm() > 2.5).collect();
    assert!(before.len() <= 3, "{}", before.len());
}

#[test]
fn the_hour_may_change_with_the_clock() {
    let points = office(288 * 10, 5);
    let mut plain = detector();
    let usual = plain.score(points.iter().copied()).last().copied().unwrap();
    // From the tenth day on work begins at eight, UTC: clocks went forward.
    let summer = |(time, value): (i64, f64)| (time + 288 * 10 * STEP - 3600, value);
    let day = points[..288].iter().map(|&point| summer(point)).collect::<Vec<_>>();
    let mut local = plain.clone();
    local.set_utc_offset(3600);
    let (local, utc) = (local.score(day.clone()), plain.score(day));
    let busy = 9 * 12 + 2;
    assert_eq!(usual.season, UsageSeason::Day);
    assert!(local[busy].usual > 75.0 && utc[busy].usual < 30.0, "{:?} {:?}", local[busy], utc[busy]);
    assert!(local[busy].surprise < 1.5);
}

#[test]
fn one_or_two_points_and_constant_series_say_nothing() {
    let mut two = detector();
    let first = two.next(0, 5.0).unwrap();
    assert_eq!((first.usual, first.surprise, first.rarity, first.seen), (5.0, 0.0, 0.0, 0));
    let second = two.next(300, 1e9).unwrap();
    assert_eq!((second.usual, second.surprise, second.rarity, second.seen), (5.0, 0.0, 0.0, 1));
    let constant = detector().score((0..3000).map(|i| (i * STEP, 7.0)));
    assert!(constant.iter().all(|score| score.surprise == 0.0 && score.usual == 7.0 && score.usual_high == 7.0));
    // A count that is always the same stands still from the beginning, and that is typical.
    let zeros = detector().score((0..1000).map(|i| (i * STEP, 0.0)).chain([(1000 * STEP, 1.0)]));
    assert!(zeros[1000].surprise == 12.0 && zeros[1000].usual == 0.0);
}

#[test]
fn what_is_no_number_is_not_learned() {
    let mut detector = detector();
    detector.score(noise(200, 6));
    let before = detector.clone();
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.1e100, f64::MAX] {
        assert_eq!(detector.next(0, value), None);
    }
    assert_eq!(detector, before);
}

#[test]
fn every_score_is_finite_whatever_comes() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(7);
    let mut detector = detector();
    let extremes = [0.0, -0.0, 1e100, -1e100, 5e-324, 1.0, -1e-300];
    for _ in 0..3000 {
        let time = match rng.random_range(0..6) {
            0 => i64::MIN,
            1 => i64::MAX,
            _ => rng.random_range(-1_000_000..1_000_000),
        };
        let score = detector.next(time, extremes[rng.random_range(0..extremes.len())]).unwrap();
        let numbers = [score.surprise, score.rarity, score.usual, score.usual_low, score.usual_high];
        let more = [score.recent_offset, score.recent_spread, score.usual_spread, score.likelihood()];
        assert!(numbers.iter().chain(&more).all(|v| v.is_finite()), "{score:?}");
        assert!(score.surprise >= 0.0 && score.rarity >= 0.0 && (0.0..=1.0).contains(&score.likelihood()));
    }
    let bytes = postcard::to_allocvec(&detector).unwrap();
    assert_eq!(postcard::from_bytes::<OnlineDetector>(&bytes).unwrap(), detector);
}

#[test]
fn gaps_are_counted_in_steps_and_disorder_is_none() {
    let mut detector = detector();
    detector.score(noise(100, 8));
    let mut at = |time: i64| detector.next(time, 51.0).map(|score| (score.missing_steps, score.step)).unwrap();
    let next = 100 * STEP;
    assert_eq!(at(next), (0, STEP));
    // A duplicate, and one from before.
    assert_eq!((at(next), at(next - 10 * STEP)), ((0, STEP), (0, STEP)));
    // A little late, and a day later.
    assert_eq!((at(next + 2 * STEP), at(next + 2 * STEP + 86_400)), ((0, STEP), (287, STEP)));
    let mut irregular = super::tests::detector();
    let times = [0, 7, 7, 9, 400, 401, 900, 5000, 5001, 5002, 5003, 9000];
    assert!(times.iter().all(|&time| irregular.next(time, 1.0).is_some_and(|score| score.missing_steps == 0)));
}

#[test]
fn the_scale_of_a_series_does_not_matter() {
    let rarities = |factor: f64| {
        detector().score(office(1500, 9).into_iter().map(|(time, v)| (time, v * factor))).into_iter().map(|s| s.rarity)
    };
    // A power of two: not even the last bit differs.
    assert!(rarities(1.0).zip(rarities(2_f64.powi(60))).all(|(a, b)| (a - b).abs() < 1e-6));
    assert!(rarities(1.0).zip(rarities(2_f64.powi(-60))).all(|(a, b)| (a - b).abs() < 1e-6));
}

#[test]
fn the_state_is_bounded() {
    let params = OnlineDetectorParams::default().memory(200).check().unwrap();
    let mut detector = params.start();
    let size = |detector: &OnlineDetector| postcard::to_allocvec(detector).unwrap().len();
    // Five weeks: until then there is no season of weeks.
    detector.score(office(10_000, 10));
    let before = size(&detector);
    detector.score(office(10_000, 11).into_iter().map(|(time, v)| (time + 10_000 * STEP, v)));
    assert!(size(&detector) < before + before / 5, "{before} {}", size(&detector));
}

#[test]
fn damaged_states_are_refused_and_none_of_them_panics() {
    let mut detector = OnlineDetectorParams::default().memory(100).check().unwrap().start();
    detector.score(office(700, 12));
    let good = serde_json::to_value(&detector).unwrap();
    let refused = |pointer: &str, value: serde_json::Value| {
        let mut bad = good.clone();
        *bad.pointer_mut(pointer).unwrap() = value;
        assert!(serde_json::from_value::<OnlineDetector>(bad).is_err(), "{pointer}");
    };
    refused("/memory", 0.into());
    refused("/utc_offset", 100_000.into());
    refused("/plain/tails/0/tail", 2.0.into());
    refused("/plain/last/capacity", 0.into());
    refused("/plain/short_level/points", 0.into());
    refused("/seasonal/0/profile/width", 0.into());
    refused("/seasonal/0/profile/width", 1.into());
    refused("/seasonal/0/profile/visited", 9999.into());
    refused("/pattern_tail/scores/arrived/0", (-1.0).into());
    let bytes = postcard::to_allocvec(&detector).unwrap();
    for cut in (0..bytes.len()).step_by(97) {
        assert!(postcard::from_bytes::<OnlineDetector>(&bytes[..cut]).is_err());
    }
    for at in (0..bytes.len()).step_by(61) {
        let mut bytes = bytes.clone();
        bytes[at] ^= 0x55;
        if let Ok(mut other) = postcard::from_bytes::<OnlineDetector>(&bytes) {
            other.score(office(30, 13));
        }
    }
}

#[test]
fn parameters_out_of_range_are_named() {
    let bad = OnlineDetectorParams::default().memory(99).repeats(100_001).utc_offset(-86_401).check().unwrap_err();
    let names: Vec<_> = bad.faults.iter().map(|fault| fault.name).collect();
    assert_eq!(names, ["memory", "repeats", "utc_offset"]);
}
