//! `weir findings`: lists the findings of a store folder, with the current suppression rules applied.

use std::process::ExitCode;

use weir_detect::ocsf::DetectionFinding;
use weir_pipeline::keys::FINDINGS;
use weir_pipeline::{FolderStore, Store, suppressions};

use super::clock::now;
use super::{findings_output, suppressions as suppression_files};
use crate::arguments::Findings;
use crate::output;

pub(super) async fn run(arguments: Findings) -> anyhow::Result<ExitCode> {
    let folder = &arguments.store.store;
    if !folder.is_dir() {
        anyhow::bail!("{}: no such folder: give the store folder of `weir score`", folder.display());
    }
    let store = FolderStore::open_or_create(folder)?;
    let rules = match &arguments.suppressions {
        Some(path) => suppression_files::read(path)?,
        None => suppressions::load(&store).await?,
    };
    let (mut findings, mut unreadable) = (Vec::new(), false);
    for key in store.list(FINDINGS).await? {
        let Some(object) = store.get(&key).await? else { continue };
        match serde_json::from_slice::<DetectionFinding>(&object.bytes) {
            Ok(finding) => findings.push(rules.apply(finding, now())),
            Err(error) => {
                anstream::eprintln!("could not read {}: {}", output::escape(&key), output::escape(&error.to_string()));
                unreadable = true;
            }
        }
    }
    if findings.is_empty() {
        anstream::eprintln!("no findings in {}: `weir score` writes them", folder.display());
    }
    let shown = findings_output::select(findings, arguments.all);
    findings_output::write(&shown, arguments.format, arguments.output.as_deref(), arguments.all)?;
    Ok(if unreadable { ExitCode::from(2) } else { ExitCode::SUCCESS })
}
