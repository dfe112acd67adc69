//! Computes the feature rows of a series for regressions: calendar features and lags of every measured step.

use std::f64::consts::TAU;
use std::sync::Arc;

use jiff::tz::TimeZone;
use weir_domain::matrix::{BadRow, Feature, FeatureMatrix, FeatureSchema, Transform};
use weir_domain::usage::UsageSeries;

use super::calendar::{LocalTime, local_times};
use super::lags::LagChoice;

/// How a row with a missing lag is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gaps {
    /// The row is left out.
    Drop,
    /// The row is kept. Each lag is followed by a feature that is 1 where the lag was measured and 0 where it was not. A missing
    /// lag is 0.
    Mark,
}

/// The feature rows of a series and their targets.
#[derive(Debug, Clone, PartialEq)]
pub struct UsageRows {
    /// The feature rows: calendar features and lags.
    pub matrix: FeatureMatrix,
    /// The measured value of each row.
    pub targets: Vec<f64>,
    /// The step of each row, ascending.
    pub steps: Vec<usize>,
}

/// The feature rows of a series: hour of the day and of the week (each as sine and cosine, so that 23:59 is near 00:00),
/// weekend, and lags, by the clock of a time zone. A step without a measurement has no row. O(steps · lags).
///
/// # Errors
/// When a value of the series is not finite.
pub fn usage_rows(series: &UsageSeries, zone: &TimeZone, lags: LagChoice, gaps: Gaps) -> Result<UsageRows, BadRow> {
    let mut rows = UsageRows { matrix: FeatureMatrix::new(schema(series, lags, gaps)), targets: vec![], steps: vec![] };
    for (at, local) in local_times(series, zone).into_iter().enumerate() {
        let Some(value) = series.values[at] else { continue };
        let before = lags.values(series, at, zone);
        if gaps == Gaps::Drop && before.contains(&None) {
            continue;
        }
        let mut row = calendar(local).to_vec();
        for lag in before {
            row.push(lag.unwrap_or(0.0));
            if gaps == Gaps::Mark {
                row.push(if lag.is_some() { 1.0 } else { 0.0 });
            }
        }
        rows.matrix.push(&row)?;
        rows.targets.push(value);
        rows.steps.push(at);
    }
    Ok(rows)
}

const CALENDAR: [(&str, &str); 5] = [
    ("day_sine", "hour of the day"),
    ("day_cosine", "hour of the day"),
    ("week_sine", "hour of the week"),
    ("week_cosine", "hour of the week"),
    ("weekend", "weekend"),
];

fn calendar(local: LocalTime) -> [f64; 5] {
    let (day, week) = (TAU * local.day_phase(), TAU * local.week_phase());
    [day.sin(), day.cos(), week.sin(), week.cos(), if local.is_weekend() { 1.0 } else { 0.0 }]
}

fn schema(series: &UsageSeries, lags: LagChoice, gaps: Gaps) -> Arc<FeatureSchema> {
    let feature = |name: &str, label: &str| Feature {
        name: name.to_owned(),
        label: label.to_owned(),
        unit: String::new(),
        transform: Transform::Identity,
    };
    let mut features: Vec<Feature> = CALENDAR.iter().map(|(name, label)| feature(name, label)).collect();
    for (name, label) in lags.names() {
        features.push(feature(&name, &label));
        if gaps == Gaps::Mark {
            features.push(feature(&format!("{name}_measured"), &label));
        }
    }
    Arc::new(FeatureSchema { source: "usage".into(), window_seconds: i64::from(series.step), features })
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "values are copied unchanged")]
mod tests {
    use weir_domain::time::{DAY_HALF_HOURS, HALF_HOUR_SECONDS};

    use super::*;

    /// Half-hour steps from Monday 2024-01-01 (UTC) on.
    fn series(values: Vec<Option<f64>>) -> UsageSeries {
        UsageSeries {
            metric: "value".into(),
            keys: vec![],
            start: 1_704_067_200,
            step: HALF_HOUR_SECONDS as u32,
            values,
        }
    }

    fn numbered(days: usize) -> UsageSeries {
        series((0..days * DAY_HALF_HOURS).map(|at| Some(at as f64)).collect())
    }

    fn column(rows: &UsageRows, name: &str) -> Vec<f64> {
        let at = rows.matrix.schema().features.iter().position(|f| f.name == name).unwrap();
        rows.matrix.column(at)
    }

    #[test]
    fn lags_are_those_of_the_clock() {
        let rows = |zone: &str, start: i64| {
            let series = UsageSeries { start, ..numbered(22) };
            usage_rows(&series, &TimeZone::get(zone).unwrap(), LagChoice::for_series(&series), Gaps::Drop).unwrap()
        };
        let utc = rows("UTC", 1_704_067_200);
        assert_eq!(utc.steps[0], 7 * 48);
        assert_eq!(column(&utc, "lag_day")[0], 6.0 * 48.0);
        assert_eq!(column(&utc, "lag_week")[0], 0.0);
        assert_eq!(column(&utc, "lag_2")[0], 7.0 * 48.0 - 2.0);
        // From 2024-03-20 on in Berlin, where the clock goes forward on the 31st.
        let berlin = rows("Europe/Berlin", 1_710_892_800);
        let back: Vec<f64> =
            berlin.targets.iter().zip(column(&berlin, "lag_day")).map(|(now, day)| now - day).collect();
        assert_eq!(back.iter().filter(|back| **back == 46.0).count(), 46, "a day of 23 hours, two skipped steps");
        assert_eq!(back.iter().filter(|back| **back == 48.0).count(), back.len() - 46);
    }

    #[test]
    fn gaps_leave_rows_out_or_are_marked_and_nothing_is_imputed() {
        let mut series = numbered(1);
        series.values[10] = None;
        let lags = LagChoice { last: 2, yesterday: false, last_week: false };
        let dropped = usage_rows(&series, &TimeZone::UTC, lags, Gaps::Drop).unwrap();
        assert_eq!(dropped.steps.len(), 48 - 2 - 3);
        let marked = usage_rows(&series, &TimeZone::UTC, lags, Gaps::Mark).unwrap();
        assert_eq!(marked.steps.len(), 47);
        assert!(!marked.steps.contains(&10));
        let at = marked.steps.iter().position(|step| *step == 11).unwrap();
        assert_eq!((column(&marked, "lag_1")[at], column(&marked, "lag_1_measured")[at]), (0.0, 0.0));
        assert_eq!((column(&marked, "lag_2")[at], column(&marked, "lag_2_measured")[at]), (9.0, 1.0));
    }

    #[test]
    fn two_points_an_empty_series_and_nan() {
        let lags = |series: &UsageSeries| usage_rows(series, &TimeZone::UTC, LagChoice::for_series(series), Gaps::Mark);
        assert_eq!(lags(&series(vec![])).unwrap().targets, Vec::<f64>::new());
        assert_eq!(lags(&series(vec![Some(1.0), Some(2.0)])).unwrap().targets, [1.0, 2.0]);
        assert!(lags(&series(vec![Some(f64::NAN); 2])).is_err());
    }
}
