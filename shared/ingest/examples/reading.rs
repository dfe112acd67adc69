//! Reads flow logs and counts them, or only expands what is compressed: what `make bench` compares.
//!
//! `reading records FILE` calls back for every record and touches its fields, as every consumer does; `reading expand FILE`
//! does nothing but the gzip decompression (zlib-rs) that is part of it.

use std::fs::File;
use std::hint::black_box;
use std::io::{self, BufReader, Read as _, Write as _};

use flate2::bufread::MultiGzDecoder;
use weir_domain::flow::FlowRecord;
use weir_ingest::flow::{self, FlowOptions};
use weir_ingest::{ObjectName, ReadLimits};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["records", path] => records(path)?,
        ["expand", path] => expand(path)?,
        _ => return Err("what is asked for? reading records|expand FILE".into()),
    };
    writeln!(io::stdout(), "{done}")?;
    Ok(())
}

/// How many rows are records.
fn records(path: &str) -> Result<u64, Box<dyn std::error::Error>> {
    let (input, name) = (File::open(path)?, ObjectName::new(path));
    let mut sums = [0u64; 4];
    let summary = flow::read(input, &name, ReadLimits::default(), &FlowOptions::default(), |record| {
        touch(black_box(record), &mut sums);
    })?;
    black_box(sums);
    Ok(summary.records)
}

/// Looks at every field, and adds those that are numbers.
fn touch(record: &FlowRecord<'_>, sums: &mut [u64; 4]) {
    sums[0] += record.packets + record.bytes;
    sums[1] += (record.end - record.start) as u64;
    sums[2] += u64::from(record.source_port) + u64::from(record.destination_port) + u64::from(record.protocol);
    sums[3] += (record.account.len() + record.interface.len()) as u64;
    black_box((record.source, record.destination, record.action));
}

/// How many bytes a gzip file expands to.
fn expand(path: &str) -> io::Result<u64> {
    // As the reader does it: over all members, with its buffers.
    let mut input = MultiGzDecoder::new(BufReader::with_capacity(64 << 10, File::open(path)?));
    let mut buffer = vec![0; 256 << 10];
    let mut expanded = 0;
    loop {
        match input.read(&mut buffer)? {
            0 => return Ok(expanded),
            n => expanded += black_box(&buffer[..n]).len() as u64,
        }
    }
}
