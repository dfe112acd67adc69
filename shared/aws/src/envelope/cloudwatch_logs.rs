//! Parses the payload that CloudWatch Logs sends to a subscribed function or stream: JSON, mostly gzip ("Real-time processing
//! of log data with subscriptions" in the CloudWatch Logs User Guide).
//!
//! ```json
//! {"messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "flow-logs", "logStream": "eni-…-all",
//!  "subscriptionFilters": ["weir"], "logEvents": [{"id": "3195…", "timestamp": 1432826855000, "message": "2 1234… OK"}]}
//! ```

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::error::Category;
use weir_domain::window::Scope;
use weir_ingest::{Problem, expand, head};
use weir_pipeline::RawLog;

use super::inline_log::{InlineLog, MAX_EXPANDED, account_or_unknown};

/// The maximum length of the name of a log group, a log stream or an event: CloudWatch Logs allows 512 characters.
const MAX_NAME_LEN: usize = 512;

/// Whether bytes start like such a payload, compressed or not, with its fields in any order.
pub(super) fn is_payload(stored: &[u8]) -> bool {
    let head = head(stored);
    let has = |name: &[u8]| head.windows(name.len()).any(|part| part == name);
    head.trim_ascii_start().starts_with(b"{")
        && (has(b"\"logEvents\"") || has(b"\"messageType\"") && has(b"\"logGroup\""))
}

/// Decompresses and parses a payload; `None` for a control message or one without events.
pub(super) fn open(stored: &[u8], region: &str) -> Result<Option<InlineLog>, Problem> {
    let json = expand(stored, MAX_EXPANDED)?;
    let Delivery { message_type, owner, log_group, log_stream, log_events } =
        serde_json::from_slice(&json).map_err(|e| no(json_problem(&e)))?;
    match &*message_type {
        "CONTROL_MESSAGE" => return Ok(None),
        "DATA_MESSAGE" => {}
        _ => return Err(no("its messageType is neither DATA_MESSAGE nor CONTROL_MESSAGE".to_owned())),
    }
    let Some(first) = log_events.first_id else { return Ok(None) };
    for (name, text) in [("logGroup", &*log_group), ("logStream", &*log_stream), ("first event's id", &*first)] {
        if text.is_empty() || text.len() > MAX_NAME_LEN {
            return Err(no(format!("its {name} has {} bytes instead of 1 to {MAX_NAME_LEN}", text.len())));
        }
    }
    let scope = Scope::new(account_or_unknown(&owner), region);
    let log = RawLog::inline("cloudwatch-logs", &[&owner, region, &log_group, &log_stream, &first], scope);
    Ok(Some(InlineLog { log, lines: log_events.lines }))
}

fn no(problem: String) -> Problem {
    Problem::NotThisFormat { format: "payload of CloudWatch Logs", problem }
}

/// The problem without the content of the message, which `serde_json` quotes.
fn json_problem(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        Category::Eof => "its JSON ends early",
        Category::Data => "its JSON lacks parts, or has them in another shape",
        Category::Syntax | Category::Io => "it is not JSON",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delivery<'a> {
    #[serde(borrow)]
    message_type: Cow<'a, str>,
    #[serde(borrow)]
    owner: Cow<'a, str>,
    #[serde(borrow)]
    log_group: Cow<'a, str>,
    #[serde(borrow)]
    log_stream: Cow<'a, str>,
    log_events: Events,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    message: Cow<'a, str>,
}

/// The log events, deserialized into lines one by one, so that memory is bounded by their text.
struct Events {
    first_id: Option<String>,
    lines: Vec<u8>,
}

impl<'de> Deserialize<'de> for Events {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(EventsVisitor)
    }
}

struct EventsVisitor;

impl<'de> Visitor<'de> for EventsVisitor {
    type Value = Events;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("log events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut events: A) -> Result<Events, A::Error> {
        let mut read = Events { first_id: None, lines: Vec::new() };
        while let Some(event) = events.next_element::<Event<'de>>()? {
            read.first_id.get_or_insert_with(|| event.id.into_owned());
            read.lines.extend_from_slice(event.message.as_bytes());
            read.lines.push(b'\n');
        }
        Ok(read)
    }
}
