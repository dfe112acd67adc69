//! Preprocesses log lines inside an event like those of an object.

use std::io::Cursor;

use weir_pipeline::preprocess::{PreprocessError, PreprocessOptions, reject};
use weir_pipeline::{RawLog, Store, preprocess_reader};

use crate::log::log_preprocessed;

use weir_aws::envelope::{InlineLog, Payload};

/// Reads one payload and writes its batches, and its rejects report if rows were rejected. An unreadable payload gets a
/// report like an unreadable object; a record of a stream is also stored and counts as handled.
///
/// # Errors
/// When a store fails, or a payload that is not a record of a stream is unreadable: its sender still has it.
pub(crate) async fn preprocess_payload(
    state: &impl Store,
    payload: &Payload,
    region: Option<&str>,
    options: PreprocessOptions,
) -> Result<(), PreprocessError> {
    let (log, read) = match payload.open(region.unwrap_or_default()) {
        Ok(None) => {
            tracing::info!(object = %payload, "no log events, or a control message");
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
            tracing::error!(object = %log, error = %error, kept = kept(&log), "unreadable record stored, the stream continues");
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
