//! `weir score`: what the score function does, its sweep included, over all hours of a store folder.

use std::collections::BTreeSet;
use std::process::ExitCode;

use weir_domain::text::count;
use weir_pipeline::keys::{HourOfScope, PROCESSED};
use weir_pipeline::score::score_by_clock;
use weir_pipeline::{FolderStore, Store, models, sweep};

use crate::arguments::Score;
use crate::progress;

pub(super) async fn run(arguments: Score) -> anyhow::Result<ExitCode> {
    let store = FolderStore::open_or_create(&arguments.store.store)?;
    let zone = &arguments.timezone;
    let hours: BTreeSet<HourOfScope> = store
        .list(PROCESSED)
        .await?
        .iter()
        .filter_map(|key| HourOfScope::of_batch(key))
        .map(HourOfScope::scored_with)
        .collect();
    if hours.is_empty() {
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
    let bar = progress::bar(hours.len(), "scoring");
    let (mut hits, mut unwatched, mut findings) = (0, 0, BTreeSet::new());
    for hour in &hours {
        let scored = score_by_clock(&store, model.as_ref(), hour, zone, super::now()).await?;
        hits += scored.hits;
        unwatched = unwatched.max(scored.unwatched);
        findings.extend(scored.findings);
        bar.inc(1);
    }
    let swept = sweep(&store, model.as_ref(), i64::MIN, super::now()).await?;
    hits = hits.max(swept.hits);
    findings.extend(swept.findings);
    // What the sweep summed up of flow logs is judged by the day, as what was there before.
    let days = swept.usage.iter().filter_map(|key| HourOfScope::of_batch(key)).map(HourOfScope::scored_with);
    for day in days.collect::<BTreeSet<_>>() {
        let scored = score_by_clock(&store, model.as_ref(), &day, zone, super::now()).await?;
        hits += scored.hits;
        unwatched = unwatched.max(scored.unwatched);
        findings.extend(scored.findings);
    }
    bar.finish_and_clear();
    anstream::eprintln!(
        "{} hours scored: {} detections in windows, {} findings new or changed",
        count(hours.len() as u64),
        count(hits as u64),
        count(findings.len() as u64)
    );
    if unwatched > 0 {
        anstream::eprintln!("{} series of usage are not watched: a scope has more than are", count(unwatched as u64));
    }
    Ok(ExitCode::SUCCESS)
}
