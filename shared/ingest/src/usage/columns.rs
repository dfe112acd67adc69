//! Assigns roles to the columns of usage by their names.

use super::options::UsageOptions;

/// What a column may be, beside a key or a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Time,
    Value,
    Metric,
    Label,
}

impl Part {
    /// The names it goes by, in letters and digits, the most certain first.
    fn names(self) -> &'static [&'static str] {
        match self {
            Self::Time => {
                &["timestamp", "time", "datetime", "date", "ts", "start", "starttime", "period", "hour", "day"]
            }
            Self::Value => &["value", "val", "usage", "amount", "quantity"],
            Self::Metric => &["metric", "metricname", "measure"],
            Self::Label => &["label", "labels", "isanomaly", "anomaly", "groundtruth"],
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Value => "value",
            Self::Metric => "metric",
            Self::Label => "label",
        }
    }

    fn chosen_name(self, options: &UsageOptions) -> Option<&str> {
        match self {
            Self::Time => options.time.as_deref(),
            Self::Value => options.value.as_deref(),
            Self::Metric => options.metric.as_deref(),
            Self::Label => options.label.as_deref(),
        }
    }

    /// The place of this part among the names: by the options, else by its own names.
    pub(super) fn find<'n>(
        self,
        names: &(impl Iterator<Item = &'n str> + Clone),
        options: &UsageOptions,
    ) -> Result<Option<usize>, String> {
        if let Some(chosen) = self.chosen_name(options) {
            let found = names.clone().position(|name| name == chosen);
            return found
                .map(Some)
                .ok_or_else(|| format!("no column is called {chosen:?}, which was to be the {}", self.word()));
        }
        Ok(self.names().iter().find_map(|own| names.clone().position(|name| same(name, own))))
    }
}

/// The problem of a header without a time.
pub(super) fn no_time() -> String {
    let names = Part::Time.names().join(", ");
    format!("the first line names no time (one of {names}): name it so, or say which column it is")
}

/// Whether two names are equal, except for case and what stands between their words.
fn same(name: &str, own: &str) -> bool {
    let letters = name.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_lowercase());
    letters.eq(own.bytes())
}
