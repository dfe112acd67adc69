//! Series whose points are labelled: every detector by points and by ranges, as on Microsoft's cloud monitoring dataset.
//!
//! The first part of each series, as much as NAB has on probation, is learned from and not judged.

use std::path::Path;
use std::process::ExitCode;

use rayon::prelude::*;
use serde::Serialize;
use weir_model::evaluation::{RangeTally, nab};

use super::series::{DETECTORS, Scored, Series, csv_files};
use super::{number, show};
use crate::arguments::EvaluationFormat;
use crate::output::{Rows, escape};
use crate::progress;

pub(super) fn run(path: &Path, format: EvaluationFormat) -> anyhow::Result<ExitCode> {
    let mut series = Vec::new();
    for file in csv_files(path)? {
        let name = file.strip_prefix(path).ok().filter(|name| name.components().next().is_some()).unwrap_or(&file);
        series.push(Series::read(&file, &name.to_string_lossy())?);
    }
    let mut report = Report { series: series.len(), ..Report::default() };
    report.points = series.iter().map(|series| series.points.len()).sum();
    let bar = progress::bar(DETECTORS.len(), "scoring");
    for detector in DETECTORS.iter().filter(|detector| !detector.alarms_only) {
        let scored = series.par_iter().map(|series| detector.score(series)).collect::<anyhow::Result<Vec<_>>>()?;
        report.add(detector.name, detector.surprise, &series, &scored);
        bar.inc(1);
    }
    bar.finish_and_clear();
    show(format, &[report.by_group(), report.totals()], &report.notes(), &report)?;
    Ok(ExitCode::SUCCESS)
}

#[derive(Default, Serialize)]
struct Report {
    series: usize,
    points: usize,
    groups: Vec<Outcome>,
    detectors: Vec<Outcome>,
}

/// A detector on some series.
#[derive(Serialize)]
struct Outcome {
    group: String,
    detector: &'static str,
    threshold: f64,
    tally: RangeTally,
    f1: Option<f64>,
    composite_f1: Option<f64>,
    /// The threshold of the best F1 on these very series, and what it reaches.
    chosen_threshold: f64,
    chosen_f1: Option<f64>,
    chosen_composite_f1: Option<f64>,
}

impl Report {
    fn add(&mut self, detector: &'static str, threshold: f64, series: &[Series], scored: &[Scored]) {
        let mut groups: Vec<&str> = series.iter().map(|series| group(&series.name)).collect();
        groups.dedup();
        for name in groups {
            let of: Vec<_> = series.iter().zip(scored).filter(|(series, _)| group(&series.name) == name).collect();
            self.groups.push(outcome(name, detector, threshold, &of));
        }
        self.detectors.push(outcome("", detector, threshold, &series.iter().zip(scored).collect::<Vec<_>>()));
    }

    fn by_group(&self) -> Rows {
        let mut rows =
            Rows::new(2, &["group", "detector", "precision", "recall", "F1", "ranges", "found", "composite F1"]);
        for of in &self.groups {
            let tally = of.tally;
            let mut cells = vec![escape(&of.group), of.detector.to_owned()];
            cells.extend([tally.precision(), tally.recall(), of.f1].map(|value| number(value, 3)));
            cells.extend([tally.ranges, tally.ranges_found].map(|count| count.to_string()));
            cells.push(number(of.composite_f1, 3));
            rows.push(cells);
        }
        rows
    }

    fn totals(&self) -> Rows {
        let header = [
            "all series",
            "threshold",
            "precision",
            "recall",
            "F1",
            "ranges",
            "found",
            "composite F1",
            "chosen threshold",
            "F1",
            "composite F1",
        ];
        let mut rows = Rows::new(1, &header);
        for of in &self.detectors {
            let tally = of.tally;
            let mut cells = vec![of.detector.to_owned(), number(Some(of.threshold), 2)];
            cells.extend([tally.precision(), tally.recall(), of.f1].map(|value| number(value, 3)));
            cells.extend([tally.ranges, tally.ranges_found].map(|count| count.to_string()));
            cells.push(number(of.composite_f1, 3));
            cells.push(number(Some(of.chosen_threshold), 2));
            cells.extend([of.chosen_f1, of.chosen_composite_f1].map(|value| number(value, 3)));
            rows.push(cells);
        }
        rows
    }

    fn notes(&self) -> Vec<String> {
        vec![format!(
            "{} series, {} points, the first 15 % of each (at most 750) not judged. Composite F1: precision of points, recall of \
             ranges. Left: the default threshold. Right (chosen): the threshold that scores best on these very series, per figure. Weir's \
             default was chosen with these series in view.",
            self.series, self.points
        )]
    }
}

/// The folder of a series.
fn group(name: &str) -> &str {
    name.rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder)
}

fn outcome(group: &str, detector: &'static str, threshold: f64, series: &[(&Series, &Scored)]) -> Outcome {
    let at = |threshold: f64| {
        let of = |(series, scored): &(&Series, &Scored)| {
            let first = nab::probation(series.points.len());
            let found: Vec<bool> = scored.surprises.iter().skip(first).map(|&score| score >= threshold).collect();
            RangeTally::new(&series.labelled[first.min(series.labelled.len())..], &found)
        };
        series.iter().map(of).fold(RangeTally::default(), RangeTally::plus)
    };
    let tally = at(threshold);
    // From 0.05 in small steps, then larger ones, to the largest score there is: some baselines are far too sure.
    let thresholds = std::iter::successors(Some(0.05), |t: &f64| Some((t + 0.05).max(t * 1.02)));
    let tried: Vec<_> = thresholds.take_while(|&t| t <= 300.0).map(|threshold| (threshold, at(threshold))).collect();
    let best = |figure: fn(&RangeTally) -> Option<f64>| {
        let values = tried.iter().filter_map(|(threshold, tally)| Some((*threshold, figure(tally)?)));
        values.fold(None, |best: Option<(f64, f64)>, next| Some(best.filter(|best| best.1 >= next.1).unwrap_or(next)))
    };
    let (by_points, by_ranges) = (best(RangeTally::f1), best(RangeTally::composite_f1));
    Outcome {
        group: group.to_owned(),
        detector,
        threshold,
        tally,
        f1: tally.f1(),
        composite_f1: tally.composite_f1(),
        chosen_threshold: by_points.map_or(threshold, |best| best.0),
        chosen_f1: by_points.map(|best| best.1),
        chosen_composite_f1: by_ranges.map(|best| best.1),
    }
}
