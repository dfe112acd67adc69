//! The analysis as CSV: one row per anomaly, gap and forecast step; the first column says which.

use std::io::{self, Write};

use weir_pipeline::usage::UsageAnalysis;
use weir_pipeline::usage::analysis::SeriesAnalysis;

use super::format::Clock;
use crate::output::{csv_cell, escape};

const COLUMNS: [&str; 10] =
    ["kind", "metric", "series", "start", "end", "time", "value", "usual", "distance_or_low", "by_or_high"];

/// Writes all anomalies, then all gaps, then all forecast steps.
///
/// The last two columns are the distance in interquartile ranges and the methods that found it in rows of kind `anomaly`, and the
/// ends of the prediction interval in rows of kind `forecast`. They are empty in rows of kind `data-gap`, as are value and usual.
pub(super) fn write(out: &mut dyn Write, analysis: &UsageAnalysis, clock: &Clock) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    let named = |one: &SeriesAnalysis| {
        let keys: Vec<String> = one.name.keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (csv_cell(escape(&one.name.metric)), csv_cell(escape(&keys.join(" "))))
    };
    for one in &analysis.series {
        let (metric, keys) = named(one);
        for anomaly in &one.anomalies {
            let by: Vec<&str> = anomaly.by.iter().map(|method| method.name()).collect();
            csv.write_record([
                "anomaly",
                &metric,
                &keys,
                &clock.rfc3339(anomaly.start),
                &clock.rfc3339(anomaly.end),
                &clock.rfc3339(anomaly.time),
                &anomaly.value.to_string(),
                &anomaly.usual.to_string(),
                &anomaly.distance.to_string(),
                &by.join(" "),
            ])?;
        }
    }
    for one in &analysis.series {
        let (metric, keys) = named(one);
        for gap in &one.data_gaps {
            let (start, end) = (clock.rfc3339(gap.start), clock.rfc3339(gap.end));
            csv.write_record(["data-gap", &metric, &keys, &start, &end, &start, "", "", "", ""])?;
        }
    }
    for one in &analysis.series {
        let (metric, keys) = named(one);
        for step in &one.forecast.steps {
            let bound = |bound: Option<f64>| bound.map(|bound| bound.to_string()).unwrap_or_default();
            csv.write_record([
                "forecast",
                &metric,
                &keys,
                &clock.rfc3339(step.time),
                &clock.rfc3339(step.time + i64::from(one.summary.step)),
                &clock.rfc3339(step.time),
                &step.value.to_string(),
                "",
                &bound(step.interval.map(|(low, _)| low)),
                &bound(step.interval.map(|(_, high)| high)),
            ])?;
        }
    }
    csv.flush()
}
