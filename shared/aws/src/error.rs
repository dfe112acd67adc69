//! Why a function could not start, or an event could not be handled, as the Lambda runtime reports it.

use crate::envelope::EnvelopeError;
use crate::settings::BadSettings;

/// Why a function could not start, or an event that came by itself could not be handled.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The environment is not set up.
    #[error(transparent)]
    Settings(#[from] BadSettings),
    /// The event has none of the known shapes.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// Some of the objects that the event names could not be handled.
    #[error("{0}")]
    Objects(String),
    /// The model in use cannot be read.
    #[error(transparent)]
    Model(#[from] weir_pipeline::models::ModelError),
}

/// What the runtime reports of a failed event.
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
