//! `weir publish`: what the publish function does, with standard output as the channel.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::ExitCode;

use weir_detect::ocsf::DetectionFinding;
use weir_domain::text::count;
use weir_pipeline::keys::FINDINGS;
use weir_pipeline::notifier::{NotifyError, Sending};
use weir_pipeline::publish::Published;
use weir_pipeline::{FolderStore, Notifier, Store, publish, suppressions};

use crate::arguments::Publish;

pub(super) async fn run(arguments: Publish) -> anyhow::Result<ExitCode> {
    if arguments.test {
        StandardOutput.send(&DetectionFinding::test(super::now())).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let store = FolderStore::open_or_create(&arguments.store.store)?;
    // The function would send all the same; here somebody is there to mend the file.
    let rules = suppressions::load(&store).await?;
    let (mut sent, mut before, mut suppressed, mut throttled) = (0, 0, 0, 0);
    let mut seen = BTreeSet::new();
    // Twice, since summaries are written while findings are held back, and so are not among those listed at first.
    for _ in 0..2 {
        for key in store.list(FINDINGS).await? {
            if !seen.insert(key.clone()) {
                continue;
            }
            match publish(&store, &[&StandardOutput], &rules, &key, super::now()).await? {
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
        quiet(throttled, "held back now by the alert limit")
    );
    Ok(ExitCode::SUCCESS)
}

/// One OCSF object a line.
struct StandardOutput;

impl Notifier for StandardOutput {
    fn channel(&self) -> &'static str {
        "stdout"
    }

    fn send<'a>(&'a self, finding: &'a DetectionFinding) -> Sending<'a> {
        let failed = |problem: String| NotifyError {
            channel: "stdout".to_owned(),
            uid: finding.finding_info.uid.clone(),
            problem,
        };
        let written = serde_json::to_string(finding)
            .map_err(|e| e.to_string())
            .and_then(|line| writeln!(std::io::stdout(), "{line}").map_err(|e| e.to_string()));
        Box::pin(std::future::ready(written.map_err(failed)))
    }
}
