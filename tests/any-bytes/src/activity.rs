//! Tables of activity.

use std::ops::Range;

use weir_domain::activity::{ActivityRow, ActivitySchema, ColumnRole, MissingPolicy, Value};
use weir_ingest::ReadError;
use weir_ingest::activity::{self, InferredSchema, SAMPLE_ROWS};

use crate::reading::{
    Drip, LIMITS, check_doubled, check_error, check_lines, check_rows, doubled, is_compressed, name, parts, twice,
};

/// Seconds from 1975 to 2099.
const TIMES: Range<i64> = 157_766_400..4_102_444_800;

/// What every row must be.
fn check_row(schema: &ActivitySchema, row: &ActivityRow<'_>) {
    assert_eq!(row.values.len(), schema.features().count(), "{row:?}");
    assert_eq!(row.labels.len(), schema.labels().count(), "{row:?}");
    for (value, column) in row.values.iter().zip(schema.features()) {
        let fits = match value {
            Value::Number(number) => column.role == ColumnRole::Numeric && number.is_finite(),
            Value::Text(text) => {
                column.role == ColumnRole::Categorical && !text.is_empty() && text.trim_ascii() == *text
            }
            Value::Missing => column.missing_policy() != Some(MissingPolicy::DropRow),
        };
        assert!(fits, "{value:?} in {column:?}");
    }
    assert!(row.time.is_none_or(|time| TIMES.contains(&time)), "{row:?}");
    assert!(!row.id.chars().any(char::is_control), "{row:?}");
}

/// What every schema that was guessed must be: without faults, with reasons, and read back as it is written.
fn check_inferred(inferred: &InferredSchema) {
    assert_eq!(inferred.schema.check(), Ok(()));
    assert_eq!(inferred.why.len(), inferred.schema.columns.len());
    assert!(0 < inferred.rows && inferred.rows <= SAMPLE_ROWS as u64 + 1);
    check_written(inferred);
}

fn check_written(inferred: &InferredSchema) {
    let file = inferred.to_toml();
    match activity::parse_schema(&file) {
        Ok(schema) => assert_eq!(schema, inferred.schema),
        Err(error) => panic!("what is written is not read back: {error}\n{file}"),
    }
}

/// The same columns, in other roles: numbers as words, words as numbers, and no value missing.
fn other_roles(schema: &ActivitySchema) -> ActivitySchema {
    let mut other = schema.clone();
    for column in &mut other.columns {
        column.role = match column.role {
            ColumnRole::Numeric => ColumnRole::Categorical,
            ColumnRole::Categorical => ColumnRole::Numeric,
            role => role,
        };
        column.missing = Some(MissingPolicy::DropRow).filter(|_| column.role != ColumnRole::Ignore);
    }
    other
}

fn same(
    bytes: &[u8],
    first: Result<InferredSchema, ReadError>,
    again: Result<InferredSchema, ReadError>,
) -> Option<InferredSchema> {
    match (first, again) {
        (Ok(first), Ok(again)) => {
            assert_eq!(first, again, "the guess depends on the pieces");
            check_inferred(&first);
            Some(first)
        }
        // How much of a damaged stream is expanded before the damage shows depends on the pieces.
        (Err(first), Err(again)) if is_compressed(bytes) => {
            check_error(&first);
            check_error(&again);
            None
        }
        (Err(first), Err(again)) => {
            assert_eq!(first.to_string(), again.to_string(), "the error depends on the pieces");
            check_error(&first);
            None
        }
        (first, again) => panic!("guessed at once {first:?}, in pieces {again:?}"),
    }
}

fn read_csv(bytes: &[u8], schema: &ActivitySchema) {
    let read = twice(bytes, |input, called| {
        activity::read(input, &name(), LIMITS, schema, |row| {
            check_row(schema, row);
            called.with(row);
        })
    });
    if let Ok((summary, times)) = read {
        check_lines(bytes, &summary);
        assert_eq!((times, summary.no_data, summary.skip_data), (summary.records, 0, 0));
        if let Some(text) = doubled(bytes) {
            check_doubled(&summary, activity::read(&text[..], &name(), LIMITS, schema, |_| {}));
        }
    }
}

/// A CSV table: its schema is guessed, and it is read by it.
pub(crate) fn csv(bytes: &[u8]) {
    let first = activity::infer(bytes, &name(), LIMITS, SAMPLE_ROWS);
    let again = activity::infer(Drip::new(bytes), &name(), LIMITS, SAMPLE_ROWS);
    if let Some(inferred) = same(bytes, first, again) {
        read_csv(bytes, &inferred.schema);
        read_csv(bytes, &other_roles(&inferred.schema));
    }
}

/// A schema file, and behind a line of three dashes a table that it describes.
pub(crate) fn schema_file(bytes: &[u8]) {
    let (file, table) = parts(bytes);
    let Ok(file) = str::from_utf8(file) else { return };
    match activity::parse_schema(file) {
        Ok(schema) => {
            assert_eq!(schema.check(), Ok(()));
            read_csv(table, &schema);
            let why = vec![String::new(); schema.columns.len()];
            check_written(&InferredSchema { schema, why, rows: 1 });
        }
        Err(error) => assert!(error.to_string().starts_with("the schema")),
    }
}

/// A Parquet table: its schema is guessed, and it is read by it.
pub(crate) fn parquet(bytes: &[u8]) {
    let first = activity::infer_parquet(bytes, &name(), LIMITS, SAMPLE_ROWS);
    let again = activity::infer_parquet(Drip::new(bytes), &name(), LIMITS, SAMPLE_ROWS);
    let Some(inferred) = same(bytes, first, again) else { return };
    for schema in [&inferred.schema, &other_roles(&inferred.schema)] {
        let read = twice(bytes, |input, called| {
            activity::read_parquet(input, &name(), LIMITS, schema, |row| {
                check_row(schema, row);
                called.with(row);
            })
        });
        if let Ok((summary, times)) = read {
            check_rows(&summary);
            assert_eq!((times, summary.not_rows, summary.no_data, summary.skip_data), (summary.records, 0, 0, 0));
            assert!(summary.rows() <= LIMITS.expanded_bytes, "more rows than the limit lets pass");
        }
    }
}
