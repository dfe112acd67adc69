//! Medians and means of what lies around each step.

/// The median of the measured values of a window around each measured step, cut off at the ends; `None` elsewhere.
pub(super) fn running_median(values: &[Option<f64>], window: usize) -> Vec<Option<f64>> {
    let half = window / 2;
    let mut sorted: Vec<f64> = Vec::with_capacity(window.min(values.len()) + 1);
    let place = |sorted: &[f64], value: f64| sorted.partition_point(|other| other.total_cmp(&value).is_lt());
    let mut out = Vec::with_capacity(values.len());
    let mut entered = 0;
    for at in 0..values.len() {
        while entered < values.len() && entered <= at + half {
            if let Some(value) = values[entered] {
                let to = place(&sorted, value);
                sorted.insert(to, value);
            }
            entered += 1;
        }
        if at > half
            && let Some(value) = values[at - half - 1]
        {
            let from = place(&sorted, value);
            sorted.remove(from);
        }
        out.push(values[at].map(|_| middle(&sorted)));
    }
    out
}

/// The mean of the values of a window around each step that has one; `None` elsewhere.
pub(super) fn running_mean(values: &[Option<f64>], window: usize) -> Vec<Option<f64>> {
    let half = window / 2;
    let mean = |at: usize| {
        values[at]?;
        let around = &values[at.saturating_sub(half)..values.len().min(at + half + 1)];
        let (sum, count) = around.iter().flatten().fold((0.0, 0_u32), |(sum, count), v| (sum + v, count + 1));
        Some(sum / f64::from(count))
    };
    (0..values.len()).map(mean).collect()
}

/// The median of ascending values, at least one.
fn middle(sorted: &[f64]) -> f64 {
    let n = sorted.len();
    if n % 2 == 1 { sorted[n / 2] } else { f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]) }
}
