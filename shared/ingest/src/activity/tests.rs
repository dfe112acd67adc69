mod csv_table;
mod infer;
mod parquet_table;
mod shared_data;

use weir_domain::activity::{ActivityRow, ActivitySchema, ColumnRole, ColumnSchema, Value};
use weir_domain::reject::ReadSummary;

use crate::compression::ReadLimits;
use crate::error::{ObjectName, ReadError};

/// What a test compares of a row: values in short, time, id, labels.
type Seen = (Vec<String>, Option<i64>, String, Vec<String>);

fn seen(row: &ActivityRow<'_>) -> Seen {
    let value = |value: &Value<'_>| match value {
        Value::Number(number) => number.to_string(),
        Value::Text(text) => (*text).to_owned(),
        Value::Missing => "?".to_owned(),
    };
    let labels = row.labels.iter().map(ToString::to_string).collect();
    (row.values.iter().map(value).collect(), row.time, row.id.to_owned(), labels)
}

fn values(seen: &[Seen]) -> Vec<String> {
    seen.iter().map(|s| s.0.join(" ")).collect()
}

fn read_as(bytes: &[u8], schema: &ActivitySchema, limits: ReadLimits) -> Result<(ReadSummary, Vec<Seen>), ReadError> {
    let mut rows = Vec::new();
    let summary = super::read(bytes, &ObjectName::new("test.csv"), limits, schema, |row| rows.push(seen(row)))?;
    Ok((summary, rows))
}

/// Limits under which a test may reject as many rows as it likes.
fn lenient() -> ReadLimits {
    ReadLimits { expanded_bytes: 32 << 20, rejected_share: 1.0 }
}

fn schema(columns: &[(&str, ColumnRole)]) -> ActivitySchema {
    ActivitySchema::new(columns.iter().map(|(name, role)| ColumnSchema::new(*name, *role)).collect())
}
