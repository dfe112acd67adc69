//! The analysis as a self-contained HTML page with charts, without scripts or other files.
//!
//! Names come from logs: control and bidirectional characters are escaped first, then `maud` escapes HTML.

mod chart;
mod heat_map;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use weir_domain::usage::UsageSeries;
use weir_pipeline::usage::UsageAnalysis;
use weir_pipeline::usage::analysis::SeriesAnalysis;

use super::format::{Clock, number, percent, reasons, window};
use crate::output::escape;

/// The most series with a chart.
const MAX_CHARTS: usize = 60;

/// The most gaps that are listed per series.
const MAX_GAPS: usize = 10;

const STYLE: &str = "
:root { color-scheme: light dark; --ink: #1c2430; --paper: #fff; --soft: #66707f; --line: #d9dee5; --blue: #2563a8;
  --band: #2563a82e; --red: #c2331f; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --paper: #14181f; --soft: #98a2b3; --line: #323a46;
  --blue: #6ea8e6; --band: #6ea8e62e; --red: #ff7a66; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 62rem; margin: 2rem auto;
  padding: 0 1rem; }
h1, h2, h3 { line-height: 1.2; } h2 { margin-top: 2.5rem; } h3 { margin: 2rem 0 .3rem; overflow-wrap: anywhere; }
p.soft, figcaption { color: var(--soft); margin: .2rem 0; font-size: .9em; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: .6rem 0; }
div.wide { overflow-x: auto; }
th, td { text-align: right; padding: .2rem .7rem .2rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
svg { display: block; width: 100%; height: auto; } svg text { fill: var(--soft); font: 11px system-ui, sans-serif; }
figure { margin: .6rem 0; } .profiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem; }
.measured { fill: none; stroke: var(--ink); stroke-width: 1; } .ahead { fill: none; stroke: var(--blue); stroke-width: 1.5; }
.band { fill: var(--band); } .found { fill: var(--red); } .axis { stroke: var(--line); } .cell { fill: var(--blue); }
";

/// The page.
pub(super) fn page(analysis: &UsageAnalysis, series: &[UsageSeries], clock: &Clock) -> String {
    let shown = largest(series, MAX_CHARTS);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // The page has no scripts and no links, so it may load nothing.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { "Usage over time" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "Usage over time" }
                p.soft { (series.len()) " series, times in " (text(&analysis.zone)) }
                (comparisons(analysis))
                (anomalies(analysis, clock))
                (profiles(analysis))
                h2 { "Series" }
                @if shown.len() < series.len() { p.soft { "The " (MAX_CHARTS) " series with the largest totals." } }
                @for at in shown { (one(&analysis.series[at], &series[at], clock)) }
            }
        }
    };
    page.into_string()
}

/// The series with the largest totals of all values, in their original order.
fn largest(series: &[UsageSeries], max: usize) -> Vec<usize> {
    let total = |at: &usize| series[*at].values.iter().flatten().sum::<f64>();
    let mut order: Vec<usize> = (0..series.len()).collect();
    order.sort_by(|a, b| total(b).total_cmp(&total(a)).then(a.cmp(b)));
    order.truncate(max);
    order.sort_unstable();
    order
}

fn text(name: &str) -> String {
    escape(name)
}

fn comparisons(analysis: &UsageAnalysis) -> Markup {
    html! {
        @for compared in &analysis.compared {
            h2 { (text(&compared.metric)) " by " (text(&compared.key)) }
            div.wide { table {
                tr { th { (text(&compared.key)) } th { "series" } th { "total" } th { "share" } th { "peak" }
                     th { "variability" } th { "growth/week" } th { "gaps" } }
                @for value in &compared.values {
                    tr {
                        td { (text(&value.value)) }
                        td { (value.series) }
                        td { (number(value.total)) }
                        td { (percent(value.share)) }
                        td { @if let Some(peak) = value.peak { (number(peak.value)) } @else { "-" } }
                        td { (percent(value.variability)) }
                        td { (percent(value.growth_per_week)) }
                        td { (value.gaps) }
                    }
                }
            } }
        }
    }
}

fn anomalies(analysis: &UsageAnalysis, clock: &Clock) -> Markup {
    let mut all: Vec<_> =
        analysis.series.iter().flat_map(|one| one.anomalies.iter().map(move |anomaly| (one, anomaly))).collect();
    all.sort_by(|a, b| b.1.distance.total_cmp(&a.1.distance).then_with(|| a.0.name.cmp(&b.0.name)));
    html! {
        h2 { "Anomalies" }
        @if all.is_empty() { p { "No anomalies." } } @else {
            p.soft { (all.len()) " in all; the largest deviation first." }
            div.wide { table {
                tr { th { "series" } th { "time" } th { "value" } th { "baseline" } th { "IQRs off" } th { "method" } }
                @for (one, anomaly) in all.iter().take(50) {
                    tr {
                        td { (text(&one.name.to_string())) }
                        td { (clock.anomaly_span(anomaly)) }
                        td { (number(anomaly.value)) }
                        td { (number(anomaly.usual)) }
                        td { (number(anomaly.distance)) }
                        td { @for method in &anomaly.by { (method.name()) " " } }
                    }
                }
            } }
        }
    }
}

fn profiles(analysis: &UsageAnalysis) -> Markup {
    let Some(profiles) = &analysis.day_profiles else { return html! {} };
    let choice = &profiles.choice;
    html! {
        h2 { "Days with similar profiles" }
        p.soft {
            (choice.clusters) " clusters by k-means, the best by silhouette of "
            @for (n, (clusters, silhouette)) in choice.tried.iter().enumerate() {
                @if n > 0 { ", " } (clusters) " (" (format!("{silhouette:.2}")) ")"
            }
            @if choice.silhouette < 0.5 { "; below 0.5, clusters overlap" } ". "
            (profiles.unlike_count) " days are outliers (DBSCAN)."
        }
        div.profiles {
            @for cluster in &profiles.clusters {
                figure {
                    (chart::profile(&cluster.profile))
                    figcaption {
                        (text(&cluster.name)) ": " (cluster.days) " days, "
                        (percent(Some(cluster.weekend_share))) " on weekends"
                        @if let Some(variability) = cluster.variability { ", variability " (percent(Some(variability))) }
                    }
                }
            }
        }
    }
}

fn one(analysis: &SeriesAnalysis, series: &UsageSeries, clock: &Clock) -> Markup {
    let s = &analysis.summary;
    let forecast = &analysis.forecast;
    let tried = forecast.tried.iter().find(|tried| tried.method == forecast.method).map(|tried| tried.tried);
    html! {
        h3 { (text(&analysis.name.to_string())) }
        p.soft {
            (s.steps) " steps, " (s.gaps) " gaps, median " (number(s.median)) ", variability " (percent(s.variability))
            ", season " (percent(Some(s.seasonal_strength))) ", growth " (percent(s.growth_per_week)) " a week"
        }
        figure {
            (chart::line(analysis, series, clock))
            figcaption {
                (analysis.anomalies.len()) " anomalies (points); forecast by " (forecast.method.name())
                " with an interval of " (percent(Some(forecast.level)))
                @if let Some(tried) = tried {
                    @if let Some(error) = tried.mean_absolute_error { ": mean absolute error on past data " (number(error)) }
                    @if let Some(coverage) = tried.coverage { ", coverage " (percent(Some(coverage))) }
                }
            }
        }
        @if analysis.usual_week.iter().any(Option::is_some) {
            figure { (heat_map::week(&analysis.usual_week)) figcaption { "Median by hour and weekday" } }
        }
        @if !analysis.data_gaps.is_empty() {
            p {
                "Gaps longer than is typical: "
                @for (n, gap) in analysis.data_gaps.iter().take(MAX_GAPS).enumerate() {
                    @if n > 0 { "; " }
                    (clock.span(gap.start, gap.end))
                }
                @if analysis.data_gaps.len() > MAX_GAPS { "; and " (analysis.data_gaps.len() - MAX_GAPS) " more" }
                "."
            }
        }
        @if !analysis.risk_windows.is_empty() {
            p {
                "Anomalous or variable more often than other hours: "
                @for (n, risk) in analysis.risk_windows.iter().enumerate() {
                    @if n > 0 { "; " }
                    (window(risk)) " ("
                    @for (m, (what, share)) in reasons(risk).enumerate() {
                        @if m > 0 { ", " }
                        (what) " in " (share.weeks) " of " (risk.weeks) " weeks; 90 % interval "
                        (percent(Some(share.interval.0))) " to " (percent(Some(share.interval.1)))
                    }
                    ")"
                }
                "."
            }
        }
        @if let Some(regressions) = &analysis.regressions {
            p.soft {
                "Most important features of the random forest: "
                @for (n, importance) in regressions.importances.iter().take(4).enumerate() {
                    @if n > 0 { ", " } (importance.feature) " " (percent(Some(importance.share)))
                }
                "."
            }
        }
    }
}

#[cfg(test)]
mod tests;
