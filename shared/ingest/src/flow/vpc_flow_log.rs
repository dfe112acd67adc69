//! Reads VPC and Transit Gateway Flow Logs as text: plain, gzip or zstd, any version, any field order by the header line.
//!
//! The header names the columns (the AWS "Flow log records" page lists all fields); `version` does not determine their
//! order and is not consulted. A log without a header is read by a [`FieldOrder`]. What each field becomes:
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
//! | `pkt-srcaddr`, `pkt-dstaddr` | the packet's own addresses, also where they are the same | unknown |
//! | `pkt-src-aws-service`, `pkt-dst-aws-service` | as they are | unknown |
//! | `log-status` | NODATA and SKIPDATA rows are counted apart | OK |
//!
//! Other fields are skipped. A header line may stand again further down (concatenated files); it then governs the rows
//! that follow. Parquet column names use underscores; a text header with underscores is read as well.
//!
//! Columns named `tgw-…` without an `interface-id` are a transit gateway's. Its rows have no `action` (they are
//! accepted), `tgw-attachment-id` is their interface, and `flow-direction` is seen from the gateway: what enters it is
//! egress of the attachment's network. Its `tcp-flags` count every ACK, so SYN and ACK together are an answer in a row of
//! one packet and are ambiguous in a longer one.

pub(crate) mod field;
pub(crate) mod header;
mod order;
pub(crate) mod row;
pub(crate) mod value;

use std::io::Read;

use weir_domain::flow::FlowRecord;
use weir_domain::reject::ReadSummary;

use crate::compression::ReadLimits;
use crate::error::{ObjectName, Problem, ReadError};
use crate::text::TextReader;
use header::Header;
use row::Row;

pub use order::FieldOrder;

/// Reads one object and calls back for every record, in the order of the log.
///
/// The log's first line is its header. A log that has none is read by `order`, the fields in their order; a header line
/// takes over wherever it stands. Without either the object is not read: fields are never guessed.
///
/// Memory is one buffer of 256 KiB whatever the object's size. Every row is accounted for in the summary: records, rows
/// without data, or rejects with line and reason. An empty object has zero rows.
///
/// # Errors
/// When the object as a whole cannot be read: damaged or truncated compression, no header and no `order`, a header (the
/// first or a later one) without `srcaddr`, `dstaddr` or `start`, more text than the limit. Records called back before
/// that are to be thrown away.
pub fn read(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    order: Option<&FieldOrder>,
    mut each: impl FnMut(&FlowRecord<'_>),
) -> Result<ReadSummary, ReadError> {
    let mut text = TextReader::open(input, object, limits)?;
    let mut header = order.map(|order| order.header().clone());
    while let Some(line) = text.next()? {
        let Some(columns) = &mut header else {
            match Header::parse(line) {
                Ok(parsed) => header = Some(parsed),
                Err(Problem::NoHeader) if text.is_plain() && object.names_gzip() => {
                    return Err(text.fail(Problem::NotGzip));
                }
                Err(problem) => return Err(text.fail(problem)),
            }
            text.summary.not_rows += 1;
            continue;
        };
        // By reference: a record is large, and moving it takes as long as reading some of its cells.
        match &columns.row(line) {
            Ok(Row::Record(record)) => {
                each(record);
                text.summary.records += 1;
            }
            Ok(Row::NoData) => text.summary.no_data += 1,
            Ok(Row::SkipData) => text.summary.skip_data += 1,
            Err(reason) => match Header::parse(line) {
                Ok(again) => {
                    *columns = again;
                    text.summary.not_rows += 1;
                }
                Err(Problem::NoHeader) => {
                    let row = line.to_vec();
                    text.summary.reject(text.line(), *reason, &row);
                }
                // A header that cannot be used: the rows that follow are not the former one's.
                Err(problem) => return Err(text.fail(problem)),
            },
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
