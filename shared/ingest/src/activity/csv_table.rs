//! Reads CSV tables by a schema and calls back for every row.

use std::io::Read;

use weir_domain::activity::{ActivityRow, ActivitySchema, ColumnRole};
use weir_domain::reject::{ReadSummary, RejectReason};

use super::row::{Cell, Content, RowMaker};
use crate::compression::ReadLimits;
use crate::delimited::{LineSplitter, column_names};
use crate::error::{ObjectName, Problem, ReadError};
use crate::text::{TextReader, without_mark};

/// Reads one CSV table, plain or compressed, and calls back for every row, in the order of the table.
///
/// Rows are lines: a quoted value that goes on over a line break is a reject, so that memory is bounded by the longest line
/// (64 KiB) whatever the object's size. Every line is accounted for in the summary: header, blank lines, records, or
/// rejects with line and reason. The header may stand again further down (concatenated files). An empty object has zero
/// rows.
///
/// # Errors
/// When the object as a whole cannot be read: damaged compression, a header without a column that the schema needs, more
/// text than the limit, more rejects than the limit; and when the schema [has faults](ActivitySchema::check). Rows called
/// back before that are to be thrown away.
pub fn read(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    schema: &ActivitySchema,
    mut each: impl FnMut(&ActivityRow<'_>),
) -> Result<ReadSummary, ReadError> {
    let mut text = TextReader::open(input, object, limits)?;
    let rows = RowMaker::new(schema).map_err(|problem| text.fail(problem))?;
    let mut lines = LineSplitter::new(u8::try_from(schema.delimiter).unwrap_or(b','));
    let mut columns = (!schema.header).then(|| Columns::by_position(schema));
    while let Some(line) = text.next()? {
        // Concatenated files have byte order marks further down as well.
        let line = without_mark(line);
        let Some(columns) = &columns else {
            match Columns::by_name(schema, line, &mut lines) {
                Ok(found) => columns = Some(found),
                Err(problem) => {
                    return Err(text.fail(Problem::NotThisFormat { format: "CSV table of this schema", problem }));
                }
            }
            text.summary.not_rows += 1;
            continue;
        };
        // Where all columns are text, a header would do as a row.
        if columns.header == line {
            text.summary.not_rows += 1;
            continue;
        }
        let made = lines.split(line).and_then(|fields| {
            if fields.len() != columns.width {
                return Err(RejectReason::FieldCount);
            }
            let cell = |at: usize| {
                let field = columns.places[at].and_then(|place| fields.get(place));
                field.map_or(Cell::Missing, |field| Cell::Holds(Content::Text(field)))
            };
            rows.make(cell, &mut each)
        });
        match made {
            Ok(()) => text.summary.records += 1,
            Err(reason) => {
                let row = line.to_vec();
                text.summary.reject(text.line(), reason, &row);
            }
        }
    }
    text.finish()
}

/// The positions of a schema's columns in the rows of a table.
struct Columns {
    /// By column of the schema; `None` for what the table lacks.
    places: Vec<Option<usize>>,
    width: usize,
    /// The header line; empty where there is none.
    header: Vec<u8>,
}

impl Columns {
    fn by_position(schema: &ActivitySchema) -> Self {
        let width = schema.columns.len();
        Self { places: (0..width).map(Some).collect(), width, header: Vec::new() }
    }

    fn by_name(schema: &ActivitySchema, line: &[u8], lines: &mut LineSplitter) -> Result<Self, String> {
        let fields = lines.split(line).map_err(|reason| format!("the header cannot be read: {reason}"))?;
        let names = column_names(fields);
        let places = places(schema, |name| names.iter().position(|n| n == name)).map_err(|missing| {
            format!("the header names no column {missing}: read the table by its own schema, or set header = false")
        })?;
        Ok(Self { places, width: names.len(), header: line.to_vec() })
    }
}

/// The positions of a schema's columns, or the names of required columns that are missing.
pub(super) fn places(
    schema: &ActivitySchema,
    find: impl Fn(&str) -> Option<usize>,
) -> Result<Vec<Option<usize>>, String> {
    let places: Vec<_> = schema.columns.iter().map(|column| find(&column.name)).collect();
    let missing = schema.columns.iter().zip(&places).filter(|(column, place)| {
        let may_lack = matches!(column.role, ColumnRole::Label | ColumnRole::Ignore);
        place.is_none() && !may_lack
    });
    let missing: Vec<_> = missing.map(|(column, _)| format!("{:?}", column.name)).collect();
    if missing.is_empty() { Ok(places) } else { Err(missing.join(", ")) }
}
