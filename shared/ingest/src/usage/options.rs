//! The options that describe how measurements are written.

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

/// How an object is read. By default all is recognised from its first line.
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
    /// The columns that identify the series. By default, in the long form and in JSON, all columns without another role (in
    /// JSON without a value only texts), and in the wide form none.
    pub keys: Option<Vec<String>>,
}
