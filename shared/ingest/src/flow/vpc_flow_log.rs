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

use std::io::Read;

use weir_domain::flow::FlowRecord;
use weir_domain::reject::ReadSummary;

use crate::compression::ReadLimits;
use crate::error::{ObjectName, Problem, ReadError};
use crate::text::TextReader;
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
    let mut text = TextReader::open(input, object, limits)?;
    let mut header: Option<Header> = None;
    while let Some(line) = text.next()? {
        let Some(columns) = &mut header else {
            match Header::parse(line) {
                Ok(parsed) => header = Some(parsed),
                Err(Problem::NoHeader) if text.is_plain() && object.says_gzip() => {
                    return Err(text.fail(Problem::NotGzip));
                }
                Err(problem) => return Err(text.fail(problem)),
            }
            text.summary.not_rows += 1;
            continue;
        };
        match columns.row(line) {
            Ok(Row::Record(record)) => {
                each(&record);
                text.summary.records += 1;
            }
            Ok(Row::NoData) => text.summary.no_data += 1,
            Ok(Row::SkipData) => text.summary.skip_data += 1,
            Err(reason) => {
                if let Ok(again) = Header::parse(line) {
                    *columns = again;
                    text.summary.not_rows += 1;
                } else {
                    let row = line.to_vec();
                    text.summary.reject(text.line(), reason, &row);
                }
            }
        }
    }
    // Nothing but lines too long to be a header.
    if header.is_none() && text.summary.rejected_rows() > 0 {
        return Err(text.fail(Problem::NoHeader));
    }
    text.finish()
}

/// Whether a line is a header that names fields of a flow log, complete or not.
pub(crate) fn is_header(line: &[u8]) -> bool {
    !matches!(Header::parse(line), Err(Problem::NoHeader))
}

#[cfg(test)]
mod tests;
