//! The settings of the function score.

use jiff::tz::TimeZone;
use weir_aws::settings::{BadSettings, StateSettings, Variables};

/// The settings.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// The location of the state.
    pub(crate) state: StateSettings,
    /// `USAGE_TIME_ZONE`: the time zone of the hours of the day and week of usage, a name of the IANA database. Default: UTC.
    pub(crate) usage_zone: TimeZone,
}

impl Settings {
    /// Reads the settings through a lookup of environment variables.
    ///
    /// # Errors
    /// When variables are missing or invalid. The error has all of them.
    pub(crate) fn from_lookup(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadSettings> {
        let mut variables = Variables::new(lookup);
        let state = StateSettings::read(&mut variables);
        let zone = variables.parsed_by("USAGE_TIME_ZONE", |name| {
            TimeZone::get(name).map_err(|_| "use a name of the IANA database, such as UTC or Europe/Berlin".to_owned())
        });
        let usage_zone = zone.unwrap_or(TimeZone::UTC);
        variables.finish(state.map(|state| Self { state, usage_zone }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_zone_of_usage_is_utc_unless_named() {
        let read = |zone: &'static str| {
            Settings::from_lookup(&|name: &str| match name {
                "STATE_BUCKET" => Some("s".to_owned()),
                "USAGE_TIME_ZONE" => Some(zone.to_owned()),
                _ => None,
            })
        };
        assert_eq!(read("Europe/Berlin").unwrap().usage_zone.iana_name(), Some("Europe/Berlin"));
        assert_eq!(read("").unwrap().usage_zone, TimeZone::UTC);
        assert!(read("Nowhere/Town").unwrap_err().to_string().contains("use a name of the IANA database"));
        assert!(Settings::from_lookup(&|_| None).is_err());
    }
}
