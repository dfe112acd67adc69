//! `weir detect --source usage`: finds anomalies in time series of measurements and of traffic from flow logs.

use std::process::ExitCode;

use anyhow::bail;
use weir_domain::window::WindowLength;
use weir_ingest::usage::ResampleParams;
use weir_model::EstimatorKind;
use weir_pipeline::usage::{UsagePoints, detect_usage};

use super::report::report;
use crate::arguments::Detect;
use crate::output::{count, utc_minute};
use crate::run::clock::now;
use crate::run::suppressions;
use crate::run::usage_logs::{UsageInputs, read_usage_logs};

pub(super) fn run(arguments: &Detect) -> anyhow::Result<ExitCode> {
    reject_flags(arguments)?;
    // Before the long work, so that unreadable rules are reported at once.
    let suppressions = suppressions::read_optional(arguments.suppressions.as_deref())?;
    let inputs = UsageInputs {
        paths: &arguments.logs.paths,
        input_format: arguments.logs.input_format,
        fields: arguments.logs.fields.as_ref(),
        ranges: &arguments.usage.ranges,
        limits: ResampleParams::default(),
    };
    let mut points = UsagePoints::default();
    let read = read_usage_logs(&inputs, &mut points)?;
    for series in &read.flows {
        points.add_series(series)?;
    }
    read.print(points.series());
    let Some((first, last)) = points.times() else {
        bail!("no usage was read: `weir inspect` shows the format of a file");
    };
    anstream::eprintln!("{} measurements from {} to {}", count(points.count()), utc_minute(first), utc_minute(last));
    let from = arguments.baseline.map_or(i64::MIN, |seconds| first.saturating_add(seconds));
    if from > last {
        bail!("the baseline covers the whole input: no data is left for detection");
    }
    let now = now();
    let findings = detect_usage(points, &arguments.usage.timezone, from, now)?;
    report(findings, arguments, (&suppressions, suppressions.limits(0)), now, !read.unreadable.is_empty())
}

/// Rejects flags that do not apply to usage.
fn reject_flags(arguments: &Detect) -> anyhow::Result<()> {
    let given = [
        (arguments.model.is_some(), "--model"),
        (arguments.alerts_per_day.is_some(), "--alerts-per-day"),
        (arguments.contamination.is_some(), "--contamination"),
        (arguments.schema.is_some(), "--schema"),
        (arguments.logs.window != WindowLength::FIVE_MINUTES, "--window"),
        (arguments.estimators.estimators != [EstimatorKind::IsolationForest], "--estimators"),
        (arguments.logins.scores.is_some(), "--scores"),
    ];
    let given: Vec<&str> = given.into_iter().filter_map(|(given, flag)| given.then_some(flag)).collect();
    if !given.is_empty() {
        bail!("{} cannot be used with --source usage", given.join(", "));
    }
    Ok(())
}
