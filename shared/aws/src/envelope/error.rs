//! The error of an event that cannot be unwrapped.

/// The maximum depth of envelopes: SQS, SNS, Lambda's record of a failed event, S3.
pub(super) const MAX_LAYERS: usize = 4;

/// The error of an event that this function, or any function, cannot handle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// The message is not JSON.
    #[error("the message is not JSON")]
    NotJson,
    /// The event has an unknown shape.
    #[error(
        "the event has no known shape: expected SQS messages, Kinesis records, a CloudWatch Logs subscription, a sweep, an S3 \
         notification, EventBridge's \"Object Created\", or one of the last two in SNS; it has the fields {fields}"
    )]
    Unknown {
        /// The names of the fields.
        fields: String,
    },
    /// The event has a known shape with parts missing.
    #[error("a {shape} with parts missing: {problem}")]
    Incomplete {
        /// The shape.
        shape: &'static str,
        /// The cause.
        problem: String,
    },
    /// The envelopes are nested too deeply.
    #[error("the event is wrapped more than {MAX_LAYERS} times")]
    TooDeep,
    /// Log lines were sent to a function of objects.
    #[error(
        "the event carries log lines, and only the function preprocess takes those: point the log group's subscription \
         or the stream's event source mapping at it"
    )]
    LogLines,
    /// A sweep was sent to a function of objects.
    #[error("the event requests a sweep, which only the function score handles: point the schedule at its queue")]
    Sweep,
    /// A dead letter of Kinesis records, which has their position and not their content.
    #[error(
        "the message only has the place of records that failed ({stream}, {shard}, from {from}): read them with `aws kinesis \
         get-records` while the stream still has them"
    )]
    RecordsElsewhere {
        /// The stream's ARN.
        stream: String,
        /// The shard.
        shard: String,
        /// The first sequence number.
        from: String,
    },
}

impl EnvelopeError {
    /// The error of a known shape whose parts cannot be parsed.
    pub(super) fn incomplete(shape: &'static str, error: &serde_json::Error) -> Self {
        Self::Incomplete { shape, problem: error.to_string() }
    }
}
