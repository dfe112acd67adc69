//! Writes metrics as log lines in `CloudWatch` Embedded Metric Format: one JSON object per line of standard output.

use std::io::Write;

use serde_json::json;
use weir_detect::ocsf::DetectionFinding;

/// A metric: the number of findings sent, suppressed by a rule or an expected actor, or beyond the alert limit.
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

/// The line of one finding. The only dimensions are kind and severity, because every further one multiplies the cost of the
/// metrics.
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

/// Writes a line. Errors are ignored, because the finding was sent already.
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
