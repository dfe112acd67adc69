//! `weir publish`: what the publish function does, with standard output as the channel.

use std::io::Write;
use std::process::ExitCode;

use weir_detect::message::count;
use weir_detect::ocsf::DetectionFinding;
use weir_pipeline::keys::FINDINGS;
use weir_pipeline::notifier::NotifyError;
use weir_pipeline::publish::Published;
use weir_pipeline::{FolderStore, Notifier, Store, publish};

use crate::arguments::Publish;

pub(super) async fn run(arguments: Publish) -> anyhow::Result<ExitCode> {
    if arguments.test {
        StandardOutput.send(&DetectionFinding::test(super::now())).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let store = FolderStore::open_or_create(&arguments.store.store)?;
    let (mut sent, mut before) = (0, 0);
    for key in store.list(FINDINGS).await? {
        match publish(&store, &StandardOutput, &key, super::now()).await? {
            Published::Sent(_) => sent += 1,
            Published::Before => before += 1,
            Published::NotAnAlert | Published::Missing => {}
        }
    }
    anstream::eprintln!("{} findings sent, {} sent before", count(sent), count(before));
    Ok(ExitCode::SUCCESS)
}

/// One OCSF object a line.
struct StandardOutput;

impl Notifier for StandardOutput {
    fn channel(&self) -> &'static str {
        "stdout"
    }

    async fn send(&self, finding: &DetectionFinding) -> Result<(), NotifyError> {
        let failed = |problem: String| NotifyError {
            channel: "stdout".to_owned(),
            uid: finding.finding_info.uid.clone(),
            problem,
        };
        let line = serde_json::to_string(finding).map_err(|e| failed(e.to_string()))?;
        writeln!(std::io::stdout(), "{line}").map_err(|e| failed(e.to_string()))
    }
}
