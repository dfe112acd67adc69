//! `weir publish`: sends the findings of a store folder to standard output, as the publish function sends them to SNS.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::ExitCode;

use weir_detect::ocsf::DetectionFinding;
use weir_pipeline::keys::FINDINGS;
use weir_pipeline::notifier::{NotifyError, Sending};
use weir_pipeline::publish::Published;
use weir_pipeline::{FolderStore, Notifier, Store, publish, suppressions};

use super::clock::now;
use crate::arguments::Publish;
use crate::output::count;

pub(super) async fn run(arguments: Publish) -> anyhow::Result<ExitCode> {
    if arguments.test {
        StandardOutput.send(&DetectionFinding::test(now())).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let store = FolderStore::open_or_create(&arguments.store.store)?;
    // Unreadable rules are an error here, since the user can fix the file. The function sends without them.
    let rules = suppressions::load(&store).await?;
    let (mut sent, mut before, mut suppressed, mut throttled) = (0, 0, 0, 0);
    let mut seen = BTreeSet::new();
    // A second pass publishes the summaries that the first pass wrote for findings above the alert limit.
    for _ in 0..2 {
        for key in store.list(FINDINGS).await? {
            if !seen.insert(key.clone()) {
                continue;
            }
            match publish(&store, &[&StandardOutput], &rules, &key, now()).await? {
                Published::Sent { .. } => sent += 1,
                Published::Before => before += 1,
                Published::Suppressed(_) => suppressed += 1,
                Published::Throttled(_) => throttled += 1,
                Published::NotAnAlert | Published::Missing => {}
            }
        }
    }
    let quiet = |n: u64, what: &str| if n == 0 { String::new() } else { format!(", {} {what}", count(n)) };
    anstream::eprintln!(
        "{} findings sent, {} sent before{}{}",
        count(sent),
        count(before),
        quiet(suppressed, "suppressed now"),
        quiet(throttled, "throttled now by the alert limit")
    );
    Ok(ExitCode::SUCCESS)
}

/// The channel of `weir publish`: one OCSF object per line.
struct StandardOutput;

impl Notifier for StandardOutput {
    fn channel(&self) -> &'static str {
        "stdout"
    }

    fn send<'a>(&'a self, finding: &'a DetectionFinding) -> Sending<'a> {
        Box::pin(async move {
            let failed = |problem: String| NotifyError {
                channel: "stdout".to_owned(),
                uid: finding.finding_info.uid.clone(),
                problem,
            };
            let line = serde_json::to_string(finding).map_err(|e| failed(e.to_string()))?;
            writeln!(std::io::stdout(), "{line}").map_err(|e| failed(e.to_string()))
        })
    }
}
