//! Metrics as log lines: `CloudWatch` Embedded Metric Format, one JSON object on one line of standard output.

use std::io::Write;

use serde_json::json;
use weir_detect::ocsf::DetectionFinding;

/// What is counted: findings that were sent, those that a rule or an expected actor keeps from being sent, and those that are
/// beyond the alert limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// `Findings`.
    Sent,
    /// `SuppressedFindings`.
    Suppressed,
    /// `HeldBackFindings`.
    Throttled,
}

impl Metric {
    fn name(self) -> &'static str {
        match self {
            Self::Sent => "Findings",
            Self::Suppressed => "SuppressedFindings",
            Self::Throttled => "HeldBackFindings",
        }
    }
}

/// The line of one finding. Dimensions are kind and severity only: every further dimension multiplies what
/// the metrics cost.
#[must_use]
pub fn finding_line(namespace: &str, metric: Metric, finding: &DetectionFinding, now: i64) -> String {
    json!({
        "_aws": {
            "Timestamp": now,
            "CloudWatchMetrics": [{
                "Namespace": namespace,
                "Dimensions": [["kind", "severity"]],
                "Metrics": [{ "Name": metric.name(), "Unit": "Count" }],
            }],
        },
        "kind": finding.kind(),
        "severity": finding.severity,
        metric.name(): 1,
        "uid": finding.finding_info.uid,
    })
    .to_string()
}

/// Writes the line. A metric that cannot be written is not worth failing a finding that was sent.
pub fn emit(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_with_two_dimensions() {
        for metric in [Metric::Sent, Metric::Suppressed, Metric::Throttled] {
            let line = finding_line("Weir", metric, &DetectionFinding::test(7), 7);
            let value: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert!(!line.contains('\n'));
            let directive = &value["_aws"]["CloudWatchMetrics"][0];
            assert_eq!(directive["Dimensions"], json!([["kind", "severity"]]));
            assert_eq!(directive["Metrics"][0]["Name"], metric.name());
            for name in ["kind", "severity", metric.name()] {
                assert!(!value[name].is_null(), "{name} must be in the line for its metric to be read");
            }
        }
    }
}
