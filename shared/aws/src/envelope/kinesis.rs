//! Parses the records of a Kinesis stream from Lambda's event source mapping.
//!
//! Only the needed fields are parsed. `aws_lambda_events` decodes all data at once and requires more fields.

use serde::Deserialize;
use serde_json::Value;

use super::error::EnvelopeError;
use super::payload::Payload;

/// A record of a stream.
#[derive(Debug)]
pub struct StreamRecord {
    /// The sequence number, which reports a failed record.
    pub sequence_number: String,
    /// The data.
    pub payload: Payload,
}

/// The records of an event, in the order of the shard.
pub(super) fn records(event: Value) -> Result<Vec<StreamRecord>, EnvelopeError> {
    let batch: Batch = serde_json::from_value(event).map_err(|e| EnvelopeError::incomplete("Kinesis event", &e))?;
    let record = |record: Record| {
        // An `eventID` is `shardId-000000000006:SEQUENCE`: sequence numbers are unique per shard.
        let shard = record.event_id.split(':').next().unwrap_or_default();
        // The ARN of a consumer with enhanced fan-out contains that of the stream.
        let stream = record.event_source_arn.split("/consumer/").next().unwrap_or_default();
        let Data { sequence_number, data } = record.kinesis;
        StreamRecord { payload: Payload::record(stream, shard, &sequence_number, data), sequence_number }
    };
    Ok(batch.records.into_iter().map(record).collect())
}

/// The error of a dead letter of a stream, with the position of the records.
pub(super) fn elsewhere(batch: &Value) -> EnvelopeError {
    let text = |name: &str| {
        let text = batch[name].as_str().unwrap_or("?");
        text.chars().take(200).flat_map(char::escape_debug).collect::<String>()
    };
    EnvelopeError::RecordsElsewhere {
        stream: text("streamArn"),
        shard: text("shardId"),
        from: text("startSequenceNumber"),
    }
}

#[derive(Debug, Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Debug, Deserialize)]
struct Record {
    #[serde(rename = "eventID", default)]
    event_id: String,
    #[serde(rename = "eventSourceARN")]
    event_source_arn: String,
    kinesis: Data,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    sequence_number: String,
    data: String,
}
