//! `weir score`: scores all hours and days of a store folder, as the score function and its sweep do.

use std::process::ExitCode;

use weir_domain::text::count;
use weir_pipeline::hours::all_hours;
use weir_pipeline::score::score_store;
use weir_pipeline::{FolderStore, models};

use crate::arguments::Score;
use crate::progress;

pub(super) async fn run(arguments: Score) -> anyhow::Result<ExitCode> {
    let store = FolderStore::open_or_create(&arguments.store.store)?;
    if all_hours(&store).await?.is_empty() {
        anyhow::bail!(
            "no processed batches in {}: run `weir preprocess PATH --store {0}` first",
            arguments.store.store.display()
        );
    }
    let model = models::current(&store).await?;
    if model.is_none() {
        anstream::eprintln!(
            "no model yet: unusual behaviour is not looked for until `weir train` wrote one and `weir models promote` put it here"
        );
    }
    let bar = progress::bar(0, "scoring");
    let scored = score_store(&store, model.as_ref(), &arguments.timezone, super::now(), |done, all| {
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
            "{} series of usage are not watched: their scope has more than the limit",
            count(scored.unwatched as u64)
        );
    }
    Ok(ExitCode::SUCCESS)
}
