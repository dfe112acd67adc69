//! Anomalies and forecasts as CSV: a row each, told apart by the first column.

use std::io::{self, Write};

use weir_pipeline::usage::UsageAnalysis;

use super::words::Words;
use crate::output::{escape, plain};

const COLUMNS: [&str; 10] =
    ["kind", "metric", "series", "start", "end", "time", "value", "usual", "distance_or_low", "by_or_high"];

/// Writes all anomalies and gaps, then all steps to come. In rows of the kind `anomaly` the last two columns are the distance
/// in interquartile ranges and what found it, in those of the kind `forecast` the ends of the interval; in those of the kind
/// `data-gap` they are empty, as are value and usual.
pub(super) fn write(out: &mut dyn Write, analysis: &UsageAnalysis, words: &Words) -> io::Result<()> {
    let mut csv = csv::Writer::from_writer(out);
    csv.write_record(COLUMNS)?;
    let named = |one: &weir_pipeline::usage::analysis::SeriesAnalysis| {
        let keys: Vec<String> = one.name.keys.iter().map(|(name, value)| format!("{name}={value}")).collect();
        (plain(escape(&one.name.metric)), plain(escape(&keys.join(" "))))
    };
    for one in &analysis.series {
        let (metric, keys) = named(one);
        for anomaly in &one.anomalies {
            let by: Vec<&str> = anomaly.by.iter().map(|method| method.name()).collect();
            csv.write_record([
                "anomaly",
                &metric,
                &keys,
                &words.exact(anomaly.start),
                &words.exact(anomaly.end),
                &words.exact(anomaly.time),
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
            let (start, end) = (words.exact(gap.start), words.exact(gap.end));
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
                &words.exact(step.time),
                &words.exact(step.time + i64::from(one.summary.step)),
                &words.exact(step.time),
                &step.value.to_string(),
                "",
                &bound(step.interval.map(|(low, _)| low)),
                &bound(step.interval.map(|(_, high)| high)),
            ])?;
        }
    }
    csv.flush()
}
