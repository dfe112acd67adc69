//! Selects the findings to show, reports how many are not shown and why, and writes them to a file or standard output.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Context;
use weir_detect::ocsf::DetectionFinding;

use crate::arguments::OutputFormat;
use crate::output::{self, count};

/// The most reasons that are listed.
const MAX_REASONS: usize = 5;

/// The findings to show, most severe first, then by time. Prints on standard error how many findings are not alerts, and why.
pub(super) fn select(mut findings: Vec<DetectionFinding>, all: bool) -> Vec<DetectionFinding> {
    findings.sort_by_cached_key(|f| (std::cmp::Reverse(f.severity_id), f.time, f.finding_info.uid.clone()));
    if let Some(summary) = summary(&findings) {
        let more = if all { "" } else { "; --all shows them" };
        anstream::eprintln!("{}{more}", output::escape(&summary));
    }
    findings.retain(|f| all || f.is_alert);
    findings
}

/// `12 findings, 3 suppressed (2 by "our scanner", 1 by "a test"), 4 throttled by the alert limit`; `None` if all are alerts.
fn summary(findings: &[DetectionFinding]) -> Option<String> {
    let quiet = findings.iter().filter(|f| !f.is_alert).count();
    if quiet == 0 {
        return None;
    }
    let summaries = findings.iter().filter(|f| f.entity().is_none()).count();
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in findings.iter().filter(|f| f.is_suppressed()) {
        *reasons.entry(finding.comment.as_deref().unwrap_or("no reason given")).or_default() += 1;
    }
    let suppressed: u64 = reasons.values().sum();
    let throttled = findings.iter().filter(|f| f.is_throttled()).count() as u64;
    let mut parts = vec![format!("{} findings", count((findings.len() - summaries) as u64))];
    if suppressed > 0 {
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(why, n)| (std::cmp::Reverse(*n), *why));
        let listed: Vec<_> =
            reasons.iter().take(MAX_REASONS).map(|(why, n)| format!("{} by \"{why}\"", count(*n))).collect();
        let rest = if reasons.len() > MAX_REASONS { ", …" } else { "" };
        parts.push(format!("{} suppressed ({}{rest})", count(suppressed), listed.join(", ")));
    }
    if throttled > 0 {
        parts.push(format!("{} throttled by the alert limit", count(throttled)));
    }
    let closed = quiet as u64 - suppressed - throttled;
    if closed > 0 {
        parts.push(format!("{} closed", count(closed)));
    }
    Some(parts.join(", "))
}

/// Writes findings to a file or to standard output.
pub(super) fn write(
    findings: &[DetectionFinding],
    format: OutputFormat,
    path: Option<&Path>,
    all: bool,
) -> anyhow::Result<()> {
    let mut out: Box<dyn Write> = match path {
        Some(path) => {
            Box::new(BufWriter::new(File::create(path).with_context(|| format!("writing {}", path.display()))?))
        }
        None => Box::new(anstream::stdout().lock()),
    };
    match output::write(&mut out, format, findings, all).and_then(|()| out.flush()) {
        // The reader has closed the pipe: `weir detect … | head`.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.context("writing the findings"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_that_are_not_shown_are_counted_by_reason() {
        let finding = DetectionFinding::test(7);
        let suppressed = |why| finding.clone().suppressed("suppression rule 1", why);
        let mut findings = vec![finding.clone(); 2];
        assert_eq!(summary(&findings), None);
        findings.extend([suppressed("a"), suppressed("b"), suppressed("b"), finding.clone().throttled("enough")]);
        findings.push(DetectionFinding { status_id: 4, is_alert: false, ..finding.clone() });
        assert_eq!(
            summary(&findings).as_deref(),
            Some("7 findings, 3 suppressed (2 by \"b\", 1 by \"a\"), 1 throttled by the alert limit, 1 closed")
        );
    }
}
