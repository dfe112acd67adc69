//! Reads one raw object of any format into one batch per hour that it has rows of.

use std::io::{self, Read};

use weir_domain::reject::ReadSummary;
use weir_domain::source::Source;
use weir_domain::window::Scope;
use weir_ingest::{Format, ObjectName, Problem, ReadError, recognise_or};

use super::hour_writers::{HourWriter, Written};
use super::options::PreprocessOptions;
use super::outcome::PreprocessError;
use super::{flow, login, usage};
use crate::batch::BatchError;
use crate::keys::HourOfScope;

/// The summary and batches of an object.
pub(super) struct ReadObject {
    pub(super) summary: ReadSummary,
    pub(super) batches: Vec<(HourOfScope, Vec<u8>)>,
}

/// Reads an object in the format of the options, else in the detected one.
pub(super) fn read_object(
    input: impl Read,
    name: &ObjectName,
    fallback: &Scope,
    options: &PreprocessOptions,
) -> Result<ReadObject, PreprocessError> {
    let mut hashed = Hashed { input, hasher: blake3::Hasher::new() };
    let (summary, writers) = if let Some(format) = options.flow.format {
        read_as(format, &mut hashed, name, fallback, options)?
    } else {
        // Options with field names imply flow logs without a header.
        let otherwise = options.flow.fields.as_ref().map(|_| Format::FlowLog);
        match recognise_or(otherwise, &mut hashed, name)? {
            (Some(format), input) => read_as(format, input, name, fallback, options)?,
            (None, _) => Default::default(),
        }
    };
    // Decompression stops at the end of the stream, but the hash covers the whole object.
    io::copy(&mut hashed, &mut io::sink()).map_err(|e| ReadError {
        object: name.clone(),
        line: 0,
        problem: Problem::Io(e),
    })?;
    let raw_hash = hashed.hasher.finalize().to_hex();
    let finish = |(hour, writer): (HourOfScope, HourWriter)| Ok((hour, writer.finish(&raw_hash)?));
    let batches = writers.into_iter().map(finish).collect::<Result<_, BatchError>>()?;
    Ok(ReadObject { summary, batches })
}

fn read_as(
    format: Format,
    input: impl Read,
    name: &ObjectName,
    fallback: &Scope,
    options: &PreprocessOptions,
) -> Result<Written, PreprocessError> {
    // The reader of each source refuses the formats of the others.
    match options.source.unwrap_or_else(|| format.source()) {
        Source::Login => login::read(format, input, name, fallback, options),
        Source::Usage if format == Format::Usage => usage::read(input, name, fallback, options),
        Source::Usage => Err(ReadError {
            object: name.clone(),
            line: 0,
            problem: Problem::OtherSource { format: format.name(), expected: "table of usage over time" },
        }
        .into()),
        Source::Flow | Source::Activity => flow::read(format, input, name, fallback, options),
    }
}

/// A reader that hashes all bytes read through it.
struct Hashed<R> {
    input: R,
    hasher: blake3::Hasher,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.input.read(buffer)?;
        self.hasher.update(&buffer[..n]);
        Ok(n)
    }
}
