//! Reads settings from environment variables, and reports all faults at once.
//!
//! Each function reads its settings through [`Variables`]; [`StateSettings`] are common to all functions.

use std::fmt::Display;
use std::str::FromStr;

/// All faults of the environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the environment is not set up: {}", .faults.join("; "))]
pub struct BadSettings {
    /// One fault per variable.
    pub faults: Vec<String>,
}

/// Environment variables and the faults found so far. A blank variable counts as not set.
pub struct Variables<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    faults: Vec<String>,
}

impl<'a> Variables<'a> {
    /// Variables from a lookup, which is `std::env::var` in the binaries.
    #[must_use]
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, faults: Vec::new() }
    }

    /// The text of a variable; `None` if it is not set.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.trim().is_empty())
    }

    /// The text of a required variable; `what` describes it in the error.
    pub fn required(&mut self, name: &str, what: &str) -> Option<String> {
        let text = self.text(name);
        if text.is_none() {
            self.faults.push(format!("{name} is not set: {what}"));
        }
        text
    }

    /// The value of a variable, by the parser of its type; `None` if it is not set.
    pub fn parsed<T: FromStr<Err: Display>>(&mut self, name: &str) -> Option<T> {
        self.parsed_by(name, |text| text.parse().map_err(|e: T::Err| e.to_string()))
    }

    /// The value of a variable, by a parser whose error names valid values; `None` if it is not set.
    pub fn parsed_by<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(name)?;
        match parse(text.trim()) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.faults.push(format!("{name} is {text:?}: {problem}"));
                None
            }
        }
    }

    /// Returns the settings, which are `None` only if a required variable is not set.
    ///
    /// # Errors
    /// All faults, if there are any.
    pub fn finish<S>(self, settings: Option<S>) -> Result<S, BadSettings> {
        match settings {
            Some(settings) if self.faults.is_empty() => Ok(settings),
            _ => Err(BadSettings { faults: self.faults }),
        }
    }
}

/// The settings common to all functions: the location of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateSettings {
    /// `STATE_BUCKET`: the bucket of batches, incidents and findings. Required.
    pub bucket: String,
    /// Whether an S3 endpoint is set (`AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`). It is a local server that needs the bucket
    /// in the path.
    pub local_s3: bool,
}

impl StateSettings {
    /// Reads the common settings; `None` if the bucket is not set.
    pub fn read(variables: &mut Variables<'_>) -> Option<Self> {
        let bucket = variables.required("STATE_BUCKET", "the bucket that keeps batches, incidents and findings");
        let local_s3 = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"].iter().any(|name| variables.text(name).is_some());
        Some(Self { bucket: bucket?, local_s3 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T>(set: &[(&str, &str)], read: impl FnOnce(&mut Variables<'_>) -> Option<T>) -> Result<T, BadSettings> {
        let lookup = |name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        let mut variables = Variables::new(&lookup);
        let settings = read(&mut variables);
        variables.finish(settings)
    }

    #[test]
    fn every_fault_is_reported_at_once() {
        let bad = read(&[("STATE_BUCKET", " "), ("A", "seven"), ("B", "x")], |variables| {
            let state = StateSettings::read(variables);
            let a: Option<u32> = variables.parsed("A");
            let b: Option<()> = variables.parsed_by("B", |_| Err("use on or off".to_owned()));
            Some((state?, a, b))
        });
        let faults = bad.unwrap_err().faults;
        assert_eq!(faults.len(), 3, "{faults:?}");
        assert!(faults[0].starts_with("STATE_BUCKET is not set: "), "{faults:?}");
        assert_eq!(faults[2], "B is \"x\": use on or off");
    }

    #[test]
    fn blank_variables_are_not_set_and_faults_fail_whole_settings() {
        assert_eq!(read(&[("A", "")], |variables| Some(variables.parsed::<u32>("A"))), Ok(None));
        assert_eq!(read(&[("A", " 7 ")], |variables| Some(variables.parsed::<u32>("A"))), Ok(Some(7)));
        assert!(read(&[("A", "x")], |variables| Some(variables.parsed::<u32>("A").unwrap_or(7))).is_err());
    }

    #[test]
    fn an_endpoint_makes_s3_local() {
        let local = [("STATE_BUCKET", "s"), ("AWS_ENDPOINT_URL", "http://127.0.0.1:5000")];
        assert_eq!(read(&local, StateSettings::read), Ok(StateSettings { bucket: "s".to_owned(), local_s3: true }));
        assert!(!read(&local[..1], StateSettings::read).unwrap().local_s3);
    }
}
