//! Converts the cells of a table row to an [`ActivityRow`], by the schema.

use weir_domain::activity::{ActivityRow, ActivitySchema, ColumnRole, MissingPolicy, Value};
use weir_domain::reject::RejectReason;

use super::number;
use crate::error::Problem;
use crate::time;

/// One cell of a table.
#[derive(Clone, Copy)]
pub(super) enum Cell<'a> {
    /// The table has no such column, or a null.
    Missing,
    /// Longer than the longest line that is read.
    TooLong,
    /// A value to be read by the schema; it may still stand for a missing one.
    Holds(Content<'a>),
}

/// What a cell holds.
#[derive(Clone, Copy)]
pub(super) enum Content<'a> {
    /// A number, in tables that have numbers.
    Number(f64),
    /// Text.
    Text(&'a [u8]),
}

/// Converts cells to rows by one schema.
pub(super) struct RowMaker<'s> {
    schema: &'s ActivitySchema,
    features: usize,
    labels: usize,
    nan_is_missing: bool,
}

impl<'s> RowMaker<'s> {
    /// Fails for a schema with faults.
    pub(super) fn new(schema: &'s ActivitySchema) -> Result<Self, Problem> {
        let faults = schema.check().map_err(|faults| faults.to_string());
        faults.map_err(|problem| Problem::NotThisFormat { format: "usable schema", problem })?;
        let nan_is_missing = schema.missing_values.iter().any(|m| m == "NaN");
        Ok(Self { schema, features: schema.features().count(), labels: schema.labels().count(), nan_is_missing })
    }

    /// Makes one row of its cells, given by the place of their column in the schema, and hands it on.
    pub(super) fn make<'a>(
        &self,
        cell: impl Fn(usize) -> Cell<'a>,
        each: &mut impl FnMut(&ActivityRow<'_>),
    ) -> Result<(), RejectReason> {
        let mut values = Vec::with_capacity(self.features);
        let mut labels = Vec::with_capacity(self.labels);
        let (mut time, mut id) = (None, "");
        for (at, column) in self.schema.columns.iter().enumerate() {
            if column.role == ColumnRole::Ignore {
                continue;
            }
            let content = self.content(cell(at))?;
            if content.is_none() && column.missing == Some(MissingPolicy::DropRow) {
                return Err(RejectReason::MissingValue);
            }
            match column.role {
                ColumnRole::Numeric => values.push(content.map_or(Ok(Value::Missing), numeric)?),
                ColumnRole::Categorical => values.push(content.map_or(Ok(Value::Missing), category)?),
                ColumnRole::Time => time = content.map(seconds).transpose()?,
                ColumnRole::Id => id = content.map_or(Ok(""), identifier)?,
                ColumnRole::Label => labels.push(content.map_or(Ok(""), word)?),
                ColumnRole::Ignore => {}
            }
        }
        each(&ActivityRow { values: &values, time, id, labels: &labels });
        Ok(())
    }

    /// What a cell holds, text stripped of blanks; `None` when its value is missing.
    fn content<'a>(&self, cell: Cell<'a>) -> Result<Option<Content<'a>>, RejectReason> {
        match cell {
            Cell::Missing => Ok(None),
            Cell::TooLong => Err(RejectReason::LineTooLong),
            Cell::Holds(Content::Number(number)) => {
                Ok((!number.is_nan() || !self.nan_is_missing).then_some(Content::Number(number)))
            }
            Cell::Holds(Content::Text(text)) => {
                let text = text.trim_ascii();
                let missing = text.is_empty() || self.schema.missing_values.iter().any(|m| m.as_bytes() == text);
                Ok((!missing).then_some(Content::Text(text)))
            }
        }
    }
}

fn numeric(content: Content<'_>) -> Result<Value<'_>, RejectReason> {
    let number = match content {
        Content::Number(number) => Some(number),
        Content::Text(text) => number::finite(text),
    };
    number.filter(|n| n.is_finite()).map(Value::Number).ok_or(RejectReason::BadNumber)
}

fn category(content: Content<'_>) -> Result<Value<'_>, RejectReason> {
    word(content).map(Value::Text)
}

fn seconds(content: Content<'_>) -> Result<i64, RejectReason> {
    let seconds = match content {
        Content::Number(number) => time::from_number(number),
        Content::Text(text) => time::from_text(text),
    };
    seconds.ok_or(RejectReason::BadTime)
}

fn identifier(content: Content<'_>) -> Result<&str, RejectReason> {
    let id = word(content).map_err(|_| RejectReason::BadIdentifier)?;
    if id.chars().any(char::is_control) { Err(RejectReason::BadIdentifier) } else { Ok(id) }
}

/// Text as it is. Readers of tables that have numbers give those of such columns as text.
fn word(content: Content<'_>) -> Result<&str, RejectReason> {
    match content {
        Content::Text(text) => str::from_utf8(text).map_err(|_| RejectReason::BadWord),
        Content::Number(_) => Err(RejectReason::BadWord),
    }
}
