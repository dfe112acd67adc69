//! The header line: which column holds which field.

use super::row::{FIELDS, Field};
use crate::error::Problem;

/// The most columns a header may have; version 11 and Transit Gateway formats together have fewer than 80 fields.
const MOST_COLUMNS: usize = 256;

/// Where each field stands in a row.
pub(super) struct Header {
    /// Per column, the field it holds; `None` for columns that are skipped.
    pub(super) columns: Vec<Option<Field>>,
    /// Per field, whether there is a column for it.
    pub(super) present: [bool; FIELDS],
}

impl Header {
    /// Reads a header line.
    pub(super) fn parse(line: &[u8]) -> Result<Self, Problem> {
        let mut header = Self { columns: Vec::new(), present: [false; FIELDS] };
        let mut known = 0;
        for name in line.split(|&b| b == b' ').filter(|name| !name.is_empty()) {
            if header.columns.len() == MOST_COLUMNS || !is_name(name) {
                return Err(Problem::NoHeader);
            }
            let field = Field::from_name(name);
            if let Some(field) = field {
                if std::mem::replace(&mut header.present[field as usize], true) {
                    return Err(Problem::RepeatedField { field: field.name() });
                }
                known += 1;
            }
            header.columns.push(field);
        }
        // Two known names tell a header with a forgotten field from something else altogether.
        if known < 2 {
            return Err(Problem::NoHeader);
        }
        let missing: Vec<_> = [Field::SrcAddr, Field::DstAddr, Field::Start]
            .into_iter()
            .filter(|&f| !header.has(f))
            .map(Field::name)
            .collect();
        if missing.is_empty() { Ok(header) } else { Err(Problem::MissingField { missing: missing.join(", ") }) }
    }

    pub(super) fn has(&self, field: Field) -> bool {
        self.present[field as usize]
    }
}

/// Field names are letters, digits, dashes and underscores, and begin with a letter.
fn is_name(name: &[u8]) -> bool {
    name[0].is_ascii_alphabetic() && name.iter().all(|&b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
