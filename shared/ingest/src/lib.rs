//! Reads log bytes as records and rejects, with one module per format.
//!
//! A reader is given bytes as they come and calls back for every record; it holds one buffer, never the object.
//! What cannot be read as a row becomes a [reject](weir_domain::reject); what cannot be read as an object is a
//! [`ReadError`] that names the object and what to do.
//!
//! ```
//! use weir_ingest::{ObjectName, ReadLimits, flow::vpc_flow_log};
//!
//! let log = b"version srcaddr dstaddr dstport protocol start end\n2 10.0.0.1 10.0.0.2 22 6 1700000000 1700000060\n";
//! let mut ports = Vec::new();
//! let summary = vpc_flow_log::read(&log[..], &ObjectName::new("example.log"), ReadLimits::default(), None, |record| {
//!     ports.push(record.destination_port);
//! })?;
//! assert_eq!((summary.records, ports), (1, vec![22]));
//! # Ok::<(), weir_ingest::ReadError>(())
//! ```
//!
//! Invariant: no reader assumes UTF-8, trusts a length found in the input, or panics on any bytes.

pub mod activity;
mod compression;
mod delimited;
mod error;
pub mod flow;
mod format;
mod lines;
pub mod login;
pub mod parquet_guard;
pub mod ranges;
mod text;
mod time;
pub mod usage;

pub use compression::{ReadLimits, expand};
pub use error::{ObjectName, Problem, ReadError};
pub use format::{Format, Rewound, UnknownFormat, columns, head, recognise, recognise_or};
