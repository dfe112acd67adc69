//! CSV with a header, line by line: the header says where the known columns stand, the others are skipped.

use std::io::{self, Read};

use csv::{ByteRecord, Reader, ReaderBuilder, Terminator};
use weir_domain::reject::RejectReason;

use crate::error::Problem;

/// The most columns a header may have.
const MOST_COLUMNS: usize = 256;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The columns a format knows.
#[derive(Debug)]
pub(super) struct Columns<const N: usize> {
    /// What the format is called in errors.
    pub(super) format: &'static str,
    /// Their names, in any case.
    pub(super) names: [&'static str; N],
    /// Those without which a row says nothing.
    pub(super) required: &'static [usize],
}

impl<const N: usize> Columns<N> {
    /// Which known column a name means.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known.eq_ignore_ascii_case(name))
    }

    /// The error that something is not this format.
    pub(super) fn problem(&self, problem: String) -> Problem {
        Problem::NotThisFormat { format: self.format, problem }
    }
}

/// A CSV table whose header has been read.
pub(super) struct Table<const N: usize> {
    columns: &'static Columns<N>,
    /// Per column of the table, the known column it is.
    order: Vec<Option<usize>>,
    line: CsvLine,
}

impl<const N: usize> Table<N> {
    /// Reads the header line.
    pub(super) fn open(columns: &'static Columns<N>, header: &[u8]) -> Result<Self, Problem> {
        let mut line = CsvLine::new();
        let cells = line
            .split(without_mark(header))
            .map_err(|_| columns.problem("the header line has unbalanced quotes".to_owned()))?;
        let order = order(columns, cells)?;
        Ok(Self { columns, order, line })
    }

    /// The cells of the known columns in a line, without blanks around them; empty where the table has no such column.
    pub(super) fn row(&mut self, line: &[u8]) -> Result<[&str; N], RejectReason> {
        let record = self.line.split(line)?;
        if record.len() != self.order.len() {
            return Err(RejectReason::FieldCount);
        }
        let mut cells = [""; N];
        for (cell, column) in record.iter().zip(&self.order) {
            if let Some(column) = column {
                cells[*column] = str::from_utf8(cell).map_err(|_| RejectReason::BadIdentifier)?.trim_ascii();
            }
        }
        Ok(cells)
    }

    /// Whether the header names a column.
    pub(super) fn has(&self, column: usize) -> bool {
        self.order.contains(&Some(column))
    }

    /// The line read last.
    pub(super) fn line(&self) -> &[u8] {
        let line = &self.line.reader.get_ref().line;
        line.strip_suffix(b"\n").unwrap_or(line)
    }

    /// Takes the line read last for a header, if it is one: tables are concatenated with theirs.
    pub(super) fn begins_again(&mut self) -> bool {
        let header = order(self.columns, &self.line.record);
        header.map(|order| self.order = order).is_ok()
    }
}

/// A line without the mark that some programs begin files with.
pub(super) fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
}

/// Which known column each column of a header is.
fn order<const N: usize>(columns: &'static Columns<N>, header: &ByteRecord) -> Result<Vec<Option<usize>>, Problem> {
    if header.len() > MOST_COLUMNS {
        return Err(columns.problem(format!("more than {MOST_COLUMNS} columns")));
    }
    let known = |name| str::from_utf8(name).ok().and_then(|name| columns.position(name.trim_ascii()));
    let order: Vec<_> = header.iter().map(known).collect();
    if let Some(twice) = (0..N).find(|&c| order.iter().filter(|&&o| o == Some(c)).count() > 1) {
        return Err(Problem::RepeatedField { field: columns.names[twice] });
    }
    let missing: Vec<_> =
        columns.required.iter().filter(|&&c| !order.contains(&Some(c))).map(|&c| columns.names[c]).collect();
    if missing.is_empty() {
        Ok(order)
    } else {
        Err(columns.problem(format!("the header line names no {}", missing.join(", "))))
    }
}

/// The `csv` crate's reader, given one line at a time: a row ends with its line, whatever its quotes say, so that memory
/// is bounded by the line.
struct CsvLine {
    reader: Reader<Feed>,
    record: ByteRecord,
}

impl CsvLine {
    fn new() -> Self {
        Self { reader: Self::reader(Vec::new()), record: ByteRecord::new() }
    }

    fn reader(line: Vec<u8>) -> Reader<Feed> {
        let feed = Feed { line, at: 0, asked_beyond: false };
        ReaderBuilder::new().has_headers(false).flexible(true).terminator(Terminator::Any(b'\n')).from_reader(feed)
    }

    /// The cells of a line; an error when a quote is still open at its end.
    fn split(&mut self, line: &[u8]) -> Result<&ByteRecord, RejectReason> {
        let feed = self.reader.get_mut();
        feed.line.clear();
        feed.line.extend_from_slice(line);
        feed.line.push(b'\n');
        (feed.at, feed.asked_beyond) = (0, false);
        let read = self.reader.read_byte_record(&mut self.record);
        let feed = self.reader.get_mut();
        if feed.asked_beyond || !matches!(read, Ok(true)) {
            // The reader has seen an end, and reads nothing more.
            self.reader = Self::reader(std::mem::take(&mut feed.line));
            self.record.clear();
            return Err(RejectReason::BadStructure);
        }
        Ok(&self.record)
    }
}

/// One line with its end, then nothing.
struct Feed {
    line: Vec<u8>,
    at: usize,
    asked_beyond: bool,
}

impl Read for Feed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.line[self.at..];
        self.asked_beyond |= rest.is_empty();
        let n = rest.len().min(buffer.len());
        buffer[..n].copy_from_slice(&rest[..n]);
        self.at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    static AB: Columns<2> = Columns { format: "test", names: ["a", "b"], required: &[0] };

    fn table(header: &str) -> Table<2> {
        Table::open(&AB, header.as_bytes()).unwrap()
    }

    fn refused(header: &[u8]) -> String {
        Table::open(&AB, header).map(|_| ()).unwrap_err().to_string()
    }

    #[test]
    fn columns_are_found_by_name() {
        let mut table = table("\u{feff}other, B ,\"A\"");
        assert_eq!(table.row(b"1,2,3").unwrap(), ["3", "2"]);
        assert!(table.has(1));
        assert_eq!(table.row(b"1,2"), Err(RejectReason::FieldCount));
        assert_eq!(table.row(b"1,2,3,4"), Err(RejectReason::FieldCount));
        assert_eq!(table.row(b"\xff,2,3").unwrap(), ["3", "2"], "a column that is skipped may hold anything");
        assert_eq!(table.row(b"1,2,\xff"), Err(RejectReason::BadIdentifier));
        assert_eq!(table.line(), b"1,2,\xff");
    }

    #[test]
    fn quotes() {
        let mut table = table("a,b");
        assert_eq!(table.row(br#""x, ""y""",z"#).unwrap(), ["x, \"y\"", "z"]);
        for open in [&br#"x,"y"#[..], br#"x"y,"z"#, br#"""#] {
            assert_eq!(table.row(open), Err(RejectReason::BadStructure));
            assert_eq!(table.line(), open);
            assert_eq!(table.row(b"1,2").unwrap(), ["1", "2"], "the next row is read as ever");
        }
        let long = "x".repeat(60_000);
        assert_eq!(table.row(format!("\"{long}\",\r2").as_bytes()).unwrap(), [long.as_str(), "2"]);
    }

    #[test]
    fn a_header_further_down_governs_what_follows() {
        let mut table = table("a,b");
        let _ = table.row(b"b,a");
        assert!(table.begins_again());
        assert_eq!(table.row(b"1,2").unwrap(), ["2", "1"]);
        assert!(!table.begins_again());
    }

    #[test]
    fn headers_that_are_none() {
        assert_eq!(refused(b"b,c"), "no test: the header line names no a");
        assert_eq!(refused(b"a,b,a"), "the header names a twice");
        assert_eq!(refused(b"a,\"b"), "no test: the header line has unbalanced quotes");
        assert_eq!(refused(&[b','; 300]), "no test: more than 256 columns");
    }

    proptest! {
        #[test]
        fn rows_do_not_depend_on_the_rows_before(lines in prop::collection::vec("[ab,\"\\r ]{1,12}", 1..8)) {
            let mut shared = table("a,b");
            for line in &lines {
                let mut fresh = table("a,b");
                prop_assert_eq!(shared.row(line.as_bytes()), fresh.row(line.as_bytes()));
            }
        }
    }
}
