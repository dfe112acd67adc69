//! `weir train --source flow`: preprocesses flow logs into a temporary store, then trains a model on all of it.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use weir_model::{EstimatorKind, FlowModel};
use weir_pipeline::FolderStore;
use weir_pipeline::flow::train_since;

use super::drift::print_drift;
use crate::arguments::Train;
use crate::output::count;
use crate::progress;
use crate::run::flow_logs::read_flow_logs;
use crate::run::model_files::{earlier_model, train_options, write_model};

pub(super) async fn run(arguments: Train) -> anyhow::Result<ExitCode> {
    let earlier = earlier_model(&arguments, FlowModel::decode)?;
    let folder = tempfile::Builder::new().prefix("weir-").tempdir().context("creating a temporary folder")?;
    let store = Arc::new(FolderStore::open_or_create(folder.path())?);
    let read = read_flow_logs(&arguments.logs, Arc::clone(&store)).await?;
    read.print(arguments.logs.window);

    let bar = progress::bar(0, "training");
    let (model, moved) =
        train_since(store.as_ref(), &train_options(&arguments.estimators), earlier.as_ref(), |done, all| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        })
        .await?;
    bar.finish_and_clear();
    print_drift(&moved);
    let bytes = model.encode()?;
    write_model(&arguments.output, &bytes)?;
    let summary = &model.summary;
    let names: Vec<_> = model.behaviour.kinds().map(EstimatorKind::name).collect();
    anstream::eprintln!(
        "trained {} on {} windows of {} hosts (estimators fitted on {}): {} bytes in {}",
        names.join(", "),
        count(summary.rows),
        count(summary.entities),
        count(summary.fitted_on),
        count(bytes.len() as u64),
        arguments.output.display()
    );
    Ok(if read.unreadable.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}
