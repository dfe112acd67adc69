//! Reads flow records from any CSV, by a mapping of columns to fields.
//!
//! A mapping is a TOML file. `[columns]` names, for each field, a column: by its name in the header, by its position from
//! 0 for files without one, or by both. A text or a number alone is a name or a position.
//!
//! ```
//! use weir_ingest::{ObjectName, ReadLimits, flow::csv_mapping::{self, Mapping}};
//!
//! let mapping = Mapping::parse(r#"
//!     [columns]
//!     source = "client"
//!     destination = "server"
//!     destination_port = "port"
//!     protocol = "protocol"
//!     start = { name = "when", format = "%Y-%m-%d %H:%M:%S" }
//!     bytes = "sent"
//!     reply_bytes = "received"
//! "#)?;
//! let log = b"when,client,server,port,protocol,sent,received\n2024-01-02 03:04:05,10.0.0.1,10.0.0.2,443,tcp,800,9000\n";
//! let mut bytes = Vec::new();
//! csv_mapping::read(&log[..], &ObjectName::new("proxy.csv"), &mapping, ReadLimits::default(), |r| bytes.push(r.bytes))?;
//! assert_eq!(bytes, [800, 9000]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | field | record | further keys | without a column | empty or `-` |
//! |---|---|---|---|---|
//! | `source`, `destination` | source, destination | | fault | rejected |
//! | `start` | start, and the window | `unit` or `format`, `afternoon_below` | fault | rejected |
//! | `end` | end | as `start` | see `duration` | rejected |
//! | `duration` | end, `start` + `duration`; instead of `end` | `unit` | end is the start | rejected |
//! | `source_port`, `destination_port` | ports, decimal or hexadecimal after `0x`; 0 for ICMP | | 0 | 0 |
//! | `protocol` | protocol, by number or name | | 0 | rejected |
//! | `packets`, `bytes` | what the source sent | `counts`, of bytes | 0 | rejected |
//! | `reply_packets`, `reply_bytes` | what the destination sent: a second record, ports swapped | `counts`, of bytes | no second record | rejected |
//! | `action` | action | `accept`, `reject`: lists of words | ACCEPT | ACCEPT |
//! | `account`, `region`, `interface` | as they are | | unknown | unknown |
//! | `label` | not read: the truth of a labelled set, for evaluation; see [`Mapping::label`] | | | |
//!
//! - `unit` is `seconds` (the default), `milliseconds` or `microseconds`; numbers may have a fraction. Times are counted from
//!   the epoch.
//! - `format` is a pattern of [strptime](jiff::fmt::strtime), or a list of them tried in order. A time without an offset is
//!   read as UTC. `afternoon_below = 8` is for 12-hour clocks without a mark: hours from 1 to 7 are taken as 13 to 19.
//! - `counts = "payload"` adds 40 bytes of headers per packet; the default is `"ip"`, bytes as on the wire.
//! - `accept` and `reject` default to `["ACCEPT"]` and `["REJECT"]`; any case matches.
//!
//! A row whose destination sent something is two records; a row in which only the destination did is one. TCP flags and
//! direction are unknown: tools mean different things by flags, and a client's SYN and ACK, OR-ed, would read as an answer.
//!
//! Besides `[columns]` there may be `description`, `delimiter` (one ASCII character, `,` by default), `width` (how many
//! columns rows have in files without a header) and `[protocols]`, names of protocols and their numbers, beside the common
//! ones of IANA's registry (`tcp`, `udp`, `icmp`, `igmp`, `gre`, `esp`, `ah`, `ipv6-icmp`, `ospf`, `sctp` and the like).
//!
//! # How the CSV is read
//!
//! A row is a line. Cells may be quoted, with quotes inside doubled (RFC 4180); a quoted line break is not supported, and
//! both halves of the row are rejects. Blanks around cells and names, a byte order mark, and the case of names do not
//! matter. When every field has a name, the first line is a header if it holds any of the names, and must then hold all; a
//! file without a header is read by position where every field has one. A header may come again further down. Rows must
//! have as many cells as the header; rows of empty cells are no rows.

mod fault;
mod field;
mod layout;
mod mapping;
mod protocol;
mod row;
mod split;
mod time;

use std::io::Read;

use weir_domain::flow::FlowRecord;
use weir_domain::reject::{ReadSummary, RejectReason};

use crate::compression::ReadLimits;
use crate::error::{ObjectName, Problem, ReadError};
use crate::text::{TextReader, without_mark};
use layout::Layout;

pub use fault::{MappingError, MappingFault};
pub use mapping::{Column, Mapping};

/// Reads one object by a mapping and calls back for every record, in the order of the file.
///
/// Every line is accounted for in the summary: `records` counts rows, which are up to twice as many records; a header and
/// rows of empty cells are no rows. An empty object has zero rows.
///
/// # Errors
/// When the object as a whole cannot be read: damaged or truncated compression, a header without a column that the mapping
/// names, no header where the mapping needs one, more text than the limit. Records called back before that are to be thrown
/// away.
pub fn read(
    input: impl Read,
    object: &ObjectName,
    mapping: &Mapping,
    limits: ReadLimits,
    mut each: impl FnMut(&FlowRecord<'_>),
) -> Result<ReadSummary, ReadError> {
    let mut text = TextReader::open(input, object, limits)?;
    let mut layout: Option<Layout> = None;
    while let Some(line) = text.next()? {
        // Concatenated files have byte order marks further down as well.
        let line = without_mark(line);
        let seen = match &mut layout {
            Some(layout) => layout.line(mapping, line),
            None => match Layout::from_first_line(mapping, line) {
                Ok(layout::First::Empty) => Ok(row::Seen::NoRow),
                Ok(layout::First::Header(found)) => {
                    layout = Some(found);
                    Ok(row::Seen::NoRow)
                }
                Ok(layout::First::Row(found)) => layout.insert(found).line(mapping, line),
                Err(problem) => return Err(text.fail(unlike(problem))),
            },
        };
        match seen {
            Ok(row::Seen::NoRow) => text.summary.not_rows += 1,
            Ok(row::Seen::Row(conversation)) => {
                conversation.records().for_each(|record| each(&record));
                text.summary.records += 1;
            }
            Err(reason) => {
                let row = line.to_vec();
                text.summary.reject(text.line(), reason, &row);
            }
        }
    }
    // Nothing but lines too long to be a header.
    if layout.is_none() && text.summary.rejected.contains_key(&RejectReason::LineTooLong) {
        return Err(text.fail(unlike("no line is short enough to be a header or a row".to_owned())));
    }
    text.finish()
}

fn unlike(problem: String) -> Problem {
    Problem::NotThisFormat { format: "CSV that the mapping describes", problem }
}

#[cfg(test)]
mod tests;
