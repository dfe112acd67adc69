//! What the environment says, read once before the first event.

use weir_domain::window::WindowLength;

/// Which function the settings are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// Raw objects to batches.
    Preprocess,
    /// Batches to findings.
    Score,
    /// Findings to the topic.
    Publish,
}

/// The settings of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `STATE_BUCKET`: where everything is kept. Required.
    pub state_bucket: String,
    /// `WINDOW_MINUTES`: the length of windows. Default 5; used by preprocess.
    pub window_length: WindowLength,
    /// `TOPIC_ARN`: where findings are sent. Required by publish.
    pub topic_arn: String,
    /// `METRICS_NAMESPACE`: of the metrics that publish writes. Default `Weir`.
    pub metrics_namespace: String,
    /// Whether the endpoint of S3 was set (`AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`): a local server, which wants
    /// the bucket in the path.
    pub local_s3: bool,
}

/// Everything that is wrong with the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment is not set up: {}", .faults.join("; "))]
pub struct BadSettings {
    /// One line per variable.
    pub faults: Vec<String>,
}

impl Settings {
    /// Reads the settings of a function through a lookup, which is `std::env::var` in the binaries.
    ///
    /// # Errors
    /// When variables are missing or make no sense: all of them at once.
    pub fn from_lookup(function: Function, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, BadSettings> {
        let mut faults = Vec::new();
        let lookup = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let mut required = |name: &str, what: &str| {
            lookup(name).unwrap_or_else(|| {
                faults.push(format!("{name} is not set: {what}"));
                String::new()
            })
        };
        let state_bucket = required("STATE_BUCKET", "the bucket that keeps batches, incidents and findings");
        let topic_arn = match function {
            Function::Publish => required("TOPIC_ARN", "the topic that findings are sent to"),
            Function::Preprocess | Function::Score => String::new(),
        };
        let minutes = lookup("WINDOW_MINUTES").unwrap_or_else(|| "5".to_owned());
        let window_length = minutes.parse().ok().and_then(|minutes| WindowLength::from_minutes(minutes).ok());
        let window_length = window_length.unwrap_or_else(|| {
            faults.push(format!("WINDOW_MINUTES is {minutes:?}: use 5, 10, 15, 20, 30 or 60"));
            WindowLength::FIVE_MINUTES
        });
        let metrics_namespace = lookup("METRICS_NAMESPACE").unwrap_or_else(|| "Weir".to_owned());
        let local_s3 = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].iter().any(|name| lookup(name).is_some());
        let settings = Self { state_bucket, window_length, topic_arn, metrics_namespace, local_s3 };
        if faults.is_empty() { Ok(settings) } else { Err(BadSettings { faults }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(function: Function, variables: &[(&str, &str)]) -> Result<Settings, BadSettings> {
        Settings::from_lookup(function, |name| {
            variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn defaults_and_what_is_required() {
        let settings = read(Function::Score, &[("STATE_BUCKET", "s")]).unwrap();
        assert_eq!((settings.window_length, settings.local_s3), (WindowLength::FIVE_MINUTES, false));
        assert_eq!(settings.metrics_namespace, "Weir");
        assert!(read(Function::Publish, &[("STATE_BUCKET", "s")]).is_err());
        assert!(read(Function::Publish, &[("STATE_BUCKET", "s"), ("TOPIC_ARN", "t")]).is_ok());
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let bad = read(Function::Publish, &[("STATE_BUCKET", " "), ("WINDOW_MINUTES", "seven")]).unwrap_err();
        assert_eq!(bad.faults.len(), 3, "{bad}");
    }

    #[test]
    fn an_endpoint_makes_s3_local() {
        let local = [("STATE_BUCKET", "s"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")];
        assert!(read(Function::Score, &local).unwrap().local_s3);
    }
}
