//! `weir detect --source usage`: measurements and flow logs to findings.

use std::process::ExitCode;

use anyhow::bail;
use weir_domain::text::count;
use weir_domain::window::{WindowLength, utc_clock, utc_day};
use weir_ingest::usage::ResampleParams;
use weir_model::EstimatorKind;
use weir_pipeline::usage::{UsagePoints, detect_usage};

use super::read::{self, Inputs};
use crate::arguments::Detect;
use crate::run::report::report;
use crate::run::{now, read_suppressions};

pub(in crate::run) fn run(arguments: &Detect) -> anyhow::Result<ExitCode> {
    check(arguments)?;
    // Before the long work: rules that cannot be read are said at once.
    let suppressions = arguments.suppressions.as_deref().map(read_suppressions).transpose()?.unwrap_or_default();
    let inputs = Inputs {
        paths: &arguments.logs.paths,
        input_format: arguments.logs.input_format,
        fields: arguments.logs.fields.as_ref(),
        ranges: &arguments.usage.ranges,
        limits: ResampleParams::default(),
    };
    let mut points = UsagePoints::default();
    let read = read::read(&inputs, &mut points)?;
    for series in &read.flows {
        points.add_series(series)?;
    }
    read.tell(points.series());
    let Some((first, last)) = points.times() else {
        bail!("no usage was read: `weir inspect` tells what a file is");
    };
    let at = |time: i64| format!("{} {} UTC", utc_day(time), utc_clock(time));
    anstream::eprintln!("{} measurements from {} to {}", count(points.count()), at(first), at(last));
    let from = arguments.baseline.map_or(i64::MIN, |seconds| first.saturating_add(seconds));
    if from > last {
        bail!("the baseline is as long as the input: nothing is left to look at");
    }
    let now = now();
    let findings = detect_usage(points, &arguments.usage.timezone, from, now)?;
    report(findings, arguments, (&suppressions, suppressions.limits(0)), now, !read.unreadable.is_empty())
}

/// Refuses what means nothing for usage: who typed it expects it to do something.
fn check(arguments: &Detect) -> anyhow::Result<()> {
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
        bail!("{} means nothing with --source usage: leave it out", given.join(", "));
    }
    Ok(())
}
