//! Reads and writes schemas as TOML files that a person edits.

use std::fmt::Write;

use weir_domain::activity::{ActivitySchema, BadSchema, ColumnRole, ColumnSchema, MissingPolicy};

/// A schema file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadSchemaFile {
    /// No TOML, or TOML with other fields. The message names the line.
    #[error("the schema file cannot be read: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A schema with faults.
    #[error("the schema has faults: {0}")]
    Schema(#[from] BadSchema),
}

/// Reads a schema file.
///
/// # Errors
/// When it is no TOML, has fields that no schema has, or the schema [has faults](ActivitySchema::check).
pub fn parse_schema(text: &str) -> Result<ActivitySchema, BadSchemaFile> {
    let schema: ActivitySchema = toml::from_str(text)?;
    schema.check()?;
    Ok(schema)
}

/// A schema guessed from a sample, with the reason for each role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InferredSchema {
    /// The schema; it has no faults.
    pub schema: ActivitySchema,
    /// By column, the reason for its role.
    pub why: Vec<String>,
    /// Rows looked at.
    pub rows: u64,
}

const INTRODUCTION: &str = "\
# role     numeric, categorical: what models learn from. id: names the row (at most one). time: when it happened (at most
#          one). label: the truth, which no model sees. ignore: not read.
# missing  what becomes of a row without the value: drop-row; median (numeric, where nothing is said); most-frequent;
#          own-category (categorical, where nothing is said).
";

impl InferredSchema {
    /// The schema as a file, one column a line, each with a comment that gives the reason. [`parse_schema`] reads it
    /// back as the same schema.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let schema = &self.schema;
        let mut file =
            format!("# The schema of a table, guessed from {} rows. Edit it where it is wrong.\n", self.rows);
        file.push_str(INTRODUCTION);
        let missing = schema.missing_values.iter().map(|m| quoted(m)).collect::<Vec<_>>().join(", ");
        let delimiter = quoted(&schema.delimiter.to_string());
        let header = if schema.header { "the first line names the columns" } else { "the first line is a row" };
        // Writing to a string does not fail.
        let _ = writeln!(file, "header = {} # {header}", schema.header);
        let _ = writeln!(file, "delimiter = {delimiter}\nmissing_values = [{missing}]\ncolumns = [");
        let columns: Vec<_> = schema.columns.iter().map(column).collect();
        let width = columns.iter().map(|c| c.chars().count()).max().unwrap_or(0).min(MAX_PADDING);
        for (column, why) in columns.iter().zip(&self.why) {
            let _ = writeln!(file, "  {column:width$} # {why}");
        }
        file.push_str("]\n");
        file
    }
}

/// Columns up to this width are padded so that their comments stand below one another.
const MAX_PADDING: usize = 80;

fn column(column: &ColumnSchema) -> String {
    let role = match column.role {
        ColumnRole::Numeric => "numeric",
        ColumnRole::Categorical => "categorical",
        ColumnRole::Id => "id",
        ColumnRole::Time => "time",
        ColumnRole::Label => "label",
        ColumnRole::Ignore => "ignore",
    };
    let missing = match column.missing {
        None => "",
        Some(MissingPolicy::DropRow) => ", missing = \"drop-row\"",
        Some(MissingPolicy::Median) => ", missing = \"median\"",
        Some(MissingPolicy::MostFrequent) => ", missing = \"most-frequent\"",
        Some(MissingPolicy::OwnCategory) => ", missing = \"own-category\"",
    };
    format!("{{ name = {}, role = \"{role}\"{missing} }},", quoted(&column.name))
}

/// Text as a TOML string on one line.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
