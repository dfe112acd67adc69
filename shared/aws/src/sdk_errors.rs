//! Formats errors of the AWS SDK in one line.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// Code, message and status of a service error; the chain of causes of any other error.
pub(crate) fn short<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: Error + ProvideErrorMetadata + 'static,
{
    if let Some(service) = error.as_service_error().filter(|service| service.code().is_some()) {
        let status = error.raw_response().map_or(0, |r| r.status().as_u16());
        let code = service.code().unwrap_or_default();
        return format!("{code} ({status}): {}", service.message().unwrap_or("no message"));
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
