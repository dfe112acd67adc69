//! The notifier port on SNS.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use serde_json::json;
use weir_detect::ocsf::DetectionFinding;
use weir_pipeline::Notifier;
use weir_pipeline::notifier::NotifyError;

/// A topic. Subscribers get the OCSF finding as JSON, people who subscribed by email get the sentence.
///
/// Filter policies may use the message attributes `kind` (string), `severity` (number, 1 to 5) and `account` (string).
#[derive(Debug, Clone)]
pub struct SnsNotifier {
    client: Client,
    topic_arn: String,
}

impl SnsNotifier {
    /// A topic.
    #[must_use]
    pub fn new(config: &aws_config::SdkConfig, topic_arn: impl Into<String>) -> Self {
        Self { client: Client::new(config), topic_arn: topic_arn.into() }
    }
}

impl Notifier for SnsNotifier {
    fn channel(&self) -> &'static str {
        "sns"
    }

    async fn send(&self, finding: &DetectionFinding) -> Result<(), NotifyError> {
        let failed =
            |problem: String| NotifyError { channel: "sns".to_owned(), uid: finding.finding_info.uid.clone(), problem };
        let attribute = |data_type: &str, value: &str| {
            MessageAttributeValue::builder().data_type(data_type).string_value(value).build()
        };
        let ocsf = serde_json::to_string(finding).map_err(|e| failed(e.to_string()))?;
        let message = json!({ "default": ocsf, "email": text(finding) });
        self.client
            .publish()
            .topic_arn(&self.topic_arn)
            .subject(subject(finding))
            .message_structure("json")
            .message(message.to_string())
            .message_attributes("kind", attribute("String", finding.kind()).map_err(|e| failed(e.to_string()))?)
            .message_attributes(
                "severity",
                attribute("Number", &finding.severity_id.to_string()).map_err(|e| failed(e.to_string()))?,
            )
            .message_attributes(
                "account",
                attribute("String", &finding.cloud.account.uid).map_err(|e| failed(e.to_string()))?,
            )
            .send()
            .await
            .map_err(|e| failed(crate::errors::short(&e)))?;
        Ok(())
    }
}

/// What SNS takes as a subject: ASCII, at most 100 characters, no control characters.
fn subject(finding: &DetectionFinding) -> String {
    let subject = format!("[Weir] {}: {}", finding.severity, finding.finding_info.title);
    subject.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(100).collect()
}

fn text(finding: &DetectionFinding) -> String {
    format!(
        "{}\n\n{}\n\nSeverity: {}\nConfidence: {} %\nKind: {}\nAccount: {}\nRegion: {}\nFinding: {}\n",
        finding.finding_info.title,
        finding.message,
        finding.severity,
        finding.confidence_score,
        finding.kind(),
        finding.cloud.account.uid,
        finding.cloud.region,
        finding.finding_info.uid
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subjects_are_what_sns_takes() {
        let mut finding = DetectionFinding::test(0);
        finding.finding_info.title = format!("ü\n{}", "x".repeat(200));
        let subject = subject(&finding);
        assert!(subject.len() <= 100 && subject.is_ascii() && !subject.contains('\n'), "{subject}");
    }
}
