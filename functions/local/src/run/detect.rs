//! `weir detect`: preprocess into a temporary store, then detect over all of it.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use weir_detect::flow::anomalous_behaviour::Thresholds;
use weir_detect::limit::AlertLimits;
use weir_domain::text::count;
use weir_domain::window::{utc_clock, utc_day};
use weir_model::{AlertBudget, FlowModel};
use weir_pipeline::FolderStore;
use weir_pipeline::flow::{DetectOptions, Detected, Fitted, Knowledge, MIN_WINDOWS, detect};

use super::activity;
use super::preprocess::read_all;
use super::report::report;
use crate::arguments::{Detect, Source};
use crate::progress;

pub(super) async fn run(arguments: Detect) -> anyhow::Result<ExitCode> {
    match arguments.source {
        Source::Flow => flow(arguments).await,
        Source::Login => super::login::run(&arguments),
        Source::Activity => activity::detect(&arguments),
        Source::Usage => super::usage::detect::run(&arguments),
    }
}

async fn flow(arguments: Detect) -> anyhow::Result<ExitCode> {
    // Before the long work: a model that cannot be read is said at once.
    let model = arguments.model.as_deref().map(|path| super::read_model(path, FlowModel::decode)).transpose()?;
    let suppressions = arguments.suppressions.as_deref().map(super::read_suppressions).transpose()?.unwrap_or_default();
    let folder = tempfile::Builder::new().prefix("weir-").tempdir().context("making a temporary folder")?;
    let store = Arc::new(FolderStore::open_or_create(folder.path())?);
    let read = read_all(&arguments.logs, Some(weir_domain::source::Source::Flow), Arc::clone(&store)).await?;
    read.tell(arguments.logs.window);

    let knowledge = match (model, arguments.baseline) {
        (Some(model), _) => Knowledge::Model(Box::new(model)),
        (None, Some(seconds)) => Knowledge::Baseline(seconds),
        (None, None) => Knowledge::Input,
    };
    let options = DetectOptions {
        knowledge,
        thresholds: Thresholds::default(),
        budget: arguments.alerts_per_day.map(|alerts_per_day| AlertBudget { alerts_per_day }),
        train: super::train_options(&arguments.estimators),
    };
    let bar = progress::bar(0, "detecting");
    let detected = detect(store.as_ref(), &options, |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })
    .await?;
    bar.finish_and_clear();
    print_basis(&detected, &options.knowledge);

    let now = options.train.now;
    // Who says how many alerts a day chance may make has said how many are enough.
    let learned = if arguments.alerts_per_day.is_some() { 0 } else { suppressions.learned_alerts };
    let limits = AlertLimits { learned, ..suppressions.limits(detected.hosts as u64) };
    report(detected.findings, &arguments, (&suppressions, limits), now, !read.unreadable.is_empty())
}

/// Prints to standard error which hosts and hours were judged, and which model or baseline by.
fn print_basis(detected: &Detected, knowledge: &Knowledge) {
    let at = |time: i64| format!("{} {} UTC", utc_day(time), utc_clock(time));
    if let Some((first, last)) = detected.windows {
        anstream::eprintln!("{} monitored hosts from {} to {}", count(detected.hosts as u64), at(first.0), at(last.0));
    }
    match (&detected.fitted, detected.learned_until, knowledge) {
        (Fitted::TooFew { windows }, ..) => anstream::eprintln!(
            "unusual behaviour was not looked for: {} windows of hosts to learn from, {} are needed",
            count(*windows),
            count(MIN_WINDOWS)
        ),
        (_, _, Knowledge::Model(model)) => anstream::eprintln!(
            "usual behaviour as learned from {} windows of {} hosts before {}",
            count(model.summary.rows),
            count(model.summary.entities),
            at(model.summary.to)
        ),
        (Fitted::On { windows, .. }, Some(from), Knowledge::Baseline(_)) => anstream::eprintln!(
            "usual behaviour learned from {} windows of hosts before {}",
            count(*windows),
            at(from.0)
        ),
        (Fitted::On { windows, .. }, ..) => anstream::eprintln!(
            "usual behaviour learned from the input itself ({} windows of hosts): what goes on all the time counts as \
             usual; --baseline 24h learns from a day known to be clean, --model from other logs",
            count(*windows)
        ),
    }
}
