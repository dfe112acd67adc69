//! Decodes a payload of log lines inside an event, from base64 to lines with their account and region.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use weir_domain::window::Scope;
use weir_ingest::{ObjectName, Problem, ReadError};
use weir_pipeline::RawLog;

use super::cloudwatch_logs;
use super::inline_log::{InlineLog, account_or_unknown};

/// The maximum size of base64 that is decoded: a Lambda event has at most 6 MB.
pub const MAX_ENCODED: usize = 6 << 20;

/// Log lines in their encoded form: base64, mostly of gzip.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Payload {
    carrier: Carrier,
    data: String,
}

/// The carrier of a payload.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Carrier {
    /// A subscription of CloudWatch Logs.
    Subscription,
    /// A Kinesis stream, by its ARN.
    Stream { arn: String, shard: String, sequence_number: String },
}

impl Payload {
    pub(super) fn subscription(data: &str) -> Self {
        Self { carrier: Carrier::Subscription, data: data.to_owned() }
    }

    pub(super) fn record(stream: &str, shard: &str, sequence_number: &str, data: String) -> Self {
        let carrier = Carrier::Stream {
            arn: stream.to_owned(),
            shard: shard.to_owned(),
            sequence_number: sequence_number.to_owned(),
        };
        Self { carrier, data }
    }

    /// Whether the payload is a record of a stream. A failing record blocks its stream.
    #[must_use]
    pub fn is_record(&self) -> bool {
        matches!(self.carrier, Carrier::Stream { .. })
    }

    /// The name, id and scope before decoding: by the position in the stream, or by the content.
    #[must_use]
    pub fn log(&self) -> RawLog {
        match &self.carrier {
            Carrier::Subscription => RawLog {
                name: "a CloudWatch Logs subscription's payload".to_owned(),
                ..RawLog::inline("cloudwatch-logs", &[&self.data], Scope::new("", ""))
            },
            Carrier::Stream { arn, shard, sequence_number } => {
                let (region, account) = region_and_account(arn);
                RawLog::inline(
                    "kinesis",
                    &[arn, shard, sequence_number],
                    Scope::new(account_or_unknown(account), region),
                )
            }
        }
    }

    /// The decoded bytes, or the encoded ones if they cannot be decoded.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        self.decode().unwrap_or_else(|_| self.data.clone().into_bytes())
    }

    /// Decodes the payload. `region` is the region of the function, and so of the log group it is subscribed to; a stream has
    /// its region in its ARN. Returns `None` for a control message, by which CloudWatch Logs tests a destination.
    ///
    /// A payload of CloudWatch Logs is named by log group, log stream and the id of its first event, and belongs to the
    /// account of the group, in a stream as well. So a repeated delivery under another sequence number is the same log. Other
    /// lines in a stream are named by stream, shard and sequence number.
    ///
    /// # Errors
    /// When it is not base64 of at most [`MAX_ENCODED`] bytes, or the content is damaged, expands to more than
    /// [`MAX_EXPANDED`](super::MAX_EXPANDED) bytes, or is a payload of CloudWatch Logs with parts missing. A retry fails
    /// again.
    pub fn open(&self, region: &str) -> Result<Option<InlineLog>, ReadError> {
        let log = self.log();
        let fail = |problem| ReadError { object: ObjectName::new(&log.name), line: 0, problem };
        let data = self.decode().map_err(fail)?;
        match &self.carrier {
            Carrier::Subscription => cloudwatch_logs::open(&data, region).map_err(fail),
            Carrier::Stream { arn, .. } if cloudwatch_logs::is_payload(&data) => {
                cloudwatch_logs::open(&data, region_and_account(arn).0).map_err(fail)
            }
            Carrier::Stream { .. } => Ok(Some(InlineLog { log, lines: data })),
        }
    }

    fn decode(&self) -> Result<Vec<u8>, Problem> {
        let no = |problem: String| Problem::NotThisFormat { format: "payload of log lines", problem };
        if self.data.len() > MAX_ENCODED {
            return Err(no(format!("it is {} bytes of base64, more than an event can hold", self.data.len())));
        }
        STANDARD.decode(&self.data).map_err(|e| no(format!("it is not base64 ({e})")))
    }
}

/// The name before decoding.
impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.log().name)
    }
}

/// The region and account of `arn:aws:kinesis:REGION:ACCOUNT:stream/NAME`; empty for any other text.
fn region_and_account(arn: &str) -> (&str, &str) {
    let mut parts = arn.split(':').skip(3);
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}
