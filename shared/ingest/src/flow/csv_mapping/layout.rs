//! Finds the position of each field in the rows of one file, from its header or the mapping.

use weir_domain::reject::RejectReason;

use super::field::{FIELDS, Field};
use super::mapping::Mapping;
use super::row::{Cells, Seen};
use super::split;

/// Where each field stands, from the header or the mapping's positions.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Layout {
    /// Per column, the field it holds; `None` for columns that are skipped.
    columns: Vec<Option<Field>>,
    width: Width,
}

/// How many cells a row has.
#[derive(Debug, PartialEq, Eq)]
enum Width {
    Exactly(usize),
    AtLeast(usize),
}

/// What the first line is.
pub(super) enum First {
    /// A line of empty cells.
    Empty,
    Header(Layout),
    Row(Layout),
}

impl Layout {
    /// The layout that the first line shows.
    ///
    /// # Errors
    /// Why the file is not one that the mapping describes.
    pub(super) fn from_first_line(mapping: &Mapping, line: &[u8]) -> Result<First, String> {
        let mut filled = false;
        let cells = split::cells(line, mapping.delimiter, |_, cell| filled |= !cell.is_empty());
        if cells.is_ok() && !filled {
            return Ok(First::Empty);
        }
        if let Some(layout) = Self::by_header(mapping, line)? {
            return Ok(First::Header(layout));
        }
        if let Some(layout) = Self::by_position(mapping) {
            return Ok(First::Row(layout));
        }
        let names: Vec<_> = mapping.read_columns().filter_map(|(_, c)| c.name.as_deref()).collect();
        Err(format!("the first line is no header, which would name {}", names.join(", ")))
    }

    /// The layout of a header; `None` for a line that holds none of the names.
    fn by_header(mapping: &Mapping, line: &[u8]) -> Result<Option<Self>, String> {
        let mut columns = Vec::new();
        let mut present = [false; FIELDS];
        let mut twice = None;
        let width = split::cells(line, mapping.delimiter, |_, cell| {
            let is_name = |name: &String| name.as_bytes().eq_ignore_ascii_case(cell);
            let field = mapping.read_columns().find(|(_, c)| c.name.as_ref().is_some_and(is_name));
            if let Some((field, column)) = field
                && std::mem::replace(&mut present[field as usize], true)
            {
                twice = Some(column);
            }
            columns.push(field.map(|(field, _)| field));
        });
        let Ok(width) = width else { return Ok(None) };
        if !present.contains(&true) {
            return Ok(None);
        }
        if let Some(column) = twice {
            return Err(format!("the header names {column} twice"));
        }
        let missing: Vec<_> = mapping
            .read_columns()
            .filter(|(field, _)| !present[*field as usize])
            .filter_map(|(_, column)| column.name.as_deref())
            .collect();
        if !missing.is_empty() {
            return Err(format!("the header names no {}", missing.join(", ")));
        }
        Ok(Some(Self { columns, width: Width::Exactly(width) }))
    }

    /// The layout of a file without a header, where the mapping has a position for every field.
    fn by_position(mapping: &Mapping) -> Option<Self> {
        let last = mapping.read_columns().map(|(_, column)| column.position).max()??;
        let mut columns = vec![None; last + 1];
        for (field, column) in mapping.read_columns() {
            columns[column.position?] = Some(field);
        }
        let width = mapping.width.map_or(Width::AtLeast(last + 1), Width::Exactly);
        Some(Self { columns, width })
    }

    /// Reads a line under this layout, which a header in the middle changes.
    pub(super) fn line<'a>(&mut self, mapping: &Mapping, line: &'a [u8]) -> Result<Seen<'a>, RejectReason> {
        let seen = self.cells(mapping, line).and_then(|cells| match cells {
            Some(cells) => mapping.row(&cells).map(Seen::Row),
            None => Ok(Seen::NoRow),
        });
        if seen.is_err()
            && let Ok(Some(again)) = Self::by_header(mapping, line)
        {
            *self = again;
            return Ok(Seen::NoRow);
        }
        seen
    }

    /// The cells of the fields that are read; `None` for a row of empty cells.
    fn cells<'a>(&self, mapping: &Mapping, line: &'a [u8]) -> Result<Option<Cells<'a>>, RejectReason> {
        let mut cells = Cells::default();
        let mut filled = false;
        let count = split::cells(line, mapping.delimiter, |at, cell| {
            filled |= !cell.is_empty();
            if let Some(Some(field)) = self.columns.get(at) {
                cells.set(*field, cell);
            }
        })?;
        let fits = match self.width {
            Width::Exactly(width) => count == width,
            Width::AtLeast(width) => count >= width,
        };
        match (filled, fits) {
            (false, _) => Ok(None),
            (true, true) => Ok(Some(cells)),
            (true, false) => Err(RejectReason::FieldCount),
        }
    }
}
