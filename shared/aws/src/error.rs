//! The error of a function, as the Lambda runtime reports it.

use crate::envelope::EnvelopeError;
use crate::settings::BadSettings;

/// The error of starting a function or handling a single event.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The environment variables are invalid.
    #[error(transparent)]
    Settings(#[from] BadSettings),
    /// The event has an unknown shape.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// Some items of the event failed.
    #[error("{0}")]
    Objects(String),
    /// The model in use cannot be read.
    #[error(transparent)]
    Model(#[from] weir_pipeline::models::ModelError),
}

/// The diagnostic that the runtime reports for a failed event.
impl From<Error> for lambda_runtime::Diagnostic {
    fn from(error: Error) -> Self {
        let error_type = match error {
            Error::Settings(_) => "Settings",
            Error::Envelope(_) => "Envelope",
            Error::Objects(_) => "Objects",
            Error::Model(_) => "Model",
        };
        Self { error_type: error_type.to_owned(), error_message: error.to_string() }
    }
}
