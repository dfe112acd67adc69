//! The suite [`Cloudmon`](crate::Suite::Cloudmon): every detector on series with labelled points, scored by points and by ranges.
//!
//! The first part of each series, as long as NAB's probationary period, is for learning only and is not scored.

use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;
use weir_domain::text::escape;

use crate::detectors::{DETECTORS, Scored};
use crate::evaluation::{Evaluation, FigureTable, Progress, number};
use crate::files::csv_files;
use crate::nab_score::probation;
use crate::range_tally::RangeTally;
use crate::series::Series;

pub(crate) fn run(path: &Path, progress: Progress<'_>) -> anyhow::Result<Evaluation> {
    let mut series = Vec::new();
    for file in csv_files(path)? {
        let name = file.strip_prefix(path).ok().filter(|name| name.components().next().is_some()).unwrap_or(&file);
        series.push(Series::read(&file, &name.to_string_lossy())?);
    }
    let mut report = Report { series: series.len(), ..Report::default() };
    report.points = series.iter().map(|series| series.points.len()).sum();
    let detectors: Vec<_> = DETECTORS.iter().filter(|detector| !detector.alarms_only).collect();
    progress(0, detectors.len());
    for (done, detector) in detectors.iter().enumerate() {
        let scored = series.par_iter().map(|series| detector.score(series)).collect::<anyhow::Result<Vec<_>>>()?;
        report.add(detector.name, detector.surprise, &series, &scored);
        progress(done + 1, detectors.len());
    }
    Evaluation::new(vec![report.by_group(), report.totals()], report.notes(), &report)
}

#[derive(Default, Serialize)]
struct Report {
    series: usize,
    points: usize,
    groups: Vec<Outcome>,
    detectors: Vec<Outcome>,
}

/// The figures of one detector on a group of series.
#[derive(Serialize)]
struct Outcome {
    group: String,
    detector: &'static str,
    threshold: f64,
    tally: RangeTally,
    f1: Option<f64>,
    composite_f1: Option<f64>,
    /// The threshold with the best F1 on these series, and its figures.
    chosen_threshold: f64,
    chosen_f1: Option<f64>,
    chosen_composite_f1: Option<f64>,
}

impl Report {
    fn add(&mut self, detector: &'static str, threshold: f64, series: &[Series], scored: &[Scored]) {
        let mut groups: Vec<&str> = series.iter().map(|series| group(&series.name)).collect();
        groups.dedup();
        for name in groups {
            let members: Vec<_> = series.iter().zip(scored).filter(|(series, _)| group(&series.name) == name).collect();
            self.groups.push(outcome(name, detector, threshold, &members));
        }
        self.detectors.push(outcome("", detector, threshold, &series.iter().zip(scored).collect::<Vec<_>>()));
    }

    fn by_group(&self) -> FigureTable {
        let mut rows =
            FigureTable::new(2, &["group", "detector", "precision", "recall", "F1", "ranges", "found", "composite F1"]);
        for outcome in &self.groups {
            let tally = outcome.tally;
            let mut cells = vec![escape(&outcome.group), outcome.detector.to_owned()];
            cells.extend([tally.precision(), tally.recall(), outcome.f1].map(|value| number(value, 3)));
            cells.extend([tally.ranges, tally.ranges_found].map(|count| count.to_string()));
            cells.push(number(outcome.composite_f1, 3));
            rows.push(cells);
        }
        rows
    }

    fn totals(&self) -> FigureTable {
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
        let mut rows = FigureTable::new(1, &header);
        for outcome in &self.detectors {
            let tally = outcome.tally;
            let mut cells = vec![outcome.detector.to_owned(), number(Some(outcome.threshold), 2)];
            cells.extend([tally.precision(), tally.recall(), outcome.f1].map(|value| number(value, 3)));
            cells.extend([tally.ranges, tally.ranges_found].map(|count| count.to_string()));
            cells.push(number(outcome.composite_f1, 3));
            cells.push(number(Some(outcome.chosen_threshold), 2));
            cells.extend([outcome.chosen_f1, outcome.chosen_composite_f1].map(|value| number(value, 3)));
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
        let tally = |(series, scored): &(&Series, &Scored)| {
            let first = probation(series.points.len());
            let found: Vec<bool> = scored.surprises.iter().skip(first).map(|&score| score >= threshold).collect();
            RangeTally::new(&series.labelled[first.min(series.labelled.len())..], &found)
        };
        series.iter().map(tally).fold(RangeTally::default(), RangeTally::plus)
    };
    let tally = at(threshold);
    // From 0.05 in small steps, then larger ones, to the largest possible score, which some baseline detectors reach often.
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
