//! Line charts as SVG: a series with its anomalies and forecast, and the profile of a day.

use std::fmt::Write as _;

use maud::{Markup, html};
use weir_domain::time::DAY_SECONDS;
use weir_domain::usage::UsageSeries;
use weir_pipeline::usage::analysis::SeriesAnalysis;

use crate::run::usage::format::{Clock, number};

/// Size of a chart and its margins for labels, in SVG units.
const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 58.0;
const BOTTOM: f64 = 20.0;
const TOP: f64 = 8.0;

/// The most points of a line: two per horizontal unit.
const MAX_POINTS: usize = 1800;

/// The axes of a chart: maps steps and values to coordinates.
struct Frame {
    steps: f64,
    low: f64,
    high: f64,
}

impl Frame {
    fn x(&self, step: f64) -> f64 {
        LEFT + (WIDTH - LEFT - 4.0) * step / self.steps.max(1.0)
    }

    fn y(&self, value: f64) -> f64 {
        // Values are halved before subtraction, since the range of huge values would overflow.
        let share = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        let share = if share.is_finite() { share.clamp(-0.05, 1.05) } else { 0.5 };
        HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * share
    }

    /// A path through points, interrupted where a value is missing.
    fn path(&self, points: impl Iterator<Item = Option<(f64, f64)>>) -> String {
        let (mut path, mut pen) = (String::new(), 'M');
        for point in points {
            match point {
                Some((step, value)) => {
                    let _ = write!(path, "{pen}{:.1} {:.1}", self.x(step), self.y(value));
                    // A single point is drawn as a line of length zero.
                    if pen == 'M' {
                        path.push_str("h0");
                    }
                    pen = 'L';
                }
                None => pen = 'M',
            }
        }
        path
    }
}

/// The chart of a series with its anomalies and its forecast.
pub(super) fn line(analysis: &SeriesAnalysis, series: &UsageSeries, clock: &Clock) -> Markup {
    let ahead = &analysis.forecast.steps;
    let step = i64::from(series.step.max(1));
    let place = |time: i64| (time - series.start) as f64 / step as f64;
    let last = ahead.last().map_or(series.values.len() as f64, |s| place(s.time) + 1.0);
    let measured = series.values.iter().flatten().copied();
    let bounds = measured.chain(ahead.iter().map(|s| s.value));
    let (low, high) = bounds.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        return html! {};
    }
    // The axis starts at 0, unless that would flatten the line.
    let low = if low >= 0.0 && low < high * 0.7 { 0.0 } else { low };
    let frame = Frame { steps: last, low, high: if high > low { high } else { low + 1.0 } };
    let band: Vec<String> = {
        let upper = ahead.iter().filter_map(|s| Some((place(s.time), s.interval?.1)));
        let lower = ahead.iter().rev().filter_map(|s| Some((place(s.time), s.interval?.0)));
        upper.chain(lower).map(|(x, y)| format!("{:.1},{:.1}", frame.x(x), frame.y(y))).collect()
    };
    let ends = [frame.high, f64::midpoint(frame.low, frame.high), frame.low];
    let days = last * step as f64 / DAY_SECONDS as f64;
    let marks = (1..=4).map(|n| series.start + (days * DAY_SECONDS as f64 * f64::from(n) / 5.0) as i64);
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" {
            @for value in ends {
                line.axis x1=(LEFT) x2=(WIDTH) y1=(format!("{:.1}", frame.y(value))) y2=(format!("{:.1}", frame.y(value))) {}
                text x=(LEFT - 5.0) y=(format!("{:.1}", frame.y(value) + 4.0)) text-anchor="end" { (number(value)) }
            }
            @for time in marks {
                text x=(format!("{:.1}", frame.x(place(time)))) y=(HEIGHT - 5.0) text-anchor="middle" { (clock.day(time)) }
            }
            polygon.band points=(band.join(" ")) {}
            path.measured d=(frame.path(thinned(&series.values).into_iter())) {}
            path.ahead d=(frame.path(ahead.iter().map(|s| Some((place(s.time), s.value))))) {}
            @for anomaly in &analysis.anomalies {
                circle.found cx=(format!("{:.1}", frame.x(place(anomaly.time)))) cy=(format!("{:.1}", frame.y(anomaly.value))) r="3" {
                    title { (clock.anomaly_span(anomaly)) ": " (number(anomaly.value)) ", baseline " (number(anomaly.usual)) }
                }
            }
        }
    }
}

/// The points of a line. A long series keeps the minimum and the maximum of each chunk, so that no spike is lost. A chunk without
/// a value is a gap.
fn thinned(values: &[Option<f64>]) -> Vec<Option<(f64, f64)>> {
    if values.len() <= MAX_POINTS {
        return values.iter().enumerate().map(|(at, value)| value.map(|value| (at as f64, value))).collect();
    }
    let length = values.len().div_ceil(MAX_POINTS / 2);
    let mut points = Vec::with_capacity(MAX_POINTS);
    for (stretch, values) in values.chunks(length).enumerate() {
        let first = stretch * length;
        let measured = || values.iter().enumerate().filter_map(|(at, value)| Some((first + at, (*value)?)));
        let by = |a: &(usize, f64), b: &(usize, f64)| a.1.total_cmp(&b.1);
        let (Some(low), Some(high)) = (measured().min_by(by), measured().max_by(by)) else {
            points.push(None);
            continue;
        };
        let (a, b) = if low.0 <= high.0 { (low, high) } else { (high, low) };
        points.extend([Some((a.0 as f64, a.1)), Some((b.0 as f64, b.1))]);
    }
    points
}

/// The chart of a day's profile by hour.
pub(super) fn profile(hours: &[f64]) -> Markup {
    let frame = Frame { steps: 23.0, low: -2.5, high: 2.5 };
    let points = hours.iter().enumerate().map(|(hour, value)| Some((hour as f64, *value)));
    html! {
        svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" {
            line.axis x1=(LEFT) x2=(WIDTH) y1=(format!("{:.1}", frame.y(0.0))) y2=(format!("{:.1}", frame.y(0.0))) {}
            path.ahead d=(frame.path(points)) style="stroke-width:4" {}
            @for hour in [0, 6, 12, 18] {
                text x=(format!("{:.1}", frame.x(f64::from(hour)))) y=(HEIGHT - 2.0) text-anchor="middle" style="font-size:28px" {
                    (hour) "h"
                }
            }
        }
    }
}
