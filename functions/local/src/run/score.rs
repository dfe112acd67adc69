//! `weir score`: runs detection on all batches of a store folder, as the score function does, its scheduled sweep included.

use std::process::ExitCode;

use weir_model::FlowModel;
use weir_pipeline::hours::all_hours;
use weir_pipeline::score::score_store;
use weir_pipeline::{FolderStore, models};

use super::clock::now;
use crate::arguments::Score;
use crate::output::count;
use crate::progress;

pub(super) async fn run(arguments: Score) -> anyhow::Result<ExitCode> {
    let store = FolderStore::open_or_create(&arguments.store.store)?;
    if all_hours(&store).await?.is_empty() {
        anyhow::bail!(
            "no processed batches in {}: run `weir preprocess PATH --store {0}` first",
            arguments.store.store.display()
        );
    }
    let model = models::current::<FlowModel>(&store).await?;
    if model.is_none() {
        anstream::eprintln!(
            "no model in the store, so anomalous-behaviour is not evaluated: train one with `weir train` and add it with \
             `weir models promote`"
        );
    }
    let bar = progress::bar(0, "scoring");
    let scored = score_store(&store, model.as_ref(), &arguments.timezone, now(), |done, all| {
        bar.set_length(all as u64);
        bar.set_position(done as u64);
    })
    .await?;
    bar.finish_and_clear();
    anstream::eprintln!(
        "{} hours scored: {} detections in windows, {} findings new or changed",
        count(scored.hours as u64),
        count(scored.hits as u64),
        count(scored.findings.len() as u64)
    );
    if scored.unwatched > 0 {
        anstream::eprintln!(
            "{} usage series are not monitored: their scope has more series than the limit",
            count(scored.unwatched as u64)
        );
    }
    Ok(ExitCode::SUCCESS)
}
