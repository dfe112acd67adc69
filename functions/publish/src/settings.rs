//! The settings of the function publish.

use weir_aws::settings::{BadSettings, StateSettings, Variables};

/// The settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// The location of the state.
    pub(crate) state: StateSettings,
    /// `TOPIC_ARN`: the SNS topic of alerts. Required.
    pub(crate) topic_arn: String,
    /// `METRICS_NAMESPACE`: the CloudWatch namespace of the metrics. Default: `Weir`.
    pub(crate) metrics_namespace: String,
}

impl Settings {
    /// Reads the settings through a lookup of environment variables.
    ///
    /// # Errors
    /// When variables are missing. The error has all of them.
    pub(crate) fn from_lookup(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadSettings> {
        let mut variables = Variables::new(lookup);
        let state = StateSettings::read(&mut variables);
        let topic_arn = variables.required("TOPIC_ARN", "the topic that findings are sent to");
        let metrics_namespace = variables.text("METRICS_NAMESPACE").unwrap_or_else(|| "Weir".to_owned());
        let settings = state.zip(topic_arn);
        variables.finish(settings.map(|(state, topic_arn)| Self { state, topic_arn, metrics_namespace }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bucket_and_topic_are_required_and_both_are_reported() {
        let faults = Settings::from_lookup(&|_| None).unwrap_err().faults;
        assert_eq!(faults.len(), 2, "{faults:?}");
        let settings = Settings::from_lookup(&|name| (!name.starts_with("AWS")).then(|| name.to_lowercase())).unwrap();
        assert_eq!((&*settings.state.bucket, &*settings.topic_arn), ("state_bucket", "topic_arn"));
        let only_required = |name: &str| ["STATE_BUCKET", "TOPIC_ARN"].contains(&name).then(|| "x".to_owned());
        assert_eq!(Settings::from_lookup(&only_required).unwrap().metrics_namespace, "Weir");
    }
}
