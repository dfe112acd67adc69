//! Log lines that came inside an event, through the same use case as objects.

use std::io::Cursor;

use weir_pipeline::preprocess::{PreprocessError, PreprocessOptions, reject};
use weir_pipeline::{RawLog, Store, preprocess_reader};

use crate::log::log_preprocessed;

use weir_aws::envelope::{InlineLog, Payload};

/// Reads one payload and writes its batches, and its rejects report if there were rejects. What is unreadable gets a report
/// as an unreadable object does; a record of a stream is kept beside it and counts as handled.
///
/// # Errors
/// When a store fails, and when a payload that is no record is unreadable: whoever sent it still has it.
pub(crate) async fn preprocess_payload(
    state: &impl Store,
    payload: &Payload,
    region: Option<&str>,
    options: PreprocessOptions,
) -> Result<(), PreprocessError> {
    let (log, read) = match payload.open(region.unwrap_or_default()) {
        Ok(None) => {
            tracing::info!(object = %payload, "nothing to read: a control message, or no log events");
            return Ok(());
        }
        Ok(Some(InlineLog { log, lines })) => {
            let read = Box::pin(preprocess_reader(Cursor::new(lines), &log, state, options)).await;
            (log, read)
        }
        Err(error) => {
            let log = payload.log();
            if !payload.is_record() {
                Box::pin(reject(state, &log, &error, None)).await?;
            }
            (log, Err(PreprocessError::Unreadable(error)))
        }
    };
    match read {
        Ok(done) => {
            log_preprocessed(&log, &done);
            Ok(())
        }
        Err(PreprocessError::Unreadable(error)) if payload.is_record() => {
            Box::pin(reject(state, &log, &error, Some(payload.bytes()))).await?;
            tracing::error!(object = %log, error = %error, kept = kept(&log), "unreadable record kept, the stream goes on");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

fn kept(log: &RawLog) -> String {
    weir_pipeline::keys::rejected_bytes(&log.id)
}

#[cfg(test)]
mod tests;
