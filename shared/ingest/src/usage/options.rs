//! How the measurements of an object are written, as far as its user says so.

/// How measurements are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shape {
    /// CSV, one measurement a line.
    Long,
    /// CSV, one series a column.
    Wide,
    /// One JSON object a line.
    JsonLines,
}

/// What is known of a form beforehand. By default nothing: all is recognised.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UsageOptions {
    /// How measurements are written.
    pub shape: Option<Shape>,
    /// The column of the time.
    pub time: Option<String>,
    /// The column of the value.
    pub value: Option<String>,
    /// The column that names the metric.
    pub metric: Option<String>,
    /// The column of the truth.
    pub label: Option<String>,
    /// The columns that tell the series apart. By default, in the long form and in JSON, all that are nothing else (in JSON
    /// without a value only texts), and in the wide form none.
    pub keys: Option<Vec<String>>,
}
