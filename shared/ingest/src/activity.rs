//! Reads CSV and Parquet tables by a schema that gives each column a role.
//!
//! | role of the column | what a value may be | no value |
//! |---|---|---|
//! | `numeric` | a finite number: `3`, `-0.5`, `1e9` | missing, unless the schema has `drop-row` |
//! | `categorical` | any text | the same |
//! | `id` | text without control characters | empty |
//! | `time` | RFC 3339, `YYYY-MM-DD HH:MM[:SS]` (UTC), seconds or milliseconds since the epoch; 1975 to 2099 | none |
//! | `label` | any text | empty |
//! | `ignore` | not read | |
//!
//! Blanks around a value are not part of it. The empty value, and what the schema lists (`-`, `NA`, `NaN`, `null` unless
//! it lists others), is a missing value and is passed on as such. Whoever fits a model learns the median or the most frequent
//! value that replaces it. Only `drop-row` is applied here.
//!
//! [`infer()`] proposes a schema for a table that has none, [`InferredSchema::to_toml`] writes it for a person to edit, and
//! [`parse_schema`] reads what the person made of it. Schemas of some public tables are [shipped](shipped_schemas).
//!
//! ```
//! use weir_domain::activity::Value;
//! use weir_ingest::{ObjectName, ReadLimits, activity};
//!
//! let schema = activity::parse_schema(
//!     r#"columns = [{ name = "user", role = "id" }, { name = "bytes", role = "numeric" }, { name = "via", role = "categorical" }]"#,
//! )?;
//! let table = b"via,user,bytes\nssh,ann,120\n-,bob,7\n";
//! let mut rows = Vec::new();
//! activity::read(&table[..], &ObjectName::new("example.csv"), ReadLimits::default(), &schema, |row| {
//!     rows.push((row.id.to_owned(), row.values[0] == Value::Number(7.0), row.values[1] == Value::Missing));
//! })?;
//! assert_eq!(rows, [("ann".to_owned(), false, false), ("bob".to_owned(), true, true)]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod csv_table;
mod row;

pub(crate) mod number;

mod infer;
mod parquet_table;
mod schema_file;
mod shipped;

pub use csv_table::read;
pub use infer::{SAMPLE_ROWS, infer, infer_parquet};
pub use parquet_table::read_parquet;
pub use schema_file::{BadSchemaFile, InferredSchema, parse_schema};
pub use shipped::shipped_schemas;

#[cfg(test)]
mod tests;
