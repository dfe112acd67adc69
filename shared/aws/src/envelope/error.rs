//! Why an event cannot be unwrapped.

/// Maximum depth of envelopes: SQS, SNS, Lambda's record of a failed event, S3.
pub(super) const MAX_LAYERS: usize = 4;

/// An event that no function can take, or not this one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not JSON.
    #[error("the message is not JSON")]
    NotJson,
    /// None of the known shapes.
    #[error(
        "the event has no known shape: expected SQS messages, Kinesis records, a CloudWatch Logs subscription, a sweep, an S3 \
         notification, EventBridge's \"Object Created\", or one of the last two in SNS; it has the fields {fields}"
    )]
    Unknown {
        /// The names of its fields.
        fields: String,
    },
    /// A known shape with parts missing.
    #[error("a {shape} with parts missing: {problem}")]
    Incomplete {
        /// Which shape.
        shape: &'static str,
        /// What is wrong.
        problem: String,
    },
    /// Envelopes in envelopes in envelopes.
    #[error("the event is wrapped more than {MAX_LAYERS} times")]
    TooDeep,
    /// Log lines, sent to a function that takes objects.
    #[error(
        "the event carries log lines, and only the function preprocess takes those: point the log group's subscription \
         or the stream's event source mapping at it"
    )]
    LogLines,
    /// A sweep, sent to a function that takes objects.
    #[error("the event asks for a sweep, and only the function score does that: point the schedule at its queue")]
    Sweep,
    /// Lambda's record of Kinesis records that failed, which has their place and not their content.
    #[error(
        "the message only has the place of records that failed ({stream}, {shard}, from {from}): read them with `aws kinesis \
         get-records` while the stream still has them"
    )]
    RecordsElsewhere {
        /// The stream's ARN.
        stream: String,
        /// Which shard.
        shard: String,
        /// The first sequence number.
        from: String,
    },
}

impl EnvelopeError {
    /// A known shape whose parts cannot be read.
    pub(super) fn incomplete(shape: &'static str, error: &serde_json::Error) -> Self {
        Self::Incomplete { shape, problem: error.to_string() }
    }
}
