//! How far forecasts were off, as an interval for those to come.

use crate::scaling::robust::quantile;

/// One forecast of the past.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Trial {
    /// The first step that was forecast.
    pub(super) origin: usize,
    /// What was measured less what was forecast, step by step; `None` where either is missing.
    pub(super) errors: Vec<Option<f64>>,
    /// What was forecast.
    pub(super) points: Vec<Option<f64>>,
}

/// The least errors that an interval is made of.
const MIN: usize = 40;

/// The errors, from low to high, between which a share `level` of those lies that were made about as far ahead as the step
/// `at` of `horizon`; none where there are too few.
pub(super) fn quantiles<'t>(
    trials: impl IntoIterator<Item = &'t Trial>,
    at: usize,
    horizon: usize,
    level: f64,
) -> Option<(f64, f64)> {
    let width = (horizon / 4 + 1).min(horizon);
    let from = at.saturating_sub(width / 2).min(horizon - width);
    let (mut errors, mut made) = (Vec::new(), 0_u32);
    for trial in trials {
        let before = errors.len();
        errors.extend(trial.errors.iter().skip(from).take(width).flatten().copied());
        made += u32::from(errors.len() > before);
    }
    if errors.len() < MIN {
        return None;
    }
    errors.sort_unstable_by(f64::total_cmp);
    // The share to cut off is less than asked for, so that the next error lies in between as often, by as much as for so
    // many independent errors: those of one trial hang together, and count as four.
    let n = f64::from(4 * made).min(errors.len() as f64);
    let cut = ((1.0 - level) / 2.0 * (n + 1.0) - 1.0) / (n - 1.0);
    let cut = cut.clamp(0.0, 0.5);
    Some((quantile(&errors, cut), quantile(&errors, 1.0 - cut)))
}
