//! What `weir detect` does with findings, whatever their source: rules and limits, output, and the exit code.

use std::process::ExitCode;

use weir_detect::limit::{AlertLimits, limit};
use weir_detect::ocsf::DetectionFinding;
use weir_detect::suppression::Suppressions;
use weir_domain::finding::Severity;

use super::listing;
use crate::arguments::Detect;

/// Shows findings as the arguments ask for, with counts of those that rules suppress and the alert limit throttles.
pub(super) fn report(
    findings: Vec<DetectionFinding>,
    arguments: &Detect,
    (suppressions, limits): (&Suppressions, AlertLimits),
    now: i64,
    unreadable: bool,
) -> anyhow::Result<ExitCode> {
    if findings.is_empty() {
        anstream::eprintln!("nothing out of the ordinary was found");
    }
    let mut findings: Vec<_> = findings.into_iter().map(|finding| suppressions.apply(finding, now)).collect();
    if !arguments.no_limit {
        findings = limit(findings, limits, now);
    }
    let code = exit_code(&findings, arguments, unreadable);
    let shown = listing::choose(findings, arguments.all);
    listing::write(&shown, arguments.format, arguments.output.as_deref(), arguments.all)?;
    Ok(code)
}

/// 2 where some of the input could not be read, 1 where something is as severe as `--fail-on` says and not suppressed.
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
