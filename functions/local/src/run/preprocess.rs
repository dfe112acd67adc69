//! `weir preprocess`: aggregates log files into batches in a store folder, as the preprocess function does for a bucket.

use std::process::ExitCode;
use std::sync::Arc;

use weir_pipeline::FolderStore;
use weir_pipeline::usage::from_flows::address_ranges;

use super::flow_logs::read_all_logs;
use crate::arguments::Preprocess;

pub(super) async fn run(arguments: Preprocess) -> anyhow::Result<ExitCode> {
    let store = Arc::new(FolderStore::open_or_create(&arguments.store.store)?);
    let ranges = address_ranges::load(store.as_ref()).await?;
    let read = read_all_logs(&arguments.logs, ranges, store).await?;
    read.print(arguments.logs.window);
    Ok(ExitCode::from(if read.unreadable.is_empty() { 0 } else { 2 }))
}
