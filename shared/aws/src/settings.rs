//! What the environment says, read once before the first event.

use std::fmt::Display;
use std::str::FromStr;

use jiff::tz::TimeZone;
use weir_domain::window::WindowLength;
use weir_ingest::flow::FlowOptions;
use weir_ingest::flow::vpc_flow_log::FieldOrder;
use weir_ingest::{Format, ReadLimits};
use weir_pipeline::preprocess::PreprocessOptions;

use crate::envelope::MAX_EXPANDED;

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
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// `STATE_BUCKET`: where everything is kept. Required.
    pub state_bucket: String,
    /// `WINDOW_MINUTES`: the length of windows. Default 5; used by preprocess.
    pub window_length: WindowLength,
    /// `SOURCE`: the format that raw logs are read as, by the names of `weir --input-format`. By default the content of each
    /// shows it. Used by preprocess.
    pub format: Option<Format>,
    /// `FLOW_LOG_FIELDS`: the fields of flow logs that come without a header line, as for `weir --fields`: `v2`, `tgw`, or
    /// names. By default objects need a header line, and lines inside events are read as `v2`. Used by preprocess.
    pub fields: Option<FieldOrder>,
    /// `AWS_REGION`: where the function runs; Lambda sets it. Whose logs a subscription's lines are. Used by preprocess.
    pub region: String,
    /// `FLOW_USAGE`: whether flow logs tell the use of providers, `on` or `off`. Default on; used by preprocess.
    pub flow_usage: bool,
    /// `USAGE_TIME_ZONE`: by whose clock hours of day and week of usage are told, a name of the IANA database. Default UTC; used
    /// by score.
    pub usage_zone: TimeZone,
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
        let (format, fields) = match function {
            Function::Preprocess => {
                (optional("SOURCE", &lookup, &mut faults), optional("FLOW_LOG_FIELDS", &lookup, &mut faults))
            }
            Function::Score | Function::Publish => (None, None),
        };
        let flow_usage = match (function, lookup("FLOW_USAGE").as_deref()) {
            (Function::Preprocess, None | Some("on")) => true,
            (Function::Preprocess, Some("off")) | (Function::Score | Function::Publish, _) => false,
            (Function::Preprocess, Some(other)) => {
                faults.push(format!("FLOW_USAGE is {other:?}: use on or off"));
                false
            }
        };
        let zone = lookup("USAGE_TIME_ZONE").filter(|_| function == Function::Score);
        let zone = zone.unwrap_or_else(|| "UTC".to_owned());
        let usage_zone = TimeZone::get(zone.trim()).unwrap_or_else(|_| {
            faults.push(format!(
                "USAGE_TIME_ZONE is {zone:?}: use a name of the IANA database, such as UTC or Europe/Berlin"
            ));
            TimeZone::UTC
        });
        let region = lookup("AWS_REGION").unwrap_or_default();
        let metrics_namespace = lookup("METRICS_NAMESPACE").unwrap_or_else(|| "Weir".to_owned());
        let local_s3 = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].iter().any(|name| lookup(name).is_some());
        let settings = Self {
            state_bucket,
            window_length,
            format,
            fields,
            region,
            flow_usage,
            usage_zone,
            topic_arn,
            metrics_namespace,
            local_s3,
        };
        if faults.is_empty() { Ok(settings) } else { Err(BadSettings { faults }) }
    }
}

impl Settings {
    /// How objects are read.
    #[must_use]
    pub fn preprocess_options(&self) -> PreprocessOptions {
        PreprocessOptions {
            window_length: self.window_length,
            flow: FlowOptions { format: self.format, fields: self.fields.clone() },
            ..PreprocessOptions::default()
        }
    }

    /// How lines inside events are read: VPC Flow Logs in CloudWatch Logs have no header line, and mostly the default format.
    #[must_use]
    pub fn inline_options(&self) -> PreprocessOptions {
        let fields = Some(self.fields.clone().unwrap_or_else(FieldOrder::version_2));
        PreprocessOptions {
            flow: FlowOptions { format: self.format, fields },
            limits: ReadLimits { expanded_bytes: MAX_EXPANDED, ..ReadLimits::default() },
            ..self.preprocess_options()
        }
    }
}

/// A variable that need not be set, read by the parser of what it holds.
fn optional<T: FromStr<Err: Display>>(
    name: &str,
    lookup: &impl Fn(&str) -> Option<String>,
    faults: &mut Vec<String>,
) -> Option<T> {
    let text = lookup(name)?;
    match text.trim().parse() {
        Ok(value) => Some(value),
        Err(e) => {
            faults.push(format!("{name} is {text:?}: {e}"));
            None
        }
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
    fn how_logs_are_read_is_named_as_on_the_command_line() {
        let with = |variables: &[(&str, &str)]| {
            read(Function::Preprocess, &[&[("STATE_BUCKET", "s"), ("AWS_REGION", "eu-west-1")], variables].concat())
        };
        let default = with(&[("SOURCE", ""), ("FLOW_LOG_FIELDS", " ")]).unwrap();
        assert_eq!((default.format, &default.fields, default.region.as_str()), (None, &None, "eu-west-1"));
        let set = with(&[("SOURCE", "zeek-conn"), ("FLOW_LOG_FIELDS", "tgw")]).unwrap();
        assert_eq!((set.format, set.fields), (Some(Format::Zeek), Some(FieldOrder::transit_gateway())));
        let named = with(&[("FLOW_LOG_FIELDS", "${srcaddr} ${dstaddr} ${start}")]).unwrap();
        assert_eq!(named.fields, FieldOrder::parse("srcaddr dstaddr start").ok());
    }

    #[test]
    fn a_bad_name_is_reported_with_the_known_ones_and_with_all_other_faults() {
        let variables = [("SOURCE", "netflow"), ("FLOW_LOG_FIELDS", "srcaddr"), ("WINDOW_MINUTES", "7")];
        let bad = read(Function::Preprocess, &variables).unwrap_err();
        assert_eq!(bad.faults.len(), 4, "{bad}");
        let source = bad.faults.iter().find(|fault| fault.starts_with("SOURCE is \"netflow\": ")).unwrap();
        for format in Format::ALL {
            assert!(source.contains(format.name()), "{source}");
        }
        assert!(bad.faults.iter().any(|fault| fault.contains("names no dstaddr, start")), "{bad}");
        assert!(read(Function::Score, &[("STATE_BUCKET", "s"), ("SOURCE", "netflow")]).is_ok(), "it reads no logs");
    }

    #[test]
    fn usage_has_a_switch_and_a_clock() {
        let state = ("STATE_BUCKET", "s");
        assert!(read(Function::Preprocess, &[state]).unwrap().flow_usage);
        assert!(!read(Function::Preprocess, &[state, ("FLOW_USAGE", "off")]).unwrap().flow_usage);
        assert!(read(Function::Preprocess, &[state, ("FLOW_USAGE", "no")]).is_err());
        let zone = |name| read(Function::Score, &[state, ("USAGE_TIME_ZONE", name)]).map(|s| s.usage_zone);
        assert_eq!(zone("Europe/Berlin").unwrap().iana_name(), Some("Europe/Berlin"));
        assert_eq!(zone("").unwrap(), TimeZone::UTC);
        assert!(zone("Nowhere/Town").is_err());
    }

    #[test]
    fn every_source_that_the_template_offers_is_known() {
        let template = include_str!("../../../template.yaml");
        let source = template.split("\n  Source:\n").nth(1).unwrap();
        let values = source.split("AllowedValues: ['', ").nth(1).unwrap().split(']').next().unwrap();
        for name in values.split(", ") {
            let read = read(Function::Preprocess, &[("STATE_BUCKET", "s"), ("SOURCE", name)]);
            assert_eq!(read.map(|s| s.format.map(Format::name)), Ok(Some(name)));
        }
    }

    #[test]
    fn an_endpoint_makes_s3_local() {
        let local = [("STATE_BUCKET", "s"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")];
        assert!(read(Function::Score, &local).unwrap().local_s3);
    }
}
