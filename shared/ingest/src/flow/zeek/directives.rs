//! Reads the directives of a tab-separated log, and splits the rows that follow them.

use std::borrow::Cow;

use memchr::memmem;
use weir_domain::reject::RejectReason;

use super::cell::Cell;
use super::field::{CONN_LOG_ONLY, Cells, FIELDS, Field, REQUIRED};

/// The most columns a log may have; Zeek's have some twenty, with all packages some sixty.
const MAX_COLUMNS: usize = 256;

/// The longest separator or mark; Zeek's have one to seven bytes.
const MAX_MARK_LEN: usize = 32;

/// What is wrong with a line.
pub(super) enum Fault {
    /// This row cannot be read.
    Row(RejectReason),
    /// The object is something else.
    Object(String),
}

impl From<RejectReason> for Fault {
    fn from(reason: RejectReason) -> Self {
        Self::Row(reason)
    }
}

/// How the rows that follow the directives are written.
pub(super) struct Directives {
    separator: Vec<u8>,
    unset: Vec<u8>,
    empty: Vec<u8>,
    columns: Columns,
}

enum Columns {
    /// No `#fields` yet.
    Unknown,
    /// The last directives are those of another log: the rows are rejects.
    Foreign,
    /// Per column, the field it holds; `None` for columns that are skipped.
    Named(Vec<Option<Field>>),
}

impl Default for Directives {
    /// What Zeek writes unless it is configured otherwise.
    fn default() -> Self {
        Self { separator: b"\t".to_vec(), unset: b"-".to_vec(), empty: b"(empty)".to_vec(), columns: Columns::Unknown }
    }
}

impl Directives {
    /// Reads a line that begins with `#`; those that do not concern rows are skipped. One that cannot be read is an error at
    /// the beginning; further down, the rows that follow become rejects.
    pub(super) fn take(&mut self, line: &[u8]) -> Result<(), String> {
        match (self.read(line), &self.columns) {
            (Err(problem), Columns::Unknown) => return Err(problem),
            (Err(_), _) => self.columns = Columns::Foreign,
            (Ok(()), _) => {}
        }
        Ok(())
    }

    fn read(&mut self, line: &[u8]) -> Result<(), String> {
        // The separator is named before there is one.
        if let Some(escaped) = line.strip_prefix(b"#separator ") {
            let separator = unescape(escaped);
            if separator.is_empty() || separator.len() > MAX_MARK_LEN {
                return Err("the #separator is empty or too long".to_owned());
            }
            self.separator = separator;
            return Ok(());
        }
        let (name, rest) = match memmem::find(line, &self.separator) {
            Some(at) => (&line[..at], &line[at + self.separator.len()..]),
            None => (line, &b""[..]),
        };
        match name {
            b"#unset_field" if rest.len() <= MAX_MARK_LEN => self.unset = rest.to_vec(),
            b"#empty_field" if rest.len() <= MAX_MARK_LEN => self.empty = rest.to_vec(),
            b"#fields" => self.columns = Columns::Named(columns(rest, &self.separator)?),
            _ => {}
        }
        Ok(())
    }

    /// The cells of a row.
    pub(super) fn cells<'a>(&self, line: &'a [u8]) -> Result<Cells<'a>, Fault> {
        let columns = match &self.columns {
            Columns::Unknown => return Err(Fault::Object("a row comes before any #fields".to_owned())),
            Columns::Foreign => return Err(RejectReason::BadStructure.into()),
            Columns::Named(columns) => columns,
        };
        let mut cells = Cells::default();
        let mut columns = columns.iter();
        for cell in split(line, &self.separator) {
            match columns.next() {
                Some(Some(field)) if cell != self.unset && cell != self.empty => {
                    cells.set(*field, Cell::Text(Cow::Borrowed(cell)));
                }
                Some(_) => {}
                None => return Err(RejectReason::FieldCount.into()),
            }
        }
        if columns.next().is_some() { Err(RejectReason::FieldCount.into()) } else { Ok(cells) }
    }
}

/// Which column holds which field.
fn columns(names: &[u8], separator: &[u8]) -> Result<Vec<Option<Field>>, String> {
    let mut columns = Vec::new();
    let mut present = [false; FIELDS];
    for name in split(names, separator) {
        if columns.len() == MAX_COLUMNS {
            return Err(format!("#fields names more than {MAX_COLUMNS} columns"));
        }
        let field = Field::from_name(name);
        if let Some(field) = field
            && std::mem::replace(&mut present[field as usize], true)
        {
            return Err(format!("#fields names {} twice", field.name()));
        }
        columns.push(field);
    }
    let missing: Vec<_> = REQUIRED.into_iter().filter(|&f| !present[f as usize]).map(Field::name).collect();
    if !missing.is_empty() {
        return Err(format!("#fields names no {}", missing.join(", ")));
    }
    if !CONN_LOG_ONLY.iter().any(|&f| present[f as usize]) {
        return Err("#fields are those of another of Zeek's logs: give its conn.log".to_owned());
    }
    Ok(columns)
}

/// The parts between separators, which are not empty.
fn split<'t>(text: &'t [u8], separator: &[u8]) -> impl Iterator<Item = &'t [u8]> {
    let mut from = 0;
    memmem::find_iter(text, separator).chain(std::iter::once(text.len())).map(move |at| {
        let part = &text[from..at];
        from = (at + separator.len()).min(text.len());
        part
    })
}

/// Text with `\x09` and the like, as Zeek writes the separator.
fn unescape(mut text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some((&byte, rest)) = text.split_first() {
        let escaped = match text {
            [b'\\', b'x', high, low, ..] => hex(*high).zip(hex(*low)).map(|(h, l)| h << 4 | l),
            _ => None,
        };
        out.push(escaped.unwrap_or(byte));
        text = if escaped.is_some() { &text[4..] } else { rest };
    }
    out
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|d| d as u8)
}
