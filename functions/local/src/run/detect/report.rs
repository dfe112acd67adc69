//! What `weir detect` does with findings of any source: suppression, alert limits, output and exit code.

use std::process::ExitCode;

use weir_detect::limit::{AlertLimits, limit};
use weir_detect::ocsf::DetectionFinding;
use weir_detect::suppression::Suppressions;
use weir_domain::finding::Severity;

use crate::arguments::Detect;
use crate::run::findings_output;

/// Applies suppressions and alert limits to findings, writes those that remain and reports how many do not.
pub(super) fn report(
    findings: Vec<DetectionFinding>,
    arguments: &Detect,
    (suppressions, limits): (&Suppressions, AlertLimits),
    now: i64,
    unreadable: bool,
) -> anyhow::Result<ExitCode> {
    if findings.is_empty() {
        anstream::eprintln!("no anomalies found");
    }
    let mut findings: Vec<_> = findings.into_iter().map(|finding| suppressions.apply(finding, now)).collect();
    if !arguments.no_limit {
        findings = limit(findings, limits, now);
    }
    let code = exit_code(&findings, arguments, unreadable);
    let shown = findings_output::select(findings, arguments.all);
    findings_output::write(&shown, arguments.format, arguments.output.as_deref(), arguments.all)?;
    Ok(code)
}

/// 2 if some of the input could not be read, 1 if an unsuppressed finding reaches the severity of `--fail-on`, else 0.
pub(super) fn exit_code(findings: &[DetectionFinding], arguments: &Detect, unreadable: bool) -> ExitCode {
    let worst = findings.iter().filter(|f| !f.is_suppressed()).map(|f| f.severity_id).max().unwrap_or(0);
    if unreadable {
        ExitCode::from(2)
    } else if arguments.fail_on.is_some_and(|limit| worst >= Severity::from(limit).id()) {
        ExitCode::from(1)
    } else {
        ExitCode::SUCCESS
    }
}
