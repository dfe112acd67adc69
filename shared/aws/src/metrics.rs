//! Metrics as log lines: `CloudWatch` Embedded Metric Format, one JSON object on one line of standard output.

use std::io::Write;

use serde_json::json;
use weir_detect::ocsf::DetectionFinding;

/// The line of one published finding. Dimensions are kind and severity only: every further dimension multiplies what
/// the metrics cost.
#[must_use]
pub fn finding_line(namespace: &str, finding: &DetectionFinding, now: i64) -> String {
    json!({
        "_aws": {
            "Timestamp": now,
            "CloudWatchMetrics": [{
                "Namespace": namespace,
                "Dimensions": [["kind", "severity"]],
                "Metrics": [{ "Name": "Findings", "Unit": "Count" }],
            }],
        },
        "kind": finding.kind(),
        "severity": finding.severity,
        "Findings": 1,
        "uid": finding.finding_info.uid,
    })
    .to_string()
}

/// Writes the line. A metric that cannot be written is not worth failing a finding that was sent.
pub(crate) fn emit(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_with_two_dimensions() {
        let line = finding_line("Weir", &DetectionFinding::test(7), 7);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert!(!line.contains('\n'));
        let metric = &value["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(metric["Dimensions"], json!([["kind", "severity"]]));
        for name in ["kind", "severity", "Findings"] {
            assert!(!value[name].is_null(), "{name} must be in the line for its metric to be read");
        }
    }
}
