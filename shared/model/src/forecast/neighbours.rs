//! What followed the stretches of the past that were most alike.

use crate::decomposition::median;

/// The share of a stretch that must have been measured, and compared.
const MEASURED: f64 = 0.75;

/// What is expected of so many steps after the last: the median of what followed the nearest stretches, on the level of the
/// last one. All `None` where the last steps were not measured, or nothing can be compared with them.
pub(super) fn follow(values: &[Option<f64>], window: usize, wanted: usize, horizon: usize) -> Vec<Option<f64>> {
    let nothing = vec![None; horizon];
    let Some(first) = values.len().checked_sub(window) else { return nothing };
    let now = &values[first..];
    let Some(level) = level(now) else { return nothing };
    let stretches = (values.len() + 1).saturating_sub(window + horizon);
    let mut alike: Vec<(f64, usize, f64)> = (0..stretches)
        .filter_map(|from| {
            let then = &values[from..from + window];
            let its_level = self::level(then)?;
            Some((distance(now, level, then, its_level)?, from, its_level))
        })
        .collect();
    // Of few stretches only the nearest are alike; of equally near ones the first counts.
    let wanted = wanted.min(alike.len().div_ceil(10));
    alike.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    alike.truncate(wanted);
    let step = |ahead: usize| {
        let followed = alike.iter().filter_map(|(_, from, level)| Some(values[from + window + ahead]? - level));
        let followed: Vec<f64> = followed.collect();
        (!followed.is_empty()).then(|| median(followed) + level)
    };
    (0..horizon).map(step).collect()
}

/// The median of what was measured, where that is most of it.
fn level(stretch: &[Option<f64>]) -> Option<f64> {
    let measured: Vec<f64> = stretch.iter().flatten().copied().collect();
    (measured.len() as f64 >= MEASURED * stretch.len() as f64).then(|| median(measured))
}

/// The mean squared difference of two stretches less their levels, over the steps measured in both; none where those are few.
fn distance(now: &[Option<f64>], level: f64, then: &[Option<f64>], its_level: f64) -> Option<f64> {
    let (mut sum, mut both) = (0.0, 0_u32);
    for (a, b) in now.iter().zip(then) {
        if let (Some(a), Some(b)) = (a, b) {
            sum += ((a - level) - (b - its_level)).powi(2);
            both += 1;
        }
    }
    (f64::from(both) >= MEASURED * now.len() as f64).then(|| sum / f64::from(both))
}
