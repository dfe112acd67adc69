//! `weir detect --source flow`: preprocesses flow logs into a temporary store, then runs detection on all of it.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use weir_detect::flow::anomalous_behaviour::Thresholds;
use weir_detect::limit::AlertLimits;
use weir_model::{AlertBudget, FlowModel};
use weir_pipeline::FolderStore;
use weir_pipeline::flow::{DetectOptions, Detected, Fitted, MIN_WINDOWS, ModelSource, detect};

use super::report::report;
use crate::arguments::Detect;
use crate::output::{count, utc_minute};
use crate::progress;
use crate::run::flow_logs::read_flow_logs;
use crate::run::model_files::{read_model, train_options};
use crate::run::suppressions;

pub(super) async fn run(arguments: Detect) -> anyhow::Result<ExitCode> {
    // Before the long work, so that an unreadable model is reported at once.
    let model = arguments.model.as_deref().map(|path| read_model(path, FlowModel::decode)).transpose()?;
    let suppressions = suppressions::read_optional(arguments.suppressions.as_deref())?;
    let folder = tempfile::Builder::new().prefix("weir-").tempdir().context("creating a temporary folder")?;
    let store = Arc::new(FolderStore::open_or_create(folder.path())?);
    let read = read_flow_logs(&arguments.logs, Arc::clone(&store)).await?;
    read.print(arguments.logs.window);

    let source = match (model, arguments.baseline) {
        (Some(model), _) => ModelSource::Model(Box::new(model)),
        (None, Some(seconds)) => ModelSource::Baseline(seconds),
        (None, None) => ModelSource::Input,
    };
    let options = DetectOptions {
        model: source,
        thresholds: Thresholds::default(),
        budget: arguments.alerts_per_day.map(|alerts_per_day| AlertBudget { alerts_per_day }),
        train: train_options(&arguments.estimators),
    };
    let bar = progress::bar(0, "detecting");
    let detected = detect(store.as_ref(), &options, |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })
    .await?;
    bar.finish_and_clear();
    print_baseline(&detected, &options.model);

    // An explicit --alerts-per-day replaces the ceiling on learned alerts.
    let learned = if arguments.alerts_per_day.is_some() { 0 } else { suppressions.learned_alerts };
    let limits = AlertLimits { learned, ..suppressions.limits(detected.hosts as u64) };
    report(detected.findings, &arguments, (&suppressions, limits), options.train.now, !read.unreadable.is_empty())
}

/// Prints on standard error what was analysed and which baseline the findings are compared with.
fn print_baseline(detected: &Detected, source: &ModelSource) {
    if let Some((first, last)) = detected.windows {
        anstream::eprintln!(
            "{} monitored hosts from {} to {}",
            count(detected.hosts as u64),
            utc_minute(first.0),
            utc_minute(last.0)
        );
    }
    match (&detected.fitted, detected.learned_until, source) {
        (Fitted::TooFew { windows }, ..) => anstream::eprintln!(
            "anomalous-behaviour was not evaluated: {} host windows to learn from, at least {} are needed",
            count(*windows),
            count(MIN_WINDOWS)
        ),
        (_, _, ModelSource::Model(model)) => anstream::eprintln!(
            "baseline: a model trained on {} windows of {} hosts before {}",
            count(model.summary.rows),
            count(model.summary.entities),
            utc_minute(model.summary.to)
        ),
        (Fitted::On { windows, .. }, Some(from), ModelSource::Baseline(_)) => {
            anstream::eprintln!("baseline: {} host windows before {}", count(*windows), utc_minute(from.0));
        }
        (Fitted::On { windows, .. }, ..) => anstream::eprintln!(
            "baseline: the input itself ({} host windows), in which continuous activity counts as normal; \
             --baseline 24h learns from a clean first day, --model from other logs",
            count(*windows)
        ),
    }
}
