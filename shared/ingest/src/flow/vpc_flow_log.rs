//! VPC Flow Logs as text: plain or gzip, any version, any field order, read by the header line.
//!
//! The header names the columns (the AWS "Flow log records" page lists all fields); `version` says nothing about their
//! order and is not consulted. What each field becomes:
//!
//! | field | record | absent or `-` |
//! |---|---|---|
//! | `srcaddr`, `dstaddr` | source, destination | required in the header; a row without is rejected |
//! | `start` | start, and the window | required in the header; a row without is rejected |
//! | `end` | end | the start |
//! | `srcport`, `dstport` | ports | 0 |
//! | `protocol` | protocol | 0 where the header has none; a row without is rejected |
//! | `packets`, `bytes` | counts | 0 where the header has none; a row without is rejected |
//! | `action` | action | ACCEPT |
//! | `tcp-flags`, `flow-direction` | flags, direction | unknown |
//! | `account-id`, `region`, `interface-id` | as they are | unknown |
//! | `log-status` | NODATA and SKIPDATA rows are counted apart | OK |
//!
//! Other fields are skipped. A header line may stand again further down (concatenated files); it then governs the rows
//! that follow. Parquet column names use underscores; a text header with underscores is read as well.

mod header;
mod row;

use std::io::{self, Read};

use weir_domain::flow::FlowRecord;
use weir_domain::reject::{ReadSummary, RejectReason};

use crate::compression::{ReadLimits, Text};
use crate::error::{ObjectName, Problem, ReadError};
use crate::lines::{Line, Lines};
use header::Header;
use row::Row;

/// Reads one object and calls back for every record, in the order of the log.
///
/// Memory is one buffer of 256 KiB whatever the object's size. Every row is accounted for in the summary: records, rows
/// without data, or rejects with line and reason. An empty object has zero rows.
///
/// # Errors
/// When the object as a whole cannot be read: damaged or truncated compression, no header, a header without `srcaddr`,
/// `dstaddr` or `start`, more text than the limit. Records called back before that are to be thrown away.
pub fn read(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    mut each: impl FnMut(&FlowRecord<'_>),
) -> Result<ReadSummary, ReadError> {
    let fail = |line, problem| ReadError { object: object.clone(), line, problem };
    let text = Text::open(input).map_err(|e| fail(0, Problem::Io(e)))?;
    let plain = text.is_plain();
    // One byte more than the limit tells an object at the limit from one beyond it.
    let mut lines = Lines::new(Limited { text, left: limits.expanded_bytes.saturating_add(1) });
    let mut summary = ReadSummary::default();
    let mut header: Option<Header> = None;
    loop {
        let line = match lines.next() {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(e) => return Err(fail(lines.number, lines.input().text.problem(e))),
        };
        match (line, &mut header) {
            (Line::Whole(b""), _) => {}
            (Line::Whole(bytes), None) => match Header::parse(bytes) {
                Ok(parsed) => header = Some(parsed),
                Err(Problem::NoHeader) if plain && object.says_gzip() => return Err(fail(1, Problem::NotGzip)),
                Err(problem) => return Err(fail(lines.number, problem)),
            },
            (Line::TooLong, None) => return Err(fail(1, Problem::NoHeader)),
            (Line::Whole(bytes), Some(columns)) => match columns.row(bytes) {
                Ok(Row::Record(record)) => {
                    summary.records += 1;
                    each(&record);
                }
                Ok(Row::NoData) => summary.no_data += 1,
                Ok(Row::SkipData) => summary.skip_data += 1,
                Err(reason) => match Header::parse(bytes) {
                    Ok(again) => *columns = again,
                    Err(_) => summary.reject(lines.number, reason),
                },
            },
            (Line::TooLong, Some(_)) => summary.reject(lines.number, RejectReason::LineTooLong),
        }
        if lines.read > limits.expanded_bytes {
            return Err(fail(lines.number, Problem::TooLarge { limit: limits.expanded_bytes }));
        }
    }
    if lines.read > limits.expanded_bytes {
        return Err(fail(lines.number, Problem::TooLarge { limit: limits.expanded_bytes }));
    }
    Ok(summary)
}

/// The text up to a number of bytes, then its end.
struct Limited<R: Read> {
    text: Text<R>,
    left: u64,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let n = self.text.read(&mut buffer[..most])?;
        self.left -= n as u64;
        Ok(n)
    }
}

#[cfg(test)]
mod tests;
