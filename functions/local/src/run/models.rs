//! `weir models`: which model the score function uses.

use std::process::ExitCode;

use weir_detect::message::count;
use weir_domain::window::{utc_clock, utc_day};
use weir_model::{Artifact, EstimatorKind};
use weir_pipeline::{FolderStore, models};

use super::{now, read_model};
use crate::arguments::{Models, ModelsVerb};

pub(super) async fn run(arguments: Models) -> anyhow::Result<ExitCode> {
    match arguments.verb {
        ModelsVerb::List(store) => list(&FolderStore::open_or_create(&store.store)?).await?,
        ModelsVerb::Promote { file, store } => {
            let model = read_model(&file)?;
            let key = models::promote(&FolderStore::open_or_create(&store.store)?, &model, now()).await?;
            anstream::eprintln!("{key} is in use");
        }
        ModelsVerb::Rollback(store) => {
            let key = models::roll_back(&FolderStore::open_or_create(&store.store)?, now()).await?;
            anstream::eprintln!("{key} is in use again");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(store: &FolderStore) -> anyhow::Result<()> {
    let current = models::pointer(store).await?.map(|pointer| pointer.key);
    let mut keys = models::list(store).await?;
    keys.sort_by_key(|key| current.as_ref() != Some(key));
    if keys.is_empty() {
        anstream::eprintln!("no models: `weir train` writes one, `weir models promote` puts it here");
    }
    for key in keys {
        let mark = if current.as_ref() == Some(&key) { "*" } else { " " };
        match models::load(store, &key).await {
            Ok(model) => anstream::println!("{mark} {key}  {}", describe(&model)),
            Err(error) => anstream::println!("{mark} {key}  unusable: {error}"),
        }
    }
    Ok(())
}

fn describe(model: &Artifact) -> String {
    let summary = &model.summary;
    let at = |time: i64| format!("{} {}", utc_day(time), utc_clock(time));
    let names: Vec<_> = model.behaviour.kinds().map(EstimatorKind::name).collect();
    format!(
        "{} on {} windows of {} hosts from {} to {} UTC",
        names.join(", "),
        count(summary.rows),
        count(summary.entities),
        at(summary.from),
        at(summary.to)
    )
}
