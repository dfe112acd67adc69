//! The store port on an S3 bucket.

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::EncodingType;
use weir_pipeline::Store;
use weir_pipeline::store::{Condition, Etag, MAX_OBJECT_BYTES, Opened, Put, StoreError, Versioned};

use crate::envelope::url_decode;
use crate::settings::StateSettings;

/// An S3 bucket.
#[derive(Debug, Clone)]
pub struct S3Store {
    client: Client,
    bucket: String,
}

impl S3Store {
    /// The bucket of the state.
    #[must_use]
    pub fn state(config: &aws_config::SdkConfig, settings: &StateSettings) -> Self {
        Self { client: client(config, settings.local_s3), bucket: settings.bucket.clone() }
    }

    /// Another bucket with the same client.
    #[must_use]
    pub fn other_bucket(&self, bucket: impl Into<String>) -> Self {
        Self { client: self.client.clone(), bucket: bucket.into() }
    }

    /// A bucket of a local server that accepts any credentials, for tests.
    #[must_use]
    pub fn local(endpoint: &str, bucket: &str) -> Self {
        let config = aws_config::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::v2026_01_12())
            .region(aws_config::Region::new("us-east-1"))
            .endpoint_url(endpoint)
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
                "local", "local", None, None, "local",
            )))
            .build();
        Self { client: client(&config, true), bucket: bucket.to_owned() }
    }

    fn error<E>(&self, verb: &'static str, key: &str, error: &SdkError<E>) -> StoreError
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        StoreError::new(verb, &format!("s3://{}/{key}", self.bucket), crate::sdk_errors::short(error))
    }

    /// The object; `None` if it does not exist.
    async fn object(&self, key: &str) -> Result<Option<GetObjectOutput>, StoreError> {
        match self.client.get_object().bucket(&self.bucket).key(key).send().await {
            Ok(object) => Ok(Some(object)),
            Err(e) if matches!(e.as_service_error(), Some(GetObjectError::NoSuchKey(_))) => Ok(None),
            Err(e) => Err(self.error("get", key, &e)),
        }
    }
}

/// An S3 client. `path_style` puts the bucket into the path, as local servers require.
fn client(config: &aws_config::SdkConfig, path_style: bool) -> Client {
    Client::from_conf(aws_sdk_s3::config::Builder::from(config).force_path_style(path_style).build())
}

/// Whether a conditional write was refused: the condition failed, another conditional write was in progress, or the object to
/// match was deleted.
fn is_conflict<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let status = error.raw_response().map(|r| r.status().as_u16());
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    matches!(status, Some(409 | 412))
        || matches!(code, Some("PreconditionFailed" | "ConditionalRequestConflict" | "NoSuchKey"))
}

impl Store for S3Store {
    async fn get(&self, key: &str) -> Result<Option<Versioned>, StoreError> {
        let Some(object) = self.object(key).await? else { return Ok(None) };
        let failed = |problem: String| StoreError::new("get", &format!("s3://{}/{key}", self.bucket), problem);
        let size = object.content_length().and_then(|n| u64::try_from(n).ok());
        if size.is_none_or(|n| n > MAX_OBJECT_BYTES) {
            return Err(failed(format!("larger than {MAX_OBJECT_BYTES} bytes, or of unknown size")));
        }
        let etag = Etag(object.e_tag().unwrap_or_default().to_owned());
        let bytes = object.body.collect().await.map_err(|e| failed(e.to_string()))?;
        Ok(Some(Versioned { bytes: bytes.to_vec(), etag }))
    }

    async fn open(&self, key: &str) -> Result<Option<Opened>, StoreError> {
        let Some(object) = self.object(key).await? else { return Ok(None) };
        let written = object.last_modified().and_then(|time| time.to_millis().ok());
        Ok(Some(Opened { reader: Box::pin(object.body.into_async_read()), written }))
    }

    async fn put(&self, key: &str, bytes: Vec<u8>, condition: Condition) -> Result<Put, StoreError> {
        let request = self.client.put_object().bucket(&self.bucket).key(key).body(ByteStream::from(bytes));
        let conditional = condition != Condition::Always;
        let request = match condition {
            Condition::Always => request,
            Condition::IfAbsent => request.if_none_match("*"),
            Condition::IfMatch(etag) => request.if_match(etag.0),
        };
        match request.send().await {
            Ok(written) => Ok(Put::Done(Etag(written.e_tag().unwrap_or_default().to_owned()))),
            Err(e) if conditional && is_conflict(&e) => Ok(Put::Conflict),
            Err(e) => Err(self.error("put", key, &e)),
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, StoreError> {
        // Keys may have characters that XML forbids.
        let request =
            self.client.list_objects_v2().bucket(&self.bucket).prefix(prefix).encoding_type(EncodingType::Url);
        let mut pages = request.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| self.error("list", prefix, &e))?;
            keys.extend(page.contents().iter().filter_map(|object| object.key().map(url_decode)));
        }
        // S3 lists in the order of UTF-8 bytes; directory buckets do not.
        keys.sort_unstable();
        Ok(keys)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;

    use super::*;

    /// A bucket whose server gives the same answer to every request.
    fn answering(status: &'static str, code: &'static str) -> S3Store {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let _ = stream.read(&mut [0; 16 << 10]);
                let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
                let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
        });
        S3Store::local(&endpoint, "b")
    }

    #[tokio::test]
    async fn every_refused_condition_is_a_conflict() {
        for (status, code) in [
            ("412 Precondition Failed", "PreconditionFailed"),
            ("409 Conflict", "ConditionalRequestConflict"),
            ("404 Not Found", "NoSuchKey"),
        ] {
            let store = answering(status, code);
            let matching = Condition::IfMatch(Etag("\"e\"".to_owned()));
            assert_eq!(store.put("k", vec![1], matching).await.unwrap(), Put::Conflict, "{status}");
            assert!(store.put("k", vec![1], Condition::Always).await.is_err(), "{status} without a condition");
        }
    }

    #[tokio::test]
    async fn other_refusals_are_errors_that_name_the_object() {
        let store = answering("403 Forbidden", "AccessDenied");
        let error = store.put("k", vec![1], Condition::IfAbsent).await.unwrap_err().to_string();
        assert!(error.contains("s3://b/k") && error.contains("AccessDenied"), "{error}");
        assert!(store.get("k").await.is_err(), "forbidden is not the same as absent");
    }
}
