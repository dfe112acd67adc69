//! One line of CSV to its fields, and the first line to the names of the columns.

use std::collections::BTreeMap;
use std::io::{self, Read};

use csv::{ByteRecord, ReaderBuilder, Terminator};
use weir_domain::reject::RejectReason;

use crate::lines::LONGEST_LINE;

/// What may stand between two values, most usual first.
const DELIMITERS: [u8; 4] = [b',', b'\t', b';', b'|'];

/// Splits lines, one by one, by the rules of RFC 4180 but one: a quoted value ends on its line.
pub(crate) struct LineSplitter {
    delimiter: u8,
    reader: csv::Reader<OneLine>,
    record: ByteRecord,
}

impl LineSplitter {
    pub(crate) fn new(delimiter: u8) -> Self {
        Self { delimiter, reader: reader(delimiter), record: ByteRecord::new() }
    }

    /// The fields of a line. A line whose last quoted value has no end is no row: what a line break in a value makes of it.
    pub(crate) fn split(&mut self, line: &[u8]) -> Result<&ByteRecord, RejectReason> {
        self.reader.get_mut().set(line);
        let whole = self.reader.read_byte_record(&mut self.record).is_ok_and(|some| some);
        if !whole || self.reader.get_ref().asked_for_more {
            // The reader has seen the end of its input and would stay there.
            self.reader = reader(self.delimiter);
            return Err(RejectReason::BadStructure);
        }
        Ok(&self.record)
    }
}

fn reader(delimiter: u8) -> csv::Reader<OneLine> {
    ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .terminator(Terminator::Any(b'\n'))
        .buffer_capacity(LONGEST_LINE + 1)
        .from_reader(OneLine::default())
}

/// A line and its end as an endless input would give them: to ask for more is to have found a quote without its pair.
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
        let n = (&self.line[self.at..]).read(buffer)?;
        self.at += n;
        self.asked_for_more |= n == 0;
        Ok(n)
    }
}

/// The first line of a text without the mark that some programs put before it.
pub(crate) fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
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

    use super::*;

    fn fields(splitter: &mut LineSplitter, line: &str) -> Option<Vec<String>> {
        let record = splitter.split(line.as_bytes()).ok()?;
        Some(record.iter().map(|f| String::from_utf8_lossy(f).into_owned()).collect())
    }

    #[test]
    fn quotes_hold_values_together_on_one_line() {
        let long = "x".repeat(LONGEST_LINE - 2);
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
        assert_eq!(without_mark(b"\xef\xbb\xbfa"), b"a");
        let names = column_names(vec![&b"a"[..]; 60_000]);
        assert_eq!((names[59_999].as_str(), BTreeSet::from_iter(&names).len()), ("a_60000", 60_000));
    }
}
