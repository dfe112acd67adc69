//! Splits a line of delimited text into fields, and derives column names from the first line.
//!
//! Quotes are those of RFC 4180: a quoted value may hold the delimiter and, doubled, the quote. But a row is a line: a value
//! with a line break in it has no closing quote on its line, and that line is refused, so that what a row takes is bounded
//! by [the longest line](MAX_LINE_BYTES). A quote within a value that does not begin with one is a character like others.
//! Blanks belong to their value, and values are bytes: nothing need be UTF-8.
//!
//! `flow::csv_mapping` splits by itself, see there.

use std::collections::BTreeMap;
use std::io::{self, Read};

use csv::{ByteRecord, ReaderBuilder, Terminator};
use weir_domain::reject::RejectReason;

use crate::lines::MAX_LINE_BYTES;

/// Delimiters, most common first.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// Splits lines, each independently of the others.
pub(crate) struct LineSplitter {
    reader: csv::Reader<OneLine>,
    record: ByteRecord,
}

impl LineSplitter {
    pub(crate) fn new(delimiter: u8) -> Self {
        let reader = ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .terminator(Terminator::Any(b'\n'))
            .buffer_capacity(MAX_LINE_BYTES + 1)
            .from_reader(OneLine::default());
        Self { reader, record: ByteRecord::new() }
    }

    /// The fields of a line. A line whose last quoted value has no end is no row: what a line break in a value makes of it.
    pub(crate) fn split(&mut self, line: &[u8]) -> Result<&ByteRecord, RejectReason> {
        self.reader.get_mut().set(line);
        let whole = self.reader.read_byte_record(&mut self.record).is_ok_and(|some| some);
        if !whole || self.reader.get_ref().asked_for_more {
            self.record.clear();
            return Err(RejectReason::BadStructure);
        }
        Ok(&self.record)
    }

    /// The line split last.
    pub(crate) fn line(&self) -> &[u8] {
        let line = &self.reader.get_ref().line;
        line.strip_suffix(b"\n").unwrap_or(line)
    }

    /// Its fields; none if it was no row.
    pub(crate) fn fields(&self) -> &ByteRecord {
        &self.record
    }
}

/// A line and its end as an endless input would give them: to ask for more is to have found a quote without its pair.
/// What is then given is the pair and another end, so that the reader stands before a line again, whatever it was in; at
/// the end of its input it would stay there, and a new reader takes as long as hundreds of lines.
#[derive(Default)]
struct OneLine {
    line: Vec<u8>,
    at: usize,
    asked_for_more: bool,
}

impl OneLine {
    fn set(&mut self, line: &[u8]) {
        self.line.clear();
        self.line.extend_from_slice(line);
        self.line.push(b'\n');
        self.at = 0;
        self.asked_for_more = false;
    }
}

impl Read for OneLine {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.line[self.at..];
        if rest.is_empty() {
            self.asked_for_more = true;
            return (&b"\"\n"[..]).read(buffer);
        }
        let n = { rest }.read(buffer)?;
        self.at += n;
        Ok(n)
    }
}

/// The delimiter that occurs most often in a line, outside quotes.
pub(crate) fn guess_delimiter(line: &[u8]) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    for byte in line {
        quoted ^= *byte == b'"';
        if let (false, Some(at)) = (quoted, DELIMITERS.iter().position(|d| d == byte)) {
            counts[at] += 1;
        }
    }
    // Of equals the first.
    let best = (0..DELIMITERS.len()).rev().max_by_key(|at| counts[*at]);
    DELIMITERS[best.unwrap_or(0)]
}

/// The names that a header gives: stripped of blanks, control characters replaced, empty ones named by position
/// (`column_3`), repeated ones numbered (`bytes_2`).
pub(crate) fn column_names<'f>(fields: impl IntoIterator<Item = &'f [u8]>) -> Vec<String> {
    // Each name that is taken, with the number that may be free for its next repetition.
    let mut taken = BTreeMap::new();
    let mut names = Vec::new();
    for (at, field) in fields.into_iter().enumerate() {
        let text = String::from_utf8_lossy(field);
        let text: String = text.trim().chars().map(|c| if c.is_control() { '_' } else { c }).collect();
        let mut name = if text.is_empty() { format!("column_{}", at + 1) } else { text };
        if let Some(mut number) = taken.get(&name).copied() {
            let first = name;
            loop {
                name = format!("{first}_{number}");
                number += 1;
                if !taken.contains_key(&name) {
                    break;
                }
            }
            taken.insert(first, number);
        }
        taken.insert(name.clone(), 2_usize);
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn fields(splitter: &mut LineSplitter, line: &str) -> Option<Vec<String>> {
        let record = splitter.split(line.as_bytes()).ok()?;
        Some(record.iter().map(|f| String::from_utf8_lossy(f).into_owned()).collect())
    }

    #[test]
    fn quotes_hold_values_together_on_one_line() {
        let long = "x".repeat(MAX_LINE_BYTES - 2);
        let mut lines = LineSplitter::new(b',');
        for (line, expected) in [
            ("a,b", Some(vec!["a", "b"])),
            ("\"a,b\",\"c\"\"d\"", Some(vec!["a,b", "c\"d"])),
            ("a,\"b", None),
            (",", Some(vec!["", ""])),
            ("\"", None),
            ("a\rb,c\"d", Some(vec!["a\rb", "c\"d"])),
            (&format!("{long},"), Some(vec![long.as_str(), ""])),
            ("1", Some(vec!["1"])),
        ] {
            assert_eq!(
                fields(&mut lines, line),
                expected.map(|e| e.iter().map(ToString::to_string).collect()),
                "{line}"
            );
        }
        assert_eq!(fields(&mut LineSplitter::new(b';'), "a,b;c").unwrap(), ["a,b", "c"]);
    }

    #[test]
    fn the_delimiter_is_what_occurs_most_outside_quotes() {
        for (line, delimiter) in
            [("a,b;c,d", b','), ("a;b;c", b';'), ("a\tb", b'\t'), ("\"a,b,c\"|d", b'|'), ("alone", b','), ("", b',')]
        {
            assert_eq!(guess_delimiter(line.as_bytes()), delimiter, "{line}");
        }
    }

    #[test]
    fn every_column_has_a_name_of_its_own() {
        let header: [&[u8]; 7] = [b"", b" a ", b"a", b"a_2", b"a", b"b\x1b\xff", b""];
        assert_eq!(column_names(header), ["column_1", "a", "a_2", "a_2_2", "a_3", "b_\u{fffd}", "column_7"]);
        let names = column_names(vec![&b"a"[..]; 60_000]);
        assert_eq!((names[59_999].as_str(), BTreeSet::from_iter(&names).len()), ("a_60000", 60_000));
    }

    proptest! {
        #[test]
        fn no_line_changes_how_the_next_is_read(lines in prop::collection::vec("[ab,\"\r]{0,8}", 0..20)) {
            let mut one = LineSplitter::new(b',');
            for line in lines {
                prop_assert_eq!(fields(&mut one, &line), fields(&mut LineSplitter::new(b','), &line), "{}", line);
                prop_assert_eq!(one.line(), line.as_bytes());
            }
        }
    }
}
