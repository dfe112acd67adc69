//! The settings of the function preprocess.

use weir_aws::envelope::MAX_EXPANDED;
use weir_aws::settings::{BadSettings, StateSettings, Variables};
use weir_domain::window::WindowLength;
use weir_ingest::flow::FlowOptions;
use weir_ingest::flow::vpc_flow_log::FieldOrder;
use weir_ingest::{Format, ReadLimits};
use weir_pipeline::preprocess::PreprocessOptions;

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// The location of the state.
    pub(crate) state: StateSettings,
    /// `WINDOW_MINUTES`: the length of windows, minutes. Default: 5.
    pub(crate) window_length: WindowLength,
    /// `SOURCE`: the format of raw logs, by the names of `weir --input-format`. Default: detected from the content of each.
    pub(crate) format: Option<Format>,
    /// `FLOW_LOG_FIELDS`: the fields of flow logs without a header line, as for `weir --fields`: `v2`, `tgw`, or names.
    /// Default: objects need a header line, and lines inside events are `v2`.
    pub(crate) fields: Option<FieldOrder>,
    /// `AWS_REGION`: the region of the function, and so of the lines of a subscription. Lambda sets it.
    pub(crate) region: Option<String>,
    /// `FLOW_USAGE`: whether traffic with cloud providers is counted, `on` or `off`. Default: on.
    pub(crate) flow_usage: bool,
}

impl Settings {
    /// Reads the settings through a lookup of environment variables.
    ///
    /// # Errors
    /// When variables are missing or invalid. The error has all of them.
    pub(crate) fn from_lookup(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadSettings> {
        let mut variables = Variables::new(lookup);
        let state = StateSettings::read(&mut variables);
        let window_length = variables.parsed_by("WINDOW_MINUTES", |minutes| {
            let length = minutes.parse().ok().and_then(|minutes| WindowLength::from_minutes(minutes).ok());
            length.ok_or_else(|| "use 5, 10, 15, 20, 30 or 60".to_owned())
        });
        let format = variables.parsed("SOURCE");
        let fields = variables.parsed("FLOW_LOG_FIELDS");
        let flow_usage = variables.parsed_by("FLOW_USAGE", |switch| match switch {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err("use on or off".to_owned()),
        });
        let region = variables.text("AWS_REGION");
        variables.finish(state.map(|state| Self {
            state,
            window_length: window_length.unwrap_or(WindowLength::FIVE_MINUTES),
            format,
            fields,
            region,
            flow_usage: flow_usage.unwrap_or(true),
        }))
    }

    /// The options for objects.
    pub(crate) fn object_options(&self) -> PreprocessOptions {
        PreprocessOptions {
            window_length: self.window_length,
            flow: FlowOptions { format: self.format, fields: self.fields.clone() },
            ..PreprocessOptions::default()
        }
    }

    /// The options for lines inside events: VPC Flow Logs in CloudWatch Logs have no header line, and mostly the default
    /// format.
    pub(crate) fn inline_options(&self) -> PreprocessOptions {
        let fields = Some(self.fields.clone().unwrap_or_else(FieldOrder::version_2));
        PreprocessOptions {
            flow: FlowOptions { format: self.format, fields },
            limits: ReadLimits { expanded_bytes: MAX_EXPANDED, ..ReadLimits::default() },
            ..self.object_options()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Settings, BadSettings> {
        let find = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        Settings::from_lookup(&find)
    }

    #[test]
    fn formats_and_fields_have_the_names_of_the_command_line() {
        let with = |variables: &[(&str, &str)]| {
            read(&[&[("STATE_BUCKET", "s"), ("AWS_REGION", "eu-west-1")], variables].concat())
        };
        let default = with(&[("SOURCE", ""), ("FLOW_LOG_FIELDS", " ")]).unwrap();
        assert_eq!((default.format, &default.fields, default.region.as_deref()), (None, &None, Some("eu-west-1")));
        assert_eq!((default.window_length, default.flow_usage), (WindowLength::FIVE_MINUTES, true));
        let set = with(&[("SOURCE", "zeek-conn"), ("FLOW_LOG_FIELDS", "tgw"), ("FLOW_USAGE", "off")]).unwrap();
        assert_eq!((set.format, set.flow_usage), (Some(Format::Zeek), false));
        assert_eq!(set.fields, Some(FieldOrder::transit_gateway()));
        let named = with(&[("FLOW_LOG_FIELDS", "${srcaddr} ${dstaddr} ${start}")]).unwrap();
        assert_eq!(named.fields, FieldOrder::parse("srcaddr dstaddr start").ok());
    }

    #[test]
    fn invalid_names_are_reported_with_valid_ones_and_all_other_faults() {
        let variables =
            [("SOURCE", "netflow"), ("FLOW_LOG_FIELDS", "srcaddr"), ("WINDOW_MINUTES", "7"), ("FLOW_USAGE", "no")];
        let bad = read(&variables).unwrap_err();
        assert_eq!(bad.faults.len(), 5, "{bad}");
        let source = bad.faults.iter().find(|fault| fault.starts_with("SOURCE is \"netflow\": ")).unwrap();
        for format in Format::ALL {
            assert!(source.contains(format.name()), "{source}");
        }
        assert!(bad.faults.iter().any(|fault| fault.contains("names no dstaddr, start")), "{bad}");
    }

    #[test]
    fn every_source_that_the_template_offers_is_valid() {
        let template = include_str!("../../../template.yaml");
        let source = template.split("\n  Source:\n").nth(1).unwrap();
        let values = source.split("AllowedValues: ['', ").nth(1).unwrap().split(']').next().unwrap();
        for name in values.split(", ") {
            let read = read(&[("STATE_BUCKET", "s"), ("SOURCE", name)]);
            assert_eq!(read.map(|s| s.format.map(Format::name)), Ok(Some(name)));
        }
    }
}
