//! `weir models`: lists, promotes and rolls back the models of a store, which the score function uses.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use weir_domain::window::{utc_clock, utc_day};
use weir_model::{EstimatorKind, FlowModel, LoginModel, ModelKind, TrainingSummary};
use weir_pipeline::{FolderStore, Store, models};

use super::clock::now;
use crate::arguments::{Models, ModelsVerb, Source};
use crate::output::count;

pub(super) async fn run(arguments: Models) -> anyhow::Result<ExitCode> {
    match arguments.verb {
        ModelsVerb::List(store) => list(&FolderStore::open_or_create(&store.store)?).await?,
        ModelsVerb::Promote { file, store } => {
            let key = promote(&FolderStore::open_or_create(&store.store)?, &file).await?;
            anstream::eprintln!("{key} is in use");
        }
        ModelsVerb::Rollback { store, source } => {
            let store = FolderStore::open_or_create(&store.store)?;
            let key = match source {
                Source::Flow => models::roll_back::<FlowModel>(&store, now()).await?,
                Source::Login => models::roll_back::<LoginModel>(&store, now()).await?,
                Source::Activity | Source::Usage => {
                    bail!("stores have no models of tables or usage: use --source flow or login")
                }
            };
            anstream::eprintln!("{key} is in use again");
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn promote(store: &FolderStore, path: &Path) -> anyhow::Result<String> {
    let file = std::fs::read(path).with_context(|| format!("{}", path.display()))?;
    let name = || format!("{}", path.display());
    Ok(if ModelKind::from_bytes(&file) == Some(ModelKind::Login) {
        let model = LoginModel::decode(&file).with_context(name)?;
        models::promote(store, &model.without_known(), now()).await?
    } else {
        models::promote(store, &FlowModel::decode(&file).with_context(name)?, now()).await?
    })
}

async fn list(store: &FolderStore) -> anyhow::Result<()> {
    let current = [models::pointer::<FlowModel>(store).await?, models::pointer::<LoginModel>(store).await?];
    let is_current = |key: &str| current.iter().flatten().any(|pointer| pointer.key == key);
    let mut keys = models::list(store).await?;
    keys.sort_by_key(|key| !is_current(key));
    if keys.is_empty() {
        anstream::eprintln!("no models: train one with `weir train` and add it with `weir models promote`");
    }
    for key in keys {
        let mark = if is_current(&key) { "*" } else { " " };
        match describe(store, &key).await {
            Ok(model) => anstream::println!("{mark} {key}  {model}"),
            Err(error) => anstream::println!("{mark} {key}  unusable: {error:#}"),
        }
    }
    Ok(())
}

async fn describe(store: &FolderStore, key: &str) -> anyhow::Result<String> {
    let file = store.get(key).await?.context("the file no longer exists")?.bytes;
    Ok(if ModelKind::from_bytes(&file) == Some(ModelKind::Login) {
        let model = LoginModel::decode(&file)?;
        let labels = match model.labelled_attacks {
            Some(attacks) => format!(", {} of them labelled as attacks,", count(attacks)),
            None => String::new(),
        };
        let (logins, users) = (count(model.summary.rows), count(model.summary.entities));
        format!("on {logins} logins of {users} users{labels} {}", training_period(&model.summary))
    } else {
        let model = FlowModel::decode(&file)?;
        let names: Vec<_> = model.behaviour.kinds().map(EstimatorKind::name).collect();
        let (windows, hosts) = (count(model.summary.rows), count(model.summary.entities));
        format!("{} on {windows} windows of {hosts} hosts {}", names.join(", "), training_period(&model.summary))
    })
}

fn training_period(summary: &TrainingSummary) -> String {
    let at = |time: i64| format!("{} {}", utc_day(time), utc_clock(time));
    format!("from {} to {} UTC", at(summary.from), at(summary.to))
}
