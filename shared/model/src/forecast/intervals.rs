//! How far forecasts were off, as an interval for those to come.

use super::Trial;
use crate::scaling::robust::quantile;

/// The least errors that an interval is made of.
const FEWEST: usize = 40;

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
    let mut errors: Vec<f64> =
        trials.into_iter().flat_map(|trial| trial.errors.iter().skip(from).take(width)).flatten().copied().collect();
    if errors.len() < FEWEST {
        return None;
    }
    errors.sort_unstable_by(f64::total_cmp);
    // Of n errors, the share to cut off is a little less than asked for, so that the next error lies in between as often.
    let n = errors.len() as f64;
    let cut = ((1.0 - level) / 2.0 * (n + 1.0) - 1.0) / (n - 1.0);
    let cut = cut.clamp(0.0, 0.5);
    Some((quantile(&errors, cut), quantile(&errors, 1.0 - cut)))
}
