//! `weir train`: preprocess into a temporary store, then learn from all of it.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use weir_domain::text::count;
use weir_model::{EstimatorKind, FlowModel};
use weir_pipeline::FolderStore;
use weir_pipeline::flow::train_since;

use super::preprocess::read_all;
use super::{activity, drift, read_model, train_options};
use crate::arguments::{Source, Train};
use crate::progress;

pub(super) async fn run(arguments: Train) -> anyhow::Result<ExitCode> {
    match arguments.source {
        Source::Flow => flow(arguments).await,
        Source::Login => super::login::train(&arguments),
        Source::Activity => activity::train(&arguments),
        Source::Usage => anyhow::bail!("usage is learned from while it is judged: weir detect --source usage"),
    }
}

async fn flow(arguments: Train) -> anyhow::Result<ExitCode> {
    let earlier = drift::earlier(&arguments, |path| read_model(path, FlowModel::decode))?;
    let folder = tempfile::Builder::new().prefix("weir-").tempdir().context("making a temporary folder")?;
    let store = Arc::new(FolderStore::open_or_create(folder.path())?);
    let read = read_all(&arguments.logs, Some(weir_domain::source::Source::Flow), Arc::clone(&store)).await?;
    read.tell(arguments.logs.window);

    let bar = progress::bar(0, "learning");
    let (model, moved) =
        train_since(store.as_ref(), &train_options(&arguments.estimators), earlier.as_ref(), |done, all| {
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        })
        .await?;
    bar.finish_and_clear();
    drift::tell(&moved);
    let bytes = model.encode()?;
    std::fs::write(&arguments.output, &bytes).with_context(|| format!("writing {}", arguments.output.display()))?;
    let summary = &model.summary;
    let names: Vec<_> = model.behaviour.kinds().map(EstimatorKind::name).collect();
    anstream::eprintln!(
        "learned by {} from {} windows of {} hosts ({} fitted on): {} bytes in {}",
        names.join(", "),
        count(summary.rows),
        count(summary.entities),
        count(summary.fitted_on),
        count(bytes.len() as u64),
        arguments.output.display()
    );
    Ok(if read.unreadable.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}
