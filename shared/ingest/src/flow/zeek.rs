//! Reads Zeek connection logs (`conn.log`): tab-separated with `#fields`, or JSON lines, recognised by the first line.
//!
//! A Zeek connection is both directions of a conversation. It becomes up to two records: what the originator sent, and,
//! ports swapped, what the responder sent. Both carry the time of the connection, not of their side's packets. The fields
//! are those of Zeek's `base/protocols/conn/main.zeek` (type `Conn::Info`):
//!
//! | field | record | absent or unset |
//! |---|---|---|
//! | `id.orig_h`, `id.resp_h` | source, destination; swapped for the responder's | the row is rejected |
//! | `ts` | start, and the window: epoch seconds, milliseconds or ISO 8601, as Zeek's JSON writer may be set | the row is rejected |
//! | `duration` | end, `ts` + `duration` | the start |
//! | `id.orig_p`, `id.resp_p` | ports; for ICMP they are type and code, and read as 0 | 0 |
//! | `proto` | protocol: `tcp` 6, `udp` 17, `icmp` 1 or, between IPv6 addresses, 58; others by `ip_proto` | 0 |
//! | `orig_pkts`, `resp_pkts` | packets; a side with none has no record | 1 for a side that must have sent |
//! | `orig_ip_bytes`, `resp_ip_bytes` | bytes | `orig_bytes`, `resp_bytes` (payload) and 40 per packet |
//! | `conn_state`, `history` | TCP flags of each side | unknown |
//!
//! Other fields are skipped, whatever their `#types`. JSON keys may have underscores for dots (`id_orig_h`). A row must
//! have one of `conn_state`, `orig_pkts` and `orig_bytes`: Zeek's other logs have times and addresses too.
//!
//! The action is always ACCEPT: Zeek sees what passed its tap, and knows nothing of security groups. What was refused shows
//! in the flags. Account, region, interface and direction are unknown. A connection is one record a side however long it
//! lasted, so that long ones weigh on the window they began in.
//!
//! TCP flags are [as flow logs have them](weir_domain::flow::tcp_flag), FIN 1, SYN 2, RST 4, SYN-ACK 18, with PSH (8) for
//! a side that sent payload. `history` lists what each side sent, the originator in capitals: `S` 2, `H` 18, `F` 1, `R` 4,
//! `D` 8, `I` (FIN with RST) 5, `Q` (SYN with FIN or RST) 2; other letters do not concern flags. Where it is missing, flags
//! follow from the state, and payload from the byte counts:
//!
//! | `conn_state` | Zeek's meaning | originator | responder |
//! |---|---|---|---|
//! | S0 | attempt, no reply | SYN 2 | unknown |
//! | S1 | established, not ended | SYN 2 | SYN-ACK 18 |
//! | SF | established and ended | SYN, FIN 3 | SYN-ACK, FIN 19 |
//! | REJ | attempt rejected | SYN 2 | RST 4 |
//! | S2 | established, closed by the originator only | 3 | 18 |
//! | S3 | established, closed by the responder only | 2 | 19 |
//! | RSTO | established, the originator aborted | SYN, RST 6 | 18 |
//! | RSTR | the responder aborted | 2 | SYN-ACK, RST 22 |
//! | RSTOS0 | SYN, then RST; no reply | 6 | unknown |
//! | RSTRH | SYN-ACK, then RST of the responder; no SYN seen | unknown | 22 |
//! | SH | SYN, then FIN; no reply | 3 | unknown |
//! | SHR | SYN-ACK, then FIN of the responder; no SYN seen | unknown | 19 |
//! | OTH and others | midstream | unknown | unknown |
//!
//! For `tcp` alone; other protocols have no flags.

mod cell;
mod connection;
mod directives;
mod field;
mod flags;
mod json;

use std::io::Read;

use weir_domain::flow::FlowRecord;
use weir_domain::reject::ReadSummary;

use crate::compression::ReadLimits;
use crate::error::{ObjectName, Problem, ReadError};
use crate::flow::conversation::Conversation;
use crate::text::{TextReader, without_mark};
use directives::{Directives, Fault};

/// Reads one object and calls back for every record, in the order of the log, the originator's before the responder's.
///
/// Every line is accounted for in the summary: `records` counts connections, which are up to twice as many records;
/// connections without packets (Zeek logs those whose packets it discarded for bad checksums) count as rows without data;
/// directives are no rows. An empty object has zero rows.
///
/// # Errors
/// When the object as a whole cannot be read: damaged or truncated compression, neither Zeek's directives nor JSON in the
/// first line, `#fields` of another log, more text than the limit. Records called back before that are to be thrown away.
pub fn read(
    input: impl Read,
    object: &ObjectName,
    limits: ReadLimits,
    mut each: impl FnMut(&FlowRecord<'_>),
) -> Result<ReadSummary, ReadError> {
    let mut text = TextReader::open(input, object, limits)?;
    let mut form: Option<Form> = None;
    while let Some(line) = text.next()? {
        // Concatenated files have byte order marks further down as well.
        let line = without_mark(line);
        let read = match &mut form {
            Some(form) => form.line(line),
            None => match Form::recognise(line) {
                Some(recognised) => form.insert(recognised).line(line),
                None => return Err(text.fail(not_zeek("the first line is neither a #directive nor a JSON object"))),
            },
        };
        match read {
            Ok(Seen::Directive) => text.summary.not_rows += 1,
            Ok(Seen::Connection(connection)) if connection.is_empty() => text.summary.no_data += 1,
            Ok(Seen::Connection(connection)) => {
                connection.records().for_each(|record| each(&record));
                text.summary.records += 1;
            }
            Err(Fault::Row(reason)) => {
                let row = line.to_vec();
                text.summary.reject(text.line(), reason, &row);
            }
            Err(Fault::Object(problem)) => return Err(text.fail(not_zeek(problem))),
        }
    }
    // Nothing but lines too long to be anything.
    if form.is_none() && text.summary.rejected_rows() > 0 {
        return Err(text.fail(not_zeek("no line is a #directive or a JSON object")));
    }
    text.finish()
}

fn not_zeek(problem: impl Into<String>) -> Problem {
    Problem::NotThisFormat { format: "Zeek connection log", problem: problem.into() }
}

/// How the log is written.
enum Form {
    /// Tab-separated under directives.
    Tsv(Directives),
    /// One JSON object a line.
    Json,
}

/// What a line is.
enum Seen {
    Directive,
    Connection(Conversation<'static>),
}

impl Form {
    fn recognise(line: &[u8]) -> Option<Self> {
        match line.trim_ascii_start().first() {
            Some(b'#') => Some(Self::Tsv(Directives::default())),
            Some(b'{') => Some(Self::Json),
            _ => None,
        }
    }

    fn line(&mut self, line: &[u8]) -> Result<Seen, Fault> {
        let cells = match self {
            Self::Tsv(directives) if line.starts_with(b"#") => {
                directives.take(line).map_err(Fault::Object)?;
                return Ok(Seen::Directive);
            }
            Self::Tsv(directives) => directives.cells(line)?,
            Self::Json => json::cells(line)?,
        };
        Ok(Seen::Connection(connection::conversation(&cells)?))
    }
}

#[cfg(test)]
mod tests;
