//! The analysis as tables for a terminal. Names come from logs and are escaped.

use std::fmt::Write as _;

use weir_pipeline::usage::UsageAnalysis;
use weir_pipeline::usage::analysis::forecast::SeriesForecast;
use weir_pipeline::usage::analysis::{SeriesAnalysis, SeriesName};

use super::format::{Clock, number, percent, reasons, window};
use crate::output::{Rows, escape};

/// The most rows of a table.
const MAX_ROWS: usize = 20;

/// All tables, one below the other.
pub(super) fn tables(analysis: &UsageAnalysis, clock: &Clock) -> String {
    let mut out = String::new();
    let mut section = |title: &str, rows: Option<Rows>, all: usize| {
        let Some(rows) = rows else { return };
        let more = if all > MAX_ROWS { format!(" ({MAX_ROWS} of {all})") } else { String::new() };
        let _ = writeln!(out, "{title}{more}\n{rows}\n");
    };
    let count = analysis.series.len();
    let mut order: Vec<&SeriesAnalysis> = analysis.series.iter().collect();
    order.sort_by(|a, b| b.summary.total.total_cmp(&a.summary.total).then_with(|| a.name.cmp(&b.name)));
    order.truncate(MAX_ROWS);
    section(&format!("Series, times in {}", analysis.zone), Some(series(&order, clock)), count);
    for compared in &analysis.compared {
        let mut rows = Rows::new(
            1,
            &[&escape(&compared.key), "series", "total", "share", "peak", "variability", "growth/week", "gaps"],
        );
        for value in compared.values.iter().take(MAX_ROWS) {
            rows.push(vec![
                escape(&value.value),
                value.series.to_string(),
                number(value.total),
                percent(value.share),
                value.peak.map_or_else(|| "-".into(), |peak| number(peak.value)),
                percent(value.variability),
                percent(value.growth_per_week),
                value.gaps.to_string(),
            ]);
        }
        let title = format!("{} by {}", escape(&compared.metric), escape(&compared.key));
        section(&title, Some(rows), compared.values.len());
    }
    let found: usize = analysis.series.iter().map(|one| one.anomalies.len()).sum();
    section("Anomalies, the largest deviation first", anomalies(analysis, clock), found);
    let missing: usize = analysis.series.iter().map(|one| one.data_gaps.len()).sum();
    section("Gaps longer than is typical", gaps(analysis, clock), missing);
    let risky: usize = analysis.series.iter().map(|one| one.risk_windows.len()).sum();
    section("Hours of the week that are anomalous or variable more often than others", windows(analysis), risky);
    section("Days with similar profiles (k-means)", days(analysis), 0);
    section("Series with similar weekly patterns (k-means)", groups(analysis), 0);
    section(
        "Random forest regression: most important features and largest residuals",
        regressions(&order, clock),
        count,
    );
    section("Forecasts, and their accuracy on past data", Some(forecasts(&order, clock)), count);
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn name(one: &SeriesAnalysis) -> String {
    escape(&one.name.to_string())
}

fn series(order: &[&SeriesAnalysis], clock: &Clock) -> Rows {
    let header = [
        "series",
        "from",
        "steps",
        "gaps",
        "median",
        "peak",
        "peak at",
        "variability",
        "season",
        "growth/week",
        "anomalies",
    ];
    let mut rows = Rows::new(2, &header);
    for one in order {
        let s = &one.summary;
        rows.push(vec![
            name(one),
            clock.day(s.start),
            s.steps.to_string(),
            s.gaps.to_string(),
            number(s.median),
            s.peak.map_or_else(|| "-".into(), |peak| number(peak.value)),
            s.peak.map_or_else(|| "-".into(), |peak| clock.time(peak.time)),
            percent(s.variability),
            percent(Some(s.seasonal_strength)),
            percent(s.growth_per_week),
            one.anomalies.len().to_string(),
        ]);
    }
    rows
}

fn anomalies(analysis: &UsageAnalysis, clock: &Clock) -> Option<Rows> {
    let mut all: Vec<_> =
        analysis.series.iter().flat_map(|one| one.anomalies.iter().map(move |anomaly| (one, anomaly))).collect();
    all.sort_by(|a, b| b.1.distance.total_cmp(&a.1.distance).then_with(|| a.0.name.cmp(&b.0.name)));
    let mut rows = Rows::new(2, &["series", "time", "value", "baseline", "IQRs off", "method"]);
    for (one, anomaly) in all.iter().take(MAX_ROWS) {
        let by: Vec<&str> = anomaly.by.iter().map(|method| method.name()).collect();
        rows.push(vec![
            name(one),
            clock.anomaly_span(anomaly),
            number(anomaly.value),
            number(anomaly.usual),
            number(anomaly.distance),
            by.join(" "),
        ]);
    }
    (!all.is_empty()).then_some(rows)
}

fn gaps(analysis: &UsageAnalysis, clock: &Clock) -> Option<Rows> {
    let mut all: Vec<_> =
        analysis.series.iter().flat_map(|one| one.data_gaps.iter().map(move |gap| (one, gap))).collect();
    all.sort_by(|a, b| (b.1.end - b.1.start).cmp(&(a.1.end - a.1.start)).then_with(|| a.0.name.cmp(&b.0.name)));
    let mut rows = Rows::new(2, &["series", "gap", "steps"]);
    for (one, gap) in all.iter().take(MAX_ROWS) {
        rows.push(vec![name(one), clock.span(gap.start, gap.end), gap.steps.to_string()]);
    }
    (!all.is_empty()).then_some(rows)
}

fn windows(analysis: &UsageAnalysis) -> Option<Rows> {
    let mut all: Vec<_> =
        analysis.series.iter().flat_map(|one| one.risk_windows.iter().map(move |risk| (one, risk))).collect();
    all.sort_by(|a, b| b.1.confidence().total_cmp(&a.1.confidence()).then_with(|| a.0.name.cmp(&b.0.name)));
    let header = ["series", "hours", "risk", "weeks", "share (90 % interval)", "all hours", "variability ratio"];
    let mut rows = Rows::new(2, &header);
    for (one, risk) in all.iter().take(MAX_ROWS) {
        for (what, share) in reasons(risk) {
            let (low, high) = share.interval;
            rows.push(vec![
                name(one),
                window(risk),
                what.into(),
                format!("{} of {}", share.weeks, risk.weeks),
                format!("{} ({} to {})", percent(Some(share.share)), percent(Some(low)), percent(Some(high))),
                percent(Some(share.expected)),
                risk.variability.map_or_else(|| "-".into(), number),
            ]);
        }
    }
    (!all.is_empty()).then_some(rows)
}

fn days(analysis: &UsageAnalysis) -> Option<Rows> {
    let profiles = analysis.day_profiles.as_ref()?;
    let mut rows = Rows::new(1, &["profile", "days", "on weekends", "variability"]);
    for cluster in &profiles.clusters {
        rows.push(vec![
            cluster.name.clone(),
            cluster.days.to_string(),
            percent(Some(cluster.weekend_share)),
            percent(cluster.variability),
        ]);
    }
    rows.push(vec!["outliers (DBSCAN)".into(), profiles.unlike_count.to_string(), "-".into(), "-".into()]);
    Some(rows)
}

fn groups(analysis: &UsageAnalysis) -> Option<Rows> {
    let groups = analysis.series_groups.as_ref()?;
    let mut rows = Rows::new(2, &["pattern", "series", "count", "variability"]);
    let first_names = |series: &[SeriesName]| {
        let first: Vec<String> = series.iter().take(3).map(|name| escape(&name.to_string())).collect();
        if series.len() > 3 { format!("{}, …", first.join(", ")) } else { first.join(", ") }
    };
    for cluster in &groups.clusters {
        let share = percent(Some(cluster.variability));
        rows.push(vec![cluster.name.clone(), first_names(&cluster.series), cluster.series.len().to_string(), share]);
    }
    if !groups.unlike.is_empty() {
        let number = groups.unlike.len().to_string();
        rows.push(vec!["outliers (DBSCAN)".into(), first_names(&groups.unlike), number, "-".into()]);
    }
    Some(rows)
}

fn regressions(order: &[&SeriesAnalysis], clock: &Clock) -> Option<Rows> {
    let header = ["series", "features", "largest residual", "R²", "median residual", "top steps", "also top of kNN"];
    let mut rows = Rows::new(3, &header);
    let mut any = false;
    for one in order {
        let Some(found) = &one.regressions else { continue };
        any = true;
        let by: Vec<String> =
            found.importances.iter().take(2).map(|i| format!("{} {}", i.feature, percent(Some(i.share)))).collect();
        let top = &found.random_forest.top;
        let also = found.nearest_neighbours.as_ref().map(|near| {
            let times: std::collections::BTreeSet<i64> = near.top.iter().map(|residual| residual.time).collect();
            top.iter().filter(|residual| times.contains(&residual.time)).count()
        });
        rows.push(vec![
            name(one),
            by.join(", "),
            top.first().map_or_else(
                || "-".into(),
                |r| format!("{}, {} instead of {}", clock.time(r.time), number(r.value), number(r.expected)),
            ),
            percent(found.r_squared),
            number(found.random_forest.median_size),
            top.len().to_string(),
            also.map_or_else(|| "-".into(), |also| also.to_string()),
        ]);
    }
    any.then_some(rows)
}

fn forecasts(order: &[&SeriesAnalysis], clock: &Clock) -> Rows {
    let header = ["series", "method", "until", "forecast range", "MAE", "vs naive", "sMAPE", "coverage"];
    let mut rows = Rows::new(3, &header);
    for one in order {
        let forecast: &SeriesForecast = &one.forecast;
        let tried = |method| forecast.tried.iter().find(|tried| tried.method == method).map(|tried| &tried.tried);
        let (chosen, naive) = (tried(forecast.method), tried(weir_model::ForecastMethod::SeasonalNaive));
        let error = chosen.and_then(|tried| tried.mean_absolute_error);
        let of_naive = error.zip(naive.and_then(|tried| tried.mean_absolute_error));
        let values = || forecast.steps.iter().map(|step| step.value);
        let range = values().reduce(f64::min).zip(values().reduce(f64::max));
        let dash = || "-".to_owned();
        rows.push(vec![
            name(one),
            forecast.method.name().into(),
            forecast.steps.last().map_or_else(dash, |step| clock.time(step.time + i64::from(one.summary.step))),
            range.map_or_else(dash, |(low, high)| format!("{} to {}", number(low), number(high))),
            error.map_or_else(dash, number),
            percent(of_naive.filter(|(_, naive)| *naive > 0.0).map(|(error, naive)| error / naive)),
            percent(chosen.and_then(|tried| tried.symmetric_error)),
            percent(chosen.and_then(|tried| tried.coverage)),
        ]);
    }
    rows
}
