//! Reads CSV with a header line by line. The header gives the positions of a format's columns; others are skipped.

use csv::ByteRecord;
use weir_domain::reject::RejectReason;

use crate::delimited::LineSplitter;
use crate::error::Problem;

/// The most columns a header may have.
const MAX_COLUMNS: usize = 256;

/// The columns of a format.
#[derive(Debug)]
pub(super) struct Columns<const N: usize> {
    /// What the format is called in errors.
    pub(super) format: &'static str,
    /// Their names, in any case.
    pub(super) names: [&'static str; N],
    /// The required columns.
    pub(super) required: &'static [usize],
}

impl<const N: usize> Columns<N> {
    /// The column of the format that has a name.
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|column| column.eq_ignore_ascii_case(name))
    }

    /// The error that something is not this format.
    pub(super) fn problem(&self, problem: String) -> Problem {
        Problem::NotThisFormat { format: self.format, problem }
    }
}

/// A CSV table whose header has been read.
pub(super) struct Table<const N: usize> {
    columns: &'static Columns<N>,
    /// Per column of the table, the column of the format.
    order: Vec<Option<usize>>,
    lines: LineSplitter,
}

impl<const N: usize> Table<N> {
    /// Reads the header line.
    pub(super) fn open(columns: &'static Columns<N>, header: &[u8]) -> Result<Self, Problem> {
        let mut lines = LineSplitter::new(b',');
        let cells =
            lines.split(header).map_err(|_| columns.problem("the header line has unbalanced quotes".to_owned()))?;
        let order = order(columns, cells)?;
        Ok(Self { columns, order, lines })
    }

    /// The cells of the format's columns in a line, without blanks around them; empty where the table has no such column.
    pub(super) fn row(&mut self, line: &[u8]) -> Result<[&str; N], RejectReason> {
        let record = self.lines.split(line)?;
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
        self.lines.line()
    }

    /// Reads the last line as a header, if it is one: concatenated tables have theirs.
    pub(super) fn begins_again(&mut self) -> bool {
        let header = order(self.columns, self.lines.fields());
        header.map(|order| self.order = order).is_ok()
    }
}

/// Per column of a header, the column of the format.
fn order<const N: usize>(columns: &'static Columns<N>, header: &ByteRecord) -> Result<Vec<Option<usize>>, Problem> {
    if header.len() > MAX_COLUMNS {
        return Err(columns.problem(format!("more than {MAX_COLUMNS} columns")));
    }
    let position = |name| str::from_utf8(name).ok().and_then(|name| columns.position(name.trim_ascii()));
    let order: Vec<_> = header.iter().map(position).collect();
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
        let mut table = table("other, B ,\"A\"");
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
