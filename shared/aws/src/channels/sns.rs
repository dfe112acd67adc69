//! The SNS channel: publishes alerts to a topic.

use aws_sdk_sns::Client;
use aws_sdk_sns::types::MessageAttributeValue;
use serde_json::json;
use weir_detect::ocsf::DetectionFinding;
use weir_pipeline::Notifier;
use weir_pipeline::notifier::{NotifyError, Sending};

/// An SNS topic. Subscribers get the OCSF finding as JSON, email subscribers its message as text.
///
/// Filter policies may use the message attributes `kind` (string), `severity` (number, 1 to 5) and `account` (string).
#[derive(Debug, Clone)]
pub struct SnsChannel {
    client: Client,
    topic_arn: String,
}

impl SnsChannel {
    /// The channel of a topic.
    #[must_use]
    pub fn new(config: &aws_config::SdkConfig, topic_arn: impl Into<String>) -> Self {
        Self { client: Client::new(config), topic_arn: topic_arn.into() }
    }

    async fn publish(&self, finding: &DetectionFinding) -> Result<(), String> {
        let attribute = |data_type: &str, value: &str| {
            let attribute = MessageAttributeValue::builder().data_type(data_type).string_value(value).build();
            attribute.map_err(|e| e.to_string())
        };
        let ocsf = serde_json::to_string(finding).map_err(|e| e.to_string())?;
        let message = json!({ "default": ocsf, "email": text(finding) });
        let published = self
            .client
            .publish()
            .topic_arn(&self.topic_arn)
            .subject(subject(finding))
            .message_structure("json")
            .message(message.to_string())
            .message_attributes("kind", attribute("String", finding.kind())?)
            .message_attributes("severity", attribute("Number", &finding.severity_id.to_string())?)
            .message_attributes("account", attribute("String", &finding.cloud.account.uid)?)
            .send()
            .await;
        published.map(|_| ()).map_err(|e| crate::sdk_errors::short(&e))
    }
}

impl Notifier for SnsChannel {
    fn channel(&self) -> &'static str {
        "sns"
    }

    fn send<'a>(&'a self, finding: &'a DetectionFinding) -> Sending<'a> {
        Box::pin(async move {
            let sent = self.publish(finding).await;
            sent.map_err(|problem| NotifyError {
                channel: self.channel().to_owned(),
                uid: finding.finding_info.uid.clone(),
                problem,
            })
        })
    }
}

/// The subject within the limits of SNS: ASCII, at most 100 characters, no control characters.
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
    fn subjects_are_within_the_limits_of_sns() {
        let mut finding = DetectionFinding::test(0);
        finding.finding_info.title = format!("ü\n{}", "x".repeat(200));
        let subject = subject(&finding);
        assert!(subject.len() <= 100 && subject.is_ascii() && !subject.contains('\n'), "{subject}");
    }
}
